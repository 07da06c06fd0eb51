"""Administration: the accounts with their roles, and what everybody did that leaves a record; for administrators."""

from __future__ import annotations

import streamlit as st

import services
from views import _administration_audit, _administration_members, _shared
from views import _my_state as states
from views._shared import number, text

TABS = {"members": _administration_members.draw, "audit": _administration_audit.draw}


def page() -> None:
    """Draw the page; who is no administrator is told so."""
    st.title(text("admin.title"))
    actor = _shared.frame().actor
    if not services.may(actor, "people"):
        st.warning(text("admin.not_allowed"), icon=":material/shield:")
        return
    with _shared.errors_shown():
        states.tell()
        _reports(actor)
        for name, box in _shared.tabs("admin", tuple(TABS)).items():
            if box.open:
                with box:
                    TABS[name](actor)


def _reports(actor: services.Actor) -> None:
    """Say whether anything was reported, with the way to the queue."""
    if "community" not in _shared.pages():
        return
    waiting = services.open_reports(actor)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="admin_reports"):
        if waiting:
            st.markdown(f":orange-badge[:material/flag: {text('admin.reports', count=number(waiting))}]",
                        width="content")
        else:
            st.caption(f":green[:material/check_circle:] {text('admin.reports_none')}", width="content")
        states.link("community", f":violet[{text('admin.reports_link')}]", "arrow_forward", {"tab": "moderation"},
                    width="content")


if __name__ == "__main__":
    page()
