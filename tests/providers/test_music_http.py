"""Music by HTTP against a real server on this machine, with its faults."""

from __future__ import annotations

import io
import logging
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import pytest
import soundfile

from providers import _breaker, _http, _music
from providers._calls import Limits, _Call
from providers.music_http import HttpMusic
from support.errors import Cancelled, ProviderError, RateLimited

sys.path.insert(0, str(Path(__file__).parent))
from music_server import Act, MusicServer, tone  # noqa: E402

KEY = "music-SECRET-0123456789"
PROMPT = "행복한, 팝, 피아노 등, 120 BPM"
QUICK = {"backoff_s": 0.001, "longest_backoff_s": 0.01, "first_token_s": 20.0, "whole_s": 30.0}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def running():
    with MusicServer() as server:
        yield server


@pytest.fixture
def server(running, monkeypatch):
    monkeypatch.setattr(_breaker, "_breakers", {})
    running.reset()
    return running


def maker(server, key=KEY, model="", poll_s=0.01, **limits):
    return HttpMusic(server.url, key, model, Limits(**{**QUICK, **limits}), poll_s)


def failure(making, kind=ProviderError, **options):
    with pytest.raises(kind) as caught:
        making.make(PROMPT, 1.0, **options)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


def encoded(form):
    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(44_100) / 20) * 0.3, 44_100, format=form)
    return file.getvalue()


@pytest.mark.parametrize("act", [Act(), Act("base64"), Act("job"), Act("job", then="base64"), Act("job", steps=0), Act(media="application/octet-stream")],
                         ids=lambda act: f"{act.kind}-{act.then}-{act.steps}")
def test_each_form_of_answer(server, act):
    server.plan(act)
    made = maker(server, model="large").make(PROMPT, 2.0, seed=7)
    assert made.audio == tone(2.0, 7) and (made.format, made.seed, made.provider, made.model) == ("WAV", 7, "music_http", "large")
    assert server.methods() == ["POST"] + ["GET"] * (act.steps + 1 if act.kind == "job" else 0)


def test_what_is_asked_reaches_the_service(server):
    maker(server, model="large").make(f" {PROMPT}\n", 12.5, seed=7)
    maker(server, key=None).make(PROMPT, 1.0)
    first, second = server.asked
    assert first.body == {"prompt": PROMPT, "seconds": 12.5, "seed": 7, "model": "large", "format": "wav"}
    assert first.headers["authorization"] == f"Bearer {KEY}" and "authorization" not in second.headers
    assert second.body["model"] is None and 0 <= second.body["seed"] < 2**31


def test_progress_is_what_the_service_tells(server):
    server.plan(Act("job", steps=4), Act("job", told=False))
    for wanted in ([(0, 0), (0, 100), (25, 100), (50, 100), (75, 100), (100, 100)], [(0, 0), (100, 100)]):
        told = []
        maker(server).make(PROMPT, 1.0, progress=lambda *step: told.append(step))  # noqa: B023 - called before the next
        assert told == wanted


@pytest.mark.parametrize("value", [-1, 7, "half", True, None, float("nan")])
def test_progress_that_makes_no_sense_is_not_told_as_it_is(server, value):
    server.plan(Act("job", steps=0))
    server.plan_polls(Act("json", body={"state": "running", "progress": value}))
    told = []
    maker(server).make(PROMPT, 1.0, progress=lambda *step: told.append(step))
    assert all(0 <= done <= total for done, total in told)


@pytest.mark.parametrize("form", ["WAV", "MP3", "FLAC", "OGG"])
def test_any_common_kind_is_taken(server, form):
    server.plan(Act(audio=encoded(form), media="audio/whatever"))
    assert maker(server).make(PROMPT, 1.0).format == form


@pytest.mark.parametrize("act", [Act(audio=b""), Act(audio=b"<html>busy</html>", media="text/html"), Act(audio=b"\x89PNG\r\n\x1a\n"),
                                 Act("base64", audio=b"MThd\0\0\0\6"), Act("job", then="json")], ids=range(5))
def test_what_is_no_music_is_an_error(server, act):
    server.plan(act)
    code = failure(maker(server)).code
    assert code == ("music_providers.protocol" if act.kind == "job" else "music_providers.not_audio") and server.methods().count("POST") == 1


@pytest.mark.parametrize("body", [[], {}, {"audio": "no base64"}, {"audio": 7}, {"job": 5}, {"job": "../../etc"}, {"job": "http://elsewhere/"}, {"job": ""}, "words"], ids=str)
def test_json_outside_of_the_protocol_is_an_error_and_no_address_is_followed(server, body):
    server.plan(Act("json", body=body))
    assert failure(maker(server)).code == "music_providers.protocol" and server.methods() == ["POST"]


def test_what_is_too_large_is_not_taken(server, monkeypatch):
    monkeypatch.setattr(_music, "MOST_BYTES", 20_000)
    server.plan(Act(), Act("base64"))
    making = maker(server)
    assert making.make(PROMPT, 1.0).audio
    error = pytest.raises(ProviderError, making.make, PROMPT, 2.0).value
    assert error.code == "music_providers.large"


def test_an_answer_without_end_is_not_read_to_its_end(server, monkeypatch):
    monkeypatch.setattr(_http, "MOST_BYTES", 1 << 20)
    server.plan(Act("endless", audio=tone(1.0, 1)))
    assert failure(maker(server)).code == "music_providers.large" and server.methods() == ["POST"]


@pytest.mark.parametrize("act", [Act("status", status=429, headers={"Retry-After": "0"}), Act("status", status=500), Act("status", status=503), Act("closed"), Act("cut")],
                         ids=lambda act: f"{act.kind}-{act.status}")
def test_a_passing_failure_is_tried_again(server, act):
    server.plan(act, act)
    assert maker(server).make(PROMPT, 1.0).audio and server.methods() == ["POST"] * 3
    assert server.asked[0].body == server.asked[2].body  # the same seed


@pytest.mark.parametrize("act", [Act("status", status=429, headers={"Retry-After": "0"}), Act("status", status=502), Act("closed")], ids=lambda act: f"{act.kind}-{act.status}")
def test_a_question_that_fails_is_asked_again_and_the_job_goes_on(server, act):
    server.plan(Act("job"))
    server.plan_polls(act, act)
    assert maker(server).make(PROMPT, 1.0).audio and server.methods().count("POST") == 1


def test_a_job_whose_questions_keep_failing_is_given_up_and_called_off(server):
    server.plan(Act("job"))
    server.plan_polls(*[Act("status", status=500)] * 3)
    assert failure(maker(server)).code == "model.failing"
    assert server.methods() == ["POST", "GET", "GET", "GET", "DELETE"]  # never asked for anew: it would be paid for twice


@pytest.mark.parametrize(("act", "code"), [
    (Act("status", status=401), "model.key_refused"), (Act("status", status=403), "model.key_refused"), (Act("status", status=404), "music_providers.refused"),
    (Act("status", status=400, code="prompt_refused"), "music_providers.refused"), (Act("status", status=302), "music_providers.refused"),
    (Act("status", status=429, headers={"Retry-After": "99"}), "model.limited"), (Act("status", status=429, code="insufficient_quota"), "model.unpaid"),
    (Act("status", status=500), "model.failing"), (Act("closed"), "model.cut"), (Act("mute"), "music_providers.slow"),
    (Act("failed", code="content_policy"), "music_providers.job"), (Act("failed", code="a sentence with KEY"), "music_providers.job")], ids=str)
def test_what_a_service_does_comes_out_as_our_error(server, act, code, monkeypatch):
    monkeypatch.setattr(_Call, "sleep", lambda *_: None)
    server.default = act
    error = failure(maker(server, **({"first_token_s": 0.3, "whole_s": 0.4} if act.kind == "mute" else {})))
    assert error.code == code and isinstance(error, RateLimited) == (code == "model.limited")
    assert "sentence" not in str(error) and ("content_policy" in str(error)) == (act.code == "content_policy")
    assert error.__cause__ is None and error.__context__ is None


def test_nobody_there():
    error = failure(HttpMusic("http://127.0.0.1:9/music", limits=Limits(**QUICK)))
    assert error.code == "model.unreachable" and "127.0.0.1:9" in str(error)


def test_a_service_that_keeps_failing_is_left_alone(server):
    server.default = Act("status", status=500)
    making = maker(server, tries=1, failures=2, open_s=60.0)
    assert [failure(making).code for _ in range(3)] == ["model.failing", "model.failing", "provider.circuit_open"]
    assert len(server.asked) == 2


@pytest.mark.parametrize("act", [Act("mute"), Act("status", status=429, headers={"Retry-After": "20"}), Act("job", steps=10_000)], ids=lambda act: act.kind)
def test_a_stop_is_heard(server, act):
    server.default = act
    began = time.monotonic()
    failure(maker(server), Cancelled, stopped=lambda: time.monotonic() > began + 0.4)
    assert time.monotonic() - began < 2
    if act.kind == "job":
        until = time.monotonic() + 2
        while server.jobs and time.monotonic() < until:
            time.sleep(0.01)
        assert server.jobs == {} and server.methods()[-1] == "DELETE"


def test_the_key_is_told_nobody(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.key = "another"
    making = maker(server)
    error = failure(making)
    told = "".join(traceback.format_exception(error)) + error.message("ko") + repr(error) + repr(making)
    assert error.code == "model.key_refused" and error.values["setting"] == "MUSIC_HTTP_API_KEY"
    assert KEY not in told and KEY not in caplog.text
