"""The shipped sample exports and the demo song are what their READMEs say."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "cmdata"
DEMO = ROOT / "catalogue" / "demo"
FIRST, LAST = date(2025, 9, 27), date(2026, 10, 31)
CALENDAR = [FIRST + timedelta(days=i) for i in range(400)]
NAME = re.compile(r"([^_]+)_([^_]+)_((?:youtube|yt)_views?|(?:spotify|sp)_streams?|(?:soundcloud|sc)_plays?)")
NUMBER = re.compile(r"[\d,]+(\.\d+)?")


def day_of(text: str) -> date:
    """Return the day a cell of the sample names, whatever its format."""
    if re.fullmatch(r"\d{5}", text):
        return date(1899, 12, 30) + timedelta(days=int(text))
    parts = [int(part) for part in re.findall(r"\d+", text)]
    return date(parts[2], parts[0], parts[1]) if "/" in text else date(*parts)


def decoded(content: bytes) -> tuple[str, str]:
    """Return a file's encoding and text."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if content.startswith(mark):
            return encoding, content.decode(encoding)
    try:
        return "utf-8", content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp949", content.decode("cp949")


def rows_of(name: str) -> list[tuple[date, str, str]]:
    """Return (day, total as printed, change as printed) of a shipped file, without the importer's help."""
    text = decoded((SAMPLE / name).read_bytes())[1]
    head = text.splitlines()[0]
    body = list(csv.reader(io.StringIO(text), delimiter=max(",;\t|", key=head.count)))[1:]
    return [(day_of(row[0]), row[1], row[2] if len(row) > 2 else "") for row in body]


def totals_of(name: str) -> list[tuple[date, float]]:
    """Return the readings of a shipped file that are numbers."""
    return [(day, float(cell.replace(",", ""))) for day, cell, _ in rows_of(name) if NUMBER.fullmatch(cell)]


def gains_of(name: str) -> dict[date, float]:
    """Return what each reading added to the one before."""
    readings = totals_of(name)
    return {day: after - before for (_, before), (day, after) in zip(readings, readings[1:], strict=False)}


def span(first: str, days: int) -> list[date]:
    """Return ``days`` days from ``first``."""
    return [date.fromisoformat(first) + timedelta(days=i) for i in range(days)]


@pytest.fixture(scope="module")
def shipped() -> list[str]:
    """Return the names of the shipped sample files."""
    return sorted(path.name for path in SAMPLE.glob("*.csv") if NAME.fullmatch(path.stem.lower()))


def test_the_script_reproduces_the_committed_bytes(tmp_path: Path, shipped: list[str]) -> None:
    """A rerun writes the same files, byte for byte; another seed does not."""
    for folder, extra in (("same", []), ("other", ["--seed", "1"])):
        command = [sys.executable, str(SAMPLE / "make_sample.py"), "--out", str(tmp_path / folder), *extra]
        subprocess.run(command, check=True, capture_output=True)
    assert sorted(path.name for path in (tmp_path / "same").glob("*.csv")) == shipped
    digests = "sample.json"
    assert (tmp_path / "same" / digests).read_bytes() == (SAMPLE / digests).read_bytes()
    for name in shipped:
        assert (tmp_path / "same" / name).read_bytes() == (SAMPLE / name).read_bytes(), name
        assert (tmp_path / "other" / name).read_bytes() != (SAMPLE / name).read_bytes(), name


def test_it_has_eight_artists_twelve_songs_and_three_platforms_each(shipped: list[str]) -> None:
    """36 files, 12 a platform, in less than 700 KB."""
    parts = [found.groups() for name in shipped if (found := NAME.fullmatch(Path(name).stem.lower()))]
    assert len(shipped) == 36
    assert len({artist for artist, _, _ in parts}) == 8
    songs = Counter((artist, song) for artist, song, _ in parts)
    assert len(songs) == 12 and set(songs.values()) == {3}
    metrics = Counter(tail.split("_")[1].rstrip("s") for _, _, tail in parts)
    assert metrics == {"view": 12, "stream": 12, "play": 12}
    assert sum((SAMPLE / name).stat().st_size for name in shipped) < 700_000


def test_the_readme_says_made_up_and_names_every_file(shipped: list[str]) -> None:
    """The first line says so; 24 files stand in the dirt table and 12 among the clean ones."""
    text = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert "made up" in text.splitlines()[0]
    table, clean = text.split("The other twelve are clean:")
    in_table = [name for name in shipped if f"| `{name}` |" in table]
    in_list = [name for name in shipped if f"`{name}`" in clean]
    assert sorted(in_table + in_list) == shipped
    assert (len(in_table), len(in_list)) == (24, 12)


def test_clean_files_have_nothing_to_repair(shipped: list[str]) -> None:
    """Plain UTF-8, commas, LF, ISO days once each, rising totals."""
    clean = (SAMPLE / "README.md").read_text(encoding="utf-8").split("The other twelve are clean:")[1]
    for name in (name for name in shipped if f"`{name}`" in clean):
        encoding, text = decoded((SAMPLE / name).read_bytes())
        assert encoding == "utf-8" and "\r" not in text and '"' not in text, name
        assert re.match(r"2025-09-27,\d+", text.splitlines()[1]), name
        assert [day for day, _ in totals_of(name)] == CALENDAR, name
        assert min(gains_of(name).values()) > 0, name


@pytest.mark.parametrize(
    ("name", "encoding", "newline", "head"),
    [
        ("LunaHarbor_MidnightFerry_SoundCloud_plays", "utf-8-sig", "\r\n", "날짜,총 재생 횟수,변동"),
        ("NeonMarigold_RooftopStatic_yt_view", "utf-8", "\n", "Fecha;Visualizaciones totales;Variación"),
        ("NeonMarigold_RooftopStatic_sp_stream", "utf-8", "\n", "Date\tTotal streams"),
        ("NeonMarigold_ParallelSummer_sc_play", "utf-8", "\n", "Date|Total plays"),
        ("TinLighthouse_OldMapsAndRadios_SPOTIFY_STREAMS", "utf-8", "\r\n", "Date,Total streams,Change"),
        ("CopperFinch_GravelAndGold_SC_Plays", "utf-8", "\r\n", "Date;Total plays"),
        ("JuniperVolt_GlassEscalator_yt_views", "utf-16", "\r\n", "Date\tTotal views"),
        ("PaperMeridian_SlowElevator_SoundCloud_plays", "utf-8", "\n", "Date,Daily plays"),
        ("여울담_새벽우편함_YouTube_views", "cp949", "\r\n", "날짜,총 조회수,변동"),
        ("물빛정거장_고래의계절_sc_plays", "cp949", "\n", "날짜\t총 재생 횟수"),
    ],
)
def test_dialects(name: str, encoding: str, newline: str, head: str) -> None:
    """Encoding, line end and header are as the table says."""
    found, text = decoded((SAMPLE / f"{name}.csv").read_bytes())
    assert found == encoding
    assert text.splitlines()[0] == head
    assert ("\r\n" if "\r\n" in text else "\n") == newline
    assert [day for day, _, _ in rows_of(f"{name}.csv")] == CALENDAR


@pytest.mark.parametrize(
    ("name", "first_day"),
    [
        ("여울담_새벽우편함_YouTube_views", "2025년 09월 27일"),
        ("NeonMarigold_ParallelSummer_sc_play", "2025.9.27"),
        ("TinLighthouse_OldMapsAndRadios_SPOTIFY_STREAMS", "09/27/2025"),
        ("CopperFinch_GravelAndGold_SC_Plays", "45927"),
        ("JuniperVolt_GlassEscalator_yt_views", "2025-09-27"),
    ],
)
def test_date_formats(name: str, first_day: str) -> None:
    """The first row shows the format."""
    assert decoded((SAMPLE / f"{name}.csv").read_bytes())[1].splitlines()[1].startswith(first_day)


def test_thousands_separators() -> None:
    """They are quoted where the comma also separates cells."""
    quoted = (SAMPLE / "CopperFinch_GravelAndGold_Spotify_streams.csv").read_text(encoding="utf-8")
    plain = (SAMPLE / "NeonMarigold_RooftopStatic_sp_stream.csv").read_text(encoding="utf-8")
    assert quoted.splitlines()[1] == '2025-09-27,"9,026,490",0'
    assert plain.splitlines()[1] == "2025-09-27\t5,217,823"


def test_fractional_totals() -> None:
    """Two files print totals with up to three decimals."""
    for name in ("LunaHarbor_MidnightFerry_SoundCloud_plays", "JuniperVolt_HeartbeatArcade_SoundCloud_plays"):
        assert sum("." in total for _, total, _ in rows_of(f"{name}.csv")) > 300


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("LunaHarbor_SaltOnTheWindow_Youtube_views", {"2025-12-09": 1, "2026-03-18": 1, "2026-08-04": 1}),
        ("LunaHarbor_SaltOnTheWindow_SoundCloud_plays", {"2026-02-02": 3}),
        ("JuniperVolt_HeartbeatArcade_Spotify_streams", {"2025-12-24": 3, "2026-04-13": 4, "2026-09-07": 6}),
        ("여울담_새벽우편함_Spotify_streams", {"2026-02-16": 5}),
    ],
)
def test_stale_days(name: str, runs: dict[str, int]) -> None:
    """The total stands still on exactly these days."""
    expected = [day for first, days in runs.items() for day in span(first, days)]
    assert [day for day, gain in gains_of(f"{name}.csv").items() if gain == 0] == expected


def test_a_zero_stands_beside_a_doubled_day_in_both_orders() -> None:
    """The neighbour of a zero gains about twice what the days around it do."""
    gains = gains_of("LunaHarbor_SaltOnTheWindow_Youtube_views.csv")
    for doubled in ("2025-12-10", "2026-03-17", "2026-08-05"):
        day = date.fromisoformat(doubled)
        usual = [gains[day + timedelta(days=i)] for i in (-3, -2, 2, 3)]
        assert gains[day] == pytest.approx(2 * sum(usual) / 4, rel=0.25)


def test_missing_days() -> None:
    """Single days and one run of nine are absent."""
    gravel = dict(totals_of("CopperFinch_GravelAndGold_YouTube_views.csv"))
    missing = [day for day in CALENDAR if day not in gravel]
    assert missing == [date(2025, 11, 23), *span("2026-03-02", 9), date(2026, 7, 2)]
    salt = dict(totals_of("LunaHarbor_SaltOnTheWindow_SoundCloud_plays.csv"))
    assert [day for day in CALENDAR if day not in salt] == [date(2026, 5, 19)]


def test_repeated_days() -> None:
    """Three days come twice with the same reading, two with a higher second one."""
    readings: dict[date, list[float]] = {}
    for day, total in totals_of("JuniperVolt_GlassEscalator_SoundCloud_Play.csv"):
        readings.setdefault(day, []).append(total)
    twice = {day.isoformat(): both[1] - both[0] for day, both in readings.items() if len(both) > 1}
    assert twice == {"2025-10-31": 0, "2026-01-15": 607, "2026-01-16": 0, "2026-06-21": 336, "2026-10-05": 0}


@pytest.mark.parametrize(
    ("name", "first", "days", "gain"),
    [
        ("NeonMarigold_ParallelSummer_Spotify_streams", "2026-01-05", 14, 45_542.0),
        ("JuniperVolt_HeartbeatArcade_SoundCloud_plays", "2025-11-17", 21, 3_265.957),
        ("JuniperVolt_HeartbeatArcade_SoundCloud_plays", "2026-07-06", 28, 2_422.866),
    ],
)
def test_interpolated_runs(name: str, first: str, days: int, gain: float) -> None:
    """Weeks of one and the same gain."""
    gains = gains_of(f"{name}.csv")
    assert [gains[day] for day in span(first, days)] == pytest.approx([gain] * days, abs=1e-6)


def test_the_counter_falls_once_and_grows_on() -> None:
    """A reset: one negative step, then growth from the lower value."""
    gains = gains_of("TinLighthouse_OldMapsAndRadios_SoundCloud_plays.csv")
    falls = {day: gain for day, gain in gains.items() if gain < 0}
    assert falls == {date(2026, 4, 7): 412_000 - 1_296_116}


def test_the_source_changes_on_the_last_day() -> None:
    """A leap by a factor of about 150 that the export's own change column does not know of."""
    (_, before, _), (day, after, change) = rows_of("NeonMarigold_ParallelSummer_Youtube_views.csv")[-2:]
    assert (day, before, after, change) == (LAST, "15012213", "2249578576", "0")


def test_daily_amounts_rise_and_fall() -> None:
    """One file holds amounts per day; as totals they would fall half of the time."""
    falls = sum(gain < 0 for gain in gains_of("PaperMeridian_SlowElevator_SoundCloud_plays.csv").values())
    assert 150 < falls < 250


def test_unparsable_cells_and_a_day_in_the_future() -> None:
    """Four totals are no numbers, and one row is dated 2099."""
    rows = rows_of("PaperMeridian_LanternArithmetic_YouTube_views.csv")
    odd = {day.isoformat(): total for day, total, _ in rows if not re.fullmatch(r"\d+", total)}
    assert odd == {"2025-12-31": "n/a", "2026-02-11": "-", "2026-05-03": "", "2026-08-19": "12..5"}
    days = [day for day, _, _ in rows_of("PaperMeridian_LanternArithmetic_soundcloud_plays.csv")]
    assert days == [*CALENDAR, date(2099, 12, 31)]


def test_one_artist_stays_below_the_threshold(shipped: list[str]) -> None:
    """Paper Meridian ends under 100,000 everywhere, everyone else above."""
    for name in shipped:
        readings = [total for _, total in totals_of(name)]
        last = sum(readings) if "SlowElevator_SoundCloud" in name else readings[-1]
        assert (last < 100_000) == name.startswith("PaperMeridian"), name


def test_the_demo_song_goes_viral_on_youtube_three_days_before_spotify() -> None:
    """The best day after the launch month is the spike's."""
    best = []
    for tail in ("YouTube_views", "Spotify_streams"):
        gains = gains_of(f"LunaHarbor_MidnightFerry_{tail}.csv")
        best.append(max((day for day in gains if day > FIRST + timedelta(days=30)), key=gains.__getitem__))
    assert best == [date(2026, 6, 17), date(2026, 6, 20)]


def test_the_rising_star_rises_on_every_platform() -> None:
    """Its last week brings more than twice what the week a month before did."""
    for tail in ("Youtube_views", "Spotify_streams", "sc_plays"):
        gains = gains_of(f"물빛정거장_고래의계절_{tail}.csv")
        week, before = ([gains[LAST - timedelta(days=i + back)] for i in range(7)] for back in (0, 30))
        assert sum(week) > 2 * sum(before)


def test_demo_facts_match_the_sample_and_the_lyrics(shipped: list[str]) -> None:
    """Keys lead to CSV files; the lyrics open with artist and title."""
    facts = json.loads((DEMO / "demo.json").read_text(encoding="utf-8"))
    assert sum(name.startswith(f"{facts['artist_key']}_{facts['song_key']}_") for name in shipped) == 3
    lines = (DEMO / facts["files"]["lyrics"]).read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"{facts['artist']} - {facts['title']}:"
    assert 35 <= sum(bool(line.strip()) for line in lines[1:]) <= 50
    assert facts["duration_s"] == 90.0
    assert sum(section["bars"] for section in facts["structure"]) * 4 * 60 / facts["bpm"] == pytest.approx(90)


def test_demo_audio_is_ninety_seconds_and_never_clips() -> None:
    """44.1 kHz stereo Vorbis, peak below -1 dBFS, quiet at both ends, small."""
    soundfile = pytest.importorskip("soundfile")
    path = DEMO / "audio.ogg"
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (44_100, 2, 90 * 44_100, "VORBIS")
    samples = soundfile.read(path)[0]
    assert 0.5 < abs(samples).max() < 10 ** (-1 / 20)
    assert max(abs(samples[:441]).max(), abs(samples[-441:]).max()) < 0.01
    assert path.stat().st_size < 1_600_000


def test_demo_cover_is_a_square_jpeg() -> None:
    """1200 by 1200, below 400 KB."""
    image = pytest.importorskip("PIL.Image")
    with image.open(DEMO / "cover.jpg") as cover:
        assert (cover.format, cover.size, cover.mode) == ("JPEG", (1200, 1200), "RGB")
    assert (DEMO / "cover.jpg").stat().st_size < 400_000
