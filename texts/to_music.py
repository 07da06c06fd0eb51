"""From what a text says to what its music should be: feeling, moods, energy, and the wish itself.

Valence decides mode and register, arousal tempo, density and dynamics (as of Gabrielsson and Lindström, 2010: fast,
loud and dense sound excited, high and major happy); the topic brings genres, scenes bring textures and instruments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace

import numpy as np

from music import vocabulary
from music.wish import Feel, Wish
from texts import emotion
from texts.reading import Felt, Reading

MOODS = 3
GENRES, INSTRUMENTS, TEXTURES = 2, 3, 2
"""How many of what was read go into a wish."""
OWN = 0.5
"""How far a text's feeling reaches beyond moods that a user chose."""
LEAST_ARC, LEAST_MOVE = 4, 0.05
"""Stretches, and standard deviation of their arousal, from which a text's arc becomes the energy of the piece."""
LINKED = {"fear": ("scary", "mysterious"), "anger": ("angry",), "sadness": ("sad", "lonely", "sentimental"),
          "happiness": ("happy", "cheerful", "love"), "surprise": ("mysterious",), "disgust": ("dark",),
          "neutral": ("calm",)}
TOPICS = {"horror": ("scary",), "mystery": ("mysterious",), "fantasy": ("mysterious", "dreamy"), "romance": ("love",),
          "loss": ("sad", "lonely"), "war": ("angry", "dark"), "games": ("party",), "sports": ("energetic",),
          "childhood": ("cheerful",), "nature": ("peaceful",), "faith": ("peaceful",), "self_help": ("calm",),
          "science_fiction": ("mysterious",), "philosophy": ("calm",)}
"""Moods that a topic brings along."""
PULL, AROUSAL = 0.9, 0.6
"""How far an emotion or topic draws its moods near, in the distance of feelings, and what arousal counts in it."""


def feel_of(valence: float, arousal: float) -> Feel:
    """Return what a feeling asks of the music."""
    return Feel(valence, arousal, density=0.6 * arousal, register=0.5 * valence, dynamics=0.7 * arousal)


def moods_of(felt: Felt, topics: Mapping[str, float] | None = None, most: int = MOODS) -> tuple[str, ...]:
    """Return the popular moods that come nearest to a feeling, the nearest first.

    Parameters
    ----------
    felt : Felt
    topics : mapping of str to float, optional
        Share of each topic.
    most : int

    Notes
    -----
    The distance is that on valence and arousal, less `PULL` times how much an emotion or topic of the mood stands out:
    its share for a topic; for an emotion the chance above an even one after its share among comments is taken out
    (every second comment is angry, every fifth afraid, so a third of fear says more than a half of anger).
    """
    usual = emotion.load().facts["share"]
    drawn: dict[str, float] = {}
    for name, moods in LINKED.items():
        for mood in moods:
            drawn[mood] = max(drawn.get(mood, 0.0), _standing_out(felt.emotions[name], usual[name]))
    for name, share in (topics or {}).items():
        for mood in TOPICS.get(name, ()):
            drawn[mood] = max(drawn.get(mood, 0.0), share)
    known = [mood for mood in vocabulary.moods().values() if mood.popular]
    far = {mood.id: float(np.hypot(mood.valence - felt.valence, AROUSAL * (mood.arousal - felt.arousal)))
           - PULL * drawn.get(mood.id, 0.0) for mood in known}
    return tuple(sorted(far, key=lambda name: round(far[name], 9))[:most])


def _standing_out(chance: float, usual: float) -> float:
    """Return how far a chance lies above the usual one, 0 to 1, on even terms."""
    for_it, against = chance * (1 - usual), (1 - chance) * usual
    return max(0.0, 2 * for_it / max(for_it + against, 1e-9) - 1)


def energy_of(arc: Sequence[Felt]) -> tuple[float, ...]:
    """Return the energy of a piece over a text, 0 to 1; empty for a short text or one that hardly moves."""
    arousal = np.array([felt.arousal for felt in arc])
    if len(arousal) < LEAST_ARC or arousal.std() < LEAST_MOVE:
        return ()
    moved = arousal - arousal.mean()
    level = 0.55 + 0.25 * arousal.mean() + 0.3 * moved / np.abs(moved).max()
    return tuple(float(round(each, 3)) for each in np.clip(level, 0.1, 1.0))


def to_wish(reading: Reading, base: Wish) -> Wish:
    """Return a wish with what a text says; what `base` has chosen stays.

    Feelings of moods and of the text add up in a plan, so the text's is what its moods leave open.
    """
    moods = base.moods or reading.moods
    textures = _each(scene.textures for scene in reading.scenes)
    return replace(
        base, moods=moods, genres=base.genres or reading.genres[:GENRES],
        instruments=base.instruments or _turns([scene.instruments for scene in reading.scenes], INSTRUMENTS),
        textures=base.textures or textures[:TEXTURES],
        keywords=_each([base.keywords, reading.given]),
        energy=reading.energy if base.energy == "auto" and reading.energy else base.energy,
        feel=_beyond(reading.feel, moods, OWN if base.moods else 1.0))


def _beyond(feel: Feel, moods: Sequence[str], share: float) -> Feel:
    known = [vocabulary.moods()[name].feel for name in moods]

    def value(name: str) -> float:
        mean = sum(getattr(each, name) for each in known) / len(known) if known else 0.0
        return float(min(max(share * (getattr(feel, name) - mean), -1.0), 1.0))

    return Feel(**{field.name: value(field.name) for field in fields(Feel)})


def _each(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return what is in several groups, each once, in order."""
    return tuple(dict.fromkeys(each for group in groups for each in group))


def _turns(groups: Sequence[Sequence[str]], most: int) -> tuple[str, ...]:
    """Return the first of each group, then the second, up to `most`, each once."""
    longest = max(map(len, groups), default=0)
    return _each([[group[turn] for group in groups if turn < len(group)] for turn in range(longest)])[:most]


def strongest(emotions: Mapping[str, float]) -> str:
    """Return the likeliest emotion."""
    return max(emotions, key=lambda name: emotions[name])
