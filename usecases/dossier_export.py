"""A dossier as files: one standalone HTML with its charts, and a ZIP with everything of it.

The HTML opens without a network and prints on A4 (`support.reports`). In CSV a cell that a spreadsheet would run as a
formula is text. A link's HTML holds what the link shows, nothing more; the ZIP is its owner's alone.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import logging
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

import db
from accounts import Actor
from data_processing import flag_names
from locales import format_compact, format_date, format_number, format_time, t, texts
from queries import dossier as queries
from recommender import vocabulary
from support.errors import AppError, NotFound
from support.figures.axes import Figure
from support.figures.hits import clock, score_figure
from support.reports import Block, Chart, Section, Table, Text, Tiles, html_report
from support.tables import csv_safe
from usecases.analysis import artist_analysis
from usecases.analysis_figures import analysis_figure
from usecases.audition_report import audition_figure, audition_json
from usecases.auditions import get_audition
from usecases.dossier import SHOWN, dossier_of
from usecases.dossier_results import Dossier, DossierGrowth, DossierPrediction
from usecases.dossier_shares import dossier_audio, dossier_picture, linked_owner, shared_dossier
from usecases.hits import get_prediction
from usecases.outlook import NEAR_DAYS

log = logging.getLogger(__name__)
MOST_FILES = 200
"""Pictures and tracks in one ZIP: a track is about a megabyte."""
MOST_PICTURES = 6
"""Thumbnails in the HTML, the newest."""
PICTURE_WIDTH, PICTURE_HEIGHT = 640, 200
"""Pixels of a picture as it is kept in the HTML, and of its place there: as wide as a phone shows, at 16 to 9."""


# --- one HTML -----------------------------------------------------------------------------------------------------


def dossier_html(actor: Actor, song_id: int, lang: str, token: str | None = None) -> bytes:
    """Return the dossier of a song as one HTML file that opens without a network.

    Parameters
    ----------
    lang : str
        ``ko`` or ``en``.
    token : str, optional
        Of a link: its owner's dossier then, as the link shows it.

    Raises
    ------
    NotFound
        If the actor cannot see the song, or the link no longer holds or is of another song.
    """
    if token is None:
        return _html(actor, dossier_of(actor, song_id, SHOWN), lang)
    owner = linked_owner(token, song_id)
    return _html(owner, shared_dossier(token, SHOWN, opening=False), lang)


def _html(owner: Actor, dossier: Dossier, lang: str) -> bytes:
    song, dossier = dossier.song, replace(dossier, thumbnails=dossier.thumbnails[:MOST_PICTURES])
    sections = [_about(dossier, lang), _growth(owner, dossier, lang), _auditions(owner, dossier, lang),
                _predictions(dossier, lang), _mood(dossier, lang), _playlists(dossier, lang),
                _thumbnails(owner, dossier, lang), _tracks(dossier, lang)]
    made = html_report(f"{song.artist} – {song.title}", sections, lang=lang,
                       footer=t(lang, "dossier_report.footer", moment=format_time(lang, datetime.now(UTC))),
                       without_script=t(lang, "dossier_report.without_script"))
    return made.encode()


def _section(dossier: Dossier, name: str, blocks: Sequence[Block], lang: str) -> Section:
    """Return a section with how many there are where it does not show all, and with a word where it is empty."""
    shown, count = len(getattr(dossier, name) or ()) if name != "mood" else 0, (dossier.counts or {}).get(name, 0)
    cut = [Text(t(lang, "dossier_report.cut", shown=format_number(lang, shown), count=format_number(lang, count)))
           ] if count > shown and name != "mood" else []
    title = t(lang, f"dossier_report.{name}.title")
    return Section(title, [*cut, *blocks] if blocks else [Text(t(lang, "dossier_report.nothing"))])


def _headers(lang: str, *names: str) -> list[str]:
    return [t(lang, f"dossier_report.column.{name}") for name in names]


def _about(dossier: Dossier, lang: str) -> Section:
    song = dossier.song
    tiles = [(t(lang, f"dossier_report.about.{name}"), str(value), None)
             for name, value in (("artist", song.artist), ("album", song.album), ("year", song.year)) if value]
    tiles += [(t(lang, f"dossier_report.{name}.title"), format_number(lang, (dossier.counts or {})[name]), None)
              for name in ("auditions", "predictions", "playlists", "thumbnails", "tracks")]
    blocks: list[Block] = [Tiles(tiles)]
    if song.tags:
        blocks.append(Text(t(lang, "dossier_report.about.tags", tags=", ".join(song.tags))))
    return Section(t(lang, "dossier_report.about.title"), blocks)


def _growth(owner: Actor, dossier: Dossier, lang: str) -> Section:
    blocks: list[Block] = []
    charts = _growth_charts(owner, dossier, lang) if dossier.growth else {}
    for one in dossier.growth:
        blocks += [Text(t(lang, f"platform.{one.platform}.label")), _growth_tiles(one, lang)]
        if one.platform in charts:
            unit = t(lang, f"platform.{one.platform}.unit")
            blocks.append(Chart(charts[one.platform], t(lang, "analysis.chart.fan.total", unit=unit)))
    return _section(dossier, "growth", blocks, lang)


def _growth_tiles(one: DossierGrowth, lang: str) -> Tiles:
    none = t(lang, "dossier_report.growth.no_forecast") if one.forecast is None else None
    if one.low is not None and one.high is not None:
        none = t(lang, "dossier_report.growth.interval", low=format_compact(lang, one.low),
                 high=format_compact(lang, one.high))
    return Tiles([
        (t(lang, "dossier_report.growth.total"), format_number(lang, one.total), format_date(lang, one.on)),
        (t(lang, "dossier_report.growth.gain"), format_number(lang, one.gain_30), None),
        (t(lang, "dossier_report.growth.forecast"), format_number(lang, one.forecast), none)])


def _growth_charts(owner: Actor, dossier: Dossier, lang: str) -> dict[str, Figure]:
    try:
        found = artist_analysis(owner, dossier.song.artist_id, horizon=NEAR_DAYS, window_days=None, threshold=0,
                                song_id=dossier.song.id)
    except AppError as error:  # its readings went meanwhile: the figures above are still what they were
        log.warning("A dossier has no chart of its growth: %s", error)
        return {}
    return {platform: analysis_figure(found, "fan", platform, lang=lang, what="total") for platform in found.platforms}


def _auditions(owner: Actor, dossier: Dossier, lang: str) -> Section:
    rows = [(one.panel, "–" if one.total is None else f"{one.total:.0f}\u00a0/\u00a0300", one.verdict or "–",
             t(lang, "dossier_report.auditions.offline") if one.offline else t(lang, "dossier_report.auditions.judges"),
             format_time(lang, one.created_at)) for one in dossier.auditions]
    blocks: list[Block] = [Table(_headers(lang, "panel", "total", "verdict", "by", "when"), rows)] if rows else []
    blocks += _audition_charts(owner, dossier.auditions[0].id, lang) if rows else []
    return _section(dossier, "auditions", blocks, lang)


def _audition_charts(owner: Actor, audition_id: int, lang: str) -> list[Block]:
    try:
        view = get_audition(owner, audition_id)
    except NotFound:  # deleted since it was listed
        return []
    return [Chart(figure, t(lang, f"judges.chart.caption.{name}")) for name in ("criteria", "groups")
            if (figure := audition_figure(view, name, lang=lang)) is not None]


def _predictions(dossier: Dossier, lang: str) -> Section:
    rows = [(t(lang, f"hit.genre.{one.genre}"), _score(one, lang), _probability(one.probability),
             format_time(lang, one.created_at)) for one in dossier.predictions]
    blocks: list[Block] = [Table(_headers(lang, "genre", "score", "probability", "when"), rows)] if rows else []
    for one in dossier.predictions[:1]:
        if one.score is not None and one.low is not None and one.high is not None:
            labels = {name: texts(lang)[f"hit.chart.{key}"]
                      for name, key in (("less", "less"), ("more", "more"), ("hover", "score_hover"))}
            blocks.append(Chart(
                score_figure(one.score, min(one.low, one.score), max(one.high, one.score), labels=labels),
                t(lang, "hit.chart.score_alt", score=f"{one.score:.0f}", low=f"{one.low:.0f}", high=f"{one.high:.0f}")))
    if rows:
        blocks.append(Text(t(lang, "dossier_report.predictions.meaning")))
    return _section(dossier, "predictions", blocks, lang)


def _score(one: DossierPrediction, lang: str) -> str:
    if one.score is None:
        return t(lang, f"hit.abstained.{one.abstained}") if one.abstained else "–"
    said = f"{one.score:.0f}\u00a0/\u00a0100"
    return said if one.low is None or one.high is None else f"{said} ({one.low:.0f}–{one.high:.0f})"


def _probability(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.{2 if share < 0.1 else 1}f}%"


def _mood(dossier: Dossier, lang: str) -> Section:
    mood, known = dossier.mood, vocabulary()
    if mood is None:
        return _section(dossier, "mood", (), lang)
    rows = [(t(lang, f"catalogue.category.{name}"), ", ".join(known.label(tag, lang) for tag in tags))
            for name, tags in mood.tags.items() if tags]
    genres = ", ".join(known.label(name, lang) for name in mood.genres)
    blocks: list[Block] = [Text(t(lang, "dossier_report.mood.genres", genres=genres))] if genres else []
    blocks += [Table(_headers(lang, "category", "tags"), rows)] if rows else []
    if mood.similar:
        near = [(artist, title, f"{percent:.0f}%", ", ".join(known.label(tag, lang) for tag in shared))
                for _, title, artist, percent, shared in mood.similar]
        blocks.append(Table(_headers(lang, "artist", "title", "similarity", "shared"), near,
                            t(lang, "dossier_report.mood.similar")))
    return _section(dossier, "mood", blocks, lang)


def _playlists(dossier: Dossier, lang: str) -> Section:
    rows = [(one.title, one.songs, t(lang, f"dossier_report.playlists.{'own' if one.own else 'open'}"))
            for one in dossier.playlists]
    blocks = [Table(_headers(lang, "title", "songs", "whose"), rows)] if rows else []
    return _section(dossier, "playlists", blocks, lang)


def _tracks(dossier: Dossier, lang: str) -> Section:
    rows = [(one.title, clock(one.seconds), "–" if one.rating is None else f"{one.rating}\u00a0/\u00a05",
             format_time(lang, one.created_at)) for one in dossier.tracks]
    blocks = [Table(_headers(lang, "title", "length", "rating", "when"), rows)] if rows else []
    return _section(dossier, "tracks", blocks, lang)


def _thumbnails(owner: Actor, dossier: Dossier, lang: str) -> Section:
    blocks: list[Block] = []
    for one in dossier.thumbnails:
        try:
            blocks.append(Chart(_picture(_reduced(dossier_picture(owner, one.id))), one.title))
        except (NotFound, OSError) as error:  # deleted meanwhile, or not a picture any more
            log.warning("A thumbnail is left out of a dossier: %s", error)
    return _section(dossier, "thumbnails", blocks, lang)


def _reduced(data: bytes) -> bytes:
    """Return a stored picture as a JPEG of the width that the report shows."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as image:
        image.draft("RGB", (PICTURE_WIDTH, PICTURE_WIDTH))
        reduced = image.convert("RGB")
        reduced.thumbnail((PICTURE_WIDTH, PICTURE_WIDTH))
        out = io.BytesIO()
        reduced.save(out, "JPEG", quality=85)
    return out.getvalue()


def _picture(data: bytes) -> Figure:
    """Return a picture as a figure of nothing else: it scales, prints and is described as the charts are."""
    axis = {"visible": False, "range": [0, 1], "fixedrange": True}
    image = {"source": "data:image/jpeg;base64," + base64.b64encode(data).decode(), "xref": "paper", "yref": "paper",
             "x": 0, "y": 1, "sizex": 1, "sizey": 1, "xanchor": "left", "yanchor": "top", "sizing": "contain"}
    return {"data": [{"type": "scatter", "x": [0], "y": [0], "mode": "markers", "opacity": 0, "hoverinfo": "skip"}],
            "layout": {"height": PICTURE_HEIGHT, "images": [image], "xaxis": axis, "yaxis": axis, "showlegend": False,
                       "margin": dict.fromkeys("lrtb", 0), "paper_bgcolor": "rgba(0,0,0,0)",
                       "plot_bgcolor": "rgba(0,0,0,0)"}}


# --- all files ----------------------------------------------------------------------------------------------------


def dossier_zip(actor: Actor, song_id: int, lang: str) -> bytes:
    """Return everything of one's own dossier as a ZIP.

    ``dossier.html``; ``readings.csv`` and a CSV of each list; ``auditions.json`` and ``predictions.json`` with all
    that is stored; ``thumbnails/`` and ``music/`` as they are, at most `MOST_FILES` each, the newest.

    Raises
    ------
    NotFound
        If the actor cannot see the song.
    """
    dossier = dossier_of(actor, song_id, MOST_FILES)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("dossier.html", dossier_html(actor, song_id, lang))
        for name, table in _tables(dossier):
            box.writestr(f"{name}.csv", table)
        if dossier.auditions:
            box.writestr("auditions.json", audition_json(actor, ids=[one.id for one in dossier.auditions]))
        if dossier.predictions:
            box.writestr("predictions.json", _predictions_json(actor, dossier))
        for name, data in _files(actor, dossier):
            box.writestr(name, data, zipfile.ZIP_STORED)  # neither JPEG nor OGG gets any smaller
    return out.getvalue()


def _tables(dossier: Dossier) -> Iterable[tuple[str, bytes]]:
    """Give each list as CSV; names of columns do not change with the language."""
    if dossier.growth:
        with db.begin() as connection:
            frame = queries.readings(connection, dossier.song.id)
        rows = zip(frame["platform"], frame["day"].dt.date, frame["total"], frame["gain"], frame["flags"], strict=True)
        yield "readings", csv_of(("platform", "day", "total", "gain", "flags"),
                                 [(*row[:4], " ".join(flag_names(row[4]))) for row in rows])
        yield "forecasts", csv_of(("platform", "last_day", "total", "gain_30", "forecast_30", "low_80", "high_80"),
                                  [(one.platform, one.on, one.total, one.gain_30, one.forecast, one.low, one.high)
                                   for one in dossier.growth])
    if dossier.mood is not None:
        yield "tags", csv_of(("category", "tag"),
                             [(name, tag) for name, tags in dossier.mood.tags.items() for tag in tags])
        yield "similar", csv_of(("song_id", "title", "artist", "similarity_percent", "shared_tags"),
                                [(*row[:4], "|".join(row[4])) for row in dossier.mood.similar])
    for name in ("auditions", "predictions", "playlists", "thumbnails", "tracks"):
        things = [asdict(one) for one in getattr(dossier, name)]
        if things:
            yield name, csv_of(tuple(things[0]), [tuple(thing.values()) for thing in things])


def csv_of(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as CSV that Excel opens with Korean intact and without running a cell as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(headers)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> Any:
    if value is None or value != value:  # NaN: unknown
        return ""
    return value.isoformat() if isinstance(value, date) else csv_safe(value)


def _predictions_json(actor: Actor, dossier: Dossier) -> str:
    found = []
    for one in dossier.predictions:
        try:
            view = asdict(get_prediction(actor, one.id))
        except NotFound:  # deleted since it was listed
            continue
        found.append({name: value for name, value in view.items() if name not in ("token", "job_id", "liked", "own")})
    return json.dumps(found, ensure_ascii=False, indent=1, default=str)


def _files(actor: Actor, dossier: Dossier) -> Iterable[tuple[str, bytes]]:
    """Give thumbnails and music with names that no title leads out of their folder; what is gone is left out."""
    for folder, things, load in (("thumbnails", dossier.thumbnails, dossier_picture),
                                 ("music", dossier.tracks, dossier_audio)):
        for one in things:
            try:
                data = load(actor, one.id)
            except NotFound:
                continue
            ending = "ogg" if folder == "music" else "png" if data[:4] == b"\x89PNG" else "jpg"
            yield f"{folder}/{one.id}_{_slug(one.title)}.{ending}", data


def _slug(title: str) -> str:
    return re.sub(r"\W+", "_", title).strip("_")[:60] or "untitled"
