"""Recordings to what the hit model is trained on, on Spark: measures, embedding and mel clip of every track.

Each recording is decoded in a worker process with limits, measured and heard by the same code as in a training on one
machine (`usecases.hit_training`), and becomes a row of a Parquet file. ``--keep`` puts these rows where a training
looks first, so ``python -m cli train hit`` then works none of them out again. A recording that cannot be used is a row
with its error, and stops nobody.

A clip is 16-bit floats and measures are doubles, as a training keeps them; the key is the SHA-256 of the recording.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import hit_model
from hits.manifest import read_manifest
from pipelines import _spark
from sound import mel as mels
from sound import vibenet
from support import decoding, weights
from support.errors import AppError, DataError
from usecases import hit_run
from usecases.hit_training import PREPARED, kept_folder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

log = logging.getLogger(__name__)
HEARD = """line long, name string, sha256 string, error string, values string, prepared string, clip binary,
    frames int, bands int, embedding binary"""
COLUMNS = [part.split()[0] for part in HEARD.split(",")]


def features(spark: SparkSession, manifest: Path, *, parts: int | None = None) -> DataFrame:
    """Return one row a recording of a manifest (`HEARD`).

    Parameters
    ----------
    spark : SparkSession
    manifest : Path
        CSV (docs/hit-prediction.md); it and its files have the same paths on all machines.
    parts : int, optional
        By default one for each recording up to the session's shuffle partitions: hearing one takes seconds.

    Raises
    ------
    FileRefused
        If the manifest cannot be read.
    DataError
        ``pipelines.no_audio``: no line has a recording.
    """
    read = read_manifest(manifest)
    rows = [(row.line, str(row.audio)) for row in read.rows if row.audio]
    log.info("%s recordings, %s lines refused", len(rows), len(read.refused))
    if not rows:
        raise DataError("pipelines.no_audio", name=manifest.name)
    count = parts or min(len(rows), int(spark.conf.get("spark.sql.shuffle.partitions") or 1))
    frame = spark.createDataFrame(rows, "line long, path string").repartition(count)
    return frame.mapInPandas(_hearer(), HEARD)


def _hearer() -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return what hears the recordings of a part, one row at a time."""
    def hear(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            for line, path in zip(batch["line"], batch["path"], strict=True):
                yield pd.DataFrame([_heard(line, Path(path))], columns=COLUMNS)
    return hear


def _heard(line: int, path: Path) -> tuple[Any, ...]:
    digest = None
    try:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        clip, embedding, values = worked_out(content)
    except (AppError, OSError) as error:
        return line, path.name, digest, str(error)[:500], *[None] * 6
    frames, bands = clip.shape
    return (line, path.name, digest, None, json.dumps(values), PREPARED, clip.tobytes(), frames, bands,
            embedding.astype(np.float32).tobytes())


def worked_out(content: bytes) -> tuple[NDArray[np.float16], NDArray[np.float32], dict[str, float | None]]:
    """Return clip, embedding and measures of a recording as a training keeps them.

    Raises
    ------
    AppError
        If it cannot be decoded or heard.
    """
    sounds = hit_model.hear(hit_run.models(), decoding.audio(content),
                            describe=vibenet.describe if vibenet.available() else None)
    return mels.clip_of(sounds.mel).astype(np.float16), sounds.heard.embedding, dict(sounds.values)


def keep(folder: Path) -> tuple[int, int]:
    """Put the rows of a Parquet file of `features` where a training looks first; return how many, and how many failed.

    Raises
    ------
    DataError
        ``pipelines.prepared``: another version of the product made them.
    """
    import pyarrow.dataset as ds

    kept = failed = 0
    for batch in ds.dataset(folder, format="parquet").to_batches(batch_size=64):
        for row in batch.to_pylist():
            if row["error"] is not None:
                failed += 1
                continue
            if row["prepared"] != PREPARED:
                raise DataError("pipelines.prepared", found=row["prepared"], wanted=PREPARED)
            clip = np.frombuffer(row["clip"], np.float16).reshape(row["frames"], row["bands"])
            weights.write(kept_folder() / f"{row['sha256']}-{PREPARED}",
                          {"clip": clip, "embedding": np.frombuffer(row["embedding"], np.float32)},
                          {"values": json.loads(row["values"])})
            kept += 1
    return kept, failed


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job; its last line is how many recordings were heard, as JSON."""
    parser = _spark.arguments(__doc__ or "")
    parser.add_argument("manifest", type=Path, help="CSV, or with --keep the Parquet folder")
    parser.add_argument("out", nargs="?", help="Parquet folder to write, where Spark can")
    parser.add_argument("--keep", action="store_true", help="put what was worked out where a training here looks")
    chosen = parser.parse_args(argv)
    _spark.log_progress()
    if chosen.keep:
        kept, failed = keep(chosen.manifest)
    elif not chosen.out:
        parser.error("name the folder to write")
    else:
        spark = _spark.session("audio", chosen.master)
        features(spark, chosen.manifest, parts=chosen.parts).write.mode("overwrite").parquet(chosen.out)
        states = spark.read.parquet(chosen.out).selectExpr("count(*) AS rows", "count(error) AS failed").first()
        kept, failed = states.rows - states.failed, states.failed  # type: ignore[union-attr]
    _spark.told({"pipeline": "audio", "heard": kept, "failed": failed})


if __name__ == "__main__":
    main()
