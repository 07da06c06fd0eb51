"""Song lists: what cells may hold, CSV in its encodings and separators, Parquet, what is left out and why."""

from __future__ import annotations

import csv
import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import catalogue_cells as cells
from ingest.catalogue import LONGEST_NAME, open_catalogue
from ingest.names import normalise
from locales import t
from moods.vocabulary import vocabulary
from support.errors import FileRefused

HEADER = "장르,곡명,가수,앨범,연관태그"


def tags(*found):
    return vocabulary().unmask(cells.tags_in(found)[0])


def write(path, *lines, header=HEADER, encoding="utf-8"):
    path.write_bytes("\n".join([header, *lines, ""]).encode(encoding))
    return path


def read(path, **options):
    """Return all rows, and the batches added up."""
    batches = list(open_catalogue(path).batches(**options))
    return [row for batch in batches for row in batch.rows], batches


# --- cells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cell", "expected"), [
    (["카페", "비오는날"], {"카페", "비오는날"}), ("['카페', '비오는날']", {"카페", "비오는날"}),
    ('["카페", "비오는날"]', {"카페", "비오는날"}), ("['카페' '비오는날']", {"카페", "비오는날"}),
    ("array(['카페', '비오는날'], dtype=object)", {"카페", "비오는날"}), ("{'카페', '비오는날'}", {"카페", "비오는날"}),
    ("카페|비오는날", {"카페", "비오는날"}), ("카페, 비오는날", {"카페", "비오는날"}), ("카페;비오는날", {"카페", "비오는날"}),
    ("#카페 #비오는날", {"카페", "비오는날"}), ("#카페#비오는날", {"카페", "비오는날"}), ("#카페, #비오는날", {"카페", "비오는날"}),
    ("카페 비오는날", {"카페", "비오는날"}), ("카페\n비오는날", {"카페", "비오는날"}), ("[카페, 비오는날]", {"카페", "비오는날"}),
    ("비 오는 날", {"비오는날"}), ("봄/여름", {"봄", "여름"}), ("봄·여름", {"봄", "여름"}),
    ("출/퇴근길, 일/공부, 지침/힘듦", {"출/퇴근길", "일/공부", "지침/힘듦"}), ("휴식/출/퇴근길", {"휴식", "출/퇴근길"}),
    ("휴가/여행 스트레스/짜증 잠잘 때", {"휴가/여행", "스트레스/짜증", "잠잘 때"}), ("잠잘때", {"잠잘 때"}),
    ("#잠잘 때 #출/퇴근길", {"잠잘 때", "출/퇴근길"}),
    ("Work & study, Cool & fresh|LO-FI", {"일/공부", "시원한", "로파이"}), ("Valentine's Day", {"발렌타인데이"}),
    ('["Valentine\'s Day", "Holiday & travel"]', {"발렌타인데이", "휴가/여행"}), (["#봄", "여름, 가을"], {"봄", "여름", "가을"}),
    (json.dumps(["카페"]), {"카페"}), ("", set()), ("[]", set()), ("nan", set()), (None, set()), (float("nan"), set()),
    ([None, ""], set()), ("-", set()), (3, set())])
def test_tags_in_every_spelling(cell, expected):
    assert set(tags(cell)) == expected


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_tag_is_read_back_however_lists_are_written(lang):
    names = [vocabulary().label(tag.name, lang) for tag in vocabulary().tags]
    everything = vocabulary().names
    for written in (names, str(names), json.dumps(names), "|".join(names), ", ".join(names),
                    " ".join(f"#{name}" for name in names), ";".join(names)):
        assert tags(written) == everything
        assert cells.tags_in([written])[1] == ()
    assert all(tags(name) == (tag,) for name, tag in zip(names, everything, strict=True))


def test_what_is_no_tag_is_told():
    assert cells.tags_in(["사랑 노래, 카페", "['감성']", "nan"]) == (vocabulary().mask(["카페"]), ("사랑 노래", "감성"))
    assert cells.tags_in(["x" * 300])[1] == ("x" * cells.LONGEST_UNKNOWN,)


@given(st.one_of(st.text(max_size=80), st.lists(st.one_of(st.text(max_size=20), st.none(), st.floats()), max_size=4)))
def test_no_cell_is_an_error(cell):
    mask, unknown = cells.tags_in([cell])
    assert 0 <= mask < 1 << len(vocabulary().tags)
    assert all(isinstance(text, str) and text for text in unknown)
    cells.text_of(cell), cells.year_of(cell), cells.genre_of(cell), cells.language_of(cell)


@pytest.mark.parametrize(("cell", "year"), [
    (2019, 2019), ("2019", 2019), (2019.0, 2019), ("2019.05.01", 2019), ("2019-05-01", 2019), ("20190501", 2019),
    ("201905", 2019), ("2019년 5월", 2019), ("01/05/2019", 2019), (date(1725, 1, 1), 1725), ("19", None), ("", None),
    (None, None), ("0000-00-00", None), ("99999", None), (float("nan"), None), ("someday", None)])
def test_years(cell, year):
    assert cells.year_of(cell) == year


@pytest.mark.parametrize(("cell", "code"), [("ko", "ko"), ("한국어", "ko"), ("English", "en"), ("JA", "ja"), ("zxx", "zxx"),
                                            ("연주곡", "zxx"), ("pl", "pl"), ("Klingon", ""), ("", ""), (None, "")])
def test_languages(cell, code):
    assert cells.language_of(cell) == code


@pytest.mark.parametrize(("cell", "genre"), [
    ("락/메탈", "락/메탈"), ("Rock & metal", "락/메탈"), ("rock", "락/메탈"), ("OST/드라마", "OST"), ("Hip-hop", "랩/힙합"),
    ("랩 / 힙합", "랩/힙합"), ("J-POP", "JPOP"), ("트로트", "트롯"), (["재즈"], "재즈"), ("R&B", None), ("발라드, 댄스", None),
    ("", None), (None, None)])
def test_genres(cell, genre):
    assert cells.genre_of(cell) == genre


def test_the_tables_know_the_vocabulary_and_say_nothing_twice():
    assert set(cells.GENRES) == set(vocabulary().genres)
    genres = {}
    for genre, en in vocabulary().genres.items():
        for name in (genre, en, *cells.GENRES[genre]):
            assert genres.setdefault(normalise(name), genre) == genre, f"{name} is in two genres"
    for table in (cells.COLUMNS, cells.LANGUAGES):
        seen = {}
        for field, names in table.items():
            for name in names:
                assert seen.setdefault(normalise(name), field) == field, f"{name} stands for two"


def test_text_is_one_visible_line():
    assert cells.text_of(" a\u200bb\n\tc\u3000d\0 ") == "ab c d"
    assert cells.text_of(1989.0) == "1989"
    assert cells.text_of("가".encode().decode()) == "가"
    assert cells.text_of("'=SUM(A1)") == "=SUM(A1)" and cells.text_of("'Til") == "'Til"


# --- columns ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [
    HEADER, "Genre,Title,Artist,Album,Tags", "GENRE, song_title ,가 수,앨범명,해시태그", "장르,곡명,가수,앨범,감정",
    "장르,제목,아티스트,앨범,Emotion_Tags", "장르,곡명,가수,앨범,태그(감정)"])
def test_columns_go_by_many_names(tmp_path, header):
    rows, _ = read(write(tmp_path / "a.csv", "발라드,달,하늘,별,사랑", header=header))
    assert [(row.genre, row.title, row.artist, row.album) for row in rows] == [("발라드", "달", "하늘", "별")]
    assert vocabulary().unmask(rows[0].mask) == ("사랑",)


def test_tags_of_all_columns_count_wherever_they_stand(tmp_path):
    header = "title,artist,album,year,genre,language,situation,emotion,time,style,weather,season"
    rows, _ = read(write(tmp_path / "a.csv", "달,하늘,,1999,발라드,한국어,카페|산책,봄,,,,", header=header))
    assert vocabulary().sort(vocabulary().unmask(rows[0].mask)) == {
        "situation": ("카페", "산책"), "emotion": (), "time": (), "style": (), "weather": (), "season": ("봄",)}
    assert (rows[0].year, rows[0].language) == (1999, "ko")


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(FileRefused) as refused:
        open_catalogue(write(tmp_path / "a.csv", "x,y", header="곡명,앨범"))
    assert refused.value.code == "catalogue.columns"
    assert refused.value.values == {"missing": "가수, 장르, 연관태그", "found": "곡명, 앨범"}


# --- CSV ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_encodings_and_separators(tmp_path, encoding, separator):
    path = tmp_path / "a.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows(
            [HEADER.split(","), ["발라드", "달, 별; 해", "하늘", "한\n줄", "사랑|봄"], ["재즈", "밤", "하늘", "", "밤"]])
    rows, batches = read(path)
    assert [(row.line, row.title, row.album) for row in rows] == [(2, "달, 별; 해", "한 줄"), (4, "밤", "")]
    assert batches[0].read == 2


def test_a_pipe_parts_columns_where_the_header_says_so(tmp_path):
    rows, _ = read(write(tmp_path / "a.csv", "발라드|달|하늘|별|사랑,봄", header=HEADER.replace(",", "|")))
    assert vocabulary().unmask(rows[0].mask) == ("사랑", "봄")


def test_what_is_left_out_is_counted_with_its_reason(tmp_path):
    long = "가" * (LONGEST_NAME + 1)
    rows, (batch,) = read(write(
        tmp_path / "a.csv", "발라드,달,하늘,별,없는말", "발라드,달,하늘,별,사랑", "", ",,,,", "발라드, 달 ,하늘!,다른 앨범,봄",
        "댄스,달,하늘,별,봄", "R&B,달,하늘,별,봄", "발라드,,하늘,별,봄", "발라드,달,?!,별,봄", f"발라드,{long},하늘,별,봄",
        "발라드,달,하늘,별,봄,여름", "발라드,해,하늘"))
    assert [(row.line, row.title, row.genre) for row in rows] == [(3, "달", "발라드"), (7, "달", "댄스"), (10, "달", "발라드")]
    assert (batch.untagged, batch.repeated, batch.read) == (2, 1, 10)
    assert batch.unknown == {"없는말": 1}
    assert [(row.line, row.code) for row in batch.refused] == [
        (8, "catalogue.row.genre"), (9, "catalogue.row.name"), (11, "catalogue.row.long"), (12, "catalogue.row.cells")]
    for row in batch.refused:
        for lang in ("ko", "en"):
            assert t(lang, f"errors.{row.code}", **row.values)
    assert "R&B" in t("en", "errors.catalogue.row.genre", **batch.refused[0].values)


def test_batches_and_where_to_go_on(tmp_path):
    path = write(tmp_path / "a.csv", *(f"발라드,곡 {n % 8},하늘,,사랑" for n in range(10)))
    _, batches = read(path, size=4)
    assert [(batch.read, len(batch.rows), batch.repeated) for batch in batches] == [(4, 4, 0), (4, 4, 0), (2, 0, 2)]
    for skip in range(11):
        rows, rest = read(path, skip=skip, size=3)
        assert sum(batch.read for batch in rest) == 10 - skip
        assert [row.line for row in rows] == [line for line in range(2, 10) if line > skip + 1]  # repeats stay known


@pytest.mark.parametrize(("data", "code"), [
    (b"", "catalogue.empty"), (b"PK\x03\x04" + b"\0" * 40, "catalogue.kind"), (b"a,b\0c\n", "catalogue.kind"),
    (HEADER.encode() + b"\n\xff\xff\xff", "file.encoding"), (b"PAR1 and no more", "catalogue.parquet")])
def test_what_is_no_list_is_refused(tmp_path, data, code):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(FileRefused) as refused:
        open_catalogue(path)
    assert refused.value.code == code and refused.value.message("ko")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(FileRefused, match="could not be opened"):
        open_catalogue(tmp_path / "nowhere.csv")


def test_a_quote_that_stays_open_stops_at_its_line(tmp_path):
    path = write(tmp_path / "a.csv", "발라드,달,하늘,별,사랑", '발라드,"해,하늘,별,사랑', *["발라드,해,하늘,별,사랑"] * 100)
    with pytest.raises(FileRefused) as refused:
        list(open_catalogue(path).batches())
    assert (refused.value.code, refused.value.values["line"]) == ("catalogue.broken", 3)


# --- Parquet ------------------------------------------------------------------------------------------------------


def test_parquet_with_lists_numbers_and_dates(tmp_path):
    path = tmp_path / "a.bin"  # the content decides
    table = pa.table({
        "장르": pa.array(["발라드", "재즈", "OST", "재즈", None]).dictionary_encode(), "곡명": ["달", "1989", "해", "1989", "별"],
        "가수": ["하늘"] * 5, "앨범": [None, "b", "c", "b", "e"], "발매일": [date(2001, 2, 3), None, date(2010, 1, 1), None, None],
        "연관태그": [["사랑", "봄"], ["밤"], [], ["밤"], ["밤"]], "비고": range(5)})
    pq.write_table(table, path, row_group_size=2)
    file = open_catalogue(path)
    assert (file.kind, file.rows) == ("parquet", 5)
    rows, (batch,) = read(path)
    assert [(row.line, row.title, row.year, row.album) for row in rows] == [(1, "달", 2001, ""), (2, "1989", None, "b")]
    assert vocabulary().unmask(rows[0].mask) == ("사랑", "봄")
    assert (batch.untagged, batch.repeated, batch.read, [row.code for row in batch.refused]) == (
        1, 1, 5, ["catalogue.row.genre"])


def test_parquet_and_csv_of_the_same_table_are_the_same(tmp_path):
    table = pa.table({"genre": ["발라드"] * 30, "title": [f"곡 {n}" for n in range(30)], "artist": ["하늘"] * 30,
                      "year": [1990 + n for n in range(30)], "tags": [["카페", vocabulary().names[n]] for n in range(30)]})
    pq.write_table(table, tmp_path / "a.parquet")
    table.to_pandas().to_csv(tmp_path / "a.csv", index=False)
    one, _ = read(tmp_path / "a.parquet")
    other, _ = read(tmp_path / "a.csv")
    assert [(row.title, row.year, row.mask) for row in one] == [(row.title, row.year, row.mask) for row in other]
    assert len(one) == 30


def test_a_damaged_parquet_file_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"genre": ["발라드"] * 9_000, "title": [str(n) for n in range(9_000)], "artist": ["하늘"] * 9_000,
                             "tags": ["카페"] * 9_000}), path)
    data = bytearray(path.read_bytes())
    data[200:4_000] = b"\xaa" * 3_800
    path.write_bytes(data)
    with pytest.raises(FileRefused) as refused:
        list(open_catalogue(path).batches())
    assert refused.value.code == "catalogue.parquet"
