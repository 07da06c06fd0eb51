"""How a prediction is made: models loaded once, a track decoded, heard and judged, the answer stored with evidence."""

from __future__ import annotations

import gc
import io
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
import db
import hit_model
from hit_model import Models, Prediction
from hits.musicnn import slug
from queries import predictions as queries
from recommender import embedder
from sound import mel as mels
from sound import vibenet
from support import decoding
from support.errors import AppError, Cancelled, NotFound, state_after
from usecases.sync import Progress

log = logging.getLogger(__name__)
STEPS = ("read", "measure", "listen", "words", "keep")
"""What a track goes through, as the job's note says it."""
PICTURE = (1200, 256)
"""Largest width, and height, of the picture of the mel spectrogram."""
RANGE_DB = 80.0
"""What the picture shows below the loudest point."""
_loading = threading.Lock()
_models: tuple[tuple[Any, ...], Models] | None = None


def models() -> Models:
    """Return the models, loaded again when one of them has changed.

    Raises
    ------
    DataError
        If one that came with the product is missing or damaged.
    """
    global _models
    own = own_folder()
    with _loading:
        stats = sorted((each.name, each.stat()) for each in own.glob("hit_*"))
        key = (str(own), *((name, found.st_ino, found.st_mtime_ns) for name, found in stats))
        if _models is None or _models[0] != key:
            texts = embedder(config.load().embedding_model)
            _models = (key, hit_model.load(shipped_folder(), own, texts.embed, texts.name))
            gc.collect()
            gc.freeze()  # TensorFlow is a large heap, and Streamlit collects all of it after every run of a page
        return _models[1]


def shipped_folder() -> Path:
    """Return where the models are that came with the product."""
    return config.ROOT / "models"


def own_folder() -> Path:
    """Return where the operator's own models are."""
    return config.load().data_dir / "models"


def run(prediction_id: int, progress: Progress) -> dict[str, Any]:
    """Make a prediction that is queued and store it; return ``{"prediction": id}``.

    What is wrong with the file is stored as the prediction's error and raised.
    """
    with db.begin() as connection:
        row = queries.get(connection, prediction_id)
        if row is None or not queries.begin(connection, prediction_id):
            return {"prediction": prediction_id}
    try:
        found = _made(row, progress)
        progress.report(4, len(STEPS), "keep")
        with db.begin() as connection:
            queries.finish(connection, prediction_id, found)
    except BaseException as error:
        _failed(prediction_id, error)
        raise
    return {"prediction": prediction_id}


def _failed(prediction_id: int, error: BaseException) -> None:
    with db.begin() as connection:
        if isinstance(error, Cancelled):
            queries.end(connection, prediction_id, state_after(error))
        elif isinstance(error, AppError):
            queries.end(connection, prediction_id, "failed", error.code, error.values)
        else:
            queries.end(connection, prediction_id, "failed", "unexpected", {"kind": type(error).__name__})


def _made(row: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    progress.report(0, len(STEPS), "read")
    with db.begin() as connection:
        kept = queries.track_data(connection, row["track_id"])
    if kept is None:
        raise NotFound("hit.gone")
    audio = decoding.audio(kept[0])
    progress.check()
    with db.begin() as connection:
        queries.set_track(connection, row["track_id"], audio.format, audio.seconds)
    progress.report(1, len(STEPS), "measure")
    there = models()
    sounds = hit_model.hear(there, audio, full_seconds=row["full_seconds"],
                            describe=vibenet.describe if vibenet.available() else None)
    progress.check()
    progress.report(2, len(STEPS), "listen")
    found = hit_model.predict(there, sounds, genre=row["genre"], lyrics=row["lyrics"], prior=row["prior"])
    progress.check()
    return _stored(found, sounds)


def _stored(found: Prediction, sounds: hit_model.Sounds) -> dict[str, Any]:
    audio, fused = sounds.audio, found.fused
    said = fused if fused is not None and fused.abstained is None else None
    report = {
        "parts": [_part(each, found) for each in found.parts],
        "measures": dict(found.values), "left_out": list(found.left_out), "clip": list(found.clip),
        "occlusion": [list(each) for each in found.occlusion], "occlusion_by": found.occlusion_by,
        "lines": [list(each) for each in found.lines], "lines_by": found.lines_by,
        "tags": [[slug(name), likelihood] for name, likelihood in found.tags],
        "waveform": np.round(mels.waveform(audio.samples, 600), 4).tolist(),
        "loudness": audio.loudness, "peak": audio.peak, "rate": audio.original_rate, "channels": audio.channels,
        "weights": dict(said.weights) if said else {}, "learned": said.learned if said else None,
        "score_low": said.score_low if said else None, "score_high": said.score_high if said else None}
    return {"report": report, "embedding": [float(each) for each in found.embedding], "picture": png(sounds.mel),
            "log_odds_ratio": said.log_odds_ratio if said else None, "low": said.low if said else None,
            "high": said.high if said else None, "score": said.score if said else None,
            "abstained": fused.abstained if fused else "nothing"}


def _part(each: hit_model.Part, found: Prediction) -> dict[str, Any]:
    judged = each.judgement
    facts: dict[str, Any] = dict(judged.facts) if judged else {}
    if each.error is not None:
        facts = {"code": each.error.code, "values": dict(each.error.values)}
    return {"part": each.part, "state": each.state, "facts": facts,
            "share": found.fused.shares.get(each.part) if found.fused and each.state == "used" else None,
            "percentile": judged.percentile if judged else None,
            "contributions": [list(one) for one in judged.contributions] if judged else []}


def png(mel: NDArray[np.float32]) -> bytes:
    """Return a mel spectrogram as a PNG: time to the right, low bands below, the loudest `RANGE_DB` in colour."""
    from matplotlib import colormaps  # half a second
    from PIL import Image

    columns = min(PICTURE[0], len(mel))
    starts = (np.arange(columns) * len(mel)) // columns
    shown = np.maximum.reduceat(mel, starts, axis=0) if len(mel) else mel
    level = np.clip((shown - shown.max() + RANGE_DB) / RANGE_DB, 0, 1).T[::-1]
    image = Image.fromarray((colormaps["magma"](level, bytes=True))[..., :3])
    out = io.BytesIO()
    image.resize((columns, PICTURE[1]), Image.Resampling.BILINEAR).quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()
