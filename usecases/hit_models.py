"""The parts of the hit model as a page lists them: what is trained, on what, and how good it is."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from accounts import Actor
from hit_model import PARTS
from hits.manifest import GENRES
from usecases import hit_run
from usecases.hit_results import HitModel

log = logging.getLogger(__name__)


def hit_models(actor: Actor) -> tuple[HitModel, ...]:
    """Return all parts in their order, the audio network once for each genre; untrained ones too."""
    own = hit_run.own_folder()
    found = []
    for part in PARTS:
        if part == "features":
            found.append(_read(part, None, hit_run.shipped_folder() / "hit_features", "shipped"))
        elif part == "audio":
            found += [_read(part, genre, own / f"hit_audio_{genre}", "trained") for genre in GENRES]
        else:
            found.append(_read(part, None, own / f"hit_{part}", "trained"))
    return tuple(found)


def _read(part: str, genre: str | None, folder: Path, state: str) -> HitModel:
    try:
        metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text("utf-8"))
        return HitModel(part, genre, state, metrics, (folder / "CARD.md").read_text("utf-8"))
    except FileNotFoundError:
        return HitModel(part, genre, "untrained", {}, "")
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read: %s", folder, error)
        return HitModel(part, genre, "untrained", {}, "")
