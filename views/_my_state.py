"""What the parts of My page share: icons, where things are made, what a press did, pictures, facts in words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import cachetools
import streamlit as st

import services
from locales import format_time
from support.errors import AppError
from views import _shared
from views._shared import number, plain, text

ICONS = {"audition": "gavel", "picture": "image", "playlist": "queue_music", "thumbnail": "palette",
         "prediction": "target", "track": "piano", "song": "favorite", "post": "forum"}
MAKERS = {"audition": ("ai_judges", {"tab": "audition"}), "picture": ("image_to_music", {}),
          "playlist": ("playlist_maker", {}), "thumbnail": ("playlist_maker", {}),
          "prediction": ("hit_prediction", {"tab": "analyse"}), "track": ("text_to_bgm", {}),
          "song": ("song_dossier", {}), "post": ("community", {})}
"""By kind: the page where a first one is made, and its query."""
VERDICTS = {"HIT": "green", "GOOD": "blue", "SOLID": "orange", "BAD": "red"}
STATES = {"failed": "red", "cancelled": "gray", "interrupted": "orange", "removed": "orange"}
KEPT_PICTURES = 120
"""Pictures kept in memory, about 100 kB each."""
_pictures: cachetools.LRUCache[tuple[int, str, int], bytes] = cachetools.LRUCache(KEPT_PICTURES)
_lock = threading.Lock()


def told(act: Callable[..., Any], *args: Any, done: str = "", **options: Any) -> Any:
    """Do what a button says; the run that follows shows that it is done, or why it was refused.

    Returns
    -------
    Any
        What `act` returns, True where that is nothing; None where it was refused.
    """
    try:
        found = act(*args, **options)
    except AppError as error:
        st.session_state["mine_told"] = error.message(_shared.lang())
        return None
    if done:
        st.session_state["mine_did"] = done
    return True if found is None else found


def tell() -> None:
    """Say once what the last press did, or why it was refused."""
    if done := st.session_state.pop("mine_did", None):
        st.success(text(done), icon=":material/check_circle:")
    if refused := st.session_state.pop("mine_told", None):
        st.error(_shared.plain_text(refused), icon=":material/error:")


def link(page: str, label: str, icon: str, query: dict[str, str] | None = None, **options: Any) -> None:
    """Draw a link to a page; nothing where there is no such page."""
    if page in _shared.pages():
        st.page_link(f"views/{page}.py", label=label, icon=f":material/{icon}:" if icon else None,
                     query_params=query or {}, **options)


def make(kind: str, **options: Any) -> None:
    """Draw the way to a first thing of a kind."""
    page, query = MAKERS[kind]
    link(page, f":violet[{text(f'mine.make.{kind}')}]", "arrow_forward", dict(query), **options)


def title(thing: services.MyThing) -> str:
    """Return what a thing is called, as markdown: of a picture without words its tags."""
    if thing.kind == "picture" and not thing.title.strip():
        named = ", ".join(services.tag_label(tag, _shared.lang()) for tag in thing.facts.get("tags", ())[:3])
        return plain(named or text("mine.untitled"))
    return plain(thing.title.strip() or text("mine.untitled"))


def badges(thing: services.MyThing) -> str:
    """Return what became of a thing, as markdown; "" where that needs no word."""
    if thing.state in ("queued", "running"):
        return f":blue-badge[{text(f'job.{thing.state}')}]"
    if thing.state in STATES:
        key = "mine.removed" if thing.state == "removed" else f"job.{thing.state}"
        return f":{STATES[thing.state]}-badge[{text(key)}]"
    facts = thing.facts
    if facts.get("verdict"):
        return f":{VERDICTS.get(facts['verdict'], 'gray')}-badge[{plain(facts['verdict'])}]"
    if thing.kind == "prediction" and facts.get("score") is None:
        return f":orange-badge[{text('hit.list.abstained')}]"
    if facts.get("public") or facts.get("shared"):
        return f":green-badge[{text('mine.shared')}]"
    return ""


def notes(thing: services.MyThing) -> str:
    """Return the small line of a thing: whose, how much, when; as markdown."""
    facts, said = thing.facts, []
    if thing.note and thing.kind in ("audition", "prediction", "song"):
        said.append(plain(thing.note))
    if facts.get("score") is not None:
        said.append(text(f"mine.score.{thing.kind}", score=number(facts["score"])))
    if thing.kind == "playlist":
        said.append(text("mine.songs", count=number(facts.get("songs"))))
    if thing.kind == "track":
        minutes, seconds = divmod(round(facts.get("seconds") or 0), 60)
        said.append(f"{minutes}:{seconds:02d}" + (f" · {'★' * facts['rating']}" if facts.get("rating") else ""))
    if thing.kind == "post":
        said.append(text("mine.answers", comments=number(facts.get("comments")), likes=number(facts.get("likes")),
                         views=number(facts.get("views"))))
    said.append(format_time(_shared.lang(), thing.created_at))
    return " · ".join(said)


def address(email: str | None) -> str:
    """Return an e-mail address as markdown that makes no link of it."""
    return f"`{email.replace('`', '')}`" if email else "–"


def picture(kind: str, item: int) -> bytes:
    """Return an own picture or thumbnail; an id is never used for another one, so it is kept."""
    actor = _shared.frame().actor
    key = (actor.id, kind, item)
    with _lock:
        if key in _pictures:
            return _pictures[key]
    found = services.my_picture(actor, kind, item)
    with _lock:
        _pictures[key] = found
    return found


def whole(value: str) -> int | None:
    """Return a number of the URL from 1 on, None where it is none."""
    return int(value) if value.isascii() and value.isdigit() and 0 < len(value) <= 6 and int(value) else None


def pages(prefix: str, page: int, last: int) -> None:
    """Draw the way to the pages before and after; the page is kept at ``<prefix>_page``."""
    if last == 1:
        return
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        st.button(text("mine.previous"), key=f"{prefix}_previous", icon=":material/chevron_left:", disabled=page <= 1,
                  on_click=turn, args=(prefix, page - 1))
        st.markdown(f"{number(page)} / {number(last)}", width="content")
        st.button(text("mine.next"), key=f"{prefix}_next", icon=":material/chevron_right:", icon_position="right",
                  disabled=page >= last, on_click=turn, args=(prefix, page + 1))


def turn(prefix: str, page: int) -> None:
    """Have a page of a list be drawn from the next run on."""
    st.session_state[f"{prefix}_page"] = page


def page_of(prefix: str, param: str, asked: tuple[Any, ...]) -> int:
    """Return the page of a list; a change of what is asked begins at the first."""
    state, key = st.session_state, f"{prefix}_asked"
    if state.get(key, asked) != asked:
        turn(prefix, 1)
    state[key] = asked
    return _shared.in_url(param, f"{prefix}_page", whole, 1, quiet=True)
