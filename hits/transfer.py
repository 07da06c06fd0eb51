"""The transfer head: an operator's own labels on what a network trained elsewhere hears, a genre each.

Task: learn hits from about 200 labelled tracks, where a network from scratch needs thousands: a logistic regression on
the embedding of `hits.musicnn`, calibrated on artists it has not learned from, judged on others, with the seconds that
carry its answer.

Conventions: how the head is trained and calibrated: `hits.linear_head` (docs/adr/0026). The head is linear in the
embedding and the embedding is the mean of a track's patches, so a track's log-odds are exactly the mean of those of its
patches: what a part of the track adds, and what would be without it, is computed and not estimated. (Beyond
±`LARGEST`, where an answer counts as certain, they are cut off.)

What is here
------------
TransferHead          train, save, load, judge, occlusion, over_time
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import linear_head
from hits.calibration import LARGEST
from hits.judgement import Judgement, Quiet, Watch, logit
from hits.linear_head import DRAWS, FOLDS, STRENGTHS, Head, Steps
from hits.musicnn import Heard
from hits.split import Split, Track, check_split, facts_of, groups_of
from hits.transfer_card import card, metrics_of
from support import weights
from support.errors import DataError

Floats = NDArray[np.float64]
PART, KIND, SOUND = "transfer", "musicnn", "sound"
LEAST, LEAST_OF_CLASS, LEAST_ARTISTS = 60, 10, 6
"""Tracks in all; hits (and others) and artists among those trained on. Below, a head learns the tracks by heart."""


class TransferHead:
    """A trained head of one genre; `train` or `load` makes one.

    Attributes
    ----------
    facts : dict
        Genre, date, data, split, strength, metrics: what the card is written from.
    """

    def __init__(self, kept: Head, facts: Mapping[str, Any]) -> None:
        self._kept, self.facts = kept, dict(facts)

    @property
    def genre(self) -> str:
        """The genre whose tracks it was trained on."""
        return str(self.facts["genre"])

    @property
    def metrics(self) -> dict[str, Any]:
        """How it did on the test tracks; what a new head is compared by."""
        return dict(self.facts["metrics"])

    @classmethod
    def train(cls, embeddings: Any, rows: Sequence[Track], split: Split, *, genre: str, today: date,
              data: Mapping[str, Any] | None = None, seed: int = 0, draws: int = DRAWS,
              watch: Watch | None = None) -> TransferHead:
        """Return a head trained, calibrated and judged on the three sides of a split.

        Parameters
        ----------
        embeddings : array_like, shape (rows, features)
            Of `hits.musicnn`.
        rows : sequence of Track
            The tracks of one genre, in the same order.
        split : Split
            Of these rows.
        genre : str
        today : date
            What the card says.
        data : mapping, optional
            Name and digest of the manifest, for the card.
        seed : int
            Decides which artists are drawn.
        draws : int
            Heads for the interval, at least 1; few make it rough.
        watch : Watch, optional
            Told of every fit, asked before each whether to stop.

        Raises
        ------
        DataError
            ``hit_transfer.few`` below 60 tracks, ``.classes`` if the training side lacks hits, others or artists,
            ``.one_sided`` if all hits (or others) are by too few of them, ``.rows`` or ``.values`` for embeddings that
            do not fit; ``hit_split.artists``; ``hit_calibration.few``.
        support.errors.Cancelled
            What `watch.check` raises.
        """
        given, labels, groups = _checked(embeddings, rows, split)
        steps = Steps(watch or Quiet(), len(STRENGTHS) + draws, genre)
        fitted = linear_head.fit(given, labels, groups, split, steps=steps, seed=seed, draws=draws)
        return cls(fitted.head, {
            "part": PART, "kind": KIND, "genre": genre, "date": today.isoformat(), "data": dict(data or {}),
            "features": given.shape[1], "split": facts_of(split, rows), "strength": fitted.strength,
            "losses": dict(fitted.losses), "draws": len(fitted.head.lines) - 1, "base_rate": fitted.base_rate,
            "metrics": metrics_of(labels[split.test], fitted.tested, groups[split.test])})

    def log_odds(self, embeddings: Any) -> Floats:
        """Return calibrated log-odds of embeddings (n, features), (n,)."""
        return np.clip(self._kept.log_odds(self._fitting(np.atleast_2d(embeddings))), -LARGEST, LARGEST)

    def judge(self, embedding: Any) -> Judgement:
        """Return what the head says of one track, by its embedding (features,).

        Raises
        ------
        DataError
            ``hit_transfer.features``: the embedding is of another model than those trained on.
        """
        shown = {name: self.facts[name] for name in ("kind", "genre", "date", "data")}
        return self._kept.judgement(PART, self._fitting(embedding), float(self.facts["base_rate"]), shown, SOUND)

    def over_time(self, heard: Heard) -> tuple[tuple[float, float, float], ...]:
        """Return what each patch of a track adds to its evidence: (start_s, end_s, log-odds).

        They sum to ``log_odds - logit(base_rate)``, exactly while that is within ±`LARGEST`.
        """
        each = self._by_patch(heard)
        shares = (each - logit(float(self.facts["base_rate"]))) / len(each)
        return _spanned(heard, shares)

    def occlusion(self, heard: Heard, window_s: float | None = None,
                  hop_s: float = 2.5) -> tuple[tuple[float, float, float], ...]:
        """Return how the log-odds change when some seconds are left out: (start_s, end_s, change).

        Log-odds without these seconds less log-odds with them: below 0 they lift the answer. Left out are the patches
        of about three seconds that lie at least half within a window; without one, each patch by itself. Where nothing
        would be left, nothing is said.
        """
        each, patches = self._by_patch(heard), heard.by_patch
        if window_s is None:
            return () if len(each) < 2 else _spanned(heard, (each.sum() - each) / (len(each) - 1) - each.mean())
        found = []
        for start in map(float, np.arange(0.0, max(patches.spans[-1, 1] - window_s, 0) + 1e-6, hop_s)):
            left = patches.inside(start, start + window_s)
            if left.any() and not left.all():
                found.append((start, start + window_s, float(each[~left].mean() - each.mean())))
        return tuple(found)

    def save(self, folder: Path) -> None:
        """Write the head, ``metrics.json`` and ``CARD.md`` as a folder, in place of what stood there."""
        listed = json.dumps(self.metrics, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        weights.write(folder, self._kept.arrays(), self.facts, {"metrics.json": listed, "CARD.md": card(self.facts)})

    @classmethod
    def load(cls, folder: Path) -> TransferHead:
        """Return the head that `save` wrote.

        Raises
        ------
        DataError
            ``weights.missing``, ``.form``, ``.broken``; ``hit_transfer.broken`` if it is no head of this program.
        """
        arrays, facts = weights.read(folder)
        try:
            kept = linear_head.of_arrays(arrays, facts["features"] if facts["part"] == PART else 0)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError("hit_transfer.broken", folder=str(folder)) from error
        return cls(kept, facts)

    def _by_patch(self, heard: Heard) -> Floats:
        return self._kept.log_odds(self._fitting(heard.by_patch.embeddings))

    def _fitting(self, embeddings: Any) -> Floats:
        given = np.asarray(embeddings, float)
        if given.shape[-1] != self.facts["features"]:
            raise DataError("hit_transfer.features", wanted=self.facts["features"], found=given.shape[-1])
        return given


# --- training ------------------------------------------------------------------------------------------------------


def _checked(embeddings: Any, rows: Sequence[Track],
             split: Split) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return embeddings, labels and groups of artists; raise where they cannot be learned from."""
    given, labels = np.asarray(embeddings, float), np.array([row.hit for row in rows], float)
    if given.ndim != 2 or len(given) != len(rows):
        raise DataError("hit_transfer.rows", embeddings=len(given), rows=len(rows))
    if not np.isfinite(given).all():
        raise DataError("hit_transfer.values", row=int(np.argmin(np.isfinite(given).all(1))) + 1)
    used = sum(len(side) for side in split.sides.values())
    if used < LEAST:
        raise DataError("hit_transfer.few", tracks=used, least=LEAST)
    check_split(split, rows)
    groups = groups_of(rows)
    hits, artists = int(labels[split.train].sum()), len(np.unique(groups[split.train]))
    others = len(split.train) - hits
    if min(hits, others) < LEAST_OF_CLASS or artists < LEAST_ARTISTS:
        raise DataError("hit_transfer.classes", hits=hits, others=others, artists=artists, least=LEAST_OF_CLASS,
                        least_artists=LEAST_ARTISTS)
    if min(len(np.unique(groups[split.train][labels[split.train] == kind])) for kind in (0, 1)) < 2:
        raise DataError("hit_transfer.one_sided", folds=FOLDS)  # left out, nothing would remain to learn from
    return given, labels, groups


def _spanned(heard: Heard, values: Floats) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(start), float(end), float(value))
                 for (start, end), value in zip(heard.by_patch.spans, values, strict=True))
