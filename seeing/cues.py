"""Colour and light of a picture as numbers with names, from at most 96 x 96 pixels.

All lie between 0 and 1 but for warmth (-1 cold to 1 warm) and sky_light. Sources: luma of ITU-R BT.601; colourfulness
after Hasler and Suesstrunk, "Measuring colourfulness in natural images" (2003), divided by 100.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 96  # pixels of the longer side
DARK, LIGHT = 0.16, 0.9  # luma below which a pixel is dark, above which it is light
COLOURED = 0.25  # saturation times value from which a pixel counts as blue, green, ...
HALF_LIGHT = (0.42, 0.2)  # brightness between day and night, and how far from it nothing is left of it
HUES = {"red": (-15, 15), "orange": (15, 45), "yellow": (45, 70), "green": (70, 165), "blue": (165, 260),
        "purple": (260, 345)}
"""Degrees of the colour circle, from and to."""


def cues_of(picture: Image.Image) -> Mapping[str, float]:
    """Return the cues of an RGB picture.

    Returns
    -------
    mapping of str to float
        ``brightness`` mean luma; ``contrast`` its standard deviation, doubled; ``saturation``; ``warmth`` mean of red
        minus blue, doubled; ``colourfulness``; ``detail`` mean step between neighbours, times 10; ``dark``, ``light``
        and ``pale`` (light or nearly, without colour) as shares of the pixels, so ``red`` to ``purple``; ``lamps``
        share of pixels that are light in a picture that is dark around them; ``sky_light`` how much lighter the top
        third is than the bottom third, -1 to 1; ``half_light`` how near brightness is to that between day and night.
    """
    rgb = _small(picture)
    luma = rgb @ np.array([0.299, 0.587, 0.114])
    most, least = rgb.max(axis=2), rgb.min(axis=2)
    chroma = most - least
    third = max(1, len(luma) // 3)
    cues = {
        "brightness": luma.mean(), "contrast": 2 * luma.std(),
        "saturation": np.mean(chroma / np.maximum(most, 1 / 255)), "warmth": 2 * np.mean(rgb[..., 0] - rgb[..., 2]),
        "colourfulness": _colourfulness(rgb), "detail": _detail(luma),
        "dark": np.mean(luma < DARK), "light": np.mean(luma > LIGHT),
        "pale": np.mean((luma > 0.6) & (chroma < 0.12)), "lamps": _lamps(luma),
        "half_light": 1 - abs(luma.mean() - HALF_LIGHT[0]) / HALF_LIGHT[1],
        "sky_light": luma[:third].mean() - luma[-third:].mean(),
    } | _hues(rgb, chroma)
    signed = ("warmth", "sky_light")
    return {name: round(float(np.clip(value, -1 if name in signed else 0, 1)), 4) for name, value in cues.items()}


def _small(picture: Image.Image) -> NDArray[np.float64]:
    shrink = min(1.0, SIDE / max(picture.size))
    size = (max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink)))
    return np.asarray(picture.resize(size, Image.Resampling.BOX), float) / 255


def _colourfulness(rgb: NDArray[np.float64]) -> float:
    """Return root of variances of two opponent colours plus 0.3 of the distance of their means from grey."""
    red_green = rgb[..., 0] - rgb[..., 1]
    yellow_blue = (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(2.55 * (spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean())))


def _detail(luma: NDArray[np.float64]) -> float:
    steps = [np.abs(np.diff(luma, axis=axis)) for axis in (0, 1) if luma.shape[axis] > 1]
    return 10 * float(np.mean([each.mean() for each in steps])) if steps else 0.0


def _lamps(luma: NDArray[np.float64]) -> float:
    """Return the share of light pixels, nothing where less than half of the picture is dark."""
    return float(np.mean(luma > 0.6)) if np.mean(luma < 0.25) > 0.5 else 0.0


def _hues(rgb: NDArray[np.float64], chroma: NDArray[np.float64]) -> dict[str, float]:
    """Return the share of pixels in each part of the colour circle; grey and nearly black ones are in none."""
    red, green, blue = np.moveaxis(rgb, 2, 0)
    angle = np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue))
    coloured = chroma > COLOURED * np.maximum(rgb.max(axis=2), 0.25)
    return {name: float(np.mean(coloured & ((angle - low) % 360 < high - low))) for name, (low, high) in HUES.items()}
