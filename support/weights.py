"""Models on disk: plain arrays in one ``.npz`` and a manifest with its SHA-256; nothing that runs code when read.

A model is written beside the old one and put in its place by renaming; a reader that comes between the two renames
waits for the second, and where that fails the old model is put back.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.errors import DataError

FORM = 2
"""Version of the form; another one is not read."""
SWAP_S = 2.0
"""Seconds a reader waits for a model that is just being put in its place."""
ARRAYS, MANIFEST = "arrays.npz", "manifest.json"
_OWN = ("form", "sha256", "bytes", "facts_sha256")


def write(folder: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any],
          texts: Mapping[str, str] | None = None) -> None:
    """Write arrays, facts and further text files as a folder, in place of what stood there.

    Parameters
    ----------
    folder : Path
    arrays : mapping of str to ndarray
        Numbers only; texts go in by `packed`.
    facts : mapping
        What JSON can hold; ``form``, ``sha256``, ``bytes`` and ``facts_sha256`` are taken.
    texts : mapping of str to str, optional
        Content by file name.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        fresh.chmod(0o755)
        np.savez_compressed(fresh / ARRAYS, **arrays)  # type: ignore[arg-type]  # its stub takes the names for options
        content = (fresh / ARRAYS).read_bytes()
        manifest = {**facts, "form": FORM, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
                    "facts_sha256": _facts_digest(facts)}
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
        ``weights.missing``, ``.form`` or ``.broken``: there is none, it is of another version, or its arrays or facts
        are not those that were written.
    """
    until = time.monotonic() + SWAP_S
    while True:
        seen = _place(folder)
        try:
            return _read(folder)
        except DataError:
            if _place(folder) == seen and not (seen is None and _swapping(folder)) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _read(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError("weights.missing", folder=str(folder)) from error
    if not isinstance(manifest, dict) or manifest.get("form") != FORM:
        raise DataError("weights.form", folder=str(folder), wanted=FORM)
    facts = {name: value for name, value in manifest.items() if name not in _OWN}
    if manifest.get("facts_sha256") != _facts_digest(facts):
        raise DataError("weights.broken", folder=str(folder), file=MANIFEST)
    try:
        content = (folder / ARRAYS).read_bytes()  # read once: what was checked is what is loaded
        if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
            raise ValueError(ARRAYS)
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}, facts
    except (OSError, ValueError, KeyError) as error:
        raise DataError("weights.broken", folder=str(folder), file=ARRAYS) from error


def _place(folder: Path) -> bytes | None:
    """Return what tells a model from another one that takes its place."""
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        return None


def _swapping(folder: Path) -> bool:
    return any(folder.parent.glob(f".{folder.name}-old-*"))


def packed(texts: Sequence[str]) -> NDArray[np.uint8]:
    """Return texts as bytes; `unpacked` gives them back."""
    return np.frombuffer(json.dumps(list(texts), ensure_ascii=False).encode(), np.uint8)


def unpacked(kept: NDArray[np.uint8]) -> tuple[str, ...]:
    """Return the texts that `packed` took."""
    return tuple(json.loads(kept.tobytes().decode()))


def _facts_digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _replace(folder: Path, fresh: Path) -> None:
    if not folder.exists():
        os.replace(fresh, folder)
        return
    old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-old-"))
    os.replace(folder, old / "model")
    try:
        os.replace(fresh, folder)
    except OSError:
        os.replace(old / "model", folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
