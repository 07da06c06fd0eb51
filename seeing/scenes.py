"""Scene and object groups from what the network says, by the table ``scenes.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seeing.network import CLASSES
from support.errors import DataError

FILE = Path(__file__).with_name("scenes.toml")
MOST_SCENES = 3
BEST = 0.08  # probability of its best class below which a group's sum is noise: many classes, none of them seen
Ramps = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class SceneGroup:
    """A scene or kind of object that a picture shows.

    Attributes
    ----------
    name : str
        A table of ``scenes.toml``.
    confidence : float
        0 to 1: the sum of the group's classes, or how clearly the picture looks like it.
    """

    name: str
    confidence: float


@dataclass(frozen=True)
class Look:
    """What a group without classes looks like: the weakest of the ramps, times `most`."""

    most: float
    ramps: Ramps

    def of(self, signs: Mapping[str, float]) -> float:
        """Return how clearly the signs have this look, 0 to `most`."""
        return self.most * min(ramp(signs.get(name, 0.0), *ends) for name, ends in self.ramps.items())


@dataclass(frozen=True)
class Group:
    """One row of the table: its classes, its looks, what speaks against it, and from when on it is named."""

    name: str
    least: float
    classes: NDArray[np.intp]
    looks: tuple[Look, ...]
    unless: Ramps


def ramp(value: float, start: float, end: float) -> float:
    """Return how far `value` is on the way from `start` (0) to `end` (1); `end` may lie below `start`."""
    return min(1.0, max(0.0, (value - start) / (end - start)))


def scenes_of(classes: NDArray[np.float32], signs: Mapping[str, float]) -> tuple[SceneGroup, ...]:
    """Return the groups a picture shows, the surest first, at most three.

    Parameters
    ----------
    classes : ndarray, shape (1000,)
        Probabilities of the classes of ImageNet-1k.
    signs : mapping of str to float
        Cues, ``sky_weather``, ``low_sun``, ``painted`` and ``strange``; see ``scenes.toml``.
    """
    sums = {group.name: _sum(classes[group.classes]) for group in groups()}
    known = {**sums, **signs}
    found = [SceneGroup(group.name, round(sure, 4)) for group in groups()
             if (sure := _confidence(group, sums[group.name], known)) >= group.least]
    return tuple(sorted(found, key=lambda scene: -scene.confidence)[:MOST_SCENES])


def _sum(classes: NDArray[np.float32]) -> float:
    return float(classes.sum()) if classes.max(initial=0) >= BEST else 0.0


def _confidence(group: Group, of_classes: float, signs: Mapping[str, float]) -> float:
    """Return the surest of a group's classes and looks, less what speaks against it."""
    against = min((ramp(signs[name], *ends) for name, ends in group.unless.items()), default=0.0)
    return max([of_classes, *(look.of(signs) for look in group.looks)]) * (1 - against)


@cache
def groups() -> tuple[Group, ...]:
    """Return the rows of the table.

    Raises
    ------
    DataError
        ``image_tags.table``: a class is named twice, is none of the 1,000, or an entry is incomplete.
    """
    try:
        tree = tomllib.loads(FILE.read_text("utf-8"))
        read = [_group(name, row) for name, row in tree.items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError("image_tags.table", path=f"seeing/{FILE.name}", problem=repr(error)) from error
    named = np.concatenate([group.classes for group in read])
    wrong = {int(each) for each in named if np.sum(named == each) > 1 or not 0 <= each < CLASSES}
    if wrong:
        raise DataError("image_tags.table", path=f"seeing/{FILE.name}", problem=f"classes {sorted(wrong)}")
    rest = np.setdiff1d(np.arange(CLASSES), named)
    return tuple(Group(group.name, group.least, rest, group.looks, group.unless) if tree[group.name].get("rest")
                 else group for group in read)


def _group(name: str, row: Mapping[str, Any]) -> Group:
    single = [int(number) for number in row.get("classes", {})]
    runs = [number for run in row.get("ranges", []) for number in range(run["from"], run["to"] + 1)]
    looks = tuple(Look(float(each.get("most", 1.0)), _ramps(each["looks"]))
                  for each in (row, row.get("or", {})) if "looks" in each)
    return Group(name, float(row["least"]), np.array([*single, *runs], dtype=np.intp), looks,
                 _ramps(row.get("unless", {})))


def _ramps(row: Mapping[str, Any]) -> Ramps:
    return {name: (float(ends[0]), float(ends[1])) for name, ends in row.items()}
