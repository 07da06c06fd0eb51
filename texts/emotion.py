"""The emotion head: how likely each of seven emotions is in a sentence, and the valence and arousal that follow.

Task: several emotions at once in a comment or sentence (fear, surprise, anger, sadness, neutral, happiness, disgust).
Model: kernel ridge regression on labels of 0 and 1. Two texts are alike by a Gaussian kernel of their embeddings and
by what they share of hashed letters and morphemes (`texts.grams`); the sum of the kernels is a kernel. The part of the
embeddings is kept as the vectors learned from in 8 bits, the parts of the pieces as one weight a place. Scores become
probabilities by a logistic curve for each emotion (Platt, 1999), fitted on comments left out in turn.

Conventions: vectors are unit rows of `moods.embedders.DEFAULT`; for Korean the head sees vector and pieces, for
English the vector alone, with the distance between the two languages taken out. Trained by
``tools/train_text_emotion.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support import weights
from texts import grams
from texts.grams import Counts
from texts.reading import EMOTIONS, Felt

FOLDER = Path(__file__).parents[1] / "models" / "text_emotion"
DARK = {"sadness": 0.9, "anger": 0.9, "disgust": 0.9, "fear": 0.8}
"""How dark each emotion is. One is enough: most dark comments are angry, and a mean would call grief bright."""
Floats = NDArray[np.float64]


class EmotionHead:
    """A trained head; `load` reads one.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        ``mean`` (width,): taken out of each vector; ``offset`` (width,): English less Korean. ``known`` (n, width):
        vectors learned from, in 8 bits. ``alpha``, ``alone`` (n, 7): their weights beside the pieces and by themselves.
        ``base`` (7,). ``letters``, ``morphemes`` (places, 7) and ``letters_idf``, ``morphemes_idf`` (places,).
        ``platt``, ``platt_alone`` (7, 2): slope and intercept. ``thresholds`` (7,). ``arousal`` (8,): from seven
        probabilities and a constant.
    facts : mapping
        What the card says; ``gamma`` is the width of the Gaussian.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        self.facts, self._gamma = dict(facts), float(facts["gamma"])
        self._arrays = {name: np.asarray(array, np.float32) for name, array in arrays.items()}
        known = self._arrays["known"]
        self._known = known / np.linalg.norm(known, axis=1, keepdims=True)

    @property
    def thresholds(self) -> Floats:
        """Probability from which each emotion is said to be there, where the F1 of comments left out is highest."""
        return self._arrays["thresholds"].astype(float)

    def korean(self, vectors: NDArray[Any], letters: Sequence[Counts], morphemes: Sequence[Counts]) -> Floats:
        """Return the probability of each emotion in Korean sentences, shape (n, 7).

        Parameters
        ----------
        vectors : ndarray, (n, width)
        letters, morphemes : sequence of Counts
            As of `texts.grams`, one a sentence.
        """
        kept = self._arrays
        scores = kept["base"] + self._near(vectors - kept["mean"]) @ kept["alpha"]
        for name, counts in (("letters", letters), ("morphemes", morphemes)):
            for row, each in enumerate(counts):
                places, values = grams.weighed(each, kept[f"{name}_idf"])
                scores[row] += values @ kept[name][places]
        return logistic(scores, kept["platt"])

    def other(self, vectors: NDArray[Any]) -> Floats:
        """Return the probability of each emotion in English sentences from their vectors alone, shape (n, 7)."""
        kept = self._arrays
        near = self._near(vectors - kept["mean"] - kept["offset"])
        return logistic(kept["base"] + near @ kept["alone"], kept["platt_alone"])

    def felt(self, emotions: NDArray[Any]) -> Felt:
        """Return probabilities with the valence and arousal that follow from them, each from -1 to 1.

        Valence is the probability of happiness less that of the likeliest dark emotion, half of it where the text is
        neutral; arousal is linear in the probabilities: 0.5 more for one standard deviation of comments.
        """
        named = dict(zip(EMOTIONS, map(float, emotions), strict=True))
        arousal = float(np.append(emotions, 1) @ self._arrays["arousal"])
        return Felt(named, valence_of(named), float(np.clip(arousal, -1, 1)))

    def _near(self, moved: NDArray[Any]) -> NDArray[Any]:
        return gaussian(unit(moved), self._known, self._gamma)


def valence_of(emotions: Mapping[str, float]) -> float:
    """Return the valence of emotions: happiness less the darkest of the others, drawn to 0 where it is neutral."""
    dark = max(weight * emotions[name] for name, weight in DARK.items())
    return (emotions["happiness"] - dark) * (1 - 0.5 * emotions["neutral"])


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return rows of length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def gaussian(one: NDArray[Any], other: NDArray[Any], gamma: float) -> NDArray[Any]:
    """Return ``exp(-gamma * distance ** 2)`` between unit rows, shape (len(one), len(other))."""
    return np.exp(-2 * gamma * (1 - one @ other.T))


def logistic(scores: NDArray[Any], platt: NDArray[Any]) -> Floats:
    """Return probabilities of scores (n, 7) by slope and intercept of each column (7, 2)."""
    return 1 / (1 + np.exp(-(scores.astype(float) * platt[:, 0] + platt[:, 1])))


@cache
def load(folder: Path = FOLDER) -> EmotionHead:
    """Return the head of a folder.

    Raises
    ------
    DataError
        ``weights.missing``, ``.form`` or ``.broken``.
    """
    return EmotionHead(*weights.read(folder))
