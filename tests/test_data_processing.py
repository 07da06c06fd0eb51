"""File names, bytes and kinds: what is read, what is refused, and why."""

from __future__ import annotations

import threading
import unicodedata
from datetime import date, timedelta

import numpy as np
import pytest

import data_processing as dp
from ingest import text as ingest_text
from ingest.dates import to_date, to_number
from support.errors import FileRefused

# --- file names ---------------------------------------------------------------------------------------------------

SPELLINGS = [
    (platform, metric, key)
    for key, platforms, metrics in (
        ("youtube", ("YouTube", "Youtube", "YOUTUBE", "yt", "YT"), ("views", "view", "Views", "VIEW")),
        ("spotify", ("Spotify", "SPOTIFY", "sp", "Sp"), ("streams", "stream", "STREAMS", "Stream")),
        ("soundcloud", ("SoundCloud", "soundcloud", "sc", "SC"), ("plays", "play", "Plays", "PLAY")))
    for platform in platforms for metric in metrics]
COUNTS = {"youtube": "views", "spotify": "streams", "soundcloud": "plays"}


@pytest.mark.parametrize(("platform", "metric", "key"), SPELLINGS)
def test_every_spelling_of_platform_and_metric(platform, metric, key):
    found = dp.parse_name(f"AlexWarren_Ordinary_{platform}_{metric}.csv")
    assert found == dp.FileName("AlexWarren", "Ordinary", key, COUNTS[key])


@pytest.mark.parametrize(("name", "artist", "song"), [
    ("A_B_yt_views.CSV", "A", "B"),
    ("New Jeans_Super Shy_yt_views.csv", "New Jeans", "Super Shy"),
    (" A _ B _ yt _ views .csv", "A", "B"),
    ("A_one_two_three_yt_views.csv", "A", "one two three"),
    ("A__B___C_yt_views.csv", "A", "B C"),
    ("A_yt_views_yt_views.csv", "A", "yt views"),
    ("아이유_좋은날_sp_streams.csv", "아이유", "좋은날"),
    (unicodedata.normalize("NFD", "아이유_좋은날_sp_streams.csv"), "아이유", "좋은날"),
    ("Beyoncé_Déjà vu_sc_plays.csv", "Beyoncé", "Déjà vu"),
    ("P!nk_So-What(Live).v2_sc_plays.csv", "P!nk", "So-What(Live).v2"),
    ("Ed_÷_sc_plays.csv", "Ed", "÷"),
    ("!!!_?_sc_plays.csv", "!!!", "?"),
    ("'; DROP TABLE songs; --_<script>_yt_view.csv", "'; DROP TABLE songs; --", "<script>"),
])
def test_names_that_are_read(name, artist, song):
    found = dp.parse_name(name)
    assert (found.artist, found.song) == (artist, song)


@pytest.mark.parametrize(("name", "code"), [
    ("", "name.suffix"), ("a", "name.suffix"), ("A_B_yt_views", "name.suffix"), ("A_B_yt_views.csv.xlsx", "name.suffix"),
    (".csv", "name.characters"), (".A_B_yt_views.csv", "name.characters"), ("..", "name.characters"),
    ("A_yt_views.csv", "name.parts"), ("views.csv", "name.parts"), ("A-B-yt-views.csv", "name.parts"),
    ("_B_yt_views.csv", "name.empty"), ("A__yt_views.csv", "name.empty"), (" _ _yt_views.csv", "name.empty"),
    ("A_.._yt_views.csv", "name.empty"), ("ㅤ_B_yt_views.csv", "name.empty"), ("A_\ufe0f_yt_views.csv", "name.empty"),
    ("A_B_TikTok_views.csv", "name.platform"), ("A_B__views.csv", "name.platform"), ("A_B_y t_views.csv", "name.platform"),
    ("A_B_yt_views (1).csv", "name.metric"), ("A_B_yt_.csv", "name.metric"), ("A_B_yt_views.csv.csv", "name.metric"),
    ("../A_B_yt_views.csv", "name.characters"), ("/etc/A_B_yt_views.csv", "name.characters"),
    ("..\\A_B_yt_views.csv", "name.characters"), ("C:\\A_B_yt_views.csv", "name.characters"),
    ("A_../../B_yt_views.csv", "name.characters"),
    ("A\0_B_yt_views.csv", "name.characters"), ("A\n_B_yt_views.csv", "name.characters"),
    ("A\x1b[31m_B_yt_views.csv", "name.characters"), ("A\x85_B_yt_views.csv", "name.characters"),
    ("A\u2028_B_yt_views.csv", "name.characters"), ("A\udcff_B_yt_views.csv", "name.characters"),
    ("A\u202e_B_yt_views.csv", "name.characters"), ("A\u2066_B_yt_views.csv", "name.characters"),
    ("A" * 300 + "_B_yt_views.csv", "name.long"), ("\0" * 300, "name.long"),
])
def test_names_that_are_refused(name, code):
    with pytest.raises(FileRefused) as refused:
        dp.parse_name(name)
    assert refused.value.code == code
    refused.value.message("ko").encode("utf-8")
    assert "\0" not in str(refused.value) and "\x1b" not in str(refused.value)


@pytest.mark.parametrize(("platform", "metric", "expected"), [
    ("Spotify", "views", "streams"), ("sp", "plays", "streams"), ("YouTube", "streams", "views"), ("YT", "play", "views"),
    ("SoundCloud", "view", "plays"), ("sc", "stream", "plays"), ("Spotify", "followers", "streams"),
])
def test_another_platforms_metric_is_an_error_naming_the_right_one(platform, metric, expected):
    with pytest.raises(FileRefused) as refused:
        dp.parse_name(f"A_B_{platform}_{metric}.csv")
    assert refused.value.code == "name.metric"
    assert refused.value.values["expected"] == expected
    assert expected in refused.value.message("en") and expected in refused.value.message("ko")


@pytest.mark.parametrize(("key", "shown"), [
    ("MorganWallen", "Morgan Wallen"), ("BTS", "BTS"), ("BTSDynamite", "BTS Dynamite"), ("TheWeeknd", "The Weeknd"),
    ("TheFateofOphelia", "The Fate of Ophelia"), ("OutofTime", "Out of Time"), ("SonofaGun", "Sonofa Gun"),
    ("Proof", "Proof"), ("ProofPositive", "Proof Positive"), ("RoofTop", "Roof Top"), ("ThereofX", "Thereof X"),
    ("Christof Loose", "Christof Loose"), ("ChristofLoose", "Christof Loose"), ("ProfGreen", "Prof Green"),
    ("OlofDreijer", "Olof Dreijer"), ("McFly", "McFly"), ("PaulMcCartney", "Paul McCartney"),
    ("iKON", "iKON"), ("2NE1", "2NE1"), ("B1A4", "B1A4"), ("AB6IX", "AB6IX"), ("GOT7", "GOT7"), ("2PM", "2PM"),
    ("50Cent", "50 Cent"), ("24KMagic", "24K Magic"), ("Maroon5Sugar", "Maroon5 Sugar"), ("Blink182", "Blink182"),
    ("LilNasX", "Lil Nas X"), ("ABoogie", "A Boogie"), ("ACDC", "ACDC"), ("aespa", "aespa"), ("NewJeans", "New Jeans"),
    ("RosalíaDespechá", "Rosalía Despechá"), ("ÉdithPiaf", "Édith Piaf"), ("아이유", "아이유"), ("", ""),
    ("MorganWallen Live", "MorganWallen Live"), ("  Super   Shy ", "Super Shy"),
])
def test_display_names(key, shown):
    assert dp.display_name(key) == shown


@pytest.mark.parametrize("spellings", [
    ("NewJeans", "new jeans", "NEWJEANS", "New-Jeans", "ＮｅｗＪｅａｎｓ", "new_jeans", "New\u200bJeans"),
    ("아이유", unicodedata.normalize("NFD", "아이유"), "아 이 유"),
    ("Don't", "dont", "Don’t"), ("Straße", "STRASSE", "strasse"), ("Beyoncé", "BEYONCE\u0301"),
    ("Love❤", "Love❤\ufe0f", "love"), ("?", "？"), ("1", "１", "①"), ("❤", "❤\ufe0f"),
])
def test_spellings_of_one_key(spellings):
    assert len({dp.normalise(spelling) for spelling in spellings}) == 1 and dp.normalise(spellings[0])


def test_different_titles_keep_different_keys():
    titles = ["?", "!", "+", "÷", "=", "❤\ufe0f", "☀\ufe0f", "⭐\ufe0f", "Beyoncé", "Beyonce", "가", "각", "1", "2", "-", "$"]
    assert len({dp.normalise(title) for title in titles}) == len(titles)


@pytest.mark.parametrize("nothing", ["", " ", ".", "..", "...", "_", "\ufe0f", "ㅤ", "\u200b\u2060", "\u115f\u1160"])
def test_nothing_to_go_by(nothing):
    assert dp.normalise(nothing) == ""


def test_printable_has_no_control_character_and_can_be_encoded():
    assert dp.printable("a\0b\x1b\udcffé") == "a\\x00b\\x1b\\udcffé"


# --- content ------------------------------------------------------------------------------------------------------

DAYS = [date(2025, 7, 25) + timedelta(i) for i in range(5)]
TOTALS = [1_234_567.0, 1_250_000.0, 1_251_004.0, 1_300_999.0, 1_400_001.0]


def table(dates=None, values=None, *, header="date,value", mark=",", end="\n") -> str:
    dates = [day.isoformat() for day in DAYS] if dates is None else dates
    values = [f"{value:.0f}" for value in TOTALS] if values is None else values
    lines = ([header.replace(",", mark)] if header else []) + [f"{a}{mark}{b}" for a, b in zip(dates, values, strict=True)]
    return end.join(lines) + end


def read(text: str, encoding: str = "utf-8", **options) -> dp.Readings:
    readings = dp.read_file(text.encode(encoding), **options)
    assert readings.accepted + readings.rejected + readings.repeated == readings.lines_read
    return readings


def days_of(readings: dp.Readings) -> list[date]:
    return [to_date(day) for day in readings.days]


def assert_is_the_table(readings: dp.Readings) -> None:
    assert days_of(readings) == DAYS
    assert readings.values.tolist() == TOTALS
    assert (readings.accepted, readings.rejected, readings.repeated, readings.lines_read) == (5, 0, 0, 5)


HEADERS = ["날짜,총 조회수", "date,value", "Fecha,Transmisiones", "Datum,Aufrufe (gesamt)", "日付,再生回数", "Дата,Просмотры", ""]


@pytest.mark.parametrize(("encoding", "named"), [
    ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
    ("utf-16-be", "utf-16-be"), ("cp949", "cp949"), ("euc-kr", "cp949")])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_line_ends(encoding, named, mark, end):
    readings = read(table(header="날짜,총 조회수", mark=mark, end=end), encoding)
    assert_is_the_table(readings)
    assert (readings.encoding, readings.separator, readings.kind) == (named, mark, "cumulative")


def test_utf_16_big_endian_with_mark():
    assert_is_the_table(dp.read_file(b"\xfe\xff" + table(header="날짜,값").encode("utf-16-be")))


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_headers_in_any_language_or_none(header, encoding):
    assert_is_the_table(read(table(header=header), encoding))


@pytest.mark.parametrize("text", [
    table().rstrip("\n"), "\n\n" + table(), "sep=,\n" + table(), "\n" * 40 + table(), table().replace("\n", "\n\n  \n"),
    table(header='"date","value"'), table([f'"{day}"' for day in DAYS], [f'"{value:,.0f}"' for value in TOTALS]),
    table([f'"{day}"' for day in DAYS], [f' "{value:,.0f}"' for value in TOTALS]),
    table([f"\ufeff{day}" for day in DAYS]), table([f"  {day} " for day in DAYS], [f" {value:.0f} " for value in TOTALS]),
    table(values=[f"{value:.0f},7,extra,more" for value in TOTALS], header="date,value,change,a,b"),
    table(values=[f"{value:.0f},," for value in TOTALS]),
])
def test_layouts_of_the_same_table(text):
    assert_is_the_table(read(text))


@pytest.mark.parametrize("form", [
    "{:.0f}", "{:,.0f}", "{:,.0f}.00", "{:.1f}", "+{:.0f}", "{:.0f}.", " {:.0f}\u00a0"])
@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_unquoted_numbers_beside_other_separators(form, mark):
    assert_is_the_table(read(table(values=[form.format(value) for value in TOTALS], mark=mark)))


@pytest.mark.parametrize("group", [" ", "\u00a0", "\u202f", "\u2009", "'", "’", ".", "_"])
def test_thousands_of_all_countries(group):
    values = [f"{value:,.0f}".replace(",", group) for value in TOTALS]
    assert_is_the_table(read(table(values=values)))
    assert_is_the_table(read(table(values=values, mark=";")))


@pytest.mark.parametrize(("cells", "values"), [
    (["１２３４", "１,２３５", "1 300"], [1234, 1235, 1300]),
    (["4120405.234", "4148277.036", "4200000"], [4120405.234, 4148277.036, 4200000]),
    (["4120405,234", "4148277,036", "4200000"], [4120405.234, 4148277.036, 4200000]),
    (["4.120.405,234", "4.148.277,03", "4.200.000"], [4120405.234, 4148277.03, 4200000]),
    (["985.123", "1.002.345", "1.002.999"], [985123, 1002345, 1002999]),
    (["1.234", "1.234,5", "1.300"], [1234, 1234.5, 1300]),
    (["998.123", "999.456", "1003.9"], [998.123, 999.456, 1003.9]),
    (["12.345", "13.5", "14"], [12.345, 13.5, 14]),
    (["950", "1,050", "1,203"], [950, 1050, 1203]),
    (["12,5", "13,75", "14"], [12.5, 13.75, 14]),
    (["1E3", "1.5e3", "2e+3"], [1000, 1500, 2000]),
    (["0", "0", "0.5"], [0, 0, 0.5]),
    (["999999999999999", "999999999999999.0", "1e15"], [999999999999999, 999999999999999, 1e15]),
])
def test_numbers(cells, values):
    readings = read(table([day.isoformat() for day in DAYS[:3]], cells, mark=";"))
    assert readings.values.tolist() == pytest.approx(values, rel=1e-15)
    assert readings.rejected == 0


@pytest.mark.parametrize(("cell", "reason"), [
    ("", "value_empty"), ("  ", "value_empty"), ("n/a", "value"), ("-", "value"), ("null", "value"), ("nan", "value"),
    ("inf", "value"), ("12..5", "value"), ("1,2,3", "value"), ("12,34,567", "value"), ("1.2K", "value"), ("12만", "value"),
    ("1234x", "value"), ("12²", "value"), ("½", "value"), ("0x10", "value"), ("#REF!", "value"), ("=A1", "value"),
    ("9" * 70, "value"), ("-5", "value_negative"), ("−1,000", "value_negative"), ("-0.5", "value_negative"),
    ("0,123", "value_ambiguous"), ("1e16", "value_large"), ("9" * 40, "value_large"),
])
@pytest.mark.parametrize("lead", ["", "\n\n", '"2025-01-01";"5"\n\n'])
def test_cells_that_are_no_count(cell, reason, lead):
    readings = read(f"date;value\n{lead}2025-07-25;1000000\n2025-07-26;{cell}\n2025-07-27;1000002\n")
    line = 3 + lead.count("\n")
    assert [(each.line, each.reason, each.cell) for each in readings.rejects] == [(line, reason, cell.strip())]
    assert readings.rejects[0].raw == f"2025-07-26;{cell}"
    assert readings.values.tolist()[-2:] == [1000000, 1000002]
    assert dp.read_file(b"date;value\n2025-07-25;1\n").refusal() is None


@pytest.mark.parametrize(("cells", "ambiguous"), [
    (["12.345", "13.456", "14.567"], 3), (["12.345"], 1), (["850", "950", "1.050", "1.203"], 2),
    (["n/a", "12.345", "13.456"], 2), (["12,5", "13,75", "14,125"], 1), (["1,234", "12,34"] + ["1,235"] * 30, 1),
])
def test_numbers_that_can_be_read_in_two_ways_are_rejected_not_guessed(cells, ambiguous):
    days = [(date(2025, 1, 1) + timedelta(i)).isoformat() for i in range(len(cells))]
    readings = read(table(days, cells, mark=";"))
    assert sum(each.reason == "value_ambiguous" for each in readings.rejects) == ambiguous
    assert not np.any((readings.values > 1) & (readings.values < 2))


@pytest.mark.parametrize(("header", "cells", "accepted"), [
    ("date,value", ["785,334,317", "790,383,828", "999"], [999]),
    ("date,value", ["1,234", "999"], [999]),
    ("date,value,change", ["1,234,567,5,315", "999,5"], [999]),
    ("date,value,change", ["1,234,567", "999,5"], [999]),
    ("", ["785,334,317", "999,5"], [999]),
    ("date,listeners,streams,followers", ["785,334,317", "999,5,6"], [785, 999]),
])
def test_unquoted_thousands_in_a_comma_file(header, cells, accepted):
    readings = read(table([day.isoformat() for day in DAYS[:len(cells)]], cells, header=header))
    assert sorted(readings.values.tolist()) == sorted(accepted)
    assert all(each.reason == "value_ambiguous" for each in readings.rejects)


THE_DAY = date(2025, 7, 27)
DATE_FORMS = [
    ("2025년 07월 27일", "korean"), ("2025년 7월 27일", "korean"), ("2025년7월27일", "korean"),
    ("2025년 7월 27일 (일)", "korean"), ("2025년 7월 27일 일요일", "korean"), ("2025-07-27", "iso"), ("2025-7-27", "iso"),
    ("2025-07-27T13:05:06Z", "iso"), ("2025-07-27 13:05", "iso"), ("2025-07-27 00:00:00+00", "iso"),
    ("2025-07-27T00:00:00.000+09:00", "iso"), ("2025-07-27 오전 12:00:00", "iso"), ("2025-07-27 12:00 AM", "iso"),
    ("2025.7.27", "dotted"), ("2025.07.27.", "dotted"), ("2025. 7. 27.", "dotted"), ("2025. 7. 27. 오후 3:00", "dotted"),
    ("2025/07/27", "slashed"), ("20250727", "compact"), ("45865", "excel"), ("45865.0", "excel"), ("45865.75", "excel"),
    ("07/27/2025", "mdy"), ("7/27/2025", "mdy"), ("7/27/2025 1:05 PM", "mdy"), ("7-27-2025", "mdy"),
    ("\u200e7/\u200e27/\u200e2025", "mdy"), ("27/07/2025", "dmy"), ("27.07.2025", "dmy"), ("27.7.2025", "dmy"),
    ("27-7-2025", "dmy"), ("27 Jul 2025", "named"), ("27 July 2025", "named"), ("Jul 27, 2025", "named"),
    ("July 27, 2025", "named"), ("Jul 27 2025", "named"), ("27-Jul-2025", "named"), ("２０２５－０７－２７", "iso"),
]


@pytest.mark.parametrize(("cell", "form"), DATE_FORMS)
@pytest.mark.parametrize("header", ["날짜;값", ""])
def test_date_forms(cell, form, header):
    readings = read(table([cell], ["1234"], header=header, mark=";").replace(",", ","))
    assert days_of(readings) == [THE_DAY]
    assert readings.date_format == form


@pytest.mark.parametrize(("cell", "reason"), [
    ("", "date"), ("Total", "date"), ("2025-02-30", "date"), ("2025-13-01", "date"), ("2025-00-10", "date"),
    ("27.07.25", "date"), ("202507", "date"), ("2025-07", "date"), ("2025-W30", "date"), ("12345", "date"),
    ("13/27/2025", "date"), ("2025-07-27 bis 2025-07-28", "date"), ("2025-07-27" + " " * 3000 + "x", "date"),
    ("0000-00-00", "date_range"), ("1989-12-31", "date_range"), ("2200-01-01", "date_range"),
    ("1900-01-01", "date_range"), ("99991231", "date_range"), ("31.12.1970", "date_range"),
])
def test_cells_that_are_no_date(cell, reason):
    readings = read(f"date;value\n2025-07-25;1\n{cell};2\n2025-07-27;3\n", date_order="dmy")
    assert [(each.line, each.reason) for each in readings.rejects] == [(3, reason)]
    assert readings.values.tolist() == [1, 3]


@pytest.mark.parametrize(("dates", "order", "outcome"), [
    (["01/02/2025", "03/04/2025"], None, "file.date_order"),
    (["01.02.2025"], None, "file.date_order"),
    (["01/02/2025", "2025-07-27"], None, "file.date_order"),
    (["13/01/2025", "01/13/2025"], None, "file.date_contradiction"),
    (["01/02/2025", "13/02/2025"], None, [date(2025, 2, 1), date(2025, 2, 13)]),
    (["01/02/2025", "01/13/2025"], None, [date(2025, 1, 2), date(2025, 1, 13)]),
    (["01/02/2025", "03/04/2025"], "mdy", [date(2025, 1, 2), date(2025, 3, 4)]),
    (["01/02/2025", "03/04/2025"], "dmy", [date(2025, 2, 1), date(2025, 4, 3)]),
    (["01/02/2025", "01/13/2025"], "dmy", [date(2025, 2, 1)]),
])
def test_day_and_month_are_never_guessed(dates, order, outcome):
    text = table(dates, [str(i + 1) for i in range(len(dates))])
    if isinstance(outcome, str):
        with pytest.raises(FileRefused) as refused:
            dp.read_file(text.encode(), date_order=order)
        assert refused.value.code == outcome
    else:
        assert days_of(read(text, date_order=order)) == outcome


def test_a_long_ambiguous_file_is_settled_by_its_last_line(monkeypatch):
    monkeypatch.setattr(ingest_text, "BLOCK", 64)
    text = "date,value\n" + "".join(f"0{1 + i % 9}/05/2025,{i}\n" for i in range(200)) + "30/05/2025,999\n"
    readings = read(text)
    assert readings.date_format == "dmy" and days_of(readings)[-1] == date(2025, 5, 30)
    with pytest.raises(FileRefused, match="day/month"):
        dp.read_file(text.replace("30/05", "09/05").encode())


def test_a_repeated_day_keeps_the_last_line():
    readings = read("date,value\n2025-01-02,20\n2025-01-01,10\n2025-01-02,21\n2025-01-02,22\n2025-01-03,30\n")
    assert (readings.values.tolist(), readings.repeated, readings.lines_read) == ([10, 22, 30], 2, 5)
    assert readings.repeats == [
        {"day": "2025-01-02", "line": 2, "kept_line": 5, "from": 20.0, "to": 22.0},
        {"day": "2025-01-02", "line": 4, "kept_line": 5, "from": 21.0, "to": 22.0}]


def test_a_rejected_repeat_does_not_replace_the_reading():
    readings = read("date,value\n2025-01-01,10\n2025-01-01,n/a\n2025-01-02,12\n")
    assert (readings.values.tolist(), readings.rejected, readings.repeated) == ([10, 12], 1, 0)


def test_line_numbers_and_reasons_in_a_mixed_file():
    readings = read('\n"day","value"\n"2025-01-01","1,000"\n\nTotal\n"oops","5"\n"2025-01-03","1,2x"\n2025-01-04,1003\n')
    assert [(each.line, each.reason, each.raw) for each in readings.rejects] == [
        (5, "columns", "Total"), (6, "date", '"oops","5"'), (7, "value", '"2025-01-03","1,2x"')]
    assert readings.values.tolist() == [1000, 1003]


@pytest.mark.parametrize(("data", "code"), [
    (b"", "file.empty"), (b"\n\n  \r\n", "file.empty"), (b"\xef\xbb\xbf", "file.empty"), (b"sep=;\n", "file.empty"),
    (b"hello world\nno table\n", "file.separator"), (b"PK\x03\x04" + bytes(range(256)) * 20, "file.binary"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(200), "file.binary"), (b"\xd0\xcf\x11\xe0" + bytes(500), "file.binary"),
    (b"2025-01-01,5\n" * 500 + b"\0\0\0", "file.binary"), (b"\xff\xfe\x00\xd8,", "file.encoding"),
    ("Año,Visualización é,\n2025-01-01,5\n".encode("latin-1"), "file.encoding"),
    ("date,value\n2025-01-01,1\u00a0234\n".encode("latin-1"), "file.encoding"),
    ("Día;Vistas\n2025-01-01;5\n".encode("latin-1"), "file.encoding"),
    (b"\xff\xfe\0\0" + "date,value\n2025-01-01,5\n".encode("utf-32-le"), "file.binary"),
])
@pytest.mark.parametrize("block", [4_000_000, 50])
def test_files_that_are_refused(data, code, block, monkeypatch):
    monkeypatch.setattr(ingest_text, "BLOCK", block)
    with pytest.raises(FileRefused) as refused:
        dp.read_file(data)
    assert refused.value.code == code


@pytest.mark.parametrize(("text", "code", "lines"), [
    ("date,value\n", "file.header_only", 0), ("날짜;조회수", "file.header_only", 0),
    ("date,value\nx,1\ny,2\n", "file.no_rows", 2), ("date,value\n2025-01-01,x\n", "file.no_rows", 1),
    ("2025-13-45,abc\n", "file.no_rows", 1), ("date,value\n2025-01-01\n2025-01-02\n", "file.no_rows", 2),
])
def test_files_without_a_reading(text, code, lines):
    readings = read(text)
    refusal = readings.refusal()
    assert refusal is not None and (refusal.code, readings.lines_read) == (code, lines)
    assert refusal.message("ko") and refusal.message("en")


@pytest.mark.parametrize("line", [
    "2025-01-02," + "9" * 300_000, '2025-01-02,"' + "9" * 300_000 + '"', "," * 300_000, '"' * 300_001, "x" * 300_000,
    "2025-01-02" + " " * 300_000 + "x,5", "２" * 300_000 + ",5"], ids=range(7))
@pytest.mark.parametrize("block", [4_000_000, 10_000])
def test_very_long_lines(line, block, monkeypatch):
    monkeypatch.setattr(ingest_text, "BLOCK", block)
    readings = read(f"date,value\n2025-01-01,1\n{line}\n2025-01-03,3\n")
    assert readings.values.tolist() == [1, 3]
    assert all(len(each.raw) <= 500 and len(each.cell) <= 80 for each in readings.rejects)


def test_more_rejects_than_are_kept_are_counted():
    readings = read("date,value\n2025-01-01,1\n" + "x,y\n" * 12_000)
    assert (readings.rejected, len(readings.rejects), readings.rejects[-1].line) == (12_000, 10_000, 10_002)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp949"])
@pytest.mark.parametrize("block", [7, 64, 1000])
def test_a_large_file_is_read_in_blocks_like_a_small_one(encoding, block, monkeypatch):
    lines = ["날짜,값,변동"] + [f"2025년 {1 + i // 28 % 12:02}월 {1 + i % 28:02}일,{i},{i}" for i in range(700)]
    lines[5] += "\r\n\r\n엉망,한글"
    data = "\r\n".join(lines).encode(encoding)
    whole = dp.read_file(data)
    monkeypatch.setattr(ingest_text, "BLOCK", block)
    monkeypatch.setattr(dp.read_file.__globals__["_Collected"], "HELD", 100)
    parts = dp.read_file(data)
    assert (parts.days.tolist(), parts.values.tolist()) == (whole.days.tolist(), whole.values.tolist())
    assert (parts.lines_read, parts.rejected, parts.repeated) == (whole.lines_read, whole.rejected, whole.repeated)
    assert parts.rejects == whole.rejects and parts.encoding == whole.encoding and parts.kind == whole.kind
    assert whole.repeated == 700 - 336 and len(parts.repeats) == 50
    assert {each["to"] for each in parts.repeats} <= set(whole.values.tolist())


def test_two_threads_read_many_spellings_at_once(monkeypatch):
    from ingest import dates
    monkeypatch.setattr(dates.DateReader, "LIMIT", 50)
    texts = [table([f"{date(2000 + k, 1, 1) + timedelta(i)}" for i in range(300)], [str(i) for i in range(300)])
             for k in range(4)]
    lost: list[int] = []

    def work(text):
        for _ in range(15):
            lost.append(dp.read_file(text.encode()).rejected)

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(lost) == 0 and len(lost) == 60


# --- the kind of value --------------------------------------------------------------------------------------------

TOTAL_OF_40 = np.cumsum([1000.0 + 37 * i % 400 for i in range(40)]) + 1e6
DAILY_OF_40 = np.array([1000.0 + 137 * i % 400 for i in range(40)])


def series_file(values, header="date,value", third=None) -> bytes:
    lines = [header]
    for index, value in enumerate(values):
        extra = "" if third is None else f",{third[index]}"
        lines.append(f"{date(2025, 1, 1) + timedelta(index)},{value}{extra}")
    return "\n".join(lines).encode()


def corrected(values, *indices):
    values = np.array(values)
    values[list(indices)] -= 3000
    return values


@pytest.mark.parametrize(("values", "header", "third", "kind"), [
    (TOTAL_OF_40, "date,value", None, "cumulative"),
    (corrected(TOTAL_OF_40, 5, 15, 25), "date,value", None, "cumulative"),
    (np.concatenate((TOTAL_OF_40, TOTAL_OF_40 - 1e6)), "date,value", None, "cumulative"),
    (DAILY_OF_40, "date,value", None, "daily"), (DAILY_OF_40, "날짜,총 조회수", None, "daily"),
    (100_000 * 0.9 ** np.arange(20), "date,value", None, "daily"),
    ([1_000_000, 999_990, 1_000_100], "date,value", None, "cumulative"),
    ([500, 700], "date,value", None, "cumulative"), ([500, 700], "date,daily views", None, "daily"),
    ([500, 700], "날짜,일일 조회수", None, "daily"), ([500, 700], "Datum,Aufrufe täglich", None, "daily"),
    ([500, 700], "date,total (daily export)", None, "cumulative"), ([500], "date,daily views", None, "daily"),
    ([500, 600, 700, 800, 850, 900, 980, 990, 1000], "date,daily views", None, "daily"),
    (TOTAL_OF_40, "date,daily export of views", None, "cumulative"),
    ([500, 700], "date,daily views,change", [0, 200], "cumulative"),
    ([0] * 30, "date,value", None, "cumulative"), ([5] * 30, "date,value", None, "cumulative"),
    ([7], "date,value", None, "cumulative"),
])
def test_kind_of_value(values, header, third, kind):
    assert dp.read_file(series_file(values, header, third)).kind == kind


@pytest.mark.parametrize("kind", ["cumulative", "daily"])
def test_the_operator_decides(kind):
    assert dp.read_file(series_file(TOTAL_OF_40), kind=kind).kind == kind
    assert dp.read_file(series_file(DAILY_OF_40), kind=kind).kind == kind


def test_a_third_column_is_evidence_and_never_a_reading():
    readings = dp.read_file(b"date,value,change\n2025-01-01,10,\n2025-01-02,30,x\n2025-01-03,60,30\n")
    assert readings.rejected == 0 and readings.values.tolist() == [10, 30, 60]
    assert np.isnan(readings.reported[:2]).all() and readings.reported[2] == 30


# --- parts and series ---------------------------------------------------------------------------------------------

def test_combine_lets_the_last_part_count():
    first = dp.Part(np.array([1, 2, 3]), np.array([10.0, 20, 30]), 7, np.array([0.0, 10, 10]))
    later = dp.Part(np.array([3, 4]), np.array([31.0, 40]), np.array([8, 9]))
    joined = dp.combine([first, later])
    assert joined.days.tolist() == [1, 2, 3, 4] and joined.values.tolist() == [10, 20, 31, 40]
    assert joined.source.tolist() == [7, 7, 8, 9]
    assert joined.reported[:2].tolist() == [0, 10] and np.isnan(joined.reported[2:]).all()
    assert dp.combine([first]) is first


def test_daily_amounts_become_totals():
    first = to_number(date(2025, 1, 1))
    days = np.array([first, first + 1, first + 4])
    series = dp.build(days, np.array([5.0, 0, 7]), "daily", today=first + 10)
    assert series.totals.tolist() == [5, 5, 12] and series.audited.gains.tolist() == [5, 0, 7]
    assert series.audited.findings["missing_days"]["count"] == 2
