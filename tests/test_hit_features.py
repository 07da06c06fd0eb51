"""The feature model: trees against scikit-learn, shares against all orders of inputs, the shipped model on real tracks."""

from __future__ import annotations

import importlib.util
import itertools
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import pytest

from hits import features, features_report, features_training, nets, nets_training, scoring
from hits.features import DESCRIPTORS, KINDS, NAMES
from hits.features_training import Tracks, grow, read_tracks, train
from hits.judgement import logit
from hits.trees import Explainer, pack, unpack
from sound import vibenet
from support import weights
from support.errors import DataError

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "hit_features"
DATA = Path(os.environ.get("MIS_REAL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
REAL = DATA / "hits" / "spotify_hit_predictor_1960_2019.csv.gz"
SONG = {"tempo": 120.03, "loudness": -6.04, "duration_ms": 215_400.0, "key": 5, "mode": 1, "time_signature": 4,
        "sections": 9, "chorus_hit": 41.27}
DESCRIBED = SONG | {"danceability": 0.71, "energy": 0.74, "speechiness": 0.05, "acousticness": 0.1,
                    "instrumentalness": 0.0, "liveness": 0.12, "valence": 0.6}
SMALL = {"max_iter": 12, "learning_rate": 0.2, "max_leaf_nodes": 6, "min_samples_leaf": 20, "max_features": 0.7}


@pytest.fixture(scope="module")
def shipped():
    return features.load(SHIPPED)


@pytest.fixture(scope="module")
def real():
    if not REAL.exists():
        pytest.skip(f"no {REAL.name} below {DATA}; set MIS_REAL_DATA")
    return read_tracks(REAL)


def made(n=1500, seed=0, rule=lambda x: (x["loudness"] > -8) & (x["tempo"] > 100)):
    """Tracks of which a rule decides, nine times in ten."""
    random = np.random.default_rng(seed)
    inputs = {"tempo": random.uniform(60, 180, n), "loudness": random.uniform(-20, 0, n),
              "duration_ms": random.uniform(1e5, 4e5, n), "key": random.integers(0, 12, n) * 1.0,
              "mode": random.integers(0, 2, n) * 1.0, "time_signature": np.full(n, 4.0),
              "sections": random.integers(4, 16, n) * 1.0, "chorus_hit": random.uniform(10, 60, n),
              **{name: random.random(n) for name in DESCRIPTORS}}
    labels = np.where(random.random(n) < 0.9, rule(inputs), ~rule(inputs)).astype(float)
    artists = np.array([f"artist {number}" for number in random.integers(0, n // 5, n)])
    return Tracks(inputs, labels, artists, np.full(n, 2000))


def by_hand(trees, row, players, known):
    """Return the mean level of one row when only some players are known, by walking every tree."""
    def walk(node):
        if trees.left[node] < 0:
            return trees.value[node]
        column = trees.column[node]
        if players[column] in known:
            left = trees.missing_left[node] if math.isnan(row[column]) else row[column] <= trees.threshold[node]
            return walk(trees.left[node] if left else trees.right[node])
        return sum(trees.share[child] * walk(child) for child in (trees.left[node], trees.right[node]))
    return sum(walk(root) for root in trees.roots) / len(trees.start) + trees.start.mean()


def test_trees_say_what_scikit_learn_says_with_missing_values_too():
    tracks = made()
    table = tracks.columns()
    table[::7, 0] = table[::5, 6] = np.nan
    grown, model = grow(table, tracks.labels, SMALL, 0)
    assert np.allclose(grown.levels(table)[0], model.decision_function(table), atol=1e-12)
    assert grown.levels(np.empty((0, table.shape[1]))).shape == (1, 0)


def test_packed_trees_are_the_same_trees():
    tracks = made()
    table = tracks.columns()
    grown = [grow(table, tracks.labels, SMALL, seed)[0] for seed in (0, 1)]
    cuts = [np.unique(np.concatenate([features_training._cuts(each, column) for each in grown]))
            for column in range(table.shape[1])]
    again = unpack(pack(grown, cuts))
    assert np.allclose(again.levels(table), np.concatenate([each.levels(table) for each in grown]), atol=1e-5)


def test_shares_are_shapley_values_over_all_orders():
    tracks = made()
    table = tracks.columns()[:, :5]
    table[3, 0] = np.nan
    grown, _ = grow(table, tracks.labels, SMALL | {"max_iter": 6, "max_leaf_nodes": 8}, 0)
    players = [0, 1, 2, 3, 0]  # two columns are one player
    explainer = Explainer(grown, players)
    for number in (0, 3, 11):
        wanted = np.zeros(4)
        orders = list(itertools.permutations(range(4)))
        for order in orders:
            for place, player in enumerate(order):
                before, after = set(order[:place]), set(order[:place + 1])
                wanted[player] += (by_hand(grown, table[number], players, after)
                                   - by_hand(grown, table[number], players, before)) / len(orders)
        assert np.allclose(explainer.shares(table[number]), wanted, atol=1e-5)
        assert explainer.expected() == pytest.approx(by_hand(grown, table[number], players, set()), abs=1e-5)
        assert explainer.expected() + wanted.sum() == pytest.approx(grown.levels(table[number])[0, 0], abs=1e-5)


def small_nets(table, labels, periods):
    rows = np.arange(len(labels))
    return nets_training.fit_nets(table, labels, periods, [rows, rows[::2]], 3, 5, 0)


def test_nets_learn_a_rule_and_their_shares_add_up(monkeypatch):
    monkeypatch.setattr(nets_training, "EPOCHS", 12)
    tracks = made(2000)
    table = tracks.columns()[:, :6]
    fitted = small_nets(table, tracks.labels, np.arange(2000) % 3)
    levels = fitted.levels(table)
    assert levels.shape == (2, 2000) and scoring.auc(tracks.labels, levels.mean(axis=0)) > 0.82
    assert np.allclose(nets.unpack(nets.pack(fitted)).levels(table), levels, atol=1e-4)
    table[7, 0] = np.nan
    for number in (0, 7):
        shares = fitted.shares(table[number], [0, 1, 2, 3, 3, 4], 5)
        assert fitted.expected() + shares.sum() == pytest.approx(fitted.levels(table[number])[:, 0].mean(), abs=0.01)
    nudged = table[:1] + np.eye(6)[[1]] * 1e-4  # the slope that the integral is over, against a difference
    inputs = fitted.encoding.encode(table[:1])
    slope = fitted._slopes(inputs)[0] @ (fitted.encoding.encode(nudged) - inputs)[0]
    assert slope == pytest.approx((fitted.levels(nudged) - fitted.levels(table[:1])).mean(), rel=1e-3)


def test_a_net_sums_over_periods_whose_hits_differ(monkeypatch):
    """Loud is a hit in one period and none in the other; only the tempo says which period it is."""
    monkeypatch.setattr(nets_training, "EPOCHS", 40)
    tracks, random = made(2000), np.random.default_rng(5)
    table, early = tracks.columns()[:, :6], tracks.inputs["tempo"] < 120
    loud = tracks.inputs["loudness"] > -10
    labels = np.where(random.random(2000) < 0.95, loud == early, loud != early).astype(float)
    fitted = small_nets(table, labels, np.where(early, 1960, 1990))
    assert fitted.weights[-1].shape[-1] == 4
    assert scoring.auc(labels, fitted.levels(table).mean(axis=0)) > 0.9
    shares = np.log([[0.1, 0.3, 0.4, 0.2]])
    assert nets.odds(shares) == pytest.approx(np.log(0.5 / 0.5))
    assert nets.odds(np.array([[0.3, 1.7]])) == pytest.approx(1.4)
    nudged = (nets.odds(shares + [[0, 1e-6, 0, 0]]) - nets.odds(shares)) / 1e-6
    assert nets._steepness(shares)[0] == pytest.approx([-0.2, 0.6, -0.8, 0.4]) and nudged == pytest.approx(0.6, abs=1e-4)


def test_encoding_gives_places_among_the_training_rows():
    table = np.stack([np.arange(1000.0), np.repeat([0.0, 1.0], [700, 300]), np.arange(1000) % 12, np.full(1000, 4)], axis=1)
    coding = nets.fit_encoding(table, 2, 3)
    found = coding.encode([[499.5, 0, 11, 3], [-50, 1, 0, 4], [np.nan, 0, 0, 1]])
    assert found[0, 0] == pytest.approx(0, abs=1e-6) and found[1, 0] == -nets.FURTHEST and found[2, 0] == 0
    assert found[0, 1] < 0 < found[1, 1]
    assert found[0, 2:].tolist() == [0] * 11 + [1, 1, 0] and found[2, 14:].tolist() == [0, 0]


def test_soft_labels_of_half_give_no_opinion():
    tracks = made()
    grown, _ = grow(tracks.columns(), np.full(len(tracks), 0.5), SMALL, 0)
    assert np.abs(grown.levels(tracks.columns())).max() < 1e-6


def test_a_made_rule_is_learned_on_other_artists_and_shuffled_labels_are_not(monkeypatch, tmp_path):
    monkeypatch.setattr(features_training, "PLAIN", SMALL | {"max_iter": 30})
    monkeypatch.setattr(features_training, "DESCRIBED", SMALL | {"max_iter": 30})
    monkeypatch.setattr(nets_training, "EPOCHS", 6)
    tracks = made(3000)
    sides = {name: tracks.side(name) for name in features_training.SIDES}
    arrays, numbers = train(sides["train"], sides["calibration"], kinds=("full",), members=3)
    facts = {"part": "features", "columns": list(features.COLUMNS), "kinds": numbers, "name": "n", "date": "d",
             "data": "made", "licence": "MIT"}
    weights.write(tmp_path / "model", arrays, facts)
    model = features.load(tmp_path / "model")
    assert scoring.auc(sides["test"].labels, features_report.answers(model, sides["test"], "full")) > 0.85
    said = model.judge(SONG)
    assert said.log_odds > 1 and {name for name, _ in said.contributions[:2]} == {"loudness", "tempo"}
    random = np.random.default_rng(1)
    lost = Tracks(tracks.inputs, random.permutation(tracks.labels), tracks.artists, tracks.decades)
    arrays, numbers = train(lost.side("train"), lost.side("calibration"), kinds=("full",), members=2)
    weights.write(tmp_path / "lost", arrays, facts | {"kinds": numbers})
    test = lost.side("test")
    assert 0.4 < scoring.auc(test.labels, features_report.answers(features.load(tmp_path / "lost"), test, "full")) < 0.6


def test_an_artist_on_two_sides_stops_the_training():
    tracks = made(200)
    with pytest.raises(DataError) as caught:
        train(tracks, tracks.of(np.arange(5)))
    assert caught.value.code == "hit_features.artists"


def test_sides_share_no_artist_and_leave_none_out():
    tracks = made()
    sides = [tracks.side(name) for name in features_training.SIDES]
    assert sum(map(len, sides)) == len(tracks)
    for one, other in itertools.combinations(sides, 2):
        assert not set(one.artists) & set(other.artists)


def test_a_member_sees_a_share_of_the_artists():
    tracks = made(1000)
    chosen = features_training.drawn(tracks.artists, 3, 0)
    assert len({tuple(each) for each in chosen}) == 3
    for rows in chosen:
        known = set(tracks.artists[rows])
        assert len(known) == round(0.8 * len(set(tracks.artists)))
        assert not known & set(np.delete(tracks.artists, rows))


def test_a_track_is_calibrated_by_members_that_do_not_know_its_artist():
    levels = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
    known = [np.array(["a", "b"]), np.array(["a", "c"]), np.array(["a", "b", "c"])]
    said = features_training.said_apart(levels, np.array(["a", "b", "c", "d"]), known)
    assert np.isnan(said[0]) and said[1:].tolist() == [6.0, 3.0, 8.0]


def test_calibration_passes_over_tracks_that_every_member_knows():
    tracks, random = made(1200), np.random.default_rng(0)
    raw = np.where(tracks.labels > 0, 2.0, -2.0) + random.normal(0, 2, len(tracks))
    some = np.where(random.random(len(tracks)) < 0.2, np.nan, raw)
    numbers, reference = features_training.calibrated(some, tracks)
    told = ~np.isnan(some)
    alone, _ = features_training.calibrated(raw[told], tracks.of(told))
    assert numbers == alone and numbers["calibrated_on"] == told.sum() < 1200
    assert numbers["base_rate"] == tracks.labels[told].mean() and np.isfinite(reference).all()


def test_answers_by_members_apart_are_not_surer_than_they_are_right(monkeypatch):
    """Labels that only the artist decides: learned by heart, and worth nothing for another artist."""
    monkeypatch.setattr(features_training, "DESCRIBED", SMALL | {"max_iter": 60, "min_samples_leaf": 5})
    monkeypatch.setattr(nets_training, "EPOCHS", 4)
    tracks = made(1500, rule=lambda x: x["loudness"] > -100)
    names, owner = np.unique(tracks.artists, return_inverse=True)
    random = np.random.default_rng(3)
    labels, valence = random.integers(0, 2, len(names))[owner].astype(float), random.random(len(names))[owner]
    odd = Tracks(tracks.inputs | {"valence": valence}, labels, tracks.artists, tracks.decades)
    arrays, numbers = features_training.grow_all(odd, kinds=("full-described",), members=4)
    slope = numbers["full-described"]["calibration"]["slope"]
    _, levels = features_training.grow_kind("full-described", odd, odd.labels, 4, 0)
    heard, _ = features_training.calibrated(levels(odd.columns()).mean(axis=0), odd)
    assert scoring.auc(labels, levels(odd.columns()).mean(axis=0)) > 0.8
    assert slope < 0.3 < heard["calibration"]["slope"]
    assert numbers["full-described"]["widening"] == pytest.approx(2) and "full-described.reference" in arrays


def test_digits_that_no_measurement_has_change_nothing(shipped):
    nudged = SONG | {"duration_ms": 215_013.0, "tempo": 120.01, "loudness": -6.01, "chorus_hit": 41.31}
    assert shipped.judge(nudged).log_odds == shipped.judge(SONG).log_odds


@pytest.mark.parametrize(("values", "kind"), [
    (SONG, "full"), (DESCRIBED, "full-described"), (SONG | {"sections": None, "chorus_hit": None}, "length"),
    (DESCRIBED | {"chorus_hit": math.nan}, "length-described"), (SONG | {"duration_ms": None}, "short"),
    (DESCRIBED | dict.fromkeys(("duration_ms", "sections", "chorus_hit")), "short-described"),
    (DESCRIBED | {"valence": None}, "full")])
def test_what_is_known_chooses_the_sub_model(shipped, values, kind):
    said = shipped.judge(values)
    assert said.facts["kind"] == kind and said.facts["used"] == [name for name in (*NAMES, *DESCRIPTORS)
                                                                 if name in features.inputs(kind)]
    assert not set(said.facts["used"]) & set(said.facts["left_out"])
    assert math.fsum(each for _, each in said.contributions) == pytest.approx(said.log_odds - logit(said.base_rate))
    assert {name for name, _ in said.contributions} <= {*features.inputs(kind), "rest"}
    assert said.low < said.log_odds < said.high and 0 <= said.percentile <= 100
    assert said.percentile_low <= said.percentile <= said.percentile_high


def test_a_clip_says_less_than_a_whole_track(shipped, real):
    test = real.side("test").of(slice(800))
    scored = [scoring.auc(test.labels, features_report.answers(shipped, test, kind)) for kind in ("short", "length", "full")]
    assert scored == sorted(scored) and scored[0] > 0.6


def test_a_track_without_a_beat_is_judged(shipped):
    assert math.isfinite(shipped.judge(SONG | {"tempo": 0, "chorus_hit": 0, "sections": 2}).log_odds)


def test_strange_tracks_are_known_as_such(shipped):
    assert shipped.judge(SONG).strange < 0.9
    assert shipped.judge(SONG | {"loudness": -58.0}).strange > 0.99
    assert shipped.judge(SONG | {"duration_ms": 3_600_000.0, "sections": 140}).strange > 0.99
    assert shipped.judge(SONG | {"duration_ms": 3_600_000.0, "sections": None}).strange > 0.99


def test_what_cannot_be_is_refused(shipped):
    for values, code in ((SONG | {"tempo": None}, "missing"), (SONG | {"loudness": math.inf}, "missing"),
                         (SONG | {"key": 12}, "range"), (SONG | {"duration_ms": -1}, "range"),
                         (DESCRIBED | {"energy": 1.2}, "range")):
        with pytest.raises(DataError) as caught:
            shipped.judge(values)
        assert caught.value.code == f"hit_features.{code}"


def test_another_model_in_the_folder_is_refused(tmp_path):
    for number, facts in enumerate(({"part": "audio"}, {"part": "features", "columns": list(features.COLUMNS)})):
        weights.write(tmp_path / str(number), {"a": np.zeros(3)}, facts)
        with pytest.raises(DataError) as caught:
            features.load(tmp_path / str(number))
        assert caught.value.code == "hit_features.form"


def test_a_track_is_judged_in_a_blink(shipped):
    shipped.judge(DESCRIBED)
    times = []
    for _ in range(9):
        start = time.process_time()
        shipped.judge(DESCRIBED)
        times.append(time.process_time() - start)
    assert sorted(times)[4] < 0.05  # bench/hit.py holds it to 20 ms


def test_the_shipped_model_is_small_plain_and_as_its_metrics_say(shipped, real):
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 5e6
    arrays, facts = weights.read(SHIPPED)
    assert set(facts["kinds"]) == set(KINDS) and all(each.dtype.kind in "uif" for each in arrays.values())
    assert not any(name in str(facts["columns"]) for name in ("decade", "year", "artist"))
    metrics, test = json.loads((SHIPPED / "metrics.json").read_text("utf-8")), real.side("test")
    assert len(test) == facts["sides"]["test"]["tracks"]
    some = test.of(slice(200))
    for kind in KINDS:
        log_odds = shipped.parts[kind].log_odds(some.columns())
        assert log_odds.mean() == pytest.approx(metrics["sample"][kind], abs=1e-5)
        one = shipped.judge({name: some.inputs[name][0] for name in features.inputs(kind)})
        assert one.log_odds == pytest.approx(log_odds[0])
    plain = metrics["baselines"]
    assert metrics["kinds"]["full"]["auc"] > plain["boosting"]["auc"] > plain["loudness"]["auc"]
    assert metrics["kinds"]["full-described"]["auc"] > plain["boosting-described"]["auc"]


def test_without_vibenet_there_is_a_next_step(monkeypatch):
    monkeypatch.setattr(vibenet, "find_spec", lambda name: None)
    assert not vibenet.available()
    with pytest.raises(DataError) as caught:
        vibenet.describe(np.zeros(22_050, np.float32), 22_050)
    assert "make vibenet" in caught.value.message("ko") and "GPL-3" in caught.value.message("en")


@pytest.mark.skipif(importlib.util.find_spec("vibenet") is None, reason="vibenet is not installed (make vibenet)")
def test_vibenet_describes_a_sound():
    seconds = np.arange(8 * 22_050) / 22_050
    told = vibenet.describe((0.3 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32), 22_050)
    assert list(told) == list(DESCRIPTORS) and all(0 <= value <= 1 for value in told.values())
    assert told["energy"] < 0.5 and told["speechiness"] < 0.5
    with pytest.raises(DataError) as caught:
        vibenet.describe(np.zeros(100, np.float32), 22_050)
    assert caught.value.code == "vibenet.failed"
