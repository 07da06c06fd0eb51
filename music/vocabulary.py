"""The words of background music: genres, instruments, moods and textures, in Korean and English.

Data lie in ``words/*.toml``, one entry a line. Within one kind no name, alias or id means two things, and a name or
alias means one thing across all kinds, so that a caption can be read back. Names are compared without case, spaces
and marks (`fold`).

Conventions: tempo is beats a minute as a genre is usually counted; pitches are MIDI numbers (60 is middle C);
programs are General MIDI's, 0 to 127; feelings lie on the circumplex of Russell (1980), -1 to 1, by judgement.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from music.wish import Feel
from support.errors import DataError, NotFound

KINDS = ("genres", "instruments", "moods", "textures")
STYLES = ("acoustic", "blues", "dance", "disco", "edm", "folk", "hip_hop", "jazz", "gugak", "lofi", "children",
          "new_age", "orchestral", "pop", "rock")
"""The styles that are composed; each is also a genre of the same id."""
FAMILIES = ("keys", "plucked", "strings", "brass", "reeds", "winds", "synth", "mallets", "drums", "percussion", "voice",
            "traditional")
FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class Texture:
    """A background sound: id, names, and other ways to say it in either language."""

    id: str
    ko: str
    en: str
    popular: bool
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Genre:
    """A genre.

    ``style`` is the nearest of `STYLES`; ``bpm`` slow, medium and fast. ``swing`` (0 straight to 1 triplets), ``modes``
    (weights by mode) and ``meter`` are None, and ``palette`` (instruments by role, best first) lacks a role, where the
    style's own hold; a role with no instrument in the palette is silent. ``tonal`` is False where no key is heard.
    """

    id: str
    ko: str
    en: str
    popular: bool
    aliases: tuple[str, ...]
    style: str
    bpm: tuple[float, float, float]
    swing: float | None
    modes: Mapping[str, float] | None
    meter: str | None
    palette: Mapping[str, tuple[str, ...]]
    tonal: bool


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument.

    ``program`` is the General MIDI program, ``low`` to ``high`` the playable range, ``roles`` what it does, best first
    (`music.score.ROLES`). With ``kit`` its notes are General MIDI drum notes, ``low`` to ``high`` those it sounds, and
    ``program`` the drum kit; None is the gugak kit. ``nearest``: General MIDI has only a neighbour of it.
    """

    id: str
    ko: str
    en: str
    popular: bool
    aliases: tuple[str, ...]
    program: int | None
    kit: bool
    roles: tuple[str, ...]
    low: int
    high: int
    family: str
    nearest: bool


@dataclass(frozen=True, slots=True)
class Mood:
    """A mood: its feeling (each -1 to 1), how much a bright mode is wished (0 to 1), and the id of its opposite."""

    id: str
    ko: str
    en: str
    popular: bool
    aliases: tuple[str, ...]
    valence: float
    arousal: float
    density: float
    register: float
    dynamics: float
    major: float | None
    opposite: str | None

    @property
    def feel(self) -> Feel:
        """Its feeling as a wish has it."""
        return Feel(self.valence, self.arousal, self.density, self.register, self.dynamics)


Listed = TypeVar("Listed", bound=Genre | Instrument | Mood)
RANKS: tuple[Callable[[str, str], bool], ...] = (str.__eq__, str.startswith, str.__contains__)
"""How a name matches a search, best first."""
Entry = Genre | Instrument | Mood | Texture


@cache
def genres() -> Mapping[str, Genre]:
    """Return all genres by id: the popular ones in their order, then by English name."""
    return _sorted({name: _genre(name, row) for name, row in _rows("genres").items()})


@cache
def instruments() -> Mapping[str, Instrument]:
    """Return all instruments by id: the popular ones in their order, then by English name."""
    return _sorted({name: _instrument(name, row) for name, row in _rows("instruments").items()})


@cache
def moods() -> Mapping[str, Mood]:
    """Return all moods by id: the popular ones in their order, then by English name."""
    return _sorted({name: _mood(name, row) for name, row in _rows("moods").items()})


@cache
def textures() -> Mapping[str, Texture]:
    """Return all textures by id."""
    return {name: Texture(name, row["ko"], row["en"], False, tuple(row["aliases"]))
            for name, row in _rows("textures").items()}


def entries(kind: str) -> Mapping[str, Entry]:
    """Return all entries of one of `KINDS` by id.

    Raises
    ------
    DataError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise DataError("bgm_words.kind", kind=kind, accepted=", ".join(KINDS))
    listed: dict[str, Callable[[], Mapping[str, Entry]]] = {
        "genres": genres, "instruments": instruments, "moods": moods, "textures": textures}
    return listed[kind]()


def entry(kind: str, name: str) -> Entry:
    """Return one entry by its id.

    Raises
    ------
    NotFound
        If the kind has no such id.
    DataError
        If there is no such kind.
    """
    found = entries(kind).get(name)
    if found is None:
        raise NotFound("bgm_words.entry", name=name, kind=kind)
    return found


def find(kind: str, text: str) -> list[Entry]:
    """Return the entries of a kind that a text names or begins or is part of, in either language.

    Case, spaces and marks do not count. Exact names come first, then names that begin with the text, then names that
    hold it; among equals the order of `entries`. A blank text finds all.

    Raises
    ------
    DataError
        If there is no such kind.
    """
    if not text.strip():
        return list(entries(kind).values())
    wanted = fold(text)
    ranked = [(_rank(wanted, one), place, one) for place, one in enumerate(entries(kind).values())]
    return [one for rank, _, one in sorted(ranked, key=lambda row: row[:2]) if rank < len(RANKS)]


def fold(text: str) -> str:
    """Return a text without case, spaces and marks: ``Lo-Fi`` and ``lofi`` are the same."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if char.isalnum())


def names_of(one: Entry) -> tuple[str, ...]:
    """Return every way to say an entry: Korean, English, aliases, and its id."""
    return (one.ko, one.en, *one.aliases, one.id)


def _rank(wanted: str, one: Entry) -> int:
    """Return the place of the best match among `RANKS`, or their number where there is none."""
    if not wanted:
        return len(RANKS)
    names = [fold(name) for name in names_of(one)]
    return next((place for place, matches in enumerate(RANKS) if any(matches(name, wanted) for name in names)),
                len(RANKS))


@cache
def _rows(kind: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((FOLDER / f"{kind}.toml").read_text("utf-8"))


def _sorted(rows: dict[str, Listed]) -> dict[str, Listed]:
    """Return the popular ones as the file has them, then the others by English name."""
    popular = [one for one in rows.values() if one.popular]
    others = sorted((one for one in rows.values() if not one.popular), key=lambda one: one.en.casefold())
    return {one.id: one for one in [*popular, *others]}


def _genre(name: str, row: Mapping[str, Any]) -> Genre:
    slow, medium, fast = (float(value) for value in row["bpm"])
    palette = {role: tuple(names) for role, names in row.get("palette", {}).items()}
    return Genre(name, row["ko"], row["en"], row.get("popular", False), tuple(row["aliases"]), row["style"],
                 (slow, medium, fast), row.get("swing"), row.get("modes"), row.get("meter"), palette,
                 row.get("tonal", True))


def _instrument(name: str, row: Mapping[str, Any]) -> Instrument:
    low, high = row["range"]
    return Instrument(name, row["ko"], row["en"], row.get("popular", False), tuple(row["aliases"]), row.get("program"),
                      row.get("kit", False), tuple(row["roles"]), low, high, row["family"], row.get("nearest", False))


def _mood(name: str, row: Mapping[str, Any]) -> Mood:
    valence, arousal, density, register, dynamics = row["feel"]
    return Mood(name, row["ko"], row["en"], row.get("popular", False), tuple(row["aliases"]), valence, arousal,
                density, register, dynamics, row.get("major"), row.get("opposite"))
