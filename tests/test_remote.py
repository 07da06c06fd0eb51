"""Work on a cluster ordered here: rights, settings, jobs in the background, and what comes back checked before it is shown."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent / "providers"))
from databricks_server import DatabricksServer, Ends, Fault

pytest.importorskip("databricks.sdk")

import config
import services
from accounts import LOCAL_ADMINISTRATOR, Actor
from support.errors import DataError, MissingKey, NotAllowed, ProviderError
from usecases import remote

VIEWER = Actor(5, "viewer", "v")


@pytest.fixture
def server(clean, monkeypatch):
    from providers import databricks

    with DatabricksServer() as found:
        for name, value in {"HOST": found.url, "TOKEN": found.token, "JOB_ID": "7", "VOLUME": "/Volumes/main/default/music"}.items():
            monkeypatch.setenv(f"DATABRICKS_{name}", value)
        config.reload()
        fast = databricks.Limits(call_s=5, poll_s=0.05, backoff_s=0.02)
        made = remote.Databricks
        monkeypatch.setattr(remote, "Databricks", lambda *given: made(*given, fast))
        yield found


def ended(job, seconds=20.0):
    until = time.monotonic() + seconds
    while job.active and time.monotonic() < until:
        time.sleep(0.05)
        job = services.get_job(LOCAL_ADMINISTRATOR, job.id)
    return job


def picture_with_tags(query, **tags):
    number = query("""INSERT INTO images (owner_id, sha256, width, height, format, tagger, jpeg)
                      VALUES (1, 'x', 10, 10, 'JPEG', 'test', 'x') RETURNING id""")[0][0]
    services.weigh_tags(LOCAL_ADMINISTRATOR, number, tags)
    return number


@pytest.mark.parametrize("unset", ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_JOB_ID"])
def test_what_is_missing_is_named_and_nothing_is_queued(server, monkeypatch, unset, query):
    monkeypatch.delenv(unset)
    config.reload()
    with pytest.raises(MissingKey, match=unset):
        services.submit_remote(LOCAL_ADMINISTRATOR, "ingest", ["/Volumes/x"])
    assert query("SELECT count(*) FROM jobs") == [(0,)] and server.asked == []
    capability = next(each for each in services.capabilities(LOCAL_ADMINISTRATOR) if each.key == "DATABRICKS_TOKEN")
    assert capability.state == "missing"


def test_who_is_set_up_is_shown_as_ready(server):
    assert next(each for each in services.capabilities(LOCAL_ADMINISTRATOR) if each.key == "DATABRICKS_TOKEN").state == "ready"
    assert "dapi-secret" not in repr(config.load())


def test_rights_and_names_are_checked_first(server):
    for name in ("ingest", "catalogue", "audio", "recommend"):
        with pytest.raises(NotAllowed):
            services.submit_remote(VIEWER, name)
    with pytest.raises(NotAllowed):
        services.upload_remotely(VIEWER, Path("x"))
    with pytest.raises(DataError, match="paint"):
        services.run_remotely(LOCAL_ADMINISTRATOR, "paint")
    assert server.asked == []


def test_a_number_that_is_none_is_said(server, monkeypatch):
    monkeypatch.setenv("DATABRICKS_JOB_ID", "my job")
    config.reload()
    with pytest.raises(DataError, match="my job"):
        services.submit_remote(LOCAL_ADMINISTRATOR, "ingest")


def test_jobs_at_once_end_with_their_own_reports(server):
    server.job = lambda parameters: Ends(logs=json.dumps({"pipeline": parameters[0], "folder": parameters[1]}))
    begun = [services.submit_remote(LOCAL_ADMINISTRATOR, "ingest", [f"/Volumes/{name}"]) for name in "abc"]
    done = [ended(job) for job in begun]
    assert [job.state for job in done] == ["done"] * 3
    assert [job.result["report"]["folder"] for job in done] == ["/Volumes/a", "/Volumes/b", "/Volumes/c"]
    assert len({job.result["run"] for job in done}) == 3


def test_a_job_that_is_stopped_stops_the_run_there(server):
    server.job = lambda parameters: Ends(None)
    job = services.submit_remote(LOCAL_ADMINISTRATOR, "ingest", ["x"])
    until = time.monotonic() + 10
    while not server.runs and time.monotonic() < until:
        time.sleep(0.05)
    services.cancel_job(LOCAL_ADMINISTRATOR, job.id)
    assert ended(job).state == "cancelled" and server.runs[1000]["state"] == "CANCELED"


def test_a_run_that_fails_is_a_job_that_failed_with_its_reason(server):
    server.job = lambda parameters: Ends("FAILED", error="DataError: no such folder")
    job = ended(services.submit_remote(LOCAL_ADMINISTRATOR, "ingest", ["x"]))
    assert (job.state, job.error_code) == ("failed", "remote.failed") and "no such folder" in job.error_values["reason"]


SONG = {"artist": "IU", "title": "Palette", "genre": "발라드", "similarity": 0.8}


def test_songs_for_a_picture_come_back_with_what_is_known_of_them_here(server, query):
    query("INSERT INTO artists (norm_key, key, display_name) VALUES ('iu', 'IU', 'IU')")
    query("INSERT INTO songs (artist_id, norm_title, key, title) SELECT id, 'palette', 'Palette', 'Palette' FROM artists")
    picture = picture_with_tags(query, 슬픔=0.9)
    server.job = lambda parameters: Ends(logs=json.dumps({"pipeline": "recommend", "songs": [SONG, SONG | {"title": "Unheard"}]}))
    job = ended(services.submit_remote_songs(LOCAL_ADMINISTRATOR, picture, genres=["발라드"], seed=3))
    assert job.state == "done", job
    assert [(song["title"], song["song_id"] is not None) for song in job.result["songs"]] == [("Palette", True), ("Unheard", False)]
    sent = server.runs[1000]["parameters"]
    assert sent[:2] == ["recommend", "/Volumes/main/default/music/catalogue"] and sent[-1] == "--genre=발라드"
    assert json.loads(sent[sent.index("--wish") + 1]) == {"tags": {"슬픔": 0.9}, "text": ""}


@pytest.mark.parametrize("songs", [None, "x", [1], [SONG | {"similarity": "high"}], [SONG | {"similarity": 7}], [SONG | {"artist": None}], [SONG] * 6])
def test_songs_that_cannot_be_ones_are_not_shown(server, songs, query):
    picture = picture_with_tags(query, 슬픔=1.0)
    server.job = lambda parameters: Ends(logs=json.dumps({"pipeline": "recommend", "songs": songs}))
    with pytest.raises(ProviderError) as caught:
        services.recommend_remotely(LOCAL_ADMINISTRATOR, picture)
    assert caught.value.code == "remote.output"


def test_a_picture_without_tags_asks_nobody(server, query):
    with pytest.raises(DataError, match="no tags"):
        services.recommend_remotely(LOCAL_ADMINISTRATOR, picture_with_tags(query))
    assert server.asked == []


def test_the_command_line(server, tmp_path, monkeypatch):
    from cli import app

    for name in ("start", "stop"):
        monkeypatch.setattr(services, name, lambda **_: None)
    (tmp_path / "songs.csv").write_text("title,artist\n")
    server.job = lambda parameters: Ends(logs=json.dumps({"pipeline": parameters[0], "asked": parameters[1:]}))
    put = CliRunner().invoke(app, ["databricks", "upload", str(tmp_path / "songs.csv"), "--as", "catalogue"])
    assert put.exit_code == 0 and "/Volumes/main/default/music/catalogue" in put.output, put.output
    assert server.files["/Volumes/main/default/music/catalogue"] == b"title,artist\n"
    ran = CliRunner().invoke(app, ["databricks", "run", "ingest", "/Volumes/x", "--force"])
    assert ran.exit_code == 0 and json.loads(ran.stdout.splitlines()[-1])["asked"] == ["/Volumes/x", "--force"], ran.output
    server.plan("run-now", Fault(403, code="PERMISSION_DENIED"))
    refused = CliRunner().invoke(app, ["databricks", "run", "ingest", "/Volumes/x"])
    assert refused.exit_code == 1 and "DATABRICKS_TOKEN" in refused.output
