"""How a piece should feel: moods and a text's emotion as one `Feel`, and what follows for mode and genre.

Valence decides between bright and dark modes, arousal the tempo and energy (`music.tempos`, `music.forms`); density,
register and dynamics go to the composer as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import lru_cache

import numpy as np

from music.style import styles
from music.vocabulary import Mood, genres
from music.wish import Feel

BRIGHT = {"lydian": 1.0, "major": 0.9, "pyeongjo": 0.6, "mixolydian": 0.5, "dorian": -0.2, "minor": -0.7,
          "gyemyeonjo": -0.7, "harmonic_minor": -0.8, "phrygian": -1.0}
"""How bright each mode of `music.wish.MODES` sounds, -1 to 1."""
SURE = 0.2
"""From how far off an even chance a feeling has all variants bright, or all dark."""
_OWN = {"gugak": ("pyeongjo", "gyemyeonjo")}
_AT = {"acoustic": (0.3, -0.2), "blues": (-0.3, -0.1), "dance": (0.5, 0.75), "disco": (0.8, 0.6), "edm": (0.3, 0.9),
       "folk": (0.35, 0.0), "hip_hop": (-0.1, 0.35), "jazz": (0.25, 0.1), "gugak": (-0.2, -0.2), "lofi": (0.0, -0.5),
       "children": (0.9, 0.4), "new_age": (0.3, -0.8), "orchestral": (-0.3, 0.25), "pop": (0.55, 0.35),
       "rock": (-0.2, 0.75)}
"""Valence and arousal at which a style is the natural choice where no genre was named; written for this project."""
_RARE = {"gugak": 0.8, "children": 0.3, "blues": 0.3}
"""Styles that are chosen only for a reason, and how much of one."""
_HOMES = {
    "orchestral": ("scary", "mysterious", "dark", "epic", "cinematic", "dramatic", "triumphant", "heroic", "magical",
                   "suspenseful", "tense", "sacred", "solemn", "tragic", "eerie", "ominous", "adventurous", "anxious",
                   "inspiring", "desperate", "thrilling", "heavy", "serious"),
    "new_age": ("sad", "melancholic", "heartbroken", "longing", "lonely", "despairing", "bleak", "empty", "mournful",
                "gloomy", "healing", "dreamy", "surreal", "contemplative", "cold", "touching", "pure", "spacious"),
    "lofi": ("nostalgic", "hazy", "cozy", "wistful", "languid", "monotonous"),
    "pop": ("happy", "romantic", "love", "heart_fluttering", "sweet", "lovely", "uplifting", "motivational",
            "cheerful"),
    "jazz": ("luxurious", "sophisticated", "sensual", "urban", "cool", "elegant", "exotic"),
    "acoustic": ("warm", "gentle", "comforting", "sincere", "friendly"), "folk": ("pastoral", "leisurely"),
    "children": ("cute", "comical", "playful", "quirky"), "disco": ("groovy", "retro"), "edm": ("futuristic",),
    "rock": ("rebellious", "angry", "aggressive", "rough")}
"""Moods that call for a style by custom, as film and advertising use them, whatever their valence and arousal."""
INSTRUMENT = 1.5
"""How much an instrument that only one style has speaks for it."""
HOME = 1.0
"""How much that counts, against distance in valence and arousal."""
PLAIN, FAR = "pop", 0.3
"""The style of a wish without feeling, and how far the others are."""


def feel_of(moods: Sequence[Mood], text: Feel | None = None) -> Feel:
    """Return the mean of the moods plus what a text asks for, each value kept within -1 and 1."""
    def value(name: str) -> float:
        mean = sum(getattr(mood, name) for mood in moods) / len(moods) if moods else 0.0
        return float(min(max(mean + (getattr(text, name) if text else 0.0), -1.0), 1.0))

    return Feel(**{field.name: value(field.name) for field in fields(Feel)})


def brightness(moods: Sequence[Mood], feel: Feel) -> float | None:
    """Return the chance of a bright mode, 0 to 1: what the moods say of it, else by valence; None without a feeling."""
    said = [mood.major for mood in moods if mood.major is not None]
    if said:
        return float(sum(said) / len(said))
    return None if feel == Feel() else 0.5 + 0.5 * feel.valence


def modes_for(modes: Mapping[str, float], style: str, bright: float | None) -> dict[str, float]:
    """Return a genre's modes with their chances, adding up to 1, as the wish for brightness shifts them.

    From `SURE` off the middle only bright, or only dark, modes are left; a genre that has none of the kind gets the
    plain one (its own among gugak's). Without a wish the genre's own weights stand.
    """
    weights = {mode: weight for mode, weight in modes.items() if weight > 0 and mode in BRIGHT}
    if bright is not None:
        weights = _toward(weights, _OWN.get(style, ("major", "minor")), _sharpened(bright))
    total = sum(weights.values())
    return {mode: weight / total for mode, weight in weights.items()} if total else {"major": 1.0}


def style_for(feel: Feel, moods: Sequence[Mood], instruments: Sequence[str]) -> str:
    """Return the style that suits a feeling, moods and instruments best, where no genre was named.

    An instrument speaks the louder for a style the fewer others have it, and the earlier they name it. Without any
    feeling all styles are as far but `PLAIN`.
    """
    felt = feel != Feel() or bool(moods)

    def cost(name: str) -> float:
        far = float(np.hypot(feel.valence - _AT[name][0], feel.arousal - _AT[name][1]))
        away = far if felt else FAR * (name != PLAIN)
        called = sum(mood.id in _HOMES.get(name, ()) for mood in moods) / max(1, len(moods))
        owned = sum(homes(instrument).get(name, 0.0) for instrument in instruments)
        return away + _RARE.get(name, 0.0) - HOME * called - INSTRUMENT * owned

    return min(_AT, key=cost)


@lru_cache(maxsize=512)
def homes(instrument: str) -> Mapping[str, float]:
    """Return how much each style is an instrument's home, adding up to 1; empty where it has none.

    One that no style has is at home in the styles of the genres that have it.
    """
    own = {name: _rank(instrument, style.palette) for name, style in styles().items()}
    if not any(own.values()):
        for genre in genres().values():
            own[genre.style] += _rank(instrument, genre.palette)
    total = sum(own.values())
    return {name: weight / total for name, weight in own.items() if weight} if total else {}


def _rank(instrument: str, palette: Mapping[str, Sequence[str]]) -> float:
    """Return 1 where a role names the instrument first, 1/2 where second, and so on; 0 where none does."""
    ranks = [list(role).index(instrument) for role in palette.values() if instrument in role]
    return 1 / (1 + min(ranks)) if ranks else 0.0


def _toward(weights: Mapping[str, float], plain: tuple[str, str], bright: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for chance, spare, wanted in ((bright, plain[0], True), (1 - bright, plain[1], False)):
        kind = {mode: weight for mode, weight in weights.items() if (BRIGHT[mode] > 0) == wanted} or {spare: 1.0}
        total = sum(kind.values())
        found |= {mode: chance * weight / total for mode, weight in kind.items() if chance > 0}
    return found


def _sharpened(bright: float) -> float:
    """Return a chance moved away from the middle: 0 or 1 from `SURE` off it."""
    return min(max(0.5 + (bright - 0.5) / (2 * SURE), 0.0), 1.0)
