"""Pictures side by side: the user's own, and those everybody agreed to show; opened, shared, reported, deleted."""

from __future__ import annotations

import streamlit as st

import services
from locales import format_time
from support.errors import AppError
from views import _image_choices, _image_result, _image_save, _image_shown, _shared
from views._shared import number, plain, text

PAGE = 9
"""Pictures on a page."""
COLUMNS = 3
SONGS = 3
"""Songs named on a picture's card."""


def mine() -> None:
    """Draw the user's own pictures."""
    actor = _shared.frame().actor
    st.caption(text("i2m.mine.intro"))
    _done()
    page = _shared.in_url("mine_page", "i2m_page_mine", _page, 1, quiet=True)
    found = services.list_pictures(actor, limit=PAGE + 1, offset=(page - 1) * PAGE)
    if not found and page > 1:
        _turn("i2m_page_mine", 1)
        st.rerun()
    if not found:
        _shared.empty_state("i2m.mine.empty", "photo_library")
        return
    _grid(found[:PAGE], _own_card)
    _pages("i2m_page_mine", page, len(found) > PAGE, text("i2m.mine.page", page=number(page)))


def archive() -> None:
    """Draw the shared pictures, with a filter by tag; administrators can see what was reported."""
    actor = _shared.frame().actor
    st.caption(text("i2m.archive.intro"))
    _done()
    opened = _shared.in_url("shared", "i2m_shared", _image_shown.number_in_url, 0, quiet=True)
    if opened and _opened(actor, opened):
        return
    tag, reported = _filter(actor)
    page = _shared.in_url("archive_page", "i2m_page_archive", _page, 1, quiet=True)
    found, every = services.archive(actor, tag=tag or None, reported=reported, limit=PAGE, offset=(page - 1) * PAGE)
    if not found and page > 1:
        _turn("i2m_page_archive", 1)
        st.rerun()
    if not found:
        _shared.empty_state("i2m.archive.none" if tag or reported else "i2m.archive.empty", "photo_library")
        return
    _grid(found, _shared_card)
    first = (page - 1) * PAGE + 1
    shown = text("i2m.mine.shown", first=number(first), last=number(first + len(found) - 1), count=number(every))
    _pages("i2m_page_archive", page, page * PAGE < every, shown)


def _page(value: str) -> int | None:
    found = _image_shown.number_in_url(value)
    return found if found and found < 100_000 else None


def _filter(actor: services.Actor) -> tuple[str, bool]:
    counts = services.archive_tags(actor)
    tag = _shared.in_url("tag", "i2m_tag", _shared.one_of(("", *counts)), "", quiet=True)
    names = {"": text("i2m.archive.all")} | {
        name: text("i2m.archive.tag_count", tag=_image_shown.label(name), count=number(count))
        for name, count in counts.items()}
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.selectbox(text("i2m.archive.tag"), list(names), key="i2m_tag", format_func=lambda name: names.get(name, name),
                   on_change=_turn, args=("i2m_page_archive", 1))
    if not services.may(actor, "moderate"):
        return tag, False
    reported = _shared.switch_in_url("reported", "i2m_reported")
    right.toggle(text("i2m.archive.reported"), key="i2m_reported", on_change=_turn, args=("i2m_page_archive", 1))
    return tag, reported


def _done() -> None:
    """Say once what the last press did, or why it was refused."""
    if done := st.session_state.pop("i2m_done", None):
        st.success(text(done), icon=":material/check_circle:")
    if told := st.session_state.pop("i2m_told", None):
        st.error(_shared.plain_text(told), icon=":material/error:")


# cards ------------------------------------------------------------


def _grid(views: list[services.PictureView], card: object) -> None:
    # pictures of all shapes stand in one row: each fills a frame of the same height
    st.html("<style>.st-key-i2m_grid [data-testid=stImage] img, .st-key-i2m_grid [data-testid=stImageContainer] img "
            "{height: 13rem; object-fit: cover; width: 100%}</style>")
    with st.container(key="i2m_grid"):
        for start in range(0, len(views), COLUMNS):
            for place, view in zip(st.columns(COLUMNS), views[start:start + COLUMNS], strict=False):
                with place.container(border=True, gap="small", height="stretch", key=f"i2m_card_{view.id}"):
                    card(view)  # type: ignore[operator]


def _picture(view: services.PictureView) -> None:
    actor = _shared.frame().actor
    _image_shown.picture(actor, view)
    _image_shown.hashtag_line(view, 6)
    songs = view.search.songs if view.search else ()
    if songs:
        names = " · ".join(f"{plain(song.artist)} – {plain(song.title)}" for song in songs[:SONGS])
        more = f" {text('i2m.archive.more', count=number(len(songs) - SONGS))}" if len(songs) > SONGS else ""
        st.caption(f":material/music_note: {names}{more}")


def _own_card(view: services.PictureView) -> None:
    _picture(view)
    badges = []
    if view.removed_at is not None:
        badges.append(f":red-badge[:material/block: {text('i2m.mine.removed')}]")
    elif view.shared_at is not None:
        badges.append(f":green-badge[:material/public: {text('i2m.mine.shared')}]")
    if view.token:
        badges.append(f":blue-badge[:material/link: {text('i2m.mine.linked')}]")
    state = " ".join(badges) or f":gray-badge[:material/lock: {text('i2m.mine.private')}]"
    st.markdown(f"{state} :small[:gray[{format_time(_shared.lang(), view.created_at)}]]")
    with st.container(horizontal=True, gap="small"):
        if view.removed_at is None:
            st.button(text("i2m.mine.open"), key=f"i2m_open_{view.id}", icon=":material/open_in_full:",
                      on_click=open_own, args=(view,))
            with st.popover(text("i2m.save.link"), icon=":material/link:", key=f"i2m_link_{view.id}"):
                _image_save.link(view)
            with st.popover(text("i2m.save.share"), icon=":material/public:", key=f"i2m_pub_{view.id}"):
                _image_save.share(view)
        _delete(view)


def open_own(view: services.PictureView) -> None:
    """Open a picture of one's own in the first tab, with the choices of its last search."""
    state = st.session_state
    state["i2m_image"], state["i2m_job"], state["i2m_known"] = view.id, 0, 0
    state["i2m_tab"] = text("i2m.tab.make")
    if view.search is not None:
        _image_choices.take(view.search)


def _delete(view: services.PictureView) -> None:
    if st.button(text("i2m.mine.delete"), key=f"i2m_delete_{view.id}", icon=":material/delete:", type="tertiary"):
        _image_save.confirm("i2m.mine.delete_title", view, "i2m.mine.delete_what", "delete_picture",
                            "i2m.mine.deleted")


def _shared_card(view: services.PictureView) -> None:
    _picture(view)
    own = f" :violet-badge[{text('i2m.own_badge')}]" if view.own else ""
    st.markdown(f":small[:gray[{text('i2m.view.of', owner=plain(view.owner), moment=_since(view))}]]{own}")
    _reports(view)
    with st.container(horizontal=True, gap="small"):
        st.button(text("i2m.mine.open"), key=f"i2m_show_{view.id}", icon=":material/open_in_full:", on_click=_turn,
                  args=("i2m_shared", view.id))
        if view.own:
            _delete(view)
        else:
            _report(view)
        _moderate(view)


def _since(view: services.PictureView) -> str:
    return format_time(_shared.lang(), view.shared_at or view.created_at)


def _report(view: services.PictureView) -> None:
    if st.button(text("i2m.archive.report"), key=f"i2m_report_{view.id}", icon=":material/flag:", type="tertiary"):
        _image_save.confirm("i2m.archive.report_title", view, "i2m.archive.report_note", "report_picture",
                            "i2m.archive.reported_done", reasons=True)


def _reports(view: services.PictureView) -> None:
    if view.reports:
        reasons = ", ".join(text(f"i2m.reason.{reason}") for reason in dict.fromkeys(view.reports))
        st.warning(text("i2m.archive.reports", count=number(len(view.reports)), reasons=reasons),
                   icon=":material/flag:")


def _moderate(view: services.PictureView) -> None:
    """Draw what an administrator can do: take a picture down, or settle its reports."""
    if not services.may(_shared.frame().actor, "moderate"):
        return
    if view.reports:
        st.button(text("i2m.archive.settle"), key=f"i2m_settle_{view.id}", icon=":material/task_alt:", on_click=_settle,
                  args=(view.id,))
    if st.button(text("i2m.archive.remove"), key=f"i2m_remove_{view.id}", icon=":material/block:", type="tertiary"):
        _image_save.confirm("i2m.archive.remove_title", view, "i2m.archive.remove_what", "remove_picture",
                            "i2m.archive.removed", reasons=True)


def _settle(image_id: int) -> None:
    try:
        services.settle_reports(_shared.frame().actor, image_id)
        st.session_state["i2m_done"] = "i2m.archive.settled"
    except AppError as error:
        st.session_state["i2m_told"] = error.message(_shared.lang())


def _opened(actor: services.Actor, image_id: int) -> bool:
    """Draw one shared picture as it is; return whether there is one."""
    try:
        view = services.get_picture(actor, image_id)
    except AppError as error:
        _shared.error_box(error)
        st.session_state["i2m_shared"] = 0
        _shared.not_in_url("shared")
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(text("i2m.view.back"), key="i2m_back", icon=":material/arrow_back:", on_click=_turn,
                  args=("i2m_shared", 0))
        st.markdown(f":small[:gray[{text('i2m.view.of', owner=plain(view.owner), moment=_since(view))}]]",
                    width="stretch")
        if view.own:
            _delete(view)
        else:
            _report(view)
    _image_result.draw(actor, view)
    return True


# pages ------------------------------------------------------------


def _pages(key: str, page: int, more: bool, shown: str) -> None:
    if page == 1 and not more:
        return
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        st.button(text("i2m.mine.previous"), key=f"{key}_previous", icon=":material/chevron_left:", disabled=page == 1,
                  on_click=_turn, args=(key, page - 1))
        st.caption(shown, width="content")
        st.button(text("i2m.mine.next"), key=f"{key}_next", icon=":material/chevron_right:", disabled=not more,
                  on_click=_turn, args=(key, page + 1))


def _turn(key: str, value: int) -> None:
    st.session_state[key] = value
