"""A reading changed by hand: summary, scenes, emotions, topic, with all that follows for the music.

What was read stays as it is and the changes are kept beside it, so that each can be taken back by itself and the order
in which they were made does not matter. The summary counts by its difference: what the sentences in it say, less what
those first chosen say, moves the text by the half of it. So an untouched summary moves nothing, and one that is put
back moves it back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from support.errors import DataError
from texts import emotion, feeling, to_music, topics, words
from texts.reading import EMOTIONS, Felt, Line, Reading, Scene, Sentence

SHARE = 0.5
"""What of the summary's difference reaches emotions, valence, arousal and topics: as much as the rest of the text."""
MOST_SCENES = 8


@dataclass(frozen=True, slots=True)
class Edits:
    """What a user changed of a reading; None and what is absent stay as they were read.

    Attributes
    ----------
    summary : tuple of int, optional
        Places of the sentences, of `Reading.lines`; with none the text counts as a whole.
    scenes : tuple of str, optional
        Ids of scenes; those the text does not paint are heard first.
    emotions : mapping of str to float
        Probability, 0 to 1, of some of `EMOTIONS`.
    topic : str, optional
    """

    summary: tuple[int, ...] | None = None
    scenes: tuple[str, ...] | None = None
    emotions: Mapping[str, float] = field(default_factory=dict)
    topic: str | None = None


def edited(reading: Reading, edits: Edits) -> Reading:
    """Return a reading as it was read, with what a user changed of it and what follows.

    Parameters
    ----------
    reading : Reading
        As of `texts.analysis.analyse`.
    edits : Edits

    Raises
    ------
    DataError
        ``bgm_text.topic``, ``.scene``: there is none of that name.
    """
    checked(edits)
    made = _with_summary(reading, edits.summary) if edits.summary is not None else reading
    if edits.emotions:
        made = _with_emotions(made, edits.emotions)
    if edits.topic is not None:
        made = replace(made, topic=edits.topic, genres=topics.genres_of(edits.topic, made.valence, made.arousal))
    return made if edits.scenes is None else replace(made, scenes=_scenes(made, edits.scenes))


def checked(edits: Edits) -> None:
    """Refuse a topic or scene that there is not."""
    if edits.topic is not None and edits.topic not in words.topics():
        raise DataError("bgm_text.topic", value=edits.topic, accepted=", ".join(words.topics()))
    for name in edits.scenes or ():
        if name not in words.scenes():
            raise DataError("bgm_text.scene", value=name, accepted=", ".join(words.scenes()))


# --- the summary ------------------------------------------------------------------------------------------


def _with_summary(reading: Reading, places: Collection[int]) -> Reading:
    """Return a reading with other sentences in its summary; places that are no line's are left out."""
    first = {sentence.index for sentence in reading.summary}
    before = [line for line in reading.lines if line.index in first]
    after = [line for line in reading.lines if line.index in places]
    chosen = tuple(Sentence(line.index, line.text) for line in after)
    if not before or not after or before == after:
        return replace(reading, summary=chosen)
    felt, scores = _moved(reading, before, after)
    topic = next(iter(scores))
    return replace(
        reading, summary=chosen, emotions=felt.emotions, valence=felt.valence, arousal=felt.arousal, topic=topic,
        topic_scores=scores, genres=topics.genres_of(topic, felt.valence, felt.arousal),
        scenes=_led(reading.scenes, before, after), feel=to_music.feel_of(felt.valence, felt.arousal),
        moods=to_music.moods_of(felt, scores))


def _moved(reading: Reading, before: Sequence[Line], after: Sequence[Line]) -> tuple[Felt, dict[str, float]]:
    """Return the feeling and topics of a text, moved by `SHARE` of what one summary says more than another."""
    was, now = (feeling.together([line.felt for line in lines], [len(line.text) for line in lines])
                for lines in (before, after))

    def moved(value: float, low: float, one: float, other: float) -> float:
        return float(np.clip(value + SHARE * (other - one), low, 1.0))

    emotions = {name: moved(reading.emotions[name], 0.0, was.emotions[name], now.emotions[name]) for name in EMOTIONS}
    felt = Felt(emotions, moved(reading.valence, -1.0, was.valence, now.valence),
                moved(reading.arousal, -1.0, was.arousal, now.arousal))
    shares = np.log([max(reading.topic_scores[name], 1e-12) for name in words.topics()])
    more = np.mean([line.topics for line in after], axis=0) - np.mean([line.topics for line in before], axis=0)
    return felt, topics.ordered(shares + SHARE * more)


def _led(scenes: Sequence[Scene], before: Sequence[Line], after: Sequence[Line]) -> tuple[Scene, ...]:
    """Return the scenes of a text, those of sentences put in first, those of sentences taken out last."""
    put = {scene.scene: scene for line in after if line not in before for scene in line.scenes}
    kept = {scene.scene for line in after if line in before for scene in line.scenes}
    out = {scene.scene for line in before if line not in after for scene in line.scenes} - kept - set(put)
    rest = [scene for scene in scenes if scene.scene not in put]
    rest.sort(key=lambda scene: scene.scene in out)
    return tuple([*put.values(), *rest][:MOST_SCENES])


# --- emotions and scenes ----------------------------------------------------------------------------------


def _with_emotions(reading: Reading, emotions: Mapping[str, float]) -> Reading:
    """Return a reading with some of its emotions set, and the feeling, moods and genres that follow."""
    named = {name: float(np.clip(emotions.get(name, reading.emotions[name]), 0.0, 1.0)) for name in EMOTIONS}
    felt = emotion.load().felt(np.array(list(named.values())))
    return replace(reading, emotions=named, valence=felt.valence, arousal=felt.arousal,
                   genres=topics.genres_of(reading.topic, felt.valence, felt.arousal),
                   feel=to_music.feel_of(felt.valence, felt.arousal),
                   moods=to_music.moods_of(felt, reading.topic_scores))


def _scenes(reading: Reading, names: Sequence[str]) -> tuple[Scene, ...]:
    """Return the scenes of these names: those that were added first, the last of them before the others."""
    painted = {scene.scene: scene for line in reading.lines for scene in line.scenes}
    painted |= {scene.scene: scene for scene in reading.scenes}
    read = [scene.scene for scene in reading.scenes]
    added = [name for name in reversed(tuple(dict.fromkeys(names))) if name not in read]
    kinds = words.scenes()
    return tuple(painted.get(name) or Scene("", name, kinds[name].textures, kinds[name].instruments)
                 for name in [*added, *(name for name in read if name in names)])[:MOST_SCENES]
