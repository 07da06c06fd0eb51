"""Auditions side by side, as figures, and as files: CSV rows, JSON with everything, one HTML report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

import db
import judging
from accounts import Actor
from auditioning.rubric import TOP_LEVEL, VERDICTS
from locales import format_number, format_time, t, texts
from queries import auditions as queries
from support import charts
from support.errors import NotFound, describe
from support.figures.axes import Figure
from support.reports import Block, Chart, Section, Table, Text, Tiles, html_report
from usecases.audition_results import AuditionRow, AuditionView, JudgeView
from usecases.auditions import get_audition, list_auditions

MOST_EXPORTED = 1_000
"""Auditions in one file of rows or JSON."""
MOST_REPORTED = 50
"""Auditions spelled out in one HTML report: each has charts, and a browser draws them all at once."""
PAGE = 200

Levels = dict[str, dict[str, float | None]]


@dataclass(frozen=True, slots=True)
class JudgeMark:
    """What a judge of a listed audition came to.

    Attributes
    ----------
    name, provider, model : str
    total : float or None
        0 to 100; of several repeats the mean. None: failed, cancelled, still to come, or not judged at all.
    state : str
        As of `JudgeView`; of repeats the last one that is not ``done``, else ``done``.
    error_code : str or None
    error_values : dict
    """

    name: str
    provider: str
    model: str
    total: float | None
    state: str
    error_code: str | None
    error_values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One criterion of two auditions: mean levels of the judges, by their weights; None where nobody judged it."""

    criterion: str
    first: float | None
    second: float | None

    @property
    def change(self) -> float | None:
        """Return the second less the first."""
        return None if self.first is None or self.second is None else self.second - self.first


def audition_judges(actor: Actor, rows: Sequence[AuditionRow]) -> dict[int, tuple[JudgeMark, ...]]:
    """Return by audition what its judges came to, in their order; none where the offline rubric judged."""
    own = [row.id for row in rows if actor.role == "administrator" or row.owner_id == actor.id]
    found: dict[int, dict[int, list[dict[str, Any]]]] = {audition: {} for audition in own}
    with db.begin() as connection:
        for one in queries.judges(connection, own):
            found[one["audition_id"]].setdefault(one["place"], []).append(one)
    offline = {row.id for row in rows if row.state == "done" and all(
        one["state"] == "waiting" for turns in found.get(row.id, {}).values() for one in turns)}
    return {audition: () if audition in offline else tuple(_mark(turns) for turns in places.values())
            for audition, places in found.items()}


def _mark(turns: list[dict[str, Any]]) -> JudgeMark:
    totals = [one["total"] for one in turns if one["total"] is not None]
    open_ = [one for one in turns if one["state"] != "done"]
    last = open_[-1] if open_ else turns[-1]
    return JudgeMark(last["name"], last["provider"], last["model"], sum(totals) / len(totals) if totals else None,
                     last["state"], last["error_code"], last["error_values"])


# levels ------------------------------------------------------------------------------------------------------------


def _turns(audition: AuditionView) -> dict[str, list[JudgeView]]:
    """Return the repeats of each judge that has a score, by a name that tells them apart."""
    keys = {one.judge: one for one in audition.judges}
    named = [one.name for one in keys.values()]
    names = {key: one.name if named.count(one.name) == 1 else f"{one.name} ({one.model})" for key, one in keys.items()}
    found: dict[str, list[JudgeView]] = {}
    for one in audition.judges:
        if one.score is not None:
            found.setdefault(names[one.judge], []).append(one)
    return found


def _mean(values: Iterable[float | None], weights: Iterable[float] | None = None) -> float | None:
    both = zip(values := list(values), weights or [1.0] * len(values), strict=True)
    pairs = [(value, weight) for value, weight in both if value is not None]
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if total else None


def _levels_in(score: dict[str, Any]) -> dict[str, float | None]:
    return {one["criterion"]: one["level"] for one in score["criteria"]}


def levels(audition: AuditionView, lang: str) -> Levels:
    """Return the level of each criterion by judge, of repeats the mean; None where it was not judged."""
    if audition.offline is not None:
        return {t(lang, "judging.offline.label"): _levels_in(audition.offline["score"])}
    return {name: {each.key: _mean(_levels_in(turn.score or {})[each.key] for turn in turns)
                   for each in judging.CRITERIA} for name, turns in _turns(audition).items()}


def _groups(audition: AuditionView, lang: str) -> Levels:
    """Return by judge the percent of the points each group could have had; None where nothing of it was judged."""
    def shares(scores: list[dict[str, Any]]) -> dict[str, float | None]:
        sums = {group: [sum(score["groups"][group][part] for score in scores) for part in (0, 1)]
                for group in judging.GROUPS}
        return {group: 100 * points / out_of if out_of else None for group, (points, out_of) in sums.items()}

    if audition.offline is not None:
        return {t(lang, "judging.offline.label"): shares([audition.offline["score"]])}
    return {name: shares([turn.score for turn in turns if turn.score]) for name, turns in _turns(audition).items()}


def _together(audition: AuditionView) -> dict[str, float | None]:
    """Return the mean level of each criterion over the judges by their weights, each judge the mean of its repeats."""
    if audition.offline is not None:
        return _levels_in(audition.offline["score"])
    by_judge = levels(audition, "en")
    weights = [float(turns[0].weight) for turns in _turns(audition).values()]
    return {each.key: _mean([one[each.key] for one in by_judge.values()], weights) for each in judging.CRITERIA}


def compare_auditions(first: AuditionView, second: AuditionView) -> list[Difference]:
    """Return the nine criteria of two auditions in the rubric's order."""
    one, other = _together(first), _together(second)
    return [Difference(each.key, one.get(each.key), other.get(each.key)) for each in judging.CRITERIA]


def differing_terms(first: AuditionView, second: AuditionView) -> list[str]:
    """Return what makes two auditions hard to compare: ``panel``, ``models``, ``prompt``, ``had``, ``offline``."""
    def models(audition: AuditionView) -> set[tuple[str, str]]:
        return {(one.provider, one.model) for one in audition.judges if one.score is not None}

    offline = (first.offline is None) != (second.offline is None)
    return [name for name, differs in (
        ("offline", offline), ("panel", first.row.panel != second.row.panel),
        ("models", not offline and models(first) != models(second)),
        ("prompt", first.row.prompt_version != second.row.prompt_version),
        ("had", set(first.had) != set(second.had))) if differs]


# figures -----------------------------------------------------------------------------------------------------------


def audition_figure(audition: AuditionView, name: str, *, lang: str) -> Figure | None:
    """Return a figure of an audition, None where there is nothing to draw.

    Parameters
    ----------
    name : str
        ``criteria``, ``radar`` (the nine criteria), ``groups`` (the three groups) or ``repeats``.
    """
    return FIGURES[name](audition, lang)


def _bars(found: Levels, lang: str) -> Figure | None:
    return charts.criteria_figure(found, _names(lang), labels=_labels(lang)) if found else None


def _radar(audition: AuditionView, lang: str) -> Figure | None:
    return charts.radar_figure(levels(audition, lang), _names(lang), top=TOP_LEVEL, labels=_labels(lang))


def _group_radar(audition: AuditionView, lang: str) -> Figure | None:
    axes = {group: t(lang, f"judging.group.{group}") for group in judging.GROUPS}
    return charts.radar_figure(_groups(audition, lang), axes, top=100,
                               labels={"level": t(lang, "judges.chart.share")}, unit="%")


def _repeats(audition: AuditionView, lang: str) -> Figure | None:
    stats = audition.repeat_stats
    if stats is None or not stats["totals"]:
        return None
    error = stats["error"]
    labels = {key: t(lang, f"judges.chart.{key}") for key in ("repeat", "mean", "mean_only")}
    return charts.repeats_figure(stats["totals"], stats["mean"], float("nan") if error is None else error, VERDICTS,
                                 top=judging.SCALE, labels=labels | {"axis": t(lang, "judges.chart.repeats_axis")})


FIGURES = {"criteria": lambda audition, lang: _bars(levels(audition, lang), lang),
           "radar": _radar, "groups": _group_radar, "repeats": _repeats}


def comparison_figure(first: AuditionView, second: AuditionView, *, lang: str) -> Figure | None:
    """Return the criteria of two auditions side by side, None where neither has a score."""
    found = {_name(audition): _together(audition) for audition in (first, second)}
    if all(level is None for one in found.values() for level in one.values()):
        return None
    return _bars(found, lang)


def _names(lang: str) -> dict[str, str]:
    return {each.key: each.name(lang) for each in judging.CRITERIA}


def _labels(lang: str) -> dict[str, str]:
    return {key: t(lang, f"judges.chart.{key}") for key in ("axis", "level", "absent")}


def _name(audition: AuditionView) -> str:
    return f"{audition.row.artist} – {audition.row.title} #{audition.row.id}"


# files -------------------------------------------------------------------------------------------------------------


def _chosen(actor: Actor, ids: Sequence[int] | None, most: int, search: dict[str, Any]) -> tuple[list[int], int]:
    """Return the ids of the auditions to write, at most `most`, and how many there are."""
    if ids is not None:
        return list(ids)[:most], len(ids)
    chosen: list[int] = []
    while True:
        rows, count = list_auditions(actor, **search, limit=min(PAGE, most - len(chosen)), offset=len(chosen))
        chosen += [row.id for row in rows]
        if not rows or len(chosen) >= min(count, most):
            return chosen, count


def _loaded(actor: Actor, ids: Sequence[int]) -> Iterable[AuditionView]:
    for audition_id in ids:
        try:
            yield get_audition(actor, audition_id)
        except NotFound:  # deleted since it was listed
            continue


def audition_table(actor: Actor, *, ids: Sequence[int] | None = None, **search: Any) -> pd.DataFrame:
    """Return auditions as rows for other programs, one each; names do not change with the language.

    Parameters
    ----------
    actor : Actor
    ids : sequence of int, optional
        Which auditions; by default those of a search.
    **search
        As of `list_auditions`, but for limit and offset: the first `MOST_EXPORTED` are written.
    """
    chosen, _ = _chosen(actor, ids, MOST_EXPORTED, search)
    rows = pd.DataFrame([_flat(audition) for audition in _loaded(actor, chosen)])
    return rows.convert_dtypes()  # whole numbers stay whole where some are absent


def _flat(audition: AuditionView) -> dict[str, Any]:
    row, stats = audition.row, audition.repeat_stats or {}
    said = [f"{one.name} {one.repeat + 1}: {one.state if one.total is None else one.total}"
            for one in audition.judges if audition.offline is None]
    return {
        "id": row.id, "created_at": row.created_at.isoformat(), "artist": row.artist, "title": row.title,
        "state": row.state, "verdict": row.verdict, "scaled_300": row.scaled_300, "total": row.total,
        "out_of": row.out_of, "provisional": row.provisional, "spread": row.spread, "split": row.split,
        "judges": "; ".join(said), "offline": audition.offline is not None, "repeats": row.repeats,
        **{f"repeats_{key}": stats.get(key) for key in ("mean", "std", "error")},
        **{f"level_{key}": level for key, level in _together(audition).items()},
        "panel": row.panel, "language": row.lang, "source": row.source, "had": " ".join(audition.had),
        "prompt_version": row.prompt_version, "batch": row.batch_id, "error": row.error_code,
        "finished_at": row.finished_at.isoformat() if row.finished_at else None}


def audition_json(actor: Actor, *, ids: Sequence[int] | None = None, **search: Any) -> str:
    """Return auditions with everything that is stored, raw replies included, as JSON (see `audition_table`)."""
    chosen, count = _chosen(actor, ids, MOST_EXPORTED, search)
    auditions = [_whole(audition) for audition in _loaded(actor, chosen)]
    tree = {"exported_at": datetime.now(UTC), "found": count, "written": len(auditions), "auditions": auditions}
    return json.dumps(tree, ensure_ascii=False, indent=1, default=_plain)


def _whole(audition: AuditionView) -> dict[str, Any]:
    found = asdict(audition)
    whole = found.pop("row") | found
    return {key: value for key, value in whole.items() if key not in ("owner_id", "job_id", "ahead")}


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


# report ------------------------------------------------------------------------------------------------------------


def audition_html(actor: Actor, *, lang: str, ids: Sequence[int] | None = None, **search: Any) -> str:
    """Return auditions as one HTML report, at most `MOST_REPORTED`, and say where there are more."""
    chosen, count = _chosen(actor, ids, MOST_REPORTED, search)
    auditions = list(_loaded(actor, chosen))
    sections = [_section(audition, lang) for audition in auditions]
    if len(auditions) != 1:
        sections.insert(0, _overview(auditions, count, lang))
    alone = len(auditions) == 1
    title = t(lang, "judges.report.one", name=_name(auditions[0])) if alone else t(lang, "judges.report.title")
    footer = t(lang, "judges.report.footer", moment=format_time(lang, datetime.now(UTC)))
    return html_report(title, sections, lang=lang, footer=footer,
                       without_script=t(lang, "judges.report.without_script"))


def _overview(auditions: list[AuditionView], count: int, lang: str) -> Section:
    headers = [t(lang, f"judges.report.{name}") for name in ("song", "verdict", "total", "answered", "spread", "day")]
    rows = [(_name(one), _verdict(one, lang), one.row.scaled_300, _answered(one.row), one.row.spread,
             format_time(lang, one.row.created_at)) for one in auditions]
    blocks: list[Block] = [Table(headers, rows)] if rows else [Text(t(lang, "judges.report.nothing"))]
    if count > len(auditions):
        blocks.insert(0, Text(t(lang, "judges.report.cut", shown=format_number(lang, len(auditions)),
                                count=format_number(lang, count))))
    return Section(t(lang, "judges.report.overview"), blocks)


def _answered(row: AuditionRow) -> str:
    return "–" if row.scaled_300 is None else f"{row.total} / {row.out_of}"


def _verdict(audition: AuditionView, lang: str) -> str:
    row = audition.row
    if row.verdict is None:
        return t(lang, f"job.{row.state}")
    return f"{row.verdict} ({t(lang, 'judges.report.provisional')})" if row.provisional else row.verdict


def _section(audition: AuditionView, lang: str) -> Section:
    row = audition.row
    had = ", ".join(t(lang, f"judging.evidence.{name}") for name in audition.had)
    facts = [t(lang, "judges.report.had", had=had), t(lang, "judges.report.terms", panel=row.panel,
             version=row.prompt_version, moment=format_time(lang, row.created_at))]
    total = "–" if row.scaled_300 is None else f"{row.scaled_300} / {judging.SCALE}"
    split = t(lang, "judges.report.split") if row.split else None
    tiles = [(t(lang, "judges.report.verdict"), _verdict(audition, lang), None),
             (t(lang, "judges.report.total"), total, None),
             (t(lang, "judges.report.answered"), _answered(row), None),
             (t(lang, "judges.report.spread"), format_number(lang, row.spread), split)]
    if row.error_code:
        facts.append(_why(row.error_code, row.error_values, lang))
    blocks: list[Block] = [Tiles(tiles), Text("\n\n".join(facts)), *_charts(audition, lang)]
    said = _offline(audition, lang) if audition.offline is not None else _judges(audition, lang)
    return Section(_name(audition), [*blocks, *said])


def _why(code: str, values: dict[str, Any], lang: str) -> str:
    """Return a stored error in words; a code of another version as it is."""
    return describe(lang, code, values) if f"errors.{code}" in texts("en") else code


def _charts(audition: AuditionView, lang: str) -> list[Block]:
    found = [(name, audition_figure(audition, name, lang=lang)) for name in ("criteria", "groups", "repeats")]
    return [Chart(figure, t(lang, f"judges.chart.caption.{name}")) for name, figure in found if figure is not None]


def _judges(audition: AuditionView, lang: str) -> list[Block]:
    blocks: list[Block] = []
    for one in audition.judges:
        number = t(lang, "judges.report.repeat", number=one.repeat + 1) if audition.row.repeats > 1 else ""
        name = f"{one.name} ({t(lang, 'judges.report.persona')}, {one.provider}, {one.model}) {number}".strip()
        if one.score is None:
            why = _why(one.error_code, one.error_values, lang) if one.error_code else ""
            blocks.append(Text(f"{name}: {t(lang, f'judges.state.{one.state}')}. {why}".strip()))
            continue
        blocks += [Text(f"{name}: {one.score['total']} / 100\n\n{one.review}"), _evidence(one.score, lang)]
    return blocks


def _offline(audition: AuditionView, lang: str) -> list[Block]:
    found = audition.offline or {}
    return [Text(t(lang, "judging.offline.label")), Text("\n\n".join(found["voices"].values())),
            _evidence(found["score"], lang)]


def _evidence(score: dict[str, Any], lang: str) -> Table:
    headers = [t(lang, f"judges.report.{name}") for name in ("criterion", "level", "quote", "reason")]
    rows = []
    for one in score["criteria"]:
        quote = one["quote"]
        if one["level"] is not None and quote and not one["in_lyrics"]:
            quote += f" ({t(lang, 'judges.report.flagged')})"
        level = t(lang, "judges.report.not_judged") if one["level"] is None else f"{one['level']} / {TOP_LEVEL}"
        rows.append((t(lang, f"judging.criterion.{one['criterion']}.name"), level, quote, one["reason"]))
    return Table(headers, rows)
