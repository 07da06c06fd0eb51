"""What the offline rubric measures in lyrics, and the written thresholds that turn a figure into a level.

Two measures look at the order of lines and nothing else does:

arc
    Mean of two figures of the lines' valence: its correlation from one line to the next (``+1/n``, so that it is 0 on
    average for lines in random order), and the adjusted R squared of a cubic in the line number (0 on average as well).
    Valence is the place on the axis between the embeddings of bright and of dark seed sentences.
coherence
    How much closer a line is to its neighbours than to other lines, in standard deviations over all pairs: the mean of
    meaning (one and two lines away against four to ten) and end rhyme (up to three against all). 0 on average in
    random order.

Repetition moves levels from freshness to the hook and adds none: a refrain is both catchier and less new, and whoever
repeats lines to please the rubric gains nothing.

The figures are of this text, so they do not grow with its length. The thresholds were set on poems in the public
domain and lyrics written for the project; they are a convention, not a measurement of what people think.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auditioning.evidence import Audio
from auditioning.lyrics import MOST_LINES, Lyrics, key_of, rhyme_key, rhymed, weakest_window, words
from auditioning.words import COLD, COMMON_ENGLISH, PICTURES_ENGLISH, PICTURES_KOREAN, WARM

Embed = Callable[[list[str]], NDArray[np.float32]]

LIMITS = {  # the least figure of levels 1, 2, 3, 4, 5
    "hook": (0.0, 0.10, 0.25, 2.0, 2.0),  # share of lines that say a phrase again; 4 and 5 by a refrain only
    "singability": (0.10, 0.20, 0.35, 0.50, 0.70),  # share of lines that rhyme within two lines
    "freshness": (0.50, 0.58, 0.66, 0.74, 0.82),  # distinct / all words in the weakest 40 words
    "imagery": (0.10, 0.20, 0.35, 0.50, 0.65),  # share of lines with a thing to see, hear or touch
    "arc": (-0.30, 0.0, 0.08, 0.18, 0.32),
    "coherence": (-0.40, 0.0, 0.12, 0.28, 0.48),
}
REFRAIN = (0.10, 0.25)  # share of returning lines from which a refrain moves one level, two levels
WORN = 0.65  # more than this share: worn out, the hook is 0 and freshness stays two levels down
WINDOW = 40  # words; the moving-average type-token ratio of Covington and McFall (2010), at its weakest place
STEM = 2  # syllables of a Korean word that stand for it: endings vary, stems repeat
TEMPO = ((100.0, 130.0, 4), (85.0, 150.0, 3), (60.0, 180.0, 2))  # BPM from, to, level; else 1
LOUDNESS = ((-14.0, -8.0, 4), (-18.0, -6.0, 3), (-24.0, -4.0, 2))  # LUFS from, to, level; else 1


@dataclass(frozen=True)
class Finding:
    """One measured criterion.

    Attributes
    ----------
    criterion : str
        Its key.
    figure : float
        What was measured (see `LIMITS`; tempo in BPM, loudness in LUFS).
    level : int
        0 to 5 (tempo and loudness: 1 to 4, they say too little for the ends of the scale).
    quote : str
        Where it shows.
    share : float
        Share of returning lines, of hook and freshness; 0 elsewhere.
    """

    criterion: str
    figure: float
    level: int
    quote: str
    share: float = 0.0


def findings(lyrics: Lyrics, embed: Embed, audio: Audio | None = None) -> tuple[Finding, ...]:
    """Return what can be measured, in the rubric's order."""
    vectors = embed(list(lyrics.lines)).astype(float)
    hook, freshness = _hook_and_freshness(lyrics)
    return (*sound(audio), hook, _singability(lyrics), freshness, _imagery(lyrics),
            _arc(lyrics, valence(vectors, embed)), _coherence(lyrics, vectors))


def level_of(criterion: str, figure: float) -> int:
    """Return the level of a figure by the written limits."""
    return sum(figure >= limit for limit in LIMITS[criterion])


def sound(audio: Audio | None) -> tuple[Finding, ...]:
    """Return what tempo and loudness say; nothing where they were not measured. Melody needs ears."""
    if audio is None:
        return ()
    parts = (("rhythm", audio.tempo_bpm, TEMPO, "tempo {:.0f} BPM"),
             ("arrangement", audio.loudness_lufs, LOUDNESS, "loudness {:.1f} LUFS"))
    return tuple(Finding(key, figure, _banded(figure, bands), form.format(figure))
                 for key, figure, bands, form in parts if figure is not None and np.isfinite(figure))


def _banded(figure: float, bands: tuple[tuple[float, float, int], ...]) -> int:
    return next((level for low, high, level in bands if low <= figure <= high), 1)


def refrain(lyrics: Lyrics) -> tuple[float, int, bool]:
    """Return the share of returning lines, the levels they may move, and whether the song is worn out by them."""
    share = len(lyrics.returning) / (len(lyrics.lines) + len(lyrics.returning))
    return share, sum(share >= limit for limit in REFRAIN), share > WORN


def _hook_and_freshness(lyrics: Lyrics) -> tuple[Finding, Finding]:
    phrase, plain = _phrases(lyrics), _freshness(lyrics)
    share, moved, worn = refrain(lyrics)
    moved = min(moved, plain.level)
    counts = Counter(map(key_of, lyrics.returning))
    quote = max(lyrics.returning, key=lambda line: (counts[key_of(line)], len(line)), default=phrase.quote)
    hook = replace(phrase, level=0 if worn else phrase.level + moved, quote=quote, share=share)
    return hook, replace(plain, level=plain.level - moved, share=share)


def _phrases(lyrics: Lyrics) -> Finding:
    """Return the share of lines that say a phrase again: two words in a row of another line, or a word at once."""
    pairs = [_pairs(line) for line in lyrics.lines]
    counts = Counter(pair for each in pairs for pair in each)
    again = [sum(counts[pair] > 1 or pair[0] == pair[1] for pair in each) for each in pairs]
    figure = float(np.mean([each > 0 for each in again]))
    return Finding("hook", figure, level_of("hook", figure), lyrics.lines[int(np.argmax(again))])


def _pairs(line: str) -> set[tuple[str, str]]:
    found = words(line)
    return {(one, two) for one, two in pairwise(found) if not {one, two} <= COMMON_ENGLISH or one == two}


def _singability(lyrics: Lyrics) -> Finding:
    meets = rhymed(lyrics.lines)
    share = float(meets.mean())
    at = int(np.argmax(meets)) if meets.any() else 0
    keys = [rhyme_key(line) for line in lyrics.lines[at:at + 3]]
    other = next((at + k for k in range(1, len(keys)) if meets.any() and keys[k] == keys[0]), None)
    quote = lyrics.lines[at] if other is None else f"{lyrics.lines[at]} … {lyrics.lines[other]}"
    return Finding("singability", share, level_of("singability", share), quote)


def _freshness(lyrics: Lyrics) -> Finding:
    stems = [word[:STEM] if word[0] >= "가" else word for word in lyrics.words]
    size = min(WINDOW, len(stems))
    ratios = np.array([len(set(stems[at:at + size])) / size for at in range(len(stems) - size + 1)])
    figure, _ = weakest_window(ratios, 1)
    return Finding("freshness", figure, level_of("freshness", figure), _rarest(lyrics, stems))


def _rarest(lyrics: Lyrics, stems: list[str]) -> str:
    """Return the line whose words occur least in the others."""
    counts = Counter(stems)

    def rarity(line: str) -> float:
        own = [counts[word[:STEM] if word[0] >= "가" else word] for word in words(line)]
        return -float(np.mean(own)) if len(own) > 2 else -np.inf

    return max(lyrics.lines, key=rarity)


def pictures(line: str) -> int:
    """Return how many words of a line name a thing to see, hear or touch, by the small lists."""
    found = words(line)
    english = sum(word in PICTURES_ENGLISH or word.removesuffix("s") in PICTURES_ENGLISH for word in found)
    return english + sum(any(_names(word, thing) for thing in PICTURES_KOREAN) for word in found if word[0] >= "가")


_PARTICLES = ("", "이", "가", "은", "는", "을", "를", "에", "에는", "에서", "의", "도", "로", "으로", "와", "과", "만",
              "들", "들이", "들을", "들은", "들도", "처럼", "같은", "같이", "마다", "까지", "위", "위에", "위로", "속",
              "속에", "속의", "밑", "아래", "소리", "빛", "빛이", "길", "결", "가에", "이나", "엔", "에도",
              "보다", "이여")


def _names(word: str, thing: str) -> bool:
    return word.startswith(thing) and (len(thing) > 2 or word[len(thing):] in _PARTICLES)


def _imagery(lyrics: Lyrics) -> Finding:
    counts = np.array([pictures(line) for line in lyrics.lines])
    figure = float((counts > 0).mean())
    return Finding("imagery", figure, level_of("imagery", figure), lyrics.lines[int(np.argmax(counts))])


def valence(vectors: NDArray[np.float64], embed: Embed) -> NDArray[np.float64]:
    """Return each line's place between the dark seeds (below 0) and the bright ones (above)."""
    warm, cold = _seeds(embed)
    axis = warm - cold
    return (vectors - (warm + cold) / 2) @ (axis / np.linalg.norm(axis))


@lru_cache(maxsize=4)
def _seeds(embed: Embed) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = embed([*WARM, *COLD]).astype(float)
    return both[:len(WARM)].mean(axis=0), both[len(WARM):].mean(axis=0)


def arc(moods: NDArray[np.float64]) -> float:
    """Return the figure described at the top; 0 where all lines have the same valence."""
    count, free = len(moods), moods - moods.mean()
    total = float(free @ free)
    if total < 1e-12:
        return 0.0
    carried = float(free[1:] @ free[:-1]) / total + 1 / count
    curve = np.vander(np.linspace(-1, 1, count), 4)
    rest = moods - curve @ np.linalg.lstsq(curve, moods, rcond=None)[0]
    explained = 1 - float(rest @ rest) / (count - 4) / (total / (count - 1))
    return (carried + explained) / 2


def weakest_part(figure: Callable[[slice], float], count: int) -> float:
    """Return the lowest figure of the whole, its first and its last three quarters (the whole alone below 12 lines).

    What only a stretch tacked on at an end would bring about does not count.
    """
    kept = count - count // 4
    parts = [slice(0, count)] if count < 12 else [slice(0, count), slice(0, kept), slice(count - kept, count)]
    return min(map(figure, parts))


def _arc(lyrics: Lyrics, moods: NDArray[np.float64]) -> Finding:
    figure = weakest_part(lambda part: arc(moods[part]), len(moods))
    first, last = sorted((int(np.argmin(moods)), int(np.argmax(moods))))
    quote = lyrics.lines[first] if first == last else f"{lyrics.lines[first]} … {lyrics.lines[last]}"
    return Finding("arc", figure, level_of("arc", figure), quote)


def coherence(lines: tuple[str, ...], vectors: NDArray[np.float64]) -> float:
    """Return the figure described at the top."""
    free = vectors - vectors.mean(axis=0)
    norms = np.maximum(np.linalg.norm(free, axis=1, keepdims=True), 1e-12)
    meaning = (free / norms) @ (free / norms).T
    return (nearness(meaning, 2, range(4, 11)) + nearness(_rhymes(lines), 3)) / 2


def _rhymes(lines: tuple[str, ...]) -> NDArray[np.float64]:
    keys = [rhyme_key(line) for line in lines]
    ends = [(words(line) or [""])[-1] for line in lines]
    return np.array([[float(one == other and keys[i] is not None and ends[i] != ends[j])
                      for j, other in enumerate(keys)] for i, one in enumerate(keys)])


def nearness(alike: NDArray[np.float64], reach: int, others: range = range(1, MOST_LINES)) -> float:
    """Return how much more alike pairs at most `reach` apart are than pairs at the `others`, in deviations of all."""
    count = len(alike)
    near = np.concatenate([np.diag(alike, step) for step in range(1, reach + 1)])
    far = np.concatenate([np.diag(alike, step) for step in others if step < count])
    spread = float(alike[np.triu_indices(count, 1)].std())
    return float(near.mean() - far.mean()) / spread if spread > 1e-12 else 0.0


def _coherence(lyrics: Lyrics, vectors: NDArray[np.float64]) -> Finding:
    figure = weakest_part(lambda part: coherence(lyrics.lines[part], vectors[part]), len(vectors))
    free = vectors - vectors.mean(axis=0)
    steps = np.einsum("ij,ij->i", free[1:], free[:-1])
    level = level_of("coherence", figure)
    at = int(np.argmax(steps) if level > 2 else np.argmin(steps))  # the closest neighbours, or those that break
    return Finding("coherence", figure, level, f"{lyrics.lines[at]} … {lyrics.lines[at + 1]}")
