"""How a piece should feel: moods and a text's emotion as one `Feel`, and what follows for mode and genre.

Valence decides between bright and dark modes, arousal the tempo and energy (`music.tempos`, `music.forms`); density,
register and dynamics go to the composer as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from music.style import Style
from music.vocabulary import Mood
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
_RARE = {"gugak": 0.6, "children": 0.15}
"""Styles that are chosen only for a reason, and how much of one."""


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


def style_for(feel: Feel, instruments: Sequence[str], styles: Mapping[str, Style]) -> str:
    """Return the style that suits a feeling and instruments best, where no genre was named.

    An instrument speaks the louder for a style the fewer others have it.
    """
    def homes(instrument: str) -> set[str]:
        return {name for name, style in styles.items() if any(instrument in role for role in style.palette.values())}

    at_home = [found for found in map(homes, instruments) if found]

    def cost(name: str) -> float:
        away = float(np.hypot(feel.valence - _AT[name][0], feel.arousal - _AT[name][1]))
        return away + _RARE.get(name, 0.0) - 1.5 * sum(1 / len(found) for found in at_home if name in found)

    return min((name for name in styles if name in _AT), key=cost)
