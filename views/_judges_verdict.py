"""What a jury came to: total and verdict, why it is provisional, spread, repeats with their agreement, figures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

import services
from support import charts
from views import _cache, _dossier_add
from views._shared import number, text

BADGES = {"HIT": ":green-badge[:material/star:", "GOOD": ":blue-badge[:material/thumb_up:",
          "SOLID": ":orange-badge[:material/balance:", "BAD": ":red-badge[:material/thumb_down:"}
"""How a verdict is written, up to its word: colour, sign and word say the same."""
BOUNDS = ((255, "HIT"), (200, "GOOD"), (160, "SOLID"), (0, "BAD"))
"""Least total of each verdict on the scale of 300."""
SCALE = 300
GROUPS = {"musicality": ("melody", "rhythm", "arrangement"), "marketability": ("hook", "singability", "freshness"),
          "narrative": ("imagery", "arc", "coherence")}
"""Criteria by group, in the order in which they are shown."""
CRITERIA = tuple(key for keys in GROUPS.values() for key in keys)
CHART = {"displayModeBar": False}


def badge(verdict: str) -> str:
    """Return a verdict as a badge."""
    return f"{BADGES[verdict]} {verdict}]"


def counted(count: int) -> str:
    """Return a number of judges in words."""
    return text(f"judges.verdict.count.{count}") if 1 <= count <= 5 else text("judges.verdict.count.n", count=count)


def draw(view: services.AuditionView) -> None:
    """Draw total and verdict, and what is to be known before trusting them."""
    row = view.row
    # the verdict is as large as the total it is of
    st.html("<style>.st-key-judges_verdict h2 .stMarkdownBadge {font-size: 0.8em; padding: 0.1em 0.4em}</style>")
    with st.container(border=True, key="judges_verdict"):
        if row.verdict is None or row.scaled_300 is None:
            st.error(text("judges.verdict.none"), icon=":material/error:")
            return
        provisional = f" :gray-badge[:material/hourglass: {text('judges.verdict.provisional')}]"
        st.markdown(f"## {_total(view)} {badge(row.verdict)}{provisional if row.provisional else ''}",
                    help=text("judges.verdict.bounds"))
        for line in _notes(view):
            st.markdown(f":small[{line}]")
        if view.repeat_stats:
            _repeats(view)
        with st.container(horizontal=True, gap="small"):
            _dossier_add.link(row.song_id)
            _dossier_add.post("audition", row.id)


def _total(view: services.AuditionView) -> str:
    """Return the total as it is read: of 300, or of what the judges who answered could give."""
    row = view.row
    if view.offline is not None:
        return f"{number(row.scaled_300)} / {SCALE}"
    answered = _answered(view)
    of = f"{number(row.total)} / {number(row.out_of)}"
    return f"{of}, {counted(answered)}" if answered < _places(view) else of


def _places(view: services.AuditionView) -> int:
    return len({judge.place for judge in view.judges})


def _answered(view: services.AuditionView) -> int:
    return len({judge.place for judge in view.judges if judge.total is not None})


def _notes(view: services.AuditionView) -> list[str]:
    """Return what stands below the total: its scale, why it is provisional, how far the judges agree."""
    row, notes = view.row, []
    if view.offline is not None:
        notes.append(f":material/cloud_off: {text('judges.verdict.offline', total=number(row.total))}")
    elif row.out_of != SCALE:
        notes.append(text("judges.verdict.scaled", total=number(row.scaled_300)))
    if row.provisional and view.offline is None:
        missing = _places(view) - _answered(view)
        notes.append(f":material/hourglass: {text('judges.verdict.missing', judges=counted(missing))}")
    if row.spread is not None:
        split = f" :orange-badge[:material/call_split: {text('judges.verdict.split')}]" if row.split else ""
        notes.append(text("judges.verdict.spread", points=number(row.spread)) + split)
    flagged = sum(len(score["flagged"]) for score in _scores(view))
    if flagged:
        notes.append(f":material/flag: {text('judges.verdict.flagged', count=number(flagged))}")
    return notes


def _scores(view: services.AuditionView) -> list[dict[str, Any]]:
    return [judge.score for judge in view.judges if judge.score is not None]


# repeats ------------------------------------------------------------


def _repeats(view: services.AuditionView) -> None:
    """Draw mean and error over the repeats, and folded how far they agree on each criterion."""
    stats = view.repeat_stats or {}
    totals, mean = stats["totals"], stats["mean"]
    if mean is None:
        return
    error, std = stats["error"], stats["std"]
    st.markdown(text("judges.verdict.repeats" if error is not None else "judges.verdict.repeats_one",
                     count=number(len(totals)), mean=number(mean, 1), error=number(error, 1), std=number(std, 1)),
                help=text("judges.verdict.repeats_help"))
    labels = {name: text(f"judges.figure.repeats.{name}") for name in ("axis", "repeat", "mean", "mean_only")}
    st.plotly_chart(_cache.Drawn(charts.repeats_figure(totals, mean, math.nan if error is None else error, BOUNDS,
                                                       top=SCALE, labels=labels)),
                    key="judges_repeats_figure", config=CHART)
    with st.expander(text("judges.verdict.alpha"), icon=":material/handshake:", key="judges_alpha",
                     on_change="rerun") as box:
        if box.open:
            st.caption(text("judges.verdict.alpha_note"))
            st.markdown("\n".join(f"- {text(f'judging.criterion.{key}.name')}: {_alpha(stats['alpha'].get(key))}"
                                  for key in CRITERIA))


def _alpha(found: dict[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        reason = (found or {}).get("reason")
        return f"– :small[:gray[{text(f'judging.alpha.{reason}')}]]" if reason else "–"
    return f"**{number(found['value'], 2)}**"


# figures ------------------------------------------------------------


def figures(view: services.AuditionView, judges: Sequence[services.JudgeView]) -> None:
    """Draw the judges' levels and points as charts, folded."""
    scored = [judge for judge in judges if judge.score is not None]
    if not scored:
        return
    with st.expander(text("judges.figure.title"), icon=":material/bar_chart:", key="judges_figures",
                     on_change="rerun") as box:
        if not box.open:
            return
        names = _names(scored)
        levels = {name: {one["criterion"]: one["level"] for one in (judge.score or {})["criteria"]}
                  for name, judge in zip(names, scored, strict=True)}
        criteria = {key: text(f"judging.criterion.{key}.name") for key in CRITERIA}
        labels = {name: text(f"judges.figure.{name}") for name in ("axis", "level", "absent")}
        left, right = st.columns([3, 2], gap="medium")
        with left:
            st.plotly_chart(_cache.Drawn(charts.criteria_figure(levels, criteria, labels=labels)),
                            key="judges_criteria_figure", config=CHART)
        with right:
            _radar(dict(zip(names, scored, strict=True)), levels, criteria)


def _names(judges: Sequence[services.JudgeView]) -> list[str]:
    """Return the judges' names, each once."""
    names = [judge.name for judge in judges]
    return [name if names.count(name) == 1 else f"{name} ({judge.place + 1})"
            for name, judge in zip(names, judges, strict=True)]


def _radar(judges: dict[str, services.JudgeView], levels: dict[str, dict[str, int | None]],
           criteria: dict[str, str]) -> None:
    """Draw what share of each group's points a judge gave; of fewer than three groups the levels instead."""
    shares = {name: {group: 100 * points / out_of if out_of else None
                     for group, (points, out_of) in (judge.score or {})["groups"].items()}
              for name, judge in judges.items()}
    axes = {group: text(f"judging.group.{group}") for group in GROUPS}
    figure = charts.radar_figure(shares, axes, top=100.0, unit="%", labels={"level": text("judges.figure.share")})
    if figure is None:
        figure = charts.radar_figure(levels, criteria, top=5.0, labels={"level": text("judges.figure.level")})
    if figure is None:
        st.caption(text("judges.figure.no_radar"))
    else:
        st.plotly_chart(_cache.Drawn(figure), key="judges_radar_figure", config=CHART)
