"""The playlist that is shown: how much of it comes from the chosen playlists, exact numbers or reasons, edits."""

from __future__ import annotations

import math
from dataclasses import replace as changed

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import locales
from playlisting.selection import ARCS, Candidate, Controls, lean, remove, reorder, replace, select


def pool(chosen=120, new=120, **more):
    """Candidates 0.. from chosen playlists, 1000.. from elsewhere; each side best first, elsewhere a little better."""
    return [*(Candidate(at, 1 - at / 200, True, **more) for at in range(chosen)),
            *(Candidate(1000 + at, 1.1 - at / 200, **more) for at in range(new))]


def ids(selection):
    return [each.song for each in selection.songs]


def codes(selection):
    return [each.code for each in selection.reasons]


@pytest.mark.parametrize(("similarity", "count", "chosen"), [(0, 20, 0), (10, 20, 2), (10, 5, 1), (10, 100, 10),
                                                             (100, 20, 20), (50, 7, 4)])
def test_the_share_comes_from_the_chosen_playlists_best_first(similarity, count, chosen):
    found = select(pool(), Controls(count=count, similarity=similarity))
    assert sorted(each for each in ids(found) if each < 1000) == list(range(chosen))
    assert sorted(each for each in ids(found) if each >= 1000) == list(range(1000, 1000 + count - chosen))
    assert found.reasons == ()


@given(st.sampled_from([0, 10, 100]), st.integers(5, 100), st.integers(0, 60), st.integers(0, 60), st.integers(0, 5),
       st.sampled_from(ARCS), st.one_of(st.none(), st.integers(1, 4)), st.data())
@settings(max_examples=150, deadline=None)
def test_exactly_the_number_or_a_reason(similarity, count, chosen, new, seed, arc, cap, data):
    made = [changed(each, artist=f"artist {each.song % 7}", arousal=None if each.song % 5 == 0 else math.sin(each.song))
            for each in pool(chosen, new)]
    every = [each.song for each in made]
    locked = data.draw(st.lists(st.sampled_from(every), unique=True, max_size=4)) if every else []
    typed = data.draw(st.lists(st.sampled_from(every), unique=True, max_size=4)) if every else []
    controls = Controls(count=count, similarity=similarity, seed=seed, arc=arc, artist_cap=cap, typed=typed,
                        locked={song: place for place, song in enumerate(locked)})
    found = select(made + made[:3], controls)
    assert len(set(ids(found))) == len(ids(found)) <= count
    assert set(locked) <= set(ids(found)) and not (set(typed) - set(locked)) & set(ids(found))
    assert len(found.songs) == count or "short" in codes(found)
    free = [each for each in found.songs if each.song not in locked]
    if similarity in (0, 100):
        assert all(each.chosen == (similarity == 100) for each in free)
    if cap:
        held = [each.artist for each in free]
        assert all(held.count(name) <= cap for name in held)
    assert found == select(made + made[:3], controls)
    for reason in found.reasons:
        for lang in locales.LANGUAGES:
            assert locales.t(lang, f"playlist_reason.{reason.code}", **reason.values)


def test_one_side_fills_up_for_the_other_but_not_at_the_ends():
    found = select(pool(chosen=1, new=40), Controls(count=20, similarity=50))
    assert len(found.songs) == 20 and codes(found) == ["short_chosen", "filled_new"]
    assert dict(found.reasons[0].values) == {"have": 1, "wanted": 10}
    found = select(pool(chosen=3), Controls(count=20, similarity=100))
    assert ids(found) == [0, 1, 2] and codes(found) == ["short_chosen", "short"]
    found = select(pool(new=0), Controls(count=20, similarity=0))
    assert ids(found) == [] and codes(found) == ["short_new", "short"]


def test_filters_say_what_they_left_out():
    some = [Candidate(1, 1, language="ko", year=1999), Candidate(2, 1, language="en", year=2010),
            Candidate(3, 1, language="", year=2010), Candidate(4, 1, language="ko"),
            *(Candidate(at, 0.5, language="ko", year=2010) for at in range(10, 20))]
    found = select(some, Controls(count=10, similarity=0, languages={"ko"}, years=(2005, 2012)))
    assert sorted(ids(found)) == list(range(10, 20))
    assert {each.code: each.values["count"] for each in found.reasons} == {
        "language_unknown": 1, "year_unknown": 1, "filtered": 2}


def test_the_artist_cap_holds_and_says_so_where_it_costs_songs():
    found = select(pool(artist="one"), Controls(count=10, artist_cap=3))
    assert len(found.songs) == 3 and {"short", "artist_cap"} <= set(codes(found))
    found = select(pool(artist=""), Controls(count=10, artist_cap=1))
    assert len(found.songs) == 10  # nobody knows whether they are the same


def test_locked_songs_keep_their_places_and_a_seed_draws_the_others_again():
    first = select(pool(), Controls(count=10))
    kept = {first.songs[0].song: 0, first.songs[7].song: 7}
    other = select(pool(), Controls(count=10, locked=kept, seed=3))
    assert [other.songs[0].song, other.songs[7].song] == list(kept) and len(other.songs) == 10
    assert set(ids(other)) != set(ids(first))
    assert other == select(pool(), Controls(count=10, locked=kept, seed=3))
    assert sum(each.chosen for each in other.songs) == 1
    many = select(pool(), Controls(count=5, locked={song: song for song in range(8)}))
    assert ids(many) == list(range(8)) and codes(many) == ["locked_many"]


def test_minutes_with_lengths_known_partly_and_not_at_all():
    found = select(pool(seconds=200.0), Controls(count=20, minutes=30))
    assert len(found.songs) == 9 and found.seconds == 1800 and found.reasons == ()
    some = [changed(each, seconds=None) if each.song % 2 else each for each in pool(seconds=200.0)]
    found = select(some, Controls(count=20, minutes=30))
    assert len(found.songs) == 9 and codes(found) == ["length_unknown"] and found.seconds is None
    found = select(pool(), Controls(count=20, minutes=30))
    assert len(found.songs) == 20 and codes(found) == ["lengths_unknown"]
    found = select(pool(seconds=200.0), Controls(count=5, minutes=90))
    assert len(found.songs) == 5 and codes(found) == ["minutes_short"]


def energies(arc, count=16):
    some = [Candidate(at, 1 - at / 100, arousal=((at * 7) % 16) / 8 - 1) for at in range(16)]
    return [each.arousal for each in select(some, Controls(count=count, similarity=0, arc=arc)).songs]


def test_the_arcs():
    rising, wave = energies("rising"), energies("wave")
    assert rising == sorted(rising) and sorted(wave) == rising
    assert max(wave[3:6]) == max(wave) or max(wave[11:14]) == max(wave)
    assert max(wave[0], wave[8]) < -0.5 and min(wave[4], wave[12]) > 0.5  # down at 0 and 8, up at 4 and 12
    flat = energies("flat")
    assert abs(flat[0]) <= abs(flat[-1]) and sorted(flat) == rising
    found = select(pool(), Controls(count=5, arc="rising"))
    assert codes(found) == ["energy_unknown"] and found.reasons[0].values == {"count": 5}


def test_edits():
    songs = select(pool(), Controls(count=5, similarity=0)).songs
    assert [each.song for each in reorder(songs, 1004, 0)] == [1004, 1000, 1001, 1002, 1003]
    assert [each.song for each in reorder(songs, 1000, 99)] == [1001, 1002, 1003, 1004, 1000]
    assert reorder(songs, 7, 0) == songs
    assert [each.song for each in remove(songs, 1002)] == [1000, 1001, 1003, 1004]
    found = replace(songs, 1002, pool(), Controls(count=5))
    assert ids(found) == [1000, 1001, 1005, 1003, 1004]
    found = replace(songs, 1002, pool(), Controls(count=5), alike={77: 1.0, 1003: 5.0})
    assert ids(found) == [1000, 1001, 77, 1003, 1004]
    none = replace(songs, 1002, songs, Controls(count=5))
    assert none.songs == songs and codes(none) == ["short"]


def test_edited_tags_move_scores_both_ways():
    some = [Candidate(1, 0.50), Candidate(2, 0.55), Candidate(3, 0.60)]
    tags = {1: {"calm"}, 2: set(), 3: {"loud"}}
    moved = lean(some, {"calm": 1.0, "loud": -1.0}, tags.get)
    assert [each.song for each in sorted(moved, key=lambda one: -one.score)] == [1, 2, 3]
    assert lean(some, {}, tags.get) == tuple(some)


@pytest.mark.parametrize("wrong", [{"count": 4}, {"count": 101}, {"similarity": -1}, {"similarity": 101},
                                   {"arc": "falling"}, {"artist_cap": 0}])
def test_controls_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Controls(**wrong)
