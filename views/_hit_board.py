"""The lists of the hit prediction page: the leaderboard, and one's own predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import services
from locales import format_time
from support.errors import AppError
from views import _hit_shown, _shared
from views._shared import number, plain, text

PAGE = 10
"""Predictions on a page."""
EVERY = "all"
"""What the genre says where it does not narrow."""
LONGEST_SEARCH = 100
POLL_SECONDS = 1.0
"""How often predictions under way are asked how far they are; nothing is asked while none is."""
ORDERS = {"board": ("score", "likes", "newest"), "mine": ("newest", "best")}
CROWNS = {1: "yellow", 2: "gray", 3: "orange"}
"""Colours of the crowns by rank: gold, silver, bronze."""
STATE_BADGES = {"queued": "gray", "running": "blue", "failed": "red", "cancelled": "gray", "interrupted": "orange",
                "done": "green"}
UNDER_WAY = ("queued", "running")


def board() -> None:
    """Draw the leaderboard: public predictions and one's own public ones, by score."""
    st.caption(text("hit.board.intro"))
    tell()
    _draw("board", services.leaderboard, "leaderboard", "social_leaderboard")


def mine() -> None:
    """Draw the user's own predictions."""
    st.caption(text("hit.mine.intro"))
    tell()
    _draw("mine", services.list_predictions, "own", "library_music")


# what a press did ------------------------------------------------------------


def told(act: Callable[..., Any], *args: Any, done: str = "", **options: Any) -> Any:
    """Do what a button says; the run that follows shows that it is done, or why it was refused."""
    try:
        found = act(*args, **options)
    except AppError as error:
        st.session_state["hit_told"] = error.message(_shared.lang())
        return None
    if done:
        st.session_state["hit_did"] = done
    return found


def tell() -> None:
    """Say once what the last press did, or why it was refused."""
    if done := st.session_state.pop("hit_did", None):
        st.success(text(done), icon=":material/check_circle:")
    if refused := st.session_state.pop("hit_told", None):
        st.error(_shared.plain_text(refused), icon=":material/error:")


# a list ------------------------------------------------------------


def _draw(name: str, fetch: Callable[..., services.PredictionPage], kind: str, icon: str) -> None:
    """Draw filters, a page of rows, the way to other pages and the download; `kind` is of `predictions_table`."""
    actor = _shared.frame().actor
    asked = _asked(name)
    page = _page(name, asked)
    found = fetch(actor, **asked, limit=PAGE, offset=(page - 1) * PAGE)
    if not found.rows and page > 1:  # what stood here was deleted
        st.session_state[f"hit_{name}_page"] = page = max(1, -(-found.count // PAGE))
        found = fetch(actor, **asked, limit=PAGE, offset=(page - 1) * PAGE)
    if not found.rows:
        _nothing(name, asked, icon)
        return
    _summary(found, page)
    _live(fetch, asked, page, found)
    quiet_links(f"hit_{name}_list")
    with st.container(key=f"hit_{name}_list", gap="small"):
        for row in found.rows:
            with st.container(border=True, gap="small", key=f"hit_row_{row.id}"):
                (_ranked if name == "board" else _own)(actor, row)
    pages(f"hit_{name}_page", found.count, page)
    _download(actor, kind, asked)


def _asked(name: str) -> dict[str, Any]:
    """Draw search, genre and order; return what is asked of the service."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    find, genre_key, by = (f"hit_{name}_{part}" for part in ("find", "genre", "by"))
    search = _shared.in_url(f"{name}_find", find, lambda value: value[:LONGEST_SEARCH], "", quiet=True)
    left.text_input(text("hit.list.search"), key=find, icon=":material/search:", max_chars=LONGEST_SEARCH,
                    placeholder=text("hit.list.search_hint"))
    every = (EVERY, *services.HIT_GENRES)
    genre = _shared.in_url(f"{name}_genre", genre_key, _shared.one_of(every), EVERY, quiet=True)
    names = {each: text("hit.list.genre_all" if each == EVERY else f"hit.genre.{each}") for each in every}
    right.selectbox(text("hit.list.genre"), every, key=genre_key, format_func=names.__getitem__)
    orders = ORDERS[name]
    order = _shared.in_url(f"{name}_by", by, _shared.one_of(orders), orders[0], quiet=True)
    labels = {each: text(f"hit.list.by_{each}") for each in orders}
    st.segmented_control(text("hit.list.order"), orders, key=by, required=True, format_func=labels.__getitem__)
    return {"genre": None if genre == EVERY else genre, "search": search.strip(), "order": order}


def _page(name: str, asked: dict[str, Any]) -> int:
    """Return the page of the list; a change of the filters begins at the first."""
    state, wanted, key = st.session_state, tuple(asked.values()), f"hit_{name}_page"
    if state.get(f"hit_{name}_asked", wanted) != wanted:
        state[key] = 1
    state[f"hit_{name}_asked"] = wanted
    return _shared.in_url(f"{name}_page", key, whole, 1, quiet=True)


def whole(value: str) -> int | None:
    """Return a number of the URL from 1 on, None where it is none."""
    return int(value) if value.isascii() and value.isdigit() and 0 < len(value) <= 6 and int(value) else None


def _nothing(name: str, asked: dict[str, Any], icon: str) -> None:
    """Say that there is no prediction, or none that matches."""
    if asked["search"] or asked["genre"]:
        with _shared.empty_state("hit.list.no_match", "search_off"):
            st.button(text("hit.list.clear"), key=f"hit_{name}_clear", icon=":material/filter_alt_off:",
                      on_click=_clear, args=(name,))
        return
    with _shared.empty_state(f"hit.{name}.empty", icon):
        st.page_link("views/hit_prediction.py", label=text(f"hit.{name}.empty.link"), icon=":material/arrow_forward:",
                     query_params={"tab": "analyse" if name == "mine" else "mine"}, width="content")


def _clear(name: str) -> None:
    st.session_state[f"hit_{name}_find"], st.session_state[f"hit_{name}_genre"] = "", EVERY


def _summary(found: services.PredictionPage, page: int) -> None:
    first = (page - 1) * PAGE + 1
    last = first + len(found.rows) - 1
    st.caption(text("hit.list.count_one") if found.count == 1
               else text("hit.list.count", count=number(found.count)) if found.count <= PAGE
               else text("hit.list.range", first=number(first), last=number(last), count=number(found.count)))


def _live(fetch: Callable[..., services.PredictionPage], asked: dict[str, Any], page: int,
          found: services.PredictionPage) -> None:
    """Draw the page anew as soon as a prediction on it that is under way has got on."""
    before = {row.id: row.state for row in found.rows}
    if not set(UNDER_WAY) & set(before.values()):
        return

    def ask() -> None:
        now = fetch(_shared.frame().actor, **asked, limit=PAGE, offset=(page - 1) * PAGE)
        if {row.id: row.state for row in now.rows} != before:
            st.rerun(scope="app")

    st.fragment(ask, run_every=POLL_SECONDS)()


def pages(key: str, count: int, page: int) -> None:
    """Draw the way to the pages before and after; `key` is the session's, where the page is kept."""
    last = max(1, -(-count // PAGE))
    if last == 1:
        return
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        st.button(text("hit.list.previous"), key=f"{key}_previous", icon=":material/chevron_left:",
                  disabled=page <= 1, on_click=_turn, args=(key, page - 1))
        st.markdown(f"{number(page)} / {number(last)}", width="content")
        st.button(text("hit.list.next"), key=f"{key}_next", icon=":material/chevron_right:", icon_position="right",
                  disabled=page >= last, on_click=_turn, args=(key, page + 1))


def _turn(key: str, page: int) -> None:
    st.session_state[key] = page


def _download(actor: services.Actor, kind: str, asked: dict[str, Any]) -> None:
    """Draw the download of everything that matches; the file is made when the button is pressed."""
    def made() -> bytes:
        return _shared.csv_bytes(services.predictions_table(actor, kind=kind, genre=asked["genre"],
                                                            search=asked["search"]))

    st.download_button(text("common.download_csv"), made, mime="text/csv", key=f"hit_{kind}_csv", on_click="ignore",
                       file_name=f"{_shared.file_part(text(f'hit.list.file_{kind}'))}.csv",
                       icon=":material/download:")


# rows ------------------------------------------------------------


def quiet_links(key: str) -> None:
    """Keep the links below a container plain: one to the page one is on looks like a pressed button."""
    st.html(f"<style>.st-key-{key} [data-testid=stPageLink-NavLink] {{background: none}}</style>")


def open_link(prediction_id: int) -> None:
    """Draw the link that opens a report."""
    st.page_link("views/hit_prediction.py", label=f":violet[{text('hit.list.open')}]",
                 query_params={"tab": "analyse", "prediction": str(prediction_id)}, width="content")


def score_badge(row: services.PredictionRow) -> str:
    """Return a score, why there is none, or how far a prediction is, as markdown."""
    if row.state != "done":
        return f":{STATE_BADGES[row.state]}-badge[{text(f'job.{row.state}')}]"
    if row.score is None:
        return f":orange-badge[:material/help: {text('hit.list.abstained')}]"
    return f":violet-badge[**{text('hit.list.score', score=number(row.score))}**]"


def _name(row: services.PredictionRow) -> str:
    artist = f" · {plain(row.artist)}" if row.artist else ""
    return f"**{plain(row.title)}**{artist}"


def _ranked(actor: services.Actor, row: services.PredictionRow) -> None:
    """Draw a line of the leaderboard."""
    crown = (f":{CROWNS[row.rank]}[:material/crown:] " if row.rank in CROWNS else "") if row.rank else ""
    place = f"{crown}**{text('hit.board.rank', rank=number(row.rank))}**" if row.rank else "–"
    notes = [text(f"hit.genre.{row.genre}"), text("hit.board.by", owner=plain(row.owner))]
    own = f" :blue-badge[{text('hit.board.own')}]" if row.own else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{place} &nbsp; {_name(row)}  \n{score_badge(row)}{own} :small[:gray[{' · '.join(notes)}]]",
                    width="stretch")
        with st.container(horizontal=True, gap="xsmall", width="content", vertical_alignment="center"):
            _like(actor, row)
            _play_button(row)
            _lyrics(actor, row)
            open_link(row.id)
            if not row.own and services.may(actor, "moderate"):
                _delete(actor, row)
    _player(row)


def _like(actor: services.Actor, row: services.PredictionRow) -> None:
    st.button(number(row.likes), key=f"hit_like_{row.id}", icon=":material/favorite:",
              type="primary" if row.liked else "secondary",
              help=text("hit.board.unlike" if row.liked else "hit.board.like"),
              on_click=told, args=(services.like_prediction, actor, row.id), kwargs={"on": not row.liked})


def _play_button(row: services.PredictionRow) -> None:
    playing = st.session_state.get("hit_playing") == row.id
    st.button(text("hit.list.stop" if playing else "hit.list.play"), key=f"hit_play_{row.id}",
              icon=f":material/{'stop_circle' if playing else 'play_circle'}:", on_click=_hit_shown.play,
              args=(0 if playing else row.id,))


def _player(row: services.PredictionRow) -> None:
    """Draw the player of the track that was asked for; no other one's audio is read."""
    if st.session_state.get("hit_playing") == row.id:
        _hit_shown.player(row.id)


def _lyrics(actor: services.Actor, row: services.PredictionRow) -> None:
    if row.has_lyrics and st.button(text("hit.list.lyrics"), key=f"hit_lyrics_{row.id}", icon=":material/lyrics:"):
        st.dialog(f"{plain(row.title)} – {text('hit.list.lyrics')}")(_lyrics_shown)(actor, row.id)


def _lyrics_shown(actor: services.Actor, prediction_id: int) -> None:
    with _shared.errors_shown():
        st.text(services.get_prediction(actor, prediction_id).lyrics or "–")


def _own(actor: services.Actor, row: services.PredictionRow) -> None:
    """Draw one of the user's own: how it stands, who sees it, and what can be done with it."""
    notes = [text(f"hit.genre.{row.genre}"), format_time(_shared.lang(), row.created_at)]
    if row.likes:
        notes.append(text("hit.mine.likes", count=number(row.likes)))
    if row.batch_id:
        notes.append(text("hit.mine.batch", number=number(row.batch_id)))
    if row.error_code and row.state == "failed":
        notes.append(_hit_shown.failure(row.error_code, row.error_values))
    elif row.abstained:
        notes.append(text(f"hit.abstained.{row.abstained}"))
    allowed = services.may(actor, "predict")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{_name(row)}  \n{score_badge(row)} :small[:gray[{' · '.join(notes)}]]", width="stretch")
        with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center"):
            _public(actor, row, allowed)
            _play_button(row)
            open_link(row.id)
            _delete(actor, row)
    _player(row)


def _public(actor: services.Actor, row: services.PredictionRow, allowed: bool) -> None:
    key = f"hit_public_{row.id}"
    st.session_state[key] = row.public
    st.toggle(text("hit.mine.public"), key=key, on_change=_publish,
              args=(actor, row.id, key), disabled=not allowed or (row.state != "done" and not row.public))


def _publish(actor: services.Actor, prediction_id: int, key: str) -> None:
    on = bool(st.session_state[key])
    done = "hit.mine.published" if on else "hit.mine.withdrawn"
    told(services.publish_prediction, actor, prediction_id, on=on, done=done)


def _delete(actor: services.Actor, row: services.PredictionRow) -> None:
    """Draw the button that deletes a prediction once that is confirmed."""
    if st.button(":material/delete:", key=f"hit_delete_{row.id}", type="tertiary",
                 help=text("hit.mine.delete_help", title=plain(row.title))):
        st.dialog(text("hit.mine.delete_title"))(_confirm)(actor, row)


def _confirm(actor: services.Actor, row: services.PredictionRow) -> None:
    """Say what goes with a prediction, and delete it when confirmed."""
    st.markdown(text("hit.mine.delete_what", title=plain(row.title)))
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="hit_delete_no", width="stretch"):
        st.rerun()
    if right.button(text("hit.mine.delete"), key="hit_delete_yes", type="primary", width="stretch"):
        with _shared.errors_shown():
            services.delete_prediction(actor, row.id)
            st.session_state["hit_did"] = "hit.mine.deleted"
            st.rerun()
