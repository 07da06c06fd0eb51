"""The starter catalogue keeps its word: enough songs of each genre, none twice, tags that tell songs apart."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

import config
from data_processing import normalise
from moods.vocabulary import CATEGORIES, mood_of, vocabulary

FILE = config.ROOT / "catalogue" / "songs.csv"


@pytest.fixture(scope="module")
def songs():
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tags_of(song):
    return {category: [tag for tag in song[category].split("|") if tag] for category in CATEGORIES}


def test_there_are_enough_songs_of_each_genre(songs):
    counts = Counter(song["genre"] for song in songs)
    assert len(songs) >= 1600
    assert set(counts) == set(vocabulary().genres)
    assert min(counts.values()) >= 100


def test_no_song_comes_twice_and_no_artist_too_often(songs):
    songs_of = Counter((normalise(song["artist"]), normalise(song["title"])) for song in songs)
    artists = Counter((normalise(song["artist"]), song["genre"]) for song in songs)
    assert [song for song, count in songs_of.items() if count > 1] == []
    assert [artist for artist, count in artists.items() if count > 6] == []


def test_korean_music_comes_first(songs):
    assert sum(song["language"] == "ko" for song in songs) > 0.45 * len(songs)


def test_every_tag_is_of_its_category_and_mood_is_never_left_out(songs):
    for song in songs:
        for category, tags in tags_of(song).items():
            assert all(tag in vocabulary() and vocabulary().category_of(tag) == category for tag in tags), song
        assert song["emotion"] and song["style"], song


def test_tags_tell_songs_apart(songs):
    combinations = Counter(tuple(song[category] for category in CATEGORIES) for song in songs)
    assert max(combinations.values()) <= 0.01 * len(songs)
    used = {tag for song in songs for tags in tags_of(song).values() for tag in tags}
    assert used == set(vocabulary().names)


def test_years_and_languages_are_plausible(songs):
    assert all(1600 <= int(song["year"]) <= 2026 for song in songs)
    assert all(song["language"].isalpha() and len(song["language"]) in (2, 3) for song in songs)
    assert all(song[name] == song[name].strip() and song[name] for song in songs for name in ("title", "artist"))


def test_a_lively_song_is_placed_above_a_quiet_one(songs):
    by_title = {song["title"]: mood_of(tag for tags in tags_of(song).values() for tag in tags) for song in songs}
    pairs = [(left, right) for left, right in by_title.items() if left in ("Dynamite", "강남스타일", "Uptown Funk")]
    sad = [mood for title, mood in by_title.items() if title in ("거리에서", "사랑했지만", "Hurt", "Nocturne")]
    assert pairs and sad
    assert min(mood[0] for _, mood in pairs) > max(mood[0] for mood in sad)
    assert min(mood[1] for _, mood in pairs) > max(mood[1] for mood in sad)
