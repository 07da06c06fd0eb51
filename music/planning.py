"""From a wish to plans: one a variant, with notes on what was decided.

What the user fixed is the same in every plan. What is free differs: the key, the tempo within its range, the sections,
the instruments beside the chosen ones, and by the seed all that the composer draws. A variant's plan does not depend
on how many variants come after it.

Of several genres the first is the base: its form, grooves and modes. The others move its tempo and swing by half of
its own weight each, and give one instrument each.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from music import casting, forms, keywords, lengths, remarks, tempos, vocabulary
from music.checks import validate
from music.feel import BRIGHT, brightness, feel_of, modes_for, style_for
from music.keywords import Embed, Heard
from music.plan import Plan
from music.style import Style, styles
from music.vocabulary import Genre, Mood
from music.wish import Feel, Wish

TONICS = {True: (0, 7, 2, 5, 9, 10, 4, 3), False: (9, 4, 2, 7, 0, 11, 5, 6)}
"""Keys that variants take where the key is free, for bright and dark modes: none twice in eight variants."""
GOLDEN = (5 ** 0.5 - 1) / 2
"""Steps of this share of a range spread variants over it, however many there are."""
FEWEST_BARS = 2
"""A genre's own long metre is kept only where so many bars fit."""

Notes = tuple[tuple[str, Mapping[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """What all variants have in common.

    ``genres`` and ``styles`` stand in the same order, the base first; ``words`` are the tempi of slow, medium and
    fast in the metre's beats; ``modes`` the chance of each mode.
    """

    genres: tuple[Genre, ...]
    styles: tuple[Style, ...]
    moods: tuple[Mood, ...]
    feel: Feel
    instruments: tuple[str, ...]
    textures: tuple[str, ...]
    meter: str
    words: tempos.Words
    swing: float
    modes: Mapping[str, float]


def settle(wish: Wish, embed: Embed | None = None) -> tuple[tuple[Plan, ...], Notes]:
    """Return a plan for each variant, and notes on what was decided.

    Parameters
    ----------
    wish : Wish
    embed : callable, optional
        Texts to vectors, for keywords that are no term's name.

    Returns
    -------
    plans : tuple of Plan
    notes : tuple of (code, values)
        Texts ``bgm.note.*``. A value that is a mapping of ``ko`` and ``en`` is a name in both languages.

    Raises
    ------
    DataError
        Where `music.checks.validate` refuses the wish.
    """
    wish = validate(wish)
    heard = keywords.read(wish.keywords, embed)
    ground = ground_of(wish, heard)
    made: list[tuple[Plan, casting.Cast]] = []
    for place in range(wish.variants):
        made.append(_variant(wish, ground, place, [plan.bpm for plan, _ in made]))
    plans = tuple(plan for plan, _ in made)
    return plans, remarks.of(wish, heard, ground, plans[0], made[0][1])


def ground_of(wish: Wish, heard: Heard) -> Ground:
    """Return what all variants of a checked wish have in common."""
    moods = tuple(vocabulary.moods()[name] for name in dict.fromkeys((*wish.moods, *heard.of("moods"))))
    feel = feel_of(moods, wish.feel)
    instruments = tuple(dict.fromkeys((*wish.instruments, *heard.of("instruments"))))
    genres = _genres(wish, heard, style_for(feel, moods, instruments))
    own = tuple(styles()[genre.style] for genre in genres)
    words = tempos.meet([genre.bpm for genre in genres])
    meter = wish.meter or _meter(wish.seconds, genres[0], own[0], _likely(wish, words, feel))
    if meter == "6/8" and _home(genres[0], own[0]) not in ("6/8", "12/8"):
        words = tempos.scaled(words, tempos.COMPOUND)
    return Ground(genres, own, moods, feel, instruments, tuple(dict.fromkeys((*wish.textures, *heard.of("textures")))),
                  meter, words, _swing(genres, own, meter),
                  modes_for(genres[0].modes or own[0].modes, own[0].id, brightness(moods, feel)))


def stream(seed: int, *names: object) -> np.random.Generator:
    """Return the random stream of these names under a seed."""
    return np.random.default_rng([seed & 0xFFFF_FFFF, *(zlib.crc32(repr(name).encode()) for name in names)])


def seed_of(seed: int, variant: int) -> int:
    """Return the seed of a variant, from 0; the first has the wish's own."""
    return seed if variant == 0 else zlib.crc32(f"variant {variant} of {seed}".encode())


def _genres(wish: Wish, heard: Heard, spare: str) -> tuple[Genre, ...]:
    known = vocabulary.genres()
    named = tuple(dict.fromkeys((*wish.genres, *heard.of("genres"))))
    return tuple(known[name] for name in named or (spare,))


def _home(genre: Genre, style: Style) -> str:
    return genre.meter or style.meters[0]


def _meter(seconds: float, genre: Genre, style: Style, bpm: float) -> str:
    """Return the genre's own metre, or where its bars are too long for the piece the style's next that fits."""
    options = list(dict.fromkeys((_home(genre, style), *style.meters, "4/4", "3/4")))
    fitting = [meter for meter in options if seconds >= FEWEST_BARS * lengths.bar_seconds(bpm, meter)]
    return fitting[0] if fitting else min(options, key=lambda meter: lengths.bar_seconds(bpm, meter))


def _likely(wish: Wish, words: tempos.Words, feel: Feel) -> float:
    """Return the tempo asked for, or the middle of the range that a word stands for."""
    if not isinstance(wish.tempo, str):
        return wish.tempo
    low, high = tempos.bounds(words, wish.tempo, feel.arousal)
    return float(np.sqrt(low * high))


def _swing(genres: Sequence[Genre], own: Sequence[Style], meter: str) -> float:
    """Return the swing of all genres, the first counting twice; none where beats are in three parts anyway."""
    if meter in ("6/8", "12/8"):
        return 0.0
    each = [style.swing if genre.swing is None else genre.swing for genre, style in zip(genres, own, strict=True)]
    return round((each[0] + sum(each)) / (len(each) + 1), 4)


def _variant(wish: Wish, ground: Ground, place: int, taken: Sequence[float]) -> tuple[Plan, casting.Cast]:
    """Return the plan of a variant; those before it have `taken` their tempi."""
    seed = seed_of(wish.seed, place)
    fit = fit_of(wish, ground, place, taken)
    mode = wish.mode or _draw(ground.modes, stream(seed, "mode"))
    laid = forms.sections(ground.styles[0].form, fit.bars, ground.meter, loop=wish.loop, energy=wish.energy,
                          feel=ground.feel, rng=stream(seed, "form"))
    base, style = ground.genres[0], ground.styles[0]
    colours = [{**own.palette, **genre.palette} for genre, own in zip(ground.genres[1:], ground.styles[1:],
                                                                      strict=True)]
    parts = casting.cast(ground.instruments, style, (base.palette, style.palette), colours,
                         max(section.energy for section in laid), stream(seed, "parts"))
    plan = Plan(style.id, base.id, tuple(mood.id for mood in ground.moods), _tonic(wish, mode, place), mode,
                ground.meter, fit.bpm, ground.swing, laid, parts.parts, wish.loop, fit.seconds, wish.loudness, seed,
                ground.feel, ground.textures)
    return plan, parts


def fit_of(wish: Wish, ground: Ground, place: int = 0, taken: Sequence[float] = ()) -> lengths.Fit:
    """Return bars, tempo and length of a variant: see `music.lengths` for what gives way to what.

    The first variant is near the middle of the range, the others are spread over it.
    """
    if not isinstance(wish.tempo, str):
        if wish.loop:
            return lengths.loop(wish.seconds, wish.tempo, ground.meter, wish.locks)
        return lengths.ending(wish.seconds, wish.tempo, ground.meter)
    low, high = tempos.bounds(ground.words, wish.tempo, ground.feel.arousal)
    rng = stream(wish.seed, "tempo")
    where = (float((rng.random() + rng.random()) / 2) + place * GOLDEN) % 1.0
    aim = low * (high / low) ** where
    if not wish.loop:
        return lengths.ending_between(wish.seconds, aim, low, high, ground.meter, taken)
    if wish.tempo == "auto":  # nothing but the length was asked for, so it is the tempo that gives way
        low, high = (tempos.bounds(ground.words, word)[place] for place, word in enumerate(("slow", "fast")))
        return lengths.loop_between(wish.seconds, aim, low, high, ground.meter, "length", taken)
    return lengths.loop_between(wish.seconds, aim, low, high, ground.meter, wish.locks, taken)


def _draw(chances: Mapping[str, float], rng: np.random.Generator) -> str:
    names = sorted(chances)
    return names[int(rng.choice(len(names), p=[chances[name] for name in names]))]


def _tonic(wish: Wish, mode: str, place: int) -> int:
    """Return the key: as fixed, else the variant's own among those that suit the mode."""
    if wish.tonic is not None:
        return wish.tonic
    options = TONICS[BRIGHT[mode] > 0]
    order = stream(wish.seed, "keys").permutation(len(options))
    return options[int(order[place])]
