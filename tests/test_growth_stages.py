"""Known answers for stages, ranks and growth classes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from growth.stages import stages_of

NAN = float("nan")


def test_stages_of_a_hundred_artists():
    # values 1..100: the artist of value v has percentile v - 0.5
    means = np.arange(100, 0, -1.0)
    found = stages_of(means, means)
    assert found.percentile.tolist() == (means - 0.5).tolist()
    assert found.rank.tolist() == list(range(1, 101))
    names = Counter(found.standing(artist).stage for artist in range(100))
    assert names == {"undiscovered": 50, "developing": 35, "mid_level": 10, "mainstream": 4, "superstar": 1}
    assert found.standing(0).stage == "superstar"
    assert found.standing(14).percentile == 85.5
    assert found.standing(14).stage == "mid_level"
    assert found.standing(15).stage == "developing"


def test_a_bound_belongs_to_the_stage_above():
    # 25 below, 50 equal, 25 above: those in the middle are at exactly 50
    means = np.array([1.0] * 25 + [2.0] * 50 + [3.0] * 25)
    middle = stages_of(means, means).standing(50)
    assert (middle.percentile, middle.stage, middle.rank, middle.of) == (50.0, "developing", 26, 100)


def test_under_fifty_artists_there_is_only_a_rank():
    means = np.arange(1.0, 50.0)
    top = stages_of(means, means).standing(48)
    assert (top.rank, top.of, top.percentile, top.stage, top.stage_reason) == (1, 49, None, None, "too_few_artists")
    assert stages_of(np.append(means, 0.5), np.append(means, 0.5)).standing(48).stage == "superstar"


def test_an_artist_without_a_recent_gain_is_left_out():
    means = np.append(np.arange(1.0, 51.0), NAN)
    found = stages_of(means, means)
    last = found.standing(50)
    assert (last.rank, last.of, last.stage, last.stage_reason) == (None, 50, None, "no_recent_gain")
    assert (last.z, last.growth, last.growth_reason, last.stage_n, last.highest_z) == (None, None, "no_recent_gain", 0, None)
    assert found.standing(49).percentile == 99.0


def test_growth_is_a_z_score_within_the_stage_with_its_arithmetic():
    # the lower half: 25 differences of +1, 24 of -1 and one of 11; the upper half must not matter
    mean_30 = np.concatenate([np.arange(1.0, 51.0), np.arange(1001.0, 1051.0)])
    difference = np.concatenate([[11.0], [1.0, -1.0] * 24, [1.0], np.linspace(-500, 500, 50)])
    found = stages_of(mean_30, mean_30 - difference).standing(0)
    mean = (11 + 25 - 24) / 50
    std = np.sqrt((11**2 + 49) / 50 - mean**2)
    assert (found.stage, found.stage_n) == ("undiscovered", 50)
    assert found.difference == pytest.approx(11)
    assert found.stage_mean == pytest.approx(mean)
    assert found.stage_std == pytest.approx(std)
    assert found.z == pytest.approx((11 - mean) / std)
    assert found.growth == "high"
    assert found.highest_z == 7.0


@pytest.mark.parametrize(("z", "name"), [(8.0, "explosive"), (7.99, "high"), (3.0, "high"), (2.99, "growth"), (1.0, "growth"),
                                         (0.99, "steady"), (-1.0, "steady"), (-1.01, "decline")])
def test_growth_classes_by_their_bounds(z, name):
    # one artist at z, the others spread so that mean and standard deviation of all are 0 and 1; a hair to the inside of
    # the bound, on which rounding would decide
    z += 1e-6 if z > -1.005 else -1e-6
    count = 400
    others = np.resize([1.0, -1.0], count - 1)
    others -= others.mean()
    others *= np.sqrt((count - z * z - z * z / (count - 1)) / (others @ others))
    difference = np.append(others - z / (count - 1), z)
    assert difference.mean() == pytest.approx(0, abs=1e-9)
    assert difference.std() == pytest.approx(1)
    mean_30 = np.full(count, 1000.0)
    found = stages_of(mean_30, mean_30 - difference).standing(count - 1)
    assert found.z == pytest.approx(z)
    assert found.growth == name


def test_under_fifty_artists_growth_is_among_all():
    difference = np.array([10.0] + [0.0, 1.0] * 10)
    mean_30 = np.arange(1.0, 22.0)
    found = stages_of(mean_30, mean_30 - difference).standing(0)
    assert (found.stage, found.stage_n, found.of) == (None, 21, 21)
    assert found.z == pytest.approx((10 - 20 / 21) / np.std(difference))
    assert found.growth == "high"


@pytest.mark.parametrize(("artists", "reason"), [(10, "too_few_in_stage"), (11, None)])
def test_growth_needs_ten_others(artists, reason):
    mean_30 = np.arange(1.0, artists + 1)
    found = stages_of(mean_30, mean_30 - np.arange(artists) % 3).standing(0)
    assert found.growth_reason == reason
    assert (found.growth is None) == (reason is not None)
    assert found.stage_n == artists


def test_a_small_stage_has_no_growth_class_even_among_many():
    means = np.arange(1.0, 101.0)
    top = stages_of(means, means - np.arange(100) % 7).standing(99)
    assert (top.stage, top.stage_n, top.growth_reason) == ("superstar", 1, "too_few_in_stage")


def test_growth_without_a_spread():
    means = np.linspace(0.1, 0.7, 60)
    found = stages_of(means, means - 0.1)
    assert set(found.growth_reason[:30]) == {"no_spread"}
    assert np.isnan(found.z[:30]).all()


def test_a_missing_mean_of_60_days_takes_growth_but_not_the_stage():
    means = np.arange(1.0, 61.0)
    longer = means - np.arange(60) % 5
    longer[3] = NAN
    found = stages_of(means, longer)
    assert (found.standing(3).stage, found.standing(3).growth_reason) == ("undiscovered", "no_recent_gain")
    assert found.standing(4).stage_n == 29


def test_no_artists_and_unequal_lengths():
    assert stages_of(np.array([]), np.array([])).of == 0
    with pytest.raises(ValueError, match=r"\(2,\)"):
        stages_of(np.array([1.0, 2.0]), np.array([1.0]))
