"""Files of background music: what is stored, and what is made of a plan again when somebody wants it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import composer
import config
import db
from accounts import Actor, require
from composer import Plan, Wish
from queries import bgm as queries
from recommender import embedder
from support.errors import DataError, NotFound
from usecases.sync import Progress, Silent

log = logging.getLogger(__name__)
KINDS = ("ogg", "wav", "mp3", "mid", "stems")
MOST_KEPT = 4 << 30
"""Bytes of WAV files kept beside the data; the oldest go first, since each can be made again."""


def bgm_file(actor: Actor, track_id: int, kind: str) -> bytes:
    """Return a file of one's own track.

    Parameters
    ----------
    kind : str
        ``ogg``; ``wav`` (48 kHz, 24 bit); ``mp3``; ``mid``; ``stems`` (ZIP of a WAV a part, which add up to the mix,
        with the MIDI).

    Raises
    ------
    NotFound
    DataError
        If the kind is none of these, or the maker gave none: MIDI and stems exist only of what was composed here.
    """
    if kind not in KINDS:
        raise DataError("bgm.file_kind", value=kind, accepted=", ".join(KINDS))
    with db.begin() as connection:
        row = queries.get_track(connection, track_id)
        if row is None or row["owner_id"] != actor.id or row["state"] != "done":
            raise NotFound("bgm.gone")
        if kind in ("mid", "stems") and row["plan"] is None:
            raise DataError("bgm.not_composed", maker=row["maker"])
        stored = queries.sound(connection, track_id, "midi" if kind in ("mid", "stems") else "ogg")
    if kind in ("ogg", "mid"):
        return stored or b""
    return _made(row, kind, stored or b"")


def _made(row: Mapping[str, Any], kind: str, midi: bytes) -> bytes:
    if kind == "stems":
        return composer.files.stems_zip(composer.stems(composer.from_json(row["plan"]), soundfont()), midi)
    wav = _wav(row)
    return wav if kind == "wav" else composer.files.mp3(samples_of(wav))


def _wav(row: Mapping[str, Any]) -> bytes:
    if row["plan"] is None:
        with db.begin() as connection:
            master = queries.sound(connection, row["id"], "master")
        return composer.files.wav(samples_of(master or b""))
    plan = composer.from_json(row["plan"])
    path = _path(plan)
    if row["engine"] == composer.ENGINE and path.is_file():
        return path.read_bytes()
    if row["engine"] != composer.ENGINE:
        log.warning("Track %s was made by version %s of the composer, its WAV is by %s", row["id"], row["engine"],
                    composer.ENGINE)
    found = composer.files.wav(composer.make(plan, soundfont()).mix)
    put_wav(plan, found)
    return found


def samples_of(data: bytes) -> NDArray[np.float32]:
    """Return the samples of a file this product wrote, (n, 2)."""
    import io

    import soundfile

    return soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0]


def soundfont() -> Path | None:
    """Return the operator's soundfont, None for the one that comes with the product."""
    return config.load().soundfont


def put_wav(plan: Plan, data: bytes) -> None:
    """Keep a track's WAV beside the data, in place of the oldest where there are too many."""
    path = _path(plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)
    _prune(path.parent)


def forget_wav(plan: Mapping[str, Any]) -> None:
    """Remove the WAV kept of a stored plan: its owner's account goes."""
    try:
        _path(composer.from_json(dict(plan))).unlink(missing_ok=True)
    except (KeyError, TypeError):  # a plan of an older composer, whose WAV is not kept
        log.info("A stored plan cannot be read any more; no WAV is kept of it")


def _path(plan: Plan) -> Path:
    said = json.dumps([composer.ENGINE, str(soundfont()), composer.as_json(plan)], sort_keys=True)
    return config.load().data_dir / "bgm" / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.wav"


def _prune(folder: Path) -> None:
    kept = 0
    for _, size, path in sorted(((one.stat().st_mtime, one.stat().st_size, one) for one in folder.glob("*.wav")),
                                reverse=True):
        kept += size
        if kept > MOST_KEPT:
            path.unlink(missing_ok=True)


def write_bgm(actor: Actor, wish: Wish, folder: Path, *, progress: Progress | None = None) -> list[Path]:
    """Compose a wish's variants into a folder, WAV, OGG and MIDI each; nothing is stored anywhere else.

    Returns
    -------
    list of Path
        The WAV files.

    Raises
    ------
    NotAllowed
    DataError
        If nothing is asked for, or a value cannot be used.
    OSError
        If the folder cannot be written.
    """
    require(actor, "bgm")
    watch = progress or Silent()
    plans, _ = composer.settle(composer.validate(wish), embedder().embed if wish.keywords else None)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for place, plan in enumerate(plans, 1):
        watch.check()
        made = composer.make(plan, soundfont())
        name = f"{plan.genre}_{plan.bpm:g}bpm_seed{wish.seed}_{place}"
        for kind, data in (("mid", made.midi), ("ogg", composer.files.ogg(made.mix)),
                           ("wav", composer.files.wav(made.mix))):
            (folder / f"{name}.{kind}").write_bytes(data)
        written.append(folder / f"{name}.wav")
        watch.report(place, len(plans), written[-1].name)
    return written
