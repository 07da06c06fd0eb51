"""Who looks: settled anew at every run from the browser's cookie, and what is shown to whom nobody knows.

Nothing of it is kept in the session but whom the session is of: where that changes (signed in or out in another tab,
another browser that takes the session up), what the session holds of the one before is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

import services
from support import origins
from support.errors import AppError
from support.origins import Origin
from views import _shared
from views._shared import plain, text

SIGN_IN, OPERATOR = "/account/sign-in", "/account/operator"
GUESTS_PAGE = "song_dossier"
"""Page that a link with ``?share=`` shows to everybody."""
OF_NOBODY = frozenset({"app_lang", "app_lang_now", "url_app_lang", "seen_app_lang", "app_url", "app_url_at",
                       "app_settled", "app_pages", "app_plain_token"})
"""What a session keeps whoever it is of: its language and the like."""
_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Found:
    """Who looks; nobody where `actor` is None, and then `refused` may say why.

    Attributes
    ----------
    actor : Actor or None
    origin : Origin
    whole : bool
        Whether the whole server runs, doors and all, and not the pages alone (``streamlit run app.py``).
    refused : AppError or None
    """

    actor: services.Actor | None
    origin: Origin
    whole: bool
    refused: AppError | None = None


def settle() -> Found:
    """Return who looks; forget what the session holds of somebody else, and run anew."""
    found = look()
    _keep_apart(found.actor)
    return found


def look() -> Found:
    """Return who looks."""
    origin, whole = _origin()
    auth = services.settings().auth
    try:
        if auth == "off" and not origin.local and not whole:
            return Found(_of_this_tab(), origin, whole)
        claims = _claims() if auth == "oidc" else None
        return Found(services.who(token() if whole else None, local=origin.local, claims=claims), origin, whole)
    except AppError as error:
        return Found(None, origin, whole, error)


def token() -> str | None:
    """Return the token of this browser's sign-in cookie, or with the pages alone that of this tab."""
    origin, whole = _origin()
    if not whole:
        return st.session_state.get("app_plain_token")
    return st.context.cookies.to_dict().get(origins.cookie_name(origin.secure))


def whole() -> bool:
    """Return whether the whole server runs, with the addresses below ``/account``, and not the pages alone."""
    return _origin()[1]


def changed(actor: services.Actor) -> bool:
    """Return whether a part of a page that runs alone is no longer looked at by `actor`, with the same rights."""
    context = get_script_run_ctx(suppress_warning=True)
    return bool(context and context.fragment_ids_this_run) and look().actor != actor


def _origin() -> tuple[Origin, bool]:
    """Return where this browser is, and whether the whole server runs: only that has the seal."""
    headers = {name.lower(): value for name, value in st.context.headers.to_dict().items()}
    sealed = origins.unseal(headers.get(origins.HEADER))
    if sealed is not None:
        return sealed, True
    peer = st.context.ip_address or "127.0.0.1"  # Streamlit says None for a loopback address
    local = origins.is_local(peer, st.get_option("server.address"), headers)
    return Origin("", False, local), False


def _of_this_tab() -> services.Actor | None:
    """Return the anonymous analyst of this tab: without the server's middleware there is no cookie to know it by."""
    actor = services.who(st.session_state.get("app_plain_token"), local=False)
    if actor is None:
        opened = services.open_anonymous(services.Place(), _shared.lang())
        st.session_state["app_plain_token"] = opened.token
        actor = opened.actor
    return actor


def _claims() -> Mapping[str, Any] | None:
    """Return what the identity provider has said of this browser's user."""
    said = st.user.to_dict()
    return said if said.get("is_logged_in") else None


def _keep_apart(actor: services.Actor | None) -> None:
    now = (actor.kind, actor.id) if actor else None
    before = st.session_state.get("app_who", _UNKNOWN)
    st.session_state["app_who"] = now
    if before is _UNKNOWN or before == now:
        return
    for name in [str(name) for name in st.session_state if name not in OF_NOBODY | {"app_who"}]:
        del st.session_state[name]
    st.session_state["app_was_here"] = now is None
    if now is not None:  # else the way in is drawn at once; a run anew would lose st.logout's way out
        st.rerun()


# what is shown to whom nobody knows ------------------------------------------------------------


def shares(page: str) -> bool:
    """Return whether the page is one that a link shows to everybody."""
    return page == GUESTS_PAGE and bool(st.query_params.get("share"))


def welcome(found: Found) -> None:
    """Draw the way in, in place of a page."""
    with st.container(width=560, horizontal_alignment="left"):
        auth = services.settings().auth
        if auth == "off":
            _box("who.no_cookie", found.refused)
            link(text("who.reload"), _here(), primary=True)
        elif auth == "oidc":
            _provider(found)
        elif not found.whole:
            _box("who.plain_auth", None)
        else:
            _box("who.signed_out" if st.session_state.get("app_was_here") else "who.welcome", found.refused)
            link(text("who.sign_in"), _door(SIGN_IN), primary=True)
            link(text("who.sign_up"), _door("/account/sign-up"))


def _box(key: str, refused: AppError | None) -> None:
    st.title(text("who.refused_title") if refused else text(key if key in ("who.signed_out", "who.welcome")
                                                            else f"{key}_title"))
    if refused:
        _shared.error_box(refused)
    else:
        st.markdown(text(f"{key}_body"))


def _provider(found: Found) -> None:
    """Draw the buttons that lead to the identity providers, or what is missing for that."""
    names = providers()
    if names is None:
        st.title(text("who.unset_title"))
        st.warning(text("who.unset_body"), icon=":material/key_off:")
        return
    _box("who.welcome", found.refused)
    for name in names:
        label = text("who.provider", provider=plain(name.capitalize())) if name else text("who.provider_any")
        st.button(label, key=f"who_login_{name}", type="primary", icon=":material/login:", on_click=st.login,
                  args=(name,) if name else ())
    if found.refused:
        st.button(text("who.sign_out"), key="who_logout", icon=":material/logout:", on_click=st.logout)


def providers() -> tuple[str, ...] | None:
    """Return the names of the identity providers, ``""`` for the only one; None where they are not set up."""
    try:
        section = dict(st.secrets["auth"])
    except (KeyError, FileNotFoundError):
        return None
    if not section.get("redirect_uri") or not section.get("cookie_secret"):
        return None
    if section.get("client_id") and section.get("server_metadata_url"):
        return ("",)
    named = tuple(name for name, value in section.items() if isinstance(value, Mapping) and value.get("client_id"))
    return named or None


# what is shown to whom is known ------------------------------------------------------------


def notice(found: Found) -> None:
    """Say once a session what being an anonymous analyst means, and the way to more rights."""
    actor = found.actor
    if actor is None or actor.kind != "anonymous" or st.session_state.get("app_notice_read"):
        return
    with st.container(border=True, key="who_notice"):
        left, right = st.columns([12, 1], vertical_alignment="top")
        left.markdown(f":material/person: **{text('who.notice_title', name=plain(actor.name))}**  \n"
                      f"{text('who.notice_kept' if found.whole else 'who.notice_plain')} {_rights(actor, found)}")
        right.button("", key="who_notice_read", icon=":material/close:", type="tertiary", help=text("common.close"),
                     on_click=st.session_state.__setitem__, args=("app_notice_read", True))


def _rights(actor: services.Actor, found: Found) -> str:
    if actor.role == "administrator":
        return text("who.notice_unlocked", address=_door(OPERATOR))
    if services.settings().admin_password and found.whole:
        return text("who.notice_password", address=_door(OPERATOR))
    return text("who.notice_unset")


def corner(found: Found) -> None:
    """Draw who looks at the bottom of the sidebar, with the way to one's own page and out."""
    actor = found.actor
    if actor is None:
        return
    local = actor.kind == "local" and services.settings().auth == "off"
    name = text("who.local") if local else plain(actor.name)
    with st.container(key="who_corner", gap="xsmall"):
        st.markdown(f":material/account_circle: **{name}**" + ("" if local else
                                                              f" :gray-badge[{text(f'role.{actor.role}')}]"))
        if "my_page" in _shared.pages():
            st.page_link("views/my_page.py", label=text("who.my_page"), icon=":material/person:")
        if actor.kind == "anonymous" and found.whole and services.settings().admin_password:
            link(text("who.operator"), _door(OPERATOR))
        if not local and actor.kind in ("member", "local", "oidc") and st.button(
                text("who.sign_out"), key="who_sign_out", icon=":material/logout:", width="stretch"):
            sign_out()


def sign_out() -> None:
    """End this browser's sign-in; its cookie means nothing from then on."""
    if services.settings().auth == "oidc":
        st.logout()
        st.stop()  # what leads the browser out is lost where another run begins
    services.sign_out(token())
    st.rerun()


def _door(path: str) -> str:
    """Return the address of a door that leads back to this page."""
    return f"{path}?{urlencode({'next': _here(), 'lang': _shared.lang()})}"


def _here() -> str:
    """Return the path and the query of this page."""
    query = urlencode([(name, value) for name in st.query_params for value in st.query_params.get_all(name)])
    return (urlsplit(st.context.url or "/").path or "/") + (f"?{query}" if query else "")


def link(label: str, address: str, *, primary: bool = False) -> None:
    """Draw a link that stays in this tab: Streamlit's own link button opens another one."""
    st.html(f'<a class="who-link{" who-first" if primary else ""}" href="{_escaped(address)}" target="_self">'
            f"{_escaped(label)}</a>{STYLE}")


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


STYLE = """<style>
.who-link {display: block; padding: .5rem .75rem; border: 1px solid rgba(128, 118, 160, .45); border-radius: .5rem;
           text-align: center; text-decoration: none; color: inherit; font-size: .9rem}
.who-link:hover {border-color: #6741d9}
.who-first {background: #6741d9; border-color: #6741d9; color: #fff !important; font-weight: 600}
</style>"""
"""In the colours of .streamlit/config.toml; white on the violet has 6.3:1 in both themes."""
