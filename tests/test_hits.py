"""Predictions as a use case: from a file to an answer with its evidence; whose they are, who sees them, many at once."""

from __future__ import annotations

import io
import time
import zipfile

import numpy as np
import pytest
import soundfile

import config
import locales
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from support.errors import AppError, DataError, FileRefused, NotAllowed, NotFound
from usecases import hits, jobs

OTHER = Actor(2, "analyst", "other")
VIEWER = Actor(3, "viewer", "viewer")


def tune(seconds=6.0, pitch=220.0, rate=22_050, seed=0):
    """Return a WAV file of clicks twice a second over a chord."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * pitch * ratio * time) for ratio in (1, 1.25, 1.5)) / 6
    clicks = rng.standard_normal(len(time)) * np.exp(-30 * (time % 0.5)) / 4
    out = io.BytesIO()
    soundfile.write(out, (chord + clicks).astype(np.float32), rate, "PCM_16", format="WAV")
    return out.getvalue()


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return out.getvalue()


@pytest.fixture
def people(clean, query):
    query("INSERT INTO users (id, nickname, role) OVERRIDING SYSTEM VALUE VALUES (2, 'other', 'analyst'), "
          "(3, 'viewer', 'viewer') ON CONFLICT DO NOTHING RETURNING id")
    yield
    jobs.close()


def wait(job_id, timeout=60.0):
    """Wait for a job to end."""
    until = time.monotonic() + timeout
    while services.get_job(ADMIN, job_id).active:
        assert time.monotonic() < until, "the job does not end"
        time.sleep(0.05)


def done(actor, prediction_id, timeout=60.0):
    """Return a prediction once it has ended."""
    wait(hits.get_prediction(actor, prediction_id).job_id, timeout)
    return services.get_prediction(actor, prediction_id)


def sent(actor=ADMIN, data=None, **named):
    return services.start_prediction(actor, tune() if data is None else data,
                                     **{"name": "tune.wav", "title": "Tune", "genre": "POP", **named})


def test_a_track_becomes_an_answer_with_its_evidence(people):
    view = done(ADMIN, sent(lyrics="la la la\nla la", artist="Band", full_seconds=200.0))
    assert (view.state, view.error_code, view.format, view.own, view.public) == ("done", None, "WAV", True, False)
    assert view.seconds == pytest.approx(6.0, abs=0.1) and view.loudness < -3
    states = {part.part: part.state for part in view.parts}
    assert states["features"] in ("used", "strange")
    assert {states[name] for name in ("audio", "transfer", "lyrics", "sentences")} == {"untrained"}
    assert all(part.share is None for part in view.parts if part.state != "used"), "nobody trained them: no number"
    assert (view.score is None) == (view.probability is None) == (view.abstained is not None)
    if view.score is not None:
        assert view.score_low <= view.score <= view.score_high
        assert 0 < view.probability_low <= view.probability <= view.probability_high < 0.5
    assert set(view.left_out) == {"sections", "chorus_hit"} and view.measures["duration_ms"] == pytest.approx(200_000)
    assert len(view.tags) <= 5 and len(view.waveform) == 600
    assert services.prediction_picture(ADMIN, view.id)[:8] == b"\x89PNG\r\n\x1a\n"
    assert services.prediction_audio(ADMIN, view.id) == (tune(), "audio/wav")
    assert view.genre_percentile is None and view.genre_count == (view.score is not None)


@pytest.mark.parametrize("sound", ["noise", "tone", "clicks"])
def test_what_is_no_music_gets_no_score(people, sound):
    time_s = np.arange(22_050 * 15) / 22_050
    samples = {"noise": np.random.default_rng(0).standard_normal(len(time_s)) / 10,
               "tone": np.sin(2 * np.pi * 440 * time_s) / 3, "clicks": 0.8 * (time_s % 0.5 < 0.002)}[sound]
    out = io.BytesIO()
    soundfile.write(out, samples.astype(np.float32), 22_050, "PCM_16", format="WAV")
    view = done(ADMIN, sent(data=out.getvalue()))
    assert (view.state, view.abstained, view.score, view.probability) == ("done", "strange", None, None)
    assert {part.part: part.state for part in view.parts}["features"] == "strange"


def test_music_gets_one(people):
    demo = next(path for path in (config.ROOT / "catalogue" / "demo").iterdir() if path.suffix == ".ogg")
    view = done(ADMIN, sent(data=demo.read_bytes(), name=demo.name))
    assert view.abstained is None and 0 < view.score_low <= view.score <= view.score_high < 100
    assert view.tags and all(f"music_tags.{name}" in locales.texts("ko") for name, _ in view.tags)
    assert view.parts[0].state == "used" and view.occlusion_by == "features" and len(view.occlusion) > 10


def test_another_prior_restates_the_probability_and_nothing_else(people):
    before = done(ADMIN, sent(data=tune(100.0, seed=1), prior=0.01))
    services.set_prediction_prior(ADMIN, before.id, 0.2)
    after = services.get_prediction(ADMIN, before.id)
    assert after.score == before.score and after.prior == pytest.approx(0.2)
    if before.probability is not None:
        ratio = lambda p, prior: p / (1 - p) / (prior / (1 - prior))  # noqa: E731
        assert ratio(after.probability, 0.2) == pytest.approx(ratio(before.probability, 0.01), rel=1e-4)
    with pytest.raises(DataError, match="0.01 to 90"):
        services.set_prediction_prior(ADMIN, before.id, 1.0)


@pytest.mark.parametrize(("data", "code"), [
    (b"this is no music at all, though it says so" * 20, "audio.kind"),
    (tune()[:60], "audio.broken"),
])
def test_a_bad_file_is_a_failed_prediction_that_says_why(people, data, code):
    view = done(ADMIN, sent(data=data, name="song.mp3"))
    assert view.state == "failed" and view.score is None and view.parts == ()
    assert view.error_code.startswith("audio."), code
    message = AppError(view.error_code, **view.error_values).message("ko")
    assert message and view.error_code not in message
    services.retry_prediction(ADMIN, view.id)
    assert done(ADMIN, view.id).state == "failed"


@pytest.mark.parametrize("wrong", [{"genre": "ROCK"}, {"prior": 0.0}, {"full_seconds": 5.0}, {"lyrics": "a" * 30_000},
                                   {"title": " ", "name": ".wav"}])
def test_other_values_are_refused_before_anything_is_stored(people, query, wrong):
    with pytest.raises(DataError) as caught:
        sent(**wrong)
    assert caught.value.message("ko") and caught.value.message("en")
    assert query("SELECT count(*) FROM tracks") == [(0,)]


def test_no_file_and_too_large_a_file_are_refused(people, monkeypatch):
    with pytest.raises(FileRefused):
        sent(data=b"")
    monkeypatch.setattr(hits, "LARGEST_AUDIO", 1000)
    with pytest.raises(FileRefused):
        sent()


def test_what_is_private_is_seen_by_nobody_else(people):
    mine = sent(lyrics="secret words")
    view = done(ADMIN, mine)
    for act in (lambda: services.get_prediction(OTHER, mine), lambda: services.prediction_audio(OTHER, mine),
                lambda: services.prediction_picture(OTHER, mine), lambda: services.nearest_predictions(OTHER, mine),
                lambda: services.like_prediction(OTHER, mine), lambda: services.delete_prediction(VIEWER, mine),
                lambda: services.publish_prediction(OTHER, mine, on=True),
                lambda: services.set_prediction_prior(OTHER, mine, 0.1),
                lambda: services.link_prediction(OTHER, mine, on=True),
                lambda: services.cancel_prediction(OTHER, mine), lambda: services.retry_prediction(OTHER, mine)):
        with pytest.raises((NotFound, NotAllowed)):
            act()
    assert services.list_predictions(OTHER).count == 0 and services.leaderboard(OTHER).count == 0
    with pytest.raises(NotAllowed):
        sent(VIEWER)
    assert services.get_prediction(ADMIN, mine) == view


def test_a_public_one_is_in_the_leaderboard_and_can_be_liked_once_by_everyone(people, query):
    ids = [sent(data=tune(seed=seed), title=f"Tune {seed}") for seed in range(3)]
    for each in ids:
        done(ADMIN, each)
        services.publish_prediction(ADMIN, each, on=True)
    for each, score in zip(ids, (50, 70, 70), strict=True):  # what is tested is the ranking, not the model
        query("UPDATE predictions SET score = :score, abstained = NULL WHERE id = :id RETURNING id", id=each, score=score)
    page = services.leaderboard(OTHER)
    assert [(row.rank, row.title) for row in page.rows] == [(1, "Tune 1"), (1, "Tune 2"), (3, "Tune 0")]
    assert services.like_prediction(OTHER, ids[0]) == (1, True) == services.like_prediction(OTHER, ids[0])
    assert services.like_prediction(ADMIN, ids[0]) == (2, True)
    assert services.leaderboard(OTHER, order="likes").rows[0].title == "Tune 0"
    assert services.leaderboard(OTHER, genre="BALLAD").count == 0
    assert services.leaderboard(OTHER, search="tune 2").rows[0].rank == 1
    assert services.leaderboard(OTHER, limit=1, offset=2).rows[0].title == "Tune 0"
    table = services.predictions_table(OTHER, kind="leaderboard")
    assert list(table["rank"]) == [1, 1, 3]
    assert [each.id for each in services.reference_predictions(OTHER, ids[1])] == [ids[2]]
    assert len(services.nearest_predictions(OTHER, ids[1])) == 2
    services.publish_prediction(ADMIN, ids[0], on=False)
    assert services.leaderboard(OTHER).count == 2


def test_a_link_shows_it_until_it_is_taken_back(people):
    mine = sent()
    done(ADMIN, mine)
    token = services.link_prediction(ADMIN, mine, on=True)
    shown = services.prediction_by_link(OTHER, token)
    assert shown.id == mine and shown.token is None and not shown.own
    assert services.prediction_audio(OTHER, mine, token)[1] == "audio/wav"
    assert services.link_prediction(ADMIN, mine, on=False) is None
    for act in (lambda: services.prediction_by_link(OTHER, token),
                lambda: services.prediction_audio(OTHER, mine, token)):
        with pytest.raises(NotFound):
            act()


def test_deleting_takes_the_audio_with_it_unless_another_prediction_is_of_it(people, query):
    one, two = sent(), sent()
    for each in (one, two):
        done(ADMIN, each)
    services.delete_prediction(ADMIN, one)
    assert query("SELECT count(*) FROM tracks") == [(1,)]
    services.delete_prediction(ADMIN, two)
    assert query("SELECT count(*) FROM tracks") == [(0,)]
    with pytest.raises(NotFound):
        services.get_prediction(ADMIN, one)


def test_what_a_stopped_process_left_is_interrupted_and_can_be_made_again(people, query):
    mine = hits.add(ADMIN, tune(), name="tune.wav", title="Tune", genre="POP")
    assert hits.interrupt_predictions() == 1
    assert services.get_prediction(ADMIN, mine).state == "interrupted"
    services.retry_prediction(ADMIN, mine)
    assert done(ADMIN, mine).state == "done"


# --- batches ------------------------------------------------------------------------------------------------------


def finished(actor, batch_id):
    batch = next(each for each in services.list_prediction_batches(actor) if each.id == batch_id)
    wait(batch.job_id, 120)
    return next(each for each in services.list_prediction_batches(actor) if each.id == batch_id)


def test_a_batch_takes_what_it_can_and_names_the_rest(people):
    manifest = ("파일,곡명,가수,장르,가사,날짜\n"
                "a/one.wav,하나,가수,발라드,a/one.txt,2025-05-01\n"
                "a/none.wav,없음,가수,댄스,,\n"
                "two.wav,둘,가수,재즈,,\n"
                "two.wav,둘,가수,댄스,,어제\n"
                "bad.mp3,셋,가수,댄스,,\n")
    data = archive({"manifest.csv": manifest.encode("cp949"), "a/one.wav": tune(), "a/one.txt": "가사 한 줄",
                    "two.wav": tune(seed=1), "bad.mp3": b"no audio " * 50})
    batch = finished(ADMIN, services.submit_prediction_batch(ADMIN, data, name="tracks.zip"))
    assert batch.counts == {"done": 1, "failed": 1} and not batch.active
    assert [(name, code) for name, code, _ in batch.refused] == [
        ("a/none.wav", "hit_batch.missing"), ("two.wav", "hit.genre"), ("two.wav", "hit_batch.date")]
    rows = services.list_predictions(ADMIN, batch_id=batch.id, order="best").rows
    assert {(row.title, row.genre, row.has_lyrics) for row in rows} == {("하나", "BALLAD", True), ("셋", "DANCE", False)}
    services.delete_prediction_batch(ADMIN, batch.id)
    assert services.list_prediction_batches(ADMIN) == () and services.list_predictions(ADMIN).count == 0


@pytest.mark.parametrize("state", ["cancelled", "interrupted"])
def test_a_batch_without_a_manifest_takes_every_track_and_is_resumed_where_it_stopped(people, query, monkeypatch, state):
    from usecases import hit_run

    data = archive({f"{number}.wav": tune(seed=number) for number in range(3)} | {"note.pdf": b"x", "__MACOSX/0.wav": b"x"})
    made = hit_run.run
    calls = []

    def stops(prediction_id, progress):
        calls.append(prediction_id)
        if len(calls) == 2:
            mine = jobs.runner().progress(services.list_prediction_batches(ADMIN)[0].job_id)
            (mine.cancel if state == "cancelled" else mine.interrupt)()
        return made(prediction_id, progress)

    monkeypatch.setattr(hit_run, "run", stops)
    batch = finished(ADMIN, services.submit_prediction_batch(ADMIN, data, name="tracks.zip"))
    assert batch.counts == {"done": 1, state: 1, "queued": 1}
    hits.interrupt_predictions()
    first = {row.id for row in services.list_predictions(ADMIN).rows if row.state == "done"}
    monkeypatch.setattr(hit_run, "run", made)
    services.resume_prediction_batch(ADMIN, batch.id)
    assert finished(ADMIN, batch.id).counts == {"done": 3}
    assert len(calls) >= 1 and first


def test_a_folder_is_a_batch_too(people, tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album/song.wav").write_bytes(tune())
    batch = services.predict_folder(ADMIN, tmp_path / "album")
    table = services.predictions_table(ADMIN, batch_id=batch)
    assert list(table["title"]) == ["song"] and list(table["state"]) == ["done"]


@pytest.mark.parametrize(("data", "code"), [
    (b"no archive", "hit_batch.zip"), (archive({"a.txt": b"x"}), "hit_batch.empty"),
    (archive({"manifest.csv": b"title\nx\n"}), "hit_batch.columns"),
    (archive({"manifest.csv": b"file\n../etc/passwd\n"}), "hit_batch.empty"),
])
def test_archives_that_hold_nothing_to_judge_are_refused(people, data, code):
    with pytest.raises(AppError) as caught:
        services.submit_prediction_batch(ADMIN, data, name="x.zip")
    assert caught.value.code == code and services.list_prediction_batches(ADMIN) == ()


def test_a_batch_of_another_is_not_there(people):
    mine = services.submit_prediction_batch(ADMIN, archive({"a.wav": tune()}), name="x.zip")
    finished(ADMIN, mine)
    for act in (services.resume_prediction_batch, services.cancel_prediction_batch, services.delete_prediction_batch):
        with pytest.raises(NotFound):
            act(OTHER, mine)


def test_zero_bytes_in_names_are_left_out(clean, query):
    """PostgreSQL holds them in no text; a file name inside an archive may be nothing else."""
    hits.add(ADMIN, b"RIFF", name="\x00a.wav", title="So\x00ng", artist="Ann\x00", genre="POP", lyrics="la\x00la")
    assert query("SELECT title, artist, lyrics FROM predictions") == [("Song", "Ann", "lala")]
    with pytest.raises(AppError, match="title"):
        hits.add(ADMIN, b"RIFF", name="\x00.wav", title="\x00", genre="POP")


def test_a_file_of_an_archive_that_is_broken_is_refused_alone(people, query):
    """Its bytes were changed, so its checksum is another; or the archive's list points before its beginning."""
    whole = archive({"bad.wav": b"RIFF" + bytes(range(200)), "b.wav": tune()})
    place = whole.index(b"PK\x05\x06") + 16
    before = whole[:place] + (int.from_bytes(whole[place:place + 4], "little") + (1 << 25)).to_bytes(4, "little") + whole[place + 4:]
    changed = bytearray(whole)
    changed[whole.index(b"bad.wav") + 20] ^= 255
    for data, refused, tracks in ((bytes(changed), 1, 1), (before, 2, 0)):
        services.submit_prediction_batch(ADMIN, data, name="x.zip")
        batch = services.list_prediction_batches(ADMIN)[0]
        assert len(batch.refused) == refused
        assert query("SELECT count(*) FROM predictions WHERE batch_id = :id", id=batch.id) == [(tracks,)]
        assert all(code == "hit_batch.zip" for _, code, _ in batch.refused)
