"""The one door for wishes: `validate` checks every field and returns the wish in its plain form."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import astuple, replace

from music import vocabulary
from music.wish import (
    BPM,
    CURVES,
    LOCKS,
    LOUDNESS,
    METERS_ASKED,
    MODES,
    MOST_CHOSEN,
    MOST_VARIANTS,
    SECONDS,
    TEMPOS,
    Feel,
    Wish,
)
from support.errors import DataError

MOST_KEYWORDS = 20
KEYWORD_CHARS = 100
MOST_LEVELS = 64
"""Values of an energy curve."""
SEEDS = (0, 2**32 - 1)


def validate(wish: Wish) -> Wish:
    """Return a wish whose every value can be kept: ids known and each once, keywords trimmed, numbers in range.

    Raises
    ------
    DataError
        ``bgm_wish.nothing`` where nothing was chosen or all is blank; others name the value, what is accepted and
        the next step.
    """
    keywords = _keywords(wish.keywords)
    chosen = {kind: tuple(dict.fromkeys(getattr(wish, kind))) for kind in vocabulary.KINDS}
    if not keywords and not any(chosen.values()) and wish.feel is None:
        raise DataError("bgm_wish.nothing")
    for kind, names in chosen.items():
        _known(kind, names)
    check_seconds(wish.seconds)
    tempo = _tempo(wish.tempo)
    _place(wish)
    _sound(wish)
    return replace(wish, genres=chosen["genres"], instruments=chosen["instruments"], moods=chosen["moods"],
                   textures=chosen["textures"], keywords=keywords, tempo=tempo,
                   energy=_energy(wish.energy), seconds=float(wish.seconds), loudness=float(wish.loudness),
                   seed=int(wish.seed))


def check_seconds(seconds: float) -> None:
    """Refuse a length outside `music.wish.SECONDS` (``bgm_wish.seconds``)."""
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise DataError("bgm_wish.seconds", seconds=f"{seconds:g}", low=f"{SECONDS[0]:g}", high=f"{SECONDS[1]:g}")


def unknown(kind: str, name: str, known: Collection[str]) -> DataError:
    """Return the error for an id that is not in the vocabulary; it names the likeliest ones."""
    likely = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or list(known)[:15]
    return DataError("bgm_wish.unknown", kind={"key": f"bgm_kind.{kind}", "values": {}}, name=name,
                     likely=", ".join(likely), count=len(known))


def _keywords(words: Sequence[str]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(filter(None, (re.sub(r"\s+", " ", word).strip() for word in words))))
    if len(kept) > MOST_KEYWORDS:
        raise DataError("bgm_wish.keywords", count=len(kept), most=MOST_KEYWORDS)
    for word in kept:
        if len(word) > KEYWORD_CHARS:
            raise DataError("bgm_wish.keyword_long", word=word[:30], chars=len(word), most=KEYWORD_CHARS)
    return kept


def _known(kind: str, names: Sequence[str]) -> None:
    known = vocabulary.entries(kind)
    for name in names:
        if name not in known:
            raise unknown(kind, name, known)
    if len(names) > MOST_CHOSEN:
        raise DataError("bgm_wish.many", kind={"key": f"bgm_kind.{kind}", "values": {}}, count=len(names),
                        most=MOST_CHOSEN)


def _tempo(tempo: str | float) -> str | float:
    if isinstance(tempo, str):
        if tempo not in TEMPOS:
            raise DataError("bgm_wish.tempo", tempo=tempo, accepted=", ".join(TEMPOS))
        return tempo
    if not BPM[0] <= tempo <= BPM[1]:
        raise DataError("bgm_wish.bpm", bpm=f"{tempo:g}", low=f"{BPM[0]:g}", high=f"{BPM[1]:g}")
    return float(tempo)


def _place(wish: Wish) -> None:
    """Check key, mode, metre and what a loop keeps."""
    if wish.tonic is not None and wish.tonic not in range(12):
        raise DataError("bgm_wish.tonic", tonic=wish.tonic)
    if wish.mode is not None and wish.mode not in MODES:
        raise DataError("bgm_wish.mode", mode=wish.mode, accepted=", ".join(MODES))
    if wish.meter is not None and wish.meter not in METERS_ASKED:
        raise DataError("bgm_wish.meter", meter=wish.meter, accepted=", ".join(METERS_ASKED))
    if wish.locks not in LOCKS:
        raise DataError("bgm_wish.locks", locks=wish.locks, accepted=", ".join(LOCKS))


def _sound(wish: Wish) -> None:
    """Check loudness, variants, seed and feeling."""
    if wish.loudness not in LOUDNESS:
        raise DataError("bgm_wish.loudness", loudness=f"{wish.loudness:g}",
                        accepted=", ".join(f"{one:g}" for one in LOUDNESS))
    if wish.variants not in range(1, MOST_VARIANTS + 1):
        raise DataError("bgm_wish.variants", variants=wish.variants, most=MOST_VARIANTS)
    if not SEEDS[0] <= wish.seed <= SEEDS[1] or wish.seed != int(wish.seed):
        raise DataError("bgm_wish.seed", seed=wish.seed, low=SEEDS[0], high=SEEDS[1])
    if wish.feel is not None:
        _feel(wish.feel)


def _feel(feel: Feel) -> None:
    for value in astuple(feel):
        if not -1 <= value <= 1:
            raise DataError("bgm_wish.feel", value=f"{value:g}")


def _energy(energy: str | Sequence[float]) -> str | tuple[float, ...]:
    if isinstance(energy, str):
        if energy not in CURVES:
            raise DataError("bgm_wish.curve", curve=energy, accepted=", ".join(CURVES))
        return energy
    levels = tuple(float(level) for level in energy)
    if not 1 <= len(levels) <= MOST_LEVELS:
        raise DataError("bgm_wish.levels", count=len(levels), most=MOST_LEVELS)
    for level in levels:
        if not 0 <= level <= 1:
            raise DataError("bgm_wish.level", level=f"{level:g}")
    return levels
