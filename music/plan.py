"""A plan: everything a score follows from. The same plan gives the same notes and the same sound.

Every section and every part draws from a random stream of its own, named by the seed, the section's ``id`` and
``take``, and the part's role and ``take``: so one section or one instrument changes while the rest stays as it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from music.wish import Feel


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its lasting id, name, bars, energy from 0 to 1, and how often it was made anew (``take``)."""

    id: int
    name: str
    bars: int
    energy: float
    take: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One instrument in its role, and how often it was made anew."""

    role: str
    instrument: str
    take: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be composed, decided in full.

    ``style`` is one of the fifteen of `music.style`; ``genre`` the id that was asked for. ``bpm``, ``seconds`` and the
    sections' bars agree: a loop is exactly its bars long, an ending leaves less than a bar after them. ``swing`` goes
    from 0 (straight) to 1 (triplets).
    """

    style: str
    genre: str
    moods: tuple[str, ...]
    tonic: int
    mode: str
    meter: str
    bpm: float
    swing: float
    sections: tuple[Section, ...]
    parts: tuple[Part, ...]
    loop: bool
    seconds: float
    loudness: float
    seed: int
    feel: Feel
    textures: tuple[str, ...] = ()

    def stream(self, *names: object) -> np.random.Generator:
        """Return the random stream of these names under this plan's seed."""
        words = [zlib.crc32(repr(name).encode()) for name in names]
        return np.random.default_rng([self.seed & 0xFFFF_FFFF, *words])

    def part(self, role: str) -> Part | None:
        """Return the part of a role, or None where nothing plays it."""
        return next((part for part in self.parts if part.role == role), None)


def as_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data; `from_json` reads it back."""
    return asdict(plan)


def from_json(data: Mapping[str, Any]) -> Plan:
    """Return the plan that `as_json` wrote."""
    known = dict(data)
    return Plan(**{**known, "moods": tuple(known["moods"]), "textures": tuple(known.get("textures", ())),
                   "sections": tuple(Section(**one) for one in known["sections"]),
                   "parts": tuple(Part(**one) for one in known["parts"]), "feel": Feel(**known["feel"])})
