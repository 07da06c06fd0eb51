"""A text read for its music, and the caption a language model writes of it, over the service's real protocol."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import config
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from composer import Wish
from providers import _breaker
from support.errors import DataError, NotAllowed

sys.path.insert(0, str(Path(__file__).parent / "providers"))
from llm_server import Act, LLMServer  # noqa: E402

TEXT = "비가 내리는 밤, 창가에 앉아 떠난 사람의 편지를 읽으며 혼자 울었다. 너무 슬프고 외로웠다."


@pytest.fixture(scope="module")
def running():
    with LLMServer() as server:
        yield server


@pytest.fixture
def server(running, clean, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_breaker, "_breakers", {})
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
    running.reset()
    config.reload()
    return running


def test_a_text_becomes_a_wish_without_any_service(clean):
    reading = services.read_bgm_text(ADMIN, TEXT, ("편지",))
    assert reading.lang == "ko" and reading.keywords[0] == "편지" and reading.valence < 0
    wish = services.bgm_wish_of(reading, Wish(seconds=15.0))
    assert wish.feel is not None and wish.genres and "rain" in wish.textures and wish.seconds == 15
    settled = services.settle_bgm(ADMIN, wish)
    assert settled.plan.feel.valence < 0 and settled.plan.mode != "major"
    assert services.bgm_writers() == ()
    with pytest.raises(DataError):
        services.write_bgm_caption(ADMIN, TEXT, "openai:gpt", "ko")
    with pytest.raises(NotAllowed):
        services.read_bgm_text(Actor(3, "viewer", "viewer"), TEXT)


def test_a_language_model_writes_the_caption_and_its_words_are_checked(server, query):
    writer = services.bgm_writers()[0]
    server.plan(Act(text="Caption: Sad, lonely, jazz, with Piano and Cello, 72 BPM"))
    assert services.write_bgm_caption(ADMIN, TEXT, writer, "ko") == "슬픔, 외로운, 재즈, 피아노, 첼로 등, 72 BPM"
    assert TEXT in str(server.asked[0].body) and query("SELECT provider, input_tokens > 0 FROM provider_usage") == [("openai", True)]


@pytest.mark.parametrize(("reply", "code"), [
    ("I cannot help with that.", "bgm_text.reply_terms"), ("...", "bgm_text.reply_empty"), ("jazz, 900 BPM", "bgm_text.reply_tempo")])
def test_a_reply_that_is_no_caption_is_refused(server, reply, code):
    server.plan(Act(text=reply))
    with pytest.raises(DataError) as caught:
        services.write_bgm_caption(ADMIN, TEXT, services.bgm_writers()[0], "en")
    assert caught.value.code == code
