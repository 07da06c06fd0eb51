"""Who asks, by the way accounts are configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import config
from accounts import LOCAL_ADMINISTRATOR, Actor
from usecases.sign_in import actor_by_token, oidc_actor


def who(token: str | None, *, local: bool, claims: Mapping[str, Any] | None = None) -> Actor | None:
    """Return who asks; None: nobody who is known.

    Parameters
    ----------
    token : str or None
        Of the sign-in cookie.
    local : bool
        Whether the operator asks from this machine (`support.origins.is_local`).
    claims : mapping of str to Any, optional
        What an identity provider says, where one has signed somebody in.

    Raises
    ------
    DataError
        If what an identity provider says names nobody.
    NotAllowed
        If the account at the identity provider is disabled here, or was signed out everywhere.
    """
    auth = config.load().auth
    if auth == "oidc":
        return oidc_actor(claims) if claims else None
    if auth == "off" and local:
        return LOCAL_ADMINISTRATOR
    return actor_by_token(token)
