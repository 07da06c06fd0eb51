"""Lyrics as the offline rubric reads them: lines, what of them is padding, words, end rhymes, windows.

What is set aside before anything is measured, so that it can neither raise nor lower a score:

- section labels such as ``[Chorus]``;
- lines of vocables only (``la la la``);
- lines that read as neither Korean nor English (filler text, other languages, keyboard noise): see `is_read`;
- repeats of a line: every measure looks at first occurrences only. How many lines come back is counted, and what the
  hook gains by it freshness loses (see `features`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditioning.words import (
    COMMON_ENGLISH,
    COMMON_SYLLABLES,
    KOREAN_ENDINGS,
    PICTURES_ENGLISH,
    PICTURES_KOREAN,
    VOCABLES,
)
from support.errors import DataError

LEAST_LINES, LEAST_WORDS = 8, 24  # fewer distinct lines or words say nothing about order or wording
MOST_LINES = 400  # longer texts are not songs; bounds the time
READ_SHARE = 0.3  # a line is read when this share of its English words is known; Latin filler stays below
ENDING_SHARE, SYLLABLE_SHARE = 0.3, 0.6  # the same for Korean: words with a common ending, common syllables
UNREAD_MOST = 0.6  # more lines set aside than this: the text is not scored

_LABEL = re.compile(r"^\s*[\[(<{][^\])>}]{0,40}[\])>}]\s*:?\s*$")
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*|[가-힣]+")
_OTHER = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True)
class Lyrics:
    """The lines that are measured.

    Attributes
    ----------
    lines : tuple of str
        First occurrences of readable lines, in order.
    returning : tuple of str
        Lines that come back after others, once a return.
    unread : tuple of str
        Lines set aside because they read as neither Korean nor English.
    """

    lines: tuple[str, ...]
    returning: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """Return the words of the lines in order."""
        return [word for line in self.lines for word in words(line)]


def read_lyrics(text: str) -> Lyrics:
    """Return what of a text is measured.

    Raises
    ------
    DataError
        ``judge.lyrics_empty``, ``judge.lyrics_unread`` or ``judge.lyrics_short``.
    """
    all_lines = [line.strip() for line in unicodedata.normalize("NFC", text).splitlines()]
    sung = [line for line in all_lines if line and not _LABEL.match(line) and not _vocables_only(line)][:MOST_LINES]
    if not sung:
        raise DataError("judge.lyrics_empty")
    known = frozenset(word for line in sung if is_read(line) for word in words(line))
    read = [line for line in sung if is_read(line, known)]
    unread = tuple(line for line in sung if not is_read(line, known))
    if len(set(map(key_of, unread))) > UNREAD_MOST * len(set(map(key_of, sung))):
        raise DataError("judge.lyrics_unread", unread=len(unread), lines=len(sung))
    first, returning = told_apart(read)
    found = Lyrics(tuple(first), tuple(returning), unread)
    if len(first) < LEAST_LINES or len(found.words) < LEAST_WORDS:
        raise DataError("judge.lyrics_short", lines=len(first), words=len(found.words), least_lines=LEAST_LINES,
                        least_words=LEAST_WORDS)
    return found


def key_of(line: str) -> str:
    """Return the line without case, punctuation and spaces: equal keys are the same line."""
    return "".join(_OTHER.findall(unicodedata.normalize("NFKC", line).casefold())) or line.casefold()


def words(line: str) -> list[str]:
    """Return the Korean and English words of a line in lower case."""
    return [word.replace("’", "'").lower() for word in _WORD.findall(line)]


def _vocables_only(line: str) -> bool:
    found = _OTHER.findall(line.lower())
    return all(word in VOCABLES for word in found)


def is_read(line: str, known: frozenset[str] = frozenset()) -> bool:
    """Tell whether a line reads as Korean or English.

    English by the share of common words, words with an English ending, and words of `known` (those of lines already
    read); Korean by the share of words with a common ending and of common syllables. Word order is not looked at.
    """
    found, every = words(line), _OTHER.findall(line)
    if not found or len(found) < 0.5 * len(every):
        return False
    korean = [word for word in found if word[0] >= "가"]
    if 2 * len(korean) >= len(found):
        return _reads_korean(korean, known)
    english = [word for word in found if word[0] < "가"]
    return sum(_reads_english(word, known) for word in english) >= READ_SHARE * len(english)


def _reads_english(word: str, known: frozenset[str]) -> bool:
    return (word in COMMON_ENGLISH or word in known or word in PICTURES_ENGLISH
            or (len(word) > 5 and word.endswith(("ing", "ed", "ly", "ness", "less", "'s"))))


def _reads_korean(found: list[str], known: frozenset[str]) -> bool:
    letters = "".join(found)
    endings = sum(word in known or word.endswith(KOREAN_ENDINGS) or word.startswith(PICTURES_KOREAN) for word in found)
    return (endings >= ENDING_SHARE * len(found)
            and sum(letter in COMMON_SYLLABLES for letter in letters) >= SYLLABLE_SHARE * len(letters))


def told_apart(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the first occurrence of every line, and what comes back later; the same line again at once is neither."""
    seen: set[str] = set()
    first: list[str] = []
    again: list[str] = []
    before = ""
    for line in lines:
        key = key_of(line)
        if key not in seen:
            seen.add(key)
            first.append(line)
        elif key != before:
            again.append(line)
        before = key
    return first, again


def rhyme_key(line: str) -> str | None:
    """Return what a line's end rhymes by, None where it has no word.

    Korean: vowel and final consonant of the last syllable (Hangul syllables decompose by arithmetic, The Unicode
    Standard, section 3.12). English: the last vowel letters and what follows, a silent e left out: spelling, not sound.
    """
    found = words(line)
    if not found:
        return None
    last = found[-1]
    if last[-1] >= "가":
        index = ord(last[-1]) - 0xAC00
        return f"ko{index // 28 % 21}-{index % 28}"
    return _english_ending(last.replace("'", ""))


def _english_ending(word: str) -> str:
    core = re.sub(r"(?<=[^aeiouy])e$", "", word) if len(word) > 3 else word
    core = core.replace("igh", "y").replace("ea", "ee").replace("ey", "y").replace("ie", "y")
    found = re.search(r"[aeiouy]+[^aeiouy]*$", core)
    ending = found.group() if found else core
    return ending + ("'" if core != word and not word.endswith("ee") and "ea" not in word else "")


def rhymed(lines: tuple[str, ...], reach: int = 2) -> NDArray[np.bool_]:
    """Return for every line whether one at most `reach` lines away rhymes with it; the same last word does not."""
    keys, lasts = [rhyme_key(line) for line in lines], [(words(line) or [""])[-1] for line in lines]

    def meets(i: int) -> bool:
        near = [j for j in range(max(0, i - reach), min(len(lines), i + reach + 1)) if j != i]
        return any(keys[i] is not None and keys[i] == keys[j] and lasts[i] != lasts[j] for j in near)

    return np.array([meets(i) for i in range(len(lines))])


def weakest_window(values: NDArray[np.floating], size: int) -> tuple[float, int]:
    """Return the lowest mean over `size` consecutive values and where it begins.

    Lines added at the end cannot raise it: the windows that were there stay there.
    """
    size = min(size, len(values))
    sums = np.convolve(values.astype(float), np.ones(size), "valid") / size
    at = int(np.argmin(sums))
    return float(sums[at]), at
