"""Songs for a mood: the whole way through the database, the copy in memory, the database's own index."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from moods.meaning import space
from moods.songs import Filters
from moods.vocabulary import CATEGORIES, vocabulary
from queries import mood_search as queries
from support.errors import DataError
from usecases import mood_search
from usecases.mood_search import Neighbours, find_songs, make_nearest_index, songs_in_memory

HEADER = ("title", "artist", "album", "year", "genre", "language", *CATEGORIES)


@pytest.fixture
def catalogue(clean, tmp_path):
    """Import songs: three genres, a song an artist, tags drawn with a seed; return the importer."""
    mood_search._held = mood_search._outside = None

    def put(songs, name="songs.csv"):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADER)
            writer.writeheader()
            writer.writerows(songs)
        return services.import_catalogue(ADMIN, path)

    yield put
    mood_search._held = mood_search._outside = None


def made_up(count, seed=0, genres=("발라드", "댄스", "재즈")):
    rng = np.random.default_rng(seed)
    songs = []
    for number in range(count):
        song = {"title": f"노래 {number}", "artist": f"가수 {number}", "year": 1980 + number % 40,
                "genre": genres[number % len(genres)], "language": ("ko", "en")[number % 2]}
        for category in CATEGORIES:
            names = vocabulary().categories[category]
            most = 3 if category in ("emotion", "style") else 2
            chosen = rng.choice(names, rng.integers(1 if most == 3 else 0, most + 1), replace=False)
            song[category] = "|".join(chosen)
        songs.append(song)
    return songs


WISH = services.Wish({"비오는날": 1.0, "외로움": 0.8, "잔잔한": 1.0})


def test_a_wish_finds_the_song_that_has_its_tags_with_reasons(catalogue):
    songs = made_up(60)
    wanted = {"title": "빗소리", "artist": "우산", "year": 2001, "genre": "발라드", "language": "ko",
              "emotion": "외로움", "style": "잔잔한", "weather": "비오는날"}
    catalogue([*songs, wanted])
    found = find_songs(ADMIN, WISH, genres=["발라드", "재즈"], count=6, seed=3)
    best = found.hits[0]
    assert (best.title, best.artist, best.year, best.genre, best.best) == ("빗소리", "우산", 2001, "발라드", True)
    assert best.similarity == pytest.approx(1, abs=0.02)
    assert set(best.why.shared) == {"비오는날", "외로움", "잔잔한"} and best.why.against == ()
    assert best.tags["weather"] == ("비오는날",)
    assert {hit.genre for hit in found.hits} == {"발라드", "재즈"} and len(found.hits) == 6 and not found.short
    assert found.exact and found.weights == {"비오는날": 1.0, "외로움": 0.8, "잔잔한": 1.0}


def test_a_change_of_the_catalogue_is_seen_at_once(catalogue):
    catalogue(made_up(30))
    before = find_songs(ADMIN, WISH, count=5)
    catalogue([{"title": "새 노래", "artist": "새 가수", "genre": "발라드", "language": "ko", "emotion": "외로움",
                "style": "잔잔한", "weather": "비오는날"}], "more.csv")
    after = find_songs(ADMIN, WISH, count=5)
    assert after.hits[0].title == "새 노래" and before.hits[0].title != "새 노래"
    entry = after.hits[0].entry_id
    services.edit_tags(ADMIN, entry, {"emotion": ["기쁨"], "style": ["신나는"], "weather": ["맑은날"]})
    assert find_songs(ADMIN, WISH, count=5).hits[0].entry_id != entry


def test_one_copy_serves_all_searches_until_the_catalogue_changes(catalogue):
    catalogue(made_up(20))
    first = songs_in_memory()
    assert songs_in_memory() is first and len(first) == 20
    catalogue(made_up(21), "more.csv")
    assert songs_in_memory() is not first and len(songs_in_memory()) == 21


def test_too_few_songs_are_said_to_be_too_few(catalogue):
    catalogue(made_up(9))
    found = find_songs(ADMIN, WISH, genres=["재즈"], count=5)
    assert found.short and len(found.hits) <= 3 and found.matches == len(found.hits)
    assert find_songs(ADMIN, WISH, genres=["트롯"], count=5).hits == ()


def test_filters_reach_the_search(catalogue):
    catalogue(made_up(60))
    found = find_songs(ADMIN, WISH, count=5, languages=["en"], years=(1990, 2010))
    assert found.hits and all(hit.language == "en" and 1990 <= hit.year <= 2010 for hit in found.hits)
    again = find_songs(ADMIN, WISH, count=5, left_out={hit.entry_id for hit in found.hits})
    assert not {hit.entry_id for hit in again.hits} & {hit.entry_id for hit in found.hits}


@pytest.mark.parametrize(("options", "code"), [
    ({"genres": ["폴카"]}, "mood.genres"), ({"genres": ["발라드", "댄스", "재즈", "인디"]}, "mood.genres"),
    ({"count": 4}, "mood.count"), ({"count": 31}, "mood.count"), ({"variety": 1.5}, "mood.variety"),
])
def test_what_cannot_be_searched_is_refused_with_what_can(clean, options, code):
    with pytest.raises(DataError) as caught:
        find_songs(ADMIN, WISH, **options)
    assert caught.value.code == code


@pytest.mark.parametrize("wish", [services.Wish(), services.Wish({"사랑": 0.0}), services.Wish({"아무": 1.0}, "  ")])
def test_nothing_wished_for_is_refused(clean, wish):
    with pytest.raises(DataError) as caught:
        find_songs(ADMIN, wish)
    assert caught.value.code == "mood.nothing"


def test_the_databases_index_gives_the_answers_of_memory(catalogue, monkeypatch):
    catalogue(made_up(400))
    with db.begin() as connection:
        if not queries.has_vectors(connection):
            pytest.skip("this PostgreSQL has no pgvector")
    monkeypatch.setattr(mood_search, "IN_MEMORY", 100)
    assert make_nearest_index()
    meaning = space()
    aim, memory = meaning.aim(WISH), songs_in_memory(meaning)
    for genre, filters in ((None, Filters()), ("재즈", Filters()), (None, Filters(languages=["en"], years=(1990, 2010))),
                           ("댄스", Filters(left_out=memory.ranked(aim, 3, "댄스", Filters()).ids.tolist()))):
        ours, exact = (one.ranked(aim, 5, genre, filters) for one in (Neighbours(meaning), memory))
        assert ours.ids.tolist() == exact.ids.tolist()
        np.testing.assert_allclose(ours.scores, exact.scores, atol=1e-6)
        assert ours.artists.tolist() == exact.artists.tolist()
    mood_search._held = mood_search._outside = None
    found = find_songs(ADMIN, WISH, genres=["재즈"], count=5)
    assert not found.exact and mood_search._held is None
    assert replace(found, exact=True) == _in_memory(found, monkeypatch)
    with db.begin() as connection:
        connection.exec_driver_sql("DROP EXTENSION vector CASCADE")


def _in_memory(found, monkeypatch):
    monkeypatch.setattr(mood_search, "IN_MEMORY", 1_000_000)
    mood_search._held = mood_search._outside = None
    return find_songs(ADMIN, WISH, genres=["재즈"], count=5)


def test_an_index_of_other_weights_is_not_used(catalogue, monkeypatch):
    catalogue(made_up(30))
    monkeypatch.setattr(mood_search, "IN_MEMORY", 10)
    with db.begin() as connection:
        if not queries.has_vectors(connection):
            pytest.skip("this PostgreSQL has no pgvector")
        connection.exec_driver_sql("UPDATE catalogue_entries SET embedded_by = 'another' WHERE mod(id, 2) = 0")
    assert not make_nearest_index()
    assert find_songs(ADMIN, WISH, count=5).exact
    with db.begin() as connection:
        connection.exec_driver_sql("DROP EXTENSION IF EXISTS vector CASCADE")
