"""Hit prediction: how much a track looks like those that became hits, of what that is made, and how sure it is.

Task: audio and lyrics in; a calibrated answer with its evidence out. Its parts are in `hits/`, measurements of audio in
`sound/`.

- ``features``: boosting over what is measured here and known of 28,348 labelled tracks; ships trained.
- ``audio`` (one network a genre), ``transfer`` (a head on musicnn), ``lyrics``, ``sentences``: trained by an operator
  on labelled tracks of their own; until then they say nothing, which is not a neutral answer but none.

Conventions: evidence is in log-odds relative to the share of hits in a part's training; a probability needs a prior and
names it. Times are seconds of the track. What fails in one part is told as that part's failure and leaves the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import features as feature_model
from hits import fusion, musicnn
from hits.audio_network import AudioNetwork
from hits.features import FeatureModel
from hits.fusion import Fused
from hits.judgement import Judgement
from hits.lyrics import LyricsNetwork
from hits.manifest import GENRES
from hits.musicnn import Heard, Tagger
from hits.sentences import SentenceHead
from hits.transfer import TransferHead
from sound import mel as mels
from sound.measures import Analysis, analyse
from support import weights
from support.decoding import Audio
from support.errors import AppError, DataError

log = logging.getLogger(__name__)
PARTS = ("features", "audio", "transfer", "lyrics", "sentences")
OF_AUDIO, OF_WORDS = ("features", "audio", "transfer"), ("lyrics", "sentences")
WINDOW_S, HOP_S = 5.0, 2.5
"""Of the occlusion curve: seconds left out at a time, and from one such window to the next."""
Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Describe = Callable[[NDArray[np.float32], int], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Models:
    """What is there to judge with; None or absent: nobody has trained it."""

    features: FeatureModel
    tagger: Tagger
    audio: Mapping[str, AudioNetwork] = field(default_factory=dict)
    transfer: TransferHead | None = None
    lyrics: LyricsNetwork | None = None
    sentences: SentenceHead | None = None
    weights: Mapping[str, float] | None = None
    broken: Mapping[str, AppError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """What came of one part: a judgement, or why there is none.

    Attributes
    ----------
    state : str
        ``used``, ``untrained``, ``no_lyrics``, ``strange`` (unlike its training data) or ``failed``.
    error : AppError or None
        Of a failed one.
    """

    part: str
    state: str
    judgement: Judgement | None = None
    error: AppError | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is said of a track.

    Attributes
    ----------
    fused : Fused or None
        All parts together; None where no part has an answer.
    parts : tuple of Part
        In the order of `PARTS`.
    values : dict
        What was measured, and descriptors where there are any.
    left_out : tuple of str
        Measures that a clip says nothing about.
    clip : (float, float)
        Seconds the audio network hears.
    occlusion : tuple of (float, float, float)
        Start, end, and the log-odds that these seconds add; of the part `occlusion_by`.
    lines : tuple of (str, float)
        Lyric lines and the log-odds each adds; of the part `lines_by`.
    tags : tuple of (str, float)
        At most five, likeliest first.
    embedding : ndarray of float32
        Of the audio.
    """

    fused: Fused | None
    parts: tuple[Part, ...]
    values: Mapping[str, float | None]
    left_out: tuple[str, ...]
    clip: tuple[float, float]
    occlusion: tuple[tuple[float, float, float], ...]
    occlusion_by: str | None
    lines: tuple[tuple[str, float], ...]
    lines_by: str | None
    tags: tuple[tuple[str, float], ...]
    embedding: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sounds:
    """A track as the parts take it, worked out once."""

    audio: Audio
    mel: NDArray[np.float32]
    analysis: Analysis
    heard: Heard
    values: Mapping[str, float | None]


def load(shipped: Path, own: Path, embed: Embed, embedder: str) -> Models:
    """Return the models in two folders: those that came with the product, and those trained by its operator.

    One of the operator's that cannot be read is left out and told (`Models.broken`).

    Parameters
    ----------
    shipped, own : Path
    embed : callable
        Embeds lines of lyrics.
    embedder : str
        The name of the model that does.

    Raises
    ------
    DataError
        If one that came with the product is missing or damaged.
    """
    found: dict[str, Any] = {}
    broken: dict[str, AppError] = {}
    readers: dict[str, Callable[[Path], Any]] = {
        "transfer": TransferHead.load, "lyrics": LyricsNetwork.load,
        "sentences": lambda folder: SentenceHead.load(folder, embed, embedder),
        **{f"audio_{genre}": AudioNetwork.load for genre in GENRES}}
    for name, reader in readers.items():
        if (folder := own / f"hit_{name}").is_dir():
            try:
                found[name] = reader(folder)
            except DataError as error:
                log.warning("%s is left out: %s", folder, error)
                broken[name] = error
    features = feature_model.load(shipped / "hit_features")
    return Models(features, musicnn.load(shipped / "musicnn"),
                  {genre: found[name] for genre in GENRES if (name := f"audio_{genre}") in found},
                  found.get("transfer"), found.get("lyrics"), found.get("sentences"),
                  _weights(own / "hit_fusion"), broken)


def _weights(folder: Path) -> Mapping[str, float] | None:
    """Return what a training learned of how much each part is worth beside the others; None where there was none."""
    if not folder.is_dir():
        return None
    try:
        return {name: float(value) for name, value in weights.read(folder)[1]["weights"].items()}
    except (DataError, KeyError, AttributeError, ValueError) as error:
        log.warning("%s is left out: %s", folder, error)
        return None


def hear(models: Models, audio: Audio, *, full_seconds: float | None = None,
         describe: Describe | None = None) -> Sounds:
    """Return a track as the parts take it.

    Parameters
    ----------
    full_seconds : float, optional
        Length of the whole track where `audio` is a clip of it.
    describe : callable, optional
        Gives further descriptors of samples at a rate (`sound.vibenet.describe`).
    """
    analysis = analyse(audio, full_seconds)
    values: dict[str, float | None] = {name: getattr(analysis.measures, name) for name in feature_model.NAMES}
    if describe is not None:
        values |= dict(describe(audio.samples, mels.RATE))
    return Sounds(audio, mels.log_mel(audio.samples), analysis, models.tagger.read(audio.samples, mels.RATE), values)


def predict(models: Models, sounds: Sounds, *, genre: str, lyrics: str | None, prior: float) -> Prediction:
    """Judge a track.

    Parameters
    ----------
    genre : str
        One of `GENRES`; it chooses the audio network.
    lyrics : str or None
    prior : float
        Share of hits that the probability is stated at, 0 to 1.
    """
    clip = mels.clip_of(sounds.mel)
    network = models.audio.get(genre)
    unlike = musicnn.unlike_music(sounds.heard)
    parts = (
        _part("features", models.features, lambda: models.features.judge(sounds.values)),
        _part("audio", network, lambda: network.judge(clip), models.broken.get(f"audio_{genre}")),  # type: ignore[union-attr]
        _part("transfer", models.transfer, lambda: models.transfer.judge(sounds.heard.embedding),  # type: ignore[union-attr]
              models.broken.get("transfer")),
        *(_of_words(name, getattr(models, name), lyrics, models.broken.get(name)) for name in OF_WORDS))
    parts = tuple(_strange(each) if unlike and each.part in OF_AUDIO else each for each in parts)
    used = [each.judgement for each in parts if each.judgement is not None]
    fused = fusion.fuse(used, models.weights, prior) if used else None
    states = {each.part: each.state for each in parts}
    occlusion_by, occlusion = _occlusion(models, sounds, clip, genre, states)
    lines_by, lines = _lines(models, lyrics, states)
    left_out = tuple(name for name in feature_model.NAMES if sounds.values.get(name) is None)
    return Prediction(fused, parts, sounds.values, left_out, mels.clip_span(sounds.audio.seconds), occlusion,
                      occlusion_by, lines, lines_by, musicnn.screen_tags(sounds.heard.tags), sounds.heard.embedding)


def _part(name: str, model: Any, judge: Callable[[], Judgement], broken: AppError | None = None) -> Part:
    if broken is not None:
        return Part(name, "failed", error=broken)
    if model is None:
        return Part(name, "untrained")
    try:
        found = judge()
    except AppError as error:
        return Part(name, "failed", error=error)
    strange = found.strange is not None and found.strange > fusion.STRANGE
    return Part(name, "strange" if strange else "used", found)


def _strange(part: Part) -> Part:
    """Return a part's answer as one about a sound that is no music: none."""
    return part if part.judgement is None else Part(part.part, "strange", replace(part.judgement, strange=1.0))


def _of_words(name: str, model: Any, lyrics: str | None, broken: AppError | None) -> Part:
    if model is not None and not (lyrics or "").strip():
        return Part(name, "no_lyrics")
    return _part(name, model, lambda: model.judge(lyrics), broken)


def _occlusion(models: Models, sounds: Sounds, clip: NDArray[np.float32], genre: str, states: Mapping[str, str],
               ) -> tuple[str | None, tuple[tuple[float, float, float], ...]]:
    """Return which part says what some seconds add, and what: a trained one where there is one, else the features."""
    if models.transfer is not None and states["transfer"] == "used":
        return "transfer", _added(models.transfer.occlusion(sounds.heard, WINDOW_S, HOP_S))
    if (network := models.audio.get(genre)) is not None and states["audio"] == "used":
        start = mels.clip_span(sounds.audio.seconds)[0]
        found = network.occlusion(clip, WINDOW_S, HOP_S, min(sounds.audio.seconds, 30.0))
        return "audio", tuple((first + start, last + start, -change) for first, last, change in found)
    if states["features"] != "used" or sounds.audio.seconds < 2 * WINDOW_S:
        return None, ()
    return "features", _without(models.features, sounds)


def _added(changes: Sequence[tuple[float, float, float]]) -> tuple[tuple[float, float, float], ...]:
    """Turn what changes without some seconds into what they add."""
    return tuple((start, end, -change) for start, end, change in changes)


def _without(model: FeatureModel, sounds: Sounds) -> tuple[tuple[float, float, float], ...]:
    """Return what the measured features would say of the track without some seconds of it.

    Only measures are taken again; descriptors stay as they are.
    """
    whole = model.judge(sounds.values).log_odds
    hop = max(HOP_S, sounds.audio.seconds / 80)  # a long track is looked at in coarser steps
    starts = np.arange(0.0, sounds.audio.seconds - WINDOW_S + 1e-6, hop)
    found = []
    for start in map(float, starts):
        measures = sounds.analysis.without(start, start + WINDOW_S)
        values = {**sounds.values, **{name: getattr(measures, name) for name in feature_model.NAMES}}
        found.append((start, start + WINDOW_S, whole - model.judge(values).log_odds))
    return tuple(found)


def _lines(models: Models, lyrics: str | None, states: Mapping[str, str],
           ) -> tuple[str | None, tuple[tuple[str, float], ...]]:
    for name in OF_WORDS:
        if states[name] == "used":
            return name, tuple((line, -change) for line, change in getattr(models, name).lines(lyrics))
    return None, ()
