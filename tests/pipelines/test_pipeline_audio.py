"""Recordings on Spark: what a training keeps of each is the same to the bit, and a training takes it from there."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from spark_session import spark_here  # noqa: F401

from pipelines import audio
from support.errors import DataError
from usecases import hit_run, hit_training


@pytest.fixture
def manifest(tmp_path):
    """Give a manifest of two short clips and a file that is none."""
    rng = np.random.default_rng(3)
    for number in range(2):
        at = np.arange(22_050 * 4) / 22_050
        tone = 0.3 * np.sin(2 * np.pi * (220 + 110 * number) * at) * (at % 0.5 < 0.1) + 0.01 * rng.standard_normal(len(at))
        soundfile.write(tmp_path / f"{number}.wav", tone.astype(np.float32), 22_050)
    (tmp_path / "2.wav").write_bytes(b"no sound")
    rows = "".join(f"{number}.wav,POP,A{number},T{number},{number % 2}\n" for number in range(3))
    (tmp_path / "manifest.csv").write_text("audio,genre,artist,title,label\n" + rows)
    return tmp_path / "manifest.csv"


def test_what_is_kept_is_what_a_training_works_out(spark, clean, manifest, tmp_path, monkeypatch):
    rows = audio.features(spark, manifest, parts=1)
    rows.write.mode("overwrite").parquet(str(tmp_path / "out"))
    assert audio.keep(tmp_path / "out") == (2, 1)
    failed = [row for row in spark.read.parquet(str(tmp_path / "out")).collect() if row.error]
    assert [(row.name, row.line, row.clip) for row in failed] == [("2.wav", 4, None)]
    paths = [tmp_path / "0.wav", tmp_path / "1.wav"]
    with monkeypatch.context() as blocked:
        blocked.setattr(hit_training.decoding, "audio", lambda content: pytest.fail("it was worked out again"))
        found = [hit_training._heard(hit_run.models(), path) for path in paths]
    for path, (clip, embedding, values) in zip(paths, found, strict=True):
        own_clip, own_embedding, own_values = audio.worked_out(path.read_bytes())
        assert np.array_equal(clip, own_clip) and clip.dtype == np.float16
        assert np.allclose(embedding, own_embedding, atol=1e-9, rtol=0)
        assert values.keys() == own_values.keys() and len(values) > 5
        assert all(values[name] == own_values[name] or abs(values[name] - own_values[name]) < 1e-9 for name in values)


def test_a_manifest_without_recordings_is_said(spark, tmp_path):
    (tmp_path / "words.txt").write_text("la la la")
    (tmp_path / "manifest.csv").write_text("lyrics,genre,artist,title,label\nwords.txt,POP,A,T,1\n")
    with pytest.raises(DataError, match="recording"):
        audio.features(spark, tmp_path / "manifest.csv")
