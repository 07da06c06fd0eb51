"""Training of the hit model on an operator's own labelled tracks; a part is replaced only by a better one.

What a part needs of a track (clip, embedding, measures) is worked out once and kept beside the data, so that a
training that was stopped goes on where it was. One split serves all parts. The new and the old part are compared on
the same test tracks, by the area under the ROC curve and, where that is equal, by the Brier score; what the old one may
have seen of them in its own training counts in its favour.
"""

from __future__ import annotations

import hashlib
import logging
import math
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import config
import db
import hit_model
from accounts import Actor, require
from hits import fusion, scoring
from hits.audio_network import AudioNetwork
from hits.judgement import Judgement
from hits.lyrics import LyricsNetwork
from hits.manifest import GENRES, Row, read_manifest
from hits.sentences import SentenceHead
from hits.split import Split, split
from hits.transfer import TransferHead
from locales import LANGUAGES, t
from queries import people
from recommender import embedder
from sound import mel as mels
from sound import vibenet
from support import decoding, weights
from support.errors import AppError, Cancelled, DataError, FileRefused, describe
from usecases import hit_run, jobs
from usecases.hit_batches import zipped
from usecases.hit_results import HitTraining, PartReport
from usecases.results import JobView
from usecases.sync import Progress, Silent

log = logging.getLogger(__name__)
KIND = "hit_training"
ALL = "ALL"
"""Genre of what is trained on every track."""
PREPARED = "prepared-1"
"""Version of what is kept of a track; another one is worked out anew."""
MARKS = ".hit_training"
"""Folder of checkpoints, below that of the models."""


@dataclass(frozen=True, slots=True)
class _Track:
    """A row with what was worked out of it; what its files do not give is None."""

    row: Row
    clip: NDArray[np.float16] | None
    embedding: NDArray[np.float32] | None
    values: Mapping[str, float | None] | None
    lyrics: str | None


def submit_hit_training(actor: Actor, data: bytes, *, name: str, genre: str | None = None) -> JobView:
    """Train on a ZIP with a ``manifest.csv`` and the files it names, in the background (see `train_hit`).

    The job's result is ``{"parts", "rows", "refused"}`` as in `HitTraining`.

    Raises
    ------
    NotAllowed
    FileRefused
        If it is no ZIP archive.
    """
    require(actor, "train")
    with zipped(data) as files:
        files.names()

    def work(progress: Any) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="mis-train-") as folder:
            manifest = _unpacked(data, Path(folder))
            report = train_hit(actor, manifest, genre=genre, progress=progress, within=Path(folder))
        return {"parts": {part: _plain(each) for part, each in report.parts.items()}, "rows": report.rows,
                "refused": [list(each) for each in report.refused]}

    return jobs.submit(actor, KIND, work, {"name": name[:200], "genre": genre})


def _plain(each: PartReport) -> dict[str, Any]:
    return {"replaced": each.replaced, "new": each.new, "old": each.old, "error": each.error_code,
            "values": dict(each.error_values)}


def _unpacked(data: bytes, folder: Path) -> Path:
    """Unpack an archive within bounds and return its manifest."""
    found = None
    with zipped(data) as files:
        for name in files.names():
            path = (folder / name).resolve()
            if not path.is_relative_to(folder.resolve()):
                raise FileRefused("hit_batch.missing", file=name[:200])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files.read(name, decoding.LARGEST_AUDIO))
            found = path if path.name.lower() == "manifest.csv" else found
    if found is None:
        raise FileRefused("hit_batch.no_manifest")
    return found


def train_hit(actor: Actor, manifest: Path, *, genre: str | None = None, progress: Progress | None = None,
              within: Path | None = None, kind: str = "cnn1d", today: date | None = None) -> HitTraining:
    """Train every part that the tracks of a manifest allow; each takes the old one's place only if it is better.

    Parameters
    ----------
    manifest : Path
        A CSV file (docs/hit-prediction.md).
    genre : str, optional
        Only the audio network of this genre; by default those of all genres, and the parts of all tracks.
    within : Path, optional
        Files outside this folder are refused.
    kind : str
        Of the audio network: one of `hits.network.KINDS`.

    Raises
    ------
    NotAllowed, FileRefused, Cancelled
    DataError
        If no line can be taken.
    """
    require(actor, "train")
    watch = progress or Silent()
    read = read_manifest(manifest, within=within)
    refused: list[tuple[int, str, Mapping[str, Any]]] = [(row.line, row.code, row.values) for row in read.refused]
    rows = [row for row in read.rows if genre in (None, row.genre)]
    tracks = _prepared(rows, refused, watch)
    if not tracks:
        raise DataError("hit_training.empty", rows=len(read.rows), refused=len(refused))
    facts = {"manifest": manifest.name, "sha256": read.sha256, "rows": len(tracks)}
    parts = _trained(tracks, _plans(tracks, genre, facts, kind, today or datetime.now(UTC).date(), watch))
    shutil.rmtree(hit_run.own_folder() / MARKS, ignore_errors=True)
    if genre is None:
        _learn_weights(tracks)
    with db.begin() as connection:
        people.record_act(connection, actor.id, "train", "hit model", manifest=read.sha256, rows=len(tracks),
                          replaced=[part for part, each in parts.items() if each.replaced])
    report = HitTraining(parts, len(tracks), tuple(refused))
    for lang in LANGUAGES:
        (hit_run.own_folder() / f"hit_training.{lang}.txt").write_text(training_report(report, lang) + "\n", "utf-8")
    return report


def training_report(report: HitTraining, lang: str) -> str:
    """Return what became of a training, as text: a line a part, then what was refused."""
    lines = [t(lang, "hit_training.rows", rows=f"{report.rows:,}", refused=f"{len(report.refused):,}")]
    for name, part in report.parts.items():
        if part.error_code is not None:
            why = describe(lang, part.error_code, dict(part.error_values))
            lines.append(t(lang, "hit_training.failed", part=name, why=why))
            continue
        assert part.new is not None
        key = "hit_training.first" if part.old is None else (
            "hit_training.replaced" if part.replaced else "hit_training.kept")
        old = part.old or {}
        lines.append(t(lang, key, part=name, n=part.new["n"], auc=_shown(part.new["auc"]),
                       brier=_shown(part.new["brier"]), old_auc=_shown(old.get("auc")),
                       old_brier=_shown(old.get("brier"))))
    lines += [f"{line}: {describe(lang, code, dict(values))}" for line, code, values in report.refused]
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"


# --- what is learned from -----------------------------------------------------------------------------------------


def _prepared(rows: Sequence[Row], refused: list[tuple[int, str, Mapping[str, Any]]], watch: Progress) -> list[_Track]:
    models, found = hit_run.models(), []
    for done, row in enumerate(rows):
        watch.check()
        watch.report(done, len(rows), "prepare")
        try:
            lyrics = row.lyrics.read_text("utf-8-sig", errors="replace") if row.lyrics else None
            clip, embedding, values = _heard(models, row.audio) if row.audio else (None, None, None)
        except Cancelled:
            raise
        except (AppError, OSError) as error:
            refused.append((row.line, getattr(error, "code", "hit_row.missing"), getattr(error, "values", {})))
            continue
        found.append(_Track(row, clip, embedding, values, lyrics))
    return found


def kept_folder() -> Path:
    """Return where is kept what was worked out of tracks; it can be deleted at any time."""
    return config.load().data_dir / "hit_training"


def _heard(models: hit_model.Models, path: Path) -> tuple[Any, Any, Any]:
    """Return clip, embedding and measures of a file, from what is kept where it was heard before."""
    content = path.read_bytes()
    kept = kept_folder() / f"{hashlib.sha256(content).hexdigest()}-{PREPARED}"
    if not kept.is_dir():
        audio = decoding.audio(content)
        sounds = hit_model.hear(models, audio, describe=vibenet.describe if vibenet.available() else None)
        weights.write(kept, {"clip": mels.clip_of(sounds.mel).astype(np.float16), "embedding": sounds.heard.embedding},
                      {"values": dict(sounds.values)})
    arrays, facts = weights.read(kept)
    return arrays["clip"], arrays["embedding"], facts["values"]


# --- training and comparing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """How one part is trained, read and asked."""

    tracks: Sequence[_Track]
    train: Callable[[Split], Any]
    load: Callable[[Path], Any]
    judge: Callable[[Any, _Track], Judgement]


def _trained(tracks: Sequence[_Track], plans: Mapping[str, _Plan]) -> dict[str, PartReport]:
    """Train all parts on one split, one after the other; what one cannot do leaves the others."""
    own, parts = hit_run.own_folder(), {}
    for name, plan in plans.items():
        folder = own / f"hit_{name}"
        try:
            found = _side_of(tracks, plan.tracks)
            new = plan.train(found)
        except Cancelled:
            raise
        except AppError as error:
            parts[name] = PartReport(error_code=error.code, error_values=dict(error.values))
            continue
        tested = [plan.tracks[place] for place in found.test]
        figures, before = _figures(new, tested, plan.judge), _before(folder, plan.load, tested, plan.judge)
        better = before is None or _better(figures, before)
        if better:
            new.save(folder)
        parts[name] = PartReport(better, figures, before)
    return parts


def _plans(tracks: Sequence[_Track], genre: str | None, facts: Mapping[str, Any], kind: str, today: date,
           watch: Progress) -> dict[str, _Plan]:
    marks = hit_run.own_folder() / MARKS
    marks.mkdir(parents=True, exist_ok=True)
    heard = [each for each in tracks if each.clip is not None]
    same: dict[str, Any] = {"today": today, "data": facts, "watch": watch}

    def network(name: str, some: Sequence[_Track]) -> Callable[[Split], Any]:
        return lambda found: AudioNetwork.train(_stacked(some, "clip"), [each.row for each in some],
                                                found, genre=name, kind=kind, checkpoint=marks / f"audio_{name}.npz",
                                                **same)

    by_genre = {name: [each for each in heard if each.row.genre == name] for name in GENRES}
    plans = {f"audio_{name}": _Plan(some, network(name, some), AudioNetwork.load, _judged_clip)
             for name, some in by_genre.items() if some}
    if genre is None:
        plans |= _of_all(tracks, heard, same, marks)
    return plans


def _of_all(tracks: Sequence[_Track], heard: Sequence[_Track], same: Mapping[str, Any],
            marks: Path) -> dict[str, _Plan]:
    words = embedder(config.load().embedding_model)
    worded = [each for each in tracks if (each.lyrics or "").strip()]
    rows, texts = [each.row for each in worded], [each.lyrics for each in worded]
    plans = {}
    if heard:
        plans["transfer"] = _Plan(heard, lambda found: TransferHead.train(
            _stacked(heard, "embedding"), [each.row for each in heard], found, genre=ALL, **same),
            TransferHead.load, _judged_embedding)
    if worded:
        plans["lyrics"] = _Plan(worded, lambda found: LyricsNetwork.train(
            texts, rows, found, genre=ALL, checkpoint=marks / "lyrics.npz", **same), LyricsNetwork.load, _judged_text)
        plans["sentences"] = _Plan(worded, lambda found: SentenceHead.train(
            texts, rows, found, embed=words.embed, embedder=words.name, genre=ALL, **same),
            lambda folder: SentenceHead.load(folder, words.embed, words.name), _judged_text)
    return plans


def _stacked(tracks: Sequence[_Track], name: str) -> NDArray[Any]:
    return np.stack([getattr(each, name) for each in tracks])


def _side_of(tracks: Sequence[_Track], some: Sequence[_Track]) -> Split:
    """Return the split of all tracks as positions of some of them; those must be enough for a split of their own."""
    if len(some) == len(tracks):
        return split([each.row for each in some])
    split([each.row for each in some])
    whole, place = split([each.row for each in tracks]), {id(each): at for at, each in enumerate(some)}
    sides = {name: np.array([place[id(tracks[at])] for at in places if id(tracks[at]) in place], np.intp)
             for name, places in whole.sides.items()}
    return Split(**sides, by_date=whole.by_date)


def _before(folder: Path, load: Callable[[Path], Any], tested: Sequence[_Track],
            judge: Callable[[Any, _Track], Judgement]) -> dict[str, Any] | None:
    """Return how good the part in use is on the same tracks; None where there is none that can be read."""
    if not folder.is_dir():
        return None
    try:
        return _figures(load(folder), tested, judge)
    except DataError as error:
        log.warning("%s cannot be compared with: %s", folder, error)
        return None


def _better(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    if old["n"] < new["n"] or math.isnan(old["auc"]):
        return True
    return (new["auc"], -new["brier"]) > (old["auc"], -old["brier"])


def _figures(part: Any, tested: Sequence[_Track], judge: Callable[[Any, _Track], Judgement]) -> dict[str, Any]:
    found = [(each.row.hit, said.probability) for each in tested if (said := _judgement(part, each, judge)) is not None]
    truth, likely = np.array([hit for hit, _ in found], float), np.array([value for _, value in found], float)
    told = scoring.scores(truth, likely)
    return {"auc": float(told["auc"]), "brier": float(told["brier"]), "n": len(found)}


def _judgement(part: Any, track: _Track, judge: Callable[[Any, _Track], Judgement]) -> Judgement | None:
    try:
        return judge(part, track)
    except DataError:  # lyrics with too few words, for one
        return None


def _judged_clip(part: AudioNetwork, track: _Track) -> Judgement:
    assert track.clip is not None
    return part.judge(track.clip.astype(np.float32))


def _judged_embedding(part: TransferHead, track: _Track) -> Judgement:
    return part.judge(track.embedding)


def _judged_text(part: LyricsNetwork | SentenceHead, track: _Track) -> Judgement:
    return part.judge(track.lyrics or "")


# --- how much each part is worth --------------------------------------------------------------------------------------


def _learn_weights(tracks: Sequence[_Track]) -> None:
    """Learn the fusion's weights from the validation tracks, which no part's weights were fitted on."""
    models = hit_run.models()
    try:
        found = split([each.row for each in tracks])
    except DataError as error:  # too few for a split: nothing was trained either
        log.info("no weights learned: %s", error)
        return
    some = [tracks[place] for place in found.validation]
    evidence = np.array([_evidence(models, each) for each in some])
    if not np.isfinite(evidence[:, 1:]).any():
        return
    try:
        learned = fusion.learn_weights(evidence, np.array([each.row.hit for each in some], float), hit_model.PARTS)
    except DataError as error:  # too few tracks: the stated weights stay
        log.info("no weights learned: %s", error)
        return
    weights.write(hit_run.own_folder() / "hit_fusion", {}, {"weights": dict(learned), "tracks": len(some)})


def _evidence(models: hit_model.Models, track: _Track) -> list[float]:
    """Return each part's log-odds against its base rate, NaN where it has none."""
    network = models.audio.get(track.row.genre)
    asked: tuple[tuple[Any, bool, Callable[[Any, _Track], Judgement]], ...] = (
        (models.features, track.values is not None, lambda part, each: part.judge(each.values)),
        (network, track.clip is not None, _judged_clip),
        (models.transfer, track.embedding is not None, _judged_embedding),
        (models.lyrics, bool(track.lyrics), _judged_text), (models.sentences, bool(track.lyrics), _judged_text))
    found = [_judgement(part, track, judge) if part is not None and there else None for part, there, judge in asked]
    return [float("nan") if each is None else each.evidence for each in found]

