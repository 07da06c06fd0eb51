"""The playlist model: a library, its components and their weights; trained, asked, judged, stored.

Nothing is held back from training but the questions that the weights are learned on, and for those only until the
weights are known: the components are then made again from all playlists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from playlisting import autoencoder
from playlisting.autoencoder import Autoencoder, Watch
from playlisting.components import Component, Embed, Scores, Titles, simple_components
from playlisting.ease import Ease
from playlisting.fusion import Weights, even, fuse, learn, weights_for
from playlisting.library import Library, Playlist, Request, build
from playlisting.scoring import KINDS, SONGS_AT, TAGS_AT, Quality, Question, mask, mean_quality, ndcg, share_of
from playlisting.similar import Finder
from support.errors import DataError
from support.weights import ARRAYS, packed, read, unpacked, write

VALIDATION = 0.15
"""Share of the playlists that weights are learned on."""
LAST = 1e-4
"""Weight of popularity beside all else: it decides where nothing else does, so that every request has an answer."""
LEAST = 4
"""Songs of a playlist that can ask questions."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is trained.

    Attributes
    ----------
    seed : int
    epochs : int
        Of the autoencoder; 0 leaves it out.
    ease : bool
    most : tuple of int
        Songs, tags and words that EASE and the autoencoder know.
    rare : tuple of int
        What is used this often or less is left out: songs, tags, words.
    asking : int
        Most playlists that weights are learned on.
    """

    seed: int = 0
    epochs: int = autoencoder.EPOCHS
    ease: bool = True
    most: tuple[int, int, int] = (6_000, 1_000, 2_000)
    rare: tuple[int, int, int] = (3, 3, 1)
    asking: int = 300


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Songs and tags for a request, best first; nothing that the request shows.

    Attributes
    ----------
    songs, tags : tuple
    song_scores, tag_scores : tuple of float
        0 to 1; compare within one recommendation.
    """

    songs: tuple[int, ...]
    song_scores: tuple[float, ...]
    tags: tuple[str, ...]
    tag_scores: tuple[float, ...]


class Model:
    """What `train` makes.

    Parameters
    ----------
    library : Library
    components : sequence of Component
    weights : dict
        By kind of request, for each component (`playlisting.fusion.learn`).
    vectors : ndarray of float16, shape (playlists, width), optional
        Embeddings of the titles.
    facts : dict, optional
        How it was trained.
    """

    def __init__(self, library: Library, components: Sequence[Component], weights: Weights,
                 vectors: NDArray[Any] | None = None, facts: dict[str, Any] | None = None) -> None:
        self.library, self.weights, self.facts = library, weights, facts or {}
        self.components = {each.name: each for each in components}
        self._vectors = vectors

    @cached_property
    def finder(self) -> Finder:
        """Search for playlists like a title."""
        titles = self.components["titles"]
        assert isinstance(titles, Titles)
        return Finder(self.library, titles)

    def scores(self, request: Request, component: str | None = None) -> Scores:
        """Return fused scores of all songs and tags of the library, or those of one component."""
        if component is not None:
            return self.components[component].scores(request)
        songs, tags = fuse(list(self.components.values()), weights_for(self.weights, request), request)
        popular = self.components["popularity"].scores(request)
        return songs + LAST * even(popular[0]), tags + LAST * even(popular[1])

    def recommend(self, request: Request, songs: int = SONGS_AT, tags: int = TAGS_AT,
                  component: str | None = None) -> Recommendation:
        """Return the best songs and tags for a request; fewer where there are no more with a score above 0.

        Where nothing else has evidence, popularity decides.
        """
        found = self.scores(request, component)
        places, scores = _best(found[0], self.library.has_songs(request), songs)
        tag_places, tag_scores = _best(found[1], self.library.has_tags(request), tags)
        return Recommendation(tuple(self.library.songs[places].tolist()), scores,
                              tuple(self.library.tags[at] for at in tag_places), tag_scores)

    def save(self, folder: Path, texts: dict[str, str] | None = None) -> None:
        """Store the model as plain arrays with a manifest, in place of the one there."""
        kept = _library_arrays(self.library) | ({} if self._vectors is None else {"vectors": self._vectors})
        for name in ("ease", "autoencoder"):
            if name in self.components:
                component: Any = self.components[name]
                kept |= {f"{name}.{part}": values for part, values in component.arrays().items()}
        weights = {kind: [[float(each) for each in side] for side in sides] for kind, sides in self.weights.items()}
        write(folder, kept, self.facts | {"components": list(self.components), "weights": weights}, texts)


def load(folder: Path, embed: Embed | None = None) -> Model:
    """Return the model that `Model.save` stored.

    Parameters
    ----------
    folder : Path
    embed : callable, optional
        Embedding of titles, the one the model was trained with; without it words alone find titles.

    Raises
    ------
    DataError
        If there is none, or it is not what was stored.
    """
    kept, manifest = read(folder)
    try:
        library = _library_from(kept)
        vectors = kept.get("vectors")
        components = simple_components(library, vectors, embed)
        if "ease" in manifest["components"]:
            components.append(Ease.from_arrays(library, _part(kept, "ease")))
        if "autoencoder" in manifest["components"]:
            components.append(Autoencoder(library, _part(kept, "autoencoder")))
        weights = {kind: (np.array(sides[0], np.float32), np.array(sides[1], np.float32))
                   for kind, sides in manifest["weights"].items()}
    except (KeyError, ValueError) as error:
        raise DataError("weights.broken", folder=str(folder), file=ARRAYS) from error
    facts = {name: value for name, value in manifest.items() if name not in ("components", "weights")}
    return Model(library, components, weights, vectors, facts)


def train(playlists: Sequence[Playlist], embed: Embed | None = None, options: Options = Options(),  # noqa: B008
          watch: Watch | None = None) -> Model:
    """Return the model of some playlists; the same for the same playlists, options and machine.

    Parameters
    ----------
    playlists : sequence of Playlist
    embed : callable, optional
        Embedding of titles, unit vectors (`recommender.embed`: 10 to 70 ms a title).
    options : Options
    watch : Watch, optional
        Told of progress; its `check` may raise to stop.

    Raises
    ------
    DataError
        ``playlist_model.few``: no song is used often enough to learn from.
    """
    vectors = _embedded([each.title for each in playlists], embed, watch)
    asking = _asking(playlists, options)
    rest = [at for at in range(len(playlists)) if at not in asking]
    library = _built([playlists[at] for at in rest], options)
    components = _components(library, None if vectors is None else vectors[rest], embed, options, watch)
    questions = [question for at in sorted(asking) for kind in KINDS
                 if (question := mask(playlists[at], kind, options.seed)) is not None]
    _tell(watch, 0, 1, "weights")
    weights = learn(components, library, questions)
    if asking:
        library = _built(playlists, options)
        components = _components(library, vectors, embed, options, watch)
    facts = {"seed": options.seed, "playlists": len(library), "songs": len(library.songs), "tags": len(library.tags),
             "words": len(library.words), "questions": len(questions)}
    return Model(library, components, weights, vectors, facts)


def evaluate(model: Model, split: Sequence[Question], component: str | None = None) -> dict[str, Quality]:
    """Return how good a model, or one component of it, is by kind of request and over all (``all``).

    Notes
    -----
    A playlist that is in the library is not used for its own question where components look up playlists; popularity,
    EASE and the autoencoder cannot forget it. An honest figure comes from playlists never trained on.
    """
    pairs: dict[str, list[tuple[float, float]]] = {"all": []}
    for question in split:
        found = model.recommend(question.request, component=component)
        pair = ndcg(found.songs, question.songs, SONGS_AT), ndcg(found.tags, question.tags, TAGS_AT)
        pairs["all"].append(pair)
        pairs.setdefault(question.request.kind, []).append(pair)
    return {kind: mean_quality(each) for kind, each in pairs.items()}


def _asking(playlists: Sequence[Playlist], options: Options) -> set[int]:
    """Return which playlists ask the questions that weights are learned on: by key, those with a title first."""
    able = [at for at, each in enumerate(playlists) if len(each.songs) >= LEAST]
    titled = [at for at in able if playlists[at].title] or able
    count = min(options.asking, int(len(titled) * VALIDATION))
    return set(sorted(titled, key=lambda at: share_of(f"{options.seed}:{playlists[at].key}"))[:count])


def _built(playlists: Sequence[Playlist], options: Options) -> Library:
    song, tag, word = options.rare
    library = build(playlists, rare_song=song, rare_tag=tag, rare_word=word)
    if not len(library.songs):
        raise DataError("playlist_model.few", playlists=len(playlists), uses=song + 1)
    return library


def _components(library: Library, vectors: NDArray[Any] | None, embed: Embed | None, options: Options,
                watch: Watch | None) -> list[Component]:
    components = simple_components(library, vectors, embed)
    if options.ease:
        _tell(watch, 0, 1, "ease")
        components.append(Ease.fit(library, most=options.most))
    if options.epochs:
        components.append(autoencoder.fit(library, seed=options.seed, epochs=options.epochs, watch=watch,
                                          most=options.most))
    return components


def _embedded(titles: Sequence[str], embed: Embed | None, watch: Watch | None) -> NDArray[Any] | None:
    """Return embeddings of the titles in half precision, rows of zeros for empty ones; equal titles once."""
    wanted = sorted({title for title in titles if title.strip()})
    if embed is None or not wanted:
        return None
    made = []
    for start in range(0, len(wanted), 64):
        _tell(watch, start, len(wanted), "titles")
        made.append(np.asarray(embed(wanted[start:start + 64]), np.float16))
    place = {title: row for row, title in enumerate(wanted)}
    found = np.concatenate(made)
    vectors = np.zeros((len(titles), found.shape[1]), np.float16)
    given = [row for row, title in enumerate(titles) if title in place]
    vectors[given] = found[[place[titles[row]] for row in given]]
    return vectors


def _tell(watch: Watch | None, done: int, total: int, note: str) -> None:
    if watch is not None:
        watch.check()
        watch.report(done, total, note)


def _best(scores: Any, shown: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], tuple[float, ...]]:
    left = np.array(scores, np.float32)
    left[shown] = 0
    count = min(count, len(left))
    if not count:
        return np.empty(0, np.int64), ()
    top = np.argpartition(-left, count - 1)[:count]
    top = top[np.lexsort((top, -left[top]))]
    top = top[left[top] > 0]
    return top, tuple(float(each) for each in left[top])


def _part(kept: dict[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    return {part.removeprefix(f"{name}."): values for part, values in kept.items() if part.startswith(f"{name}.")}


def _library_arrays(library: Library) -> dict[str, NDArray[Any]]:
    kept: dict[str, NDArray[Any]] = {"songs": library.songs, "weights": library.weights}
    kept |= {name: packed(getattr(library, name)) for name in ("keys", "titles", "tags", "words")}
    for name in ("by_song", "by_tag", "by_word"):
        matrix = getattr(library, name)
        kept |= {f"{name}.columns": matrix.indices.astype(np.int32), f"{name}.ends": matrix.indptr.astype(np.int64)}
    return kept


def _library_from(kept: dict[str, NDArray[Any]]) -> Library:
    keys, titles, tags, words = (unpacked(kept[name]) for name in ("keys", "titles", "tags", "words"))
    sizes = {"by_song": len(kept["songs"]), "by_tag": len(tags), "by_word": len(words)}
    matrices = [sparse.csr_matrix((np.ones(len(kept[f"{name}.columns"]), np.float32), kept[f"{name}.columns"],
                                   kept[f"{name}.ends"]), shape=(len(keys), size)) for name, size in sizes.items()]
    return Library(keys, titles, kept["songs"], tags, words, matrices[0], matrices[1], matrices[2],
                   kept["weights"])
