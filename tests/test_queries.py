"""What the database really does for one artist's page: no table is read from end to end but for the three platforms.

The statements are not repeated here: whatever the functions of `queries` execute is caught and explained with the same
values, so a changed statement is judged as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection, event, text

import db
from queries import growth, sync

ARTISTS, SONGS, DAYS, FIRST_DAY = 1_000, 2, 8, date(2025, 1, 1)
"""Enough for every table to be larger than what the planner reads whole because it is small."""
PLATFORMS = (1, 2, 3)
SMALL = {"platforms"}
"""Tables of a fixed handful of rows."""

ONE_ARTIST: dict[str, Callable[[Connection, int], Any]] = {
    "growth.artists": lambda connection, artist: growth.artists(connection, artist),
    "growth.readings": lambda connection, artist: growth.readings(connection, artist),
    "growth.delete_preview": lambda connection, artist: growth.delete_preview(connection, artist),
    "sync.files": lambda connection, artist: sync.files(connection, artist),
}
"""What the page of one artist asks."""
ONE_FILE: dict[str, Callable[[Connection, int], Any]] = {
    "sync.files of one file": lambda connection, file: sync.files(connection, None, file),
    "sync.rejected": lambda connection, file: sync.rejected(connection, file, 100, 0),
}
"""What it asks of one file."""
WHOLE: dict[str, tuple[Callable[[Connection], Any], set[str]]] = {
    "growth.artists": (lambda connection: growth.artists(connection), {"artists", "songs", "series", "platforms"}),
    "growth.counts": (lambda connection: growth.counts(connection), {"songs", "series", "sync_files", "sync_runs"}),
    "growth.version": (lambda connection: growth.version(connection), {"series", "sync_runs", "audit_log"}),
    "growth.risers": (lambda connection: growth.risers(connection, 0.0, 10),
                      {"artists", "songs", "series", "platforms"}),
    "sync.manifest": (lambda connection: sync.manifest(connection), {"sync_files"}),
    "sync.files of all": (lambda connection: sync.files(connection, None),
                          {"artists", "songs", "sync_files", "platforms"}),
}
"""The known reads of whole tables, each with the tables it may read: lists of everything, one line an artist, series
or file. None of them is in here for ``daily_metrics`` or ``artist_growth_data``, which hold one line a day."""


@pytest.fixture(scope="module")
def kept(database: None) -> Iterator[dict[str, Any]]:
    """Give what the tests of this module share; at their end the database is emptied."""
    box: dict[str, Any] = {}
    yield box
    if box:
        box["empty"]()


@pytest.fixture
def filled(kept: dict[str, Any], empty: Callable[[], None]) -> tuple[int, int]:
    """Give a database with enough artists that the planner prefers an index; return one artist's and one file's id."""
    if not kept:
        empty()
        kept["empty"] = empty
        with db.begin() as connection:
            fill(connection)
        with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
            kept["ids"] = tuple(connection.execute(text("""
                SELECT s.artist_id, f.id FROM sync_files f JOIN songs s ON s.id = f.song_id
                ORDER BY f.id OFFSET 1000 LIMIT 1""")).one())
    return kept["ids"]


def fill(connection: Connection) -> None:
    """Store artists, their songs and three platforms each, as a sync does."""
    run = sync.start_run(connection, "here", 1, False)
    names = [f"Artist{number:04d}" for number in range(ARTISTS)]
    artists = sync.put_artists(connection, [(name.casefold(), name, name) for name in names])
    songs = sync.put_songs(connection, [(artist, f"song{number}", f"Song{number}", f"Song {number}")
                                        for artist in artists.values() for number in range(SONGS)])
    series = [(song, platform) for song in sorted(songs.values()) for platform in PLATFORMS]
    last_day = FIRST_DAY + timedelta(days=DAYS - 1)
    files = [{"name": f"{song}_{platform}.csv", "folder": "here", "sha256": "", "reader": 1, "size_bytes": 1,
              "state": "imported", "song_id": song, "platform": platform, "reason": None, "reason_values": {},
              "encoding": "utf-8", "separator": ",", "date_format": "ISO", "kind": "cumulative", "lines_read": DAYS + 1,
              "accepted": DAYS, "rejected": 1, "repeated": 0, "first_day": FIRST_DAY, "last_day": last_day,
              "audit": {}, "recheck_on": None, "run_id": run} for song, platform in series]
    sync.put_files(connection, files)
    ids = sync.file_ids(connection, [file["name"] for file in files], run)
    sync.put_rejected(connection, list(ids.values()), [(number, 1, "x", "number", "x") for number in ids.values()])
    totals = np.arange(DAYS, dtype=np.float64)[None, :] ** 2 + np.arange(len(series))[:, None]
    start = (FIRST_DAY - date(1970, 1, 1)).days
    sync.put_readings(connection, {
        "song": np.repeat([song for song, _ in series], DAYS), "day": np.tile(np.arange(DAYS) + start, len(series)),
        "platform": np.repeat([platform for _, platform in series], DAYS), "flags": np.zeros(totals.size),
        "source": np.repeat([ids[file["name"]] for file in files], DAYS), "total": totals.ravel(),
        "gain": np.diff(totals, axis=1, prepend=np.nan).ravel()}, [])
    sync.put_series(connection, [(song, platform, "cumulative", DAYS, 0, FIRST_DAY, last_day, float(row[-1]))
                                 for (song, platform), row in zip(series, totals, strict=True)])
    growth.derive_growth(connection, sorted(artists.values()), 0)
    connection.execute(text("""INSERT INTO catalogue_entries (song_id, genre, haystack, source)
                               SELECT id, 'POP', title, 'songs.csv' FROM songs WHERE norm_title = 'song1'"""))
    sync.finish_run(connection, run, "done", {}, None)


@contextmanager
def caught(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Give the list of statements, with their values, that the block executes on a connection."""
    statements: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        statements.append((statement, values))

    event.listen(connection, "before_cursor_execute", keep)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", keep)


def plans(connection: Connection, ask: Callable[[Connection], Any]) -> list[dict[str, Any]]:
    """Return the plans of the statements a function executes, with the values it gave."""
    with caught(connection) as statements:
        ask(connection)
    assert statements
    return [connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()[0]["Plan"]
            for statement, values in statements]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give a plan's node and all below it."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def scanned(connection: Connection, ask: Callable[[Connection], Any]) -> set[str]:
    """Return the tables that a function's statements read from end to end: row by row, or an index without a bound."""
    found = set()
    for plan in plans(connection, ask):
        for node in nodes(plan):
            kind = node["Node Type"]
            unbound = kind.startswith("Index") and not {"Index Cond", "Recheck Cond"} & set(node)
            if "Relation Name" in node and (kind == "Seq Scan" or unbound):
                found.add(node["Relation Name"])
    return found


@pytest.mark.parametrize("name", ONE_ARTIST)
def test_one_artist_reads_no_table_from_end_to_end(filled: tuple[int, int], name: str) -> None:
    with db.begin() as connection:
        assert ONE_ARTIST[name](connection, filled[0]) is not None
        assert scanned(connection, lambda connection: ONE_ARTIST[name](connection, filled[0])) <= SMALL


@pytest.mark.parametrize("name", ONE_FILE)
def test_one_file_reads_no_table_from_end_to_end(filled: tuple[int, int], name: str) -> None:
    with db.begin() as connection:
        assert len(ONE_FILE[name](connection, filled[1])) == 1
        assert scanned(connection, lambda connection: ONE_FILE[name](connection, filled[1])) <= SMALL


@pytest.mark.parametrize("name", WHOLE)
def test_known_reads_of_whole_tables(filled: tuple[int, int], name: str) -> None:
    ask, tables = WHOLE[name]
    with db.begin() as connection:
        assert scanned(connection, ask) <= tables


def test_statements_are_explained_with_their_values(filled: tuple[int, int]) -> None:
    with db.begin() as connection, caught(connection) as statements:
        growth.readings(connection, filled[0])
    assert len(statements) == 1
    assert filled[0] in json.loads(json.dumps(list(statements[0][1].values())))


def test_a_scan_would_be_found(filled: tuple[int, int]) -> None:
    with db.begin() as connection:
        assert scanned(connection, lambda connection: connection.execute(
            text("SELECT * FROM daily_metrics WHERE total = :total"), {"total": 5})) == {"daily_metrics"}
        assert scanned(connection, lambda connection: connection.execute(
            text("SELECT * FROM songs ORDER BY id LIMIT 5"))) == {"songs"}
