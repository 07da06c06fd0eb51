"""Lyrics as words: lines without marks and credits, then Korean morphemes and English words in their order.

Task: what a network of words reads. Korean runs through Kiwi (`playlisting.words.words_of`, morphemes that carry
meaning), everything else is split at what is no letter. Which of the two is decided word by word by its script, so that
mixed lyrics need no language.

Conventions: small letters; repeated lines and words stay, since they are a signal; marks (``[Chorus]``, ``후렴``,
``(x2)``), time stamps, credits and a first line ``Artist - Title:`` are no lyrics. Repeats that a mark only announces
are not written out.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ingest.lyrics import LONGEST_SONG, header_of
from playlisting.words import words_of
from support.errors import DataError

Line = tuple[str, tuple[str, ...]]
"""A line as it is written, and its words."""
LEAST_WORDS = 8
"""Words that carry meaning below which lyrics are too short to be judged: two short lines."""
STOP_EN = frozenset("""
    a an the and or but nor so if then than that this these those there here as at by for from in into of off on onto
    out over to up with i me my mine you your yours he him his she her hers it its we us our ours they them their who
    what which am is are was were be been being do does did have has had will would shall should can could may might
    must i'm i'll i've i'd you're you'll you've you'd he's she's it's that's we're we'll we've they're they'll there's
    what's don't doesn't didn't isn't aren't wasn't can't won't just too very not no
    """.split())
"""English words that say little by themselves."""
STOP_KO = frozenset(
    "하 되 있 이 그 저 것 거 걸 게 수 때 번 등 중 나 내 너 네 우리 더 또 다 좀 잘 안 못 않 말 주 두 보 가 오".split())
"""Korean stems and words that say little by themselves; particles and endings are gone before."""

_BRACKETS = re.compile(r"\[[^\]]*\]|【[^】]*】|<[^>]*>")
_TIMES = re.compile(r"\(?\s*[x×]\s*\d+\s*\)?\s*$|\(\s*\d+\s*[x×]\s*\)\s*$", re.IGNORECASE)
_SECTION = re.compile(
    r"(?:(?:pre|post|final|last)[- ]?)?(?:verse|chorus|hook|bridge|refrain|intro|outro|interlude|break|rap"
    r"|코러스|후렴구?|벌스|브[리릿]지|훅|인트로|아웃트로|간주|전주|후주|랩|절)\s*[\divx]*"
    r"|\d+\s*절|repeat|반복|instrumental", re.IGNORECASE)
_CREDIT = re.compile(
    r"(?:(?:lyrics?|words|music|songs?|written|composed|arranged|produced|performed|mixed|mastered|vocals?)"
    r"(?:\s*(?:,|&|and|/)\s*(?:lyrics?|words|music|written|composed|arranged|produced|mixed|mastered))*\s*"
    r"(?:by\b|[:\uff1a]).*"
    r"|(?:artist|title|album|producer|composer|lyricist|arranger|writers?|copyright|source)\s*[:\uff1a].*"
    r"|(?:작사|작곡|편곡|노래|가수|제목|곡명|앨범|프로듀서|출처)"
    r"(?:\s*[,/·&]?\s*(?:작사|작곡|편곡|노래))*\s*[:\uff1a/\-].*"
    r"|[\u00a9\u2117].*)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")


def lines_of(text: str) -> tuple[str, ...]:
    r"""Return the lines that are sung, in order, repeats kept; none for a text of marks and credits only.

    >>> lines_of("[Chorus]\nLyrics by: Nobody\nHold on (x2)\n\nHold on")
    ('Hold on', 'Hold on')
    """
    plain = unicodedata.normalize("NFC", text).replace("\u2019", "'").replace("\ufeff", "")
    found = [_TIMES.sub("", _BRACKETS.sub(" ", line)).strip() for line in plain.splitlines()]
    found = [" ".join(line.split()) for line in found if line]
    if found and header_of(found[0]):
        del found[0]
    return tuple(line for line in found if _is_sung(line))


@lru_cache(maxsize=1 << 15)
def words_in(line: str) -> tuple[str, ...]:
    """Return the words of one line that carry meaning, in order, repeats kept.

    >>> words_in("Don't you know, honey, honey")
    ('know', 'honey', 'honey')
    """
    found: list[str] = []
    for korean, run in _runs(line.lower().split()):
        found += words_of(" ".join(run)) if korean else [_english(word) for word in _WORD.findall(" ".join(run))]
    return tuple(word for word in found if word and not word.isdigit() and word not in STOP_EN and word not in STOP_KO)


def words(text: str) -> tuple[str, ...]:
    """Return the words of lyrics that carry meaning, in order, repeats kept; of any language."""
    return tuple(word for line in lines_of(text) for word in words_in(line))


def worded(text: str) -> tuple[Line, ...]:
    """Return the lines of lyrics, each with its words.

    Raises
    ------
    DataError
        ``hit_lyrics.empty``: nothing is sung in it; ``.few``: fewer than `LEAST_WORDS` words carry meaning; ``.long``:
        longer than any song.
    """
    if len(text) > LONGEST_SONG:
        raise DataError("hit_lyrics.long", characters=len(text), limit=LONGEST_SONG)
    found = tuple((line, words_in(line)) for line in lines_of(text))
    if not found:
        raise DataError("hit_lyrics.empty")
    count = sum(len(words) for _, words in found)
    if count < LEAST_WORDS:
        raise DataError("hit_lyrics.few", words=count, least=LEAST_WORDS)
    return found


def _is_sung(line: str) -> bool:
    bare = line.strip(" ()*-–—#~:.").strip()
    return bool(_WORD.search(line)) and not _SECTION.fullmatch(bare) and not _CREDIT.fullmatch(line)


def _runs(parts: list[str]) -> list[tuple[bool, list[str]]]:
    """Return words between blanks as runs of one script; a run never holds a Korean word twice.

    Kiwi needs the words beside a word to read it, and `words_of` gives each word of a text once.
    """
    runs: list[tuple[bool, list[str]]] = []
    for part in parts:
        korean = bool(_HANGUL.search(part))
        if not runs or runs[-1][0] != korean or (korean and part in runs[-1][1]):
            runs.append((korean, []))
        runs[-1][1].append(part)
    return runs


def _english(word: str) -> str:
    return word.removesuffix("'s") if word not in STOP_EN else ""
