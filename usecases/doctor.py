"""`doctor`: what the product stands on, looked at one by one, each with the next step where something is missing.

Nothing is called outside of this machine and its database, and nothing is changed but for a file that is written into
each folder and removed again.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import config
import db
from accounts import Actor, require
from locales import t
from painting import fonts
from queries import operation as queries
from support import decoding, weights
from support.errors import AppError, DataError
from support.origins import loopback
from usecases.operation import server_address

LEAST_FREE, GOOD_FREE = 1 << 30, 5 << 30
"""Bytes below which the database is about to stop, and below which a model's training or a restore may not fit."""
OLDEST_SERVER = 150_000
"""PostgreSQL 15, as the server counts its versions."""
CLOCKS_APART_S = 5.0
"""Seconds by which database and product may differ before jobs look dead or links expire at the wrong time."""
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time."""
KOREAN = "가힣뮤직"
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe"
    "0def46b80000000049454e44ae426082")
"""A white PNG of one pixel."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
    state : str
        ``ok``, ``warn`` (the product runs, something is missing or will be) or ``fail``.
    code : str
        Key below ``doctor.<name>`` in the locale files; with ``_next`` behind it the next step.
    values : dict
    """

    name: str
    state: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)


def finding(check: Check, lang: str) -> tuple[str, str]:
    """Return what was found as a sentence, and the next step; empty where none is needed."""
    key = "doctor.broken" if check.code == "broken" else f"doctor.{check.name}.{check.code}"
    return t(lang, key, **check.values), "" if check.state == "ok" else t(lang, f"{key}_next", **check.values)


Found = Iterator[tuple[str, str, dict[str, Any]]]


def doctor(actor: Actor) -> list[Check]:
    """Return what was found, in the order of what rests on what; a check that fails unexpectedly is a failure itself.

    Raises
    ------
    NotAllowed
    """
    require(actor, "settings")
    checks: list[Check] = []
    for name, look in CHECKS.items():
        try:
            checks += [Check(name, state, code, values) for state, code, values in look()]
        except Exception as error:  # every other check must still be told
            checks.append(Check(name, "fail", "broken", {"check": name, "kind": type(error).__name__}))
        if name == "settings" and checks[-1].state == "fail":
            break  # nothing else can be read
    return checks


def _settings() -> Found:
    try:
        settings = config.load()
    except config.SettingsError as error:
        yield "fail", "wrong", {"name": error.name, "value": error.value, "accepted": error.accepted}
        return
    yield "ok", "ok", {"auth": settings.auth}
    for path in (config.ROOT / ".env", config.ROOT / ".streamlit" / "secrets.toml"):
        if path.is_file() and os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077 and config.secrets():
            yield "warn", "readable", {"path": str(path)}


def _packages() -> Found:
    pinned = _pinned(config.ROOT / "constraints.txt")
    missing, other = [], []
    for name in sorted(_required(config.ROOT / "requirements.txt")):
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if name in pinned and found.partition("+")[0] != pinned[name]:
            other.append(f"{name} {found} ({pinned[name]})")
    if missing:
        yield "fail", "missing", {"names": ", ".join(missing)}
    if other:
        yield "warn", "other", {"names": ", ".join(other)}
    if not missing and not other:
        yield "ok", "ok", {"count": len(_required(config.ROOT / "requirements.txt"))}


def _required(path: Path) -> set[str]:
    """Return the packages a requirements file asks for on this system."""
    from packaging.requirements import InvalidRequirement, Requirement

    found = set()
    for line in path.read_text("utf-8").splitlines():
        try:
            wanted = Requirement(line.partition("#")[0].strip())
        except InvalidRequirement:
            continue
        if wanted.marker is None or wanted.marker.evaluate():
            found.add(wanted.name)
    return found


def _pinned(path: Path) -> dict[str, str]:
    return {name: version for name, version in re.findall(r"(?m)^([\w.-]+)==([\w.!]+)", path.read_text("utf-8"))}


def _folders() -> Found:
    settings = config.load()
    writable = [settings.data_dir, settings.cmdata_dir, *([settings.log_file.parent] if settings.log_file else [])]
    for folder in writable:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"x")
        except OSError as error:
            yield "fail", "not_writable", {"path": str(folder), "detail": error.strerror or str(error)}
        else:
            yield "ok", "ok", {"path": str(folder)}


def _disk() -> Found:
    folder = config.load().data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    state = "fail" if free < LEAST_FREE else "warn" if free < GOOD_FREE else "ok"
    yield state, "ok" if state == "ok" else "low", {"path": str(folder), "free": f"{free / (1 << 30):.1f}"}


def _database() -> Found:
    try:
        found = db.revision()
    except AppError as error:
        yield "fail", "away", {"detail": str(error)}
        return
    with db.begin() as connection:
        facts = queries.facts(connection)
    if facts["version"] < OLDEST_SERVER:
        yield "fail", "old", {"server": db.describe()}
    if facts["encoding"] != "UTF8":
        yield "fail", "encoding", {"encoding": facts["encoding"]}
    yield "ok", "ok", {"server": db.describe(), "connections": facts["connections"], "most": facts["most"]}
    if found is None:
        yield "warn", "empty", {}
    elif found != db.head():
        state = "fail" if found > db.head() else "warn"
        yield state, "newer" if state == "fail" else "older", {"revision": found, "head": db.head()}
    yield "ok", "vector" if db.has_vector() else "no_vector", {}


def _clock() -> Found:
    now = datetime.now().astimezone()
    zone = f"{now.tzname()} (UTC{now:%z})"
    if now < BUILT:
        yield "fail", "past", {"now": f"{now:%Y-%m-%d %H:%M}"}
        return
    try:
        with db.begin() as connection:
            apart = abs((queries.clock(connection) - datetime.now(UTC)).total_seconds())
    except AppError:
        apart = 0.0
    if apart > CLOCKS_APART_S:
        yield "warn", "apart", {"seconds": f"{apart:.0f}"}
    yield "ok", "ok", {"now": f"{now:%Y-%m-%d %H:%M}", "zone": zone}


def _models() -> Found:
    settings = config.load()
    good = 0
    for folder in sorted([*(config.ROOT / "models").iterdir(), *_own_models(settings.data_dir / "models")]):
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        if (why := _broken(folder)) is None:
            good += 1
        else:
            yield "fail", "broken_weights", {"folder": str(folder), "detail": why}
    yield ("ok", "ok", {"count": good}) if good else ("fail", "none", {})
    for name, path in (("EMBEDDING_MODEL", settings.embedding_model), ("DIFFUSION_MODEL", settings.diffusion_model),
                       ("MUSICGEN_MODEL", settings.musicgen_model), ("SOUNDFONT", settings.soundfont)):
        if path and os.path.isabs(path) and not Path(path).exists():
            yield "fail", "named", {"name": name, "path": str(path)}


def _own_models(folder: Path) -> list[Path]:
    """Return the models trained here: each a folder with a manifest, at whatever depth."""
    return [path.parent for path in folder.rglob(weights.MANIFEST)] if folder.is_dir() else []


def _broken(folder: Path) -> str | None:
    """Return what is wrong with a model's folder, None where its weights are those that were stored."""
    if (folder / weights.MANIFEST).is_file():
        try:
            weights.read(folder)
        except DataError as error:
            return str(error)
        return None
    held = [path for path in sorted(folder.iterdir()) if path.suffix in (".npz", ".npy", ".onnx")]
    if not held or any(path.stat().st_size < 200 for path in held):  # a pointer in place of a file is shorter
        return "no weights"
    told = folder / "metrics.json"
    wanted = json.loads(told.read_text("utf-8")).get("sha256") if told.is_file() else None
    if wanted and wanted not in {hashlib.sha256(path.read_bytes()).hexdigest() for path in held}:
        return "SHA-256"
    return None


def _fonts() -> Found:
    missing = sorted(name for name in fonts.FACES if not fonts.face(name) or not fonts.covers(name, KOREAN))
    yield ("warn", "missing", {"faces": ", ".join(missing)}) if missing else ("ok", "ok", {"count": len(fonts.FACES)})


def _decoding() -> Found:
    began = time.monotonic()
    try:
        decoding.picture(PICTURE)
    except AppError as error:
        yield "fail", "worker", {"detail": str(error)}
    else:
        yield "ok", "ok", {"seconds": f"{time.monotonic() - began:.1f}"}
    yield ("ok", "ffmpeg", {}) if shutil.which("ffmpeg") else ("warn", "no_ffmpeg", {})


def _keys() -> Found:
    keys = config.load().keys
    blank = sorted(name for name, value in keys.items() if value != value.strip() or " " in value)
    if blank:
        yield "warn", "blank", {"names": ", ".join(blank)}
    if ("AWS_ACCESS_KEY" in keys) != ("AWS_SECRET_KEY" in keys):
        yield "warn", "half", {}
    there = sorted(keys)
    yield "ok", "ok", {"there": ", ".join(there) or "–",
                       "absent": ", ".join(name for name in config.KEYS if name not in keys) or "–"}


def _services() -> Found:
    settings = config.load()
    if settings.s3_bucket and not {"AWS_ACCESS_KEY", "AWS_SECRET_KEY"} <= set(settings.keys):
        yield "warn", "s3_no_key", {"bucket": settings.s3_bucket}
    if settings.s3_pictures_prefix and not settings.s3_bucket:
        yield "warn", "s3_no_bucket", {}
    if settings.auth == "oidc" and (missing := config.sign_in_missing()):
        yield "fail", "oidc", {"names": ", ".join(missing)}
    if settings.auth == "local" and not settings.smtp_url:
        yield "warn", "no_mail", {}
    yield "ok", "ok", {"s3": settings.s3_bucket or "–", "mail": "SMTP" if settings.smtp_url else "–",
                       "webhook": "✓" if settings.alert_webhook else "–"}


def _server() -> Found:
    settings, (address, port) = config.load(), server_address()
    if settings.auth == "off" and not loopback(address):
        yield "warn", "open", {"address": address}
    if settings.auth != "off" and not (settings.public_url or "").startswith("https://"):
        yield "warn", "no_public_url", {}
    yield "ok", "ok", {"address": address, "port": port, "auth": settings.auth}


CHECKS: dict[str, Callable[[], Found]] = {
    "settings": _settings, "packages": _packages, "folders": _folders, "disk": _disk, "database": _database,
    "clock": _clock, "models": _models, "fonts": _fonts, "decoding": _decoding, "keys": _keys, "services": _services,
    "server": _server}
