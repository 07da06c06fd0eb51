"""Many tracks at once: a ZIP or a folder, with a manifest or without; resumable, since every track is stored first."""

from __future__ import annotations

import csv
import io
import logging
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import db
from accounts import Actor, require
from hits.manifest import genre_of
from queries import people
from queries import predictions as queries
from support.decoding import LARGEST_AUDIO
from support.errors import AppError, Cancelled, DataError, FileRefused, NotFound
from usecases import hit_run, hits, jobs
from usecases.hit_results import PredictionBatch
from usecases.sync import Progress

log = logging.getLogger(__name__)
KIND = "prediction_batch"
MOST_TRACKS = 500
MANIFESTS = ("manifest.csv",)
COLUMNS = {"file": ("file", "audio", "파일", "오디오"), "title": ("title", "곡명", "제목"),
           "artist": ("artist", "가수"), "genre": ("genre", "장르"), "lyrics": ("lyrics", "가사"),
           "date": ("date", "날짜", "발매일"), "seconds": ("full_seconds", "전체길이")}
SOUNDS = (".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a")
LARGEST_TEXT = 1 << 20
Refused = list[tuple[str, str, dict[str, Any]]]


class Files(Protocol):
    """Files by name, wherever they lie."""

    def names(self) -> Sequence[str]:
        """Return the names of all files, with ``/`` between folders."""

    def read(self, name: str, most: int) -> bytes:
        """Return a file's bytes; FileRefused ``audio.large`` where it has more than `most`."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The files below a folder."""

    root: Path

    def names(self) -> Sequence[str]:
        """Return the names of all files."""
        return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())

    def read(self, name: str, most: int) -> bytes:
        """Return a file's bytes."""
        path = self.root / name
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise FileRefused("hit_batch.missing", file=name)
        if path.stat().st_size > most:
            raise _too_large(path.stat().st_size, most)
        return path.read_bytes()


@dataclass(frozen=True, slots=True)
class Zipped:
    """The files in a ZIP archive."""

    archive: zipfile.ZipFile

    def names(self) -> Sequence[str]:
        """Return the names of all files."""
        # a name that begins with a zero byte reads as empty
        return [each.filename for each in self.archive.infolist() if each.filename and not each.is_dir()]

    def read(self, name: str, most: int) -> bytes:
        """Return a file's bytes; what unfolds to more than `most` is given up before it does."""
        try:
            with self.archive.open(name) as file:
                data = file.read(most + 1)
        except _BROKEN as error:
            raise _no_zip(error) from error
        if len(data) > most:
            raise _too_large(len(data), most)
        return data


_BROKEN = (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error, ValueError)
"""What an archive or one of its files raises that is damaged, needs a password, or points before its own beginning."""


def _no_zip(error: Exception) -> FileRefused:
    return FileRefused("hit_batch.zip", why=str(error)[:80])


def _too_large(size: int, most: int) -> FileRefused:
    return FileRefused("audio.large", size_mb=f"{size / 2**20:.1f}", limit_mb=most >> 20)


@contextmanager
def zipped(data: bytes) -> Iterator[Zipped]:
    """Open a ZIP archive.

    Raises
    ------
    FileRefused
        ``hit_batch.zip`` if it is none.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN as error:
        raise _no_zip(error) from error
    with archive:
        yield Zipped(archive)


def submit_prediction_batch(actor: Actor, data: bytes, *, name: str, prior: float = 0.01) -> int:
    """Have all tracks of a ZIP archive judged in the background; return the batch's id.

    A ``manifest.csv`` in it names ``file, title, artist, genre, lyrics, date, full_seconds`` (Korean headers too);
    without one every audio file is taken as POP under its own name.

    Raises
    ------
    NotAllowed
    FileRefused
        If it is no ZIP archive.
    DataError
        If it has no track, or more than `MOST_TRACKS`.
    """
    require(actor, "predict")
    with zipped(data) as files:
        batch_id = _store(actor, files, name, prior)
    _submit(actor, batch_id)
    return batch_id


def predict_folder(actor: Actor, folder: Path, *, prior: float = 0.01, progress: Progress | None = None) -> int:
    """Judge all tracks of a folder, or of a ZIP archive, in this process; return the batch's id."""
    require(actor, "predict")
    if folder.is_file():
        with zipped(folder.read_bytes()) as files:
            batch_id = _store(actor, files, folder.name, prior)
    else:
        batch_id = _store(actor, Folder(folder), folder.name, prior)
    _run(batch_id, progress)
    return batch_id


def _store(actor: Actor, files: Files, name: str, prior: float) -> int:
    """Store every track that can be taken as a prediction to be made; what is refused is kept with its reason."""
    refused: Refused = []
    rows = _rows(files, refused)
    if not rows:
        raise DataError("hit_batch.empty", file=name)
    if len(rows) > MOST_TRACKS:
        raise DataError("hit_batch.many", count=len(rows), most=MOST_TRACKS)
    with db.begin() as connection:
        batch_id = queries.add_batch(connection, actor.id, hits.storable(name)[:200])
    taken = 0
    for row in rows:
        try:
            data = files.read(row["file"], LARGEST_AUDIO)
            hits.add(actor, data, name=row["file"], title=row["title"], artist=row["artist"], genre=row["genre"],
                     lyrics=_lyrics(files, row["lyrics"]), released=row["date"], full_seconds=row["seconds"],
                     prior=prior, batch_id=batch_id)
            taken += 1
        except AppError as error:
            refused.append((row["file"], error.code, dict(error.values)))
    with db.begin() as connection:
        queries.set_batch(connection, batch_id, refused=refused)
        people.record_act(connection, actor.id, "predict_batch", f"prediction batch {batch_id}", tracks=taken,
                          refused=len(refused))
    return batch_id


def _rows(files: Files, refused: Refused) -> list[dict[str, Any]]:
    names = {PurePosixPath(name).as_posix(): name for name in files.names() if not _hidden(name)}
    manifest = next((name for name in names if PurePosixPath(name).name.lower() in MANIFESTS), None)
    if manifest is None:
        return [{"file": name, "title": "", "artist": "", "genre": "POP", "lyrics": "", "date": None, "seconds": None}
                for name in names.values() if name.lower().endswith(SOUNDS)]
    base = PurePosixPath(manifest).parent
    found = []
    for line, cell in _lines(files.read(names[manifest], LARGEST_TEXT)):
        try:
            found.append(_row(cell, base, names))
        except AppError as error:
            refused.append((cell.get("file") or f"{manifest}:{line}", error.code, dict(error.values)))
    return found


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _lines(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise FileRefused("hit_batch.encoding")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    headers = {(header or "").strip().lower(): header for header in reader.fieldnames or ()}
    place = {name: headers[alias] for name, aliases in COLUMNS.items() for alias in aliases if alias in headers}
    if "file" not in place:
        raise FileRefused("hit_batch.columns", found=", ".join(headers)[:200], needed="file")
    for cells in reader:
        yield reader.line_num, {name: (cells.get(header) or "").strip() for name, header in place.items()}


def _row(cell: Mapping[str, str], base: PurePosixPath, names: Mapping[str, str]) -> dict[str, Any]:
    def listed(name: str) -> str:
        found = names.get((base / name).as_posix())
        if found is None:
            raise FileRefused("hit_batch.missing", file=name)
        return found

    genre = genre_of(cell.get("genre") or "POP")
    if genre is None:
        raise DataError("hit.genre", value=cell["genre"], accepted="POP, BALLAD, DANCE")
    lyrics = cell.get("lyrics", "")
    return {"file": listed(cell["file"]), "title": cell.get("title", ""), "artist": cell.get("artist", ""),
            "genre": genre, "lyrics": listed(lyrics) if lyrics else "", "date": _date(cell.get("date", "")),
            "seconds": _seconds(cell.get("seconds", ""))}


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError("hit_batch.date", value=text[:40]) from None


def _seconds(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise DataError("hit_batch.seconds", value=text[:40]) from None


def _lyrics(files: Files, name: str) -> str | None:
    if not name:
        return None
    data = files.read(name, LARGEST_TEXT)
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("hit_batch.encoding")


# --- running ------------------------------------------------------------------------------------------------------


def _submit(actor: Actor, batch_id: int) -> None:
    def work(progress: Progress) -> dict[str, Any]:
        _run(batch_id, progress)
        return {"batch": batch_id}

    def stored(job_id: int) -> None:
        with db.begin() as connection:
            queries.set_batch(connection, batch_id, job_id=job_id)
            for prediction_id in queries.of_batch(connection, batch_id, ["queued"]):
                queries.set_job(connection, prediction_id, job_id)

    jobs.submit(actor, KIND, work, {"batch": batch_id}, stored)


def _run(batch_id: int, progress: Progress | None) -> None:
    with db.begin() as connection:
        waiting = queries.of_batch(connection, batch_id, ["queued"])
    for done, prediction_id in enumerate(waiting):
        if progress is not None:
            progress.check()
            progress.report(done, len(waiting), "batch")
        try:
            hit_run.run(prediction_id, _Within(progress))
        except Cancelled:
            raise
        except Exception as error:  # noqa: BLE001  # stored as that track's failure; the others go on
            log.warning("prediction %s of batch %s failed: %s", prediction_id, batch_id, error)
    if progress is not None:
        progress.report(len(waiting), len(waiting), "batch")


class _Within:
    """Progress of one track of a batch: only asked whether to stop."""

    def __init__(self, outer: Progress | None) -> None:
        self._outer = outer

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say nothing: the batch counts tracks."""

    def check(self) -> None:
        """Raise `Cancelled` if the batch is to stop."""
        if self._outer is not None:
            self._outer.check()


def resume_prediction_batch(actor: Actor, batch_id: int) -> None:
    """Go on with a batch that was cancelled or interrupted; what is done stays, what failed is tried again."""
    require(actor, "predict")
    batch = _own(actor, batch_id)
    if batch["job_state"] in queries.ACTIVE:
        return
    with db.begin() as connection:
        for prediction_id in queries.of_batch(connection, batch_id, ["failed", "cancelled", "interrupted"]):
            queries.queue_again(connection, prediction_id)
    _submit(actor, batch_id)


def cancel_prediction_batch(actor: Actor, batch_id: int) -> None:
    """Stop a batch; what is done stays."""
    batch = _own(actor, batch_id)
    if batch["job_id"] is not None and batch["job_state"] in queries.ACTIVE:
        jobs.runner().cancel(batch["job_id"])
        with db.begin() as connection:
            for prediction_id in queries.of_batch(connection, batch_id, ["queued"]):
                queries.end(connection, prediction_id, "cancelled")


def delete_prediction_batch(actor: Actor, batch_id: int) -> None:
    """Delete one's own batch with its predictions and audio; it cannot be undone."""
    cancel_prediction_batch(actor, batch_id)
    _own(actor, batch_id)
    with db.begin() as connection:
        queries.delete_batch(connection, batch_id)
        people.record_act(connection, actor.id, "delete", f"prediction batch {batch_id}")


def list_prediction_batches(actor: Actor) -> tuple[PredictionBatch, ...]:
    """Return the actor's batches, newest first."""
    with db.begin() as connection:
        rows = queries.batches(connection, actor.id)
    return tuple(PredictionBatch(row["id"], row["name"], dict(row["counts"]),
                                 tuple((name, code, values) for name, code, values in row["refused"]), row["job_id"],
                                 row["job_state"] in queries.ACTIVE, row["created_at"]) for row in rows)


def _own(actor: Actor, batch_id: int) -> dict[str, Any]:
    with db.begin() as connection:
        rows = queries.batches(connection, actor.id, batch_id)
    if not rows:
        raise NotFound("hit_batch.gone")
    return rows[0]
