"""Makers of music: one contract for the model of this machine and the service by HTTP, both real."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from config import Settings
from providers import _breaker, musicgen
from providers._calls import Limits
from providers._images import LARGEST_SEED
from providers._music import MOST_PROMPT
from providers.base import Music, MusicMaker
from providers.music_http import HttpMusic
from providers.musicgen import MusicGen
from providers.registry import music_makers
from support import decoding
from support.errors import Cancelled, DataError

sys.path.insert(0, str(Path(__file__).parent))
from music_server import Act, MusicServer  # noqa: E402
from tiny_musicgen import saved  # noqa: E402

PROMPT = "happy, calm, pop, jazz, with piano, bass, and flute, etc, 120 bpm"
QUICK = Limits(backoff_s=0.001, longest_backoff_s=0.01, first_token_s=20.0, whole_s=30.0)


@pytest.fixture(scope="module", autouse=True)
def tidy():
    yield
    musicgen.release()
    decoding.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("transformers")
    return saved(tmp_path_factory.mktemp("musicgen") / "tiny")


@pytest.fixture(scope="module")
def server():
    with MusicServer() as running:
        running.default = Act("job")
        yield running


@pytest.fixture(params=["musicgen", "music_http"])
def maker(request, monkeypatch) -> MusicMaker:
    monkeypatch.setattr(_breaker, "_breakers", {})
    if request.param == "musicgen":
        return MusicGen(request.getfixturevalue("folder"))
    return HttpMusic(request.getfixturevalue("server").url, limits=QUICK, poll_s=0.01)


def test_a_prompt_becomes_music_that_can_be_decoded(maker):
    assert maker.problem() is None
    made = maker.make(PROMPT, 2.0, seed=5)
    assert isinstance(made, Music) and (made.provider, made.model, made.seed, made.format) == (maker.provider, maker.model, 5, "WAV")
    samples = decoding.stereo(made.audio)
    assert abs(len(samples) / decoding.STEREO_RATE - 2.0) < 0.05 and np.abs(samples).max() > 0.001


def test_the_seed_decides_and_chance_is_told(maker):
    first = maker.make(PROMPT, 1.0, seed=5).audio
    assert maker.make(PROMPT, 1.0, seed=5).audio == first != maker.make(PROMPT, 1.0, seed=6).audio
    chance = maker.make(PROMPT, 1.0)
    assert chance.seed is not None and maker.make(PROMPT, 1.0, seed=chance.seed).audio == chance.audio


def test_four_samples_differ(maker):
    assert len({maker.make(PROMPT, 1.0, seed=seed).audio for seed in range(4)}) == 4


def test_progress_begins_at_nothing_and_ends_with_all(maker):
    told = []
    maker.make(PROMPT, 1.0, seed=1, progress=lambda *step: told.append(step))
    assert told[0] == (0, 0) and told[-1][0] == told[-1][1] > 0
    counted = [step for step in told if step[1]]
    assert counted == sorted(counted) and len({total for _, total in counted}) == 1 and len(counted) >= 3


def test_progress_is_told_in_the_callers_thread(maker):
    seen = set()
    maker.make(PROMPT, 1.0, progress=lambda *_: seen.add(threading.current_thread()))
    assert seen == {threading.current_thread()}


def test_a_stop_is_heard_and_the_next_sample_is_made(maker):
    told = []
    began = time.monotonic()
    with pytest.raises(Cancelled) as caught:
        maker.make(PROMPT, 30.0, progress=lambda *step: told.append(step), stopped=lambda: len(told) > 2)
    assert time.monotonic() - began < 5 and caught.value.message("ko") != caught.value.message("en")
    assert maker.make(PROMPT, 1.0).audio


@pytest.mark.parametrize(("prompt", "seconds", "seed", "kind"), [
    (" \n", 5.0, None, DataError), ("x" * (MOST_PROMPT + 1), 5.0, None, DataError), (PROMPT, 0.5, None, ValueError),
    (PROMPT, 301.0, None, ValueError), (PROMPT, float("nan"), None, ValueError), (PROMPT, 5.0, -1, ValueError),
    (PROMPT, 5.0, LARGEST_SEED + 1, ValueError)])
def test_what_cannot_be_asked(maker, prompt, seconds, seed, kind):
    with pytest.raises(kind):
        maker.make(prompt, seconds, seed=seed)


def test_a_warning_stands_in_both_languages(maker):
    import locales

    assert locales.t("ko", maker.warning) != locales.t("en", maker.warning)
    assert maker.provider != "musicgen" or "CC BY-NC" in locales.t("en", maker.warning)


def settings(**values):
    return Settings(database_url=None, data_dir=Path("data"), cmdata_dir=Path("cmdata"), **values)


def test_those_that_are_set_up_are_asked_in_order(folder, server):
    assert music_makers(settings()) == music_makers(settings(keys={"MUSIC_HTTP_API_KEY": "k"})) == ()
    both = music_makers(settings(keys={"MUSIC_HTTP_API_KEY": " k "}, musicgen_model=str(folder), music_http_url=server.url + "/",
                                 music_http_model="large"))
    assert both == (MusicGen(folder), HttpMusic(server.url, "k", "large"))
    assert [(each.provider, each.model) for each in both] == [("musicgen", "tiny"), ("music_http", "large")]


@pytest.mark.parametrize(("keys", "url", "code"), [
    ({}, "ftp://host/x", "address"), ({}, "http://", "address"), ({}, "http://user:pw@host/", "address"), ({}, "http://host/?key=1", "address"),
    ({"MUSIC_HTTP_API_KEY": "ключ"}, "http://host/", "key_form")])
def test_settings_that_cannot_be_used(keys, url, code):
    with pytest.raises(DataError) as caught:
        music_makers(settings(keys=keys, music_http_url=url))
    assert caught.value.code == f"music_providers.{code}" and "pw" not in str(caught.value)


def test_nothing_heavy_is_imported_before_the_first_sample():
    code = ("import sys; from pathlib import Path; from config import Settings; from providers.registry import music_makers; "
            "found = Settings(None, Path(), Path(), musicgen_model='x', music_http_url='http://host/'); "
            "assert len([made.problem() for made in music_makers(found)]) == 2; "
            "print({'httpx2', 'tenacity', 'numpy', 'torch', 'transformers', 'soundfile'} & set(sys.modules))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert out.stdout.strip() == "set()"
