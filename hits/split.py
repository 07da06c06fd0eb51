"""Splits of tracks into training, validation and test that no artist and no later day leaks through.

Task: decide which tracks a model learns from, which it is stopped and calibrated by, and which it is judged on, so that
what is measured holds for artists it has never heard.

Conventions: a group is what shares an artist, directly or through others ("A feat. B" joins A and B); groups stay
whole. Where every track has a date, groups are ordered by their median day: the newest are the test, those before them
the validation, so that a model is judged on what came after (single tracks of a long career may still be older than
some it learned from). Else groups are dealt out so that sizes and shares of hits come out alike. The same rows give
the same split. Sides hold positions in the list of rows, ascending.

What is here
------------
names_of       the artists of a track, by the key of `ingest.names.normalise`
groups_of      one number a track: equal where tracks share an artist
facts_of       tracks, hits, artists and days of each side
split          training, validation and test
check_split    raises where an artist is on two sides; every fit calls it
check_classes  raises where a side has too few hits or others
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hits.calibration import FEWEST
from ingest.names import normalise
from support.errors import DataError

Places = NDArray[np.intp]
VALIDATION, TEST, LARGEST_VALIDATION = 0.15, 0.15, 0.3
LEAST, LEAST_OF_CLASS, LEAST_ARTISTS = 80, 40, 12
"""Tracks, hits (and others) and artists below which a network is not trained at all; real use takes thousands."""
TO_CALIBRATE, AIMED = FEWEST, 13
"""Hits and others the validation must hold, and how many it is made large enough for."""
SLACK = (0.7, 1.4)
"""How far a side may be from its size, as a factor, for the sake of a share of hits like that of all."""
_OPEN = r"[(\[（【]\s*"
_FEATURING = re.compile(rf"(?:{_OPEN})?\b(?:featuring|feat|ft|with)\b[.:]?\s+|(?:{_OPEN})?\b(?:feat|ft)\.|\b피처링\b",
                        re.IGNORECASE)
_GUESTS = re.compile(rf"{_OPEN}(?:featuring|feat|ft|with|duet with|피처링)\b[.:]*([^)\]）】]+)|\s(?:feat|ft)\.\s*(.+)",
                     re.IGNORECASE)
"""In a title."""
_JOINTS = re.compile(r"\s*[&＆+,、;/|·×✕()\[\]（）【】]\s*|\s+(?:x|vs\.?|and)\s+", re.IGNORECASE)


class Track(Protocol):
    """What a split needs to know of a row; `hits.manifest.Row` is one."""

    @property
    def artist(self) -> str:
        """Artists as written."""

    @property
    def title(self) -> str:
        """Title as written; it may name guests."""

    @property
    def hit(self) -> bool:
        """The label."""

    @property
    def date(self) -> date | None:
        """Day the track came out."""


@dataclass(frozen=True, slots=True)
class Split:
    """Positions of rows.

    Attributes
    ----------
    train, validation, test : ndarray of intp
        Ascending.
    by_date : bool
        The test is what came out last.
    """

    train: Places
    validation: Places
    test: Places
    by_date: bool = False

    @property
    def sides(self) -> dict[str, Places]:
        """The three by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def names_of(artist: str, title: str = "") -> tuple[str, ...]:
    """Return the keys of everyone a track is by: the whole name and its parts, and guests the title names.

    Parting too much only keeps more tracks together.

    >>> names_of("A feat. B", "Song (with C)")
    ('a', 'afeatb', 'b', 'c')
    """
    guests = [found[1] or found[2] for found in _GUESTS.finditer(title)]
    whole = _FEATURING.sub(" & ", artist)
    pieces = [piece for text in (whole, *guests) for piece in _JOINTS.split(text)]
    return tuple(sorted({key for text in (artist, *pieces) if (key := normalise(text or ""))}))


def groups_of(rows: Sequence[Track]) -> Places:
    """Return a number for each row: equal where rows share an artist, directly or through other rows."""
    parents: dict[str, str] = {}

    def root(name: str) -> str:
        while parents.setdefault(name, name) != name:
            parents[name] = parents[parents[name]]
            name = parents[name]
        return name

    firsts = []
    for place, row in enumerate(rows):
        names = names_of(row.artist, row.title) or (f"\0{place}",)
        first = root(names[0])
        for name in names[1:]:
            parents[root(name)] = first
        firsts.append(names[0])
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(root(name), len(numbers)) for name in firsts], np.intp)


def split(rows: Sequence[Track], *, validation: float | None = None, test: float = TEST, seed: int = 0,
          least: int = LEAST, least_of_class: int = LEAST_OF_CLASS, least_artists: int = LEAST_ARTISTS) -> Split:
    """Return a split of the rows.

    Parameters
    ----------
    rows : sequence of Track
    validation : float, optional
        Share of the rows, as near as whole groups allow; by default `VALIDATION`, and more (to `LARGEST_VALIDATION`)
        where that would leave too few hits or others to calibrate by.
    test : float
        The same for the test; the rest is for training.
    seed : int
        Decides between equal choices where rows have no dates.
    least, least_of_class, least_artists : int
        Rows, rows of either label and groups of artists below which there is none.

    Raises
    ------
    DataError
        ``hit_split.few`` if there are fewer, ``hit_split.classes`` if a side would lack hits or others (the validation:
        have fewer than `TO_CALIBRATE` of either).
    """
    labels = np.array([row.hit for row in rows], bool)
    groups = groups_of(rows)
    count, hits, artists = len(rows), int(labels.sum()), len(np.unique(groups))
    if count < least or min(hits, count - hits) < least_of_class or artists < least_artists:
        raise DataError("hit_split.few", rows=count, hits=hits, artists=artists, least=least,
                        least_class=least_of_class, least_artists=least_artists)
    if validation is None:
        validation = min(LARGEST_VALIDATION, max(VALIDATION, AIMED / min(hits, count - hits)))
    days = [row.date for row in rows]
    dated = all(day is not None for day in days)
    goals = {"test": test * count, "validation": validation * count}
    if dated:
        ordinals = np.array([day.toordinal() for day in days if day is not None])
        sides = _by_date(groups, labels, ordinals, goals)
    else:
        sides = _dealt(groups, labels, {"train": count - sum(goals.values()), **goals}, _order(rows, groups, seed))
    train, checking, judging = (np.flatnonzero(sides == place) for place in range(3))
    found = Split(train, checking, judging, by_date=dated)
    check_classes(found, rows)
    check_split(found, rows)
    return found


def check_split(found: Split, rows: Sequence[Track]) -> None:
    """Make sure that no artist and no row is on two sides.

    Raises
    ------
    DataError
        ``hit_split.artists`` or ``hit_split.rows``.
    """
    places = np.concatenate(list(found.sides.values()))
    if len(np.unique(places)) != len(places) or (len(places) and not 0 <= places.min() <= places.max() < len(rows)):
        raise DataError("hit_split.rows")
    groups = groups_of(rows)
    seen: dict[int, str] = {}
    for name, side in found.sides.items():
        for place in side:
            first = seen.setdefault(int(groups[place]), name)
            if first != name:
                raise DataError("hit_split.artists", artist=rows[place].artist, first=first, second=name)


def facts_of(found: Split, rows: Sequence[Track]) -> dict[str, Any]:
    """Return what a card says of a split: tracks, hits, artists and days of each side."""
    groups = groups_of(rows)
    return {"by_date": found.by_date,
            **{name: _side_facts([rows[place] for place in side], groups[side]) for name, side in found.sides.items()}}


def _side_facts(rows: Sequence[Track], groups: Places) -> dict[str, Any]:
    days = sorted(row.date for row in rows if row.date is not None)
    return {"tracks": len(rows), "hits": sum(row.hit for row in rows), "artists": len(np.unique(groups)),
            "from": days[0].isoformat() if days else None, "to": days[-1].isoformat() if days else None}


def check_classes(found: Split, rows: Sequence[Track]) -> None:
    """Make sure that there are hits and others on every side, and enough in the validation to calibrate by.

    Raises
    ------
    DataError
        ``hit_split.classes``.
    """
    for name, side in found.sides.items():
        hits, least = sum(rows[place].hit for place in side), TO_CALIBRATE if name == "validation" else 1
        if min(hits, len(side) - hits) < least:
            raise DataError("hit_split.classes", side=name, hits=hits, others=len(side) - hits, least=least)


# --- with dates ---------------------------------------------------------------------------------------------------


def _by_date(groups: Places, labels: NDArray[np.bool_], days: NDArray[Any], goals: dict[str, float]) -> Places:
    """Return 0, 1 or 2 for each row: training, validation, test; groups too large for a side are trained on."""
    sizes, hits = np.bincount(groups), np.bincount(groups, labels)
    by_day = np.lexsort((days, groups))
    medians = days[by_day][np.cumsum(sizes) - sizes + sizes // 2]
    newest = np.lexsort((np.arange(len(sizes)), -medians))
    left = newest[sizes[newest] <= SLACK[1] * goals["test"]]
    sides = np.zeros(len(sizes), np.intp)
    for side, name, least in ((2, "test", 1), (1, "validation", TO_CALIBRATE)):
        cut = _cut(sizes[left], hits[left], goals[name], float(labels.mean()), least)
        sides[left[:cut]] = side
        left = left[cut:]
    return sides[groups]


def _cut(sizes: Places, hits: NDArray[Any], goal: float, share: float, least: int) -> int:
    """Return how many groups from the newest on make a side: near its size, and near the share of hits of all."""
    if not len(sizes):
        return 0
    total, found = np.cumsum(sizes), np.cumsum(hits)
    off = np.abs(total / goal - 1) / 2 + np.abs(found / np.maximum(total, 1) - share)
    outside = (total < SLACK[0] * goal) | (total > SLACK[1] * goal) | (np.minimum(found, total - found) < least)
    return int(np.argmin(off + 10 * outside)) + 1


# --- without dates ------------------------------------------------------------------------------------------------


def _order(rows: Sequence[Track], groups: Places, seed: int) -> Places:
    """Return groups, the largest first and equal ones by a hash of their names: the order of rows does not matter."""
    names = [""] * (int(groups.max()) + 1)
    for row, group in zip(rows, groups, strict=True):
        key = normalise(row.artist) or row.title
        names[group] = min(names[group] or key, key)
    hashes = [hashlib.sha256(f"{seed}/{name}".encode()).hexdigest() for name in names]
    sizes = np.bincount(groups)
    return np.array(sorted(range(len(names)), key=lambda group: (-sizes[group], hashes[group])), np.intp)


def _dealt(groups: Places, labels: NDArray[np.bool_], goals: dict[str, float], order: Places) -> Places:
    """Return 0, 1 or 2 for each row; every group goes where it leaves sizes and hits nearest to their goals."""
    wanted = np.array([goals[name] for name in ("train", "validation", "test")])
    wanted = np.column_stack((wanted * (1 - labels.mean()), wanted * labels.mean()))
    weights = np.column_stack((np.bincount(groups, ~labels), np.bincount(groups, labels)))
    have = np.zeros_like(wanted)
    sides = np.zeros(len(weights), np.intp)
    for group in order:
        over = [np.square(np.where(np.arange(3)[:, None] == side, have + weights[group], have) / wanted - 1).sum()
                for side in range(3)]
        # the smaller sides count as much as the large one: what is squared are shares of each side's goal
        sides[group] = int(np.argmin(over))
        have[sides[group]] += weights[group]
    return sides[groups]
