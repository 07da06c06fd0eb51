"""Write the made-up sample of platform exports that lies in this folder.

Task: 8 invented artists, 12 songs, three platforms each, 400 days ending on 2026-10-31, with the dirt real
exports carry. Two thirds of the files have something to clean; README.md lists what and where.

Source: none. Every name and every number comes from the tables below and a seeded generator.

Conventions: a day is a calendar day without time zone. Amounts are counted in thousandths of a play, as
whole numbers, so that sums are exact and the written bytes are the same on every machine. Gains are what a
day added; readings are cumulative totals.

Run ``python cmdata/make_sample.py [--out DIR] [--seed N]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED = 20261031
DAYS = 400
LAST_DAY = date(2026, 10, 31)
FIRST_DAY = LAST_DAY - timedelta(days=DAYS - 1)
ONE = 1000  # one play, view or stream in the thousandths that everything here is counted in

PLATFORMS = ("YouTube", "Spotify", "SoundCloud")
LAG = {"YouTube": 0, "Spotify": 3, "SoundCloud": 4}  # days a shared event needs to get here
ECHO = {"YouTube": 1.0, "Spotify": 0.7, "SoundCloud": 0.5}  # how strongly it arrives there
WEEK = {  # Monday first: video peaks at weekends, streaming on release day (Friday)
    "YouTube": (0.94, 0.92, 0.93, 0.96, 1.04, 1.13, 1.08),
    "Spotify": (0.99, 0.98, 1.00, 1.01, 1.10, 1.02, 0.90),
    "SoundCloud": (1.02, 1.01, 1.00, 1.00, 1.03, 0.99, 0.95),
}
RISE_DAYS, RISE_A_DAY = 30, 1.07  # the rising star grows 7 % a day over its last 30 days

log = logging.getLogger("make_sample")


# --- how a song behaves -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spike:
    """A viral day: extra times the usual level at its height, and the days until half of that is gone."""

    day: int
    height: float
    half_life: float
    only: str | None = None  # None: seen on every platform, YouTube first


@dataclass(frozen=True)
class Song:
    """How a made-up song behaves; ``peak``: Spotify streams on release day, ``share``: of it, by platform."""

    artist: str
    title: str
    peak: float
    age: int  # days since release on the first day of the sample
    half_life: float
    floor: float  # part of the peak that never decays
    growth: float  # factor over 365 days
    start: int  # Spotify total on the day before the sample
    share: tuple[float, float, float] = (0.6, 1.0, 0.05)
    spikes: tuple[Spike, ...] = ()
    leads: bool = False  # everyday ups and downs, too, reach YouTube first
    rising: bool = False


def _wander(rng: np.random.Generator, n: int, spread: float, memory: float = 0.7) -> NDArray[np.float64]:
    """Return n values of a first-order autoregressive noise around 0 with standard deviation ``spread``."""
    steps = rng.standard_normal(n) * spread * (1 - memory**2) ** 0.5
    out = np.zeros(n)
    for i in range(1, n):
        out[i] = memory * out[i - 1] + steps[i]
    return out


def _level(song: Song, platform: str) -> NDArray[np.float64]:
    """Return the smooth daily level: launch decay, slow trend, spikes, rise; 1 is the peak."""
    t = np.arange(DAYS, dtype=np.float64)
    level = song.floor + (1 - song.floor) * 0.5 ** ((t + song.age) / song.half_life)
    level *= song.growth ** (t / 365)
    for spike in song.spikes:
        if spike.only not in (None, platform):
            continue
        shared = spike.only is None
        since = t - spike.day - (LAG[platform] if shared else 0)
        burst = np.where(since >= 0, 0.5 ** (np.maximum(since, 0) / spike.half_life), 0.0)
        burst[since == 0] = 0.5  # it breaks in the course of its first day
        level *= 1 + spike.height * (ECHO[platform] if shared else 1.0) * burst
    if song.rising:
        level *= RISE_A_DAY ** np.maximum(t - (DAYS - RISE_DAYS) - LAG[platform], 0)
    return level


def daily_gains(song: Song, seed: int = SEED) -> dict[str, NDArray[np.float64]]:
    """Return what each platform really gained each day, before any dirt.

    Parameters
    ----------
    song : Song
        One of ``SONGS``.
    seed : int
        Seed of the whole sample.

    Returns
    -------
    dict of str to ndarray of shape (DAYS,)
        Plays, views or streams per day, by platform.
    """
    # One stream of random numbers per song: changing a song leaves the others as they were.
    rng = np.random.default_rng([seed, SONGS.index(song)])
    margin = max(LAG.values())
    common = _wander(rng, DAYS + margin, 0.13 if song.leads else 0.0)
    weekdays = (np.arange(DAYS) + FIRST_DAY.weekday()) % 7
    gains = {}
    for platform, share in zip(PLATFORMS, song.share, strict=True):
        shift = margin - LAG[platform]
        noise = common[shift : shift + DAYS] + _wander(rng, DAYS, 0.05, memory=0.3)
        week = np.asarray(WEEK[platform])[weekdays]
        gains[platform] = song.peak * share * _level(song, platform) * week * np.exp(noise)
    return gains


# --- dirt ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One line of an export; a ``text`` replaces the printed total."""

    day: date
    total: int
    change: int
    text: str | None = None


Gains = NDArray[np.int64]
GainFault = Callable[[Gains, int], None]  # (gains, smallest printed amount), in place
RowFault = Callable[[list[Row]], list[Row]]


def _at(day: str) -> int:
    return (date.fromisoformat(day) - FIRST_DAY).days


def stale(day: str, length: int) -> GainFault:
    """Freeze the total for ``length`` days from ``day``; the day after catches up."""

    def fault(gains: Gains, unit: int) -> None:
        i = _at(day)
        gains[i + length] += gains[i : i + length].sum()
        gains[i : i + length] = 0

    return fault


def early(day: str) -> GainFault:
    """Count the next day's gain on ``day`` already: a doubled day, then a zero."""

    def fault(gains: Gains, unit: int) -> None:
        i = _at(day)
        gains[i] += gains[i + 1]
        gains[i + 1] = 0

    return fault


def interpolated(day: str, length: int) -> GainFault:
    """Spread the gain of ``length`` days evenly, as an export does that was read at both ends only."""

    def fault(gains: Gains, unit: int) -> None:
        i = _at(day)
        span = gains[i : i + length].sum()
        even = span // length // unit * unit
        gains[i : i + length] = even
        gains[i + length] += span - even * length

    return fault


def missing(day: str, length: int = 1) -> RowFault:
    """Leave out ``length`` days from ``day``."""
    first = date.fromisoformat(day)
    gone = {first + timedelta(days=i) for i in range(length)}
    return lambda rows: [row for row in rows if row.day not in gone]


def repeated(day: str, part: float = 0.0) -> RowFault:
    """Write ``day`` twice, the second time higher by ``part`` of that day's gain (0: the same reading)."""

    def fault(rows: list[Row]) -> list[Row]:
        i = next(i for i, row in enumerate(rows) if row.day.isoformat() == day)
        more = round(rows[i].change * part) // ONE * ONE
        again = replace(rows[i], total=rows[i].total + more, change=more)
        after = replace(rows[i + 1], change=rows[i + 1].change - more)
        return [*rows[: i + 1], again, after, *rows[i + 2 :]]

    return fault


def reset(day: str, total: int) -> RowFault:
    """Let the counter fall to ``total`` on ``day`` and grow on from there."""

    def fault(rows: list[Row]) -> list[Row]:
        i = next(i for i, row in enumerate(rows) if row.day.isoformat() == day)
        drop = rows[i].total - total * ONE
        fallen = [replace(row, total=row.total - drop) for row in rows[i:]]
        return [*rows[:i], replace(fallen[0], change=fallen[0].total - rows[i - 1].total), *fallen[1:]]

    return fault


def source_change(factor: float) -> RowFault:
    """Let the last reading come from another counter, ``factor`` times as high; its change column says 0."""

    def fault(rows: list[Row]) -> list[Row]:
        other = round(rows[-1].total * factor) // ONE * ONE
        return [*rows[:-1], replace(rows[-1], total=other, change=0)]

    return fault


def future(day: str) -> RowFault:
    """Append a row dated far ahead that repeats the last total."""
    return lambda rows: [*rows, Row(date.fromisoformat(day), rows[-1].total, 0)]


def unparsable(cells: dict[str, str]) -> RowFault:
    """Print these texts in place of the totals of these days."""
    return lambda rows: [replace(row, text=cells.get(row.day.isoformat())) for row in rows]


# --- how a file is written ----------------------------------------------------------------------------------


def _serial(day: date) -> str:
    return str((day - date(1899, 12, 30)).days)  # a spreadsheet's day number


DATES: dict[str, Callable[[date], str]] = {
    "iso": date.isoformat,
    "korean": lambda day: f"{day:%Y}년 {day:%m}월 {day:%d}일",
    "dots": lambda day: f"{day.year}.{day.month}.{day.day}",
    "us": lambda day: f"{day:%m/%d/%Y}",
    "serial": _serial,
}
HEADERS: dict[str, dict[str, str]] = {
    "en": {"day": "Date", "YouTube": "Total views", "Spotify": "Total streams", "SoundCloud": "Total plays",
           "daily": "Daily plays", "change": "Change"},
    "ko": {"day": "날짜", "YouTube": "총 조회수", "Spotify": "Spotify 스트림", "SoundCloud": "총 재생 횟수",
           "daily": "일일 재생 횟수", "change": "변동"},
    "es": {"day": "Fecha", "YouTube": "Visualizaciones totales", "Spotify": "Reproducciones totales",
           "SoundCloud": "Reproducciones totales", "daily": "Reproducciones diarias", "change": "Variación"},
}  # fmt: skip


@dataclass(frozen=True)
class Export:
    """How one platform writes one song: the end of the file name, the dialect of the file, and its faults."""

    tail: str
    language: str = "en"
    dates: str = "iso"
    encoding: str = "utf-8"
    separator: str = ","
    newline: str = "\n"
    columns: int = 2
    thousands: bool = False
    fractional: bool = False
    daily: bool = False
    gain_faults: tuple[GainFault, ...] = field(default=())
    row_faults: tuple[RowFault, ...] = field(default=())


def _rows(gains: NDArray[np.float64], start: int, export: Export) -> list[Row]:
    """Turn true daily gains into the rows of one export, faults included."""
    unit = 1 if export.fractional else ONE
    exact: Gains = np.rint(gains * (ONE // unit)).astype(np.int64) * unit
    for dirty in export.gain_faults:
        dirty(exact, unit)
    totals = start * ONE + np.cumsum(exact)
    changes = np.diff(totals, prepend=totals[0])  # the first change of an export is 0
    written = exact if export.daily else totals
    rows = [
        Row(FIRST_DAY + timedelta(days=i), int(total), int(change))
        for i, (total, change) in enumerate(zip(written, changes, strict=True))
    ]
    for spoil in export.row_faults:
        rows = spoil(rows)
    return rows


def _number(amount: int, export: Export) -> str:
    """Print thousandths as a number: no trailing zeros, quoted where the separators would clash."""
    sign, (whole, rest) = "-" * (amount < 0), divmod(abs(amount), ONE)
    text = sign + (f"{whole:,}" if export.thousands else str(whole))
    if rest:
        text += f".{rest:03d}".rstrip("0")
    return f'"{text}"' if "," in text and export.separator == "," else text


def _file(rows: list[Row], platform: str, export: Export) -> bytes:
    """Return the bytes of one export."""
    names = HEADERS[export.language]
    head = [names["day"], names["daily" if export.daily else platform], names["change"]]
    lines = [export.separator.join(head[: export.columns])]
    for row in rows:
        total = _number(row.total, export) if row.text is None else row.text
        change = _number((row.change + ONE // 2) // ONE * ONE, export)  # the change column is always whole
        cells = [DATES[export.dates](row.day), total, change]
        lines.append(export.separator.join(cells[: export.columns]))
    text = "".join(line + export.newline for line in lines)
    if export.encoding == "utf-16":  # little-endian on every machine, with its byte-order mark
        return b"\xff\xfe" + text.encode("utf-16-le")
    return text.encode(export.encoding)


# --- the songs and their files ------------------------------------------------------------------------------

FERRY_RUNS_VIRAL = (Spike(101, 2.0, 4), Spike(262, 9.0, 7))
SONGS: tuple[Song, ...] = (
    Song("LunaHarbor", "MidnightFerry", 120_000, 0, 28, 0.16, 1.35, 0, spikes=FERRY_RUNS_VIRAL, leads=True),
    Song("LunaHarbor", "SaltOnTheWindow", 95_000, 410, 60, 0.22, 1.10, 11_482_903,
         spikes=(Spike(266, 1.2, 9),)),
    Song("NeonMarigold", "RooftopStatic", 60_000, 190, 45, 0.18, 0.80, 5_204_118, (0.9, 1.0, 0.08)),
    Song("NeonMarigold", "ParallelSummer", 210_000, 0, 40, 0.10, 0.85, 0, (0.8, 1.0, 0.06),
         (Spike(205, 1.6, 10),), leads=True),
    Song("TinLighthouse", "OldMapsAndRadios", 52_000, 1500, 200, 0.40, 0.34, 61_730_455, (1.3, 1.0, 0.02)),
    Song("CopperFinch", "GravelAndGold", 24_000, 640, 90, 0.45, 1.25, 9_015_377, (0.25, 1.0, 0.12),
         (Spike(188, 5.0, 6, only="SoundCloud"),)),
    Song("JuniperVolt", "HeartbeatArcade", 160_000, 0, 18, 0.14, 1.05, 0, (1.1, 1.0, 0.09),
         (Spike(150, 5.0, 5), Spike(302, 3.5, 8)), leads=True),
    Song("JuniperVolt", "GlassEscalator", 74_000, 95, 22, 0.20, 0.92, 3_377_640, (0.7, 1.0, 0.11)),
    Song("PaperMeridian", "SlowElevator", 420, 0, 20, 0.25, 1.15, 0, (0.5, 1.0, 0.3)),
    Song("PaperMeridian", "LanternArithmetic", 260, 210, 35, 0.35, 1.30, 20_614, (0.6, 1.0, 0.25)),
    Song("여울담", "새벽우편함", 33_000, 75, 55, 0.35, 1.20, 1_922_084, (1.6, 1.0, 0.07),
         (Spike(330, 1.5, 6),)),
    Song("물빛정거장", "고래의계절", 9_000, 120, 40, 0.50, 1.10, 845_216, (1.2, 1.0, 0.15),
         leads=True, rising=True),
)  # fmt: skip

KOREAN = Export("", language="ko", dates="korean", columns=3)
AS_DOWNLOADED = replace(KOREAN, encoding="utf-8-sig", newline="\r\n")  # what the platforms' tools hand out

EXPORTS: tuple[tuple[Export, Export, Export], ...] = (  # one entry per song, one export per platform
    (Export("YouTube_views", columns=3), Export("Spotify_streams"),
     replace(AS_DOWNLOADED, tail="SoundCloud_plays", fractional=True)),
    (replace(AS_DOWNLOADED, tail="Youtube_views",
             gain_faults=(stale("2025-12-09", 1), early("2026-03-17"), stale("2026-08-04", 1))),
     Export("Spotify_streams", columns=3),
     Export("SoundCloud_plays", newline="\r\n", gain_faults=(stale("2026-02-02", 3),),
            row_faults=(missing("2026-05-19"),))),
    (Export("yt_view", language="es", separator=";", columns=3),
     Export("sp_stream", separator="\t", thousands=True), Export("SoundCloud_plays")),
    (replace(KOREAN, tail="Youtube_views", encoding="utf-8-sig", row_faults=(source_change(149.7),)),
     replace(KOREAN, tail="Spotify_streams", gain_faults=(interpolated("2026-01-05", 14),)),
     Export("sc_play", dates="dots", separator="|")),
    (Export("YouTube_views"), Export("SPOTIFY_STREAMS", dates="us", newline="\r\n", columns=3),
     Export("SoundCloud_plays", row_faults=(reset("2026-04-07", 412_000),))),
    (Export("YouTube_views",
            row_faults=(missing("2025-11-23"), missing("2026-03-02", 9), missing("2026-07-02"))),
     Export("Spotify_streams", columns=3, thousands=True),
     Export("SC_Plays", dates="serial", separator=";", newline="\r\n")),
    (Export("YouTube_views", columns=3),
     Export("Spotify_streams", columns=3,
            gain_faults=(stale("2025-12-24", 3), stale("2026-04-13", 4), stale("2026-09-07", 6))),
     Export("SoundCloud_plays", columns=3, fractional=True,
            gain_faults=(interpolated("2025-11-17", 21), interpolated("2026-07-06", 28)))),
    (Export("yt_views", encoding="utf-16", separator="\t", newline="\r\n"), Export("Spotify_streams"),
     Export("SoundCloud_Play", language="es", columns=3, row_faults=(
         repeated("2025-10-31"), repeated("2026-01-15", 0.4), repeated("2026-01-16"),
         repeated("2026-06-21", 0.25), repeated("2026-10-05")))),
    (Export("YouTube_views"), Export("Spotify_streams"), Export("SoundCloud_plays", daily=True)),
    (Export("YouTube_views", row_faults=(unparsable({
        "2025-12-31": "n/a", "2026-02-11": "-", "2026-05-03": "", "2026-08-19": "12..5"}),)),
     Export("Spotify_streams"), Export("soundcloud_plays", row_faults=(future("2099-12-31"),))),
    (replace(KOREAN, tail="YouTube_views", encoding="cp949", newline="\r\n"),
     replace(AS_DOWNLOADED, tail="Spotify_streams", thousands=True, gain_faults=(stale("2026-02-16", 5),)),
     Export("SoundCloud_plays", language="ko")),
    (replace(AS_DOWNLOADED, tail="Youtube_views"), Export("Spotify_streams", columns=3),
     Export("sc_plays", language="ko", dates="dots", encoding="cp949", separator="\t")),
)  # fmt: skip


def build(seed: int = SEED) -> dict[str, bytes]:
    """Return the whole sample, by file name.

    Parameters
    ----------
    seed : int
        Same seed, same bytes.
    """
    files = {}
    for song, exports in zip(SONGS, EXPORTS, strict=True):
        gains = daily_gains(song, seed)
        for platform, share, export in zip(PLATFORMS, song.share, exports, strict=True):
            rows = _rows(gains[platform], round(song.start * share), export)
            files[f"{song.artist}_{song.title}_{export.tail}.csv"] = _file(rows, platform, export)
    return files


def main(argv: list[str] | None = None) -> None:
    """Write the sample into a folder.

    Parameters
    ----------
    argv : list of str, optional
        Command line without the program's name; None reads the real one.
    """
    parser = argparse.ArgumentParser(description="Write the made-up sample exports.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write into")
    parser.add_argument("--seed", type=int, default=SEED, help="same seed, same bytes")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.out.mkdir(parents=True, exist_ok=True)
    files = build(options.seed)
    for name, content in files.items():
        (options.out / name).write_bytes(content)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    (options.out / "sample.json").write_text(json.dumps(digests, indent=1, ensure_ascii=False) + "\n", "utf-8")
    log.info("%d files, %d bytes, in %s", len(files), sum(map(len, files.values())), options.out)


if __name__ == "__main__":
    main()
