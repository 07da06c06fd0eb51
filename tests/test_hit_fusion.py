"""Fusion: evidence relative to base rates adds up, priors move it, parts of one source do not count twice."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hits.fusion import fuse, learn_weights, rebase, rebase_ratio, stated_weights
from hits.judgement import Judgement, logit, sigmoid
from support.errors import DataError


def said(part, evidence, *, base_rate=0.5, half=0.5, percentile=70.0, strange=0.5):
    level = logit(base_rate) + evidence
    return Judgement(part, level, base_rate, level - half, level + half, percentile, strange)


def test_a_prior_shifts_log_odds_by_their_difference():
    assert rebase(0.0, 0.5, 0.01) == pytest.approx(logit(0.01))
    assert sigmoid(rebase(logit(0.8), 0.5, 0.2)) == pytest.approx(0.5)  # 4 : 1 for, 4 : 1 against
    assert rebase(rebase(0.7, 0.3, 0.05), 0.05, 0.3) == pytest.approx(0.7)
    assert rebase_ratio(math.log(4), 0.2) == pytest.approx(0.5)


def test_rebased_probabilities_are_right_where_hits_were_thinned_out():
    random = np.random.default_rng(0)
    hit = random.random(200_000) < 0.5
    score = random.normal(np.where(hit, 1.0, -1.0), math.sqrt(2))  # so that the log-odds are the score itself
    kept = ~hit | (random.random(len(hit)) < 0.05 / 0.95)  # 5 % hits are left
    share = np.array([sigmoid(rebase(each, 0.5, 0.05)) for each in score[kept][:20_000]])
    truth = hit[kept][:20_000]
    for low, high in ((0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 1)):
        inside = (share >= low) & (share < high)
        assert abs(share[inside].mean() - truth[inside].mean()) < 0.03


def test_one_part_alone_is_what_it_says():
    fused = fuse([said("features", 1.2, base_rate=0.3, percentile=80)], prior=0.01)
    assert fused.log_odds_ratio == pytest.approx(1.2) and (fused.low, fused.high) == (pytest.approx(0.7), pytest.approx(1.7))
    assert fused.probability == pytest.approx(sigmoid(logit(0.01) + 1.2))
    assert fused.probability_low < fused.probability < fused.probability_high
    assert fused.score == pytest.approx(80) and fused.score_low < 80 < fused.score_high
    assert fused.weights == {"features": 1.0} and not fused.learned and fused.abstained is None


def test_shares_add_up_and_base_rates_do_not_matter():
    one = fuse([said("features", 1.0, base_rate=0.5), said("lyrics", -0.4, base_rate=0.1)])
    other = fuse([said("features", 1.0, base_rate=0.9), said("lyrics", -0.4, base_rate=0.4)])
    assert math.fsum(one.shares.values()) == pytest.approx(one.log_odds_ratio) == pytest.approx(other.log_odds_ratio)
    assert one.log_odds_ratio == pytest.approx(0.75 * 0.6)


def test_saying_the_same_thing_twice_adds_nothing():
    alone = fuse([said("features", 1.0)])
    thrice = fuse([said("features", 1.0), said("audio", 1.0), said("transfer", 1.0)])
    assert thrice.log_odds_ratio == pytest.approx(alone.log_odds_ratio)
    assert thrice.score == pytest.approx(alone.score)
    both = fuse([said("features", 1.0), said("lyrics", 1.0)])
    assert alone.log_odds_ratio < both.log_odds_ratio < 2 * alone.log_odds_ratio
    assert stated_weights(["features", "audio", "lyrics"]) == {"features": 0.375, "audio": 0.375, "lyrics": 0.75}


def test_strange_parts_are_left_out_and_all_strange_abstains():
    fused = fuse([said("features", 1.0), said("transfer", 3.0, strange=0.999)])
    assert fused.strange == ("transfer",) and set(fused.shares) == {"features"} and fused.log_odds_ratio == pytest.approx(1)
    none = fuse([said("features", 1.0, strange=1.0)])
    assert none.abstained == "strange" and none.probability is None and none.score is None and none.log_odds_ratio is None
    assert fuse([]).abstained == "nothing"
    assert fuse([said("features", 1.0, strange=None)]).abstained is None


def test_learned_weights_are_used_only_where_they_fit():
    judgements = [said("features", 1.0), said("audio", 2.0)]
    learned = fuse(judgements, {"features": 0.2, "audio": 0.9, "lyrics": 0.4})
    assert learned.learned and learned.shares == {"features": pytest.approx(0.2), "audio": pytest.approx(1.8)}
    assert not fuse(judgements, {"features": 0.2}).learned
    assert not fuse(judgements, {"features": 0.0, "audio": 0.0}).learned
    zero = fuse(judgements, {"features": 0.0, "audio": 1.0})
    assert zero.log_odds_ratio == pytest.approx(2.0) and zero.score == pytest.approx(70)


def test_percentiles_of_the_ends_are_taken_where_a_part_tells():
    told = Judgement("features", 1.0, 0.5, 0.5, 1.5, 70.0, percentile_low=55.0, percentile_high=82.0)
    fused = fuse([told])
    assert (fused.score_low, fused.score_high) == (pytest.approx(55), pytest.approx(82))


def made(n=6000, seed=0):
    """Evidence of two parts with independent errors, a copy of the first, and one of noise."""
    random = np.random.default_rng(seed)
    hit = random.random(n) < 0.3
    one, two = (random.normal(np.where(hit, 0.5, -0.5), 1.0) for _ in range(2))
    return np.stack([one, two, one, random.normal(size=n)], axis=1), hit.astype(float)


def test_stacking_finds_what_each_part_is_worth():
    evidence, labels = made()
    both = learn_weights(evidence[:, :2], labels, ["features", "lyrics"], base_rate=0.3)
    assert both == {"features": pytest.approx(1, abs=0.12), "lyrics": pytest.approx(1, abs=0.12)}
    copied = learn_weights(evidence[:, [0, 2]], labels, ["features", "audio"], base_rate=0.3)
    assert sum(copied.values()) == pytest.approx(1, abs=0.12) and copied["features"] == pytest.approx(copied["audio"], abs=1e-3)
    noise = learn_weights(evidence[:, [0, 3]], labels, ["features", "lyrics"], base_rate=0.3)
    assert noise["lyrics"] < 0.1


def test_stacking_takes_missing_answers_and_never_turns_a_part_round():
    evidence, labels = made()
    evidence[::2, 1] = np.nan
    found = learn_weights(np.c_[evidence[:, :2], -evidence[:, 0]], labels, ["features", "lyrics", "audio"])
    assert all(math.isfinite(each) and each >= 0 for each in found.values()) and found["audio"] == 0
    assert found["lyrics"] == pytest.approx(1, abs=0.2)


def test_learned_weights_beat_the_stated_ones_on_other_tracks():
    evidence, labels = made()
    other, truth = made(seed=9)
    found = learn_weights(evidence[:, [0, 1, 3]], labels, ["features", "lyrics", "audio"], base_rate=0.3)
    def loss(weights):
        level = logit(0.3) + other[:, [0, 1, 3]] @ np.array([weights[each] for each in ("features", "lyrics", "audio")])
        return float((np.logaddexp(0, level) - truth * level).mean())
    assert loss(found) < loss(stated_weights(["features", "lyrics", "audio"]))


def test_few_tracks_and_priors_that_are_none_are_refused():
    with pytest.raises(DataError) as caught:
        learn_weights([[1.0]] * 25, [1] * 5 + [0] * 20, ["features"])
    assert caught.value.code == "hit_fusion.few"
    for prior in (0, 1, -0.1, math.nan):
        with pytest.raises(DataError) as caught:
            fuse([said("features", 1.0)], prior=prior)
        assert caught.value.code == "hit_fusion.prior"
    with pytest.raises(DataError) as caught:
        fuse([said("features", 1.0), said("features", 2.0)])
    assert caught.value.code == "hit_fusion.twice"
