"""From mood tags to what is painted: scene, palette, style, layout; the same seed gives the same plans."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from painting.layouts import LAYOUTS
from painting.tables import STYLES, TIMES, palettes, scenes, tree

STYLE_LIKING = {"poster": 1.0, "painterly": 0.9, "lofi": 0.7, "papercut": 0.9, "neon": 0.12, "line": 0.35}
"""How readily a style is taken where no tag asks for one."""
WORTH = 0.28
"""Share of the strongest scene's score from which a scene is worth showing."""
CLEAR = 0.75
"""Weight from which a time of day is taken to have been said."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a thumbnail shows.

    Attributes
    ----------
    scene, palette, style, layout : str
    time, weather, season : str
        Time of day is the palette's; the season may be empty.
    seed : int
    """

    scene: str
    palette: str
    style: str
    layout: str
    time: str
    weather: str
    season: str
    seed: int


def planned(title: str, tags: Mapping[str, float], count: int, seed: int) -> tuple[Plan, ...]:
    """Return plans that differ in layout, and in scene or style as long as there are any left."""
    rng = np.random.default_rng([seed & 0xFFFFFFFF, zlib.crc32(title.encode())])
    weather, season = said(tags, "tag_weather") or "clear", said(tags, "tag_seasons")
    if weather == "snow":
        season = "winter"
    chosen_scenes = _drawn(rng, _worthy(_scored(tags, "tag_scenes", scenes(), 0.03)), count, 1.6)
    times = _times(rng, tags, count)
    layouts = [str(each) for each in rng.permutation(sorted(LAYOUTS))]
    styles = _drawn(rng, _style_scores(tags, times[0]), count, 1.0)
    taken: list[str] = []
    plans = []
    for place in range(count):
        palette = _palette(rng, tags, times[place], taken)
        taken.append(palette)
        plans.append(Plan(chosen_scenes[place], palette, styles[place], layouts[place % len(layouts)], times[place],
                          weather, season, int(rng.integers(0, 2 ** 31))))
    return tuple(plans)


def said(tags: Mapping[str, float], table: str) -> str:
    """Return the weather or season that tags say outright, by the strongest of them; nothing where none does."""
    told = [(weight, tree()[table][tag]) for tag, weight in tags.items() if tag in tree()[table] and weight > 0]
    return str(max(told, key=lambda each: each[0])[1]) if told else ""


def _scored(tags: Mapping[str, float], table: str, names: Sequence[str], ground: float) -> dict[str, float]:
    """Return how strongly tags ask for each name."""
    scores = dict.fromkeys(names, ground)
    for tag, weight in tags.items():
        for name, strength in tree()[table].get(tag, {}).items():
            scores[name] += max(0.0, weight) * strength
    return scores


def _worthy(scores: Mapping[str, float]) -> dict[str, float]:
    """Return the names near enough to the strongest: better the same scene again than one that says nothing."""
    return {name: score for name, score in scores.items() if score >= WORTH * max(scores.values())}


def _style_scores(tags: Mapping[str, float], time: str) -> dict[str, float]:
    scores = _scored(tags, "tag_styles", STYLES, 0.0)
    lit = {"neon": 2.5} if time == "night" else {}
    return {name: scores[name] * 2 + STYLE_LIKING[name] * lit.get(name, 1.0) for name in STYLES}


def _times(rng: np.random.Generator, tags: Mapping[str, float], count: int) -> list[str]:
    """Return a time of day for each plan: all the one that was said, or several that suit."""
    scores = _scored(tags, "tag_times", TIMES, 0.08)
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= CLEAR * max(0.5, max(tags.values(), default=1.0)):
        return [best] * count
    weights = np.array([scores[name] for name in TIMES]) ** 1.5
    return [str(each) for each in rng.choice(TIMES, count, p=weights / weights.sum())]


def _palette(rng: np.random.Generator, tags: Mapping[str, float], time: str, taken: Sequence[str]) -> str:
    """Return a palette of a time of day, by preference one not taken yet."""
    scores = _scored(tags, "tag_palettes", tuple(palettes()), 0.04)
    fitting = {name: score for name, score in scores.items() if palettes()[name].time == time}
    least = 0.2 * max(fitting.values())
    fresh = {name: score for name, score in fitting.items() if name not in taken and score > least}
    return _drawn(rng, fresh or fitting, 1, 2.5)[0]


def _drawn(rng: np.random.Generator, scores: Mapping[str, float], count: int, sharp: float) -> list[str]:
    """Return names drawn by score, without repeats until none is left; `sharp` keeps to the strongest."""
    names = list(scores)
    weights = np.array([scores[name] for name in names], float) ** sharp
    result: list[str] = []
    while len(result) < count:
        share = weights / weights.sum()
        more = rng.choice(names, min(len(names), count - len(result)), replace=False, p=share)
        result += [str(each) for each in more]
    return result
