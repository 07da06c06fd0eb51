"""A text from its letters to its `Reading`.

Of a long text at most `MOST_EMBEDDED` sentences are embedded, the one with the weightiest keywords of each stretch, so
that 20,000 characters take about as long as 5,000; keywords, scenes and the words of topics come from all of it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from support.errors import DataError
from texts import emotion, feeling, keywords, language, morphemes, scenes, summary, to_music, topics
from texts.morphemes import Morpheme, singular
from texts.reading import Felt, Line, Reading
from texts.sentences import chosen, sentences
from texts.topics import Embed

MOST_EMBEDDED, MOST_LETTERS = 64, 160
"""Sentences of a text that are embedded, and characters of each: about 15 ms for 60 characters on one core at rest."""
WHOLE = 300
"""Characters up to which the emotion of a text is read in one piece."""
SHOWN = 10
"""Keywords found in a text that are shown."""
MOST_GIVEN, LONGEST_GIVEN = 8, 40
"""Keywords a user may hand in, and characters of each."""


def analyse(text: str, embed: Embed, keywords: Sequence[str] = (), chosen: str | None = None) -> Reading:
    """Return what a text says.

    Parameters
    ----------
    text : str
        Korean, English or both; at most `language.LONGEST` characters.
    embed : callable
        Texts to unit vectors, shape (n, 384); the emotion head knows those of `recommender.embed`.
    keywords : sequence of str
        Words of the user's own; they come first and count for the topic.
    chosen : str, optional
        ``ko`` or ``en``: sentences with a word of it are read in it, and topics are compared in it.

    Raises
    ------
    DataError
        ``bgm_text.empty``, ``.long``, ``.language``, ``.no_korean`` or ``.no_english``; ``.keywords``: too many of
        them, or one too long.
    """
    plain = language.cleaned(text)
    lang, guess, shares = language.language(plain, chosen)
    given, found = _given(keywords), sentences(plain) or (plain,)  # nothing but marks in brackets is read as it is
    parsed = _parsed(found, chosen)
    ranked, places = _sifted(parsed)
    words = tuple(dict.fromkeys([*given, *ranked[:SHOWN]]))
    kept = [found[place] for place in places]
    about = [", ".join(words) or plain[:WHOLE], plain[:WHOLE]]
    vectors = np.asarray(embed([*(sentence[:MOST_LETTERS] for sentence in kept), *about]), np.float32)
    parts = feeling.felt(emotion.load(), kept, [parsed[place] for place in places], vectors[:-2], chosen)
    lengths = [len(sentence) for sentence in kept]
    whole = _whole(plain, parsed, vectors[-1:], parts, lengths, chosen)
    subject = vectors[:-2].mean(axis=0) + vectors[-2]
    topic_scores = topics.scores(_counted(parsed, given), subject / np.linalg.norm(subject), lang, embed)
    topic, arc = next(iter(topic_scores)), feeling.arc(parts, lengths)
    best, ranks = summary.summary(found, places, vectors[:-2])
    spoken = [topics.spoken(_counted([parsed[place]], ()), vector, lang, embed)
              for place, vector in zip(places, vectors[:-2], strict=True)]
    lines = tuple(Line(place, found[place], rank, felt, each, scenes.find([parsed[place]]))
                  for place, rank, felt, each in zip(places, ranks, parts, spoken, strict=True))
    return Reading(
        lang=lang, shares=shares, keywords=words, given=given, sentences=len(found),
        summary=best, emotions=whole.emotions, valence=whole.valence,
        arousal=whole.arousal, arc=arc, topic=topic, topic_scores=topic_scores,
        genres=topics.genres_of(topic, whole.valence, whole.arousal), scenes=scenes.find(parsed),
        feel=to_music.feel_of(whole.valence, whole.arousal), moods=to_music.moods_of(whole, topic_scores),
        energy=to_music.energy_of(arc), found=guess, lines=lines)


def _given(words: Sequence[str]) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(word for word in (" ".join(each.split()) for each in words) if word))
    if len(given) > MOST_GIVEN or any(len(word) > LONGEST_GIVEN for word in given):
        raise DataError("bgm_text.keywords", count=len(given), most=MOST_GIVEN, limit=LONGEST_GIVEN)
    return given


def _parsed(found: Sequence[str], chosen: str | None = None) -> list[list[Morpheme]]:
    """Return the morphemes of each sentence: Kiwi's where any of it is Korean, else English words.

    Where English was chosen, a sentence with a word of it gives English words only.
    """
    korean = [place for place, sentence in enumerate(found) if language.has_korean(sentence)
              and (chosen != "en" or not language.has_words(sentence, "en"))]
    parsed = {place: morphemes.english(sentence) for place, sentence in enumerate(found)}
    parsed |= dict(zip(korean, morphemes.korean([found[place] for place in korean]), strict=True))
    return [parsed[place] for place in range(len(found))]


def _sifted(parsed: Sequence[Sequence[Morpheme]]) -> tuple[list[str], tuple[int, ...]]:
    """Return the keywords of a text, the weightiest first, and the places of the sentences to embed."""
    said = [keywords.words_of(each) for each in parsed]
    weights = dict(keywords.keywords(said, keywords.NODES))
    # by the root of its words: the longest sentence is not always the one that counts; rounded, or the order of a sum
    # decides between equals
    places = chosen([round(math.fsum(weights.get(word, 0.0) for word in set(each)) / math.sqrt(len(each) or 1), 12)
                     for each in said], MOST_EMBEDDED)
    return list(weights), places


def _whole(plain: str, parsed: Sequence[Sequence[Morpheme]], vector: np.ndarray, parts: Sequence[Felt],
           lengths: Sequence[int], chosen: str | None) -> Felt:
    """Return what all of a text feels like: a short one in one piece, a long one by its sentences."""
    if len(plain) > WHOLE or len(parts) < 2:
        return feeling.together(parts, lengths)
    every = [morpheme for each in parsed for morpheme in each]
    return feeling.felt(emotion.load(), [" ".join(plain.split())], [every], vector, chosen)[0]


def _counted(parsed: Sequence[Sequence[Morpheme]], given: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    """Return how often each word is met in Korean and in English, a keyword of the user's three times more."""
    every = [morpheme for each in parsed for morpheme in each]
    korean = Counter(each.form for each in every if each.tag.startswith("N"))
    english = Counter(word for each in every if each.tag in ("EN", "SL") for word in {each.form, singular(each.form)})
    for word in given:
        (korean if language.has_korean(word) else english)[word.lower()] += 3
    return {"ko": korean, "en": english}
