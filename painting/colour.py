"""Colours: hexadecimal to numbers, mixing as the eye sees it, and contrast by WCAG 2.

Conventions: a colour is three floats from 0 to 1 in sRGB, as stored in files; pictures are arrays of the same,
shape (height, width, 3), float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
Pixels = NDArray[np.float32]

LMS = np.array([[0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005]])
LAB = np.array([[0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660]])
FROM_LMS, FROM_LAB = np.linalg.inv(LMS), np.linalg.inv(LAB)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@cache
def colour(text: str) -> Colour:
    """Return a colour written as ``#rrggbb``."""
    red, green, blue = (int(text[place:place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour `share` (0 to 1) of the way from `first` to `second`, in OKLab (Ottosson 2020)."""
    one, two = _oklab(first), _oklab(second)
    return _srgb(one + (two - one) * share)


def ramp(colours: Sequence[Colour], places: NDArray[np.floating]) -> Pixels:
    """Return the colours at `places` (0 to 1) of a gradient through evenly spaced `colours`.

    Returns
    -------
    ndarray of float32
        Shape of `places` plus three channels.
    """
    fine = np.linspace(0, 1, 257)
    stops = np.linspace(0, 1, len(colours))
    labs = np.array([_oklab(each) for each in colours])
    table = _encoded(np.stack([np.interp(fine, stops, labs[:, axis]) for axis in range(3)], axis=-1))
    flat = np.clip(places, 0, 1)
    return np.stack([np.interp(flat, fine, table[:, axis]) for axis in range(3)], axis=-1).astype(np.float32)


def lightness(shade: Colour) -> float:
    """Return how light a colour looks, 0 to 1 (L of OKLab)."""
    return float(_oklab(shade)[0])


def toned(shade: Colour, light: float = 0.0, chroma: float = 1.0) -> Colour:
    """Return a colour made lighter by `light` (OKLab L, may be negative) and `chroma` times as colourful."""
    lab = _oklab(shade)
    return _srgb(np.array([np.clip(lab[0] + light, 0, 1), lab[1] * chroma, lab[2] * chroma]))


def luminance(pixels: NDArray[np.floating] | Sequence[float]) -> NDArray[np.floating]:
    """Return the relative luminance of WCAG 2: 0 for black, 1 for white.

    Parameters
    ----------
    pixels : array_like, shape (..., 3)
    """
    values = np.asarray(pixels, np.float32)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    lit: NDArray[np.floating] = linear @ LUMINANCE
    return lit


def contrast(first: NDArray[np.floating] | float, second: NDArray[np.floating] | float) -> NDArray[np.floating]:
    """Return the contrast ratio of two relative luminances (WCAG 2): 1 for the same, 21 for black and white."""
    one, two = np.asarray(first), np.asarray(second)
    ratio: NDArray[np.floating] = (np.maximum(one, two) + 0.05) / (np.minimum(one, two) + 0.05)
    return ratio


def _oklab(shade: Colour) -> NDArray[np.float64]:
    values = np.asarray(shade, float)
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return LAB @ np.cbrt(LMS @ linear)


def _srgb(lab: NDArray[np.float64]) -> Colour:
    red, green, blue = _encoded(lab)
    return float(red), float(green), float(blue)


def _encoded(labs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return OKLab as sRGB, shape (..., 3); what a screen cannot show is cut."""
    linear = np.clip((labs @ FROM_LAB.T) ** 3 @ FROM_LMS.T, 0, 1)
    values: NDArray[np.float64] = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return values
