"""Stands in for `services` in page tests: the same functions over made-up data, no database.

Three artists: Neon Marigold (two songs, three platforms, with a leap on SoundCloud), 여울담 (one song) and Copper
Finch (too small for the usual threshold). Everything is a function of fixed seeds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from fake_administration import FakeAdministration
from fake_alerts import FakeAlerts
from fake_auditions import FakeAuditions
from fake_catalogue import FakeCatalogue
from fake_community import FakeCommunity
from fake_hits import FakeHits
from fake_my_page import FakeMyPage
from fake_pictures import FakePictures
from fake_playlists import FakePlaylists
from fake_standings import FakeStandings

import accounts
import analytics
import services as real
from ingest.flags import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_TOTALS, Flag, flag_names
from support.errors import AppError, NotFound
from usecases import analysis, results

LAST_DAY = date(2026, 1, 27)
DAYS = 150
LEAP_DAY = LAST_DAY - timedelta(days=12)
MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
PLATFORMS = ("youtube", "spotify", "soundcloud")
SONGS = {1: ((1, "Parallel Summer"), (2, "Rooftop Static")), 2: ((3, "새벽우편함"),), 3: ((4, "Gravel And Gold"),)}
NAMES = {1: "Neon Marigold", 2: "여울담", 3: "Copper Finch"}
SIZES = {1: 40_000.0, 2: 9_000.0, 3: 120.0}


def series(artist_id: int, song_id: int, platform: str, days: int = DAYS) -> pd.DataFrame:
    """Return one song's daily readings on one platform, with a few flagged days."""
    rng = np.random.default_rng([song_id, PLATFORMS.index(platform)])
    scale = SIZES[artist_id] / (1 + 2 * PLATFORMS.index(platform))
    week = 1 + 0.15 * np.sin(np.arange(days) * 2 * np.pi / 7)
    gain = np.round(scale * week * np.linspace(0.7, 1.3, days) * rng.uniform(0.9, 1.1, days))
    total = SIZES[artist_id] * 12 + np.cumsum(gain)
    flags = np.zeros(days, dtype="int64")
    if days > 60:
        flags[-9] = Flag.GAP
        flags[-20:-17] = Flag.AVERAGED
        flags[20:26] = Flag.INTERPOLATED
    if artist_id == 1 and platform == "soundcloud" and days > 60:
        total[-13:] += 25_000_000
        flags[-13], flags[-12:] = Flag.JUMP, Flag.NEW_LEVEL
        gain[-13] = np.nan
    day = pd.date_range(end=pd.Timestamp(LAST_DAY), periods=days)
    return pd.DataFrame({"day": day, "song": song_id, "platform": platform, "total": total, "gain": gain,
                         "flags": flags})


def file_name(artist_id: int, song_id: int, platform: str) -> str:
    """Return the name of the file that holds one series."""
    title = dict(SONGS[artist_id])[song_id]
    metric = {"youtube": "YouTube_views", "spotify": "Spotify_streams", "soundcloud": "SoundCloud_plays"}[platform]
    return f"{NAMES[artist_id].replace(' ', '')}_{title.replace(' ', '')}_{metric}.csv"


PURE = ("absence_text", "analysis_figure", "anomaly_text", "chance_text", "export_playlist", "forecast_table", "hashtag", "lead_text",
        "milestone", "milestone_text", "next_target", "pairs_with_lags", "peers", "playlist_tags", "portfolio_table", "scenarios",
        "search_link", "sentence", "song_text", "tile", "tile_text", "why_lines")
"""Services that neither read nor write anything."""


class FakeServices(FakeAdministration, FakeAlerts, FakeAuditions, FakeCatalogue, FakeCommunity, FakeHits, FakeMyPage, FakePictures, FakePlaylists, FakeStandings):
    """The contract of `services`, with switches for what a test wants to see."""

    Actor = accounts.Actor
    ArtistSummary, SongSummary, ArtistGrowth = results.ArtistSummary, results.SongSummary, results.ArtistGrowth
    FileRecord, FileOutcome, DeletePreview = results.FileRecord, results.FileOutcome, results.DeletePreview
    UploadOutcome, JobView, DataStatus = results.UploadOutcome, results.JobView, results.DataStatus
    HomeSummary, RunSummary, ArtistChange = results.HomeSummary, results.RunSummary, results.ArtistChange
    Riser, DemoSong, Capability = results.Riser, results.DemoSong, results.Capability

    def __init__(self, days: int = DAYS, seconds_per_file: float = 0.0) -> None:
        self.days = days
        self.seconds_per_file = seconds_per_file
        self.artists = dict(NAMES)
        self.failures: dict[str, AppError] = {}
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.jobs: dict[int, results.JobView] = {}
        self.job_starts: dict[int, float] = {}
        self.deleted: list[str] = []
        self.options: dict[int, dict[str, str | None]] = {}
        self.accepted: dict[int, tuple[date, ...]] = {}
        self.last_sync: datetime | None = MOMENT
        self.actor = accounts.LOCAL_ADMINISTRATOR
        self.readiness = (True, "ok")
        self.sample = False
        self.metrics_token: str | None = None
        self.demo = demo(1, 2)
        self.missing = ("OPENAI_API_KEY", "torch")
        self.set_administration()
        self.set_alerts()
        self.set_auditions()
        self.set_catalogue()
        self.set_community()
        self.set_hits()
        self.set_my_page()
        self.set_pictures()
        self.set_playlists()

    def __getattr__(self, name: str) -> Any:
        """Take constants, result classes and pure functions as they are."""
        found = getattr(real, name)
        if isinstance(found, type) or name.isupper() or name in PURE:
            return found
        raise AttributeError(f"the fake has no {name}")

    def _note(self, name: str, /, *args: Any, **kwargs: Any) -> None:
        self.calls.append((name, args, kwargs))
        if name in self.failures:
            raise self.failures[name]

    def called(self, name: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Return the arguments of every call of `name`."""
        return [(args, kwargs) for called, args, kwargs in self.calls if called == name]

    # frame ------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        self._note("start")

    def started(self) -> bool:
        return False

    def ready(self) -> tuple[bool, str]:
        return self.readiness

    def current_actor(self) -> accounts.Actor:
        return self.actor

    def who(self, token: str | None, *, local: bool, claims: Any = None) -> accounts.Actor | None:
        self._note("who", token, local=local, claims=claims)
        return self.actor

    def may(self, actor: accounts.Actor, act: str) -> bool:
        return accounts.may(actor, act)

    def settings(self) -> SimpleNamespace:
        return SimpleNamespace(cmdata_dir=Path("cmdata"), threshold_default=100_000.0,
                               windows=(7, 30, 90, 180, None), upload_limit_mb=200,
                               alert_webhook=self.webhook, auth=self.auth, admin_password=None, smtp_url=None,
                               trusted_proxies=(), public_url=None, log_format="text", log_level="info", log_file=None,
                               metrics_token=self.metrics_token, stop_s=1.0)

    def metrics_text(self) -> tuple[bytes, str]:
        return b"mis_jobs_total 1\n", "text/plain; version=0.0.4"

    def data_status(self, actor: accounts.Actor) -> results.DataStatus:
        self._note("data_status", actor)
        songs = sum(len(SONGS[i]) for i in self.artists)
        return results.DataStatus(len(self.artists), songs, songs * 3 * self.days, songs * 3 + 2, 2, 3,
                                  self.last_sync, "PostgreSQL 16.4")

    def data_version(self, actor: accounts.Actor) -> str:
        acts = (len(self.jobs), len(self.rules), len(self.events))
        return f"{self.last_sync}|{sorted(self.artists)}|{acts}"

    def stop(self, **how: object) -> int:
        self._note("stop")
        return 0

    # artists ----------------------------------------------------------------------------------------------------
    def _frame(self, artist_id: int, song_id: int | None = None) -> pd.DataFrame:
        parts = [series(artist_id, song, platform, self.days) for song, _ in SONGS[artist_id]
                 for platform in PLATFORMS if song_id in (None, song)]
        return pd.concat(parts, ignore_index=True)

    def _summary(self, artist_id: int) -> results.ArtistSummary:
        frame = self._frame(artist_id)
        first = frame["day"].min().date()
        songs = tuple(results.SongSummary(number, title, title.lower().replace(" ", ""), PLATFORMS, first, LAST_DAY,
                                          3 * self.days) for number, title in SONGS[artist_id])
        name = NAMES[artist_id]
        return results.ArtistSummary(artist_id, name, name.lower().replace(" ", ""), songs, first, LAST_DAY,
                                     len(frame), self._totals(frame))

    def _totals(self, frame: pd.DataFrame) -> dict[str, float]:
        counted = frame[(frame["flags"] & LEFT_OUT_OF_TOTALS) == 0]
        latest = counted.groupby(["platform", "song"])["total"].last().groupby("platform").sum()
        return {str(key): float(total) for key, total in latest.items()}

    def list_artists(self, actor: accounts.Actor) -> list[results.ArtistSummary]:
        self._note("list_artists", actor)
        return sorted((self._summary(number) for number in self.artists), key=lambda artist: artist.name)

    def artist_analysis(self, actor: accounts.Actor, artist_id: int, *, horizon: int, window_days: int | None,
                        threshold: float, song_id: int | None = None, data: None = None,
                        known: Sequence[analysis.ArtistAnalysis] = ()) -> analysis.ArtistAnalysis:
        self._note("artist_analysis", actor, artist_id, horizon=horizon, window_days=window_days,
                   threshold=threshold, song_id=song_id)
        growth = self.artist_growth(actor, artist_id, window_days=window_days, threshold=threshold, song_id=song_id)
        return analysis.analysed(growth, horizon, None, known)

    def artist_report(self, actor: accounts.Actor, analysis: Any, *, lang: str) -> str:
        self._note("artist_report", actor, lang=lang)
        return f"<!DOCTYPE html><title>{analysis.growth.artist.name}</title>"

    def artist_data(self, actor: accounts.Actor, artist_id: int) -> None:
        """Leave reading to `artist_growth`."""

    def artist_growth(self, actor: accounts.Actor, artist_id: int, *, window_days: int | None, threshold: float,
                      song_id: int | None = None, include_flagged: bool = False,
                      data: None = None) -> results.ArtistGrowth:
        self._note("artist_growth", actor, artist_id, window_days=window_days, threshold=threshold,
                   song_id=song_id, include_flagged=include_flagged)
        if artist_id not in self.artists:
            raise NotFound("artist_gone")
        artist, frame = self._summary(artist_id), self._frame(artist_id, song_id)
        under = {key: total for key, total in self._totals(frame).items() if total <= threshold}
        frame = frame[~frame["platform"].isin(list(under))]
        daily = frame.groupby(["platform", "day"], as_index=False).agg(
            total=("total", "sum"), gain=("gain", lambda gains: gains.sum(skipna=False)), flags=("flags", "max"))
        daily = daily.assign(counts=True, flag_names=[flag_names(bits) for bits in daily["flags"]],
                             in_mean=include_flagged | ((daily["flags"] & LEFT_OUT_OF_MEANS) == 0))
        window = analytics.window_of(artist.first_day, artist.last_day, window_days)
        metrics = analytics.platform_metrics(daily, window, include_flagged=include_flagged) if len(daily) else {}
        song = next((song for song in artist.songs if song.id == song_id), None)
        return results.ArtistGrowth(artist, song, window, threshold, daily, self._raw(artist, frame, window),
                                    metrics, under)

    def _raw(self, artist: results.ArtistSummary, frame: pd.DataFrame, window: analytics.Window) -> pd.DataFrame:
        raw = frame[frame["day"] >= pd.Timestamp(window.start)].sort_values(["day", "platform"], ascending=False)
        titles = {song.id: song.title for song in artist.songs}
        names = [file_name(artist.id, song, platform)
                 for song, platform in zip(raw["song"], raw["platform"], strict=True)]
        return raw.assign(song=raw["song"].map(titles), flag_names=[flag_names(bits) for bits in raw["flags"]],
                          file=names).reset_index(drop=True)

    # home -------------------------------------------------------------------------------------------------------
    def home(self, actor: accounts.Actor, threshold: float) -> results.HomeSummary:
        self._note("home", actor, threshold)
        status = self.data_status(actor)
        if not self.artists:
            status = results.DataStatus(0, 0, 0, 0, 0, 0, None, "PostgreSQL 16.4")
            return results.HomeSummary(status, None, (), (), (), False, self.demo)
        artists = [self._summary(number) for number in self.artists]
        run = results.RunSummary(7, "done", MOMENT, MOMENT, {"imported": 3, "unchanged": 2, "skipped": 7, "refused": 2})
        changes = tuple(results.ArtistChange(each.id, each.key, each.name, each.rows, LAST_DAY) for each in artists)
        risers = tuple(results.Riser(each.id, each.key, each.name, "spotify", 0.234, 12_345.0, LAST_DAY)
                       for each in artists if each.passes(threshold))
        waiting = tuple(file for file in self._records()
                        if file.state == "refused" or ("jumps" in file.audit and LEAP_DAY not in file.accepted_days))
        return results.HomeSummary(status, run, changes, risers, waiting, self.sample, self.demo)

    def demo_song(self) -> results.DemoSong | None:
        return self.demo

    def capabilities(self, actor: accounts.Actor) -> list[results.Capability]:
        self._note("capabilities", actor)
        names = [("database", "database"), ("vector", "database"), ("OPENAI_API_KEY", "key"), ("torch", "package")]
        return [results.Capability(name, group, "missing" if name in self.missing else "ready", "")
                for name, group in names]

    # jobs -------------------------------------------------------------------------------------------------------
    def _start_job(self, result: dict[str, Any]) -> results.JobView:
        number, total = len(self.jobs) + 1, 12
        self.jobs[number] = results.JobView(number, "sync", "running", 0, total, "", 1, result, None, {}, MOMENT, None)
        self.job_starts[number] = time.monotonic()
        return self._progress(number)

    def _progress(self, number: int) -> results.JobView:
        job = self.jobs[number]
        if not job.active or number not in self.job_starts:  # one that a test keeps as it is
            return job
        elapsed = time.monotonic() - self.job_starts[number]
        done = job.total if not self.seconds_per_file else int(elapsed / self.seconds_per_file)
        if done < job.total:
            return replace(job, done=done, note=self._records()[done].name, result=None)
        self.jobs[number] = replace(job, state="done", done=job.total, finished_at=MOMENT)
        return self.jobs[number]

    def submit_sync(self, actor: accounts.Actor, *, force: bool = False,
                    names: list[str] | None = None) -> results.JobView:
        self._note("submit_sync", actor, force=force, names=names)
        return self.active_job(actor, "sync") or self._start_job(self._sync_result(names))

    def _sync_result(self, names: list[str] | None = None) -> dict[str, Any]:
        self.artists = self.artists or dict(NAMES)
        outcomes = [results.FileOutcome("notes_2026.csv", "refused", reason="name.parts",
                                        reason_values={"name": "notes_2026.csv"}),
                    results.FileOutcome("NeonMarigold_Loop_Spotify_streams.csv", "refused", lines_read=40,
                                        reason="file.date_order", reason_values={"example": "03/04/2026"})]
        for place, record in enumerate(self._records()[:-2]):
            kind = "imported" if place < 3 else "unchanged" if place < 5 else "skipped"
            read = record.lines_read if place < 5 else 0
            outcomes.append(results.FileOutcome(record.name, kind, read, read and record.accepted,
                                                record.rejected if read else 0, 0, 4 if read else 0))
        outcomes.append(results.FileOutcome("README.md", "ignored"))
        counts = {kind: sum(outcome.outcome == kind for outcome in outcomes)
                  for kind in ("imported", "unchanged", "skipped", "refused", "deleted", "ignored")}
        totals = {"files": len(outcomes), **counts, "lines_read": 755, "accepted": 751, "rejected": 3, "repeated": 1,
                  "flagged": 20}
        return {"run_id": 7, "totals": totals, "files": [asdict(outcome) for outcome in outcomes]}

    def get_job(self, actor: accounts.Actor, job_id: int) -> results.JobView | None:
        return self._progress(job_id) if job_id in self.jobs else None

    def active_job(self, actor: accounts.Actor, kind: str) -> results.JobView | None:
        active = [job for number in self.jobs if (job := self._progress(number)).active and job.kind == kind]
        return active[-1] if active else None

    def latest_job(self, actor: accounts.Actor, kind: str) -> results.JobView | None:
        return self._progress(max(self.jobs)) if self.jobs else None

    def cancel_job(self, actor: accounts.Actor, job_id: int) -> None:
        self._note("cancel_job", actor, job_id)
        self.jobs[job_id] = replace(self._progress(job_id), state="cancelled", error_code="cancelled")

    def recent_runs(self, actor: accounts.Actor, limit: int = 20) -> pd.DataFrame:
        columns = ["started_at", "finished_at", "state", "files", "imported", "unchanged", "skipped", "refused",
                   "lines_read", "accepted", "rejected", "repeated", "actor"]
        if not self.artists:
            return pd.DataFrame(columns=columns)
        rows = [[MOMENT, MOMENT + timedelta(seconds=3), "done", 15, 3, 2, 7, 2, 755, 751, 3, 1, "local"],
                [MOMENT - timedelta(days=1), MOMENT - timedelta(days=1) + timedelta(seconds=9), "cancelled", 15, 12,
                 0, 0, 2, 1800, 1790, 9, 1, "local"]]
        return pd.DataFrame(rows, columns=columns)

    # files ------------------------------------------------------------------------------------------------------
    def save_uploads(self, actor: accounts.Actor, uploads: list[tuple[str, bytes]]) -> list[results.UploadOutcome]:
        self._note("save_uploads", actor, uploads)
        return [results.UploadOutcome(name, True, False, None, {}) if name.endswith(".csv") and name.count("_") > 2
                else results.UploadOutcome(name, False, False, "name.parts", {"name": name}) for name, _ in uploads]

    def _records(self) -> list[results.FileRecord]:
        records = []
        for artist_id in self.artists:
            for song_id, title in SONGS[artist_id]:
                for platform in PLATFORMS:
                    records.append(self._record(len(records) + 1, artist_id, song_id, title, platform))
        refused = results.FileRecord(
            90, "NeonMarigold_Loop_Spotify_streams.csv", "refused", 1, "Neon Marigold", "Loop", "spotify",
            "file.date_order", {"example": "03/04/2026"}, "utf-8", ",", None, None, None, None, 40, 0, 0, 0, None,
            None, {}, (), MOMENT)
        nameless = replace(refused, id=91, name="notes_2026.csv", artist_id=None, artist=None, song=None,
                           platform=None, reason="name.parts", reason_values={"name": "notes_2026.csv"},
                           encoding=None, separator=None, lines_read=0)
        return [*records, refused, nameless] if self.artists else []

    def _record(self, number: int, artist_id: int, song_id: int, title: str, platform: str) -> results.FileRecord:
        leap = artist_id == 1 and platform == "soundcloud"
        option = self.options.get(number, {})
        return results.FileRecord(
            number, file_name(artist_id, song_id, platform), "imported", artist_id, NAMES[artist_id], title, platform,
            None, {}, "cp949" if artist_id == 2 else "utf-8", ",", "%Y-%m-%d", option.get("kind") or "cumulative",
            option.get("kind"), option.get("date_order"), self.days + 1, self.days, 1, 0,
            LAST_DAY - timedelta(days=self.days - 1), LAST_DAY, audit(leap), self.accepted.get(number, ()), MOMENT)

    def list_files(self, actor: accounts.Actor, artist_id: int | None = None) -> list[results.FileRecord]:
        self._note("list_files", actor, artist_id)
        return [record for record in self._records() if artist_id in (None, record.artist_id)]

    def rejected_rows(self, actor: accounts.Actor, file_id: int | None = None, limit: int = 1000,
                      offset: int = 0) -> pd.DataFrame:
        self._note("rejected_rows", actor, file_id)
        chosen = [record for record in self._records() if file_id in (None, record.id) and record.rejected]
        rows = [{"file": record.name, "line": 57, "raw": "2025-10-22,1.234.567,n/a", "reason": "value_ambiguous",
                 "values": {"cell": "1.234.567"}} for record in chosen]
        return pd.DataFrame(rows, columns=["file", "line", "raw", "reason", "values"])

    def set_file_options(self, actor: accounts.Actor, file_id: int, *, kind: str | None,
                         date_order: str | None) -> results.JobView:
        self._note("set_file_options", actor, file_id, kind=kind, date_order=date_order)
        self.options[file_id] = {"kind": kind, "date_order": date_order}
        return self._start_job(self._sync_result())

    def accept_level(self, actor: accounts.Actor, file_id: int, day: date) -> results.JobView:
        self._note("accept_level", actor, file_id, day)
        self.accepted[file_id] = (*self.accepted.get(file_id, ()), day)
        return self._start_job(self._sync_result())

    def withdraw_level(self, actor: accounts.Actor, file_id: int, day: date) -> results.JobView:
        self._note("withdraw_level", actor, file_id, day)
        self.accepted[file_id] = tuple(kept for kept in self.accepted.get(file_id, ()) if kept != day)
        return self._start_job(self._sync_result())

    def preview_delete(self, actor: accounts.Actor, artist_id: int) -> results.DeletePreview:
        self._note("preview_delete", actor, artist_id)
        if artist_id not in self.artists:
            raise NotFound("artist_gone")
        names = tuple(record.name for record in self._records() if record.artist_id == artist_id)
        return results.DeletePreview(artist_id, NAMES[artist_id], len(SONGS[artist_id]),
                                     len(SONGS[artist_id]) * 3 * self.days, names)

    def delete_artist(self, actor: accounts.Actor, artist_id: int) -> results.DeletePreview:
        preview = self.preview_delete(actor, artist_id)
        self._note("delete_artist", actor, artist_id)
        del self.artists[artist_id]
        return preview

    def restore_files(self, actor: accounts.Actor, names: list[str]) -> results.JobView:
        self._note("restore_files", actor, names)
        self.artists = dict(NAMES)
        return self._start_job(self._sync_result())


def demo(artist_id: int, song_id: int) -> results.DemoSong:
    """Return a demo song that is one of the made-up ones, with the shipped cover and recording."""
    folder = Path(__file__).parents[2] / "catalogue" / "demo"
    title = dict(SONGS[artist_id])[song_id]
    facts = {"bpm": 112.0, "key": "D minor", "duration_s": 90.0, "style": "city pop"}
    return results.DemoSong(NAMES[artist_id], title, NAMES[artist_id].lower().replace(" ", ""),
                            title.lower().replace(" ", ""), folder / "cover.jpg", folder / "audio.ogg",
                            "Artist - Title:\nThe first line\n\nThe second line\n", facts)


def audit(leap: bool) -> dict[str, Any]:
    """Return the findings of one file; those of a leap only where asked for."""
    found: dict[str, Any] = {
        "repeated_days": {"count": 1, "items": [{"day": "2025-11-03", "line": 41}]},
        "missing_days": {"count": 2, "items": [{"start": "2026-01-17", "end": "2026-01-18", "line": 143}]},
        "averaged_days": {"count": 3, "items": [{"start": "2026-01-08", "end": "2026-01-10", "line": 131}]},
        "interpolated_days": {"count": 6, "items": [{"start": "2025-09-20", "end": "2025-09-25", "line": 22,
                                                     "gain": 2817}]},
        "rejected_cells": {"count": 1, "items": [{"line": 57}]},
    }
    if leap:
        found["jumps"] = {"count": 1, "items": [{"day": LEAP_DAY.isoformat(), "line": 138, "from": 1_230_000,
                                                 "to": 26_240_000}]}
        found["new_level_days"] = {"count": 12, "items": [{"start": "2026-01-16", "end": "2026-01-27", "line": 139}]}
    return found
