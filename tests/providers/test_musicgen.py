"""MusicGen on this machine: a tiny one with random weights, built here, played with for real."""

from __future__ import annotations

import io
import logging
import shutil
import socket
import sys
import threading
import time
import wave
from pathlib import Path
from types import SimpleNamespace

import pytest

from providers import musicgen
from providers.musicgen import MusicGen, release
from support.errors import Cancelled, MissingKey, ProviderError

sys.path.insert(0, str(Path(__file__).parent))
from tiny_musicgen import FRAMES, RATE, saved  # noqa: E402

PROMPT = "happy, calm, pop, jazz, with piano, bass, and flute, etc, 120 bpm"
DELAY = 3
"""Steps by which the last of four codebooks comes after the first."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("transformers")
    yield saved(tmp_path_factory.mktemp("musicgen") / "tiny")
    release()


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def form(audio):
    with wave.open(io.BytesIO(audio)) as file:
        return file.getframerate(), file.getnchannels(), file.getnframes()


def failure(maker, kind=ProviderError, **options):
    with pytest.raises(kind) as caught:
        maker.make(PROMPT, 1.0, **options)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


@pytest.mark.parametrize("seconds", [1.0, 1.234, 3.0])
def test_the_length_is_exact_and_the_rate_the_models_own(folder, seconds):
    told = []
    made = MusicGen(folder).make(PROMPT, seconds, seed=1, progress=lambda *step: told.append(step))
    assert form(made.audio) == (RATE, 1, round(seconds * RATE))
    steps = -(-round(seconds * RATE) // (RATE // FRAMES)) + DELAY
    assert told == [(0, 0), *((step, steps) for step in range(1, steps + 1))]


def test_longer_than_a_window_goes_on_from_what_was_heard(folder, monkeypatch):
    monkeypatch.setattr(musicgen, "WINDOW_S", 1.0)
    monkeypatch.setattr(musicgen, "OVERLAP_S", 0.4)
    told, heard = [], []
    more = musicgen._Course._more
    monkeypatch.setattr(musicgen._Course, "_more", lambda self, asked, before, *rest: heard.append(before) or more(self, asked, before, *rest))
    made = MusicGen(folder).make(PROMPT, 2.5, seed=1, progress=lambda *step: told.append(step))
    assert form(made.audio) == (RATE, 1, round(2.5 * RATE))
    assert heard[0] is None and [sound.shape[-1] for sound in heard[1:]] == [round(0.4 * RATE)] * 3
    assert told[-1] == (125 + 4 * DELAY, 125 + 4 * DELAY)


def test_the_prompt_decides_as_well_as_the_seed(folder):
    maker = MusicGen(folder)
    assert maker.make("happy pop", 1.0, seed=1).audio != maker.make("calm jazz", 1.0, seed=1).audio


def test_random_numbers_of_others_are_left_alone(folder):
    import torch

    torch.manual_seed(3)
    wanted = torch.rand(4)
    torch.manual_seed(3)
    MusicGen(folder).make(PROMPT, 1.0, seed=9)
    assert torch.equal(torch.rand(4), wanted)


def test_a_sample_that_takes_too_long_is_given_up(folder):
    error = failure(MusicGen(folder, limit_s=0.0))
    assert error.code == "music_providers.slow" and error.__cause__ is None


def test_one_at_a_time_and_those_who_wait_can_stop(folder):
    started, go, most, running = threading.Event(), threading.Event(), [], []

    def step(done, _total):
        if done == 1:
            running.append(1)
            most.append(len(running))
            started.set()
            go.wait(5)
            running.pop()

    threads = [threading.Thread(target=lambda: MusicGen(folder).make(PROMPT, 1.0, progress=step)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert started.wait(20)
    began = time.monotonic()
    failure(MusicGen(folder), Cancelled, stopped=lambda: time.monotonic() > began + 0.2)
    assert time.monotonic() - began < 2
    go.set()
    for thread in threads:
        thread.join(20)
    assert most == [1, 1, 1]


def test_the_model_is_kept_and_let_go_when_idle(folder, monkeypatch):
    loads = []
    monkeypatch.setattr(musicgen, "_loaded", lambda path, load=musicgen._loaded: loads.append(path) or load(path))
    release()
    for _ in range(2):
        MusicGen(folder).make(PROMPT, 1.0)
    assert loads == [folder]
    monkeypatch.setattr(musicgen, "IDLE_S", 0.05)
    MusicGen(folder).make(PROMPT, 1.0)
    until = time.monotonic() + 5
    while musicgen._shelf._kept is not None and time.monotonic() < until:
        time.sleep(0.01)
    assert musicgen._shelf._kept is None and len(loads) == 1


def test_a_folder_that_is_not_there_or_holds_no_model(folder, tmp_path):
    error = failure(MusicGen(tmp_path / "none"), MissingKey)
    assert error.code == "music_providers.no_folder" and "MUSICGEN_MODEL" in str(error) and str(tmp_path / "none") in str(error)
    assert failure(MusicGen(tmp_path), MissingKey).code == "music_providers.no_model"
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickled: can hold a program")
    assert failure(MusicGen(tmp_path), MissingKey).code == "music_providers.no_model"
    problem = MusicGen(tmp_path).problem()
    assert isinstance(problem, MissingKey) and problem.code == "music_providers.no_model"


@pytest.mark.parametrize(("file", "text"), [
    ("config.json", "{"), ("config.json", "[]"), ("config.json", '{"model_type": "bert"}'), ("tokenizer.json", None), ("model.safetensors", None)])
def test_half_a_model_is_none(folder, tmp_path, file, text):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / file).unlink()
    if text is not None:
        (copy / file).write_text(text)
    assert failure(MusicGen(copy), MissingKey).code == "music_providers.no_model"


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_a_folder_that_cannot_be_loaded(folder, tmp_path, file, caplog):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / file).write_bytes(b"damaged")
    error = failure(MusicGen(copy))
    assert error.code == "music_providers.load" and error.__cause__ is None and error.__context__ is None
    assert "cannot be loaded" in caplog.text  # with the library's own words, for the operator


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_package_that_is_missing_is_named(folder, monkeypatch, package):
    monkeypatch.setattr(musicgen, "_installed", lambda name: name != package)
    error = failure(MusicGen(folder), MissingKey)
    assert error.code == "music_providers.no_package" and f"pip install {package}" in str(error)


class OutOfMemoryError(RuntimeError):
    """As torch calls its own."""


@pytest.mark.parametrize(("raised", "code"), [
    (OutOfMemoryError("CUDA out of memory"), "memory"), (MemoryError(), "memory"), (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory"),
    (RuntimeError("mat1 and mat2"), "failed")], ids=str)
def test_what_goes_wrong_while_playing(folder, monkeypatch, raised, code):
    MusicGen(folder).make(PROMPT, 1.0)
    network = musicgen._shelf.get(folder)[0]

    def fail(**_):
        raise raised

    monkeypatch.setattr(network, "generate", fail)
    error = failure(MusicGen(folder))
    assert error.code == f"music_providers.{code}" and "mat1" not in str(error) and error.__context__ is None
    assert (musicgen._shelf._kept is None) == (code == "memory")
    monkeypatch.undo()
    release()


def test_memory_that_runs_out_while_loading(folder, monkeypatch):
    def load(_):
        raise MemoryError

    release()
    monkeypatch.setattr(musicgen, "_loaded", load)
    assert failure(MusicGen(folder)).code == "music_providers.memory"


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_silence_and_what_is_no_number_is_no_music(folder, monkeypatch, value):
    import torch

    MusicGen(folder).make(PROMPT, 1.0)
    network = musicgen._shelf.get(folder)[0]
    monkeypatch.setattr(network, "generate", lambda **_: torch.full((1, 1, RATE), value))
    assert failure(MusicGen(folder)).code == "music_providers.silent"


def test_two_channels_and_what_is_over_full_scale():
    import numpy as np

    file = musicgen._wav(np.array([[2.0, -1.0], [0.0, 0.5]], np.float32), 44_100)
    assert form(file) == (44_100, 2, 2)
    assert np.frombuffer(file[44:], "<i2").tolist() == [32767, -16384, 0, 8192]


def test_steps_are_counted_for_every_window():
    encoder = SimpleNamespace(sampling_rate=RATE, upsampling_ratios=[8, 5, 4, 4])
    network = SimpleNamespace(config=SimpleNamespace(audio_encoder=encoder),
                              decoder=SimpleNamespace(num_codebooks=8, config=SimpleNamespace(audio_channels=2)))
    steps = [musicgen._Course(network, seconds, 1.0, lambda *_: None, lambda: False)._total for seconds in (30.0, 30.5, 50.0, 300.0)]
    assert steps == [1500 + 3, 1525 + 6, 2500 + 6, 15000 + 3 * 15]


def test_the_library_says_nothing_on_its_own(folder, capfd, caplog):
    caplog.set_level(logging.WARNING)
    release()
    MusicGen(folder).make(PROMPT, 1.0)
    out = capfd.readouterr()
    assert out.out == "" and "it/s" not in out.err
