"""Captions of background music: written from what was chosen, and read back after somebody edited them.

English: "Happy, calm, pop, jazz, with Piano, Bass, and Flute, etc, 120 BPM".
Korean: "행복한, 차분한, 팝, 재즈, 피아노, 베이스, 플루트 등, 120 BPM".
Keywords follow the genres, background sounds the instruments. What `caption` writes `read` reads back exactly; keywords
that would be read as something else stand in quotes. Beats a minute have at most two decimals.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from locales import t
from music.vocabulary import FOLDER, KINDS, Entry, entries, entry, fold, names_of

MOST_WORDS = 6
"""Words of the longest name."""
QUOTED = re.compile(r'["“”]([^"“”]*)["“”]')
BPM = re.compile(r"(?<![\w.])(?<!\d,)(\d+(?:\.\d+)?)\s*(?:bpm|비피엠)(?![a-z])"
                 r"|(?:\b(?:bpm|tempo)|♩|템포|비피엠)(?:는|은|를)?\s*[:=]?\s*(\d+(?:\.\d+)?)(?![\w.]*\w)",
                 re.IGNORECASE)
BREAKS = re.compile(r"[,;/|\n、·，。!?]+|\.(?=\s|$)")
DENIAL = re.compile(r"(?<=[가-힣])(없이|없는|빼고|말고)")
HANGUL, FINALS = 0xAC00, 28
BIEUP, NIEUN = 17, 4
"""Places of the final consonants ㅂ and ㄴ within a Hangul syllable."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a caption says: ids by kind, tempo (``slow``, ``medium``, ``fast`` or beats a minute), and unknown words."""

    genres: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    textures: tuple[str, ...] = ()
    tempo: str | float | None = None
    keywords: tuple[str, ...] = ()


def caption(genres: Sequence[str], moods: Sequence[str], instruments: Sequence[str], tempo: str | float = "auto",
            lang: str = "ko", keywords: Sequence[str] = (), textures: Sequence[str] = ()) -> str:
    """Return the caption of what was chosen.

    Parameters
    ----------
    genres, moods, instruments, textures : sequence of str
        Ids of the vocabulary.
    tempo : str or float
        ``auto`` (left out), ``slow``, ``medium``, ``fast``, or beats a minute.
    lang : str
        ``ko`` or ``en``.
    keywords : sequence of str
        Words of the user's own.

    Returns
    -------
    str
        Empty where nothing was chosen.

    Raises
    ------
    NotFound
        If an id is in no vocabulary.
    """
    plain = [_plain(_name("moods", name, lang), lang) for name in moods]
    plain += [_plain(_name("genres", name, lang), lang) for name in genres]
    if plain:
        plain[0] = plain[0][0].upper() + plain[0][1:]
    parts = [*plain, *(_quoted(word) for word in keywords if _clean(word))]
    if instruments:
        parts.append(_played([_name("instruments", name, lang) for name in instruments], lang))
    parts += [_plain(_name("textures", name, lang), lang) for name in textures]
    return ", ".join(part for part in (*parts, _tempo(tempo, lang)) if part)


def read(text: str) -> Read:
    """Return what a caption in Korean or English says, in whatever order; words unknown to it are kept as keywords.

    Of words that are part of longer names the longest name counts. A word that is denied ("no drums", "드럼 없이") is
    no choice; the phrase is kept as a keyword. Beats a minute count before words of tempo.
    """
    found = _Found()
    for place, piece in enumerate(QUOTED.split(text)):
        if place % 2:
            found.quote(piece)
            continue
        for clause in BREAKS.split(DENIAL.sub(r" \1", BPM.sub(found.beat, piece))):
            found.clause(clause.split())
    return found.result()


class _Found:
    """What was found so far, in order."""

    def __init__(self) -> None:
        self.items: list[tuple[str, str]] = []
        self.bpm: float | None = None
        self.listing = False
        """Within "with ... etc", where instruments are named: "Drum and Bass" are two there."""

    def quote(self, word: str) -> None:
        """Keep a quoted keyword."""
        if _clean(word):
            self.items.append(("keywords", _clean(word)))

    def beat(self, match: re.Match[str]) -> str:
        """Keep the first beats a minute and take them out of the text."""
        if self.bpm is None:
            self.bpm = float(match[1] or match[2])
        return ","

    def clause(self, words: list[str]) -> None:
        """Read the words between two commas."""
        unknown: list[str] = []
        start = len(self.items)
        place = 0
        while place < len(words):
            word = fold(words[place])
            if word in _set("denied_after"):
                self._keep(unknown)
                end = _until(words, place + 1)
                self.items.append(("keywords", " ".join(words[place:end])))
                place = end
                continue
            self.listing = (self.listing or word == "with") and word not in ("etc", "등")
            hit = self._hit(words, place)
            if word in _set("denied_before") and not unknown and len(self.items) > start:
                self._deny(start, words[place])
            elif hit:
                self._keep(unknown)
                self.items.append(hit[:2])
            else:
                unknown.append(words[place])
            place += hit[2] if hit else 1
        self._keep(unknown)

    def _hit(self, words: Sequence[str], place: int) -> tuple[str, str, int] | None:
        """Return kind, id and number of words of the longest name that begins here."""
        for index in ((_index(("instruments",)), _index()) if self.listing else (_index(),)):
            for count in range(min(MOST_WORDS, len(words) - place), 0, -1):
                for name in _stems(words[place:place + count]):
                    if name in index:
                        return (*index[name], count)
        return None

    def _deny(self, start: int, word: str) -> None:
        """Turn the last entries of one kind into a keyword: they were named as not wanted."""
        kind = self.items[-1][0]
        denied: list[str] = []
        while len(self.items) > start and self.items[-1][0] == kind:
            name = self.items.pop()[1]
            denied.insert(0, name if kind in ("keywords", "tempos") else entries(kind)[name].ko)
        self.items.append(("keywords", f"{' '.join(denied)} {word}"))

    def _keep(self, unknown: list[str]) -> None:
        """Keep a run of unknown words as one keyword, without the words at its ends that say nothing."""
        while unknown and _says_nothing(unknown[0]):
            unknown.pop(0)
        while unknown and _says_nothing(unknown[-1]):
            unknown.pop()
        if unknown:
            self.items.append(("keywords", " ".join(unknown)))
        unknown.clear()

    def result(self) -> Read:
        """Return what was found, each once."""
        kinds = {kind: tuple(dict.fromkeys(name for of, name in self.items if of == kind))
                 for kind in (*KINDS, "keywords", "tempos")}
        tempos = kinds.pop("tempos")
        return Read(**kinds, tempo=self.bpm if self.bpm is not None else next(iter(tempos), None))


@cache
def _index(kinds: tuple[str, ...] = (*KINDS, "tempos")) -> Mapping[str, tuple[str, str]]:
    """Return kind and id by every folded name; forms of Korean adjectives give way to names."""
    named = {(kind, one.id): names_of(one) for kind in kinds if kind != "tempos" for one in entries(kind).values()}
    if "tempos" in kinds:
        named |= {("tempos", name): (row["ko"], row["en"], *row["aliases"]) for name, row in _data()["tempos"].items()}
    whole = {fold(name): key for key, names in named.items() for name in names}
    formed = {fold(form): key for key, names in named.items() if key[0] == "moods" for name in names
              for form in _forms(name)}
    return {**formed, **whole}


def _forms(adjective: str) -> tuple[str, ...]:
    """Return how a Korean adjective goes on: 차분한 to 차분하고, 슬픈 to 슬프게, 외로운 to 외롭고."""
    stem, last = adjective[:-1], adjective[-1:]
    if not "가" <= last <= "힣":
        return ()
    if adjective.endswith("적인"):
        return stem, f"{stem}이고", f"{stem}으로", f"{stem}이면서"
    if last == "한":
        stem += "하"
    elif last == "운" and stem and (ord(stem[-1]) - HANGUL) % FINALS == 0:
        softened = stem[:-1] + chr(ord(stem[-1]) + BIEUP)
        return f"{softened}고", f"{softened}게", f"{softened}지만", f"{stem}우면서", f"{stem}우며"
    elif last not in "은는" and (ord(last) - HANGUL) % FINALS == NIEUN:
        stem += chr(ord(last) - NIEUN)
    elif last not in "은는":
        return ()
    return tuple(stem + ending for ending in ("고", "게", "면서", "며", "지만"))


def _stems(words: Sequence[str]) -> Iterable[str]:
    """Yield words as one folded name, then without a Korean particle or an English plural at the end."""
    name = fold("".join(words))
    if not name:
        return
    yield name
    yield from (name[:-len(end)] for end in _data()["particles"] if name.endswith(end) and len(name) > len(end))
    if name.endswith("s") and name.isascii():
        yield name[:-1]


def _until(words: Sequence[str], place: int) -> int:
    """Return where a denial ends: at the clause's end, or at a word that resumes."""
    return next((at for at in range(place, len(words)) if fold(words[at]) in _set("resumed")), len(words))


def _says_nothing(word: str) -> bool:
    """Whether a word says nothing of its own; marks alone say nothing."""
    return not fold(word) or any(name in _set("fillers") for name in _stems([word]))


def _name(kind: str, name: str, lang: str) -> str:
    one: Entry = entry(kind, name)
    return one.ko if lang == "ko" else one.en


def _plain(name: str, lang: str) -> str:
    """Return an English name in small letters but for proper names and abbreviations (K-pop, EDM, Latin)."""
    if lang == "ko":
        return name
    keeps = [word in _data()["proper"] or word[1:] != word[1:].lower() or len(word.split("-")[0]) == 1
             for word in name.split()]
    return " ".join(word if kept else word.lower() for word, kept in zip(name.split(), keeps, strict=True))


def _played(names: Sequence[str], lang: str) -> str:
    """Return instruments as a list: "with A, B, and C, etc"."""
    if lang == "ko":
        return t(lang, "bgm_words.caption.played", names=", ".join(names))
    last = {1: "", 2: f" and {names[-1]}"}.get(len(names), f", and {names[-1]}")
    return t(lang, "bgm_words.caption.played", names=(", ".join(names[:-1]) + last) if last else names[0])


def _tempo(tempo: str | float, lang: str) -> str:
    if isinstance(tempo, str):
        row = _data()["tempos"].get(tempo)
        return row[lang] if row else ""
    return f"{tempo:.2f}".rstrip("0").rstrip(".") + " BPM"


def _quoted(keyword: str) -> str:
    """Return a keyword as `read` gives it back: in quotes where it would be read as something else."""
    word = _clean(keyword)
    return word if read(word) == Read(keywords=(word,)) else f'"{word}"'


def _clean(keyword: str) -> str:
    return " ".join(re.sub('["“”]', " ", keyword).split())


def _set(name: str) -> frozenset[str]:
    return _sets()[name]


@cache
def _sets() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(fold(word) for word in words) for name, words in _data().items() if isinstance(words, list)}


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / "reading.toml").read_text("utf-8"))
