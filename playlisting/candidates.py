"""What may be picked for a playlist, what the user set, and what comes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

SIMILARITY = 10
COUNTS, ADVANCED_COUNTS = (5, 20), (5, 100)
ARCS = ("best", "flat", "rising", "wave")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A song that may be picked.

    Attributes
    ----------
    song : int
    score : float
        Higher is better; compares among all candidates.
    chosen : bool
        Whether one of the chosen playlists has it.
    artist : str
        Empty if unknown: then no cap.
    language : str
        ISO 639-1; empty if unknown.
    year : int or None
    seconds : float or None
    arousal : float or None
        -1 calm to 1 excited, from its tags.
    """

    song: int
    score: float
    chosen: bool = False
    artist: str = ""
    language: str = ""
    year: int | None = None
    seconds: float | None = None
    arousal: float | None = None


@dataclass(frozen=True, slots=True)
class Controls:
    """What the user set.

    Attributes
    ----------
    count : int
        Songs, 5 to 20, to 100 in advanced.
    similarity : int
        Percent of the songs that come from the chosen playlists, 0 to 100.
    artist_cap : int or None
        Songs an artist may have.
    languages : collection of str
        Empty: any.
    years : tuple of (int, int) or None
        First and last.
    minutes : float or None
        Wanted length; `count` is then the most.
    arc : str
        One of `ARCS`: best first, even energy, rising, or up and down.
    locked : dict of int to int
        Place (from 0) of each song that stays.
    typed, removed : collection of int
        Songs that are not picked: typed in by the user, or taken out.
    seed : int
        0 is best first; another one is another draw among the good.
    """

    count: int = 10
    similarity: int = SIMILARITY
    artist_cap: int | None = None
    languages: Collection[str] = ()
    years: tuple[int, int] | None = None
    minutes: float | None = None
    arc: str = "best"
    locked: Mapping[int, int] = field(default_factory=dict)
    typed: Collection[int] = ()
    removed: Collection[int] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        low, high = ADVANCED_COUNTS
        if not low <= self.count <= high:
            raise ValueError(f"count is {self.count}; {low} to {high} songs can be asked for")
        if not 0 <= self.similarity <= 100:
            raise ValueError(f"similarity is {self.similarity}; give 0 to 100 percent")
        if self.arc not in ARCS:
            raise ValueError(f"arc is {self.arc!r}; give one of {', '.join(ARCS)}")
        if self.artist_cap is not None and self.artist_cap < 1:
            raise ValueError(f"artist_cap is {self.artist_cap}; give 1 or more, or None")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not as asked; `code` is a key below ``playlist_reason.``."""

    code: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Selection:
    """The playlist.

    Attributes
    ----------
    songs : tuple of Candidate
        In order.
    reasons : tuple of Reason
        What is not as asked, and why.
    seconds : float or None
        Length where every song's is known.
    """

    songs: tuple[Candidate, ...]
    reasons: tuple[Reason, ...]

    @property
    def seconds(self) -> float | None:
        """Length where every song's is known, else None."""
        known = [each.seconds for each in self.songs if each.seconds is not None]
        return sum(known) if len(known) == len(self.songs) else None
