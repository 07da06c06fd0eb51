"""The song catalogue in the database: imports that repeat, stop, are killed and go on; lists, edits, deleted artists."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import cli
import config
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from ingest import catalogue as reader
from moods.vocabulary import CATEGORIES, vocabulary
from support.errors import Busy, Cancelled, DataError, FileRefused, Interrupted, NotAllowed, NotFound
from usecases import catalogue, catalogue_import
from usecases.sync import sync

HEADER = "장르,곡명,가수,앨범,연도,언어,연관태그"
SONGS = ["발라드,달,하늘,밤,1999,ko,사랑|밤", "댄스,달,하늘,밤,1999,ko,신나는", "재즈,Blue Rain,Mina Lee,,2010,en,비오는날|카페",
         "POP,Ferry,Mina Lee,Harbor,,,여름|드라이브|밝은"]
VIEWER, ANALYST = Actor(7, "viewer", "v"), Actor(8, "analyst", "a")


class MadeUp:
    """A space whose vectors follow from the tags alone, without any model."""

    key = "made-up/1"

    def __init__(self):
        self.asked: list[int] = []
        self.matrix = np.random.default_rng(3).normal(size=(128, 384)).astype(np.float32)

    def songs(self, masks):
        self.asked += [int(low) | int(high) << 64 for low, high in masks]
        bits = np.unpackbits(np.ascontiguousarray(masks).view(np.uint8).reshape(-1, 16), axis=1, bitorder="little")
        rows = bits.astype(np.float32) @ self.matrix
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(autouse=True)
def space(monkeypatch):
    """Put made-up vectors in the place of the model's."""
    made = MadeUp()
    for module in (catalogue, catalogue_import):
        monkeypatch.setattr(module, "space", lambda: made)
    return made


@pytest.fixture
def put(clean, tmp_path):
    """Return a function that writes lines to a file and imports it."""
    def put(*lines, name="songs.csv", **options):
        path = tmp_path / name
        path.write_text("\n".join([HEADER, *lines, ""]), "utf-8")
        return services.import_catalogue(ADMIN, path, **options)
    return put


def counts(report):
    names = ("rows_read", "added", "changed", "unchanged", "edited", "untagged", "repeated", "refused")
    return {name: value for name in names if (value := getattr(report, name))}


def physical(query):
    """Return the entries' row versions: equal only where nothing was written."""
    return query("SELECT xmin::text, xmax::text, ctid::text, id FROM catalogue_entries ORDER BY id")


def page(**options):
    return services.catalogue_page(ADMIN, **options)


def titles(**options):
    return [f"{row.title}/{row.genre}" for row in page(**options).rows]


def entry_of(title):
    return next(row for row in page(limit=500).rows if row.title == title)


class Stops:
    """Progress that asks to stop once so many rows are read: a person does, or the process ends."""

    def __init__(self, after, why=None):
        self.after, self.why, self.seen = after, why or Cancelled("cancelled"), []

    def report(self, done, total, note=""):
        self.seen.append((done, total))

    def check(self):
        if self.seen[-1][0] >= self.after:
            raise self.why


# --- import -------------------------------------------------------------------------------------------------------


def test_an_import_stores_songs_with_tags_and_vectors(put, query, space):
    report = put(*SONGS, "R&B,x,y,,,,밤", "POP,x,y,,,,없는말", "댄스,달,하늘,,,,밤")
    assert counts(report) == {"rows_read": 7, "added": 4, "untagged": 1, "repeated": 1, "refused": 1}
    assert (report.state, report.unknown_tags) == ("done", {"없는말": 1})
    assert [(row.line, row.code, row.values) for row in report.refusals] == [
        (6, "catalogue.row.genre", {"found": "R&B"})]
    assert query("SELECT count(*) FROM songs") == [(3,)] and query("SELECT count(*) FROM artists") == [(2,)]
    row = entry_of("Blue Rain")
    assert (row.artist, row.genre, row.year, row.language, row.album) == ("Mina Lee", "재즈", 2010, "en", "")
    assert row.tags == {**dict.fromkeys(CATEGORIES, ()), "situation": ("카페",), "weather": ("비오는날",)}
    stored = query("SELECT embedding, embedded_by FROM catalogue_entries WHERE id = :id", id=row.id)[0]
    mask = vocabulary().mask(["카페", "비오는날"])
    assert np.allclose(stored[0], space.songs(np.array([[mask & 2**64 - 1, mask >> 64]], np.uint64))[0])
    assert stored[1] == "made-up/1"


def test_the_same_file_again_writes_nothing(put, query):
    put(*SONGS)
    before, version = physical(query), services.catalogue_version()
    report = put(*SONGS)
    assert counts(report) == {"rows_read": 4, "unchanged": 4}
    assert physical(query) == before and services.catalogue_version() == version
    assert counts(put(*SONGS, name="other name.csv")) == {"rows_read": 4, "unchanged": 4}


def test_only_what_differs_is_written(put, query):
    put(*SONGS)
    before, version = physical(query), services.catalogue_version()
    report = put(*SONGS[:2], SONGS[2].replace("카페", "집"), "뉴에이지,달,하늘,,,,잔잔한")
    assert counts(report) == {"rows_read": 4, "added": 1, "changed": 1, "unchanged": 2}
    assert services.catalogue_version() > version
    assert entry_of("Blue Rain").tags["situation"] == ("집",)
    after = physical(query)
    assert len(set(before) - set(after)) == 1 and len(after) == 5


def test_another_model_makes_the_vectors_anew(put, query, monkeypatch):
    put(*SONGS)
    monkeypatch.setattr(MadeUp, "key", "made-up/2")
    assert counts(put(*SONGS)) == {"rows_read": 4, "changed": 4}
    assert query("SELECT DISTINCT embedded_by FROM catalogue_entries") == [("made-up/2",)]


def test_each_combination_is_embedded_once(put, monkeypatch, space):
    monkeypatch.setattr(reader, "BATCH_ROWS", 5)
    monkeypatch.setattr(reader.CatalogueFile, "batches",
                        lambda self, *, skip=0, size=5: reader._batches(self, skip, 5))
    report = put(*(f"POP,곡 {n},가수 {n % 7},,,,{('밤', '낮|봄', '봄')[n % 3]}" for n in range(40)))
    assert counts(report) == {"rows_read": 40, "added": 40}
    assert sorted(space.asked) == sorted({vocabulary().mask(["밤"]), vocabulary().mask(["봄"])})


def test_songs_and_artists_are_those_of_the_sync(put, export, query):
    export("하늘_달_Spotify_streams.csv", [100, 110, 120])
    sync(ADMIN)
    put("발라드,달!,하 늘,,,,밤", "발라드,해,하늘,,,,봄")
    assert query("SELECT s.title FROM songs s JOIN artists a ON a.id = s.artist_id ORDER BY s.id") == [("달",), ("해",)]
    assert query("SELECT count(*) FROM artists") == [(1,)]


def test_artists_of_the_catalogue_are_in_no_list_of_growth(put, query):
    put(*SONGS)
    assert services.list_artists(ADMIN) == []
    assert services.data_status(ADMIN).songs == 0
    assert query("SELECT DISTINCT growth_stale, outlook_stale FROM artists") == [(False, False)]
    services.analyse(ADMIN)
    assert query("SELECT count(*) FROM artist_outlook") == [(0,)]


def test_parquet_is_imported_as_well(clean, tmp_path):
    path = tmp_path / "songs.parquet"
    pq.write_table(pa.table({"genre": ["재즈", "재즈"], "title": ["A", "B"], "artist": ["x", "x"], "tags": [["밤"], ["봄"]]}), path)
    assert counts(services.import_catalogue(ADMIN, path)) == {"rows_read": 2, "added": 2}


def test_what_cannot_be_read_leaves_no_import(put, tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FileRefused, match="Columns are missing"):
        services.import_catalogue(ADMIN, tmp_path / "x.csv")
    assert services.recent_imports(ADMIN) == []


def test_only_administrators_import_and_it_is_on_record(put, query, tmp_path):
    report = put(*SONGS)
    for actor in (VIEWER, ANALYST):
        with pytest.raises(NotAllowed):
            services.import_catalogue(actor, tmp_path / "songs.csv")
        with pytest.raises(NotAllowed):
            services.submit_import(actor, "songs.csv", b"x")
    assert query("SELECT action, object, detail ->> 'run' FROM audit_log WHERE action = 'import_catalogue'") == [
        ("import_catalogue", "songs.csv", str(report.id))]


def test_two_imports_do_not_run_at_once(put):
    with catalogue_import.exclusive(), pytest.raises(Busy):
        put(*SONGS)
    assert put(*SONGS).added == 4


# --- cut short ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    """Have batches of three rows."""
    monkeypatch.setattr(reader.CatalogueFile, "batches",
                        lambda self, *, skip=0, size=3: reader._batches(self, skip, 3))


LONG = [f"POP,곡 {n % 9},가수,,,,{'없는말' if n % 5 == 4 else '밤'}" for n in range(14)]


@pytest.mark.parametrize("why", [Cancelled("cancelled"), Interrupted("interrupted")])
def test_a_stopped_import_goes_on_where_it_stopped(put, small, query, why):
    with pytest.raises(Cancelled):
        put(*LONG, progress=Stops(6, why))
    stopped = services.recent_imports(ADMIN)[0]
    assert (stopped.state, stopped.rows_read) == (why.code, 6)
    progress = Stops(10**9)
    report = put(*LONG, progress=progress)
    assert progress.seen[0][0] == 6
    assert (report.id, report.state) == (stopped.id, "done")
    whole = {"rows_read": 14, "added": 9, "untagged": 2, "repeated": 3}
    assert counts(report) == whole and report.unknown_tags == {"없는말": 2}
    assert query("SELECT count(*) FROM catalogue_imports") == [(1,)]


def test_a_failed_batch_leaves_nothing_of_itself(put, small, query, monkeypatch):
    real, calls = catalogue_import.queries.put_counts, []

    def fails(*args):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("pulled plug")
        real(*args)

    monkeypatch.setattr(catalogue_import.queries, "put_counts", fails)
    with pytest.raises(RuntimeError):
        put(*LONG)
    failed = services.recent_imports(ADMIN)[0]
    assert (failed.state, failed.rows_read) == ("failed", 6)
    assert query("SELECT count(*) FROM catalogue_entries") == [(failed.added,)]
    assert put(*LONG).rows_read == 14


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
import db, services
from accounts import LOCAL_ADMINISTRATOR
from ingest import catalogue as reader
from test_catalogue_import import MadeUp
from usecases import catalogue_import
catalogue_import.space = MadeUp
reader.CatalogueFile.batches = lambda self, *, skip=0, size=3: reader._batches(self, skip, 3)
class Tells:
    def report(self, done, total, note=""):
        print(done, flush=True)
        if done == 6:
            sys.stdin.readline()
    def check(self): pass
services.import_catalogue(LOCAL_ADMINISTRATOR, Path(sys.argv[1]), progress=Tells())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_import_is_seen_as_interrupted_and_goes_on(put, small, tmp_path, query):
    path = tmp_path / "songs.csv"
    path.write_text("\n".join([HEADER, *LONG, ""]), "utf-8")
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], cwd=Path(__file__).parents[1], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."})
    assert child.stdout is not None
    for line in child.stdout:
        if line.strip() == "6":
            break
    assert services.recent_imports(ADMIN)[0].state == "running"
    with pytest.raises(Busy):
        services.import_catalogue(ADMIN, path)
    child.kill()
    child.wait()
    for _ in range(100):  # the server takes a moment to notice
        if services.recent_imports(ADMIN)[0].state == "interrupted":
            break
        threading.Event().wait(0.05)
    assert services.recent_imports(ADMIN)[0].state == "interrupted"
    report = put(*LONG)
    assert counts(report) == {"rows_read": 14, "added": 9, "untagged": 2, "repeated": 3}
    assert query("SELECT count(*), count(DISTINCT song_id) FROM catalogue_entries") == [(9, 9)]


# --- in the background --------------------------------------------------------------------------------------------


def ended(job):
    """Wait for a job to end and return it."""
    for _ in range(400):
        found = services.get_job(ADMIN, job.id)
        if not found.active:
            return found
        threading.Event().wait(0.025)
    raise AssertionError("the job did not end")


def kept():
    folder = config.load().data_dir / "imports"
    return list(folder.iterdir()) if folder.is_dir() else []


def test_an_upload_is_imported_as_a_job_and_then_forgotten(clean):
    job = ended(services.submit_import(ADMIN, "내 곡.csv", "\n".join([HEADER, *SONGS]).encode("cp949")))
    assert (job.kind, job.state, job.result["added"], job.result["name"]) == ("catalogue", "done", 4, "내 곡.csv")
    assert kept() == []


def test_an_upload_that_is_refused_says_why_and_is_forgotten(clean):
    job = ended(services.submit_import(ADMIN, "x.csv", b"a,b\n1,2\n"))
    assert (job.state, job.error_code) == ("failed", "catalogue.columns")
    assert kept() == []


def test_an_upload_over_the_limit_is_refused(clean, monkeypatch):
    monkeypatch.setenv("MIS_UPLOAD_LIMIT_MB", "1")
    config.reload()
    with pytest.raises(FileRefused, match="2 MB"):
        services.submit_import(ADMIN, "x.csv", bytes(2_000_000))


def test_a_stopped_job_can_be_resumed_from_the_kept_upload(clean, small, monkeypatch):
    real = catalogue.import_catalogue
    monkeypatch.setattr(catalogue, "import_catalogue",
                        lambda actor, path, **options: real(actor, path, **options | {"progress": Stops(6)}))
    job = ended(services.submit_import(ADMIN, "songs.csv", "\n".join([HEADER, *LONG]).encode()))
    assert (job.state, job.error_code) == ("cancelled", "cancelled")
    stopped = services.recent_imports(ADMIN)[0]
    assert stopped.resumable and len(kept()) == 1
    monkeypatch.setattr(catalogue, "import_catalogue", real)
    job = ended(services.resume_import(ADMIN, stopped.id))
    assert (job.state, job.result["rows_read"], job.result["id"]) == ("done", 14, stopped.id)
    assert kept() == [] and not services.recent_imports(ADMIN)[0].resumable
    for gone in (stopped.id, 10**6):
        with pytest.raises(NotFound):
            services.resume_import(ADMIN, gone)


def test_the_starter_is_imported_once(clean, tmp_path, monkeypatch):
    starter = tmp_path / "starter.csv"
    monkeypatch.setattr(catalogue, "STARTER", starter)
    assert services.submit_starter(ADMIN) is None
    starter.write_text("\n".join([HEADER, *SONGS]), "utf-8")
    assert ended(services.submit_starter(ADMIN)).result["added"] == 4
    assert starter.exists() and services.submit_starter(ADMIN) is None
    starter.write_text("\n".join([HEADER, *SONGS, "POP,new,one,,,,봄"]), "utf-8")
    assert ended(services.submit_starter(ADMIN)).result["added"] == 1


# --- lists --------------------------------------------------------------------------------------------------------


def test_lists_are_searched_filtered_and_sorted(put):
    put(*SONGS)
    assert titles() == ["Blue Rain/재즈", "Ferry/POP", "달/댄스", "달/발라드"]
    assert titles(sort="newest") == ["Blue Rain/재즈", "달/댄스", "달/발라드", "Ferry/POP"]
    assert titles(sort="oldest")[0] == "달/댄스" and titles(sort="title")[0] == "Blue Rain/재즈"
    assert titles(search="MINA rain") == titles(search="minalee blue") == ["Blue Rain/재즈"]
    assert titles(search="harbor") == ["Ferry/POP"] and titles(search="50%_") == []
    assert titles(genres=["댄스", "POP"]) == ["Ferry/POP", "달/댄스"]
    assert titles(tags=["카페", "비오는날"]) == ["Blue Rain/재즈"] and titles(tags=["카페", "밤"]) == []
    assert titles(languages=["ko"], genres=["댄스"]) == ["달/댄스"] and titles(languages=[""]) == ["Ferry/POP"]
    assert titles(years=(2000, None)) == ["Blue Rain/재즈"] and titles(years=(None, 2000)) == ["달/댄스", "달/발라드"]
    found = page(limit=1, offset=2)
    assert (found.count, [row.title for row in found.rows]) == (4, ["달"])
    assert page(search="달", limit=1).count == 2
    for wrong in ({"sort": "id; DROP TABLE songs"}, {"tags": ["없는말"]}):
        with pytest.raises(DataError):
            page(**wrong)


def test_counts(put):
    assert services.catalogue_counts(ADMIN).entries == 0
    put(*SONGS)
    found = services.catalogue_counts(ADMIN)
    assert (found.songs, found.entries, found.edited, found.first_year, found.last_year) == (3, 4, 0, 1999, 2010)
    assert list(found.genres) == list(services.genre_names()) and found.genres["재즈"] == 1 and found.genres["OST"] == 0
    assert list(found.tags) == list(vocabulary().names) and found.tags["밤"] == 1 and found.tags["집"] == 0
    assert found.languages == {"ko": 2, "": 1, "en": 1}
    put("POP,x,y,,,,집")
    assert services.catalogue_counts(ADMIN).tags["집"] == 1


def test_an_export_is_imported_again_unchanged(put, tmp_path, query):
    put(*SONGS, '"OST","=1+1, ""so""",@한,-가,2001,ko,출/퇴근길|잠잘 때|일/공부')
    table = services.catalogue_table(ADMIN)
    assert list(table.columns) == ["장르", "곡명", "가수", "앨범", "연도", "언어", "상황", "감정", "시간", "스타일", "날씨", "계절"]
    assert len(services.catalogue_table(ADMIN, tags=["밤"])) == 1
    before = physical(query)
    from views._shared import csv_bytes

    (tmp_path / "again.csv").write_bytes(csv_bytes(table))
    assert counts(services.import_catalogue(ADMIN, tmp_path / "again.csv")) == {"rows_read": 5, "unchanged": 5}
    assert physical(query) == before


# --- edits --------------------------------------------------------------------------------------------------------


def test_tags_are_edited_with_vector_record_and_version(put, query, space):
    put(*SONGS)
    row, version = entry_of("Ferry"), services.catalogue_version()
    edited = services.edit_tags(ADMIN, row.id, {"season": ["겨울"], "emotion": ["그리움", "슬픔"]})
    assert edited.tags == {**dict.fromkeys(CATEGORIES, ()), "season": ("겨울",), "emotion": ("슬픔", "그리움")}
    assert edited.edited_at is not None and edited.edited_by == "local"
    assert services.catalogue_version() > version and services.catalogue_counts(ADMIN).edited == 1
    mask = vocabulary().mask(["겨울", "그리움", "슬픔"])
    stored = query("SELECT embedding FROM catalogue_entries WHERE id = :id", id=row.id)[0][0]
    assert np.allclose(stored, space.songs(np.array([[mask & 2**64 - 1, mask >> 64]], np.uint64))[0])
    detail = query("SELECT object, detail FROM audit_log WHERE action = 'edit_tags'")
    assert detail[0][0] == "Mina Lee - Ferry (POP)"
    assert (detail[0][1]["before"]["season"], detail[0][1]["after"]["season"]) == (["여름"], ["겨울"])


def test_edited_tags_survive_imports(put):
    put(*SONGS)
    edited = services.edit_tags(ADMIN, entry_of("Ferry").id, {"season": ["겨울"]})
    report = put(*SONGS[:3], SONGS[3].replace("여름", "가을"))
    assert counts(report) == {"rows_read": 4, "unchanged": 3, "edited": 1}
    assert services.catalogue_entry(ADMIN, edited.id) == edited


def test_the_same_tags_again_are_no_edit(put, query):
    put(*SONGS)
    row, before = entry_of("Ferry"), physical(query)
    assert services.edit_tags(ADMIN, row.id, {name: list(reversed(tags)) for name, tags in row.tags.items()}) == row
    assert physical(query)[0][0] == before[0][0] and services.catalogue_counts(ADMIN).edited == 0


def test_what_cannot_be_edited(put):
    put(*SONGS)
    row = entry_of("Ferry")
    with pytest.raises(NotAllowed):
        services.edit_tags(VIEWER, row.id, {"season": ["겨울"]})
    for wrong in ({"season": ["없는말"]}, {"season": ["슬픔"]}, {"season": []}, {}):
        with pytest.raises(DataError):
            services.edit_tags(ADMIN, row.id, wrong)
    with pytest.raises(NotFound):
        services.edit_tags(ADMIN, 10**6, {"season": ["겨울"]})
    assert services.catalogue_entry(ADMIN, row.id) == row


# --- deleted artists ----------------------------------------------------------------------------------------------


def test_deleting_an_artist_leaves_the_catalogue(put, export, query):
    export("하늘_달_Spotify_streams.csv", [100.0 + 10 * n for n in range(40)])
    export("하늘_별_Spotify_streams.csv", [100.0 + 10 * n for n in range(40)])
    sync(ADMIN)
    services.analyse(ADMIN)
    put(*SONGS)
    entries = page().rows
    artist = services.list_artists(ADMIN)[0]
    preview = services.preview_delete(ADMIN, artist.id)
    assert (preview.songs, preview.rows, len(preview.files)) == (1, 80, 2)  # the other song stays, without readings
    services.delete_artist(ADMIN, artist.id)
    assert page().rows == entries
    assert services.list_artists(ADMIN) == [] and services.data_status(ADMIN).rows == 0
    for table in ("daily_metrics", "series", "artist_growth_data", "artist_outlook", "forecasts", "sync_changes"):
        assert query(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert query("SELECT title FROM songs WHERE artist_id = :id", id=artist.id) == [("달",)]
    assert query("SELECT growth_stale, outlook_stale FROM artists WHERE id = :id", id=artist.id) == [(False, False)]


def test_a_deleted_artist_of_the_catalogue_comes_back_with_its_files(put, export, query):
    export("하늘_달_Spotify_streams.csv", [100.0 + 10 * n for n in range(40)])
    sync(ADMIN)
    put(*SONGS)
    artist = services.list_artists(ADMIN)[0]
    gone = services.delete_artist(ADMIN, artist.id)
    assert sync(ADMIN).totals["deleted"] == 1
    assert ended(services.restore_files(ADMIN, gone.files)).state == "done"
    again = services.list_artists(ADMIN)[0]
    assert (again.id, again.rows, again.songs[0].title) == (artist.id, 40, "달")


# --- command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def command(clean, monkeypatch, tmp_path):
    """Return a function that runs `import-catalogue` over lines."""
    monkeypatch.setattr(cli.services, "start", lambda **_: None)
    monkeypatch.setattr(cli.services, "stop", lambda: None)

    def run(*lines, options=()):
        path = tmp_path / "songs.csv"
        path.write_text("\n".join([HEADER, *lines, ""]), "utf-8")
        return CliRunner().invoke(cli.app, ["import-catalogue", str(path), *options])
    return run


def test_the_command_says_what_it_did(command):
    done = command(*SONGS)
    assert done.exit_code == 0 and "4 rows read: 4 added" in done.output
    done = command(*SONGS, "R&B,x,y,,,,밤", "POP,x,y,,,,없는말", options=("--lang", "ko"))
    assert done.exit_code == 2 and "6행 거부" in done.output and "태그가 아닌 말: 없는말 (1)" in done.output
    done = command(*SONGS, options=("--json",))
    assert done.exit_code == 0 and '"unchanged": 4' in done.output.splitlines()[-1]


def test_the_command_fails_with_a_sentence(command, tmp_path):
    done = CliRunner().invoke(cli.app, ["import-catalogue", str(tmp_path / "nowhere.csv")])
    assert done.exit_code == 1 and "could not be opened" in done.output
