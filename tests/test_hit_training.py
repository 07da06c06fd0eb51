"""Training as a use case: an operator's tracks in, parts trained, judged, and replaced only by better ones."""

from __future__ import annotations

import hashlib
import json
import shutil

import made_clips
import numpy as np
import pytest

import hit_model
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from hits import fitting
from hits.manifest import read_manifest
from hits.split import groups_of
from support.errors import DataError, FileRefused, NotAllowed
from usecases import hit_run, hit_training, jobs

OPTIONS = fitting.Options


class Words:
    """An embedding model that knows words by their bytes alone."""

    name = "bytes"

    def embed(self, texts):
        found = np.array([[int(b) for b in hashlib.sha256(text.encode()).digest()] for text in texts], np.float32)
        return found.reshape(len(texts), -1) / 255 - 0.5


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """Give the manifest of 96 made tracks of two seconds, all of one genre."""
    manifest = made_clips.write(tmp_path_factory.mktemp("tracks"), count=96, seed=3, seconds=2.0)
    lines = manifest.read_text("utf-8")
    for genre in ("BALLAD", "DANCE"):
        lines = lines.replace(f",{genre},", ",POP,")
    manifest.write_text(lines, "utf-8")
    return manifest


def put_in_place(patch, folder):
    """Have models, and what is kept of tracks, in a folder of the test's own; networks learn for one epoch."""
    patch.setattr(hit_run, "own_folder", lambda: folder / "models")
    patch.setattr(hit_training, "kept_folder", lambda: folder / "kept")
    patch.setattr(fitting, "Options", lambda **named: OPTIONS(**{**named, "epochs": 1}))
    for module in (hit_run, hit_training):
        patch.setattr(module, "embedder", lambda name: Words())
    return folder


@pytest.fixture(scope="module")
def trained(tracks, database, tmp_path_factory):
    """Train once; give the folder and the report."""
    with pytest.MonkeyPatch.context() as patch:
        folder = put_in_place(patch, tmp_path_factory.mktemp("trained"))
        yield folder, services.train_hit(ADMIN, tracks)


@pytest.fixture
def own(clean, trained, tmp_path, monkeypatch):
    """Give a copy of what was trained, in use."""
    shutil.copytree(trained[0], tmp_path / "own")
    yield put_in_place(monkeypatch, tmp_path / "own") / "models"
    hit_run._models = None
    jobs.close()


def test_every_part_is_trained_judged_and_used(own, trained):
    report = trained[1]
    assert report.rows == 96 and report.refused == ()
    assert set(report.parts) == {"audio_POP", "transfer", "lyrics", "sentences"}
    for name, part in report.parts.items():
        assert part.error_code is None and part.replaced and part.old is None and part.new["n"] > 10, name
        assert json.loads((own / f"hit_{name}/metrics.json").read_text()) and (own / f"hit_{name}/CARD.md").read_text()
    assert report.parts["transfer"].new["auc"] > 0.7
    states = {(model.part, model.genre): model.state for model in services.hit_models(ADMIN)}
    assert states["features", None] == "shipped" and states["transfer", None] == states["audio", "POP"] == "trained"
    assert states["audio", "DANCE"] == "untrained"
    there = hit_run.models()
    assert there.transfer is not None and there.audio.keys() == {"POP"} and not there.broken
    assert "transfer" in services.training_report(report, "ko") and (own / "hit_training.en.txt").read_text()


def test_no_worse_one_takes_its_place_and_nothing_is_heard_twice(own, tracks, query, monkeypatch):
    def fails(*given, **named):
        raise AssertionError("heard again")

    monkeypatch.setattr(hit_model, "hear", fails)
    before = (own / "hit_transfer/manifest.json").read_text()
    again = services.train_hit(ADMIN, tracks)  # the same tracks, seeds and split: not better
    assert not again.parts["transfer"].replaced and again.parts["transfer"].old == again.parts["transfer"].new
    assert (own / "hit_transfer/manifest.json").read_text() == before
    assert query("SELECT count(*) FROM audit_log WHERE action = 'train'") == [(1,)]


def test_a_damaged_model_is_told_leaves_the_others_and_is_trained_anew(own, tracks, monkeypatch):
    arrays = own / "hit_transfer/arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-3])
    there = hit_run.models()
    assert there.transfer is None and there.broken["transfer"].code == "weights.broken" and there.lyrics is not None
    monkeypatch.setattr(hit_training, "_plans", lambda *given: {"transfer": PLANS(*given)["transfer"]})
    assert services.train_hit(ADMIN, tracks).parts["transfer"].replaced


PLANS = hit_training._plans


def test_one_genre_trains_its_network_alone(own, tracks, monkeypatch):
    seen = []
    monkeypatch.setattr(hit_training, "_trained", lambda found, plans: seen.append((len(found), set(plans))) or {})
    services.train_hit(ADMIN, tracks, genre="POP")
    assert seen == [(96, {"audio_POP"})]
    with pytest.raises(DataError, match="None of 96"):
        services.train_hit(ADMIN, tracks, genre="DANCE")


def test_nobody_else_may_train_and_a_manifest_must_hold_something(own, tracks, tmp_path):
    with pytest.raises(NotAllowed):
        services.train_hit(Actor(2, "analyst", "other"), tracks)
    empty = tmp_path / "manifest.csv"
    empty.write_text("audio,genre,artist,label\nnone.wav,POP,Band,1\n")
    with pytest.raises(DataError, match="1 were refused"):
        services.train_hit(ADMIN, empty)
    with pytest.raises(FileRefused):
        services.submit_hit_training(ADMIN, b"no archive", name="x.zip")


def test_too_few_tracks_leave_every_part_untrained_with_its_reason(own, tracks, tmp_path):
    lines = tracks.read_text("utf-8").splitlines()
    few = tracks.with_name("few.csv")
    few.write_text("\n".join(lines[:12]) + "\n", "utf-8")
    shutil.rmtree(own)
    report = services.train_hit(ADMIN, few)
    assert report.rows == 11 and all(part.error_code and not part.replaced for part in report.parts.values())
    assert {model.state for model in services.hit_models(ADMIN)} == {"shipped", "untrained"}
    for lang in ("ko", "en"):
        assert "hit_" not in services.training_report(report, lang).replace("hit_training", "")


def test_the_shared_split_keeps_every_artist_on_one_side(tmp_path):
    rows = read_manifest(made_clips.write(tmp_path, count=400, seed=1, seconds=0.1)).rows
    made = [hit_training._Track(row, np.zeros(1, np.float16), None, None, None) for row in rows]
    pop = [each for each in made if each.row.genre == "POP"]
    found, whole, groups = hit_training._side_of(made, pop), hit_training._side_of(made, made), groups_of(rows)
    place = {id(each): at for at, each in enumerate(made)}
    for name, side in found.sides.items():
        inside = {groups[place[id(pop[at])]] for at in side}
        assert inside and inside <= {groups[at] for at in whole.sides[name]}
