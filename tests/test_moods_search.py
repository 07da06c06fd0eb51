"""Search by mood: the index against a full sort, the catalogue in memory, choice and reasons (property tests)."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
from moods import meaning
from moods.choice import NEXT_RANKED, choose, why
from moods.codes import Codes, basis
from moods.index import VectorIndex
from moods.meaning import Aim, Wish
from moods.songs import Filters, Rows, Songs
from moods.vocabulary import CATEGORIES, vocabulary, words_of

GENRES = list(vocabulary().genres)


def unit(rows: int, width: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def by_sorting(vectors, wish, k, allowed=None, minus=None):
    scores = vectors.astype(np.float64) @ wish.astype(np.float64) - (0 if minus is None else minus)
    rows = np.arange(len(vectors)) if allowed is None else np.flatnonzero(allowed)
    return rows[np.lexsort((rows, -np.round(scores[rows], 9)))[:k]]


# --- the index ----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 3000), k=st.integers(1, 40), seed=st.integers(0, 1000), some=st.booleans(),
       held=st.sampled_from([{"floats": 0}, {"coded": 0}, {}]))
def test_the_index_finds_what_sorting_finds(rows, k, seed, some, held):
    vectors, rng = unit(rows, 32, seed), np.random.default_rng(seed)
    groups = np.sort(rng.integers(0, 4, rows))
    index = VectorIndex(lambda which: vectors[which], groups, 32, **held)
    assert index.coded is bool(held)
    wish, chosen = unit(1, 32, seed + 1)[0], [1, 3] if some else None
    found = index.top(wish, k, chosen)
    allowed = np.isin(groups, chosen) if some else None
    assert found.rows.tolist() == by_sorting(vectors, wish, k, allowed).tolist()
    np.testing.assert_allclose(found.scores, vectors[found.rows].astype(float) @ wish.astype(float), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 3000), k=st.integers(1, 300), seed=st.integers(0, 1000), rank=st.sampled_from([1, 3, 16, 40]),
       alone=st.booleans(), some=st.booleans())
def test_vectors_in_few_dimensions_are_found_as_sorting_finds_them(rows, k, seed, rank, alone, some):
    """Also where many are the same, some lie where the sample shows nothing, and one is zero."""
    rng = np.random.default_rng(seed)
    few = unit(max(rows // 3, 1), rank, seed) @ unit(rank, 96, seed + 1)
    vectors = few[rng.integers(0, len(few), rows)]
    vectors[rng.integers(0, rows, rows // 100)] = unit(rows // 100, 96, seed + 2)
    vectors[-1] = 0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    groups = np.sort(rng.integers(0, 4, rows))
    minus = rng.choice([0, 0.1, np.inf], rows).astype(np.float32) if seed % 2 else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("moods.codes.ALONE", 10**9 if alone else 0)
        patch.setattr("moods.index.SAMPLE", 200)
        index = VectorIndex(lambda which: vectors[which], groups, 96, floats=0)
        wish, chosen = (vectors[0] if seed % 3 else unit(1, 96, seed + 3)[0]), [0, 2] if some else None
        found = index.top(wish, k, chosen, minus)
    wanted = by_sorting(vectors, wish, k, np.isin(groups, chosen) if some else None, minus)
    lost = np.zeros(rows) if minus is None else minus
    assert found.rows.tolist() == [row for row in wanted.tolist() if np.isfinite(lost[row])]


def test_songs_take_codes_of_their_few_dimensions_only():
    few = unit(3000, 78, 0) @ unit(78, 384, 1)
    vectors = few / np.linalg.norm(few, axis=1, keepdims=True)
    index = VectorIndex(lambda which: vectors[which], np.zeros(3000, int), 384, floats=0)
    assert index.nbytes == 3000 * (80 + 8)


def test_dimensions_are_told_apart_from_noise():
    assert basis(unit(500, 96, 0)) is None
    few = unit(500, 20, 1) @ unit(20, 96, 2)
    assert basis(few).shape == (20, 96)
    assert basis(few + np.float32(1e-5) * unit(500, 96, 3)).shape == (20, 96)
    assert basis(np.zeros((4, 96), np.float32)).shape == (1, 96)


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 300), width=st.sampled_from([3, 32, 96]), seed=st.integers(0, 1000),
       axes=st.booleans(), spiky=st.booleans())
def test_codes_pass_no_row_over_that_belongs_to_the_answer(rows, width, seed, axes, spiky):
    vectors = unit(rows, width, seed) ** (5 if spiky else 1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    wish = (vectors[0] + unit(1, width, seed + 1)[0]) / 2
    wish /= np.linalg.norm(wish)
    codes = Codes(rows, width, unit(max(width // 2, 1), width, seed + 2) if axes else None)  # far from right angles
    codes.hold(0, vectors)
    for k in (1, 5, rows):
        best = set(by_sorting(vectors, wish, k).tolist())
        assert best <= set(codes.near(wish, k, [slice(0, rows)]).tolist())


def test_few_rows_are_left_to_be_scored_exactly():
    vectors, wish = unit(20_000, 384, 0), unit(1, 384, 1)[0]
    codes = Codes(len(vectors), 384)
    codes.hold(0, vectors)
    assert 5 <= len(codes.near(wish, 5, [slice(0, len(vectors))])) < 100


@pytest.mark.parametrize("coded", [False, True])
def test_many_rows_with_the_same_vector_come_by_number(coded):
    few = unit(50, 64, 3)
    vectors = few[np.random.default_rng(0).integers(0, 50, 5000)]
    index = VectorIndex(lambda which: vectors[which], np.zeros(len(vectors), int), 64, floats=0 if coded else 10**6)
    found = index.top(few[7], 30)
    assert found.rows.tolist() == np.flatnonzero((vectors == few[7]).all(axis=1))[:30].tolist()


@pytest.mark.parametrize("coded", [False, True])
def test_what_a_row_loses_counts_and_an_infinite_loss_leaves_it_out(coded):
    vectors, wish = unit(3000, 16, 5), unit(1, 16, 6)[0]
    minus = np.random.default_rng(1).choice([0, 0.1, np.inf], 3000).astype(np.float32)
    index = VectorIndex(lambda which: vectors[which], np.zeros(3000, int), 16, floats=0 if coded else 3000)
    found = index.top(wish, 20, minus=minus)
    assert found.rows.tolist() == by_sorting(vectors, wish, 20, minus=minus).tolist()
    assert len(index.top(wish, 20, minus=np.full(3000, np.inf, np.float32)).rows) == 0


def test_ties_are_broken_by_the_second_number_also_at_the_edge():
    vectors = np.repeat(unit(1, 8, 0), 100, axis=0)
    index = VectorIndex(lambda which: vectors[which], np.zeros(100, int), 8)
    found = index.top(vectors[0], 3, ties=lambda rows: (rows % 10 == 9) * 1)
    assert found.rows.tolist() == [9, 19, 29]


def test_an_unknown_group_an_empty_index_and_no_rows_wanted():
    vectors = unit(10, 8, 0)
    index = VectorIndex(lambda which: vectors[which], np.zeros(10, int), 8)
    assert len(index.top(vectors[0], 5, [4]).rows) == 0
    assert len(index.top(vectors[0], 0).rows) == 0
    assert len(VectorIndex(lambda which: vectors[which], np.zeros(0, int), 8).top(vectors[0], 5).rows) == 0
    with pytest.raises(ValueError, match="ascend"):
        VectorIndex(lambda which: vectors[which], np.array([1, 0]), 8)


def test_codes_take_a_quarter_of_the_memory():
    vectors = unit(2000, 384, 0)
    coded, plain = (VectorIndex(lambda which: vectors[which], np.zeros(2000, int), 384, floats=floats)
                    for floats in (0, 2000))
    assert coded.coded and not plain.coded
    assert coded.nbytes < 0.26 * plain.nbytes


def test_threads_may_search_at_once():
    vectors = unit(5000, 64, 1)
    index = VectorIndex(lambda which: vectors[which], np.zeros(5000, int), 64, floats=0)
    wishes, wrong = unit(40, 64, 2), []

    def search(part):
        for wish in part:
            if index.top(wish, 5).rows.tolist() != by_sorting(vectors, wish, 5).tolist():
                wrong.append(wish)

    threads = [threading.Thread(target=search, args=(wishes[place::4],)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- the catalogue ------------------------------------------------------------------------------------------------


class TinySpace:
    """Tags as independent directions: what a known answer needs, without a model."""

    key, width = "tiny", len(vocabulary().tags)
    tags = np.eye(len(vocabulary().tags), dtype=np.float32)

    def songs(self, masks):
        rows = meaning.unpack(masks)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return (rows / np.maximum(lengths, 1e-9)).astype(np.float32)

    def aim(self, weights):
        row = np.zeros(self.width, np.float32)
        for name, weight in weights.items():
            row[vocabulary().place(name)] = weight
        wanted = vocabulary().mask(name for name, weight in weights.items() if weight > 0)
        return Aim(row / np.linalg.norm(row), wanted, weights)


SPACE = TinySpace()


def catalogue(songs: int, seed: int, artists: int = 40, genres: int = 4) -> Rows:
    rng = np.random.default_rng(seed)
    masks = words_of([vocabulary().mask(rng.choice(vocabulary().names, rng.integers(2, 7), replace=False))
                      for _ in range(songs)])
    return Rows(rng.permutation(songs) + 100, rng.integers(0, artists, songs),
                np.array(GENRES[:genres])[rng.integers(0, genres, songs)],
                np.array(["ko", "en", ""])[rng.integers(0, 3, songs)],
                rng.choice([0, 1990, 2005, 2020], songs).astype(np.int16), masks)


def by_id(rows: Rows) -> dict[int, int]:
    return {int(entry): place for place, entry in enumerate(rows.ids)}


WISH = {"비오는날": 1.0, "외로움": 1.0, "잔잔한": 1.0, "밤": 0.5}
cases = dict(songs=st.integers(0, 400), seed=st.integers(0, 500), count=st.integers(5, 30),
             genres=st.integers(0, 3), variety=st.sampled_from([0.0, 0.3, 1.0]))


@settings(max_examples=60, deadline=None)
@given(**cases)
def test_no_artist_twice_the_genres_hold_and_the_count_is_exact_or_all_there_is(songs, seed, count, genres, variety):
    rows = catalogue(songs, seed)
    ranker, wanted = Songs(rows, SPACE), GENRES[:genres]
    chosen = choose(ranker, SPACE, SPACE.aim(WISH), genres=wanted, count=count, seed=seed, variety=variety)
    places = [by_id(rows)[entry] for entry in chosen.ids.tolist()]
    assert len({int(rows.artists[place]) for place in places}) == len(places)
    assert all(not wanted or rows.genres[place] in wanted for place in places)
    vectors = SPACE.songs(rows.masks).astype(float) @ SPACE.aim(WISH).vector.astype(float)
    scores = vectors - config.CONFLICT * meaning.conflicts(rows.masks, SPACE.aim(WISH).wanted)
    fits = (scores > 0) & (np.isin(rows.genres, wanted) if wanted else True)
    assert len(places) == min(count, len(np.unique(rows.artists[fits])))
    np.testing.assert_allclose(chosen.scores, scores[places], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(**cases)
def test_the_same_seed_gives_the_same_answer(songs, seed, count, genres, variety):
    rows = catalogue(songs, seed)
    again = [choose(Songs(rows, SPACE), SPACE, SPACE.aim(WISH), genres=GENRES[:genres], count=count, seed=seed,
                    variety=variety).ids.tolist() for _ in range(2)]
    assert again[0] == again[1]


@settings(max_examples=30, deadline=None)
@given(songs=st.integers(50, 400), seed=st.integers(0, 500))
def test_the_best_of_each_genre_comes_first(songs, seed):
    rows = catalogue(songs, seed, artists=songs * 50)  # nearly every song an artist of its own
    ranker, aim = Songs(rows, SPACE), SPACE.aim(WISH)
    chosen = choose(ranker, SPACE, aim, genres=GENRES[:3], count=6, seed=seed)
    best = [ranker.ranked(aim, 1, genre, Filters()) for genre in GENRES[:3]]
    wanted = {int(part.ids[0]) for part in best if len(part) and part.scores[0] > 0}
    if len({int(part.artists[0]) for part in best if len(part)}) == len([part for part in best if len(part)]):
        assert set(chosen.ids[:chosen.best].tolist()) == wanted


def test_draws_differ_by_seed_and_stay_among_the_next_ranked():
    rows = catalogue(2000, 1, artists=100_000, genres=1)
    ranker, aim = Songs(rows, SPACE), SPACE.aim(WISH)
    allowed = set(ranker.ranked(aim, 1 + NEXT_RANKED, GENRES[0], Filters()).ids.tolist())
    draws = [choose(ranker, SPACE, aim, genres=GENRES[:1], count=8, seed=seed).ids.tolist() for seed in range(8)]
    assert len({tuple(draw) for draw in draws}) > 4
    assert len({draw[0] for draw in draws}) == 1
    assert set(sum(draws, [])) <= allowed


def test_variety_makes_songs_less_alike():
    rows = catalogue(3000, 4, artists=100_000, genres=1)
    ranker, aim = Songs(rows, SPACE), SPACE.aim(WISH)

    def alike(variety):
        vectors = SPACE.songs(choose(ranker, SPACE, aim, count=20, variety=variety).masks)
        return float((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)].mean())

    assert alike(0.0) > alike(0.5) > 0
    assert alike(0.7) < 0.9 * alike(0.0)


def test_filters_hold():
    rows = catalogue(500, 2, artists=10_000)
    ranker, aim, places = Songs(rows, SPACE), SPACE.aim(WISH), by_id(rows)
    first = choose(ranker, SPACE, aim, count=10)
    for filters, holds in ((Filters(languages=["ko"]), lambda place: rows.languages[place] == "ko"),
                           (Filters(years=(2000, 2010)), lambda place: rows.years[place] == 2005),
                           (Filters(left_out=set(first.ids.tolist())),
                            lambda place: rows.ids[place] not in first.ids)):
        found = choose(ranker, SPACE, aim, count=10, filters=filters)
        assert len(found.ids) and all(holds(places[entry]) for entry in found.ids.tolist())


def test_a_song_of_another_season_loses_and_one_without_season_does_not():
    songs = [["사랑", "여름"], ["사랑", "겨울"], ["사랑", "아침"]]
    rows = Rows(np.arange(3), np.arange(3), np.array([GENRES[0]] * 3), np.array(["ko"] * 3),
                np.zeros(3, np.int16), words_of([vocabulary().mask(tags) for tags in songs]))
    aim = SPACE.aim({"사랑": 1.0, "여름": 1.0})
    found = Songs(rows, SPACE).ranked(aim, 3, None, Filters())
    scores = dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
    assert scores[0] == pytest.approx(1, abs=1e-6)
    assert scores[2] - scores[1] == pytest.approx(config.CONFLICT, abs=1e-6)


def test_a_pushed_away_tag_takes_songs_down():
    songs = [["사랑", "슬픔"], ["사랑", "행복"]]
    rows = Rows(np.arange(2), np.arange(2), np.array([GENRES[0]] * 2), np.array(["ko"] * 2),
                np.zeros(2, np.int16), words_of([vocabulary().mask(tags) for tags in songs]))
    found = Songs(rows, SPACE).ranked(SPACE.aim({"사랑": 1.0, "슬픔": -1.0}), 2, None, Filters())
    assert found.ids.tolist() == [1, 0]


# --- reasons ------------------------------------------------------------------------------------------------------


def test_why_names_shared_near_and_opposed_tags():
    space = meaning.space()
    aim = space.aim(Wish({"여름": 1.0, "해변": 1.0, "슬픔": -1.0}))
    found = why(space, aim, vocabulary().mask(["해변", "겨울", "슬픔"]))
    assert found.shared == ("해변",)
    assert set(found.against) == {"겨울", "슬픔"}
    assert [(wished, own) for wished, own, _ in found.near] == [("여름", "겨울")]
    assert found.near[0][2] >= 0.3


def test_real_vectors_bring_the_mood_and_not_only_the_place():
    space = meaning.space()
    tags = [["해변", "슬픔", "잔잔한"], ["카페", "슬픔", "잔잔한"], ["해변", "기쁨", "신나는"]]
    rows = Rows(np.arange(3), np.arange(3), np.array([GENRES[0]] * 3), np.array(["ko"] * 3), np.zeros(3, np.int16),
                words_of([vocabulary().mask(each) for each in tags]))
    found = Songs(rows, space).ranked(space.aim(Wish({"해변": 1, "슬픔": 1, "잔잔한": 1})), 3, None, Filters())
    assert found.ids.tolist() == [0, 1, 2]
    assert {category for category in CATEGORIES if config.CATEGORY_WEIGHTS[category] == max(
        config.CATEGORY_WEIGHTS.values())} <= {"emotion", "style"}


def test_the_search_ranks_as_the_measured_function_does():
    space, rows = meaning.space(), catalogue(300, 9)
    aim = space.aim(Wish({"비오는날": 1.0, "외로움": 1.0, "밤": 1.0}, "창밖을 보며"))
    order = np.argsort(rows.ids)  # rows as the function has them, numbered as the search has them
    wanted = rows.ids[order][meaning.ranking(space, rows.masks[order], aim)][:20]
    assert Songs(rows, space).ranked(aim, 20, None, Filters()).ids.tolist() == wanted.tolist()
