"""Cells of a song list: names of columns, tags in every spelling met so far, genres, years, languages.

Everything that is accepted stands in the tables at the top. Names of columns and genres are compared without case,
spaces, underscores and punctuation.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any

from ingest.names import normalise
from moods.vocabulary import CATEGORIES, vocabulary

COLUMNS: dict[str, tuple[str, ...]] = {
    "title": ("곡명", "제목", "노래제목", "노래", "title", "song", "song title", "track", "track name"),
    "artist": ("가수", "가수명", "아티스트", "artist", "artist name", "singer"),
    "album": ("앨범", "앨범명", "album", "album name"),
    "genre": ("장르", "genre"),
    "year": ("연도", "년도", "발매연도", "발매년도", "발매일", "발매일자", "year", "release year", "release date",
             "released"),
    "language": ("언어", "language", "lang"),
    "tags": ("연관태그", "태그", "해시태그", "tags", "tag", "related tags", "hashtags"),
    "situation": ("상황", "상황태그", "태그상황", "situation", "situation tags"),
    "emotion": ("감정", "감정태그", "태그감정", "emotion", "emotion tags"),
    "time": ("시간", "시간대", "시간태그", "태그시간", "시간대태그", "time", "time tags"),
    "style": ("스타일", "스타일태그", "태그스타일", "style", "style tags"),
    "weather": ("날씨", "날씨태그", "태그날씨", "weather", "weather tags"),
    "season": ("계절", "계절태그", "태그계절", "season", "season tags"),
}
"""Headers of each column; where a file has several of one kind, the one named first here counts."""
TAG_COLUMNS = ("tags", *CATEGORIES)
REQUIRED = ("title", "artist", "genre")

GENRES: dict[str, tuple[str, ...]] = {
    "가요": ("국내가요", "한국가요", "대중가요", "케이팝", "K-POP", "Korean"),
    "발라드": ("Ballads", "가요발라드", "국내발라드"),
    "댄스": ("댄스팝", "국내댄스", "Dance pop"),
    "락/메탈": ("락", "록", "메탈", "록/메탈", "록 음악", "락 음악", "헤비메탈", "Rock", "Metal", "Hard rock"),
    "POP": ("팝", "팝송", "팝 음악", "해외팝"),
    "랩/힙합": ("랩", "힙합", "힙합/랩", "Rap", "Hip-hop", "Hip-hop/Rap", "Rap/Hip-hop"),
    "일렉트로니카": ("일렉트로닉", "일렉트로니카/EDM", "일렉트로닉/EDM", "전자음악", "Electronic", "EDM",
                     "Electronic/EDM"),
    "인디": ("인디음악", "인디뮤직", "Indie music"),
    "블루스/포크": ("블루스", "포크", "포크/블루스", "포크송", "Blues", "Folk", "Folk & blues"),
    "트롯": ("트로트", "성인가요", "성인가요/트로트", "트로트/성인가요"),
    "OST": ("OST/드라마", "드라마 OST", "영화 OST", "드라마", "영화/드라마", "사운드트랙", "Soundtrack"),
    "JPOP": ("제이팝", "일본음악", "일본 팝"),
    "재즈": ("Jazz music", "재즈 음악"),
    "클래식": ("Classic", "클래식 음악", "Classical music"),
    "뉴에이지": ("뉴에이지 음악", "New age music"),
    "월드뮤직": ("월드", "World", "세계음악"),
}
"""Other names of the genres, besides their own in Korean and English; only what can mean nothing else."""

LANGUAGES: dict[str, tuple[str, ...]] = {
    "ko": ("한국어", "국어", "한글", "korean", "kor", "ko-kr", "kr"),
    "en": ("영어", "english", "eng", "en-us", "en-gb"),
    "ja": ("일본어", "일어", "japanese", "jpn", "jp", "ja-jp"),
    "zh": ("중국어", "chinese", "zho", "chi", "cn", "mandarin", "cantonese"),
    "es": ("스페인어", "spanish", "spa"), "fr": ("프랑스어", "불어", "french", "fra", "fre"),
    "de": ("독일어", "german", "deu", "ger"), "it": ("이탈리아어", "italian", "ita"),
    "pt": ("포르투갈어", "portuguese", "por"), "ru": ("러시아어", "russian", "rus"),
    "la": ("라틴어", "latin", "lat"), "ar": ("아랍어", "arabic", "ara"), "hi": ("힌디어", "hindi", "hin"),
    "vi": ("베트남어", "vietnamese", "vie"), "th": ("태국어", "thai", "tha"),
    "zxx": ("연주곡", "가사 없음", "없음", "instrumental", "none", "no lyrics"),
}
"""ISO 639-1 code (zxx: nothing is sung) and its names; a code of two letters that is not here is taken as it is."""

FIRST_YEAR, LAST_YEAR = 1000, 2100
LONGEST_CELL = 5_000
"""Characters of a cell with tags; all 78 tags take 500."""
LONGEST_UNKNOWN = 60
_NOTHING = {"", "nan", "none", "null", "na", "n/a", "-", "[]", "{}", "()"}
_SEPARATORS = re.compile(r"[|,;、\n\r\t]")
_WORDS = re.compile(r"[\s/·+]+")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_YEAR = re.compile(r"(\d{4})(?:\D|$|\d{2}(?:\d{2})?$)|.*\D(\d{4})$")
_WORDS_OF_A_TAG = 5
_GUARDED = re.compile(r"'[=+\-@]")


def columns_of(headers: Sequence[str]) -> dict[str, int]:
    """Return the place of every column that is known, by the names of `COLUMNS`."""
    places: dict[str, int] = {}
    for place, header in enumerate(headers):
        places.setdefault(normalise(header), place)
    found = {field: [places[key] for name in names if (key := normalise(name)) in places]
             for field, names in COLUMNS.items()}
    return {field: known[0] for field, known in found.items() if known}


def text_of(cell: Any) -> str:
    """Return a cell as one line of text: NFC, no control characters, no blanks at its ends; ``""`` for nothing."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, list | tuple):
        return ", ".join(filter(None, map(text_of, cell)))
    text = unicodedata.normalize("NFC", cell if isinstance(cell, str) else str(cell))
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "" if unicodedata.category(char) == "Cf" else " "
                       for char in text)
    text = " ".join(text.split())
    return text[1:] if _GUARDED.match(text) else text  # exports put a quote before what a spreadsheet would run


def genre_of(cell: Any) -> str | None:
    """Return the genre a cell names, None where it names none of the 16."""
    return _genres().get(normalise(text_of(cell)))


@cache
def _genres() -> dict[str, str]:
    own = {normalise(name): genre for genre, en in vocabulary().genres.items() for name in (genre, en)}
    return {normalise(name): genre for genre, names in GENRES.items() for name in names} | own


def language_of(cell: Any) -> str:
    """Return the ISO 639-1 code a cell names, ``""`` where it names none."""
    text = text_of(cell).casefold()
    known = _languages().get(normalise(text))
    return known or (text if len(text) == 2 and text.isascii() and text.isalpha() else "")


@cache
def _languages() -> dict[str, str]:
    return {normalise(name): code for code, names in LANGUAGES.items() for name in (code, *names)}


def year_of(cell: Any) -> int | None:
    """Return the year of a cell: a number, a day (``2019.05.01``, ``20190501``) or a date; None where there is none."""
    if isinstance(cell, date):  # datetime is one
        return cell.year
    found = _YEAR.match(text_of(cell))
    year = int(found[1] or found[2]) if found else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else None


def tags_in(cells: Iterable[Any]) -> tuple[int, tuple[str, ...]]:
    """Return the tags of cells as a mask (`moods.vocabulary.Vocabulary.mask`), and the texts that are no tag.

    A cell is a list of texts, or a text: ``['a', 'b']``, JSON, ``a|b``, ``a, b``, ``#a #b``, ``a b``; tags in Korean or
    English. A tag counts wherever it stands: its category is the vocabulary's.
    """
    mask = 0
    unknown: tuple[str, ...] = ()
    for cell in cells:
        for each in cell if isinstance(cell, list | tuple) else (cell,):
            if each is not None and each == each:
                bits, others = _read(each if isinstance(each, str) else str(each))
                mask, unknown = mask | bits, unknown + others
    return mask, unknown


@lru_cache(maxsize=65_536)
def _read(cell: str) -> tuple[int, tuple[str, ...]]:
    """Return tags and other texts of one cell; lists hold few combinations many times over."""
    found: list[str] = []
    unknown: list[str] = []
    for piece in _pieces(cell):
        tags = _tags_of(piece)
        found += tags
        if not tags and piece.casefold() not in _NOTHING:
            unknown.append(piece[:LONGEST_UNKNOWN])
    return vocabulary().mask(found), tuple(unknown)


def _pieces(cell: str) -> list[str]:
    """Return the texts a cell holds; a cell that is a tag is one text, whatever stands in it."""
    text = cell.strip()
    if text.casefold() in _NOTHING or vocabulary().find(text):
        return [text_of(text)]
    if text[0] in "[({" or text.startswith("array("):
        listed = _listed(text)
        if listed is not None:
            return [piece for each in listed for piece in _split(each)]
        text = text.strip("[](){}")
    return _split(text)


def _listed(text: str) -> list[str] | None:
    """Return the texts of a written list (JSON, Python, NumPy), None where it holds no quoted text."""
    try:
        tree = json.loads(text)
        return [str(each) for each in tree if each is not None] if isinstance(tree, list) else None
    except (ValueError, RecursionError):
        return [one or other for one, other in _QUOTED.findall(text)] or None


def _split(text: str) -> list[str]:
    if vocabulary().find(text):
        return [text_of(text)]
    pieces = [text_of(piece) for part in text.split("#") for piece in _SEPARATORS.split(part)]
    return [piece for piece in pieces if piece]


def _tags_of(piece: str) -> list[str]:
    """Return the tag a text names, or the tags where every word of it belongs to one (``봄 여름``, ``밝은/신나는``)."""
    if tag := vocabulary().find(piece):
        return [tag]
    words, tags = _WORDS.split(piece), []
    while words:
        size = next((size for size in range(min(_WORDS_OF_A_TAG, len(words)), 0, -1)
                     if vocabulary().find("".join(words[:size]))), 0)
        if not size:
            return []
        tags.append(str(vocabulary().find("".join(words[:size]))))
        del words[:size]
    return tags
