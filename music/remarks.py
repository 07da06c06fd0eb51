"""What is said of a plan before anything runs: codes of texts ``bgm.note.*`` with their values.

A value that is a mapping of ``ko`` and ``en`` is a name in both languages; numbers are written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from music import tempos, vocabulary
from music.casting import Cast
from music.keywords import Heard
from music.lengths import bar_seconds
from music.plan import Plan
from music.vocabulary import Genre
from music.wish import Wish

if TYPE_CHECKING:
    from music.planning import Ground

SAID = 0.1
"""Seconds left after the last bar from which they are spoken of."""

Note = tuple[str, Mapping[str, Any]]


def of(wish: Wish, heard: Heard, ground: Ground, plan: Plan, cast: Cast) -> tuple[Note, ...]:
    """Return the notes on a checked wish and the plan of its first variant."""
    return (*_times(wish, ground, plan), *_genres(wish, heard, ground.genres), *_moods(plan),
            *_instruments(cast, ground), *_keywords(heard))


def written(value: float) -> str:
    """Return a tempo or length with two decimals, none where it is whole."""
    return f"{value:.2f}".removesuffix(".00")


def _times(wish: Wish, ground: Ground, plan: Plan) -> Iterator[Note]:
    bars = sum(section.bars for section in plan.sections)
    values = {"bpm": written(plan.bpm), "seconds": f"{plan.seconds:.2f}", "bars": bars, "asked": written(wish.seconds)}
    if wish.meter is None and plan.meter not in ("4/4",):
        yield "bgm.note.meter", {"meter": plan.meter}
    if wish.loop:
        yield _loop_note(wish, ground, plan, values)
    elif plan.seconds < bars * bar_seconds(plan.bpm, plan.meter) - 1e-4:
        yield "bgm.note.cut", {**values, "meter": plan.meter, "bar": f"{bar_seconds(plan.bpm, plan.meter):.2f}"}
    else:
        rest = plan.seconds - bars * bar_seconds(plan.bpm, plan.meter)
        code = "bgm.note.ending" if rest >= SAID else "bgm.note.full"
        yield code, {**values, "rest": f"{max(0.0, rest):.2f}"}


def _loop_note(wish: Wish, ground: Ground, plan: Plan, values: Mapping[str, Any]) -> Note:
    """Return what a loop keeps and what gives way."""
    same_length = abs(plan.seconds - wish.seconds) < 1e-4
    if isinstance(wish.tempo, str):
        low, high = tempos.bounds(ground.words, wish.tempo, ground.feel.arousal)
        kept = "loop_fits" if wish.tempo == "auto" or low - 1e-6 <= plan.bpm <= high + 1e-6 else "loop_moved"
        return f"bgm.note.{kept if same_length else 'loop_word'}", values
    if not same_length:
        return "bgm.note.loop_bpm", values
    if abs(plan.bpm - wish.tempo) < 1e-9:
        return "bgm.note.loop_both", values
    return "bgm.note.loop_length", {**values, "asked_bpm": written(wish.tempo)}


def _genres(wish: Wish, heard: Heard, genres: Sequence[Genre]) -> Iterator[Note]:
    if not wish.genres and not heard.of("genres"):
        yield "bgm.note.genre", {"genre": _name(genres[0])}
    if len(genres) > 1:
        yield "bgm.note.base", {"genre": _name(genres[0]), "others": _listed(genres[1:])}
    if wish.tonic is not None and not genres[0].tonal:
        yield "bgm.note.untonal", {"genre": _name(genres[0])}


def _moods(plan: Plan) -> Iterator[Note]:
    known = vocabulary.moods()
    for place, name in enumerate(plan.moods):
        against = [other for other in plan.moods[place + 1:]
                   if name == known[other].opposite or other == known[name].opposite]
        for other in against:
            yield "bgm.note.opposite", {"mood": _name(known[name]), "other": _name(known[other])}


def _instruments(cast: Cast, ground: Ground) -> Iterator[Note]:
    known = vocabulary.instruments()
    for name in cast.left:
        if known[name].kit and not any(ground.styles[0].drums):
            yield "bgm.note.no_drums", {"genre": _name(ground.genres[0])}
        else:
            yield "bgm.note.no_role", {"instrument": _name(known[name])}
    for name in ground.instruments:
        if known[name].nearest and name not in cast.left:
            yield "bgm.note.nearest", {"instrument": _name(known[name])}


def _keywords(heard: Heard) -> Iterator[Note]:
    for said in dict.fromkeys(word for word, _, _ in heard.terms):
        terms = [vocabulary.entry(kind, name) for word, kind, name in heard.terms if word == said]
        yield "bgm.note.keyword_read", {"word": said, "name": _listed(terms)}
    for word in heard.unknown:
        yield "bgm.note.keyword_unknown", {"word": word}


def _name(entry: Any) -> dict[str, str]:
    return {"ko": entry.ko, "en": entry.en}


def _listed(entries: Sequence[Any]) -> dict[str, str]:
    return {lang: ", ".join(getattr(entry, lang) for entry in entries) for lang in ("ko", "en")}
