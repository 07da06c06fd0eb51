"""From signs (scenes, weather, colour and light) to mood tags, by the table ``links.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from moods.vocabulary import CATEGORIES, vocabulary
from seeing.scenes import Ramps, SceneGroup, groups, ramp
from support.errors import DataError

FILE = Path(__file__).with_name("links.toml")
KINDS = ("scene", "weather", "palette")
NATURE = ("forest", "field", "garden", "mountain", "lake", "sky", "sea")
LEAST = 0.2  # confidence from which a tag is suggested: below it a picture gives no ground
CLOSE = 0.6  # share of the best tag's confidence that others of its category need
MOST_TAGS = 3  # a category
DRAWN = 0.5  # probability of a drawing from which no weather is said
Ground = Literal["seen", "inferred"]


@dataclass(frozen=True)
class PictureTag:
    """A mood tag that a picture suggests.

    Attributes
    ----------
    tag, category : str
        Of `moods.vocabulary`.
    confidence : float
        0 to 1.
    ground : str
        ``seen``: the picture shows it (a beach, rain); ``inferred``: it follows from what is seen by the table.
    why : str
        The strongest sign for it, such as ``scene.sea``; below ``image_tags.`` a key of the locale files.
    """

    tag: str
    category: str
    confidence: float
    ground: Ground
    why: str


@dataclass(frozen=True)
class Row:
    """One sign of the table: when it counts, and the strength of its tags."""

    kind: str
    name: str
    least: float
    looks: Ramps
    tags: Mapping[str, float]
    seen: frozenset[str]

    @property
    def key(self) -> str:
        """Return kind and name."""
        return f"{self.kind}.{self.name}"


@dataclass(frozen=True)
class Evidence:
    """What is known of a picture.

    Attributes
    ----------
    scenes : tuple of SceneGroup
    weather : mapping of str to float
        Probability of each kind; empty where the head does not know such pictures.
    cues : mapping of str to float
        See `seeing.cues`.
    painted : float
        Probability of a drawing.
    """

    scenes: tuple[SceneGroup, ...]
    weather: Mapping[str, float]
    cues: Mapping[str, float]
    painted: float


def tags_of(evidence: Evidence) -> tuple[PictureTag, ...]:
    """Return the tags that the evidence speaks for: by category, the surest first, one to three each or none."""
    signs = [(row, strength) for row in rows() if (strength := _strength(row, evidence)) > 0]
    names = dict.fromkeys(tag for row, _ in signs for tag in row.tags)
    found = [_joined(tag, signs) for tag in names]
    return tuple(tag for category in CATEGORIES for tag in _best([each for each in found if each.category == category]))


def _joined(tag: str, signs: Sequence[tuple[Row, float]]) -> PictureTag:
    """Return a tag with all that speaks for it: 1 - product of (1 - sign x link)."""
    shares = [(strength * row.tags[tag], row) for row, strength in signs if tag in row.tags]
    doubt = 1.0
    for share, _ in shares:
        doubt *= 1 - share
    best = max(shares, key=lambda each: each[0])[1]
    return PictureTag(tag, vocabulary().category_of(tag), round(1 - doubt, 4),
                      "seen" if tag in best.seen else "inferred", best.key)


def _best(tags: list[PictureTag]) -> list[PictureTag]:
    ranked = sorted(tags, key=lambda tag: -tag.confidence)
    return [tag for tag in ranked[:MOST_TAGS] if tag.confidence >= max(LEAST, CLOSE * ranked[0].confidence)]


def _strength(row: Row, evidence: Evidence) -> float:
    """Return how strongly a row's sign is there, 0 to 1."""
    scenes = {scene.name: scene.confidence for scene in evidence.scenes}
    known = {**dict.fromkeys((group.name for group in groups()), 0.0), **scenes, **evidence.cues,
             "painted": evidence.painted, "nature": max(scenes.get(name, 0.0) for name in NATURE),
             "sunny": evidence.weather.get("shine", 0.0)}
    allowed = min((ramp(known[name], *ends) for name, ends in row.looks.items()), default=1.0)
    if row.kind == "palette":
        return allowed
    if row.kind == "scene":
        return scenes.get(row.name, 0.0)
    hidden = evidence.painted >= DRAWN or any(name in scenes for name in inside())
    probability = evidence.weather.get(row.name, 0.0)
    return 0.0 if hidden or probability < row.least else probability * allowed


@cache
def rows() -> tuple[Row, ...]:
    """Return the rows of the table.

    Raises
    ------
    DataError
        ``image_tags.table``: a tag or scene that is not known, a tag in another category than its own, a strength
        outside 0 to 1.
    """
    try:
        tree = _tree()
        return tuple(_row(kind, name, entry) for kind in KINDS for name, entry in tree[kind].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError("image_tags.table", path=f"seeing/{FILE.name}", problem=repr(error)) from error


@cache
def inside() -> frozenset[str]:
    """Return the scenes beside which no weather is said."""
    return frozenset(_tree()["inside"])


@cache
def _tree() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))


def _row(kind: str, name: str, entry: Mapping[str, Any]) -> Row:
    tags = {tag: float(link) for category in CATEGORIES for tag, link in entry.get(category, {}).items()}
    astray = [tag for category in CATEGORIES for tag in entry.get(category, {})
              if vocabulary().category_of(tag) != category]
    unknown = set(entry) - {*CATEGORIES, "least", "looks", "seen"}
    if kind == "scene" and name not in {group.name for group in groups()}:
        unknown.add(name)
    wrong = [*astray, *unknown, *(set(entry.get("seen", [])) - set(tags)),
             *(tag for tag, link in tags.items() if not 0 < link <= 1)]
    if wrong:
        raise ValueError(f"{kind}.{name}: {wrong}")
    looks = {cue: (float(ends[0]), float(ends[1])) for cue, ends in entry.get("looks", {}).items()}
    return Row(kind, name, float(entry.get("least", 0.0)), looks, tags, frozenset(entry.get("seen", [])))
