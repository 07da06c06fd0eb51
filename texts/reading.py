"""What is read from a text. Everything in it may be replaced by hand (`dataclasses.replace`) before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from music.wish import Feel

EMOTIONS = ("fear", "surprise", "anger", "sadness", "neutral", "happiness", "disgust")
"""The seven classes; a text may have several of them at once."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the summary: its place among the text's sentences, from 0, and its words."""

    index: int
    text: str


class Scene(NamedTuple):
    """A word of the text that paints a scene, the scene's id, and what is heard of it."""

    word: str
    scene: str
    textures: tuple[str, ...]
    instruments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Felt:
    """What one stretch of a text feels like: probability of each emotion, valence and arousal from -1 to 1."""

    emotions: Mapping[str, float]
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence that may stand in the summary, and what it says by itself.

    Attributes
    ----------
    index, text
        As of `Sentence`.
    rank : float
        How much the others are like it.
    felt : Felt
    topics : tuple of float
        How much speaks for each topic, as of `texts.topics.spoken`.
    scenes : tuple of Scene
    """

    index: int
    text: str
    rank: float
    felt: Felt
    topics: tuple[float, ...]
    scenes: tuple[Scene, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says.

    Attributes
    ----------
    lang : str
        ``ko`` or ``en``: the language it was read in, that of the greater share unless another one was chosen.
    shares : mapping of str to float
        Share of ``ko``, ``en`` and ``other`` among the letters.
    keywords : tuple of str
        Those handed in first, then those found, the weightiest first.
    given : tuple of str
        Keywords that were handed in.
    sentences : int
        How many the text has.
    summary : tuple of Sentence
        The sentences that stand for the rest, in their order.
    emotions : mapping of str to float
        Probability of each of `EMOTIONS`; they need not add up to 1.
    valence, arousal : float
        From -1 (sad, calm) to 1 (happy, excited).
    arc : tuple of Felt
        The same for stretches of equal length, from the first to the last; one for a short text.
    topic : str
        The likeliest topic.
    topic_scores : mapping of str to float
        Share of each topic, adding up to 1, the likeliest first.
    genres : tuple of str
        Five genres linked to the topic, the best for this text first.
    scenes : tuple of Scene
        In the order of the text.
    feel : Feel
        What the emotion asks of the music.
    moods : tuple of str
        Moods that come near to it, the nearest first.
    """

    lang: str
    shares: Mapping[str, float]
    keywords: tuple[str, ...]
    given: tuple[str, ...]
    sentences: int
    summary: tuple[Sentence, ...]
    emotions: Mapping[str, float]
    valence: float
    arousal: float
    arc: tuple[Felt, ...]
    topic: str
    topic_scores: Mapping[str, float]
    genres: tuple[str, ...]
    scenes: tuple[Scene, ...]
    feel: Feel
    moods: tuple[str, ...]
    energy: tuple[float, ...] = field(default=())
    """Energy over the piece, 0 to 1, as the arc goes; empty where it hardly moves."""
    found: str = ""
    """The language that was found; blank where most of the text is in neither."""
    lines: tuple[Line, ...] = field(default=())
    """The sentences that the summary may hold, in their order."""
