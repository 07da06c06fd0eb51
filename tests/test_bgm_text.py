"""A text read for its music, and the caption a language model writes of it, over the service's real protocol."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
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


def test_the_same_sentences_are_embedded_once_whatever_the_language(clean, monkeypatch):
    from moods.embedders import embedder
    from usecases import bgm_text

    asked, real = [], embedder().embed

    class Counting:
        def embed(self, texts):
            asked.extend(texts)
            return real(texts)

    monkeypatch.setattr(bgm_text, "embedder", lambda: Counting())
    monkeypatch.setattr(bgm_text, "_vectors", {})
    mixed = "비 오는 밤 night, 나는 창가에 혼자 앉아 있었다. I was alone at night."
    found = services.read_bgm_text(ADMIN, mixed)
    before = len(asked)
    english = services.read_bgm_text(ADMIN, mixed, lang="en")
    assert (found.lang, english.lang, english.found) == ("ko", "en", "ko") and english.emotions != found.emotions
    assert not {"비 오는 밤 night, 나는 창가에 혼자 앉아 있었다.", "I was alone at night.", mixed} & set(asked[before:])
    again = services.read_bgm_text(ADMIN, mixed)
    assert again == found and np.array_equal(bgm_text._embed([mixed]), real([mixed]))


def test_a_change_of_a_reading_is_heard(clean):
    reading = services.read_bgm_text(ADMIN, "비가 내리는 밤, 혼자 울었다. 너무 슬프고 외로웠다. 아침이 되자 바다에서 친구들과 웃으며 춤을 추었다. 정말 행복하고 신났다.")
    bright = tuple(line.index for line in reading.lines if line.felt.valence > 0)
    edited = services.edit_bgm_reading(reading, services.BgmEdits(summary=bright, scenes=("campfire",)))
    plans = [services.settle_bgm(ADMIN, services.bgm_wish_of(each, Wish(seconds=15.0))).plan for each in (reading, edited)]
    assert plans[1].feel.valence > plans[0].feel.valence + 0.1 and plans[1].bpm > plans[0].bpm
    assert services.bgm_wish_of(edited, Wish()).textures == ("fire", "crickets")
    assert services.bgm_langs_of("밤 rain") == ("ko", "en") and services.bgm_langs_of("雨") == () and "campfire" in services.bgm_scenes()


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
