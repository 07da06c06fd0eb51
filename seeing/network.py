"""The network that looks at a picture: EfficientNet-Lite0 in ONNX, loaded once, safe to call from several threads.

A picture is looked at twice, as it is and mirrored, and the figures of both are averaged: what is seen does not depend
on which way round it is.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from support.errors import DataError

MODELS = Path(__file__).resolve().parent.parent / "models"
FOLDER = MODELS / "efficientnet_lite0"
SIDE = 224  # pixels; what the network was trained on
LONGEST = 2.0  # sides; a longer picture is cut at both ends, since it would be squeezed beyond recognition
CLASSES = 1_000
WIDTH = 1280 + 2 * 768  # numbers of `Sight.features`
THREADS = 1  # more gain little on one picture and take the cores of others


@dataclass(frozen=True)
class Sight:
    """What the network says of one picture.

    Attributes
    ----------
    classes : ndarray, shape (1000,)
        Probabilities of the classes of ImageNet-1k.
    features : ndarray, shape (2816,)
        Pooled features, then mean and standard deviation of six blocks.
    """

    classes: NDArray[np.float32]
    features: NDArray[np.float32]


def upright(picture: Image.Image) -> Image.Image:
    """Return a picture as RGB, what is transparent as white."""
    if picture.mode == "RGB":
        return picture
    if "A" in picture.getbands() or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole).convert("RGB")
    return picture.convert("RGB")


def look(picture: Image.Image) -> Sight:
    """Return what the network says of an RGB picture of any size.

    Raises
    ------
    DataError
        ``image_tags.model``: the model's file is absent or another than the one shipped.
    """
    logits, *features = session().run(None, {"pictures": prepare(picture)})
    level = logits.mean(axis=0)
    likely = np.exp(level - level.max())
    return Sight(likely / likely.sum(), np.concatenate([each.mean(axis=0) for each in features]))


def prepare(picture: Image.Image) -> NDArray[np.float32]:
    """Return a picture and its mirror image as the network takes them, shape (2, 3, 224, 224)."""
    width, height = picture.size
    across, down = min(width, LONGEST * height), min(height, LONGEST * width)
    box = ((width - across) / 2, (height - down) / 2, (width + across) / 2, (height + down) / 2)
    small = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)
    values = ((np.asarray(small, np.float32) - 127) / 128).transpose(2, 0, 1)
    return np.ascontiguousarray(np.stack([values, values[:, :, ::-1]]))


@cache
def session() -> Any:
    """Return the loaded network."""
    import onnxruntime

    data = checked(FOLDER, "model.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = THREADS
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def checked(folder: Path, name: str) -> bytes:
    """Return a model's file if it is the one that ``metrics.json`` beside it names.

    Raises
    ------
    DataError
        ``image_tags.model``: a file is absent, or its sha256 is not the one written down.
    """
    path = f"models/{folder.name}/{name}"
    try:
        wanted = json.loads((folder / "metrics.json").read_text("utf-8"))["sha256"]
        data = (folder / name).read_bytes()
    except (OSError, ValueError, KeyError) as error:
        raise DataError("image_tags.model", path=path, problem=type(error).__name__) from error
    if hashlib.sha256(data).hexdigest() != wanted:
        raise DataError("image_tags.model", path=path, problem="sha256")
    return data
