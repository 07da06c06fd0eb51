"""The starter playlists keep their word: real songs of the catalogue, varied, honest, and what the tool writes."""

from __future__ import annotations

import csv
import json
import re
import sys
import tomllib
from collections import Counter
from itertools import combinations

import pytest

import config
from data_processing import normalise

FILE = config.ROOT / "catalogue" / "playlists.jsonl"
SONGS = config.ROOT / "catalogue" / "songs.csv"
SPECIFICATIONS = config.ROOT / "tools" / "playlists.toml"
HANGUL = re.compile("[가-힣]")


@pytest.fixture(scope="module")
def playlists():
    return [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def songs():
    with SONGS.open(encoding="utf-8", newline="") as file:
        return {(row["artist"], row["title"]) for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(config.ROOT / "tools"))
    try:
        import make_playlists
    finally:
        sys.path.pop(0)
    return make_playlists


def songs_of(playlist):
    return [tuple(song) for song in playlist["songs"]]


def test_there_are_enough_playlists_and_korean_titles_come_first(playlists):
    assert len(playlists) >= 420
    assert 0.7 <= sum(bool(HANGUL.search(each["title"])) for each in playlists) / len(playlists) <= 0.8


def test_each_line_has_the_five_fields_and_nobody_liked_it(playlists):
    for each in playlists:
        assert list(each) == ["title", "tags", "songs", "updated", "likes"]
        assert (each["updated"], each["likes"]) == ("2026-11-21", 0)


def test_no_title_comes_twice(playlists):
    assert [title for title, count in Counter(normalise(each["title"]) for each in playlists).items() if count > 1] == []


def test_a_title_is_more_than_its_tags(playlists):
    for each in playlists:
        words = {normalise(word) for word in each["title"].split()}
        assert not words <= {normalise(tag) for tag in each["tags"]}, each["title"]


def test_tags_are_three_to_ten_short_different_words(playlists):
    for each in playlists:
        assert 3 <= len(each["tags"]) <= 10, each["title"]
        assert len({normalise(tag) for tag in each["tags"]}) == len(each["tags"]), each["title"]
        assert all(1 <= len(tag) <= 20 and not re.search(r"[\s#,]", tag) for tag in each["tags"]), each["title"]


def test_lengths_are_in_bounds_and_vary(playlists):
    lengths = Counter(len(each["songs"]) for each in playlists)
    assert min(lengths) >= 15 and max(lengths) <= 40
    assert len(lengths) >= 15 and max(lengths.values()) < 0.15 * len(playlists)


def test_every_song_is_in_the_catalogue_and_none_twice_in_a_playlist(playlists, songs):
    for each in playlists:
        assert set(songs_of(each)) <= songs, each["title"]
        assert len(set(songs_of(each))) == len(each["songs"]), each["title"]


def test_every_song_of_the_catalogue_is_heard_and_most_more_than_once(playlists, songs):
    uses = Counter(song for each in playlists for song in songs_of(each))
    assert set(uses) == songs
    assert sum(count >= 2 for count in uses.values()) >= 0.9 * len(songs)


def test_only_playlists_about_artists_have_more_than_four_songs_of_one(playlists):
    caps = {title: each.get("cap", 0) for title, each in tomllib.loads(SPECIFICATIONS.read_text("utf-8")).items()
            if isinstance(each, dict)}  # fmt: skip
    many = {each["title"]: max(Counter(artist for artist, _ in songs_of(each)).values()) for each in playlists}
    assert [title for title, count in many.items() if count > max(4, caps[title])] == []
    assert sum(count > 4 for count in many.values()) <= 0.1 * len(playlists)


def test_playlists_differ(playlists):
    sets = [(each["title"], set(songs_of(each))) for each in playlists]
    alike = [(one, other) for (one, left), (other, right) in combinations(sets, 2)
             if len(left & right) > 0.8 * min(len(left), len(right))]  # fmt: skip
    assert alike == []


def test_songs_that_belong_together_meet_more_often_than_chance(playlists):
    genres = {}
    with SONGS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            genres[row["artist"], row["title"]] = row["genre"]
    share = Counter(genres.values())
    by_chance = sum((count / len(genres)) ** 2 for count in share.values())
    pairs = [genres[one] == genres[other] for each in playlists for one, other in combinations(songs_of(each), 2)]
    assert sum(pairs) / len(pairs) > 4 * by_chance


def test_the_file_is_what_the_tool_writes(tool):
    written = "".join(f"{tool.line(each)}\n" for each in tool.make())
    assert written == FILE.read_text("utf-8")


def test_carols_are_drawn_only_where_winter_is_wished(tool):
    drawn = [(each.wish, song) for each in tool.make() for song in each.songs if song not in each.wish.named]
    carols = [(wish, song) for wish, song in drawn if tool.is_carol(song)]
    assert carols and all(tool.wants_carols(wish) for wish, _ in carols)


def test_the_tool_names_every_mistake_of_a_specification(tool, tmp_path):
    file = tmp_path / "playlists.toml"
    file.write_text('known = "밤편지"\n["A"]\ntags = "a b c"\nneed = "nothing|봄"\nwith = "Hello; No Such Song"\nby = "Nobody"\n'
                    'colour = "red"\n', "utf-8")  # fmt: skip
    with pytest.raises(SystemExit) as refused:
        tool.read_wishes(tool.read_songs(), file)
    message = str(refused.value)
    for part in ("unknown tag nothing", "any of Adele - Hello or Lionel Richie - Hello", "'No Such Song' is not in",
                 "unknown artist Nobody", "unknown key colour"):  # fmt: skip
        assert part in message
    assert "밤편지" not in message and "unknown tag 봄" not in message
