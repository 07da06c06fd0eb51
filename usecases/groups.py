"""What a sync holds of the files of one song and platform between reading and writing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection

from data_processing import BY_KEY, LEFT_OUT_OF_TOTALS, FileName, Flag, Part, Readings, Series
from ingest.dates import to_date
from queries import sync as queries
from support.errors import FileRefused

ENOUGH_FOR_KIND = 14
"""Readings from which the kind found for a file is kept, so that an odd later export cannot turn a series over."""


@dataclass(slots=True)
class File:
    """One file of a group: what was read, or why not."""

    name: str
    parsed: FileName | None
    size: int = 0
    sha256: str = ""
    readings: Readings | None = None
    refusal: FileRefused | None = None
    accepted_days: Sequence[date] = ()
    findings: dict[str, Any] = field(default_factory=dict)
    recheck: date | None = None

    @property
    def usable(self) -> bool:
        """Whether it holds readings that can be stored."""
        return self.readings is not None and self.refusal is None


@dataclass(slots=True)
class Group:
    """All files of one song and platform; or one file that was refused by its name.

    `grown` says whether the series has days the database does not hold.
    """

    files: list[File]
    song_id: int = 0
    series: Series | None = None
    part: Part | None = None
    grown: bool = True

    @property
    def parsed(self) -> FileName:
        """What the name of its files says."""
        parsed = self.files[0].parsed
        assert parsed is not None
        return parsed

    @property
    def usable(self) -> list[File]:
        """Its files that hold readings."""
        return [file for file in self.files if file.usable]

    @property
    def kind(self) -> str:
        """The kind of value of its files."""
        readings = self.usable[0].readings
        assert readings is not None
        return readings.kind

    @property
    def platform(self) -> int:
        """The id of its platform."""
        return BY_KEY[self.parsed.platform].id

    @property
    def rows(self) -> int:
        """How many readings its files hold."""
        return sum(file.readings.accepted for file in self.usable if file.readings)


def known_kind(entry: dict[str, Any]) -> str | None:
    """Return the kind a file's values are known to be of: the operator's word, else what enough lines once showed."""
    if entry.get("kind_option") or entry.get("accepted", 0) >= ENOUGH_FOR_KIND:
        return entry.get("kind_option") or entry.get("kind")
    return None


def refuse_mixed_kinds(files: list[File]) -> None:
    """Refuse files of one series whose kind of value is not that of the first."""
    first = next((file for file in files if file.usable), None)
    if first is None or first.readings is None:
        return
    for file in files:
        if file.usable and file.readings and file.readings.kind != first.readings.kind:
            file.refusal = FileRefused("file.kinds_differ", other=first.name, other_kind=first.readings.kind,
                                       kind=file.readings.kind)


def covers(days: np.ndarray, stored: tuple[int, int, int, int, int]) -> bool:
    """Return whether `days` hold every stored day (see `queries.day_sets`)."""
    first, last, count, total, squares = stored
    within = days[(days >= first) & (days <= last)].astype(np.int64)
    return (len(within), int(within.sum()), int((within * within).sum())) == (count, total, squares)


def part_of(readings: Readings, source: int) -> Part:
    """Return a file's readings; its first line has no day before, so the change written there says nothing."""
    reported = readings.reported
    if reported is not None:
        reported = np.concatenate(([np.nan], reported[1:]))
    return Part(readings.days, readings.values, source, reported)


def stored_part(connection: Connection, group: Group) -> Part:
    """Return what the database holds; a leap found there stays denied, though the column that denied it is gone."""
    stored = queries.stored_readings(connection, group.song_id, group.platform)
    totals = stored["total"]
    return Part(stored["day"], np.diff(totals, prepend=0.0) if group.kind == "daily" else totals, stored["source"],
                np.where(stored["flags"] & int(Flag.JUMP), 0.0, np.nan))


def attach_findings(file: File, series: Series) -> None:
    """Note with a file what the audit of its series found, and what its own lines showed."""
    readings = file.readings
    assert readings is not None
    file.findings = dict(series.audited.findings)
    if readings.repeated:
        file.findings["repeated_days"] = {"count": readings.repeated, "items": readings.repeats}
    if readings.rejected:
        file.findings["rejected_cells"] = {"count": readings.rejected, "items": [
            {"line": each.line, "reason": each.reason, "cell": each.cell} for each in readings.rejects[:50]]}
    file.recheck = series.audited.recheck


def columns(groups: list[Group]) -> dict[str, np.ndarray]:
    """Return the batch's readings as columns, sorted by song, platform and day."""
    groups = sorted(groups, key=lambda group: (group.song_id, group.platform))
    pairs = [(group.part, group.series) for group in groups if group.part and group.series]
    lengths = [len(series.days) for _, series in pairs]
    return {
        "song": np.repeat([group.song_id for group in groups], lengths),
        "platform": np.repeat([group.platform for group in groups], lengths),
        "day": np.concatenate([series.days for _, series in pairs]),
        "flags": np.concatenate([series.audited.flags for _, series in pairs]),
        "source": np.concatenate([np.broadcast_to(part.source, len(series.days)) for part, series in pairs]),
        "total": np.concatenate([series.totals for _, series in pairs]),
        "gain": np.concatenate([series.audited.gains for _, series in pairs]),
    }


def series_row(group: Group, today: int) -> tuple[Any, ...]:
    """Return the line of `series` for a group (see `queries.put_series`)."""
    series = group.series
    assert series is not None
    flags, days = series.audited.flags, series.days
    good = np.flatnonzero(((flags & LEFT_OUT_OF_TOTALS) == 0) | ((flags & int(Flag.ACCEPTED)) != 0))
    present = days[days <= today]
    return (group.song_id, group.platform, group.kind, len(days), int((flags != 0).sum()), to_date(days[0]),
            to_date(present[-1] if len(present) else days[-1]), float(series.totals[good[-1]]) if len(good) else None)


def rejected_lines(groups: list[Group], ids: dict[str, int]) -> list[tuple[Any, ...]]:
    """Return the rejected lines of all files (see `queries.put_rejected`); line 0 counts those not kept."""
    rows: list[tuple[Any, ...]] = []
    for group in groups:
        for file in group.files:
            if file.readings is None:
                continue
            rows += [(ids[file.name], each.line, each.raw, each.reason, each.cell) for each in file.readings.rejects]
            rest = file.readings.rejected - len(file.readings.rejects)
            if rest:
                rows.append((ids[file.name], 0, "", "more", f"{rest}"))
    return rows
