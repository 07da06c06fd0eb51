"""Administration's first tab: accounts to look up, their roles, disabling and enabling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import services
from locales import format_time
from views import _my_state as states
from views import _shared
from views._shared import number, plain, text

PAGE = 20
LONGEST_SEARCH = 100
HUES = {"administrator": "violet", "analyst": "blue", "viewer": "gray"}


def draw(actor: services.Actor) -> None:
    """Draw the search and a page of accounts."""
    search = _shared.in_url("find", "admin_find", lambda value: value[:LONGEST_SEARCH], "", quiet=True)
    st.text_input(text("admin.search"), key="admin_find", icon=":material/search:", max_chars=LONGEST_SEARCH,
                  placeholder=text("admin.members.hint"), label_visibility="collapsed")
    page = states.page_of("admin_m", "p", (search,))
    found = services.list_members(actor, search.strip(), page, PAGE)
    if page > found.pages:
        states.turn("admin_m", found.pages)
        st.rerun()
    if not found.rows:
        _shared.empty_state("admin.members.none", "search_off")
        return
    st.caption(text("admin.members.count", count=number(found.count)))
    with st.container(gap="small", key="admin_members"):
        for member in found.rows:
            with st.container(border=True, gap="small", key=f"admin_member_{member.id}"):
                _row(actor, member)
    states.pages("admin_m", page, found.pages)


def _row(actor: services.Actor, member: services.Member) -> None:
    words, acts = st.columns([7, 4], vertical_alignment="center")
    words.markdown(f"**{plain(member.nickname)}** {_badges(actor, member)}  \n:small[:gray[{_facts(member)}]]")
    with acts.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        if member.kind == "anonymous":
            st.caption(text("admin.members.visitor"), width="content")
        else:
            _role(actor, member)
        _door(actor, member)


def _badges(actor: services.Actor, member: services.Member) -> str:
    said = [f":{HUES[member.role]}-badge[{text(f'role.{member.role}')}]"]
    if member.id == actor.id:
        said.append(f":green-badge[{text('admin.members.you')}]")
    if member.kind != "member":
        said.append(f":gray-badge[{text(f'admin.kind.{member.kind}')}]")
    if member.disabled_at is not None:
        said.append(f":red-badge[:material/block: {text('admin.members.disabled')}]")
    elif member.has_password and member.verified_at is None:
        said.append(f":orange-badge[{text('admin.members.unverified')}]")
    return " ".join(said)


def _facts(member: services.Member) -> str:
    seen = (text("admin.members.seen", moment=format_time(_shared.lang(), member.seen_at)) if member.seen_at
            else text("admin.members.never"))
    since = text("mine.since", day=_shared.day(member.created_at.date()))
    return " · ".join([*([states.address(member.email)] if member.email else []), f"\\#{member.id}", since, seen])


# what can be done ------------------------------------------------------------


def _role(actor: services.Actor, member: services.Member) -> None:
    """Draw the choice of a role; another one is asked about first."""
    key = f"admin_role_{member.id}"
    st.session_state[key] = member.role
    names = {role: text(f"role.{role}") for role in services.ROLES}
    st.selectbox(text("admin.members.role"), services.ROLES, key=key, format_func=names.__getitem__, width=150,
                 label_visibility="collapsed", on_change=_ask, args=(member.id, key))
    wanted = st.session_state.get("admin_wanted")
    if wanted and wanted[0] == member.id:
        del st.session_state["admin_wanted"]
        st.dialog(text("admin.role.title"))(_confirm_role)(actor, member, wanted[1])


def _ask(member_id: int, key: str) -> None:
    st.session_state["admin_wanted"] = (member_id, st.session_state[key])


def _confirm_role(actor: services.Actor, member: services.Member, role: str) -> None:
    st.markdown(text("admin.role.what", name=plain(member.nickname), old=text(f"role.{member.role}"),
                     new=text(f"role.{role}")))
    st.caption(text(f"admin.role.means.{role}"))
    _decide("admin_role", text("admin.role.yes"), lambda: states.told(services.set_role, actor, member.id, role,
                                                                      done="admin.role.done"))


def _door(actor: services.Actor, member: services.Member) -> None:
    """Draw the button that disables an account, or enables it again."""
    if member.disabled_at is not None:
        st.button(text("admin.enable.button"), key=f"admin_enable_{member.id}", icon=":material/lock_open:",
                  on_click=states.told, args=(services.enable_member, actor, member.id),
                  kwargs={"done": "admin.enable.done"})
    elif st.button(text("admin.disable.button"), key=f"admin_disable_{member.id}", icon=":material/block:",
                   disabled=member.id == actor.id):
        st.dialog(text("admin.disable.title"))(_confirm_disable)(actor, member)


def _confirm_disable(actor: services.Actor, member: services.Member) -> None:
    st.markdown(text("admin.disable.what", name=plain(member.nickname)))
    _decide("admin_disable", text("admin.disable.button"),
            lambda: states.told(services.disable_member, actor, member.id, done="admin.disable.done"))


def _decide(key: str, label: str, act: Callable[[], Any]) -> None:
    """Draw the two buttons of a question; what was refused is said on the page."""
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key=f"{key}_no", width="stretch"):
        st.rerun()
    if right.button(label, key=f"{key}_yes", type="primary", width="stretch", on_click=act):
        st.rerun()
