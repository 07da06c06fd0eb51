"""What the parts of the community page share: the post that is open, what a press did, drafts, files of cards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import cachetools
import streamlit as st

import services
from locales import format_time
from support.errors import AppError
from support.markdown import safe_markdown
from views import _shared
from views._shared import number, plain, text

ICONS = {"audition": "gavel", "prediction": "target", "picture": "image", "playlist": "queue_music",
         "thumbnail": "wallpaper", "bgm": "piano", "song": "folder_open"}
"""Of the kinds of attached results."""
NEW = -1
"""What is written: a new post; 0: nothing; else the id of the post that is changed."""
KEPT_FILES = 40
"""Pictures and sounds kept in memory, up to about 1 MB each; only one that a post shows is asked for."""
_files: cachetools.LRUCache[tuple[str, int], services.CardMedia] = cachetools.LRUCache(KEPT_FILES)
_lock = threading.Lock()


# where one is ------------------------------------------------------------


def opened() -> int:
    """Return the post of the URL, 0 where there is none: links and the browser's back button both lead by it."""
    return id_of(st.query_params.get("post", ""))


def id_of(value: str) -> int:
    """Return an id of the URL, 0 where it is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else 0


def show(post_id: int) -> None:
    """Have a post be open from this run on; 0: the list."""
    _shared.not_in_url("post", "attach", "tab")
    if post_id:
        st.query_params["post"] = str(post_id)
        st.session_state["app_url"].pop("post", None)
    else:
        st.query_params.pop("post", None)


def writing() -> int:
    """Return what is being written: nothing (0), a new post (`NEW`), or the id of the post that is changed."""
    return int(st.session_state.get("community_writing", 0))


# drafts ------------------------------------------------------------


def begin(post: services.Post | None = None, card: tuple[str, int] | None = None) -> None:
    """Begin to write: a post that is changed, or a new one; an unfinished new one is gone on with."""
    state = st.session_state
    if post is not None:
        kept = None if post.card is None else (post.card.kind, post.card.item)
        draft = {"of": post.row.id, "title": post.row.title, "body": post.body, "card": kept}
    else:
        old = state.get("community_draft", {})
        draft = dict(old) if old.get("of") == NEW else {"of": NEW, "title": "", "body": "", "card": None}
        draft["card"] = card or draft["card"]
    state["community_draft"], state["community_writing"] = draft, draft["of"]
    for name in ("title", "body"):
        state[f"community_{name}"] = draft[name]


def draft() -> dict[str, Any]:
    """Return what is being written: ``of``, ``title``, ``body``, ``card``; it outlives a look at another page."""
    return st.session_state.setdefault("community_draft", {"of": NEW, "title": "", "body": "", "card": None})


def finish(*, keep: bool) -> None:
    """Stop writing; keep a new post's draft for later, or forget it."""
    st.session_state["community_writing"] = 0
    if not keep or draft()["of"] != NEW:
        st.session_state.pop("community_draft", None)


# what a press did ------------------------------------------------------------


def told(act: Callable[..., Any], *args: Any, done: str = "", undo: Callable[[], Any] | None = None,
         **options: Any) -> tuple[bool, Any]:
    """Do what a button says; the run that follows shows that it is done, or why it was refused.

    Returns
    -------
    tuple of (bool, Any)
        Whether it was done, and what the act gave.
    """
    state = st.session_state
    for name in ("community_did", "community_refused", "community_undo"):
        state.pop(name, None)
    try:
        found = act(*args, **options)
    except AppError as error:
        state["community_refused"] = error.message(_shared.lang())
        return False, None
    if done:
        state["community_did"] = done
    if undo is not None:
        state["community_undo"] = undo
    return True, found


def pressed(act: Callable[..., Any], *args: Any, **options: Any) -> None:
    """Do as `told` for a button whose answer nobody waits for."""
    told(act, *args, **options)


def tell() -> None:
    """Say what the last press did, with the way back where there is one, or why it was refused."""
    state = st.session_state
    undo = state.get("community_undo")
    done = state.get("community_did") if undo else state.pop("community_did", None)
    if done and undo:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="community_undo_box"):
            st.markdown(f":material/delete: {text(done)}", width="stretch")
            st.button(text("community.undo"), key="community_undo_go", icon=":material/undo:", on_click=undo)
    elif done:
        st.success(text(done), icon=":material/check_circle:")
    if refused := state.pop("community_refused", None):
        st.error(_shared.plain_text(refused), icon=":material/error:")


# drawing ------------------------------------------------------------


def written(body: str) -> None:
    """Draw what somebody wrote: Markdown without HTML, directives, formulas and pictures from elsewhere."""
    st.markdown(safe_markdown(body), unsafe_allow_html=False)


def author(name: str, *, own: bool) -> str:
    """Return an author as markdown; who has no account any more has no name."""
    shown = plain(name) if name else f"*{text('community.nobody')}*"
    return f"{shown} :blue-badge[{text('community.own')}]" if own else shown


def when(created: Any, edited: Any) -> str:
    """Return when something was written, and whether it was changed."""
    moment = format_time(_shared.lang(), created)
    if edited is None:
        return moment
    return f"{moment} · {text('community.edited', moment=format_time(_shared.lang(), edited))}"


def link(post_id: int, label: str, **options: Any) -> None:
    """Draw a link to a post; `label` is markdown."""
    st.page_link("views/community.py", label=label, query_params={"post": str(post_id)}, **options)


def quiet(key: str) -> None:
    """Keep the links below a container plain: one to the page one is on looks like a pressed button."""
    links = f".st-key-{key} [data-testid=stPageLink-NavLink]"
    st.html(f"<style>{links} {{background: none; padding-inline: 0; margin: 0}} "
            f"{links} * {{white-space: normal; overflow-wrap: anywhere}}</style>")


def pages(key: str, page: int, last: int) -> None:
    """Draw the way to the pages before and after; `key` is the session's, where the page is kept."""
    if last <= 1:
        return
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center", key=f"{key}_pages"):
        st.button(text("community.previous"), key=f"{key}_previous", icon=":material/chevron_left:",
                  disabled=page <= 1, on_click=_turn, args=(key, page - 1))
        st.markdown(f"{number(page)} / {number(last)}", width="content")
        st.button(text("community.next"), key=f"{key}_next", icon=":material/chevron_right:", icon_position="right",
                  disabled=page >= last, on_click=_turn, args=(key, page + 1))


def _turn(key: str, page: int) -> None:
    st.session_state[key] = page


def file(post: services.Post) -> services.CardMedia | None:
    """Return the picture or sound of a post's card, None where there is none any more.

    A post is read anew at each run, so that what is kept here is shown only while the post and the thing stand.
    """
    card = post.card
    if card is None or card.gone or card.media is None:
        return None
    place = (card.kind, card.item)
    with _lock:
        if place in _files:
            return _files[place]
    found = services.card_media(_shared.frame().actor, post.row.id)
    with _lock:
        _files[place] = found
    return found


def confirm(title: str, what: str, label: str, done: Callable[[], Any], key: str, /, **values: Any,
            ) -> None:
    """Open a dialog that asks before something is done; `done` is called when it is confirmed."""
    st.dialog(text(title))(_confirm)(text(what, **values), text(label), done, key)


def _confirm(what: str, label: str, done: Callable[[], Any], key: str) -> None:
    st.markdown(what)
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key=f"{key}_no", width="stretch"):
        st.rerun()
    if right.button(label, key=f"{key}_yes", type="primary", width="stretch"):
        done()
        st.rerun()


def badge(kind: str | None) -> str:
    """Return the badge of an attached result's kind."""
    return "" if kind is None else f":violet-badge[:material/{ICONS[kind]}: {text(f'community.kind.{kind}')}]"


def counts(values: Mapping[str, float]) -> str:
    """Return counts by the name of their icon as one line."""
    return " &nbsp; ".join(f":material/{icon}: {number(value)}" for icon, value in values.items())
