"""Manifests of tracks to learn from, and splits of them: what is taken, what is refused and why, who is kept apart."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from hits.manifest import genre_of, read_manifest
from hits.split import Split, check_split, facts_of, groups_of, names_of, split
from support.errors import DataError, FileRefused, describe

HEADER = "audio,lyrics,genre,artist,title,date,label,popularity"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    for number in range(12):
        (tmp_path / f"{number}.wav").write_bytes(b"x")
        (tmp_path / f"{number}.txt").write_text("la la", "utf-8")
    (tmp_path / "sub" / "노래.mp3").write_bytes(b"x")
    return tmp_path


def written(folder, *lines, header=HEADER, encoding="utf-8"):
    path = folder / "manifest.csv"
    path.write_bytes("\n".join((header, *lines)).encode(encoding))
    return path


def reasons(found):
    return [(row.line, row.code) for row in found.refused]


def test_a_manifest_is_read(folder):
    found = read_manifest(written(folder, "0.wav,0.txt,POP,IU,Palette,2017-04-21,1,", "1.wav,,발라드,나윤권,나였으면,2008,0,",
                                  ",2.txt,Dance,TWICE,,2016년 4월,1.0,55"))
    first, second, third = found.rows
    assert (first.audio, first.lyrics) == (folder / "0.wav", folder / "0.txt")
    assert (first.genre, first.artist, first.title, first.date, first.hit, first.line) == (
        "POP", "IU", "Palette", date(2017, 4, 21), True, 2)
    assert (second.genre, second.lyrics, second.date, second.hit) == ("BALLAD", None, date(2008, 7, 1), False)
    assert (third.genre, third.audio, third.date, third.hit, third.popularity) == ("DANCE", None, date(2016, 4, 15), True, 55)
    assert found.genres == ("POP", "BALLAD", "DANCE") and found.of("DANCE") == (third,)
    assert found.refused == () and len(found.sha256) == 64


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_korean_headers_encodings_and_separators(folder, encoding, mark):
    header = mark.join(("오디오", "가사", "장르", "가수", "곡명", "날짜", "라벨", "인기도"))
    row = mark.join(("sub/노래.mp3", "", "댄스", "소녀시대", "다시 만난 세계", "2007.08.05", "히트", ""))
    found = read_manifest(written(folder, row, header=header, encoding=encoding))
    assert found.refused == ()
    assert (found.rows[0].artist, found.rows[0].genre, found.rows[0].hit) == ("소녀시대", "DANCE", True)
    assert found.rows[0].audio == folder / "sub" / "노래.mp3" and found.rows[0].date == date(2007, 8, 5)


def test_every_row_that_is_not_taken_says_why(folder):
    found = read_manifest(written(
        folder, "0.wav,,Jazz,A,t,,1,", "1.wav,,POP,,t,,1,", "2.wav,,POP,A,t,,,", "3.wav,,POP,A,t,,maybe,",
        "4.wav,,POP,A,t,,,lots", "5.wav,,POP,A,t,03/04/2020,1,", "gone.wav,,POP,A,t,,1,", ",,POP,A,t,,1,",
        "6.wav,,POP,A,t,,1,", "", "6.wav,,POP,B,t,,0,", f"7.wav,,POP,{'x' * 501},t,,1,", "8.wav,,POP,A,t,,,7",
        "9.wav,,POP,A,t,2020-02-31,1,", "\0.wav,,POP,A,t,,1,".replace("\0", "a" * 300), "10.wav,missing.txt,POP,A,t,,1,"))
    assert reasons(found) == [
        (2, "hit_row.genre"), (3, "hit_row.artist"), (4, "hit_row.label"), (5, "hit_row.label_form"),
        (6, "hit_row.popularity"), (7, "hit_row.date"), (8, "hit_row.missing"), (9, "hit_row.nothing"),
        (12, "hit_row.twice"), (13, "hit_row.long"), (14, "hit_row.alike"), (15, "hit_row.date"), (16, "hit_row.missing"),
        (17, "hit_row.missing")]
    assert [row.line for row in found.rows] == [10]
    for row in found.refused:
        for lang in ("ko", "en"):
            assert "{" not in describe(lang, row.code, dict(row.values))


def test_popularity_becomes_labels_genre_by_genre(folder):
    lines = [f'{n}.wav,,POP,A{n},t,,,"{1_000 * (n + 1):,}"' for n in range(8)] + [
        "8.wav,,BALLAD,B,t,,,5", "9.wav,,BALLAD,C,t,,,1", "10.wav,,BALLAD,D,t,,0,99"]
    found = read_manifest(written(folder, *lines))
    assert [row.hit for row in found.rows] == [False] * 6 + [True] * 2 + [True, False, False]
    pop, ballad = found.thresholds
    assert (pop.genre, pop.at, pop.tracks, pop.hits) == ("POP", 7_000, 8, 2)
    assert (ballad.at, ballad.tracks, ballad.hits) == (5, 2, 1)  # a label counts before a popularity
    half = read_manifest(found.path, top_share=0.5)
    assert [row.hit for row in half.of("POP")] == [False] * 4 + [True] * 4


def test_equal_popularities_stay_together(folder):
    lines = [f"{n}.wav,,POP,A,t,,,{value}" for n, value in enumerate((0, 0, 0, 0, 0, 0, 3, 0))]
    assert [row.hit for row in read_manifest(written(folder, *lines), top_share=0.5).rows] == [False] * 6 + [True, False]


def test_quoted_line_ends_and_excels_hint(folder):
    path = written(folder, '0.wav,,POP,"A\nB",t,,1,', "1.wav,,Jazz,A,t,,1,", header=f"sep=,\n{HEADER}")
    found = read_manifest(path)
    assert [(row.line, row.artist) for row in found.rows] == [(3, "A B")] and reasons(found) == [(5, "hit_row.genre")]


def test_files_outside_a_folder_are_refused_where_asked(folder):
    path = folder / "sub" / "m.csv"
    path.write_text(f"{HEADER}\n../0.wav,,POP,A,t,,1,\n노래.mp3,,POP,A,t,,1,\n/etc/passwd,,POP,A,t,,1,\n", "utf-8")
    assert [row.line for row in read_manifest(path).rows] == [2, 3, 4]
    found = read_manifest(path, within=path.parent)
    assert [row.line for row in found.rows] == [3]
    assert reasons(found) == [(2, "hit_row.outside"), (4, "hit_row.outside")]


def test_names_of_files_as_other_systems_write_them(folder):
    import unicodedata

    (folder / unicodedata.normalize("NFD", "바다.wav")).write_bytes(b"x")
    (folder / "two  blanks.wav").write_bytes(b"x")
    (folder / "loop").symlink_to("loop")
    found = read_manifest(written(folder, "바다.wav,,POP,A,t,,1,", "sub\\노래.mp3,,POP,A,t,,1,", "two  blanks.wav,,POP,A,t,,1,",
                                  "loop,,POP,A,t,,1,", "../../gone.wav,,POP,A,t,,1,"), within=folder)
    assert [row.line for row in found.rows] == [2, 3, 4]
    assert reasons(found) == [(5, "hit_row.missing"), (6, "hit_row.outside")]


def test_anything_at_all_is_read_or_refused(folder):
    rng = np.random.default_rng(0)
    path = folder / "m.csv"
    plain = f'{HEADER}\n0.wav,0.txt,POP,"A, B",t,2020,1,"1,5"\n1.wav,,DANCE,나,t,,,77\n'.encode()
    for _ in range(300):
        data = bytearray(plain)
        for place in rng.integers(0, len(data), rng.integers(1, 12)):
            data[place] = rng.choice([rng.integers(0, 256), 34, 44, 10, 13, 0])
        path.write_bytes(bytes(data))
        try:
            found = read_manifest(path)
        except FileRefused as refused:
            assert "{" not in refused.message("ko")
        else:
            assert all(row.artist and row.genre for row in found.rows) and len(found.rows) + len(found.refused) > 0


@pytest.mark.parametrize(("text", "code"), [
    ("artist,title\nA,b", "hit_manifest.columns"), ("", "hit_manifest.columns"), (HEADER, "file.empty"),
    (f'{HEADER}\n0.wav,,POP,"{"x" * 140_000},t,,1,', "hit_manifest.quotes")])
def test_files_that_are_no_manifest(folder, text, code):
    path = folder / "m.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(FileRefused) as refused:
        read_manifest(path)
    assert refused.value.code == code
    with pytest.raises(FileRefused, match="cannot be opened|cannot be read|could not"):
        read_manifest(folder / "nowhere.csv")
    with pytest.raises(DataError, match="0.25"):
        read_manifest(path, top_share=1.5)


def test_genres_in_both_languages():
    assert [genre_of(text) for text in ("Pop", "팝", "K-POP", "가요", "ballads", "발라드", "댄스", "dance", "Jazz", "")] == [
        "POP", "POP", "POP", "POP", "BALLAD", "BALLAD", "DANCE", "DANCE", None, None]


# --- splits -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Track:
    artist: str
    hit: bool
    date: date | None = None
    title: str = ""


def tracks(count=300, artists=60, dated=True, seed=0):
    rng = np.random.default_rng(seed)
    start = date(2015, 1, 1)
    debut = rng.integers(0, 3_000, artists)
    owner = rng.integers(0, artists, count)
    return [Track(f"Artist {each}", bool(rng.random() < 0.4),
                  start + timedelta(int(debut[each] + rng.integers(0, 200))) if dated else None) for each in owner]


@pytest.mark.parametrize(("artist", "title", "names"), [
    ("A feat. B", "", {"a", "b"}), ("A Feat.B", "", {"a", "b"}), ("A ft. B & C", "", {"a", "b", "c"}),
    ("A x B", "", {"a", "b"}), ("A & B", "", {"a", "b"}), ("A, B", "", {"a", "b"}), ("아이유(IU)", "", {"아이유", "iu"}),
    ("지코", "아무노래 (Feat. 제시)", {"지코", "제시"}), ("A", "Song ft. B", {"a", "b"}), ("A", "Dance With You", {"a"}),
    ("Malcolm X", "", {"malcolmx"}), ("MAX", "", {"max"})])
def test_who_a_track_is_by(artist, title, names):
    whole = names_of(artist)[0:0] + names_of(artist, title)
    assert names <= set(whole) and len(set(whole) - names) <= 1  # and the whole name, where it is a joined one


def test_artists_are_one_group_through_others():
    rows = [Track(name, True) for name in ("A", "B feat. C", "c", "D & a", "E", "b x f", " E ")]
    assert list(groups_of(rows)) == [0, 1, 1, 0, 2, 1, 2]


@pytest.mark.parametrize("dated", [True, False])
def test_no_artist_is_on_two_sides_and_the_same_rows_give_the_same_split(dated):
    rows = tracks(dated=dated)
    found = split(rows)
    owners = [{rows[place].artist for place in side} for side in found.sides.values()]
    assert not (owners[0] & owners[1] or owners[0] & owners[2] or owners[1] & owners[2])
    assert sorted(np.concatenate(list(found.sides.values()))) == list(range(len(rows))) and found.by_date is dated
    assert abs(len(found.test) - 45) <= 18 and abs(len(found.validation) - 45) <= 18
    shares = [np.mean([rows[place].hit for place in side]) for side in found.sides.values()]
    assert max(shares) - min(shares) < (0.2 if dated else 0.05)
    again = split(rows)
    assert all(np.array_equal(one, other) for one, other in zip(found.sides.values(), again.sides.values(), strict=True))


def test_the_newest_are_the_test():
    rows = tracks()
    found = split(rows)
    days = {artist: [row.date for row in rows if row.artist == artist] for artist in {row.artist for row in rows}}
    middle = {artist: sorted(each)[len(each) // 2] for artist, each in days.items()}
    train, validation, test = ([middle[rows[place].artist] for place in side] for side in found.sides.values())
    assert max(train) <= min(validation) and max(validation) <= min(test)
    facts = facts_of(found, rows)
    assert facts["train"]["tracks"] + facts["validation"]["tracks"] + facts["test"]["tracks"] == 300
    assert facts["test"]["to"] == max(row.date for row in rows).isoformat()


def test_one_missing_date_ends_the_order_by_date():
    rows = tracks()
    assert not split([replace(rows[0], date=None), *rows[1:]]).by_date


def test_the_order_of_undated_rows_does_not_matter():
    rows = tracks(dated=False)
    order = np.random.default_rng(1).permutation(len(rows))
    first, second = split(rows), split([rows[place] for place in order])
    assert {rows[place].artist for place in first.test} == {rows[order[place]].artist for place in second.test}


def test_a_group_too_large_for_a_side_is_learned_from():
    rows = tracks() + [Track(f"Artist {n} feat. Everyone", n % 2 == 0, date(2026, 1, 1)) for n in range(30)]
    rows += [Track("Everyone", n % 2 == 0, date(2026, 1, 2)) for n in range(60)]
    found = split(rows)
    assert all("Everyone" not in rows[place].artist for place in (*found.validation, *found.test))


def test_small_sets_get_a_validation_that_can_be_calibrated_by():
    rows = tracks(130, 40, dated=False)
    found = split(rows)
    hits = sum(rows[place].hit for place in found.validation)
    assert hits >= 10 and len(found.validation) - hits >= 10


def test_an_artist_on_two_sides_is_an_error():
    rows = [*tracks(), Track("Guest (feat. artist 0)", True, date(2020, 1, 1))]
    found = split(rows[:-1])
    side = next(name for name, places in found.sides.items() if any(rows[place].artist == "Artist 0" for place in places))
    other = "train" if side != "train" else "test"
    leaking = replace(found, **{other: np.append(found.sides[other], len(rows) - 1)})
    with pytest.raises(DataError) as leak:
        check_split(leaking, rows)
    assert leak.value.code == "hit_split.artists" and {leak.value.values["first"], leak.value.values["second"]} == {side, other}
    with pytest.raises(DataError) as twice:
        check_split(replace(found, test=np.append(found.test, found.train[0])), rows)
    assert twice.value.code == "hit_split.rows"
    with pytest.raises(DataError):
        check_split(Split(np.array([0]), np.array([1]), np.array([len(rows)])), rows)


@pytest.mark.parametrize(("rows", "code"), [
    (tracks(59), "hit_split.few"), (tracks(400, 8), "hit_split.few"),
    ([replace(row, hit=place < 20) for place, row in enumerate(tracks())], "hit_split.few"),
    ([replace(row, hit=row.artist in ("Artist 1", "Artist 2")) for row in tracks(600, 14)], "hit_split.classes")])
def test_too_few_rows_say_what_is_needed(rows, code):
    with pytest.raises(DataError) as few:
        split(rows)
    assert few.value.code == code and "{" not in few.value.message("ko")
    if code == "hit_split.few":
        assert "thousands" in str(few.value)


def test_reading_and_splitting_load_no_tensorflow():
    code = "import sys, hits.manifest, hits.split; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0
