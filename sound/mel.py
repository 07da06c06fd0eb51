"""Mel spectrograms: the energy of a sound by time and by bands of frequency spaced as the ear hears them.

Task: samples in, decibels of 128 bands 43 times a second out, as the networks of this product take them.
Source: the values are those of ``librosa.feature.melspectrogram`` (Hann window, frames centred on their time and
padded with zeros, power, Slaney's mel scale and area normalisation), in decibels over 1.0 with 1e-10 as the least.
Conventions: samples are mono float32 at `RATE`; time runs along the first axis; nothing here reads files.

What is computed: `log_mel`, `clip_of` and `clip_span` (the half minute a network hears), `waveform` (for drawing).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

RATE, BANDS, HOP, FFT = 22_050, 128, 512, 2_048
"""Samples a second; bands; samples from frame to frame and in a frame."""
CLIP_S, CLIP_START_S = 30.0, 20.0
"""Seconds a network hears, and where they begin: past most introductions, around a first chorus."""
CLIP_FRAMES = 1 + int(CLIP_S * RATE) // HOP
"""1,292 frames of `CLIP_S` seconds."""
LEAST_POWER = 1e-10
"""-100 dB: what is quieter counts as this quiet."""
CHUNK = 64
"""Frames at a time: their spectra, 1 MB, stay in the processor's cache."""
WIDE = 1e-11
"""Of a frame's loudest band: single precision errs by under 0.04 dB in bands above it."""
LINEAR_HZ, LOG_FROM_HZ, LOG_STEP = 200 / 3, 1_000.0, np.log(6.4) / 27
"""Slaney's mel scale: linear up to 1,000 Hz, then 27 mels for each factor of 6.4 (Auditory Toolbox, 1998)."""


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mel spectrogram in decibels.

    Parameters
    ----------
    samples : array (n,)
        Mono, at `RATE`, finite.

    Returns
    -------
    array (1 + n // HOP, BANDS), float32
        ``10 * log10(max(power, 1e-10))``; of no samples one frame of -100 dB. Working memory is a few MB whatever
        the length.

    Raises
    ------
    ValueError
        If there is more than one axis.
    """
    if samples.ndim != 1:
        raise ValueError(f"Samples of shape {samples.shape}; expected is one axis. Take the mean of the channels.")
    out = np.empty((1 + len(samples) // HOP, BANDS), np.float32)
    _filters()  # made once, before the threads want them
    half = (len(out) // 2 + CHUNK - 1) // CHUNK * CHUNK
    with ThreadPoolExecutor(1) as other:  # both halves at once: all that takes time here runs without Python's lock
        second = other.submit(_fill, out[half:], samples, half)
        _fill(out[:half], samples, 0)
        second.result()
    np.maximum(out, LEAST_POWER, out=out)
    np.log10(out, out=out)
    out *= 10
    return out


def clip_of(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the half minute a network hears.

    Parameters
    ----------
    mel : array (frames, BANDS)
        At least one frame.

    Returns
    -------
    array (CLIP_FRAMES, BANDS)
        Seconds 20 to 50; the middle of what is shorter than that; all of what is shorter than 30 s, followed by its
        quietest value.
    """
    start = _clip_start(len(mel))
    clip = mel[start:start + CLIP_FRAMES]
    missing = CLIP_FRAMES - len(clip)
    return np.pad(clip, ((0, missing), (0, 0)), constant_values=clip.min()) if missing else np.ascontiguousarray(clip)


def clip_span(seconds: float) -> tuple[float, float]:
    """Return where the half minute of `clip_of` begins and ends, in seconds, for a sound of this length."""
    if seconds <= CLIP_S:
        return 0.0, seconds
    start = _clip_start(1 + int(seconds * RATE) // HOP) * HOP / RATE
    return start, start + CLIP_S


def waveform(samples: NDArray[np.float32], points: int = 1_000) -> NDArray[np.float32]:
    """Return the outline of a sound for drawing.

    Parameters
    ----------
    samples : array (n,)
    points : int
        Of the outline, spread evenly over the time.

    Returns
    -------
    array (points, 2)
        Least and largest sample around each point; zeros where there are no samples.
    """
    if not len(samples):
        return np.zeros((points, 2), np.float32)
    starts = np.arange(points) * len(samples) // points
    return np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)], axis=1)


def _clip_start(frames: int) -> int:
    start = round(CLIP_START_S * RATE / HOP)
    return start if frames >= start + CLIP_FRAMES else max(0, frames - CLIP_FRAMES) // 2


def _fill(out: NDArray[np.float32], samples: NDArray[np.float32], first: int) -> None:
    """Write the power in each band of the frames from `first` on.

    Single precision takes half the time of double and is enough for most music. It errs by about 1e-16 of a frame's
    power, which shows in bands much quieter than the loudest one (pure tones, sound without high frequencies): such
    chunks are computed in double precision, and so is the next one from the start.
    """
    precise = False
    for start in range(0, len(out), CHUNK):
        count = min(CHUNK, len(out) - start)
        frames = _frames(samples, first + start, count)
        bands = _bands(frames, "float64" if precise else "float32")
        wide = bool(np.any(np.maximum(bands.min(axis=0), LEAST_POWER) < WIDE * bands.max(axis=0)))
        if wide and not precise:
            bands = _bands(frames, "float64")
        precise = wide
        out[start:start + count] = bands.T


def _bands(frames: NDArray[np.float32], kind: str) -> NDArray[Any]:
    """Return the power in each band of each frame, (BANDS, frames), the transform computed in `kind`."""
    from scipy.fft import rfft

    spectrum = rfft(np.multiply(frames, _window(kind), dtype=kind), overwrite_x=True).astype(np.complex64, copy=False)
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    return _filters() @ power.T


def _frames(samples: NDArray[np.float32], start: int, count: int) -> NDArray[np.float32]:
    """Return frames from `start` on, each centred on its time, zeros beyond both ends."""
    first, last = start * HOP - FFT // 2, (start + count - 1) * HOP + FFT // 2
    part = samples[max(first, 0):last].astype(np.float32, copy=False)
    if first < 0 or last > len(samples):
        part = np.pad(part, (max(-first, 0), max(last - len(samples), 0)))
    return np.lib.stride_tricks.sliding_window_view(part, FFT)[::HOP]


@cache
def _window(kind: str) -> NDArray[Any]:
    """Return the Hann window, periodic: its next value would be its first."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)).astype(kind)


@cache
def _filters() -> csr_array:
    """Return the weight of each frequency in each band, (BANDS, FFT // 2 + 1): triangles of equal area over mels.

    Sparse, since a frequency lies in two bands at the most; and no product of dense matrices, so no threads of BLAS.
    """
    from scipy.sparse import csr_array

    edges = _hertz(np.linspace(0, _mels(RATE / 2), BANDS + 2))[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    frequencies = np.arange(FFT // 2 + 1) * RATE / FFT
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    return csr_array((np.clip(np.minimum(rising, falling), 0, None) * 2 / (high - low)).astype(np.float32))


def _mels(hertz: float) -> float:
    """Return the place on Slaney's scale of a frequency over 1,000 Hz."""
    return float(LOG_FROM_HZ / LINEAR_HZ + np.log(hertz / LOG_FROM_HZ) / LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    bend = LOG_FROM_HZ / LINEAR_HZ
    return np.where(mels < bend, mels * LINEAR_HZ, LOG_FROM_HZ * np.exp(LOG_STEP * (np.maximum(mels, bend) - bend)))
