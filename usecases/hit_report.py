"""A hit prediction as one HTML file: what came out, of which parts, why, and how to read it; prints on A4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from accounts import Actor
from locales import format_date, format_number, format_time, t, texts
from support.errors import describe
from support.figures.hits import clock, score_figure, shares_figure, signed, time_figure
from support.reports import Block, Chart, Section, Table, Text, Tiles, html_report
from usecases.hit_results import PartView, PredictionView
from usecases.hits import get_prediction, prediction_picture

NOTES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
"""Names of the keys, 0 to 11."""
DIGITS = {"tempo": 1, "loudness": 1, "sections": 0, "time_signature": 0}
"""Digits of measures; of descriptors, which run from 0 to 1, two."""
MOST_LINES = 12
"""Lyric lines in the table of those that move the score most."""


def prediction_html(actor: Actor, prediction_id: int, lang: str) -> str:
    """Return the report of a prediction as one HTML file that opens without a network.

    Parameters
    ----------
    actor : Actor
    prediction_id : int
        Of one's own, or of a public one.
    lang : str
        ``ko`` or ``en``.

    Raises
    ------
    NotFound
        If the prediction is gone, or neither the actor's nor public.
    """
    view = get_prediction(actor, prediction_id)
    picture = prediction_picture(actor, prediction_id) if view.has_picture else None
    return view_html(view, picture, lang)


def view_html(view: PredictionView, picture: bytes | None, lang: str) -> str:
    """Return the report of a prediction that was read already; `picture` is the PNG of its mel spectrogram."""
    sections = [_result(view, lang)]
    if view.state == "done":
        found = (_parts(view, lang), _reasons(view, lang), _sound(view, picture, lang), _words(view, lang),
                 Section(t(lang, "hit.file.reading"), [Text(t(lang, "hit.file.reading_text"))]))
        sections += [section for section in found if section.blocks]
    name = " – ".join(each for each in (view.artist, view.title) if each)
    return html_report(t(lang, "hit.file.title", name=name), sections, lang=lang,
                       footer=t(lang, "hit.file.footer", moment=format_time(lang, datetime.now(UTC)),
                                analysed=format_time(lang, view.finished_at or view.created_at)),
                       without_script=t(lang, "hit.file.without_script"))


# what came out ------------------------------------------------------------


def _result(view: PredictionView, lang: str) -> Section:
    blocks: list[Block] = [Text(_about(view, lang))]
    if view.state != "done":
        why = _why(view.error_code, view.error_values, lang) if view.error_code else ""
        blocks.append(Text(f"{t(lang, f'job.{view.state}')}. {why}".strip()))
    elif view.score is None:
        reason = t(lang, f"hit.abstained.{view.abstained}") if view.abstained else ""
        blocks.append(Text(f"{t(lang, 'hit.file.abstained')} {reason}".strip()))
    else:
        blocks += _score(view, view.score, lang)
    return Section(t(lang, "hit.file.result"), blocks)


def _about(view: PredictionView, lang: str) -> str:
    """Return a line about the track: genre, release, length, format, who uploaded it."""
    parts = [t(lang, f"hit.genre.{view.genre}")]
    if view.released:
        parts.append(t(lang, "hit.file.released", day=format_date(lang, view.released)))
    if view.seconds:
        parts.append(clock(view.seconds))
    if view.format:
        parts.append(view.format)
    return " · ".join([*parts, t(lang, "hit.board.by", owner=view.owner)])


def _score(view: PredictionView, score: float, lang: str) -> list[Block]:
    """Return score and probability with their intervals; neither stands without what it is relative to."""
    low, high = view.score_low, view.score_high
    note = None if low is None or high is None else t(lang, "hit.file.interval", low=f"{low:.0f}", high=f"{high:.0f}")
    tiles = [(t(lang, "hit.file.score"), f"{score:.0f} / 100", note)]
    if view.probability is not None:
        note = t(lang, "hit.file.prior", prior=_percent(view.prior))
        if view.probability_low is not None and view.probability_high is not None:
            ends = {"low": _percent(view.probability_low), "high": _percent(view.probability_high)}
            note = f"{t(lang, 'hit.file.interval', **ends)} · {note}"
        tiles.append((t(lang, "hit.file.probability"), _percent(view.probability), note))
    if view.genre_percentile is not None:
        tiles.append((t(lang, "hit.file.genre_percentile"), f"{view.genre_percentile:.0f}",
                      t(lang, "hit.file.genre_count", count=format_number(lang, view.genre_count))))
    blocks: list[Block] = [Tiles(tiles)]
    if low is not None and high is not None:
        labels = _chart(lang, less="less", more="more", hover="score_hover")
        caption = t(lang, "hit.chart.score_alt", score=f"{score:.0f}", low=f"{low:.0f}", high=f"{high:.0f}")
        blocks.append(Chart(score_figure(score, min(low, score), max(high, score), labels=labels), caption))
    return [*blocks, Text(t(lang, "hit.file.meaning", prior=_percent(view.prior)))]


def _percent(share: float) -> str:
    """Return a share as percent, small ones with more digits."""
    return f"{100 * share:.{2 if share < 0.1 else 1}f}".rstrip("0").rstrip(".") + "%"


def _why(code: str, values: Mapping[str, object], lang: str) -> str:
    """Return a stored error in words; a code of another version as it is."""
    return describe(lang, code, dict(values)) if f"errors.{code}" in texts("en") else code


# of which parts, and why ------------------------------------------------------------


def _parts(view: PredictionView, lang: str) -> Section:
    blocks: list[Block] = []
    used = [(_part(part, lang), part.share) for part in view.parts if part.share is not None]
    if len(used) > 1:
        blocks.append(Chart(shares_figure(used, labels=_labels(lang)), t(lang, "hit.file.chart.parts")))
    headers = [t(lang, f"hit.file.column.{name}") for name in ("part", "state", "share", "percentile", "model")]
    rows = [(_part(part, lang), t(lang, f"hit.part_state.{part.state}"), _signed(part.share),
             "–" if part.percentile is None else f"{part.percentile:.0f}", _model(part, lang)) for part in view.parts]
    blocks += [Table(headers, rows)] if rows else []
    blocks += [Text(f"{_part(part, lang)}: {why}") for part in view.parts if (why := _failure(part, lang))]
    return Section(t(lang, "hit.parts.heading"), blocks)


def _labels(lang: str) -> dict[str, str]:
    return _chart(lang, axis="axis", adds="adds", takes="takes")


def _chart(lang: str, **names: str) -> dict[str, str]:
    """Return the texts of a figure by its names for them, unfilled."""
    return {name: texts(lang)[f"hit.chart.{key}"] for name, key in names.items()}


def _signed(value: float | None) -> str:
    return "–" if value is None else signed(value)


def _part(part: PartView, lang: str) -> str:
    return t(lang, f"hit.part.{part.part}")


def _failure(part: PartView, lang: str) -> str:
    """Return why a part failed, nothing of one that did not."""
    facts = part.facts or {}
    return _why(facts["code"], facts.get("values", {}), lang) if part.state == "failed" and facts.get("code") else ""


def _model(part: PartView, lang: str) -> str:
    """Return which model a part is and of when."""
    facts = part.facts or {}
    when = facts.get("date")
    names = [str(facts[name]) for name in ("model", "kind") if facts.get(name)]
    if when:
        names.append(str(when)[:10])
    return " · ".join(names) or "–"


def _reasons(view: PredictionView, lang: str) -> Section:
    """Return what each input adds, by part, and what was measured."""
    blocks: list[Block] = []
    for part in view.parts:
        if part.state == "used" and len(part.contributions) > 1:
            shares = [(_input(name, lang), value) for name, value in part.contributions]
            blocks.append(Chart(shares_figure(shares, labels=_labels(lang)),
                                t(lang, "hit.file.chart.inputs", part=_part(part, lang))))
    rows = _measures(view.measures, lang)
    if rows:
        blocks.append(Table([t(lang, "hit.file.column.measure"), t(lang, "hit.file.column.value")], rows))
    if view.left_out:
        names = ", ".join(_input(name, lang) for name in view.left_out)
        blocks.append(Text(t(lang, "hit.why.left_out", names=names)))
    return Section(t(lang, "hit.why.heading"), blocks)


def _input(name: str, lang: str) -> str:
    """Return the name of an input in words: a measure, a tag, a part; of lyrics the word itself."""
    keys = (f"hit.measure.{name}", f"music_tags.{name}", f"hit.part.{name}")
    return next((t(lang, key) for key in keys if key in texts(lang)), name)


def _measures(found: Mapping[str, float | None], lang: str) -> list[tuple[str, str]]:
    """Return what was measured, in words; the key with its mode."""
    rows = []
    for name, value in found.items():
        if value is None or name == "mode":
            continue
        if name == "duration_ms":
            said = clock(value / 1_000)
        elif name == "chorus_hit":
            said = clock(value)
        elif name == "key":
            mode = found.get("mode")
            said = NOTES[int(value) % 12]
            if mode is not None:
                said += " " + t(lang, "hit.measured.mode_major" if mode else "hit.measured.mode_minor")
        else:
            said = format_number(lang, value, DIGITS.get(name, 2))
            if f"hit.measured.{name}" in texts(lang):
                said = t(lang, f"hit.measured.{name}", value=said)
        rows.append((_input(name, lang), said))
    return rows


# the track itself ------------------------------------------------------------


def _sound(view: PredictionView, picture: bytes | None, lang: str) -> Section:
    """Return the track over its time, how loud it is, and its tags."""
    blocks: list[Block] = []
    labels = _chart(lang, wave="wave", mel="mel", curve="curve", adds="time_adds", takes="time_takes")
    figure = time_figure(view.seconds or 0.0, waveform=view.waveform, picture=picture, span=None,
                         occlusion=view.occlusion, labels=labels)
    if figure is not None:
        part = view.occlusion_by
        by = t(lang, "hit.why.time_by", part=t(lang, f"hit.part.{part}")) if part and view.occlusion else ""
        blocks.append(Chart(figure, f"{t(lang, 'hit.chart.time_alt')}. {by}".strip()))
    tiles = [(t(lang, f"hit.measured.{name}"),
              t(lang, f"hit.measured.{name}_value", value=format_number(lang, value, 1)), None)
             for name, value in (("lufs", view.loudness), ("peak", view.peak)) if value is not None]
    if tiles:
        blocks.append(Tiles(tiles))
    if view.tags:
        names = ", ".join(f"{_input(name, lang)} {_percent(round(share, 2))}" for name, share in view.tags)
        blocks.append(Text(t(lang, "hit.file.tags", names=names)))
    return Section(t(lang, "hit.file.sound"), blocks)


def _words(view: PredictionView, lang: str) -> Section:
    """Return the lines that move the score most, and the lyrics."""
    blocks: list[Block] = []
    lines = sorted((line for line in view.lines if line[1]), key=lambda line: -abs(line[1]))[:MOST_LINES]
    if lines:
        headers = [t(lang, "hit.file.column.line"), t(lang, "hit.file.column.share")]
        blocks.append(Table(headers, [(line, signed(change)) for line, change in lines], t(lang, "hit.file.lines")))
    if view.lyrics:
        blocks.append(Text(t(lang, "hit.file.lyrics")))
        blocks.append(Text("\n\n".join(line for line in view.lyrics.splitlines() if line.strip())))
    return Section(t(lang, "hit.file.words"), blocks)
