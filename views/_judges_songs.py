"""The audition's song: search and choose one, bring the lyrics up to date, add one's own, see what is known of it."""

from __future__ import annotations

from typing import Any

import streamlit as st

import services
from locales import format_time, texts
from support.errors import AppError, describe
from views import _shared
from views._shared import number, plain, text

PAGE_SONGS = 8
"""Songs on a page of the list."""
POLL_SECONDS = 0.5
"""How often a running refresh is asked how far it is."""
SOURCES = {"s3": "blue", "folder": "gray", "paste": "violet", "upload": "violet"}
"""Colours of the badges that say where lyrics come from."""
ASK_AGAIN = ("lastfm_not_asked", "lastfm_unreachable", "lastfm_limited", "lastfm_refused", "lastfm_garbage")
"""Reasons for which Last.fm can be asked anew."""
MOST_REFUSED = 50
"""Refused songs that are listed."""


def panel_name(key: str) -> str:
    """Return how a panel is called: its text, or its key in `judges.toml`."""
    known = f"judges.panel.name.{key}"
    return text(known) if known in texts(_shared.lang()) else plain(key)


def source_badge(source: str) -> str:
    """Return where lyrics come from, as a badge."""
    return f":{SOURCES.get(source, 'gray')}-badge[{text(f'songs.source.{source}')}]"


# list ------------------------------------------------------------


def choose(actor: services.Actor) -> int | None:
    """Draw the list of songs and return the chosen one's id, None where there is none to choose."""
    st.markdown(f"#### {text('judges.song.title')}")
    _notice()
    search = _shared.in_url("q", "judges_q", lambda value: value[:200], "", quiet=True)
    st.text_input(text("judges.song.search"), key="judges_q", icon=":material/search:",
                  placeholder=text("judges.song.search_hint"))
    chosen = _shared.in_url("song", "judges_song", _id, 0, quiet=True)
    page = _page(actor, search)
    if not chosen and page.rows:  # turning the page does not choose another song
        chosen = st.session_state.setdefault("judges_song_first", page.rows[0].id)
    elif not chosen:
        chosen = st.session_state.get("judges_song_first", 0)
    if page.rows:
        _rows(page, chosen)
        _pages(page.count)
    else:
        st.info(text("judges.song.none_found" if search else "judges.song.none"), icon=":material/search_off:")
        _demo(actor)
    source(actor, page)
    _own(actor)
    return chosen or None


def _id(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None


def _page(actor: services.Actor, search: str) -> services.SongPage:
    """Return the page of songs to show; a new search starts on the first."""
    state = st.session_state
    if state.get("judges_page_of") != search:
        state["judges_page_of"], state["judges_page"] = search, 0
    page = services.list_songs(actor, search=search, limit=PAGE_SONGS, offset=state["judges_page"] * PAGE_SONGS)
    if not page.rows and state["judges_page"]:
        state["judges_page"] = 0
        page = services.list_songs(actor, search=search, limit=PAGE_SONGS, offset=0)
    return page


def _rows(page: services.SongPage, chosen: int) -> None:
    rows = {row.id: f"{plain(row.artist)} – **{plain(row.title)}** {source_badge(row.source)}" for row in page.rows}
    # the chosen song may be on another page of the list
    st.session_state["judges_song_pick"] = chosen if chosen in rows else None
    st.radio(text("judges.song.list"), list(rows), key="judges_song_pick", index=None, on_change=_picked,
             label_visibility="collapsed", format_func=rows.__getitem__,
             captions=[_caption(row) for row in page.rows])


def _caption(row: services.SongRow) -> str:
    return f"{text(f'songs.language.{row.language}')} · {text('judges.song.lines', count=number(row.lines))}"


def _picked() -> None:
    if st.session_state.get("judges_song_pick"):
        st.session_state["judges_song"] = st.session_state["judges_song_pick"]


def _pages(count: int) -> None:
    """Draw which part of the list is shown, and the ways to the others."""
    page, last = st.session_state["judges_page"], max(0, count - 1) // PAGE_SONGS
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute",
                      key="judges_pages"):
        st.caption(text("judges.song.shown", first=number(page * PAGE_SONGS + 1), count=number(count),
                        last=number(min(count, (page + 1) * PAGE_SONGS))), width="content")
        if last:
            with st.container(horizontal=True, width="content"):
                st.button(text("judges.song.previous"), key="judges_page_previous", icon=":material/chevron_left:",
                          disabled=page == 0, on_click=_turn, args=(page - 1,))
                st.button(text("judges.song.next"), key="judges_page_next", icon=":material/chevron_right:",
                          disabled=page >= last, on_click=_turn, args=(page + 1,))


def _turn(page: int) -> None:
    st.session_state["judges_page"] = page


def take(song_id: int) -> None:
    """Choose a song from the next run on, and start that run."""
    st.session_state["judges_song"] = song_id
    st.rerun()


def _notice() -> None:
    """Say once what the last press did."""
    done = st.session_state.pop("judges_song_done", None)
    if done:
        st.success(text(done[0], **done[1]), icon=":material/check_circle:")


def _demo(actor: services.Actor) -> None:
    """Offer the demo song, which is not among the shared lyrics."""
    demo = services.demo_song()
    if demo is None or not services.may(actor, "audition"):
        return
    name = f"{plain(demo.artist)} – {plain(demo.title)}"
    if st.button(text("judges.song.demo", song=name), key="judges_demo", icon=":material/playlist_add:"):
        with _shared.errors_shown():
            saved = services.add_songs(actor, demo.lyrics)
            st.session_state["judges_song_done"] = ("judges.song.demo_done", {"song": name})
            take(saved.ids[0])


# the place ------------------------------------------------------------


def source(actor: services.Actor, page: services.SongPage) -> None:
    """Draw where shared lyrics come from, what is wrong with it, and the way to bring them up to date."""
    job = _refresh_job(actor, page)
    if job is not None and job.active:
        st.fragment(_refreshing, run_every=POLL_SECONDS)(actor, job.id, quiet=bool(page.rows))
    elif job is not None:
        _refreshed(job)
    with st.expander(_source_line(page), icon=":material/cloud:", key="judges_source", on_change="rerun") as box:
        if not box.open:
            return
        st.caption(text("judges.song.place", place=plain(page.place)) + "  \n" + (
            text("judges.song.refreshed", moment=format_time(_shared.lang(), page.refreshed_at))
            if page.refreshed_at else text("judges.song.never_refreshed")))
        if page.source == "folder":
            st.info(text("judges.song.no_s3"), icon=":material/cloud_off:")
        if page.problem:
            st.warning(_shared.plain_text(describe(_shared.lang(), *page.problem)), icon=":material/warning:")
        if page.cut:
            st.warning(text("judges.song.cut"), icon=":material/content_cut:")
        if st.button(text("judges.song.refresh"), key="judges_refresh_now", icon=":material/refresh:",
                     disabled=(job is not None and job.active) or not services.may(actor, "sync")):
            with _shared.errors_shown():
                st.session_state["judges_refresh"] = services.submit_refresh(actor).id
                st.rerun()
        _refused_list(actor)


def _source_line(page: services.SongPage) -> str:
    line = text(f"judges.song.source.{page.source}")
    return f"{line} · :orange[{text('judges.song.trouble')}]" if page.problem else line


def _refresh_job(actor: services.Actor, page: services.SongPage) -> services.JobView | None:
    """Return the refresh this session follows; the first look in a session starts one where it is due."""
    state = st.session_state
    if "judges_refresh" not in state:
        state["judges_refresh"] = services.submit_refresh(actor, force=False).id
        state["judges_refresh_quiet"] = state["judges_refresh"]
    return services.get_job(actor, state["judges_refresh"])


def _refreshing(actor: services.Actor, job_id: int, *, quiet: bool) -> None:
    """Draw how far a refresh is; runs again by itself until it has ended, then once the whole page.

    One that began by itself beside songs is not drawn (`quiet`).
    """
    job = services.get_job(actor, job_id)
    if job is None or not job.active:
        st.rerun(scope="app")
    if quiet and st.session_state.get("judges_refresh_quiet") == job_id:
        return
    if job.total:
        st.progress(min(job.done / job.total, 1.0),
                    text=text("judges.song.refreshing", done=number(job.done), total=number(job.total)))
    else:
        st.progress(0.0, text=text("judges.song.refresh_begins"))


def _refreshed(job: services.JobView) -> None:
    """Say once what a refresh that was asked for brought; of one by itself only the failure."""
    state = st.session_state
    if state.get("judges_refresh_told") == job.id:
        return
    state["judges_refresh_told"] = job.id
    if job.state != "done":
        st.warning(_shared.plain_text(describe(_shared.lang(), job.error_code or "interrupted", job.error_values)),
                   icon=":material/warning:")
    elif state.get("judges_refresh_quiet") != job.id:
        found = {name: number((job.result or {}).get(name, 0)) for name in ("found", "read", "unchanged", "gone",
                                                                            "refused")}
        st.success(text("judges.song.refresh_done", **found), icon=":material/check_circle:")


def _refused_list(actor: services.Actor) -> None:
    refused = services.refused_songs(actor, MOST_REFUSED)
    if refused:
        st.markdown(f"**{text('judges.song.refused', count=number(len(refused)))}**")
        st.markdown("\n".join(f"- {refusal(each)}" for each in refused))


def refusal(each: Any) -> str:
    """Return why a song of a text was not taken, for markdown."""
    where = f"{text('judges.song.line', line=number(each.line))}: " if each.line else ""
    name = f"`{each.name.replace('`', chr(39))}` " if each.name else ""
    return name + where + _shared.plain_text(describe(_shared.lang(), each.code, each.values))


# own lyrics ------------------------------------------------------------


def _own(actor: services.Actor) -> None:
    """Draw the ways to bring one's own lyrics: paste them, or upload texts."""
    with st.expander(text("judges.song.own"), icon=":material/edit_note:", key="judges_own", on_change="rerun") as box:
        if not box.open:
            return
        st.caption(text("judges.song.own_note"))
        _paste(actor)
        st.divider()
        _upload(actor)


def _paste(actor: services.Actor) -> None:
    with st.form("judges_paste", border=False, enter_to_submit=False):
        artist = st.text_input(text("judges.song.artist"), key="judges_paste_artist", max_chars=300)
        title = st.text_input(text("judges.song.name"), key="judges_paste_title", max_chars=300)
        lyrics = st.text_area(text("judges.song.lyrics"), key="judges_paste_lyrics", height=180)
        pressed = st.form_submit_button(text("judges.song.paste"), key="judges_paste_add", icon=":material/add:",
                                        disabled=not services.may(actor, "audition"))
    if pressed:
        with _shared.errors_shown():
            song_id = services.add_song(actor, artist, title, lyrics)
            _kept(song_id, f"{plain(artist)} – {plain(title)}")


def _kept(song_id: int, song: str) -> None:
    st.session_state["judges_song_done"] = ("judges.song.kept", {"song": song})
    take(song_id)


def _upload(actor: services.Actor) -> None:
    """Draw the upload of texts; what was refused is said song by song."""
    files = st.file_uploader(text("judges.song.upload"), type=["txt"], accept_multiple_files=True, key="judges_files",
                             help=text("judges.song.upload_help"))
    if st.button(text("judges.song.upload_add"), key="judges_upload", icon=":material/upload_file:",
                 disabled=not files or not services.may(actor, "audition")):
        kept: list[int] = []
        for file in files:
            try:
                saved = services.add_songs(actor, file.getvalue(), name=file.name)
            except AppError as error:
                st.error(f"`{file.name.replace('`', chr(39))}` {_shared.plain_text(error.message(_shared.lang()))}",
                         icon=":material/error:")
                continue
            kept += saved.ids
            if saved.refused:
                st.warning("\n".join(f"- {refusal(each)}" for each in saved.refused), icon=":material/warning:")
        if kept:
            st.session_state["judges_song"] = kept[0]
            st.success(text("judges.song.uploaded", count=number(len(kept))), icon=":material/check_circle:")
            st.button(text("judges.song.show"), key="judges_upload_show", icon=":material/visibility:")


# the song ------------------------------------------------------------


def card(actor: services.Actor, song_id: int) -> None:
    """Draw a song: cover, tags, what Last.fm counts, and the whole lyrics folded."""
    try:
        song = services.get_song(actor, song_id)
    except AppError as error:
        _shared.error_box(error)
        return
    with st.container(border=True, key="judges_card"):
        with st.container(horizontal=True, gap="medium"):
            if song.cover_url:
                st.image(song.cover_url, width=110)
            with st.container(gap="small"):
                st.markdown(f"#### {plain(song.title)}\n{plain(song.artist)}  \n{source_badge(song.source)} "
                            f":gray-badge[{text(f'songs.language.{song.language}')}]")
                _known(song)
        _missing(actor, song)
        lyrics(song.lyrics, "judges_lyrics")
        if song.source in ("paste", "upload"):
            _delete(actor, song)


def _known(song: services.Song) -> None:
    """Draw what Last.fm says of a song."""
    if song.tags:
        st.markdown(" ".join(f":violet-badge[{plain(tag)}]" for tag in song.tags))
    counts = [text(f"judges.song.{name}", count=_shared.compact(value))
              for name, value in (("listeners", song.listeners), ("playcount", song.playcount)) if value is not None]
    if song.info_at and (counts or song.tags):
        counts.append(text("judges.song.info_at", moment=format_time(_shared.lang(), song.info_at)))
    if counts:
        st.caption(" · ".join(counts))


def _missing(actor: services.Actor, song: services.Song) -> None:
    """Say why nothing, or nothing newer, is there from Last.fm."""
    told = st.session_state.get("judges_info", (0, None))
    reason = told[1] if told[0] == song.id and told[1] else song.info_missing
    if not reason:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":material/info: {text(f'songs.info_missing.{reason}')}")
        if reason in ASK_AGAIN and st.button(text("judges.song.ask"), key="judges_ask", icon=":material/sell:"):
            with _shared.errors_shown(), st.spinner(text("judges.song.asking")):
                st.session_state["judges_info"] = (song.id, services.song_info(actor, song.id).info_missing)
                st.rerun()


def lyrics(words: str, key: str) -> None:
    """Draw whole lyrics, folded."""
    lines = sum(bool(line.strip()) for line in words.splitlines())
    with st.expander(text("judges.song.whole", count=number(lines)), icon=":material/lyrics:", key=key,
                     on_change="rerun") as box:
        if box.open:
            st.markdown("  \n".join(plain(line) or "&nbsp;" for line in words.splitlines()))


def _delete(actor: services.Actor, song: services.Song) -> None:
    if st.button(text("judges.song.delete"), key="judges_delete", icon=":material/delete:", type="tertiary"):
        st.dialog(text("judges.song.delete_title"))(_confirm_delete)(actor, song)


def _confirm_delete(actor: services.Actor, song: services.Song) -> None:
    """Say what goes, and delete it when confirmed."""
    st.markdown(text("judges.song.delete_what", song=f"{plain(song.artist)} – {plain(song.title)}"))
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="judges_delete_no", width="stretch"):
        st.rerun()
    if right.button(text("judges.song.delete"), key="judges_delete_yes", type="primary", width="stretch"):
        with _shared.errors_shown():
            services.delete_song(actor, song.id)
            st.session_state["judges_song"] = 0
            st.session_state.pop("judges_song_first", None)
            st.rerun()
