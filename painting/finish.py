"""The last coat: brush strokes, bloom, fading, corners and grain, as each style has them."""

from __future__ import annotations

import numpy as np
from PIL import Image

from painting.canvas import BAND, softened
from painting.colour import Pixels
from painting.easel import Easel, brushed

FADE = np.array([[0.055, 0.035, 0.075], [0.99, 0.955, 0.90]], np.float32)
"""Black and white of faded film."""


def finished(easel: Easel) -> Image.Image:
    """Return the picture with its style's last coat."""
    if easel.style == "painterly":
        easel.canvas.pixels = _array(brushed(easel))
    elif easel.style == "lofi":
        _faded(easel)
    elif easel.style == "neon":
        _bloom(easel, 0.55)
    if easel.style in ("painterly", "lofi"):
        _bloom(easel, 0.18)
    _corners(easel)
    _grain(easel)
    return easel.canvas.image()


def _array(picture: Image.Image) -> Pixels:
    return np.asarray(picture, np.float32) / np.float32(255)


def _bloom(easel: Easel, strength: float) -> None:
    """Let what is bright spill over."""
    spilt = softened(np.clip((easel.canvas.pixels[::2, ::2] - np.float32(0.55)), 0, 1), 11 * easel.unit,
                     (easel.canvas.width, easel.canvas.height))
    for top in range(0, easel.canvas.height, BAND):
        part = easel.canvas.pixels[top:top + BAND]
        np.clip(part, 0, 1, out=part)
        part += (1 - part) * spilt[top:top + BAND] * np.float32(strength * 1.8)


def _faded(easel: Easel) -> None:
    """Fade blacks and whites, part the colours by a hair, lay scan lines."""
    pixels = np.clip(easel.canvas.pixels, 0, 1)
    shift = max(1, round(1.6 * easel.unit))
    parted = pixels.copy()
    parted[:, shift:, 0] = pixels[:, :-shift, 0]
    parted[:, :-shift, 2] = pixels[:, shift:, 2]
    parted = FADE[0] + parted * (FADE[1] - FADE[0])
    lines = 1 - 0.045 * ((np.arange(easel.canvas.height) // max(1, round(2 * easel.unit))) % 2)
    easel.canvas.pixels = parted * lines.astype(np.float32)[:, None, None]


def _corners(easel: Easel) -> None:
    if easel.look.vignette:
        far = easel.canvas.distance(0.5, 0.48) / np.float32(np.hypot(easel.canvas.aspect / 2, 0.52))
        easel.canvas.shade(np.clip(far - np.float32(0.45), 0, 1) ** 2 * np.float32(2.2), easel.look.vignette)


def _grain(easel: Easel) -> None:
    """Add film grain; it also hides the steps of 8 bits."""
    height, width = easel.canvas.height, easel.canvas.width
    tile = easel.rng.standard_normal((height // 2 + 1, width // 2 + 1), np.float32)
    coarse = np.asarray(Image.fromarray(tile).resize((width, height), Image.Resampling.BICUBIC))
    easel.canvas.pixels += (coarse * np.float32(easel.look.grain))[..., None]
