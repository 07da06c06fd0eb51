"""Models on disk: plain arrays in one ``.npz`` and a manifest with its SHA-256; nothing that runs code when read.

A model is written beside the old one and put in its place by renaming, so that a reader sees one or the other.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.errors import DataError

FORM = 1
"""Version of the form; another one is not read."""
ARRAYS, MANIFEST = "arrays.npz", "manifest.json"


def write(folder: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any],
          texts: Mapping[str, str] | None = None) -> None:
    """Write arrays, facts and further text files as a folder, in place of what stood there.

    Parameters
    ----------
    folder : Path
    arrays : mapping of str to ndarray
        Numbers only; texts go in by `packed`.
    facts : mapping
        What JSON can hold.
    texts : mapping of str to str, optional
        Content by file name.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        fresh.chmod(0o755)
        np.savez_compressed(fresh / ARRAYS, **arrays)  # type: ignore[arg-type]  # its stub takes the names for options
        manifest = {"form": FORM, "sha256": _digest(fresh / ARRAYS), "bytes": (fresh / ARRAYS).stat().st_size, **facts}
        listed = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
        (fresh / MANIFEST).write_text(listed + "\n", "utf-8")
        for name, text in (texts or {}).items():
            (fresh / name).write_text(text, "utf-8")
        _replace(folder, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def read(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and facts of a folder that `write` made.

    Raises
    ------
    DataError
        ``playlist_model.missing``, ``.form`` or ``.broken``: there is none, it is of another version, or its arrays are
        not those that were written.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError("playlist_model.missing", folder=str(folder)) from error
    if not isinstance(manifest, dict) or manifest.get("form") != FORM:
        raise DataError("playlist_model.form", folder=str(folder), wanted=FORM)
    try:
        if _digest(folder / ARRAYS) != manifest["sha256"]:
            raise ValueError(ARRAYS)
        with np.load(folder / ARRAYS, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}, manifest
    except (OSError, ValueError, KeyError) as error:
        raise DataError("playlist_model.broken", folder=str(folder), file=ARRAYS) from error


def packed(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Return texts as bytes; `unpacked` gives them back."""
    return np.frombuffer(json.dumps(list(texts), ensure_ascii=False).encode(), np.uint8)


def unpacked(kept: NDArray[np.uint8]) -> tuple[str, ...]:
    """Return the texts that `packed` took."""
    return tuple(json.loads(kept.tobytes().decode()))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(folder: Path, fresh: Path) -> None:
    if not folder.exists():
        os.replace(fresh, folder)
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-old-"))
    os.replace(folder, old / "model")
    os.replace(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)
