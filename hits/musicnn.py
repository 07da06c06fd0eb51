"""What a track sounds like: 50 tags and an embedding from musicnn's pretrained mel network, computed in numpy.

Task: given samples, say how likely each of 50 tags of listeners is, and give the features that network judges by.

Source: J. Pons and X. Serra, "musicnn: Pre-trained convolutional neural networks for music audio tagging", ISMIR 2019
late-breaking session; front end of musically motivated filters after J. Pons et al., "End-to-end learning for music
audio tagging at scale", ISMIR 2018. Weights: ``models/musicnn``, plain arrays (`tools/convert_musicnn.py`); the forward
pass is written anew from the published graph and agrees with it (docs/adr/0026).

Conventions: audio is read in patches of 187 frames (2.992 s) at 16 kHz, one after the other; each is judged alone, and
a track gets the mean over its patches. What is left at the end counts if it is half a patch or more, by one more patch
that ends with the audio. Audio shorter than a patch is repeated, as in training. Likelihoods are the network's own, not
frequencies: they order tags. The embedding's features have mean 0 and deviation 1 over the tracks the network was
trained on (what its last batch normalisation keeps of them), so that a cosine between two tracks compares how they
differ from music at large.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from support import weights
from support.errors import DataError

RATE, FFT, HOP, BANDS = 16_000, 512, 256, 96
"""Hz, samples, samples, bands: the spectrogram the network was trained on."""
PATCH = 187
"""Frames judged at once."""
PATCH_S = PATCH * HOP / RATE
SHORTEST_S = 0.5  # less than a patch is repeated; repeated seven times and more it says nothing
GAIN = 10_000.0
"""What the mel power is raised by before its logarithm: log10(10000 x + 1)."""
TAPS = 7
"""Frames that one filter of the timbral front end and of the middle layers sees."""
TIMBRAL, TEMPORAL, MIDDLE = ("timbral_0", "timbral_1"), ("temporal_0", "temporal_1", "temporal_2"), 3
FAR, STEADY, FEWEST_PATCHES = 1.12, 0.03, 4
"""Of `unlike_music`."""
BLOCK = 10
"""Patches read at once: 30 s of audio, so that memory does not grow with the track."""
DOUBLES = (frozenset({"female vocalist", "female vocalists"}), frozenset({"chill", "chillout"}),
           frozenset({"electronic", "electronica"}))
"""Tags that listeners wrote in two ways; the screen shows one of them."""
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Patches:
    """What the network says of each patch.

    Attributes
    ----------
    spans : ndarray, shape (patches, 2)
        Start and end in seconds.
    likelihoods : ndarray, shape (patches, 50)
    embeddings : ndarray, shape (patches, features)
    """

    spans: NDArray[np.float64]
    likelihoods: Array
    embeddings: Array

    def inside(self, start_s: float, end_s: float) -> NDArray[np.bool_]:
        """Return which patches lie at least half between two moments."""
        common = np.minimum(self.spans[:, 1], end_s) - np.maximum(self.spans[:, 0], start_s)
        found: NDArray[np.bool_] = common >= 0.5 * (self.spans[:, 1] - self.spans[:, 0])
        return found

    def outside(self, start_s: float, end_s: float) -> Patches:
        """Return the patches of which less than half lies between two moments."""
        kept = ~self.inside(start_s, end_s)
        return Patches(self.spans[kept], self.likelihoods[kept], self.embeddings[kept])


@dataclass(frozen=True, slots=True)
class Heard:
    """What the network says of a track.

    Attributes
    ----------
    tags : tuple of (str, float)
        All 50 tags with their mean likelihood, the likeliest first.
    embedding : ndarray, shape (features,)
        Mean over the patches.
    by_patch : Patches
    """

    tags: tuple[tuple[str, float], ...]
    embedding: Array
    by_patch: Patches


class Tagger:
    """The network with its weights.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        As `tools/convert_musicnn.py` writes them.
    facts : mapping
        The manifest: where the weights are from, the names of the tags.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
        self.facts = dict(facts)
        self.names: tuple[str, ...] = tuple(facts["tags"])
        self._w: dict[str, Array] = {name: np.asarray(array, np.float32) for name, array in arrays.items()}
        # max over positions comes before the last scaling: where that is negative, the smallest counts
        for name in (*TIMBRAL, *TEMPORAL):
            sign = np.where(self._w[f"{name}.scale"] < 0, -1, 1).astype(np.float32)
            self._w[f"{name}.sign"], self._w[f"{name}.kernel"] = sign, self._w[f"{name}.kernel"] * sign

    def read(self, samples: Array, rate: int = 22_050) -> Heard:
        """Return tags and embedding of a track, and what each patch adds to them.

        Parameters
        ----------
        samples : ndarray, shape (n,)
            Mono, -1 to 1.
        rate : int
            In Hz.

        Raises
        ------
        DataError
            ``musicnn.short``: less than half a second; ``musicnn.samples``: not mono, or values that are no numbers.
        """
        from threadpoolctl import threadpool_limits

        spans, heard = [], []
        with threadpool_limits(1, "blas"):  # of small products; beside other work threads only wait for each other
            for starts, patches in self._patches(_resampled(samples, rate)):
                spans += [(start * HOP / RATE, start * HOP / RATE + PATCH_S) for start in starts]
                heard += [self.judge(patch) for patch in patches]
        likelihoods, embeddings = (np.stack(column) for column in zip(*heard, strict=True))
        mean = likelihoods.mean(0, dtype=np.float64)
        order = np.argsort(-mean, kind="stable")
        return Heard(tuple((self.names[index], float(mean[index])) for index in order), mean_of(embeddings),
                     Patches(np.array(spans), likelihoods, embeddings))

    def tags(self, samples: Array, rate: int = 22_050) -> tuple[tuple[str, float], ...]:
        """Return all tags with their mean likelihood, the likeliest first."""
        return self.read(samples, rate).tags

    def embed(self, samples: Array, rate: int = 22_050) -> Array:
        """Return the embedding of a track, shape (features,)."""
        return self.read(samples, rate).embedding

    def judge(self, patch: Array) -> tuple[Array, Array]:
        """Return likelihoods (50,) and the features before them for a patch (`PATCH`, `BANDS`) of log-mel power."""
        front = self._front(patch * self._w["input.scale"] + self._w["input.offset"])
        layers = [front]
        for index in range(MIDDLE):  # the second and third add to what the one before found
            found = self._middle(layers[-1], index)
            layers.append(found + layers[-1] if index else found)
        every = np.concatenate(layers, axis=1)
        pooled = np.stack([every.max(0), every.mean(0)], axis=1).ravel()
        dense = np.maximum(pooled @ self._w["dense.kernel"] + self._w["dense.bias"], 0)
        features = (dense - self._w["embedding.mean"]) / self._w["embedding.spread"]
        return _sigmoid(features @ self._w["tags.kernel"] + self._w["tags.bias"]), features

    def _patches(self, samples: Array) -> Iterator[tuple[list[int], list[Array]]]:
        """Give blocks of patches with the frames they start at."""
        count = 1 + len(samples) // HOP
        starts = list(range(0, max(count - PATCH, 0) + 1, PATCH))
        if count - starts[-1] - PATCH >= PATCH / 2:
            starts.append(count - PATCH)
        frames = sliding_window_view(np.pad(samples, FFT // 2, mode="reflect"), FFT)[::HOP]
        for first in range(0, len(starts), BLOCK):
            some = starts[first:first + BLOCK]
            mel = self.log_mel(frames[some[0]:some[-1] + PATCH])
            yield some, [_filled(mel[start - some[0]:start - some[0] + PATCH]) for start in some]

    def log_mel(self, frames: Array) -> Array:
        """Return ``log10(10000 x + 1)`` of the mel power of frames (n, `FFT`), shape (n, `BANDS`)."""
        spectrum = np.fft.rfft(frames * self._w["mel.window"])
        return np.log10(GAIN * ((spectrum.real ** 2 + spectrum.imag ** 2) @ self._w["mel.filters"]) + 1)

    def _front(self, patch: Array) -> Array:
        timbral = [self._pooled(_over_bands(patch, self._w[f"{name}.kernel"]), name) for name in TIMBRAL]
        temporal = [self._pooled(_over_time(patch, self._w[f"{name}.kernel"]), name) for name in TEMPORAL]
        return np.concatenate(timbral + temporal, axis=1)

    def _pooled(self, largest: Array, name: str) -> Array:
        active = np.maximum(largest * self._w[f"{name}.sign"] + self._w[f"{name}.bias"], 0)
        return active * self._w[f"{name}.scale"] + self._w[f"{name}.offset"]

    def _middle(self, layer: Array, index: int) -> Array:
        name = f"middle_{index}"
        kernel = self._w[f"{name}.kernel"]
        active = np.maximum(_windows(layer, TAPS).reshape(len(layer), -1) @ kernel + self._w[f"{name}.bias"], 0)
        return active * self._w[f"{name}.scale"] + self._w[f"{name}.offset"]


def load(folder: Path) -> Tagger:
    """Return the network whose weights are in a folder.

    Raises
    ------
    DataError
        ``weights.missing``, ``.form`` or ``.broken``.
    """
    return Tagger(*weights.read(folder))


def unlike_music(heard: Heard) -> bool:
    """Return whether a sound is unlike what the network was trained on: noise, tones, clicks.

    Features have mean 0 and deviation 1 over the music it learned from. A sound is unlike it where the root mean
    square of its mean features is above `FAR`: 25 recordings at hand have 0.59 to 1.00; noise, tones, sweeps and clicks
    1.14 to 1.64. Or where they do not vary from patch to patch (`STEADY`): quiet noise by 0.00, recordings by 0.11 and
    more, a made loop of four chords by 0.08. Noise that falls towards high bands passes for ambient music.
    """
    far = float(np.sqrt(np.mean(np.square(heard.embedding, dtype=np.float64)))) > FAR
    patches = heard.by_patch.embeddings
    return far or (len(patches) >= FEWEST_PATCHES and float(patches.std(axis=0).mean()) < STEADY)


def slug(tag: str) -> str:
    """Return a tag's key below ``music_tags.`` in the locale files."""
    return re.sub(r"[^a-z0-9]+", "_", tag.lower())


def screen_tags(tags: Sequence[tuple[str, float]], most: int = 5, least: float = 0.1) -> tuple[tuple[str, float], ...]:
    """Return the tags worth showing: the likeliest, at `least` so likely, one of those that mean the same."""
    shown: list[tuple[str, float]] = []
    for tag, likely in tags:
        said = any({tag, other} <= same for other, _ in shown for same in DOUBLES)
        if likely >= least and not said and len(shown) < most:
            shown.append((tag, likely))
    return tuple(shown)


def mean_of(embeddings: Array) -> Array:
    """Return the embedding of a track from those of its patches, shape (features,)."""
    return embeddings.mean(0, dtype=np.float64).astype(np.float32)


def _resampled(samples: Array, rate: int) -> Array:
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise DataError("musicnn.samples", shape=samples.shape)
    if len(samples) < SHORTEST_S * rate:
        raise DataError("musicnn.short", seconds=round(samples.size / rate, 2), least=SHORTEST_S)
    if rate == RATE:
        return samples.astype(np.float32, copy=False)
    import soxr

    found: Array = soxr.resample(samples.astype(np.float32, copy=False), rate, RATE)
    return found


def _filled(mel: Array) -> Array:
    """Repeat what is shorter than a patch."""
    return mel if len(mel) == PATCH else np.tile(mel, (-(-PATCH // len(mel)), 1))[:PATCH]


def _windows(rows: Array, width: int) -> Array:
    """Return what `width` rows around each row hold, zeros outside: (rows, columns, width)."""
    before = (width - 1) // 2
    padded = np.pad(rows, ((before, width - 1 - before), (0, 0)))
    return np.ascontiguousarray(sliding_window_view(padded, width, axis=0))


def _over_bands(patch: Array, kernel: Array) -> Array:
    """Slide filters of `TAPS` frames and some bands over the bands; return the largest answer a frame and filter.

    A window's bands lie side by side in memory, so each position is one product of a slice, without a copy.
    """
    rows, wide = _windows(patch, TAPS).reshape(len(patch), -1), len(kernel)
    largest = rows[:, :wide] @ kernel
    answer = np.empty_like(largest)
    for start in range(TAPS, rows.shape[1] - wide + 1, TAPS):
        np.maximum(largest, np.matmul(rows[:, start:start + wide], kernel, out=answer), out=largest)
    return largest


def _over_time(patch: Array, kernel: Array) -> Array:
    """Slide filters over each band's time; return the largest answer of all bands a frame and filter."""
    before = (len(kernel) - 1) // 2
    bands = np.pad(patch, ((before, len(kernel) - 1 - before), (0, 0))).T.copy()
    largest = np.full((len(patch), kernel.shape[1]), -np.inf, np.float32)
    answer = np.empty_like(largest)
    for band in sliding_window_view(bands, len(kernel), axis=1):
        np.maximum(largest, np.matmul(np.ascontiguousarray(band), kernel, out=answer), out=largest)
    return largest


def _sigmoid(levels: Array) -> Array:
    found: Array = np.exp(-np.logaddexp(np.float32(0), -levels))
    return found
