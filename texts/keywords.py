"""Keywords by TextRank: Korean nouns of Kiwi and English words that stand near each other, the most connected first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hits.lyric_words import STOP_EN
from texts.graph import rank
from texts.morphemes import Morpheme, singular

MOST = 10
LONGEST = 20
"""Letters of a keyword; longer ones are no words."""
NODES = 400
"""Words in the graph: the most frequent of a text; 20,000 characters hold about 1,500 different nouns."""
WINDOW = 4
"""Words from the first to the last of those taken to stand near each other."""
NOUNS = ("NNG", "NNP", "SL")
SHORT = frozenset("""
    비 밤 꿈 봄 별 달 눈 강 산 숲 불 꽃 물 해 집 길 빛 돌 배 섬 책 시 춤 술 차 검 칼 총 왕 신 삶 맘 곰 개 새 말 소 뱀 닭
    쌀 빵 밭 논 콩 팀 골 공 돈 빚 법 표 당 병 약 암 뇌 폐 몸 뼈 피 땀
    """.split())
"""Nouns of one syllable that say something by themselves; others are mostly counters and parts of words."""
STOP = frozenset("""
    때문 정도 경우 이번 다음 오늘 내일 어제 지금 자신 모두 누구 우리 저희 하나 생각 사람 이상 이하 이후 이전 동안 사이
    가지 부분 자체 관련 대해 대한 통해 위해 여기 거기 저기 이것 그것 저것 무엇 어디 언제 여러분 그동안 요즘 최근 당시
    한번 이런 그런 저런 진짜 정말 완전 너무 조금 약간 전부 전체 나름 순간 처음 마지막 중간 가운데 이유 문제 결과 내용
    방법 필요 사용 시작 가능 포함 예정 이용 제공 진행 기준 각각 서로 스스로 혼자 얼마 먼저 나중 그때 이때 뒤 앞 위 아래
    """.split())
STOP_ENGLISH = STOP_EN | frozenset("""
    about above across after against along among around before behind below beneath beside beyond despite down during
    inside near outside since through throughout toward towards under underneath until upon within zero two four five
    six seven eight nine ten eleven twelve hundred thousand million twenty thirty fifty monday tuesday wednesday
    thursday friday saturday sunday very really small large long short full able certain clear sure ready next
    nobody everybody somebody anybody none nothing everything something anything nowhere myself yourself himself herself
    itself ourselves themselves am pm mr mrs ms etc fell felt ran sat stood spoke wrote began grew held brought bought
    caught taught thought fought sang sank swam drank drew threw flew knew blew rose woke broke chose froze drove rode
    paid sent spent built led met read shut cut put set hit let lay lie lost won told sold understood stay stays want
    again ago all almost also although always another any anyone anything around ask asked away back because become
    before began being better between big bit both came come comes could day did each else enough even ever every
    everyone everything far few find first found gave get gets getting give go goes going gone good got great half
    hand how however keep kept kind knew know known last later least left less let like little long look looked looking
    lot made make makes making man many matter may maybe mean means men might more most much need never new next nothing
    now often oh ok old once one ones only other others own part people perhaps place put quite rather really right
    said same saw say says see seem seemed seen several shall since some someone something sometimes soon still such
    sure take taken takes tell thing things think thought three through thus time times told took toward try turn
    turned two under until upon use used using usually want wanted way ways well went when where whether which while
    whole whose why without woman women work would yes yet yeah year years
    """.split())
_VERBS = ("ed", "ly")
"""Endings of English words that are hardly ever nouns; there is no tagger for English here."""
_NOT = frozenset(word.split("'")[0] for word in STOP_EN if "'" in word)


def words_of(morphemes: Sequence[Morpheme]) -> list[str]:
    """Return the words of a sentence that may be keywords, in order, repeats kept."""
    found = (_candidate(morpheme) for morpheme in morphemes)
    return [word for word in found if word]


def keywords(sentences: Sequence[Sequence[str]], most: int = MOST) -> tuple[tuple[str, float], ...]:
    """Return the keywords of a text with their weights, the weightiest first.

    Parameters
    ----------
    sentences : sequence of sequences of str
        The words of each sentence, as of `words_of`.
    most : int

    Returns
    -------
    tuple of (str, float)
        Weights add up to 1 over all words of the graph; of equals the earlier word comes first.
    """
    counts = Counter(word for words in sentences for word in words)
    nodes = [word for word, _ in counts.most_common(NODES)]
    place = {word: index for index, word in enumerate(nodes)}
    edges = np.zeros((len(nodes), len(nodes)))
    for words in sentences:
        known = [place[word] for word in words if word in place]
        for index, one in enumerate(known):
            for other in known[index + 1:index + WINDOW]:
                if one != other:
                    edges[one, other] += 1
                    edges[other, one] += 1
    # a word said often in short sentences has few neighbours: how often it is said counts as well
    weights = rank(edges) * np.sqrt([counts[word] for word in nodes])
    weights = weights / weights.sum() if len(nodes) else weights
    best = sorted(range(len(nodes)), key=lambda index: (-round(float(weights[index]), 9), index))[:most]
    return tuple((nodes[index], float(weights[index])) for index in best)


def _candidate(morpheme: Morpheme) -> str | None:
    form, tag, _ = morpheme
    if tag in ("EN", "SL"):
        word = singular(form)
        plain = 2 < len(word) <= LONGEST and word.isascii() and word.isalpha() and not word.endswith(_VERBS)
        return word if plain and not {word, form} & STOP_ENGLISH and word not in _NOT else None
    if tag not in NOUNS or form in STOP or len(form) > LONGEST:
        return None
    return form if len(form) > 1 or form in SHORT else None
