"""How tests of auditions hold one: a song, a local server behind all three judges, waiting for the end."""

from __future__ import annotations

import importlib
import json
import time
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import text

import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from providers import _breaker
from providers._calls import Limits
from providers.registry import chat_model
from tests.providers.llm_server import LLMServer
from usecases import audition_run, hearing, jobs

SIMON, HOWIE, MELB = "meta-llama-3.1-8b-instruct", "gpt-4o-mini", "gemini-3.1-flash-lite"
MODELS = (SIMON, HOWIE, MELB)
LINE = "Seven trains went past my window tonight"
CHORUS = ["Oh harbour, oh harbour, keep calling me home", "oh harbour, oh harbour, I never was alone"]
LYRICS = "\n".join([LINE, "and none of them carried your name", "I counted the lights in the harbour",
                    "until all the lights were the same", *CHORUS, "The ferryman laughed at my suitcase",
                    "the rain on the platform was warm", "I folded your letter to paper",
                    "and sailed it out into the storm", *CHORUS])
EASY = Limits(connect_s=5, first_token_s=10, whole_s=20, tries=2, backoff_s=0.01, longest_backoff_s=0.02,
              longest_wait_s=0.3, failures=50)
HASTY = replace(EASY, first_token_s=0.4, whole_s=2)


def reply(asked, level=3, **more):
    """Return a whole reply with one level everywhere, its quotes from the lyrics."""
    keys = asked.schema["properties"]["criteria"]["items"]["properties"]["criterion"]["enum"]
    levels = level if isinstance(level, list) else [level] * len(keys)
    entries = [{"criterion": key, "level": one, "quote": LINE, "reason": "heard"}
               for key, one in zip(keys, levels, strict=False)]
    return json.dumps({"review": f"A song of level {level}.", "criteria": entries} | more, ensure_ascii=False)


@pytest.fixture(scope="module", name="server")
def server_of_judges():
    for name in ("openai", "google.genai"):  # or the first judge's limits run out during the import
        importlib.import_module(name)
    with LLMServer() as started:
        yield started


@pytest.fixture(name="stage")
def stage_of_judges(clean, server, monkeypatch):
    """Give the server behind all three judges, with keys set, short limits and nothing planned."""
    server.reset()
    server.reply = reply
    for name, value in (("OPENAI_BASE_URL", server.openai_url), ("FRIENDLI_BASE_URL", server.openai_url),
                        ("GEMINI_BASE_URL", server.gemini_url), ("OPENAI_API_KEY", "k1"), ("FRIENDLI_API_KEY", "k2"),
                        ("GOOGLE_API_KEY", "k3")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(hearing, "chat_model", partial(chat_model, limits=EASY))
    _breaker._breakers.clear()
    config.reload()
    yield server
    jobs.close()
    assert hearing.HALL.lives == {} and audition_run._seated == 0


@pytest.fixture(name="hasty")
def hasty_stage(stage, monkeypatch):
    """Give the stage with little patience for Howie, and the usual for the others."""
    monkeypatch.setattr(hearing, "chat_model", lambda provider, model, **more: chat_model(
        provider, model, limits=HASTY if model == HOWIE else EASY, **more))
    return stage


@pytest.fixture(name="song")
def song_to_judge(clean):
    return services.add_song(ADMIN, "Nobody Known", "Harbour", LYRICS)


def until(holds, seconds=20.0):
    """Return what `holds` returns once it is true."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come to it"
        time.sleep(0.01)
    return found


def ended(audition_id, actor=ADMIN):
    def over():
        view = services.get_audition(actor, audition_id)
        return None if view.row.active else view

    return until(over)


def held(song, **options):
    return ended(services.start_audition(ADMIN, song, **{"lang": "en"} | options))


def judge(view, place, repeat=0):
    return next(one for one in view.judges if (one.place, one.repeat) == (place, repeat))


def used():
    with db.begin() as connection:
        return {row.model: row for row in connection.execute(text("SELECT * FROM provider_usage"))}
