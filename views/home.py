"""Home: what is new since the last visit, what the last sync changed, what there is to do, the demo song, keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import streamlit as st

import services
from locales import format_time
from views import _cache, _home_news, _shared
from views._analysis_alerts import badges, merged, said
from views._pages import PAGES
from views._shared import day, number, plain, text

JOBS = tuple(page for page in PAGES if page[0] not in ("home", "my_page", "data", "administration"))
"""What the product is for, in the order of the cards: the page's file, an icon, the page's name."""
NAMES = {file: name for file, _, name in JOBS}
TOUR: dict[str, Callable[[services.DemoSong], dict[str, str]]] = {
    "growth_radar": lambda demo: {"artist": demo.artist_key, "song": demo.song_key, "window": "180"},
    "advanced_analysis": lambda demo: {"artist": demo.artist_key, "song": demo.song_key},
    "ai_judges": lambda demo: {"q": demo.title},
    "image_to_music": lambda demo: {"source": "demo"},
    "playlist_maker": lambda demo: {"title": demo.title, "made": "1"},
    "hit_prediction": lambda demo: {},
    "text_to_bgm": lambda demo: {"way": "text", "source": "demo"},
    "song_dossier": lambda demo: {"song": str(_id_of(demo))},
}
"""The steps of the demo tour: the page's file, and the query that opens the demo song there. A step's text is at
``home.tour.step.<file>``."""
LYRICS_LINES = 4
"""Lines of the lyrics on the card."""
STATES = {"ready": ":green-badge[:material/check:", "missing": ":gray-badge[:material/remove:",
          "failed": ":red-badge[:material/error:"}
"""How the state of a capability is written, up to its word."""
ALERTS_SHOWN = 5
"""Rows of new alerts on the page; all of them are in the Advanced Analysis."""
CARDS = 3
"""Cards in a row on a laptop; a phone has one."""


def page() -> None:
    """Draw the page."""
    st.title(text("home.heading"))
    st.caption(text("home.intro"))
    with _shared.errors_shown():
        frame = _shared.frame()
        home = _cache.home(frame.actor, frame.threshold)
        newcomer = home.sample or not home.status.rows
        first, last = [_start, _tour], [_changes, _alerts]
        sections = [*first, _jobs, *last] if newcomer else [*last, _jobs, *reversed(first)]
        _home_news.draw()
        for draw in sections:
            draw(home)
        _capabilities()


# first run ------------------------------------------------------------


def _start(home: services.HomeSummary) -> None:
    """Draw the three steps to one's own data, unfolded for whoever has none yet."""
    if home.sample or not home.status.rows:
        st.markdown(f"### {text('home.start.title')}")
        st.caption(text("home.start.sample" if home.status.rows else "home.start.nothing"))
        _steps()
        return
    with st.expander(text("home.start.title"), icon=":material/upload_file:", key="home_start",
                     on_change="rerun") as box:
        if box.open:
            st.caption(text("home.start.again"))
            _steps()


def _steps() -> None:
    put, sync, look = st.columns(3)
    folder = services.settings().cmdata_dir.name
    with put.container(border=True, height="stretch"):
        st.markdown(f"**{text('home.start.put.title')}**  \n{text('home.start.put.body', folder=folder)}")
        _open("data", text("home.start.put.link"), ":material/upload_file:", tab="upload")
    with sync.container(border=True, height="stretch"):
        st.markdown(f"**{text('home.start.sync.title')}**  \n{text('home.start.sync.body')}")
        _shared.sync_button("home_sync", icon=":material/sync:")
    with look.container(border=True, height="stretch"):
        st.markdown(f"**{text('home.start.look.title')}**  \n{text('home.start.look.body')}")
        _open("growth_radar", text("home.start.look.link"), ":material/trending_up:")


def _open(file: str, label: str, icon: str | None = None, **query: str) -> None:
    """Draw a link to a page, in the colour of links; every page keeps to the texts' language by itself."""
    st.page_link(f"views/{file}.py", label=f":violet[{label}]", icon=icon, query_params=query)


# changes ------------------------------------------------------------


def _changes(home: services.HomeSummary) -> None:
    """Draw what the last sync brought, who rises, and which files wait."""
    st.markdown(f"### {text('home.changes.title')}")
    st.caption(_run_line(home.last_run))
    if not home.status.rows and not home.attention:
        return
    # a link in a list starts where the text below it does
    st.html("<style>.st-key-home_changes [data-testid=stPageLink-NavLink] {padding-inline: 0; margin: 0}</style>")
    left, middle, right = st.container(key="home_changes").columns(3)
    with left.container(border=True, height="stretch"):
        _new_data(home.changes)
    with middle.container(border=True, height="stretch"):
        _risers(home.risers)
    with right.container(border=True, height="stretch"):
        _attention(home.attention)


def _run_line(run: services.RunSummary | None) -> str:
    if run is None:
        return text("home.changes.never")
    moment = format_time(_shared.lang(), run.finished_at)
    if run.state != "done":
        return text("home.changes.run_not_done", moment=moment, state=text(f"job.{run.state}"))
    counts = {name: run.totals.get(name, 0) for name in ("imported", "unchanged", "skipped", "refused")}
    return text("home.changes.run", moment=moment, imported=number(counts["imported"]),
                unchanged=number(counts["unchanged"] + counts["skipped"]), refused=number(counts["refused"]))


def _new_data(changes: tuple[services.ArtistChange, ...]) -> None:
    st.markdown(f"**:material/fiber_new: {text('home.changes.new')}**")
    if not changes:
        st.caption(text("home.changes.new_none"))
    for change in changes:
        with st.container(gap=None):
            _open("growth_radar", plain(change.name), artist=change.key)
            st.caption(text("home.changes.new_note", rows=number(change.rows), day=day(change.last_day)))


def _risers(risers: tuple[services.Riser, ...]) -> None:
    threshold = number(_shared.frame().threshold)
    st.markdown(f"**:material/trending_up: {text('home.changes.risers')}**",
                help=text("home.changes.risers_help", threshold=threshold))
    if not risers:
        st.caption(text("home.changes.risers_none"))
    for riser in risers:
        with st.container(gap=None):
            _open("growth_radar", plain(riser.name), artist=riser.key, platform=riser.platform)
            rate = f"+{number(riser.growth_rate * 100, 1)}%"
            st.markdown(f":green-badge[:material/trending_up: {rate}] {_shared.platform_head(riser.platform)}")
            st.caption(text("home.changes.riser_note", mean=_shared.compact(riser.mean_7)))


def _attention(files: tuple[services.FileRecord, ...]) -> None:
    st.markdown(f"**:material/assignment_late: {text('home.changes.attention')}**")
    if not files:
        st.caption(f":green[:material/check_circle:] {text('home.changes.attention_none')}")
    keys = {artist.id: artist.key for artist in _cache.artists(_shared.frame().actor)} if files else {}
    for file in files:
        with st.container(gap=None):
            st.markdown(f"`{file.name.replace('`', chr(39))}`")
            st.caption(_shared.refusal(file.reason, file.reason_values) if file.state == "refused"
                       else text("home.changes.attention_leap"))
            if file.artist_id in keys:
                _open("growth_radar", text("home.changes.attention_link"), artist=keys[file.artist_id], tab="health")
            else:
                _open("data", text("home.changes.attention_link"), tab="files")


# alerts ------------------------------------------------------------


def _alerts(home: services.HomeSummary) -> None:
    """Draw the newest alerts nobody has seen, or in a line what alerts are for."""
    if not home.status.rows or "advanced_analysis" not in _shared.pages():
        return
    actor = _shared.frame().actor
    rules = _cache.alert_rules(actor)
    if not rules:
        with st.container(horizontal=True, vertical_alignment="center", key="home_alerts_hint"):
            st.caption(f":material/notifications: {text('home.alerts.no_rules')}", width="content")
            _open("advanced_analysis", text("home.alerts.make"), ":material/add_alert:", tab="alerts")
        return
    new = _cache.new_alerts(actor)
    badge = f" :violet-badge[{text('home.alerts.new', count=number(len(new)))}]" if new else ""
    st.markdown(f"### {text('home.alerts.title')}{badge}")
    if not new:
        st.caption(text("home.alerts.none", rules=number(len(rules))))
    else:
        _alert_list(new)
    _open("advanced_analysis", text("home.alerts.link"), ":material/arrow_forward:", tab="alerts")


def _alert_list(events: list[services.AlertEvent]) -> None:
    with st.container(border=True, gap="small", key="home_alerts"):
        for row in merged(events)[:ALERTS_SHOWN]:
            event = row[0]
            words, link = st.columns([7, 2], vertical_alignment="center")
            words.markdown(f"{badges(event)}  \n{said(row)}")
            with link:
                _open("advanced_analysis", text("home.alerts.open"), ":material/arrow_forward:",
                      artist=event.artist_key, platform=event.platform, tab="forecast")


# jobs ------------------------------------------------------------


def _jobs(home: services.HomeSummary) -> None:
    """Draw what the product is for: a link for every page there is."""
    st.markdown(f"### {text('home.jobs.title')}")
    for start in range(0, len(JOBS), CARDS):
        for place, (file, icon, name) in zip(st.columns(CARDS), JOBS[start:start + CARDS], strict=False):
            with place.container(border=True, height="stretch"):
                st.markdown(f"**{icon} {text(name)}**")
                st.markdown(text(f"home.job.{file}.body"))
                _open(file, text("home.go"), ":material/arrow_forward:")


# demo tour ------------------------------------------------------------


def _tour(home: services.HomeSummary) -> None:
    """Draw the demo song, and a step for every page that can show it."""
    demo = home.demo
    if demo is None:
        return
    st.markdown(f"### {text('home.tour.title')}")
    st.caption(text("home.tour.intro"))
    with st.container(border=True, key="home_tour"):
        cover, song, steps = st.columns([2, 4, 4], gap="medium")
        cover.image(str(demo.cover), width="stretch", alt=text("home.tour.cover"))
        with song:
            _song(demo)
        with steps:
            _tour_steps(demo)


def _song(demo: services.DemoSong) -> None:
    facts = demo.facts
    st.markdown(f"**{plain(demo.title)}**  \n{plain(demo.artist)}")
    minutes, seconds = divmod(round(facts["duration_s"]), 60)
    st.caption(text("home.tour.facts", style=facts["style"], bpm=number(facts["bpm"]), tone=facts["key"],
                    minutes=f"{minutes}:{seconds:02d}"))
    st.audio(str(demo.audio), format="audio/ogg")
    with st.expander(text("home.tour.lyrics"), icon=":material/lyrics:"):
        st.markdown("  \n".join(plain(line) for line in _excerpt(demo.lyrics)))
    st.caption(f":material/info: {text('home.tour.made_up')}")


def _id_of(demo: services.DemoSong) -> int:
    """Return the demo song's id, 0 where it is not in the database."""
    return next((song.id for artist in _cache.artists(_shared.frame().actor) if artist.key == demo.artist_key
                 for song in artist.songs if song.key == demo.song_key), 0)


def _excerpt(lyrics: str) -> list[str]:
    """Return the first lines, without the heading ``Artist - Title:``."""
    return [line for line in lyrics.splitlines()[1:] if line.strip()][:LYRICS_LINES]


def _tour_steps(demo: services.DemoSong) -> None:
    there = _shared.pages()
    known = _id_of(demo) > 0
    steps = [(file, query) for file, query in TOUR.items() if file in there]
    for place, (file, query) in enumerate(steps, 1):
        title = text("home.tour.step_title", number=place, title=text(NAMES[file]))
        if known:
            _open(file, f"**{title}**", ":material/play_circle:", **query(demo))
        else:
            st.markdown(f"**{title}**")
        st.markdown(text(f"home.tour.step.{file}"))
    if not known:
        st.info(text("home.tour.missing"), icon=":material/info:")


# capabilities ------------------------------------------------------------


def _capabilities() -> None:
    """Draw what is connected, folded under one line that says how much."""
    found = _cache.capabilities(_shared.frame().actor)
    counts = Counter(capability.state for capability in found)
    summary = text("home.capabilities.summary_failed" if counts["failed"] else "home.capabilities.summary",
                   **{state: number(counts[state]) for state in STATES})
    with st.expander(f"**{text('home.capabilities.title')}** · {summary}", key="home_capabilities",
                     icon=":material/power:", on_change="rerun") as box:
        if not box.open:
            return
        st.caption(text("home.capabilities.intro"))
        for group in dict.fromkeys(capability.group for capability in found):
            st.markdown(f"##### {text(f'home.capabilities.group.{group}')}")
            for capability in found:
                if capability.group == group:
                    _capability(capability)


def _capability(capability: services.Capability) -> None:
    """Draw one item: its state, what it adds, and how to add it where it is not there."""
    key = f"capability.{capability.key.lower()}"
    lines = [f"**{text(f'{key}.title')}** {STATES[capability.state]} "
             f"{text(f'home.capabilities.is.{capability.state}')}]", text(f"{key}.adds")]
    if capability.detail and capability.key == "database":
        lines.append(f":gray[{plain(capability.detail)}]")
    if capability.state != "ready":
        lines.append(f":gray[:material/arrow_right:] {text(f'{key}.how')}")
    st.markdown("  \n".join(lines))


if __name__ == "__main__":
    page()
