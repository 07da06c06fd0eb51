"""What can be done with a dossier: links to it made and taken back, its HTML and ZIP."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

import services
from locales import format_time
from views import _dossier_add, _shared
from views import _dossier_state as states
from views._shared import number, text

DAYS = ("1", "7", "30", "90", "365")
USUAL_DAYS = "30"
LISTED = 10
"""Links listed, the newest; more are counted."""


def draw(song: services.DossierSong) -> None:
    """Draw the buttons of one's own dossier."""
    with st.container(horizontal=True, gap="small", key="dossier_acts"):
        if services.may(_shared.frame().actor, "dossier"):
            with st.popover(text("dossier.share.label"), icon=":material/share:", key="dossier_share"):
                _share(song)
        download(song)
        st.button(text("dossier.other"), key="dossier_other", icon=":material/search:", on_click=states.show, args=(0,))
        _dossier_add.post("song", song.id)


def download(song: services.DossierSong, token: str | None = None) -> None:
    """Draw the files, made when their button is pressed; who came by a link gets the page, not the files in it."""
    actor, lang = _shared.frame().actor, _shared.lang()
    name = f"{_shared.file_part(song.artist)}-{_shared.file_part(song.title)}"
    st.download_button(text("dossier.html"), lambda: services.dossier_html(actor, song.id, lang, token),
                       file_name=f"{name}.html", mime="text/html", key="dossier_html", on_click="ignore",
                       icon=":material/description:", help=text("dossier.html_help"))
    if token is None:
        st.download_button(text("dossier.zip"), lambda: services.dossier_zip(actor, song.id, lang),
                           file_name=f"{name}.zip", mime="application/zip", key="dossier_zip", on_click="ignore",
                           icon=":material/folder_zip:", help=text("dossier.zip_help"))


# links ------------------------------------------------------------


def _share(song: services.DossierSong) -> None:
    """Draw the making of a link, the new one to copy, and those there are."""
    st.caption(text("dossier.share.note"))
    st.session_state.setdefault("dossier_days", USUAL_DAYS)
    names = {each: text("dossier.share.day_count", count=each) for each in DAYS}
    days = st.segmented_control(text("dossier.share.days"), DAYS, key="dossier_days", required=True,
                                format_func=names.__getitem__)
    st.button(text("dossier.share.make"), key="dossier_share_make", type="primary", icon=":material/add_link:",
              on_click=_make, args=(song.id, int(days or USUAL_DAYS)))
    made_for, token = st.session_state.get("dossier_made", (0, ""))
    if made_for == song.id:
        st.markdown(f":small[{text('dossier.share.copy')}]")
        st.code(address(token), language=None, wrap_lines=True)
    with _shared.errors_shown():
        _links(services.list_dossier_shares(_shared.frame().actor, song.id))


def _make(song_id: int, days: int) -> None:
    share = states.told(services.share_dossier, _shared.frame().actor, song_id, days=days)
    if share is not None:
        st.session_state["dossier_made"] = (song_id, share.token)


def address(token: str) -> str:
    """Return the whole address that shows a dossier."""
    page = (st.context.url or "").partition("?")[0].rstrip("/")
    return f"{page or '/song_dossier'}?share={token}"


def _links(shares: tuple[services.DossierShare, ...]) -> None:
    if not shares:
        return
    st.markdown(f"**{text('dossier.share.list')}**")
    for share in shares[:LISTED]:
        _link(share)
    if len(shares) > LISTED:
        st.caption(text("dossier.share.more", count=number(len(shares) - LISTED)))


def _link(share: services.DossierShare) -> None:
    made = text("dossier.share.made", moment=format_time(_shared.lang(), share.created_at),
                count=number(share.opened))
    until = _shared.day(share.expires_at.date())
    if share.revoked_at is not None:
        st.markdown(f":gray-badge[:material/link_off: {text('dossier.share.revoked')}]  \n:small[:gray[{made}]]")
    elif share.expires_at <= datetime.now(UTC):
        st.markdown(f":gray-badge[:material/timer_off: {text('dossier.share.expired', day=until)}]  \n"
                    f":small[:gray[{made}]]")
    else:
        st.markdown(f":green-badge[:material/link: {text('dossier.share.until', day=until)}]  \n:small[:gray[{made}]]")
        if st.button(text("dossier.share.revoke"), key=f"dossier_revoke_{share.id}", icon=":material/link_off:",
                     type="tertiary"):
            st.dialog(text("dossier.share.revoke_title"))(_confirm)(share)


def _confirm(share: services.DossierShare) -> None:
    st.markdown(text("dossier.share.revoke_what", count=number(share.opened)))
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="dossier_revoke_no", width="stretch"):
        st.rerun()
    if right.button(text("dossier.share.revoke"), key="dossier_revoke_yes", type="primary", width="stretch"):
        states.told(services.revoke_dossier_share, _shared.frame().actor, share.id, done="dossier.share.is_revoked")
        st.session_state.pop("dossier_made", None)
        st.rerun()
