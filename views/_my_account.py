"""My page's third tab: profile, e-mail, password, where one is signed in, and the end of the account.

What a kind of account does not have is said, with what to do about it: with ``AUTH=off`` there are no credentials, a
visitor is known by a cookie alone, an identity provider keeps e-mail and password itself.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

import services
from locales import format_time
from views import _identity, _shared
from views import _my_state as states
from views._shared import plain, text

LONGEST_NICKNAME = 20
LONGEST_BIO = 500
LONGEST_EMAIL = 254
LONGEST_PASSWORD = 200
LONGEST_CODE = 12


def draw() -> None:
    """Draw what this account has, one box after the other."""
    actor = _shared.frame().actor
    me = services.my_account(actor)
    kind = kind_of(me)
    _said(kind)
    with st.container(border=True, gap="small", key="mine_profile"):
        _profile(actor, me)
    if me.has_password:
        left, right = st.columns(2, gap="small")
        with left.container(border=True, height="stretch", gap="small", key="mine_email_box"):
            _email(actor, me)
        with right.container(border=True, height="stretch", gap="small", key="mine_password_box"):
            _password(actor)
    if kind != "operator":
        with st.container(border=True, gap="small", key="mine_sign_ins"):
            _sign_ins(actor, kind)
        with st.container(border=True, gap="small", key="mine_end"):
            _end(actor, me)


def kind_of(me: services.Member) -> str:
    """Return ``operator`` for the local user of ``AUTH=off``, ``visitor``, ``provider``, or ``member``."""
    if me.kind == "local" and services.settings().auth == "off":
        return "operator"
    return {"anonymous": "visitor", "oidc": "provider"}.get(me.kind, "member")


def _said(kind: str) -> None:
    """Say what this kind of account does not have, and the way to it."""
    if kind == "member":
        return
    st.info(text(f"mine.account.{kind}"), icon=":material/info:")
    if kind == "visitor":
        st.button(text("mine.account.keep"), key="mine_keep", icon=":material/download:", on_click=_to_data)


def _to_data() -> None:
    st.session_state["mine_tab"] = text("mine.tab.data")


# profile ------------------------------------------------------------


def _profile(actor: services.Actor, me: services.Member) -> None:
    st.markdown(f"#### {text('mine.profile.title')}")
    st.session_state.setdefault("mine_nickname", me.nickname)
    st.session_state.setdefault("mine_bio", me.bio)
    with st.form("mine_profile_form", border=False):
        st.text_input(text("mine.profile.nickname"), key="mine_nickname", max_chars=LONGEST_NICKNAME,
                      help=text("mine.profile.nickname_help"))
        st.text_area(text("mine.profile.bio"), key="mine_bio", max_chars=LONGEST_BIO, height=90,
                     placeholder=text("mine.profile.bio_hint"))
        st.form_submit_button(text("mine.save"), key="mine_profile_save", icon=":material/save:",
                              on_click=_save_profile, args=(actor, me))


def _save_profile(actor: services.Actor, me: services.Member) -> None:
    state = st.session_state
    nickname, bio = state["mine_nickname"], state["mine_bio"]
    if nickname.strip() != me.nickname and states.told(services.change_nickname, actor, nickname) is None:
        return
    if bio == me.bio or states.told(services.change_bio, actor, bio) is not None:
        state["mine_did"] = "mine.profile.saved"
        for name in ("mine_nickname", "mine_bio"):  # as they are stored
            del state[name]


# e-mail and password ------------------------------------------------------------


def _email(actor: services.Actor, me: services.Member) -> None:
    st.markdown(f"#### {text('mine.email.title')}")
    st.markdown(text("mine.email.now", email=states.address(me.email)))
    if st.session_state.get("mine_email_waits"):
        _code(actor)
        return
    with st.form("mine_email_form", border=False):
        st.text_input(text("mine.email.new"), key="mine_new_email", max_chars=LONGEST_EMAIL, autocomplete="email")
        _secret("mine.password.old", "mine_email_password", "current-password")
        st.form_submit_button(text("mine.email.change"), key="mine_email_go", icon=":material/mail:",
                              on_click=_change_email, args=(actor,))


def _code(actor: services.Actor) -> None:
    st.markdown(text("mine.email.sent"))
    with st.form("mine_code_form", border=False):
        st.text_input(text("mine.email.code"), key="mine_code", max_chars=LONGEST_CODE, autocomplete="one-time-code")
        st.form_submit_button(text("mine.email.confirm"), key="mine_code_go", type="primary", on_click=_confirm_email,
                              args=(actor,))
    st.button(text("common.cancel"), key="mine_code_no", type="tertiary", on_click=st.session_state.pop,
              args=("mine_email_waits", None))


def _change_email(actor: services.Actor) -> None:
    state = st.session_state
    found = states.told(services.request_email_change, actor, _taken("mine_email_password"), state["mine_new_email"],
                        _shared.lang())
    if found is not None:
        state["mine_new_email"] = ""
        state["mine_email_waits"] = found.needs_code
        if not found.needs_code:
            state["mine_did"] = "mine.email.asked"


def _confirm_email(actor: services.Actor) -> None:
    if states.told(services.confirm_email_change, actor, _taken("mine_code"), done="mine.email.changed") is not None:
        st.session_state.pop("mine_email_waits", None)


def _password(actor: services.Actor) -> None:
    st.markdown(f"#### {text('mine.password.title')}")
    with st.form("mine_password_form", border=False):
        _secret("mine.password.old", "mine_old", "current-password")
        _secret("mine.password.new", "mine_new", "new-password", help=text("mine.password.help"))
        _secret("mine.password.again", "mine_again", "new-password")
        st.form_submit_button(text("mine.password.change"), key="mine_password_go", icon=":material/key:",
                              on_click=_change_password, args=(actor,))


def _change_password(actor: services.Actor) -> None:
    old, new, again = (_taken(name) for name in ("mine_old", "mine_new", "mine_again"))
    if new != again:
        st.session_state["mine_told"] = text("mine.password.differ")
        return
    states.told(services.change_password, actor, old, new, _identity.token(), done="mine.password.changed")


def _secret(label: str, key: str, autocomplete: str, **options: Any) -> None:
    st.text_input(text(label), key=key, type="password", max_chars=LONGEST_PASSWORD, autocomplete=autocomplete,
                  **options)


def _taken(key: str) -> str:
    """Return what was typed and forget it: no secret stays in the session."""
    found = str(st.session_state.get(key, ""))
    st.session_state[key] = ""
    return found


# sign-ins ------------------------------------------------------------


def _sign_ins(actor: services.Actor, kind: str) -> None:
    st.markdown(f"#### {text('mine.sign_ins.title')}")
    token = _identity.token()
    found = services.list_sign_ins(actor, token)
    if kind == "provider":
        st.caption(text("mine.sign_ins.provider"))
    for one in found:
        _sign_in(actor, one)
    with st.container(horizontal=True, gap="small"):
        if len(found) > 1:
            st.button(text("mine.sign_ins.others"), key="mine_out_others", icon=":material/devices_off:",
                      on_click=states.told, args=(services.sign_out_everywhere, actor, token),
                      kwargs={"done": "mine.sign_ins.ended"})
        if kind in ("member", "provider"):
            st.button(text("mine.sign_ins.everywhere"), key="mine_out", icon=":material/logout:", on_click=_everywhere,
                      args=(actor, kind))


def _sign_in(actor: services.Actor, one: services.SignIn) -> None:
    here = f" :green-badge[{text('mine.sign_ins.here')}]" if one.current else ""
    operator = f" :violet-badge[{text('who.operator')}]" if one.operator_until is not None else ""
    said = text("mine.sign_ins.seen", seen=format_time(_shared.lang(), one.seen_at), address=plain(one.address or "–"),
                until=_shared.day(one.expires_at.date()))
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small",
                      key=f"mine_sign_in_{one.id}"):
        st.markdown(f"**{plain(one.device or text('mine.sign_ins.unknown'))}**{here}{operator}  \n"
                    f":small[:gray[{said}]]", width="stretch")
        if not one.current:
            st.button(text("mine.sign_ins.end"), key=f"mine_sign_in_end_{one.id}", icon=":material/close:",
                      on_click=states.told, args=(services.end_sign_in, actor, one.id),
                      kwargs={"done": "mine.sign_ins.ended"})


def _everywhere(actor: services.Actor, kind: str) -> None:
    if states.told(services.sign_out_everywhere, actor, None) is not None and kind == "provider":
        st.logout()


# the end ------------------------------------------------------------


def _end(actor: services.Actor, me: services.Member) -> None:
    st.markdown(f"#### {text('mine.end.title')}")
    st.markdown(text("mine.end.what"))
    if st.button(text("mine.end.button"), key="mine_end_open", icon=":material/delete_forever:"):
        st.dialog(text("mine.end.title"))(_confirm)(actor, me)


def _confirm(actor: services.Actor, me: services.Member) -> None:
    """Say what goes for good, and delete the account once that is confirmed by typing."""
    if st.session_state.pop("mine_gone", False):
        st.rerun()
    states.tell()
    st.markdown(text("mine.end.gone"))
    with st.form("mine_end_form", border=False):
        if me.has_password:
            _secret("mine.end.password", "mine_end_typed", "current-password")
        else:
            st.text_input(text("mine.end.nickname", name=plain(me.nickname)), key="mine_end_typed",
                          max_chars=LONGEST_NICKNAME, autocomplete="off")
        st.form_submit_button(text("mine.end.yes"), key="mine_end_yes", type="primary",
                              icon=":material/delete_forever:", on_click=_delete, args=(actor, me))


def _delete(actor: services.Actor, me: services.Member) -> None:
    if states.told(services.delete_account, actor, _taken("mine_end_typed")) is None:
        return
    st.session_state["mine_gone"] = True
    if me.kind == "oidc":  # else what the provider says would open a new account at once
        st.logout()
