"""Pieces of background music that are asked for, made by the product and measured by `_bgm_measure`.

A piece is a popular genre, a popular mood and one of three seeds. The first seed leaves the tempo free and asks for a
loop that locks the tempo; the second asks for a tempo in words and an ending; the third for an exact tempo, a key, and
a loop that locks its length.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import _bgm_measure as measure
import numpy as np
from _machine import ROOT

import composer
from music import tabs
from music.score import METERS
from music.style import style, styles

MOODS = ("angry", "calm", "cheerful", "dark", "dreamy", "energetic", "happy", "lonely", "love", "mysterious", "party",
         "peaceful", "sad", "scary", "sentimental")
SEEDS = (1, 2, 3)
SECONDS, QUICK_SECONDS = 24.0, 12.0
LONGEST_SILENCE_S, LONGEST_HELD_S = 1.0, 4.0
FEWEST_ONSETS = 0.4
"""Onsets a second: a new age piece at 55 beats a minute has 0.9 of them, one note that hangs none."""
LEAST_CHROMA, LEAST_ONSET = 0.02, 0.1
"""Distances over which two variants differ: the same piece after OGG or MP3 lies 0.0002 and 0.004 away at most."""


@dataclass(frozen=True)
class Piece:
    """What is asked for: a genre, a mood, a seed and about how long."""

    genre: str
    mood: str
    seed: int
    seconds: float = SECONDS


def pieces(seconds: float) -> tuple[Piece, ...]:
    """Return all pieces of the full bench."""
    return tuple(Piece(genre, mood, seed, seconds) for genre in styles() for mood in MOODS for seed in SEEDS)


def some(seconds: float) -> tuple[Piece, ...]:
    """Return 27 of them: every genre and mood at least once, every seed nine times."""
    genres = tuple(styles())
    return tuple(Piece(genres[place % 15], MOODS[(place * 7 + place // 15) % 15], SEEDS[place % 3], seconds)
                 for place in range(27))


def wish_of(piece: Piece) -> composer.Wish:
    """Return the wish of a piece."""
    draw = np.random.default_rng([piece.seed, list(styles()).index(piece.genre), MOODS.index(piece.mood)])
    wish = composer.Wish(genres=(piece.genre,), moods=(piece.mood,), seconds=piece.seconds, variants=1, seed=piece.seed)
    if piece.seed % 3 == 1:
        return replace(wish, loop=True, locks="bpm")
    if piece.seed % 3 == 2:
        return replace(wish, tempo=str(draw.choice(["slow", "medium", "fast"])))
    words = composer.genres()[piece.genre].bpm
    wish = replace(wish, tempo=float(round(draw.uniform(words[0], words[2]))), loop=True, locks="length")
    if piece.genre == "gugak":  # its modes are its own
        return wish
    return replace(wish, tonic=int(draw.integers(12)), mode=str(draw.choice(["major", "minor"])))


def times_of(plan: composer.Plan) -> tuple[float, ...]:
    """Return the multiples of the tempo that count: half of it as well where the style's groove is half time there."""
    grooves = [name for name in style(plan.style).drums if name]
    half = plan.meter in METERS and any(_stands_in(name, plan.bpm) for name in grooves)
    return (1.0, 0.5) if half else (1.0,)


def _stands_in(name: str, bpm: float) -> bool:
    try:
        return tabs.at_tempo(name, bpm) != name
    except KeyError:  # a jangdan is no tablature
        return False


@cache
def tagger() -> Any:
    """Return the blind tagger."""
    from hits import musicnn

    return musicnn.load(ROOT / "models" / "musicnn")


def judge(piece: Piece, tags: bool = True) -> dict[str, Any]:
    """Make a piece and return what is measured of it, flat and plain."""
    wish = wish_of(piece)
    plan = composer.settle(wish)[0][0]
    start = time.process_time()
    made = composer.make(plan)
    spent = time.process_time() - start
    mono = measure.mono_of(made.mix)
    told = {"genre": piece.genre, "mood": piece.mood, "seed": piece.seed, "style": plan.style, "meter": plan.meter,
            "mode": plan.mode, "loop": plan.loop, "seconds": plan.seconds, "made_s": spent,
            **_exact(wish, plan, made), **_tempo(plan, mono), **_key(plan, mono), **_level(plan, made.mix),
            **_alive(made, mono), **_midi(plan, made)}
    if plan.loop:
        seam = measure.seam(made.mix, made.score.bar_s)
        told |= {"seam": seam.ratio, "jump": seam.jump, "seam_ok": bool(seam.ratio <= 1 and seam.jump <= 1)}
    if tags:
        scores = measure.tag_scores(tagger(), mono)
        told["tags"] = scores
        told["tags_ok"] = {name: measure.ranked(scores, name) for name in (piece.genre, piece.mood)
                           if name in measure.PAIRS}
    return told


def _exact(wish: composer.Wish, plan: composer.Plan, made: composer.Made) -> dict[str, Any]:
    """Return whether the length is that of the plan to the sample, and the plan what was asked for."""
    length = len(made.mix) == round(plan.seconds * composer.SAMPLE_RATE)
    if wish.loop and wish.locks == "bpm":
        bars = plan.seconds / made.score.bar_s
        asked = abs(bars - round(bars)) < 1e-6 and abs(plan.seconds - wish.seconds) <= made.score.bar_s
    else:
        asked = plan.seconds == wish.seconds
    exact_bpm = isinstance(wish.tempo, float) and not (wish.loop and wish.locks == "length")
    return {"length_ok": bool(length and asked), "bpm_ok": plan.bpm == wish.tempo if exact_bpm else True,
            "shift": plan.bpm / wish.tempo - 1 if isinstance(wish.tempo, float) else 0.0,
            "key_asked_ok": wish.tonic in (None, plan.tonic) and wish.mode in (None, plan.mode)}


def _tempo(plan: composer.Plan, mono: np.ndarray) -> dict[str, Any]:
    found = measure.tempo(mono)
    error = measure.tempo_error(found.bpm, plan.bpm, times_of(plan))
    return {"bpm": plan.bpm, "found_bpm": float(found.bpm), "beats": found.beats, "tempo_error": error,
            "tempo_ok": bool(error <= measure.TEMPO_BOUND), "ratio": measure.ratio_name(found.bpm, plan.bpm)}


def _key(plan: composer.Plan, mono: np.ndarray) -> dict[str, Any]:
    found = measure.key(measure.chroma(mono))
    fits = measure.key_fits(found, plan.tonic, plan.mode)
    return {"tonic": plan.tonic, "found_key": f"{found[0]} {'major' if found[1] else 'minor'}", "key": fits,
            "tonal": style(plan.style).tonal, "key_ok": fits in ("right", "relative")}


def _level(plan: composer.Plan, mix: np.ndarray) -> dict[str, Any]:
    loudness, peak = measure.loudness(mix), measure.true_peak(mix)
    return {"loudness_error": loudness - plan.loudness, "true_peak": peak,
            "loudness_ok": bool(abs(loudness - plan.loudness) <= 0.5), "peak_ok": bool(peak <= -1)}


def _alive(made: composer.Made, mono: np.ndarray) -> dict[str, Any]:
    silence, held = measure.longest_silence(made.mix), measure.longest_held(mono)
    onsets = measure.onsets_a_second(mono)
    room = 0.0 if made.score.loop else made.score.bar_s  # an ending may ring out for a bar
    alive = silence <= LONGEST_SILENCE_S + room and held <= LONGEST_HELD_S + room and onsets >= FEWEST_ONSETS
    return {"silence_s": silence, "held_s": held, "onsets": onsets, "alive": bool(alive)}


def _midi(plan: composer.Plan, made: composer.Made) -> dict[str, Any]:
    """Return whether another library reads the tempo, the notes and a length that fits."""
    read = measure.midi(made.midi)
    wanted = plan.bpm * METERS[plan.meter].beat
    notes = sum(len(track.notes) for track in made.score.tracks if not track.voice.startswith("texture"))
    fits = math.isclose(read.quarters_a_minute, wanted, rel_tol=1e-4) and 0 < read.notes <= notes * 2 \
        and plan.seconds * 0.5 <= read.seconds <= plan.seconds + made.score.bar_s
    return {"midi_ok": bool(fits)}


def variants(genre: str, mood: str, seconds: float, tempo: float | str = "auto") -> dict[str, Any]:
    """Make four variants and return how near the most alike two are.

    Where an exact tempo is asked for all have it, and the beat that they share makes their onsets alike.
    """
    wish = composer.Wish(genres=(genre,), moods=(mood,), seconds=seconds, variants=4, seed=11, tempo=tempo)
    made = [composer.make(plan) for plan in composer.settle(wish)[0]]
    by_chroma, by_onset = measure.least_distances([measure.mono_of(one.mix) for one in made])
    return {"genre": genre, "mood": mood, "chroma": by_chroma, "onset": by_onset,
            "tempi": len({round(one.score.bpm, 2) for one in made}),
            "differ": bool(by_chroma >= LEAST_CHROMA and by_onset >= LEAST_ONSET),
            "files": len({one.midi for one in made})}
