"""Scores and calibrators against known answers and against scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hits import calibration, scoring
from hits.judgement import Judgement, Quiet, logit, ranked, sigmoid
from support.errors import DataError


def made(n=4000, seed=0, slope=1.0, shift=0.0):
    random = np.random.default_rng(seed)
    x = random.normal(0, 1.5, n)
    return x, (random.random(n) < 1 / (1 + np.exp(-(slope * x + shift)))).astype(float)


def test_auc_counts_pairs_and_half_of_ties():
    assert scoring.auc([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8]) == 1
    assert scoring.auc([0, 1, 0, 1], [0.1, 0.1, 0.2, 0.3]) == pytest.approx(0.625)
    assert scoring.auc([0, 1], [0.5, 0.5]) == 0.5
    assert math.isnan(scoring.auc([1, 1], [0.1, 0.2])) and math.isnan(scoring.pr_auc([0, 0], [0.1, 0.2]))


def test_metrics_agree_with_scikit_learn():
    from sklearn import metrics

    x, y = made()
    said = np.round(1 / (1 + np.exp(-x)), 2)  # many ties
    weights = np.random.default_rng(1).integers(0, 3, len(y))
    for ours, theirs in ((scoring.auc, metrics.roc_auc_score), (scoring.pr_auc, metrics.average_precision_score),
                         (scoring.brier, metrics.brier_score_loss)):
        assert ours(y, said) == pytest.approx(theirs(y, said), abs=1e-12)
        assert ours(y, said, weights) == pytest.approx(theirs(y, said, sample_weight=weights), abs=1e-12)


def test_weights_are_repeated_rows():
    x, y = made(200)
    said, times = 1 / (1 + np.exp(-x)), np.random.default_rng(2).integers(0, 4, 200)
    for metric in scoring.METRICS.values():
        assert metric(y, said, times) == pytest.approx(metric(np.repeat(y, times), np.repeat(said, times), None))


def test_reliability_and_its_error():
    said, labels = np.repeat([0.05, 0.55, 0.95], 100), np.concatenate([np.zeros(100), np.arange(100) % 2, np.ones(100)])
    bins = scoring.reliability(labels, said)
    assert [(each.n, round(each.said, 2), each.observed) for each in bins] == [
        (100, 0.05, 0.0), (100, 0.55, 0.5), (100, 0.95, 1.0)]
    assert scoring.ece(labels, said) == pytest.approx(0.05) == pytest.approx(scoring.worst_gap(bins))
    assert math.isnan(scoring.worst_gap(bins, least=101))
    assert [each.n for each in scoring.reliability(labels, np.arange(300) / 300, equal_counts=True)] == [30] * 10


def test_scores_names_all_and_does_not_invent():
    found = scoring.scores([0, 1, 1, 0], [0.2, 0.7, 0.6, 0.4])
    assert found["auc"] == 1 and found["base_rate"] == 0.5 and found["n"] == 4
    assert found["brier"] == pytest.approx((0.04 + 0.09 + 0.16 + 0.16) / 4)
    empty = scoring.scores([], [])
    assert empty["n"] == 0 and all(math.isnan(empty[name]) for name in ("auc", "pr_auc", "brier", "ece", "base_rate"))


def test_interval_is_wider_where_artists_have_many_tracks():
    x, y = made(600)
    alone = scoring.interval(y, x, [str(number) for number in range(600)])
    score = scoring.auc(y, x)
    assert alone[0] < score < alone[1] and 0.02 < alone[1] - alone[0] < 0.15
    again = [str(number) for number in range(600) for _ in range(5)]
    copied = scoring.interval(np.repeat(y, 5), np.repeat(x, 5), again)
    assert copied[1] - copied[0] == pytest.approx(alone[1] - alone[0], rel=0.2)  # copies are no evidence
    assert scoring.interval(y, x, again[:600]) == scoring.interval(y, x, again[:600])


def test_percentile_of_a_reference():
    assert [scoring.percentile([1, 2, 3, 4], value) for value in (0, 2, 2.5, 9)] == [0, 37.5, 50, 100]


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="3 labels, 2 scores"):
        scoring.auc([0, 1, 1], [0.5, 0.2])


@pytest.mark.parametrize("kind", ["platt", "beta", "isotonic"])
def test_calibrators_mend_overconfidence_on_other_tracks(kind):
    x, y = made(slope=0.4, shift=-1.0)
    other, truth = made(seed=5, slope=0.4, shift=-1.0)
    fitted = calibration.fit(kind, x, y)
    said = 1 / (1 + np.exp(-fitted(other)))
    assert scoring.ece(truth, 1 / (1 + np.exp(-other))) > 0.15
    assert scoring.ece(truth, said) < 0.04
    assert (np.diff(fitted(np.linspace(-25, 25, 200))) >= 0).all()
    assert np.array_equal(calibration.restore(fitted.numbers())(other), fitted(other))


def test_platt_finds_the_line():
    x, y = made(40_000, slope=0.4, shift=-1.0)
    fitted = calibration.fit("platt", x, y)
    assert (fitted.slope, fitted.intercept) == (pytest.approx(0.4, abs=0.03), pytest.approx(-1.0, abs=0.03))


def test_a_score_the_wrong_way_round_says_nothing():
    x, y = made(slope=-1.0)
    fitted = calibration.fit("platt", x, y)
    assert fitted.slope == 0 and 1 / (1 + np.exp(-fitted.intercept)) == pytest.approx(y.mean(), abs=0.001)


def test_isotonic_pools_and_is_never_certain():
    fitted = calibration.fit("isotonic", np.arange(40.0) / 10, np.repeat([0, 1], 20))
    assert np.isfinite(fitted.log_odds).all() and fitted(0.0) < -2 and fitted(3.9) > 2


def test_too_few_tracks_are_refused_and_unknown_kinds_too():
    with pytest.raises(DataError) as caught:
        calibration.fit("platt", np.arange(30.0), np.r_[np.ones(4), np.zeros(26)])
    assert caught.value.code == "hit_calibration.few" and "4" in caught.value.message("ko")
    with pytest.raises(DataError) as caught:
        calibration.restore({"kind": "pickle"})
    assert caught.value.code == "hit_calibration.kind"


def test_judgements_say_what_the_track_adds():
    judgement = Judgement("audio", logit(0.8), 0.5, 0.0, 2.0, 70.0)
    assert judgement.evidence == pytest.approx(logit(0.8)) and judgement.probability == pytest.approx(0.8)
    assert logit(0) == -math.inf and logit(1) == math.inf and sigmoid(-800) == 0 and sigmoid(800) == 1
    assert Quiet().check() is None and Quiet().report(1, 2) is None


def test_contributions_are_ranked_and_sum():
    assert ranked({"a": 0.5, "b": -1.0}, 0.0) == (("b", -1.0), ("a", 0.5), ("rest", 0.5))
    assert ranked({"a": 0.5, "b": -1.0}, -0.5) == (("b", -1.0), ("a", 0.5))
