"""Words that paint a scene, and what is heard of it: rain falls, waves roll, a fire crackles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from texts import words
from texts.morphemes import Morpheme, singular
from texts.reading import Scene

MOST = 6
_NOUNS = ("NN", "XR", "SL", "MAG")
_ONLY_WITH = {  # a word of two meanings paints its scene only beside one of these (forms of Kiwi)
    "눈": frozenset("내리 오 쌓이 녹 덮이 덮 하얗 흩날리 휘날리 겨울 얼음 길 밟 뽀드득 소복이 소복소복 펑펑".split()),
    "절": frozenset("스님 사찰 산사 부처 불공 기도 종 종소리 목탁 암자 산 탑".split()),
    "기적": frozenset("기차 열차 울리 소리".split()),
}


def find(sentences: Sequence[Sequence[Morpheme]], most: int = MOST) -> tuple[Scene, ...]:
    """Return the scenes of a text, one entry each with the word that first paints it, in the order of the text.

    Parameters
    ----------
    sentences : sequence of sequences of Morpheme
    most : int
        Where there are more scenes, those painted most often stay.
    """
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for morphemes in sentences:
        for word, scene in _painted(morphemes):
            counts[scene] += 1
            first.setdefault(scene, word)
    order = list(first)
    kept = sorted(order, key=lambda scene: (-counts[scene], order.index(scene)))[:most]
    return tuple(_scene(first[scene], scene) for scene in order if scene in kept)


def _scene(word: str, scene: str) -> Scene:
    kind = words.scenes()[scene]
    return Scene(word, scene, kind.textures, kind.instruments)


def _painted(morphemes: Sequence[Morpheme]) -> Iterator[tuple[str, str]]:
    """Yield each word of a sentence that paints a scene, with the scene; a word of two parts before its parts."""
    forms = {each.form for each in morphemes}
    place = 0
    while place < len(morphemes):
        pair = "".join(each.written for each in morphemes[place:place + 2])
        if len(morphemes) > place + 1 and pair in _korean():
            yield from ((pair, scene) for scene in _korean()[pair])
            place += 2
            continue
        one = morphemes[place]
        for scene in _of(one, forms):
            yield one.form if one.tag != "EN" else singular(one.form), scene
        place += 1


def _of(one: Morpheme, forms: set[str]) -> tuple[str, ...]:
    if one.tag == "EN" or one.tag == "SL":
        return _english().get(one.form) or _english().get(singular(one.form)) or ()
    if not one.tag.startswith(_NOUNS) or one.form not in _korean():
        return ()
    needed = _ONLY_WITH.get(one.form)
    return _korean()[one.form] if needed is None or needed & (forms - {one.form}) else ()


@cache
def _korean() -> Mapping[str, tuple[str, ...]]:
    return _owners("words_ko")


@cache
def _english() -> Mapping[str, tuple[str, ...]]:
    return _owners("words_en")


def _owners(field: str) -> dict[str, tuple[str, ...]]:
    """Return the scene of each word; a word that two scenes list paints the first only."""
    found: dict[str, tuple[str, ...]] = {}
    for scene in words.scenes().values():
        for word in getattr(scene, field):
            found.setdefault(word, (scene.id,))
    return found
