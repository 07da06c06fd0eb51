"""Who acts: actors, their roles, and what each role may do.

Every service that reads private things or changes anything takes an `Actor` first. With ``AUTH=off`` that is the
local administrator, who is in the database from the first migration (id 1).
"""

from __future__ import annotations

from dataclasses import dataclass

from support.errors import NotAllowed

ROLES = ("viewer", "analyst", "administrator")
ADMINISTRATOR_ONLY = frozenset({"sync", "delete", "import", "train", "settings", "upload", "moderate"})
NOT_FOR_VIEWERS = frozenset({"alert", "audition", "catalogue", "picture", "playlist", "predict", "bgm", "dossier"})


@dataclass(frozen=True, slots=True)
class Actor:
    """The person on whose behalf a service acts."""

    id: int
    role: str
    name: str


LOCAL_ADMINISTRATOR = Actor(id=1, role="administrator", name="local")


def may(actor: Actor, act: str) -> bool:
    """Return whether `actor` may do `act`.

    ``sync``, ``delete``, ``import``, ``train``, ``settings``, ``upload`` and ``moderate`` take an administrator;
    ``alert``, ``audition``, ``catalogue`` (editing tags), ``picture``, ``playlist``, ``predict``, ``bgm`` and
    ``dossier`` (sharing one, adding to one) are not for viewers.
    """
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
