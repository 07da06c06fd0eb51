"""Lists of songs on Spark: the catalogue, its log and its vectors as an import of one process leaves them; the same songs found."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from conftest import run_query
from spark_session import spark_here  # noqa: F401

from accounts import LOCAL_ADMINISTRATOR, Actor
from data_processing import open_catalogue
from ingest import catalogue as reader
from moods.vocabulary import CATEGORIES, vocabulary
from pipelines import catalogue, recommend
from recommender import Songs, Wish, choose, space
from support.errors import DataError, NotAllowed
from usecases import catalogue_import

ENTRIES = """SELECT a.norm_key, s.norm_title, e.genre, e.album, e.year, e.language, e.situation, e.emotion, e."time", e.style,
             e.weather, e.season, e.embedded_by, e.haystack, e.source, e.embedding FROM catalogue_entries e
             JOIN songs s ON s.id = e.song_id JOIN artists a ON a.id = s.artist_id ORDER BY 1, 2, 3"""
LOG = """SELECT name, sha256, state, rows_read, added, changed, unchanged, edited, untagged, repeated, refused, unknown_tags, refusals
         FROM catalogue_imports ORDER BY id"""


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """Give a list of 3,000 made-up rows, odd ones among them."""
    rng, path = np.random.default_rng(5), tmp_path_factory.mktemp("songs") / "songs.csv"
    genres, every = list(vocabulary().genres), [name for category in CATEGORIES for name in vocabulary().categories[category]]
    lines = ["장르,곡명,가수,앨범,연도,언어,연관태그"]
    for number in range(3_000):
        tags = "|".join(rng.choice(every, rng.integers(1, 6), replace=False))
        lines.append(f"{genres[number % 16]},Song {number % 2_700},Artist {number % 211},Album {number % 31},{1960 + number % 60},ko,{tags}")
    lines[100] = '발라드,"두 줄\n제목",가수,,1999,ko,밤|없는태그'
    lines[200] = "없는장르,곡,가수,,1999,ko,밤"
    lines[300] = "발라드,곡,가수,,1999,ko,"
    lines[400] = "발라드,,가수,,1999,ko,밤"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.fixture
def small(monkeypatch):
    """Have batches and blocks so small that a list has many of each."""
    monkeypatch.setattr(reader, "BATCH_ROWS", 700)
    monkeypatch.setattr(catalogue, "BATCH_ROWS", 700)
    monkeypatch.setattr(catalogue_import.CatalogueFile, "batches", lambda self, skip=0, size=700: reader._batches(self, skip, size))


def assert_equal(found, expected):
    assert [row[:-1] for row in found] == [row[:-1] for row in expected]
    assert np.abs(np.array([row[-1] for row in found]) - np.array([row[-1] for row in expected])).max() < 1e-6


def test_the_catalogue_is_as_one_process_imports_it(spark, clean, empty, songs, small):
    one = catalogue_import.import_catalogue(LOCAL_ADMINISTRATOR, songs)
    expected, log = run_query(ENTRIES), run_query(LOG)
    empty()
    many = catalogue.import_catalogue(spark, LOCAL_ADMINISTRATOR, songs)
    assert_equal(run_query(ENTRIES), expected)
    assert run_query(LOG) == log
    assert (many.added, many.repeated, many.refused, many.untagged) == (one.added, one.repeated, one.refused, one.untagged)
    assert one.refused == 2 and one.untagged == 1 and len(expected) == one.added > 2_000


def test_every_combination_of_tags_is_embedded_once(spark, songs):
    rows = catalogue.in_order(catalogue.tagged(spark, songs, 3))
    vectors = catalogue.embedded(rows)
    table = rows.where("state = 'row'").select("mask").toPandas()
    assert len(vectors) == table["mask"].nunique() < len(table)
    plain = [row for batch in open_catalogue(songs).batches() for row in batch.rows]
    assert {row.mask for row in plain} == set(vectors)
    assert sorted(rows.where("state = 'row'").select("line").toPandas()["line"]) == [row.line for row in plain]


def test_an_import_that_was_cut_short_goes_on(spark, clean, songs, small):
    class Stops:
        def report(self, done, total, note=""):
            self.done = done

        def check(self):
            if getattr(self, "done", 0) >= 1_400:
                raise RuntimeError("cut")

    with pytest.raises(RuntimeError):
        catalogue_import.import_catalogue(LOCAL_ADMINISTRATOR, songs, progress=Stops())
    stored = run_query("SELECT count(*) FROM catalogue_entries")[0][0]
    report = catalogue.import_catalogue(spark, LOCAL_ADMINISTRATOR, songs)
    # what was stored before it was cut is neither added nor changed again
    assert report.changed == 0 and report.state == "done" and report.rows_read == 3_000 and 0 < stored < report.added == len(run_query(ENTRIES))


def test_who_may(spark, songs):
    with pytest.raises(NotAllowed):
        catalogue.import_catalogue(spark, Actor(9, "viewer", "v"), songs)


def in_memory(songs, wish, **more):
    rows = [row for batch in open_catalogue(songs).batches() for row in batch.rows]
    number = {line: at for at, (line, _) in enumerate(reader._csv_rows(open_catalogue(songs)), 1)}
    table = pd.DataFrame({"number": [number[row.line] for row in rows], "norm_artist": [row.norm_artist for row in rows],
                          "genre": [row.genre for row in rows], "language": [row.language for row in rows],
                          "year": [row.year for row in rows], "mask": [f"{row.mask:x}" for row in rows]})
    found = choose(Songs(recommend.rows_of(table), space()), space(), space().aim(wish), **more)
    names = dict(zip(table["number"], rows, strict=True))
    return [(names[at].artist, names[at].title, names[at].genre) for at in found.ids.tolist()], found.scores, found.matches


@pytest.mark.parametrize("more", [{"count": 5}, {"count": 12, "genres": ["발라드", "재즈"], "seed": 4, "variety": 0.5}])
def test_the_songs_found_are_those_of_the_search_in_memory(spark, songs, more):
    wish = Wish({"밤": 1.0, "비오는날": 0.8, "여름": -0.5}, "조용한 노래")
    names, scores, matches = in_memory(songs, wish, **more)
    found = recommend.recommend(spark, songs, wish, **more)
    assert [(song["artist"], song["title"], song["genre"]) for song in found["songs"]] == names and len(names) == more["count"]
    assert np.allclose([song["similarity"] for song in found["songs"]], scores, atol=2e-6, rtol=0)
    assert found["matches"] == matches and json.dumps(found)


def test_a_wish_that_is_none_is_refused(spark, songs):
    with pytest.raises(DataError, match="JSON"):
        recommend._wish("[1]")
    with pytest.raises(DataError, match="JSON"):
        recommend._wish('{"tags": {"밤": NaN}}')
    with pytest.raises(DataError):
        recommend.recommend(spark, songs, Wish({}, ""))
    with pytest.raises(DataError):
        recommend.recommend(spark, songs, Wish({"밤": 1.0}), genres=["발라"])
