"""The head on sentence embeddings: what lyrics mean rather than which words they use, from about 100 labelled lyrics.

Task: embed each line of lyrics with the sentence model of this machine, take the mean over all lines and the largest
value over different ones, and learn hits from these by a penalised logistic regression.

Conventions: the embedding is handed in (`recommender.embedder` gives one) and belongs to the head: vectors of another
model are refused. Repeated lines count as often in the mean as they are sung. The weights come from the training side
alone. So few lyrics leave a small validation, so the calibration (Platt) is by its log-odds and by those of training
artists, left out in turn, which choose the penalty as well. The 80 % interval is that of `DRAWS` heads, each fitted on
training artists drawn with replacement and calibrated on the others and the validation. Percentiles and strangeness are
ranks among lyrics scored by a fit without their artist, test included; distance is the mean one to the five nearest of
those learned from. A change by a line is log-odds without the line less log-odds with it: below 0 the line lifts.
Log-odds are natural.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hits import calibration
from hits.calibration import LARGEST
from hits.judgement import Judgement, Quiet, Watch, logit
from hits.kept_apart import MIDDLE, distances
from hits.lyric_cards import texts_of
from hits.lyric_words import worded
from hits.lyrics import usable
from hits.scoring import percentile
from hits.split import Split, Track, check_split, facts_of, groups_of
from hits.transfer_card import metrics_of
from support import weights
from support.errors import DataError

Floats = NDArray[np.float64]
Embed = Callable[[Sequence[str]], NDArray[Any]]
LEAST_LYRICS = 60
"""Lyrics of training and validation below which no head is trained; from about 100 on it is worth trying."""
STRENGTHS = (3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Inverse penalties to choose from, the strongest penalty first."""
FOLDS, DRAWS = 5, 40
MOST_KEPT = 4_000
"""Lyrics kept to measure distances from."""
LONGEST_FIT = 2_000  # steps of the solver
_MADE = ("Logistic regression on the mean and the largest value of line embeddings of the training side; "
         "calibrated (Platt) on its artists left out in turn and on the validation; intervals by heads of drawn "
         "artists.")


@dataclass(frozen=True, slots=True)
class _Head:
    """The head in numbers.

    Attributes
    ----------
    heads : ndarray, (1 + draws, 2 * width + 1)
        Weights of mean and largest value and an intercept, calibration included: the head, then those of drawn artists.
    reference, far : ndarray
        Calibrated log-odds and distances of the lyrics kept apart, ascending.
    known : ndarray, (lyrics, 2 * width)
        Learned from, standardised by `mean` and `spread`.
    """

    heads: Floats
    reference: Floats
    far: Floats
    known: NDArray[np.float32]
    mean: Floats
    spread: Floats

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in self.__slots__}


class SentenceHead:
    """A trained head of one genre; make one by `train` or `load`.

    Attributes
    ----------
    facts : dict
        Embedding model, genre, date, data, split, strength, how it did on the test: what the card is written from.
    """

    part = "sentences"

    def __init__(self, head: _Head, embed: Embed, facts: Mapping[str, Any]) -> None:
        self._head, self._embed, self.facts = head, embed, dict(facts)
        self._last: tuple[str, tuple[str, ...], Floats] | None = None

    @property
    def metrics(self) -> dict[str, Any]:
        """How it did on the test lyrics; what a new head is compared by."""
        return dict(self.facts["test"])

    @classmethod
    def train(cls, texts: Sequence[str | None], rows: Sequence[Track], split: Split, *, embed: Embed, embedder: str,
              genre: str, today: date, data: Mapping[str, Any] | None = None, seed: int = 0,
              watch: Watch | None = None) -> Self:
        """Return a head trained, calibrated and judged on the lyrics of a split.

        Parameters
        ----------
        texts : sequence of str or None
            Lyrics, one for each row; rows without lyrics, or with too few words, are left out of every side.
        rows : sequence of Track
            The tracks of one genre, with labels and artists.
        split : Split
            Of these rows.
        embed : callable
            Texts to vectors, (n, width).
        embedder : str
            Name of the model behind it.
        genre : str
        today : date
            What the card says.
        data : mapping, optional
            Name and digest of the manifest, for the card.
        seed : int
            Decides which artists are drawn.
        watch : Watch, optional
            Told of every song embedded and every fit, asked before each whether to stop.

        Raises
        ------
        DataError
            ``hit_split.artists``; ``hit_lyrics.rows``: too few lyrics; ``hit_calibration.few``.
        support.errors.Cancelled
            What `watch.check` raises.
        """
        from threadpoolctl import threadpool_limits

        check_split(split, rows)
        used, kept_rows, inner = usable(texts, rows, split, LEAST_LYRICS)
        steps = _Steps(watch or Quiet(), len(used) + len(STRENGTHS) + DRAWS, f"{genre} {cls.part}")
        given = np.array([_pooled(_embedded(text, embed)[1]) for text in steps.each(used)])
        labels, groups = np.array([row.hit for row in kept_rows], float), groups_of(kept_rows)
        mean, spread = given[inner.train].mean(axis=0), given[inner.train].std(axis=0)
        spread = np.where(spread > 1e-9, spread, 1)  # what never varies teaches nothing
        songs = _Songs((given - mean) / spread, labels, groups, inner)
        with threadpool_limits(1, "blas"):  # matrices so small that threads only wait for each other, by spinning
            head, tested, strength = _trained(songs, mean, spread, seed, steps)
        facts = {"model": cls.part, "kind": "logistic", "embedder": embedder, "width": given.shape[1] // 2,
                 "genre": genre, "date": today.isoformat(), "data": dict(data or {}),
                 "left_out": len(texts) - len(used), "split": facts_of(inner, kept_rows), "strength": strength,
                 "draws": len(head.heads) - 1, "base_rate": float(labels[songs.checked].mean()),
                 "test": metrics_of(labels[inner.test], tested, groups[inner.test])}
        return cls(head, embed, facts)

    def judge(self, text: str) -> Judgement:
        """Return what the lines of lyrics mean for the answer.

        Raises
        ------
        DataError
            ``hit_lyrics.empty``, ``.few`` or ``.long``; ``.embedder`` if the vectors are of another length.
        """
        pooled, head, rate = _pooled(self._vectors(text)[1]), self._head, float(self.facts["base_rate"])
        every = np.clip(head.heads[:, :-1] @ pooled + head.heads[:, -1], -LARGEST, LARGEST)
        found, ends = float(every[0]), np.percentile(every, MIDDLE)
        low, high = min(float(ends[0]), found), max(float(ends[1]), found)
        distance = float(distances(((pooled - head.mean) / head.spread)[None], head.known)[0])
        return Judgement(self.part, found, rate, low, high, percentile(head.reference, found),
                         percentile(head.far, distance) / 100, ((self.part, found - logit(rate)),), self.facts,
                         percentile_low=percentile(head.reference, low),
                         percentile_high=percentile(head.reference, high))

    def lines(self, text: str) -> tuple[tuple[str, float], ...]:
        """Return each different line in order, with the change of log-odds when it is left out wherever it stands.

        A line that lifts the answer has a change below 0. Empty where nothing would be left of the lyrics.

        Raises
        ------
        DataError
            As `judge`.
        """
        sung, vectors = self._vectors(text)
        different = tuple(dict.fromkeys(sung))
        if len(different) < 2:
            return ()
        kept = [np.array([each != line for each in sung]) for line in different]
        pooled = np.array([_pooled(vectors), *(_pooled(vectors[mask]) for mask in kept)])
        found = np.clip(pooled @ self._head.heads[0, :-1] + self._head.heads[0, -1], -LARGEST, LARGEST)
        return tuple((line, float(change)) for line, change in zip(different, found[1:] - found[0], strict=True))

    def save(self, folder: Path) -> None:
        """Write the head, ``metrics.json`` and ``CARD.md`` as a folder, in place of what stood there."""
        weights.write(folder, self._head.arrays(), self.facts,
                      texts_of(self.facts, f"Head on sentence embeddings ({self.facts['embedder']})", _MADE))

    @classmethod
    def load(cls, folder: Path, embed: Embed, embedder: str) -> Self:
        """Return the head that `save` wrote, on the embedding model it was trained with.

        Raises
        ------
        DataError
            ``weights.missing``, ``.form`` or ``.broken``; ``hit_lyrics.model`` if it is another kind of model;
            ``hit_lyrics.embedder`` if `embedder` is another model than it was trained on.
        """
        arrays, facts = weights.read(folder)
        try:
            head = _Head(**{name: arrays[name] for name in _Head.__slots__})
            fits = facts["model"] == cls.part and head.heads.shape[1] == 2 * facts["width"] + 1
        except (KeyError, IndexError, TypeError) as error:
            raise DataError("hit_lyrics.model", folder=str(folder)) from error
        if not fits:
            raise DataError("hit_lyrics.model", folder=str(folder))
        if facts["embedder"] != embedder:
            raise DataError("hit_lyrics.embedder", wanted=facts["embedder"], given=embedder)
        return cls(head, embed, facts)

    def _vectors(self, text: str) -> tuple[tuple[str, ...], Floats]:
        """Return the lines and their vectors; those of the last lyrics are still there."""
        last = self._last
        if last is None or last[0] != text:
            last = self._last = (text, *_embedded(text, self._embed))
        if last[2].shape[1] != self.facts["width"]:
            raise DataError("hit_lyrics.embedder", wanted=f"{self.facts['embedder']} ({self.facts['width']})",
                            given=str(last[2].shape[1]))
        return last[1], last[2]


# --- lyrics as vectors ---------------------------------------------------------------------------------------------


def _embedded(text: str, embed: Embed) -> tuple[tuple[str, ...], Floats]:
    """Return the lines of lyrics, repeats kept, and a vector for each."""
    sung = tuple(line for line, _ in worded(text))
    different = tuple(dict.fromkeys(sung))
    vectors = dict(zip(different, np.asarray(embed(different), float), strict=True))
    return sung, np.array([vectors[line] for line in sung])


def _pooled(vectors: Floats) -> Floats:
    """Return mean and largest value over lines, (2 * width,)."""
    return np.concatenate([vectors.mean(axis=0), vectors.max(axis=0)])


# --- training ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Songs:
    given: Floats  # standardised
    labels: Floats
    groups: NDArray[np.intp]
    split: Split

    @property
    def checked(self) -> NDArray[np.intp]:
        """Training and validation: what the head is calibrated by."""
        return np.concatenate([self.split.train, self.split.validation])


class _Steps:
    """Counts what is done for whoever watches."""

    def __init__(self, watch: Watch, total: int, note: str) -> None:
        self.watch, self.total, self.note, self.done = watch, total, note, 0

    def each(self, things: Sequence[Any]) -> Iterator[Any]:
        for thing in things:
            self.watch.check()
            yield thing
            self.done += 1
            self.watch.report(self.done, self.total, self.note)


def _trained(songs: _Songs, mean: Floats, spread: Floats, seed: int, steps: _Steps) -> tuple[_Head, Floats, float]:
    """Return the head, calibrated log-odds of the test lyrics, and the strength that was chosen."""
    split, folds = songs.split, _folds(songs)
    strength, raw = _chosen(songs, folds, steps)
    plain, labels = _logistic(songs, strength, split.train), songs.labels[songs.checked]
    raw = np.concatenate([raw, _raw(songs, plain, split.validation)])
    heads = [_calibrated(plain, raw, labels)]
    for draw in steps.each(range(DRAWS)):
        heads += _drawn(songs, strength, np.random.default_rng((seed, draw)))
    apart = calibration.fit("platt", raw, labels)(raw)
    tested = np.clip(_raw(songs, heads[0], split.test), -LARGEST, LARGEST)
    far = [distances(songs.given[left], songs.given[fitted])
           for fitted, left in (*folds, (split.train, np.concatenate([split.validation, split.test])))]
    unscaled = [np.append(head[:-1] / spread, head[-1] - (head[:-1] / spread) @ mean) for head in heads]
    known = songs.given[split.train[::-(-len(split.train) // MOST_KEPT)]].astype(np.float32)
    return _Head(np.array(unscaled), np.sort(np.concatenate([apart, tested])), np.sort(np.concatenate(far)), known,
                 mean, spread), tested, strength


def _folds(songs: _Songs) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return what is fitted and what is left out, in turn, artists whole."""
    from sklearn.model_selection import StratifiedGroupKFold

    train, labels = songs.split.train, songs.labels[songs.split.train]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(labels[:, None], labels,
                                                                            songs.groups[train])
    return [(train[fitted], train[left]) for fitted, left in folds if len(left) and 0 < labels[fitted].mean() < 1]


def _chosen(songs: _Songs, folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
            steps: _Steps) -> tuple[float, Floats]:
    """Return the inverse penalty that does best on training artists left out in turn, and its log-odds of these."""
    labels = songs.labels[songs.split.train]
    found: dict[float, tuple[float, Floats]] = {}
    for strength in steps.each(STRENGTHS):
        raw = np.full(len(songs.labels), logit(float(labels.mean())))  # for lyrics no fold leaves out
        for fitted, left in folds:
            raw[left] = _raw(songs, _logistic(songs, strength, fitted), left)
        raw = raw[songs.split.train]
        found[strength] = float((np.logaddexp(0, raw) - labels * raw).mean()), raw
    best = min(found, key=lambda each: found[each][0])
    return best, found[best][1]


def _logistic(songs: _Songs, strength: float, places: NDArray[np.intp]) -> Floats:
    """Return weights and intercept of a penalised logistic regression on some lyrics."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=LONGEST_FIT).fit(songs.given[places], songs.labels[places])
    return np.append(model.coef_[0], model.intercept_[0])


def _raw(songs: _Songs, head: Floats, places: NDArray[np.intp]) -> Floats:
    found: Floats = songs.given[places] @ head[:-1] + head[-1]
    return found


def _calibrated(head: Floats, raw: Floats, labels: Floats) -> Floats:
    """Return a head with its calibration worked in."""
    line = calibration.fit("platt", raw, labels)
    assert isinstance(line, calibration.Platt)
    return np.append(line.slope * head[:-1], line.slope * head[-1] + line.intercept)


def _drawn(songs: _Songs, strength: float, random: np.random.Generator) -> list[Floats]:
    """Return a head of training artists drawn with replacement, calibrated on all others; none where a class lacks."""
    train, groups = songs.split.train, songs.groups[songs.split.train]
    artists = np.unique(groups)
    drawn = random.choice(artists, len(artists))
    picked = np.concatenate([train[groups == artist] for artist in drawn])
    others = np.concatenate([train[~np.isin(groups, drawn)], songs.split.validation])
    if not 0 < songs.labels[picked].mean() < 1:
        return []
    head = _logistic(songs, strength, picked)
    try:
        return [_calibrated(head, _raw(songs, head, others), songs.labels[others])]
    except DataError:  # too few hits or others were left to calibrate by
        return []
