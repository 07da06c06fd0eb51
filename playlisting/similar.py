"""Playlists like a title: BM25 over the words of titles and tags, and the embedding's cosine, half and half.

What a title says in other words only the embedding finds; a name or a rare word only the words do. A title that matches
nothing says so, and then the tags are asked, popular playlists first among those that match alike; where they match
nothing either, the playlists of the most used songs are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from playlisting.components import Titles
from playlisting.library import Array, Library, Request, rarity

SHOWN = 3
CLOSE = 0.5
"""Centred cosine from which a title is like another though they share no word; see docs/adr/0017."""
K1, B = 1.2, 0.75
"""Saturation and length of BM25 (Robertson and Zaragoza 2009)."""
HOWS = ("title", "tags", "popularity")


@dataclass(frozen=True, slots=True)
class Hit:
    """A playlist found.

    Attributes
    ----------
    key, title : str
    songs : tuple of int
        As far as the library has them.
    score : float
        0 to 1; compares within one search.
    shared : tuple of str
        Words it shares with what was looked for.
    """

    key: str
    title: str
    songs: tuple[int, ...]
    score: float
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Similar:
    """Playlists like a title, best first.

    Attributes
    ----------
    hits : tuple of Hit
    how : str
        What matched, one of `HOWS`: other than ``title``, the title matched nothing.
    """

    hits: tuple[Hit, ...]
    how: str


class Finder:
    """Search for playlists by title.

    Parameters
    ----------
    library : Library
    titles : Titles
        Has the embeddings.
    """

    def __init__(self, library: Library, titles: Titles) -> None:
        self._library, self._titles = library, titles
        lengths = np.asarray(library.by_word.sum(axis=1)).ravel()
        damped = K1 * (1 - B + B * lengths / max(float(lengths.mean()) if len(lengths) else 1.0, 1e-6))
        # a word is there or not, so BM25's tf part is one number a playlist
        scale = ((1 + K1) / (1 + damped)).astype(np.float32)
        self._rare = rarity(library.by_word)
        self._sides = (sparse.diags_array(scale) @ library.by_word).T.tocsr()
        self._sized = np.asarray(library.by_song.sum(axis=1)).ravel() > 0

    def find(self, title: str, tags: Sequence[str] = (), count: int = SHOWN, without: str = "") -> Similar:
        """Return the playlists most like a title, `count` at most, each with songs.

        Parameters
        ----------
        title : str
        tags : sequence of str
            Asked where the title matches nothing.
        count : int
        without : str
            Key of a playlist that is not to be found: the request's own.
        """
        usable = self._sized.copy()
        if without in self._library.row_of:
            usable[self._library.row_of[without]] = False
        by_title = self._hybrid(title) * usable
        if by_title.any():
            return Similar(self._hits(by_title, title, count), HOWS[0])
        asked = " ".join(tags)
        by_tags = self._words(asked) * usable
        if by_tags.any():
            ranked = (by_tags > 0) * (0.9 * by_tags / by_tags.max() + 0.1 * self._popular())
            return Similar(self._hits(ranked, asked, count), HOWS[1])
        return Similar(self._hits(self._popular() * usable, "", count), HOWS[2])

    def _hybrid(self, title: str) -> Array:
        words = self._words(title)
        _, cosines = self._titles.near(Request(title=title))
        found = (words > 0) | (cosines >= CLOSE)
        both: Array = 0.5 * words / max(float(words.max(initial=0)), 1e-9) + 0.5 * np.clip(cosines, 0, 1)
        return np.where(found, both, 0)

    def _words(self, text: str) -> Array:
        places = self._library.has_words(text)
        row = sparse.csr_matrix((self._rare[places], places, [0, len(places)]), shape=(1, len(self._rare)))
        return np.asarray((row @ self._sides).toarray(), np.float32).ravel()

    def _popular(self) -> Array:
        """Return the mean use of each playlist's songs, 1 for the highest."""
        library = self._library
        counts = np.maximum(np.asarray(library.by_song.sum(axis=1)).ravel(), 1)
        mean = np.asarray(library.by_song @ library.song_uses).ravel() / counts
        return np.asarray(mean / max(float(mean.max(initial=0)), 1e-9), np.float32)

    def _hits(self, scores: Array, asked: str, count: int) -> tuple[Hit, ...]:
        order = np.lexsort((np.arange(len(scores)), -scores))[:count]
        wanted: NDArray[np.int64] = self._library.has_words(asked)
        return tuple(self._hit(int(row), float(scores[row]), wanted) for row in order if scores[row] > 0)

    def _hit(self, row: int, score: float, wanted: NDArray[np.int64]) -> Hit:
        library = self._library
        shared = np.intersect1d(_row(library.by_word, row), wanted)
        return Hit(library.keys[row], library.titles[row], tuple(library.songs[_row(library.by_song, row)].tolist()),
                   score, tuple(library.words[place] for place in shared))


def _row(matrix: Any, row: int) -> NDArray[np.int64]:
    columns: NDArray[np.int64] = matrix.indices[matrix.indptr[row]:matrix.indptr[row + 1]]
    return columns
