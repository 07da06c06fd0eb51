"""Who acts: actors, their roles, and what each role may do; what an account's address, password and name must be.

Every service that reads private things or changes anything takes an `Actor` first. With ``AUTH=off`` that is the
local administrator, who is in the database from the first migration (id 1), where the server is asked from its own
machine, and an anonymous analyst a browser elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from membership.addresses import network_of, normalise_email, validate_email
from membership.codes import hash_code, hash_token, new_code, new_token, proof, same_code, same_text
from membership.nicknames import made_up, nickname_from, nickname_key, validate_bio, validate_nickname
from membership.passwords import (
    dummy_verify,
    hash_password,
    is_common,
    needs_rehash,
    validate_password,
    verify_password,
)
from support.errors import NotAllowed

__all__ = [
    "ACTS", "ADMINISTRATOR_ONLY", "Actor", "GUEST", "LOCAL_ADMINISTRATOR", "NOT_FOR_VIEWERS", "ROLES", "dummy_verify",
    "hash_code", "hash_password", "hash_token", "is_common", "made_up", "may", "needs_rehash", "network_of", "new_code",
    "new_token", "nickname_from", "nickname_key", "normalise_email", "proof", "require", "same_code", "same_text",
    "validate_bio", "validate_email", "validate_nickname", "validate_password", "verify_password",
]

ROLES = ("viewer", "analyst", "administrator")
ADMINISTRATOR_ONLY = frozenset({"sync", "delete", "import", "train", "settings", "upload", "moderate", "people"})
NOT_FOR_VIEWERS = frozenset({"alert", "audition", "catalogue", "picture", "playlist", "predict", "bgm", "dossier",
                             "post"})
FOR_ALL = frozenset({"like"})
ACTS = tuple(sorted(ADMINISTRATOR_ONLY | NOT_FOR_VIEWERS | FOR_ALL))
"""Every act there is."""


@dataclass(frozen=True, slots=True)
class Actor:
    """The person on whose behalf a service acts.

    Attributes
    ----------
    id : int
        0 for a guest, who is in no table.
    role : str
        One of `ROLES`.
    name : str
        Nickname.
    kind : str
        ``local``, ``member``, ``anonymous``, ``oidc``; ``guest``: reads what a link shows and does nothing.
    """

    id: int
    role: str
    name: str
    kind: str = "local"


LOCAL_ADMINISTRATOR = Actor(id=1, role="administrator", name="local")
GUEST = Actor(id=0, role="viewer", name="guest", kind="guest")


def may(actor: Actor, act: str) -> bool:
    """Return whether `actor` may do `act`.

    ``sync``, ``delete``, ``import``, ``train``, ``settings``, ``upload``, ``moderate`` and ``people`` (roles,
    disabling accounts, the audit trail) take an administrator; ``alert``, ``audition``, ``catalogue`` (editing tags),
    ``picture``, ``playlist``, ``predict``, ``bgm``, ``dossier`` (sharing one, adding to one) and ``post`` (posts and
    comments) are not for viewers; ``like`` (also reporting a post) is for all but guests, who may nothing.
    """
    if actor.kind == "guest":
        return False
    return actor.role == "administrator" or (
        act not in ADMINISTRATOR_ONLY and not (actor.role == "viewer" and act in NOT_FOR_VIEWERS))


def require(actor: Actor, act: str) -> None:
    """Check that `actor` may do `act`.

    Raises
    ------
    NotAllowed
        If the role does not permit it.
    """
    if not may(actor, act):
        raise NotAllowed("not_allowed", role=actor.role, act=act)
