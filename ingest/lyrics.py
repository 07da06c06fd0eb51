"""Lyrics: one text with many songs, or a text with one, to songs; whole, in the order of the text.

The form: a line ``Artist - Title:`` and then the lines of the song, up to the next such line or the end. The first
hyphen or dash between blanks parts the names, so that ``AC-DC - Back - Live:`` is the song *Back - Live* of *AC-DC*.
A label of a section (``Verse 1 - Mina:``, ``후렴 - 모두:``) is no such line. A line of a song that would be read as one
is written with a backslash before it.

Conventions: NFC, lines ended by LF, no blanks at a line's end, no blank line at a song's beginning and end; blank lines
within a song stay, since they part its stanzas. Nothing is cut: what is too long is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ingest.names import normalise, printable
from ingest.text import decode, split_lines
from support.errors import DataError, FileRefused

LYRICS_READER = 1
"""Version of these rules; raised when they change, so that unchanged texts are read again."""
LARGEST_TEXT = 1_000_000
"""Bytes of one text: about 400 songs."""
LONGEST_SONG = 100_000
"""Characters of one song; the longest rap songs have a tenth of that. More is another kind of text."""
LONGEST_NAME = 200
"""Characters of an artist or a title."""
HANGUL_SHARE = 0.2
"""Share of Hangul among the letters from which lyrics are Korean: one syllable block says what two or three Latin
letters do, so a song that is half English counts as Korean."""
ENGLISH_SHARE = 0.05
"""Share of the commonest English words among all words from which other lyrics are English (prose has 20 percent)."""

_HEADER = re.compile(r"(?P<artist>\S.*?)\s+[-\u2013\u2014\u2212]\s+(?P<title>\S.*?)\s*[:\uff1a]")
_SECTION = re.compile(
    r"(?:\d+\s*절|(?:pre-?\s?|post-?\s?)?(?:verse|chorus|hook|bridge|refrain|intro|outro|interlude|rap|part|break)"
    r"|(?:프리\s?|포스트\s?)?코러스|후렴구?|벌스|브[리릿]지|훅|인트로|아웃트로|간주|랩|절|파트)\s*[\divx]*",
    re.IGNORECASE)
_LINE_ENDS = re.compile("[\u000b\u000c\u0085\u2028\u2029]")
"""What word processors put between lines."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_ENGLISH = frozenset("the and you to of my is that we your it it's for with i i'm i'll you're don't this what was are "
                     "all be but so they when".split())


@dataclass(frozen=True, slots=True)
class LyricsText:
    """A song as a text has it; `line` is that of its names, counted from 1, 0 where the text does not hold them."""

    artist: str
    title: str
    lyrics: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class RefusedLyrics:
    """A song that was not taken: the line it begins in, and why (a key below ``errors.`` with its values)."""

    line: int
    code: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LyricsFile:
    """What one text holds."""

    songs: tuple[LyricsText, ...]
    refused: tuple[RefusedLyrics, ...] = ()
    encoding: str = "utf-8"


@dataclass(slots=True)
class _Block:
    """A header and the lines below it; `names` is None for lines above the first header."""

    names: tuple[str, str] | None
    line: int
    lines: list[str] = field(default_factory=list)


def read_lyrics(data: bytes | str, *, name: str = "") -> LyricsFile:
    """Read a text with one song or many.

    Parameters
    ----------
    data : bytes or str
        Bytes in UTF-8 (with byte-order mark or not), UTF-16 or CP949.
    name : str
        The file's name. Where the text has no line ``Artist - Title:``, its stem ``Artist - Title`` names the song.

    Returns
    -------
    LyricsFile
        The songs, and those that cannot be used with the reason of each.

    Raises
    ------
    DataError
        If the text is too large, not text, empty, or nothing names the song.
    """
    text, encoding = _text_of(data)
    blocks = _blocks(text)
    if not any(line for block in blocks for line in block.lines):
        raise DataError("lyrics.empty")
    if blocks[0].names is None:
        _name_the_first(blocks, name)
    songs: list[LyricsText] = []
    refused: list[RefusedLyrics] = []
    known: set[tuple[str, str]] = set()
    for block in blocks:
        try:
            song = _song(block)
            if (key := song_key(song.artist, song.title)) in known:
                raise DataError("lyrics.twice", artist=song.artist, title=song.title)
        except DataError as error:
            refused.append(RefusedLyrics(block.line, error.code, error.values))
        else:
            known.add(key)
            songs.append(song)
    return LyricsFile(tuple(songs), tuple(refused), encoding)


def make_song(artist: str, title: str, lyrics: str) -> LyricsText:
    """Return a song of names and lyrics given apart (typed into a form), checked as `read_lyrics` does.

    A first line ``Artist - Title:`` that repeats the names is taken off.

    Raises
    ------
    DataError
        If a name has no letter, digit or symbol, or is too long; if there are no lyrics, or too many.
    """
    lines = _lines(_text_of(lyrics)[0])
    while lines and not lines[0]:
        lines.pop(0)
    found = header_of(lines[0]) if lines else None
    if found and song_key(*found) == song_key(artist, title):
        lines.pop(0)
    return _song(_Block((_tidy(artist), _tidy(title)), 0, lines))


def header_of(line: str) -> tuple[str, str] | None:
    """Return artist and title where a line is ``Artist - Title:``, else None.

    >>> header_of("Luna Harbor - Midnight Ferry:")
    ('Luna Harbor', 'Midnight Ferry')
    """
    if len(line) > 2 * LONGEST_NAME + 40 or line.lstrip().startswith("\\"):
        return None
    found = _HEADER.fullmatch(line.strip())
    if found is None or _SECTION.fullmatch(found["artist"]):
        return None
    return found["artist"], found["title"]


def write_lyrics(songs: Iterable[LyricsText]) -> str:
    """Return songs as one text that `read_lyrics` reads back."""
    return "\n\n".join(f"{song.artist} - {song.title}:\n" + "\n".join(map(_escaped, song.lyrics.split("\n")))
                       for song in songs) + "\n"


def song_key(artist: str, title: str) -> tuple[str, str]:
    """Return the key under which two spellings of a song are the same (see `ingest.names.normalise`)."""
    return normalise(artist), normalise(title)


def fold(text: str) -> str:
    """Return a text as it is searched: NFKC, case folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def language_of(lyrics: str) -> str:
    """Return ``ko``, ``en`` or ``other``.

    Korean from `HANGUL_SHARE` of all letters on; English where at least `ENGLISH_SHARE` of the words are among the
    commonest of English; ``other`` for the rest, and for lyrics without words.
    """
    letters = [char for char in lyrics if char.isalpha()]
    if not letters:
        return "other"
    if sum("\uac00" <= char <= "\ud7a3" for char in letters) >= HANGUL_SHARE * len(letters):
        return "ko"
    words = [word.casefold().replace("\u2019", "'") for word in _WORD.findall(lyrics)]
    return "en" if sum(word in _ENGLISH for word in words) >= ENGLISH_SHARE * len(words) else "other"


def _text_of(data: bytes | str) -> tuple[str, str]:
    if len(data) > LARGEST_TEXT:  # characters of a str are at most its bytes
        raise DataError("lyrics.large", size_mb=f"{len(data) / 1e6:.1f}", limit_mb=LARGEST_TEXT // 1_000_000)
    if isinstance(data, str):
        return data, "str"
    try:
        return decode(data)
    except FileRefused as error:
        code = "lyrics.binary" if error.code == "file.binary" or b"\0" in data else "lyrics.encoding"
    raise DataError(code)


def _lines(text: str) -> list[str]:
    """Return the lines without characters nobody sees, blanks at their ends, or marks of byte order."""
    lines = split_lines(_LINE_ENDS.sub("\n", text.removeprefix("\ufeff")))
    return [unicodedata.normalize("NFC", _visible(line)).rstrip() for line in lines]


def _visible(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(" " if char == "\t" else char for char in line
                   if char == "\t" or unicodedata.category(char) not in ("Cc", "Cs") and char != "\ufeff")


def _blocks(text: str) -> list[_Block]:
    blocks = [_Block(None, 1)]
    for number, line in enumerate(_lines(text), 1):
        if names := header_of(line):
            blocks.append(_Block(names, number))
        else:
            blocks[-1].lines.append(line)
    return blocks if any(blocks[0].lines) else blocks[1:] or blocks


def _name_the_first(blocks: list[_Block], name: str) -> None:
    """Name the lines above the first header after the file, if that can be; else say what is accepted."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name.rpartition("/")[2])
    names = header_of(f"{unicodedata.normalize('NFC', stem)}:")
    first = next(line for line in blocks[0].lines if line)
    if names is None or len(blocks) > 1:
        raise DataError("lyrics.header", found=printable(first[:60]))
    blocks[0].names, blocks[0].line = names, 0


def _song(block: _Block) -> LyricsText:
    artist, title = block.names or ("", "")
    for given in (artist, title):
        if not normalise(given):
            raise DataError("lyrics.name", artist=printable(artist)[:60], title=printable(title)[:60])
        if len(given) > LONGEST_NAME:
            raise DataError("lyrics.name_long", found=f"{given[:40]}…", limit=LONGEST_NAME)
    lyrics = "\n".join(line[1:] if line.startswith("\\") and _escaped(line[1:]) == line else line
                       for line in block.lines).strip("\n")
    if not any(map(str.isalnum, lyrics)):
        raise DataError("lyrics.no_lines", artist=artist, title=title)
    if len(lyrics) > LONGEST_SONG:
        raise DataError("lyrics.long", artist=artist, title=title, count=len(lyrics), limit=LONGEST_SONG)
    return LyricsText(artist, title, lyrics, block.line)


def _tidy(name: str) -> str:
    """Return a typed name in one line."""
    return " ".join(" ".join(_lines(name)).split())


def _escaped(line: str) -> str:
    """Return a song's line as a text must hold it: one that would be read as names, or unescaped, gets a backslash."""
    return f"\\{line}" if header_of(line.lstrip("\\")) else line
