"""The Arena's files: the cleaning, in known numbers, and refusals with the next step."""

from __future__ import annotations

import gzip
import json

import pytest

from playlisting.melon import MelonSong, read_melon
from playlisting.words import clean, is_title, words_of
from support.errors import DataError

GENRES = {"GN0100": "발라드", "GN0900": "POP"}


def song(number, codes=("GN0100",), **more):
    return {"id": number, "song_name": f"노래 {number}", "artist_name_basket": ["가수"], "album_name": "앨범",
            "issue_date": "20160330", "song_gn_gnr_basket": list(codes), **more}


def row(number, title, songs, tags=(), likes=1, day="2019-05-20 13:55:51.000"):
    return {"id": number, "plylst_title": title, "songs": songs, "tags": list(tags), "like_cnt": likes, "updt_date": day}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "genre_gn_all.json").write_text(json.dumps(GENRES), "utf-8")
    songs = [song(0), song(1, ["GN0900"]), song(2, []), song(3, song_name="")]
    (tmp_path / "song_meta.json").write_text(json.dumps(songs), "utf-8")
    rows = [row(10, "여름 밤!!", [0, 1, 2, 9], ["밤", "여름"], 2, "2018-01-01 00:00:00.000"),
            row(11, "☆여름 밤☆", [1, 3], ["밤", "드문"], 3), row(12, "비 오는 날", [0, 1, 3, 9], ["밤"]),
            row(13, "2019", [0], ["밤"]), row(14, "!", [0]), row(15, "", [0]), row(16, "A", [0]),
            row(17, "드문 노래만", [7], ["밤"])]
    (tmp_path / "train.json").write_text(json.dumps(rows), "utf-8")
    return tmp_path


def test_the_cleaning(folder):
    found = read_melon(folder, rare_song=1, rare_tag=1)
    assert [(each.id, each.title, each.songs, each.tags, each.likes, each.updated) for each in found.playlists] == [
        (10, "여름 밤", (0, 1, 9, 3), ("밤",), 5, "2019-05-20"), (12, "비 오는 날", (0, 1, 3, 9), ("밤",), 1, "2019-05-20")]
    assert found.dropped == {"songs_without_genre": 1, "titles": 4, "merged": 1, "rare_songs": 1, "rare_tags": 2,
                             "empty": 1}
    assert found.songs == {0: MelonSong(0, "노래 0", ("가수",), "앨범", "20160330", ("발라드",)),
                           1: MelonSong(1, "노래 1", ("가수",), "앨범", "20160330", ("POP",)),
                           3: MelonSong(3, "#3", ("가수",), "앨범", "20160330", ("발라드",)), 9: MelonSong(9, "#9")}


def test_used_three_times_or_fewer_is_rare(folder):
    rows = [row(at, f"제목 {chr(0xAC00 + at)}", [0, *([1] if at < 3 else [])], ["많은", *(["적은"] if at < 3 else [])])
            for at in range(4)]
    (folder / "train.json").write_text(json.dumps(rows), "utf-8")
    found = read_melon(folder)
    assert all(each.songs == (0,) and each.tags == ("많은",) for each in found.playlists) and len(found.playlists) == 4


def test_val_and_test_are_read_where_they_are_and_gz_too(folder):
    with gzip.open(folder / "val.json.gz", "wt", encoding="utf-8") as file:
        json.dump([row(20, "여름 밤", [8], likes=0), row(21, "새 제목", [0, 1])], file)
    found = read_melon(folder, rare_song=0, rare_tag=0)
    assert [each.id for each in found.playlists] == [10, 12, 17, 21] and 8 in found.playlists[0].songs


@pytest.mark.parametrize(("name", "content", "code"), [
    ("train.json", None, "melon.missing"), ("song_meta.json", None, "melon.missing"), ("train.json", "{", "melon.broken"),
    ("train.json", "[1]", "melon.broken"), ("train.json", '[{"plylst_title": "제목"}]', "melon.broken"),
    ("song_meta.json", '[{"name": 1}]', "melon.broken"), ("genre_gn_all.json", "[]", "melon.broken")])
def test_what_is_not_there_or_not_right_is_refused(folder, name, content, code):
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content, "utf-8")
    with pytest.raises(DataError, match=name.split(".")[0]) as caught:
        read_melon(folder)
    assert caught.value.code == code


def test_titles():
    assert [clean(each) for each in ("  ★봄!노래_모음★ ", "♡♡", "R&B 2020")] == ["봄 노래 모음", "", "R B 2020"]
    assert [is_title(each) for each in ("봄", "20 20", "", "봄날", "7080 가요")] == [False, False, False, True, True]


def test_words():
    assert words_of("밤에 듣는 Jazz, 슬픈 밤") == ("밤", "듣", "jazz", "슬프")
    assert words_of("★ ♡ !!") == words_of("") == ()
