"""Models on disk: what is written is read, and nothing else."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

from support.errors import DataError
from support.weights import packed, read, unpacked, write

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "names": packed(["가", "b"])}


def test_what_is_written_is_read(tmp_path):
    write(tmp_path / "model", ARRAYS, {"kind": "small", "weights": {"SN": [0.1, 2]}}, {"CARD.md": "text"})
    arrays, facts = read(tmp_path / "model")
    assert np.array_equal(arrays["a"], ARRAYS["a"]) and unpacked(arrays["names"]) == ("가", "b")
    assert facts == {"kind": "small", "weights": {"SN": [0.1, 2]}}
    assert (tmp_path / "model/CARD.md").read_text() == "text"


@pytest.mark.parametrize(("change", "code"), [
    (lambda folder: (folder / "manifest.json").unlink(), "weights.missing"),
    (lambda folder: (folder / "manifest.json").write_text("[]"), "weights.form"),
    (lambda folder: (folder / "manifest.json").write_text(json.dumps({"form": 99})), "weights.form"),
    (lambda folder: (folder / "arrays.npz").write_bytes((folder / "arrays.npz").read_bytes()[:-1]), "weights.broken"),
    (lambda folder: (folder / "manifest.json").write_text(
        (folder / "manifest.json").read_text().replace("0.25", "0.75")), "weights.broken"),
])
def test_what_was_changed_is_refused(tmp_path, change, code):
    folder = tmp_path / "model"
    write(folder, ARRAYS, {"threshold": 0.25})
    change(folder)
    with pytest.raises(DataError) as caught:
        read(folder)
    assert caught.value.code == code


def test_objects_are_never_loaded(tmp_path):
    folder = tmp_path / "model"
    with pytest.raises((ValueError, DataError)):
        write(folder, {"a": np.array([print], dtype=object)}, {})
        read(folder)


def test_readers_see_the_old_model_or_the_new_one(tmp_path):
    folder = tmp_path / "model"
    write(folder, {"a": np.zeros(3)}, {"turn": 0})
    done = threading.Event()

    def replace() -> None:
        for turn in range(1, 40):
            write(folder, {"a": np.full(3, float(turn))}, {"turn": turn})
        done.set()

    writer = threading.Thread(target=replace)
    writer.start()
    seen = set()
    while not done.is_set():
        arrays, facts = read(folder)
        seen.add(facts["turn"])
        assert set(arrays["a"]) == {float(facts["turn"])}
    writer.join()
    assert len(seen) > 1 and sorted(each.name for each in tmp_path.iterdir()) == ["model"]
