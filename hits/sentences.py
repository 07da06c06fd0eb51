"""The head on sentence embeddings: what lyrics mean rather than which words they use, from about 100 labelled lyrics.

Task: embed each line of lyrics with the sentence model of this machine, take the mean over all lines and the largest
value over different ones, and learn hits from these by a penalised logistic regression.

Conventions: the embedding is handed in (`recommender.embedder` gives one) and belongs to the head: vectors of another
model are refused. Repeated lines count as often in the mean as they are sung. How the head is trained and calibrated:
`hits.linear_head`. A change by a line is log-odds without the line less log-odds with it: below 0 the line lifts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hits import linear_head
from hits.calibration import LARGEST
from hits.judgement import Judgement, Quiet, Watch
from hits.linear_head import DRAWS, STRENGTHS, Head, Steps
from hits.lyric_cards import texts_of
from hits.lyric_words import worded
from hits.lyrics import usable
from hits.split import Split, Track, check_split, facts_of, groups_of
from hits.transfer_card import metrics_of
from support import weights
from support.errors import DataError

Floats = NDArray[np.float64]
Embed = Callable[[Sequence[str]], NDArray[Any]]
LEAST_LYRICS = 60
"""Lyrics of training and validation below which no head is trained; from about 100 on it is worth trying."""
_MADE = ("Logistic regression on the mean and the largest value of line embeddings of the training side; "
         "calibrated (Platt) on its artists left out in turn and on the validation; intervals by heads of drawn "
         "artists.")


class SentenceHead:
    """A trained head of one genre; make one by `train` or `load`.

    Attributes
    ----------
    facts : dict
        Embedding model, genre, date, data, split, strength, how it did on the test: what the card is written from.
    """

    part = "sentences"

    def __init__(self, head: Head, embed: Embed, facts: Mapping[str, Any]) -> None:
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
        check_split(split, rows)
        used, kept_rows, inner = usable(texts, rows, split, LEAST_LYRICS)
        steps = Steps(watch or Quiet(), len(used) + len(STRENGTHS) + DRAWS, f"{genre} {cls.part}")
        given = np.array([_pooled(_embedded(text, embed)[1]) for text in steps.each(used)])
        labels, groups = np.array([row.hit for row in kept_rows], float), groups_of(kept_rows)
        fitted = linear_head.fit(given, labels, groups, inner, steps=steps, seed=seed)
        facts = {"model": cls.part, "kind": "logistic", "embedder": embedder, "width": given.shape[1] // 2,
                 "genre": genre, "date": today.isoformat(), "data": dict(data or {}),
                 "left_out": len(texts) - len(used), "split": facts_of(inner, kept_rows), "strength": fitted.strength,
                 "draws": len(fitted.head.lines) - 1, "base_rate": fitted.base_rate,
                 "test": metrics_of(labels[inner.test], fitted.tested, groups[inner.test])}
        return cls(fitted.head, embed, facts)

    def judge(self, text: str) -> Judgement:
        """Return what the lines of lyrics mean for the answer.

        Raises
        ------
        DataError
            ``hit_lyrics.empty``, ``.few`` or ``.long``; ``.embedder`` if the vectors are of another length.
        """
        pooled = _pooled(self._vectors(text)[1])
        return self._head.judgement(self.part, pooled, float(self.facts["base_rate"]), self.facts, self.part)

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
        found = np.clip(self._head.log_odds(pooled), -LARGEST, LARGEST)
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
            head = linear_head.of_arrays(arrays, 2 * facts["width"] if facts["model"] == cls.part else 0)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError("hit_lyrics.model", folder=str(folder)) from error
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
