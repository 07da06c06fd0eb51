"""Playlists as the models hold them: vocabularies of songs, tags and words, and who has what as sparse matrices.

A song is known by its number in the caller's catalogue, a tag by its text, a playlist by its key. Songs and tags used
rarely are left out: what occurs with nothing else teaches nothing and costs memory. What is no longer in a vocabulary
is ignored in a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from playlisting.words import words_of

Array = NDArray[np.float32]
RARE_SONG, RARE_TAG, RARE_WORD = 3, 3, 1
"""What is used this often or less is left out."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist to learn from.

    Attributes
    ----------
    key : str
        Its own, the same at every training.
    songs : tuple of int
    tags : tuple of str
    title : str
    weight : float
        How much it counts; 1 is a plain playlist, a liked one counts more.
    """

    key: str
    songs: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    title: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of the playlist that is wanted; each may be empty.

    Attributes
    ----------
    songs : tuple of int
    tags : tuple of str
    title : str
    key : str
        The playlist's own key if it is in the library: its own row is then not used.
    """

    songs: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    title: str = ""
    key: str = ""

    @property
    def kind(self) -> str:
        """What is visible: ``S`` songs, ``T`` tags, ``N`` the title's name; ``STN``, ``SN``, ..., or empty."""
        shown = (self.songs, self.tags, self.title)
        return "".join(letter for letter, given in zip("STN", shown, strict=True) if given)


@dataclass(frozen=True)
class Library:
    """Playlists and their vocabularies.

    Attributes
    ----------
    keys, titles : tuple of str
        One a playlist.
    songs : ndarray of int64, shape (songs,)
        Ascending.
    tags, words : tuple of str
        In order of code points.
    by_song, by_tag, by_word : sparse csr_matrix of float32, shape (playlists, songs / tags / words)
        1 where a playlist has it; words are those of title and tags.
    weights : ndarray of float32, shape (playlists,)
    """

    keys: tuple[str, ...]
    titles: tuple[str, ...]
    songs: NDArray[np.int64]
    tags: tuple[str, ...]
    words: tuple[str, ...]
    by_song: Any
    by_tag: Any
    by_word: Any
    weights: Array
    _derived: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each playlist by its key."""
        return {key: row for row, key in enumerate(self.keys)}

    @cached_property
    def song_place(self) -> dict[int, int]:
        """Column of each song."""
        return {int(song): place for place, song in enumerate(self.songs)}

    @cached_property
    def tag_place(self) -> dict[str, int]:
        """Column of each tag."""
        return {tag: place for place, tag in enumerate(self.tags)}

    @cached_property
    def word_place(self) -> dict[str, int]:
        """Column of each word."""
        return {word: place for place, word in enumerate(self.words)}

    @cached_property
    def song_uses(self) -> Array:
        """Weighted number of playlists that have each song."""
        return _column_sums(self.by_song, self.weights)

    @cached_property
    def tag_uses(self) -> Array:
        """Weighted number of playlists that have each tag."""
        return _column_sums(self.by_tag, self.weights)

    def derived(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what several components share, made at the first call."""
        if name not in self._derived:
            self._derived[name] = make()
        return self._derived[name]

    def has_songs(self, request: Request) -> NDArray[np.int64]:
        """Return the columns of a request's songs."""
        return _places(request.songs, self.song_place)

    def has_tags(self, request: Request) -> NDArray[np.int64]:
        """Return the columns of a request's tags."""
        return _places(request.tags, self.tag_place)

    def has_words(self, text: str) -> NDArray[np.int64]:
        """Return the columns of a text's words."""
        return _places(words_of(text), self.word_place)


def build(playlists: Sequence[Playlist], *, rare_song: int = RARE_SONG, rare_tag: int = RARE_TAG,
          rare_word: int = RARE_WORD) -> Library:
    """Return the library of some playlists; what is used as often as `rare_song` and so on, or less, is left out."""
    has_songs, has_tags = [each.songs for each in playlists], [each.tags for each in playlists]
    has_words = [words_of(" ".join((each.title, *each.tags))) for each in playlists]
    songs, tags = _common(has_songs, rare_song), _common(has_tags, rare_tag)
    words = _common(has_words, rare_word)
    return Library(tuple(each.key for each in playlists), tuple(each.title for each in playlists),
                   np.array(songs, np.int64), tuple(tags), tuple(words), _matrix(has_songs, songs),
                   _matrix(has_tags, tags), _matrix(has_words, words),
                   np.array([each.weight for each in playlists], np.float32))


def rarity(matrix: Any) -> Array:
    """Return how much each column tells, log(1 + n / (1 + uses)): the inverse document frequency, shape (columns,)."""
    uses = np.asarray((matrix > 0).sum(axis=0)).ravel()
    return np.log1p(matrix.shape[0] / (1 + uses)).astype(np.float32)


def _common(rows: Iterable[Iterable[Any]], rare: int) -> list[Any]:
    uses: Counter[Any] = Counter()
    for row in rows:
        uses.update(set(row))
    return sorted(each for each, count in uses.items() if count > rare)


def _matrix(rows: Sequence[Iterable[Hashable]], names: Sequence[Hashable]) -> Any:
    place = {name: at for at, name in enumerate(names)}
    found = [_places(row, place) for row in rows]
    ends = np.cumsum([0, *(len(each) for each in found)])
    columns = np.concatenate(found) if found else np.empty(0, np.int64)
    return sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(rows), len(names)))


def _places(names: Iterable[Any], place: Mapping[Any, int]) -> NDArray[np.int64]:
    return np.array(sorted({place[name] for name in names if name in place}), np.int64)


def _column_sums(matrix: Any, weights: Array) -> Array:
    return np.asarray(matrix.T @ weights, np.float32).ravel()
