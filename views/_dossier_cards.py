"""The sections of a dossier as cards: what there is, where it lives, and where nothing is, the way to make it.

With a link's token nothing can be changed and nothing leads to a page of one's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import streamlit as st

import services
from locales import format_time
from support.figures import dossier as figures
from support.figures.hits import clock
from views import _cache, _dossier_empty, _judges_songs, _likes, _shared
from views import _dossier_state as states
from views._hit_shown import CHART, percent
from views._shared import compact, day, number, plain, text

AHEAD = timedelta(days=30)
FEW = 4
"""Pictures and players shown at once; the others on request."""
VERDICTS = {"HIT": "green", "GOOD": "blue", "SOLID": "orange", "BAD": "red"}
COVER = 96
"""Pixels."""


def head(song: services.DossierSong, *, likes: bool = False) -> None:
    """Draw the song: cover, names, album, year, tags, and how many like it; not for who came by a link."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium", key="dossier_head"):
        if song.cover_url and song.cover_url.startswith(("https://", "http://")):
            st.image(song.cover_url, width=COVER)
        facts = [f"**{plain(song.artist)}**", *(plain(each) for each in (song.album, song.year) if each)]
        tags = " ".join(f":violet-badge[{plain(tag)}]" for tag in song.tags)
        st.markdown(f"### {plain(song.title)}\n{' · '.join(facts)}" + (f"  \n{tags}" if tags else ""), width="stretch")
        if likes:
            _likes.button("song", song.id)


def draw(dossier: services.Dossier, token: str | None = None) -> None:
    """Draw all sections, two beside each other where the screen is wide."""
    _card("growth", dossier, token, _growth)
    for row in (("auditions", "predictions"), ("mood", "playlists"), ("thumbnails", "tracks")):
        for place, name in zip(st.columns(2, gap="small"), row, strict=True):
            with place:
                _card(name, dossier, token, SECTIONS[name])


def _card(name: str, dossier: services.Dossier, token: str | None,
          section: Callable[[services.Dossier, str | None], None]) -> None:
    with st.container(border=True, height="stretch", gap="small", key=f"dossier_{name}"):
        st.markdown(f"#### :material/{_dossier_empty.ICONS[name]}: {text(f'dossier.{name}.title')}")
        if getattr(dossier, name):
            section(dossier, token)
        else:
            _dossier_empty.draw(name, dossier, token)


def _cut(name: str, dossier: services.Dossier, shown: int) -> None:
    """Say how many there are where the dossier has only the newest."""
    count = (dossier.counts or {}).get(name, shown)
    if count > shown:
        st.caption(text("dossier.cut", shown=number(shown), count=number(count)))


def _made(moment: Any) -> str:
    return format_time(_shared.lang(), moment)


@contextmanager
def _row(key: str) -> Iterator[None]:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small", key=key):
        yield


# growth ------------------------------------------------------------


def _growth(dossier: services.Dossier, token: str | None) -> None:
    for place, one in zip(st.columns(len(dossier.growth), gap="medium"), dossier.growth, strict=True):
        with place:
            _platform(one)
    if token is None:
        query = _radar_query(dossier.song)
        with st.container(horizontal=True, gap="small"):
            states.link("growth_radar", text("dossier.growth.open"), "trending_up", query)
            states.link("advanced_analysis", text("dossier.growth.forecast_open"), "query_stats",
                        query | {"tab": "forecast"})


def _platform(one: services.DossierGrowth) -> None:
    gain = text("dossier.growth.gain", gain=_signed(one.gain_30)) if one.gain_30 is not None else ""
    st.markdown(f"**{_shared.platform_head(one.platform)}**  \n"
                f"{text('dossier.growth.total', total=number(one.total), day=day(one.on))}"
                + (f"  \n:small[{gain}]" if gain else ""))
    outlook = None
    if one.forecast is not None and one.low is not None and one.high is not None:
        outlook = figures.Outlook(one.on + AHEAD, one.forecast, one.low, one.high)
    labels = {"total": text("dossier.growth.hover_total"), "forecast": text("dossier.growth.hover_forecast"),
              "interval": text("dossier.growth.hover_interval", low="{low}", high="{high}")}
    figure = figures.growth_figure(one.days, one.totals, outlook, one.platform, lang=_shared.lang(), labels=labels)
    st.plotly_chart(_cache.Drawn(figure), key=f"dossier_chart_{one.platform}", config=CHART,
                    alt=text("dossier.growth.alt", platform=_shared.platform(one.platform), total=number(one.total)))
    if outlook is None:
        st.caption(text("dossier.growth.no_forecast"))
    else:
        st.caption(text("dossier.growth.forecast", total=compact(outlook.middle), low=compact(outlook.low),
                        high=compact(outlook.high)))


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + compact(abs(value))


def _radar_query(song: services.DossierSong) -> dict[str, str]:
    """Return what has the growth pages open on the song; nothing where they do not know it."""
    artist = next((each for each in _cache.artists(_shared.frame().actor) if each.id == song.artist_id), None)
    if artist is None:
        return {}
    key = next((each.key for each in artist.songs if each.id == song.id), None)
    return {"artist": artist.key} | ({"song": key} if key else {})


# auditions and predictions ------------------------------------------------------------


def _auditions(dossier: services.Dossier, token: str | None) -> None:
    for one in dossier.auditions:
        badge = f":{VERDICTS.get(one.verdict, 'gray')}-badge[{plain(one.verdict)}]" if one.verdict else (
            f":gray-badge[{text('dossier.auditions.no_verdict')}]")
        offline = f" :gray-badge[:material/cloud_off: {text('judging.offline.label')}]" if one.offline else ""
        total = text("dossier.auditions.total", total=number(one.total)) if one.total is not None else "–"
        with _row(f"dossier_audition_{one.id}"):
            st.markdown(f"**{total}** {badge}{offline}  \n"
                        f":small[:gray[{_judges_songs.panel_name(one.panel)} · {_made(one.created_at)}]]",
                        width="stretch")
            if token is None:
                states.link("ai_judges", text("dossier.open"), "arrow_forward",
                            {"tab": "audition", "audition": str(one.id)})
    _cut("auditions", dossier, len(dossier.auditions))
    if token is None:
        _dossier_empty.make("auditions", dossier, "dossier.auditions.again")


def _predictions(dossier: services.Dossier, token: str | None) -> None:
    for one in dossier.predictions:
        with _row(f"dossier_prediction_{one.id}"):
            st.markdown(f"{_score(one)}  \n:small[:gray[{text(f'hit.genre.{one.genre}')} · {_made(one.created_at)}]]",
                        width="stretch")
            if token is None:
                states.link("hit_prediction", text("dossier.open"), "arrow_forward",
                            {"tab": "analyse", "prediction": str(one.id)})
    st.caption(text("dossier.predictions.meaning"))
    _cut("predictions", dossier, len(dossier.predictions))
    if token is None:
        _dossier_empty.make("predictions", dossier, "dossier.predictions.again")


def _score(one: services.DossierPrediction) -> str:
    if one.score is None:
        why = text(f"hit.abstained.{one.abstained}") if one.abstained else text("dossier.predictions.no_score")
        return f":orange-badge[:material/help: {text('hit.abstained.title')}]  \n:small[{why}]"
    said = f"**{text('dossier.predictions.score', score=number(one.score))}**"
    if one.low is not None and one.high is not None:
        said += " " + text("dossier.predictions.interval", low=number(one.low), high=number(one.high))
    if one.probability is not None:
        said += " · " + text("dossier.predictions.probability", percent=percent(one.probability))
    return said


# mood and playlists ------------------------------------------------------------


def _mood(dossier: services.Dossier, token: str | None) -> None:
    mood, lang = dossier.mood, _shared.lang()
    if mood is None:
        return
    rows = [(text("dossier.mood.genres"), mood.genres)]
    rows += [(text(f"catalogue.category.{name}"), tags) for name, tags in mood.tags.items()]
    st.markdown("  \n".join(
        f":small[{head}] " + " ".join(f":violet-badge[{plain(services.tag_label(tag, lang))}]" for tag in tags)
        for head, tags in rows if tags))
    if mood.similar:
        st.markdown(f"**{text('dossier.mood.similar')}**")
    states.unmarked("dossier_similar")
    with st.container(gap="xsmall", key="dossier_similar"):
        for song_id, title, artist, share, shared in mood.similar:
            tags = ", ".join(plain(services.tag_label(tag, lang)) for tag in shared[:FEW])
            name = f"{plain(title)} :gray[· {plain(artist)} · {text('dossier.mood.alike', percent=number(share))}]"
            if token is None:
                states.link("song_dossier", name, "folder_open", {"song": str(song_id)}, width="stretch",
                            help=text("dossier.mood.shared", tags=tags) if tags else None)
            else:
                st.markdown(name)
    if token is None:
        _dossier_empty.make("mood", dossier, "dossier.mood.open")


def _playlists(dossier: services.Dossier, token: str | None) -> None:
    for one in dossier.playlists:
        whose = (f":green-badge[{text('dossier.playlists.own')}]" if one.own
                 else f":gray-badge[{text('dossier.playlists.open')}]")
        whose = whose if token is None else ""  # whose it is says nothing to who has a link
        said = f"{plain(one.title)} {whose} :small[:gray[{text('dossier.playlists.songs', count=number(one.songs))}]]"
        if token is None and one.own:
            states.link("playlist_maker", said, "queue_music", {"tab": "make", "saved": str(one.id)}, width="stretch")
        else:
            st.markdown(f":material/queue_music: {said}")
    _cut("playlists", dossier, len(dossier.playlists))
    if token is None:
        _dossier_empty.make("playlists", dossier, "dossier.playlists.again")


# pictures and music ------------------------------------------------------------


def _some(name: str, rows: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the first few, or all once that is asked for."""
    key = f"dossier_all_{name}"
    if len(rows) <= FEW:
        return rows
    if st.session_state.get(key):
        return rows
    st.button(text("dossier.all", count=number(len(rows))), key=f"{key}_go", type="tertiary",
              icon=":material/expand_more:", on_click=st.session_state.__setitem__, args=(key, True))
    return rows[:FEW]


def _thumbnails(dossier: services.Dossier, token: str | None) -> None:
    box = st.container(gap="small")
    shown = _some("thumbnails", dossier.thumbnails)
    with box:
        for start in range(0, len(shown), 2):
            for place, one in zip(st.columns(2, gap="small"), shown[start:start + 2], strict=False):
                with place, _shared.errors_shown():
                    st.image(states.picture(one.id, token), width="stretch",
                             alt=text("plm.picture.alt", title=one.title))
                    st.caption(f"{plain(one.title)} · {day(one.created_at.date())}")
    _cut("thumbnails", dossier, len(dossier.thumbnails))
    if token is None:
        _dossier_empty.make("thumbnails", dossier, "dossier.thumbnails.again")


def _tracks(dossier: services.Dossier, token: str | None) -> None:
    box = st.container(gap="small")
    shown = _some("tracks", dossier.tracks)
    with box:
        for one in shown:
            _track(one, token)
    _cut("tracks", dossier, len(dossier.tracks))
    if token is None:
        _dossier_empty.make("tracks", dossier, "dossier.tracks.again")


def _track(one: services.DossierTrack, token: str | None) -> None:
    facts = [clock(one.seconds), _made(one.created_at)]
    if one.rating:
        facts.insert(1, "★" * one.rating)
    with _row(f"dossier_track_{one.id}"):
        st.markdown(f"**{plain(one.title)}**  \n:small[:gray[{' · '.join(facts)}]]", width="stretch")
        if token is None:
            states.link("text_to_bgm", text("dossier.open"), "arrow_forward",
                        {"tab": "make", "batch": str(one.batch_id)})
    with _shared.errors_shown():
        st.audio(states.sound(one.id, token), format="audio/ogg", alt=one.title)


SECTIONS: dict[str, Callable[[services.Dossier, str | None], None]] = {
    "auditions": _auditions, "predictions": _predictions, "mood": _mood, "playlists": _playlists,
    "thumbnails": _thumbnails, "tracks": _tracks}
