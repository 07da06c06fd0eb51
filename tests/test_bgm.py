"""Background music as a use case: from a wish to files; edits, other makers, whose it is, what fails."""

from __future__ import annotations

import io
import sys
import threading
import time
import zipfile
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

import composer
import config
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from cli import app
from composer import Wish
from support.errors import DataError, MissingKey, NotAllowed, NotFound
from usecases import bgm, bgm_files, jobs

sys.path.insert(0, str(Path(__file__).parent / "providers"))
from music_server import Act, MusicServer  # noqa: E402

OTHER = Actor(2, "analyst", "other")
VIEWER = Actor(3, "viewer", "viewer")
SHORT = Wish(genres=("pop",), moods=("happy",), seconds=6.0, variants=1, seed=3)


@pytest.fixture
def people(clean, query):
    query("INSERT INTO users (id, nickname, role) OVERRIDING SYSTEM VALUE VALUES (2, 'other', 'analyst'), "
          "(3, 'viewer', 'viewer') ON CONFLICT DO NOTHING RETURNING id")
    yield
    jobs.close()


def ended(batch, actor=ADMIN, timeout=120.0):
    """Return a request once it has ended."""
    until = time.monotonic() + timeout
    while batch.state in ("queued", "running"):
        assert time.monotonic() < until, "the request does not end"
        time.sleep(0.05)
        batch = services.get_bgm(actor, batch.id)
    return batch


def made(wish=SHORT, **named):
    return ended(services.submit_bgm(ADMIN, wish, **named))


def test_a_wish_becomes_variants_and_their_files(people):
    batch = made(Wish(genres=("jazz",), moods=("calm",), seconds=6.5, tempo=100.0, variants=2), caption="Calm, jazz, 100 BPM")
    assert (batch.state, batch.done, batch.total, len(batch.tracks)) == ("done", 2, 2, 2)
    first, second = batch.tracks
    assert (first.title, first.maker, first.seconds) == ("Calm Jazz 1", "composer", 6.5)
    assert abs(first.figures["loudness"] + 14) < 0.5 and first.figures["true_peak"] <= -1 and first.plan.bpm == 100
    assert first.roll and first.spans and first.chords and first.peaks
    files = {kind: services.bgm_file(ADMIN, first.id, kind) for kind in bgm_files.KINDS}
    samples, rate = soundfile.read(io.BytesIO(files["wav"]), always_2d=True)
    assert (samples.shape, rate, soundfile.info(io.BytesIO(files["wav"])).subtype) == ((312_000, 2), 48_000, "PCM_24")
    assert soundfile.info(io.BytesIO(files["ogg"])).format == "OGG" and soundfile.info(io.BytesIO(files["mp3"])).format == "MP3"
    score = mido.MidiFile(file=io.BytesIO(files["mid"]))
    assert next(mido.tempo2bpm(each.tempo) for track in score.tracks for each in track if each.type == "set_tempo") == 100
    with zipfile.ZipFile(io.BytesIO(files["stems"])) as packed:
        parts = [soundfile.read(io.BytesIO(packed.read(name)))[0] for name in packed.namelist() if name.endswith(".wav")]
    assert len(parts) > 1 and np.abs(sum(parts) - samples).max() < 1e-4, "the stems add up to the mix"
    assert services.bgm_file(ADMIN, second.id, "wav") != files["wav"]


def test_the_same_wish_gives_the_same_bytes_also_when_the_file_is_gone(people):
    one, two = made().tracks[0], made().tracks[0]
    wav = services.bgm_file(ADMIN, one.id, "wav")
    for path in (config.load().data_dir / "bgm").glob("*.wav"):
        path.unlink()
    assert services.bgm_file(ADMIN, two.id, "wav") == wav, "made again"
    for kind in ("mid", "ogg"):
        assert services.bgm_file(ADMIN, one.id, kind) == services.bgm_file(ADMIN, two.id, kind)


def test_settling_says_what_comes_before_anything_runs(people):
    wish = Wish(genres=("lofi",), seconds=30, tempo=77.0, loop=True)
    found = services.settle_bgm(ADMIN, wish)
    assert found.bpm == 77 and found.seconds == pytest.approx(found.bars * 4 * 60 / 77) and found.plan.loop
    assert [code for code, _ in found.notes if "loop" in code]
    held = services.settle_bgm(ADMIN, Wish(genres=("lofi",), seconds=30, tempo=77.0, loop=True, locks="length"))
    assert held.seconds == 30 and held.bpm == pytest.approx(held.bars * 4 * 60 / 30)
    assert found.captions == {"ko": "로파이, 77 BPM", "en": "Lofi, 77 BPM"}


def test_a_caption_is_read_back(people):
    wish, unknown = services.read_bgm_caption("슬픔, 재즈, 피아노 등, 72 BPM, 우주정거장", SHORT)
    assert (wish.moods, wish.genres, wish.instruments, wish.tempo) == (("sad",), ("jazz",), ("piano",), 72.0)
    assert unknown == ("우주정거장",) and wish.seconds == SHORT.seconds
    with pytest.raises(DataError) as caught:
        services.read_bgm_caption("x" * 2_001, SHORT)
    assert caught.value.code == "bgm.caption_long"


@pytest.mark.parametrize(("act", "values"), [
    ("energy", {"by": -0.25}), ("length", {"seconds": 9.0}), ("section", {}), ("instrument", {})])
def test_an_edit_makes_a_new_version_beside_the_old_one(people, act, values):
    first = made().tracks[0]
    if act == "section":
        values = {"section_id": first.plan.sections[0].id}
    if act == "instrument":
        part = next(one for one in first.plan.parts if one.role == "chords")
        values = {"role": "chords", "instrument": "harp" if part.instrument != "harp" else "piano"}
    batch = ended(services.edit_bgm(ADMIN, first.id, act, **values))
    assert (batch.state, batch.parent_id, batch.edit) == ("done", first.id, {"act": act, **values})
    again = batch.tracks[0]
    assert again.plan != first.plan and again.seconds == (9.0 if act == "length" else 6.0)
    assert services.get_bgm_track(ADMIN, first.id).plan == first.plan


def test_what_cannot_be_asked_is_refused_before_anything_runs(people, query):
    for actor, wish, code in ((VIEWER, SHORT, NotAllowed), (ADMIN, Wish(), DataError), (ADMIN, Wish(genres=("polka!",)), DataError)):
        with pytest.raises(code):
            services.submit_bgm(actor, wish)
    with pytest.raises(NotFound):
        services.submit_bgm(ADMIN, SHORT, song_id=999)
    with pytest.raises(MissingKey) as caught:
        services.submit_bgm(ADMIN, SHORT, maker="musicgen")
    assert caught.value.values == {"setting": "MUSICGEN_MODEL"}
    with pytest.raises(DataError) as caught:
        services.submit_bgm(ADMIN, SHORT, maker="band")
    assert caught.value.code == "bgm.maker" and query("SELECT count(*) FROM bgm_batches") == [(0,)]
    assert [one.problem for one in services.bgm_makers()] == [None, "bgm.maker_unset", "bgm.maker_unset"]


def test_nobody_else_sees_changes_or_deletes_it(people):
    track = made().tracks[0]
    for act in (lambda: services.get_bgm(OTHER, track.batch_id), lambda: services.get_bgm_track(OTHER, track.id),
                lambda: services.bgm_file(OTHER, track.id, "ogg"), lambda: services.rename_bgm(OTHER, track.id, "mine"),
                lambda: services.delete_bgm(OTHER, track.id), lambda: services.cancel_bgm(OTHER, track.batch_id),
                lambda: services.edit_bgm(OTHER, track.id, "energy", by=0.25)):
        with pytest.raises(NotFound):
            act()
    assert services.list_bgm(OTHER) == ((), 0)


def test_history_finds_renames_rates_deletes_and_takes_back(people, query):
    track = made(caption="Happy, pop, for a cooking video").tracks[0]
    services.rename_bgm(ADMIN, track.id, "  Kitchen\n theme ")
    services.rate_bgm(ADMIN, track.id, 5)
    assert [one.title for one in services.list_bgm(ADMIN, "COOKING")[0]] == ["Kitchen theme"]
    assert services.list_bgm(ADMIN, "nothing of the kind") == ((), 0)
    for act, value in ((services.rename_bgm, " "), (services.rate_bgm, 6)):
        with pytest.raises(DataError):
            act(ADMIN, track.id, value)
    services.delete_bgm(ADMIN, track.id)
    assert services.list_bgm(ADMIN)[1] == 0 and services.get_bgm(ADMIN, track.batch_id).tracks == ()
    services.restore_bgm(ADMIN, track.id)
    assert services.get_bgm_track(ADMIN, track.id).rating == 5
    services.delete_bgm(ADMIN, track.id)
    query("UPDATE bgm_tracks SET deleted_at = now() - interval '61 minutes' RETURNING id")
    made()
    with pytest.raises(NotFound):
        services.restore_bgm(ADMIN, track.id)
    assert query("SELECT count(*) FROM bgm_batches") == [(1,)], "an empty request goes with its last track"


def test_a_variant_that_fails_is_shown_as_failed_and_made_again_alone(people, monkeypatch):
    make, calls = composer.make, []

    def failing(plan, soundfont=None):
        calls.append(plan)
        if len(calls) == 1:
            raise DataError("bgm_sound.silent")
        return make(plan, soundfont)

    monkeypatch.setattr(composer, "make", failing)
    batch = made(Wish(genres=("pop",), seconds=5.0, variants=2))
    assert [(one.state, one.error_code) for one in batch.tracks] == [("failed", "bgm_sound.silent"), ("done", None)]
    assert batch.state == "done" and services.list_bgm(ADMIN)[1] == 1
    with pytest.raises(NotFound):
        services.bgm_file(ADMIN, batch.tracks[0].id, "wav")
    monkeypatch.setattr(composer, "make", lambda plan, soundfont=None: (_ for _ in ()).throw(DataError("bgm_sound.silent")))
    assert (gone := made(SHORT)).state == "failed" and gone.error_code == "bgm.all_failed"
    monkeypatch.setattr(composer, "make", make)
    assert [one.state for one in ended(services.retry_bgm(ADMIN, gone.id)).tracks] == ["done"]


def test_a_queue_says_how_many_are_ahead_and_can_be_left(people, monkeypatch):
    make, go = composer.make, threading.Event()
    monkeypatch.setattr(composer, "make", lambda plan, soundfont=None: go.wait(30) and make(plan, soundfont))
    batches = [services.submit_bgm(ADMIN, SHORT) for _ in range(3)]
    assert [services.get_bgm(ADMIN, one.id).ahead for one in batches[1:]] == [1, 2]
    services.cancel_bgm(ADMIN, batches[1].id)
    assert services.get_bgm(ADMIN, batches[1].id).state == "cancelled"
    assert services.get_bgm(ADMIN, batches[2].id).ahead == 1
    go.set()
    assert [ended(one).state for one in batches] == ["done", "cancelled", "done"]


def test_a_request_whose_process_is_gone_is_interrupted_and_goes_on(people, query):
    batch = made(Wish(genres=("pop",), seconds=5.0, variants=2))
    query("DELETE FROM bgm_tracks WHERE variant = 1 RETURNING id")
    query("UPDATE bgm_batches SET state = 'running', job_id = NULL RETURNING id")
    assert bgm.interrupt_bgm() == 1 and services.get_bgm(ADMIN, batch.id).state == "interrupted"
    again = ended(services.retry_bgm(ADMIN, batch.id))
    assert again.tracks[0].id == batch.tracks[0].id and len(again.tracks) == 2


def test_the_end_of_the_process_interrupts_and_the_rest_is_made_afterwards(people, monkeypatch):
    """Also where a maker has only seen that it is to stop, not why; a person's stop is told from it."""
    with MusicServer() as server:
        monkeypatch.setenv("MUSIC_HTTP_URL", server.url)
        config.reload()
        server.default = Act("mute")
        batch = services.submit_bgm(ADMIN, SHORT, caption="Happy, pop", maker="music_http")
        until = time.monotonic() + 10
        while not server.asked and time.monotonic() < until:
            time.sleep(0.02)
        jobs.close()
        assert services.get_bgm(ADMIN, batch.id).state == "interrupted"
        again = services.retry_bgm(ADMIN, batch.id)
        while len(server.asked) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        services.cancel_bgm(ADMIN, batch.id)
        assert ended(again).state == "cancelled"
        server.default = Act()
        whole = ended(services.retry_bgm(ADMIN, batch.id))
    assert (whole.state, [one.state for one in whole.tracks]) == ("done", ["done"])


def test_another_maker_is_held_to_length_and_loudness(people, monkeypatch):
    with MusicServer() as server:
        monkeypatch.setenv("MUSIC_HTTP_URL", server.url)
        config.reload()
        server.plan(Act("job"), Act("status", status=400))
        wish = Wish(genres=("jazz",), moods=("calm",), seconds=7.25, variants=2, loudness=-16.0)
        batch = made(wish, caption="차분한, 재즈, 72 BPM", maker="music_http")
        asked = [each.body["prompt"] for each in server.asked if each.method == "POST"]
    assert asked[0] == "Calm, jazz, 72 BPM", "in English"
    assert sorted(one.state for one in batch.tracks) == ["done", "failed"] and batch.state == "done"
    track = next(one for one in batch.tracks if one.state == "done")
    samples, rate = soundfile.read(io.BytesIO(services.bgm_file(ADMIN, track.id, "wav")))
    assert samples.shape == (348_000, 2) and rate == 48_000
    assert abs(track.figures["loudness"] + 16) < 0.5 and track.figures["true_peak"] <= -1 and track.plan is None
    for kind in ("mid", "stems"):
        with pytest.raises(DataError) as caught:
            services.bgm_file(ADMIN, track.id, kind)
        assert caught.value.code == "bgm.not_composed"
    with pytest.raises(DataError):
        services.edit_bgm(ADMIN, track.id, "energy", by=0.25)


def test_the_command_line_composes_into_a_folder(tmp_path):
    run = CliRunner().invoke(app, ["compose", "calm, jazz, with piano, 90 BPM", "--seconds", "5", "--out", str(tmp_path / "new")])
    assert run.exit_code == 0, run.output
    wav = next((tmp_path / "new").glob("*.wav"))
    assert soundfile.info(wav).frames == 240_000 and str(wav) in run.output
    assert {path.suffix for path in wav.parent.iterdir()} == {".wav", ".ogg", ".mid"}
    assert CliRunner().invoke(app, ["compose", " "]).exit_code == 1
