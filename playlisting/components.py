"""What can say which songs and tags belong to a request, each from its own evidence, all behind one protocol.

========== ============================================== =========================================================
popularity nothing                                        how many playlists have it
items      songs                                          how often it stands beside them (item-kNN, cosine)
neighbours songs                                          playlists that share them, tf-idf cosine (playlist-kNN)
titles     the title's words and embedding                playlists of like titles (title-kNN)
tags       tags and their words                           playlists of like tags
========== ============================================== =========================================================

`playlisting.ease` and `playlisting.autoencoder` have two more. Scores are at least 0 and compare within one request
only; a component that has no evidence for a request gives zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from playlisting.library import Array, Library, Request, rarity

Scores = tuple[Array, Array]
"""Scores of all songs and of all tags of the library, shapes (songs,) and (tags,)."""
Embed = Callable[[list[str]], Array]
NEAREST = 2_000
"""Playlists that may speak for a request; more change nothing and take longer."""
NEAREST_TITLES = 200
ROOT = 0.25
"""Power of a playlist's length in the cosine; 0.5 is the plain cosine, less favours long playlists."""
SHARP = 2.0
"""Power of a similarity: how much more the nearest count."""
ITEM_ROOT, TARGET_ROOT = 0.7, 0.3
"""Powers of the uses of what is given and of what is scored (0.5 and 0.5: plain cosine of items)."""


class Component(Protocol):
    """Something that scores songs and tags for a request."""

    name: str

    def scores(self, request: Request) -> Scores:
        """Return scores of all songs and all tags of the library, at least 0."""


class Popularity:
    """The songs and tags of most playlists, whatever is asked for."""

    name = "popularity"

    def __init__(self, library: Library) -> None:
        self._scores: Scores = library.song_uses, library.tag_uses

    def scores(self, request: Request) -> Scores:
        """Return how many playlists have each."""
        return self._scores[0].copy(), self._scores[1].copy()


class Items:
    """What stands beside the request's songs: item-kNN by a cosine with free powers."""

    name = "items"

    def __init__(self, library: Library) -> None:
        self._library = library
        self._beside = library.derived("songs to playlists", lambda: library.by_song.T.tocsr())
        self._given = 1 / np.maximum(library.song_uses, 1) ** ITEM_ROOT
        self._targets = [np.maximum(uses, 1) ** TARGET_ROOT for uses in (library.song_uses, library.tag_uses)]

    def scores(self, request: Request) -> Scores:
        """Return for each target the sum of its co-occurrences with what is given."""
        places = self._library.has_songs(request)
        given = sparse.csr_matrix((self._given[places], places, [0, len(places)]), shape=(1, self._beside.shape[0]))
        songs, tags = _spread(given @ self._beside, self._library, request)
        return ((songs / self._targets[0]).astype(np.float32), (tags / self._targets[1]).astype(np.float32))


class Neighbours:
    """Playlists that share what the request shows.

    Parameters
    ----------
    library : Library
    name : str
    parts : sequence of str
        Which evidence: some of ``songs``, ``tags``, ``words`` (of title and tags), ``tag words`` (of tags alone).
    shares : sequence of float
        How much each of them counts.
    """

    def __init__(self, library: Library, name: str = "neighbours", parts: Sequence[str] = ("songs",),
                 shares: Sequence[float] = (1.0,)) -> None:
        self.name, self._library, self._parts = name, library, tuple(parts)
        matrices = {"songs": library.by_song, "tags": library.by_tag, "words": library.by_word,
                    "tag words": library.by_word}
        self._rare = [share * rarity(matrices[part]) for part, share in zip(parts, shares, strict=True)]
        features = sparse.hstack([matrices[part].multiply(rare) for part, rare in
                                  zip(parts, self._rare, strict=True)]).tocsr().astype(np.float32)
        lengths = np.sqrt(np.asarray(features.multiply(features).sum(axis=1)).ravel())
        scale = 1 / np.maximum(lengths, 1e-6) ** (2 * ROOT)
        self._sides = (sparse.diags_array(scale.astype(np.float32)) @ features).T.tocsr()

    def near(self, request: Request) -> Any:
        """Return how near each playlist is, a sparse row of shape (1, playlists)."""
        found = [self._places(part, request) for part in self._parts]
        starts = np.cumsum([0, *(len(rare) for rare in self._rare)])
        places = np.concatenate([start + at for start, at in zip(starts, found, strict=False)])
        values = np.concatenate([rare[at] for rare, at in zip(self._rare, found, strict=True)])
        values = values / max(float(np.linalg.norm(values)), 1e-6)
        row = sparse.csr_matrix((values, places, [0, len(places)]), shape=(1, self._sides.shape[0]), dtype=np.float32)
        return (row @ self._sides).tocsr()

    def _places(self, part: str, request: Request) -> NDArray[np.int64]:
        if part == "songs":
            return self._library.has_songs(request)
        if part == "tags":
            return self._library.has_tags(request)
        title = request.title if part == "words" else ""
        return self._library.has_words(" ".join((title, *request.tags)))

    def scores(self, request: Request) -> Scores:
        """Return the sums over near playlists of their nearness to the power of `SHARP`."""
        near = self.near(request)
        near.data **= SHARP
        return _spread(_nearest(near, NEAREST), self._library, request)


class Titles:
    """Playlists whose titles are like the request's, by shared words and by embedding.

    Parameters
    ----------
    library : Library
    vectors : ndarray of float16 or float32, shape (playlists, width), optional
        Embeddings of the titles, of length 1; rows of zeros for playlists without a title. Without them words alone
        count.
    embed : callable, optional
        Gives the embedding of a title, of length 1. Needed where there are vectors.
    """

    name = "titles"

    def __init__(self, library: Library, vectors: NDArray[Any] | None = None, embed: Embed | None = None) -> None:
        self._library, self._embed = library, embed
        self._words = Neighbours(library, "titles", ("words",))
        self._rows = np.flatnonzero(np.any(vectors, axis=1)) if vectors is not None else np.empty(0, np.int64)
        if vectors is not None and len(self._rows):
            held = vectors[self._rows].astype(np.float32)
            self._mean = held.mean(axis=0)
            self._held = _centred(held, self._mean)

    def near(self, request: Request) -> tuple[Any, Array]:
        """Return nearness by words, sparse (1, playlists), and centred cosines of the embeddings, (playlists,)."""
        title = Request(title=request.title)
        cosines = np.zeros(len(self._library), np.float32)
        if request.title.strip() and len(self._rows) and self._embed is not None:
            wish = _centred(np.asarray(self._embed([request.title]), np.float32), self._mean)[0]
            cosines[self._rows] = self._held @ wish
        return self._words.near(title), cosines

    def scores(self, request: Request) -> Scores:
        """Return the sums over near playlists, by words and by embedding in equal parts."""
        words, cosines = self.near(request)
        words.data **= SHARP
        both = _unit(_spread(_nearest(words, NEAREST), self._library, request))
        near = sparse.csr_matrix(np.maximum(cosines, 0)[None] ** (2 * SHARP))
        by_meaning = _unit(_spread(_nearest(near, NEAREST_TITLES), self._library, request))
        return both[0] + by_meaning[0], both[1] + by_meaning[1]


def simple_components(library: Library, vectors: NDArray[Any] | None = None,
                      embed: Embed | None = None) -> list[Component]:
    """Return the components that need no training of their own."""
    return [Popularity(library), Items(library), Neighbours(library),
            Titles(library, vectors, embed), Neighbours(library, "tags", ("tags", "tag words"), (1.0, 1.0))]


def everything(library: Library) -> Neighbours:
    """Return playlist-kNN over all evidence at once: songs count twice as much as tags and words.

    It is no component of the model, since what it knows the others know apart (docs/adr/0017); the bench compares.
    """
    return Neighbours(library, "everything", ("songs", "tags", "words"), (1.0, 0.5, 0.5))


def _spread(near: Any, library: Library, request: Request) -> Scores:
    """Return what near playlists have, weighted by nearness; the request's own playlist does not speak."""
    near = near.tocsr()
    near.data *= library.weights[near.indices]
    if request.key in library.row_of:
        near.data[near.indices == library.row_of[request.key]] = 0
    return (near @ library.by_song).toarray().ravel(), (near @ library.by_tag).toarray().ravel()


def _nearest(near: Any, count: int) -> Any:
    if near.nnz > count:
        least = np.partition(near.data, near.nnz - count)[near.nnz - count]
        near.data[near.data < least] = 0
        near.eliminate_zeros()
    return near


def _unit(scores: Scores) -> Scores:
    songs, tags = (each / max(float(each.max(initial=0)), 1e-9) for each in scores)
    return songs, tags


def _centred(vectors: Array, mean: Array) -> Array:
    moved = vectors - mean
    unit: Array = moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)
    return unit
