"""Properties of names and bytes: nothing crashes, and what is read is what was written."""

from __future__ import annotations

import os
import unicodedata
from datetime import date, timedelta

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import data_processing as dp
from ingest.dates import to_number
from support.errors import FileRefused

MANY = settings(max_examples=5_000 if os.environ.get("MIS_SOAK") == "1" else 150, deadline=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
ALL_FLAGS = int(sum(dp.Flag))
TODAY = to_number(date(2026, 6, 1))
ANY_TEXT = st.text(st.characters(), max_size=40)
PLATFORMS = st.sampled_from([(name, metric) for platform in dp.PLATFORMS
                             for name in sorted(platform.names) for metric in sorted(platform.metrics)])


# --- names --------------------------------------------------------------------------------------------------------

def check_name(name: str) -> dp.FileName | None:
    try:
        parsed = dp.parse_name(name)
    except FileRefused as refused:
        assert refused.message("ko") and refused.message("en")
        return None
    for part in (parsed.artist, parsed.song):
        assert part and not set("/\\\0\n\r") & set(part) and dp.normalise(part)
        assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in part)
        part.encode("utf-8")
        dp.display_name(part).encode("utf-8")
    assert dp.BY_KEY[parsed.platform].metric == parsed.metric
    return parsed


@MANY
@given(st.one_of(ANY_TEXT, ANY_TEXT.map(lambda text: text + ".csv"),
                 st.lists(ANY_TEXT, min_size=2, max_size=5).map(lambda parts: "_".join(parts) + "_yt_views.csv")))
def test_any_name_is_read_or_refused(name):
    check_name(name)


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


@MANY
@given(WORDS, st.lists(WORDS, min_size=1, max_size=3), PLATFORMS, st.randoms(use_true_random=False))
def test_a_name_by_the_grammar_is_read(artist, song, platform, random):
    wild = "".join(random.choice((char.upper(), char.lower())) for char in "_".join(platform))
    parsed = check_name(f"{artist}_{'_'.join(song)}_{wild}.csv")
    nothing = not dp.normalise(artist) or not any(map(dp.normalise, song))
    assert parsed is None if nothing else parsed == dp.FileName(
        unicodedata.normalize("NFC", artist), unicodedata.normalize("NFC", "_".join(song)).replace("_", " "),
        *((each.key, each.metric) for each in dp.PLATFORMS if platform[0] in each.names).__next__())


@MANY
@given(ANY_TEXT)
def test_a_key_does_not_depend_on_composition_or_spaces(text):
    key = dp.normalise(text)
    assert key == dp.normalise(unicodedata.normalize("NFC", text)) == dp.normalise(f"  {text}\u200b ")
    assert key == dp.normalise(unicodedata.normalize("NFD", text))
    assert dp.display_name(dp.display_name(text)) == dp.display_name(text)


# --- any bytes ----------------------------------------------------------------------------------------------------

PIECES = st.sampled_from([
    b"2025-07-27", "2025년 07월 27일".encode(), "날짜,값".encode("cp949"), b"07/27/2025", b"01/02/2025", b"45865", b"1,234",
    b'"1,234"', b"1.234", b"1.234,5", b"-5", b"", b" ", b"\n", b"\r\n", b"\r", b",", b";", b"\t", b"|", b'"', b'""', b"\0",
    b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"sep=;", b"nan", b"inf", b"1e400", b"9" * 400, b"\xa0", b"\xc2\xa0",
    "날짜".encode("utf-16-le"), b"date,value\n", b"x" * 50, b"0", b"99999999", "²".encode(), "٣".encode()])
ANY_BYTES = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(b"".join),
                      st.lists(st.one_of(PIECES, st.binary(max_size=5)), max_size=30).map(b"".join),
                      st.lists(st.lists(PIECES, max_size=3).map(b",".join), max_size=15).map(b"\n".join))


def check_series(readings: dp.Readings) -> None:
    n = readings.accepted
    series = dp.build(readings.days, readings.values, readings.kind, reported=readings.reported, today=TODAY)
    gains, flags = series.audited.gains, series.audited.flags
    assert len(series.days) == len(series.totals) == len(gains) == len(flags) == n
    assert not np.isnan(series.totals).any() and not (gains < 0).any() and not np.isinf(gains).any()
    assert all(index == 0 or flags[index] for index in np.flatnonzero(np.isnan(gains)))
    assert ((flags & ~ALL_FLAGS) == 0).all() and flags.dtype == np.int16


def check_readings(readings: dp.Readings) -> None:
    assert readings.accepted + readings.rejected + readings.repeated == readings.lines_read
    assert len(readings.days) == len(readings.values) and (np.diff(readings.days) > 0).all()
    assert readings.reported is None or len(readings.reported) == len(readings.days)
    assert (readings.values >= 0).all() and (readings.values <= 1e15).all()
    assert readings.kind in ("cumulative", "daily")
    assert len(readings.rejects) == min(readings.rejected, 10_000)
    assert [each.line for each in readings.rejects] == sorted(each.line for each in readings.rejects)
    for each in readings.rejects:
        assert each.raw.isprintable() and each.cell.isprintable() and len(each.raw) <= 500
    refusal = readings.refusal()
    assert (refusal is None) == (readings.accepted > 0)
    if refusal:
        assert refusal.message("ko") and refusal.message("en")


@MANY
@given(ANY_BYTES, st.sampled_from([None, "daily", "cumulative"]), st.sampled_from([None, "mdy", "dmy"]))
def test_any_bytes_are_read_or_refused_and_always_alike(data, kind, order):
    try:
        readings = dp.read_file(data, kind=kind, date_order=order)
    except FileRefused as refused:
        assert refused.message("ko") and str(refused)
        return
    check_readings(readings)
    check_series(readings)
    again = dp.read_file(data, kind=kind, date_order=order)
    assert np.array_equal(again.days, readings.days) and np.array_equal(again.values, readings.values)
    assert (again.rejects, again.repeats, again.kind) == (readings.rejects, readings.repeats, readings.kind)


# --- what was written is what is read -----------------------------------------------------------------------------

KOREAN_WEEK = "월화수목금토일"
DATES = {
    "korean": lambda day: f"{day.year}년 {day.month:02}월 {day.day:02}일",
    "weekday": lambda day: f"{day.year}년 {day.month}월 {day.day}일 ({KOREAN_WEEK[day.weekday()]})",
    "iso": lambda day: day.isoformat(), "time": lambda day: f"{day}T00:00:00+09:00",
    "dotted": lambda day: f"{day.year}.{day.month}.{day.day}", "spaced": lambda day: f"{day.year}. {day.month}. {day.day}.",
    "compact": lambda day: f"{day:%Y%m%d}", "excel": lambda day: str((day - date(1899, 12, 30)).days),
    "mdy": lambda day: f"{day.month}/{day.day:02}/{day.year}", "dmy": lambda day: f"{day.day:02}.{day.month:02}.{day.year}",
    "named": lambda day: f"{day.day} {'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split()[day.month - 1]} {day.year}",
}
NUMBERS = {
    "plain": lambda value: f"{value}", "english": lambda value: f"{value:,}", "decimals": lambda value: f"{value}.25",
    "spaces": lambda value: f"{value:,}".replace(",", "\u00a0"), "swiss": lambda value: f"{value:,}".replace(",", "'"),
    "german": lambda value: f"{value:,}".replace(",", "."), "german decimals": lambda value: f"{value},25",
    "wide": lambda value: str(value).translate({48 + i: 0xFF10 + i for i in range(10)}),
}
NOISE = ["합계;", "Total", "n/a,n/a", "2025-99-99,5", "2025-01-01,x", "x,y,z", "엉망"]


@st.composite
def exports(draw):
    """A CSV as someone could export it, with what is in it: readings by day, rejected lines, repeated lines."""
    mark = draw(st.sampled_from([",", ";", "\t", "|"]))
    number = draw(st.sampled_from(sorted(NUMBERS)))
    form = DATES[draw(st.sampled_from(sorted(DATES)))]
    quoted = draw(st.booleans()) or (mark == "," and number in ("english", "german decimals"))
    first = date(2025, 1, 13) + timedelta(draw(st.integers(0, 200)))
    kept: dict[date, float] = {}
    lines, written, noise = [], 0, 0
    value = draw(st.integers(1_000_000, 90_000_000))
    for step in draw(st.lists(st.sampled_from([1, 1, 1, 1, 2, 5, 0]), min_size=20, max_size=45)):
        value += draw(st.integers(0, 90_000))
        first += timedelta(step)
        kept[first] = value + 0.25 * ("decimals" in number)
        cells = [form(first), NUMBERS[number](value)]
        lines.append(mark.join(f'"{cell}"' if quoted else cell for cell in cells))
        written += 1
        extra = draw(st.sampled_from(["", "", "", "", "", "", "blank", "noise"]))
        if extra == "blank":
            lines.append(draw(st.sampled_from(["", "   ", mark, mark * 2])))
        elif extra == "noise":
            lines.append(draw(st.sampled_from(NOISE)).replace(",", mark).replace("2025-01-01", form(first)))
            noise += 1
    header = draw(st.sampled_from(["날짜,총 조회수", "date,value", "Fecha,Reproducciones", None]))
    if header:
        lines.insert(0, header.replace(",", mark))
    text = draw(st.sampled_from(["\n", "\r\n", "\r"])).join([*lines, ""])
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"]))
    if encoding == "cp949":
        text = text.replace("\u00a0", " ")
    return text.encode(encoding), kept, written, noise


@MANY
@given(exports())
def test_what_was_written_is_what_is_read(export):
    data, kept, written, noise = export
    readings = dp.read_file(data)
    check_readings(readings)
    assert dict(zip(readings.days.tolist(), readings.values.tolist(), strict=True)) == {
        to_number(day): value for day, value in kept.items()}
    assert (readings.rejected, readings.repeated) == (noise, written - len(kept))
    assert readings.kind == "cumulative"
    check_series(readings)
