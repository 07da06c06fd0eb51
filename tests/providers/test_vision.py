"""Models that see, through their real SDKs against a real server: one contract, and nothing outside the vocabulary."""

from __future__ import annotations

import json
import logging
import random
import subprocess
import sys
import time
import traceback
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from providers import _breaker, gemini
from providers import openai as chat_completions
from providers._calls import Limits, _Call
from providers._vision import MAX_TOKENS, SYSTEM, schema_of, tags_of
from providers.base import VisionAnswer, VisionTag
from providers.prices import cost_usd
from providers.registry import SERVICES, VISION_MODELS, VISION_SETTINGS, vision, visions
from support.errors import Cancelled, DataError, MissingKey, ProviderError, RateLimited

sys.path.insert(0, str(Path(__file__).parent))
from llm_server import Act, LLMServer  # noqa: E402

KEY = "sk-test-SECRET-0123456789"
VOCABULARY = {"situation": ["휴식", "드라이브", "해변", "카페"], "emotion": ["행복", "그리움"], "weather": ("맑음", "비"), "season": ["여름"]}
GOOD = {"situation": [{"tag": "해변", "ground": "seen", "confidence": 0.9}, {"tag": "휴식", "ground": "inferred", "confidence": 0.4}],
        "emotion": [{"tag": "행복", "ground": "inferred", "confidence": 0.55}], "weather": [], "season": []}
QUICK = {"backoff_s": 0.001, "longest_backoff_s": 0.01}
everywhere = pytest.mark.parametrize("provider", VISION_MODELS)


def jpeg(colour="navy"):
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    return out.getvalue()


PICTURE = jpeg()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def running():
    with LLMServer(reply=lambda _: json.dumps(GOOD, ensure_ascii=False)) as server:
        yield server


@pytest.fixture
def server(running, monkeypatch):
    """Return the server as if it had just started; no breaker and no memory of it is left from another test."""
    monkeypatch.setattr(_breaker, "_breakers", {})
    monkeypatch.setattr(chat_completions, "_refused", {})
    monkeypatch.setattr(gemini, "_no_schema", set())
    until = time.monotonic() + 5
    while running.now and time.monotonic() < until:
        time.sleep(0.005)
    running.reset()
    return running


@pytest.fixture
def waits(monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(_Call, "sleep", lambda _, seconds: slept.append(seconds))
    return slept


def model(server, provider, *, key=KEY, name=None, **limits):
    url = server.gemini_url if provider == "gemini" else server.openai_url
    return vision(provider, key=key, model=name, base_url=url, limits=Limits(**{**QUICK, **limits}))


def look(seeing, **options) -> VisionAnswer:
    return seeing.look(PICTURE, VOCABULARY, **options)


def failure(seeing, kind=ProviderError) -> ProviderError:
    with pytest.raises(kind) as caught:
        look(seeing)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


def says(server, reply):
    server.plan(Act(text=reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)))


@everywhere
def test_a_picture_becomes_tags_of_the_vocabulary(server, provider):
    seeing = model(server, provider)
    answer = look(seeing)
    assert answer.tags == (VisionTag("해변", "situation", 0.9, "seen"), VisionTag("휴식", "situation", 0.4, "inferred"),
                           VisionTag("행복", "emotion", 0.55, "inferred"))
    assert (answer.dropped, answer.provider, answer.model) == (0, provider, VISION_MODELS[provider])
    assert (seeing.provider, seeing.model) == (provider, VISION_MODELS[provider])
    assert answer.input_tokens > 0 and answer.output_tokens > 0
    assert answer.cost_usd == cost_usd(provider, answer.model, answer.input_tokens, answer.output_tokens) > 0


@everywhere
def test_what_is_asked_reaches_the_service(server, provider):
    look(model(server, provider))
    [asked] = server.asked
    assert (asked.picture, asked.schema, asked.system) == (PICTURE, schema_of(VOCABULARY), SYSTEM)
    assert all(tag in asked.user for tags in VOCABULARY.values() for tag in tags)
    options = asked.body.get("generationConfig", asked.body)
    assert options["max_completion_tokens" if provider == "openai" else "maxOutputTokens"] == MAX_TOKENS
    assert options["temperature"] == 0.2


@everywhere
@pytest.mark.parametrize("size", [5, 300_000])
def test_every_byte_of_the_picture_arrives(server, provider, size):
    picture = b"\xff\xd8\xff" + random.Random(size).randbytes(size)
    model(server, provider).look(picture, VOCABULARY)
    assert server.asked[0].picture == picture


def test_the_schema_allows_the_vocabulary_and_nothing_else():
    schema = schema_of(VOCABULARY)
    assert schema["required"] == list(VOCABULARY) == list(schema["properties"]) and schema["additionalProperties"] is False
    for category, tags in VOCABULARY.items():
        field = schema["properties"][category]
        assert (field["type"], field["maxItems"], field.get("minItems")) == ("array", 3, None)
        item = field["items"]
        assert item["properties"]["tag"]["enum"] == list(tags) and item["additionalProperties"] is False
        assert item["properties"]["ground"]["enum"] == ["seen", "inferred"]
        assert item["required"] == ["tag", "ground", "confidence"]
        assert (item["properties"]["confidence"]["minimum"], item["properties"]["confidence"]["maximum"]) == (0, 1)


def test_the_instructions_hold_no_tag_that_could_leak():
    from moods.vocabulary import vocabulary

    for tag in vocabulary().tags:
        assert tag.name not in SYSTEM
    assert not any(character.isdigit() for character in SYSTEM.replace("0 to 1", ""))


BAD = [{"tag": "바닷가", "ground": "seen", "confidence": 0.9}, {"tag": "행복", "ground": "seen", "confidence": 0.9},
       {"tag": "해변", "ground": "guessed", "confidence": 0.9}, {"tag": "해변", "ground": "seen", "confidence": 1.2},
       {"tag": "해변", "ground": "seen", "confidence": -0.1}, {"tag": "해변", "ground": "seen", "confidence": "high"},
       {"tag": "해변", "ground": "seen", "confidence": True}, {"tag": "해변", "ground": "seen", "confidence": None},
       {"tag": "해변", "ground": "seen", "confidence": float("nan")}, {"tag": "해변", "ground": "seen"}, {"tag": ["해변"], "ground": "seen", "confidence": 1},
       {"tag": "해변 ", "ground": "seen", "confidence": 0.9}, {"tag": "해변", "ground": ["seen"], "confidence": 1}, "해변", None, 5, ["해변"]]


@everywhere
@pytest.mark.parametrize("bad", BAD, ids=str)
def test_an_entry_that_is_not_as_asked_is_dropped_and_counted(server, provider, bad):
    says(server, {**GOOD, "situation": [bad, GOOD["situation"][1]]})
    answer = look(model(server, provider))
    assert answer.dropped == 1 and [tag.tag for tag in answer.tags] == ["휴식", "행복"]


@everywhere
def test_a_tag_in_another_category_is_not_moved(server, provider):
    says(server, {**GOOD, "weather": [{"tag": "여름", "ground": "seen", "confidence": 0.9}], "season": []})
    answer = look(model(server, provider))
    assert answer.dropped == 1 and all(tag.tag != "여름" for tag in answer.tags)


@everywhere
def test_the_three_most_confident_stay_and_repetitions_go(server, provider):
    entries = [{"tag": tag, "ground": "seen", "confidence": level}
               for tag, level in (("휴식", 0.2), ("드라이브", 0.9), ("해변", 0.5), ("카페", 0.7), ("카페", 0.8))]
    says(server, {"situation": entries})
    answer = look(model(server, provider))
    assert [(tag.tag, tag.confidence) for tag in answer.tags] == [("드라이브", 0.9), ("카페", 0.8), ("해변", 0.5)]
    assert answer.dropped == 2


@everywhere
@pytest.mark.parametrize(("extra", "dropped"), [({"colour": [{"tag": "해변", "ground": "seen", "confidence": 1}] * 2}, 2),
                                                ({"weather": None}, 0), ({"weather": "비"}, 1), ({"review": "lovely"}, 1)])
def test_categories_nobody_asked_for_are_counted(server, provider, extra, dropped):
    says(server, GOOD | extra)
    answer = look(model(server, provider))
    assert answer.dropped == dropped and len(answer.tags) == 3


@everywhere
@pytest.mark.parametrize(("reply", "dropped"), [
    ({name: [] for name in VOCABULARY}, 0), ({}, 0), ({"situation": BAD}, len(BAD)), ({"review": "nice"}, 1)])
def test_an_answer_with_nothing_left_is_an_error(server, provider, reply, dropped):
    says(server, reply)
    error = failure(model(server, provider))
    assert (error.code, error.values["dropped"]) == ("vision.nothing", dropped)
    assert error.values["input_tokens"] > 0 and error.values["cost_usd"] > 0 and str(dropped) in str(error)


@everywhere
@pytest.mark.parametrize("reply", ["", "a beach", "[1, 2]", '{"situation": [', '{"situation": [}', "}{", '{"a": 1} {"b": 2}',
                                   '{"a":' * 3000 + "1" + "}" * 3000])
def test_what_is_no_json_is_an_error(server, provider, reply):
    says(server, reply)
    error = failure(model(server, provider))
    assert error.code == "vision.malformed" and len(server.asked) == 1 and "cost_usd" in error.values


@everywhere
def test_a_fence_around_the_json_is_no_matter(server, provider):
    says(server, f"Here you are:\n```json\n{json.dumps(GOOD)}\n```")
    assert len(look(model(server, provider)).tags) == 3


@everywhere
@pytest.mark.parametrize(("act", "code"), [(Act("length", after=5), "vision.cut"), (Act("filtered"), "vision.declined"),
                                           (Act("blocked"), "vision.declined")], ids=lambda each: getattr(each, "kind", ""))
def test_an_end_that_is_no_whole_answer_is_an_error(server, provider, act, code):
    server.plan(act)
    error = failure(model(server, provider))
    assert error.code == code and "output_tokens" in error.values


def test_a_model_that_declines_says_so(server):
    server.plan(Act("declined"))
    assert failure(model(server, "openai")).code == "vision.declined"


@everywhere
def test_a_whole_answer_that_is_cut_at_its_end_is_not_taken(server, provider):
    server.plan(Act("length", text=json.dumps(GOOD), after=10**6))
    assert failure(model(server, provider)).code == "vision.cut"


@everywhere
@pytest.mark.parametrize("act", [Act("status", status=429, headers={"Retry-After": "0"}), Act("status", status=500),
                                 Act("closed"), Act("cut", after=0), Act("error", after=0)], ids=lambda act: f"{act.kind}-{act.status}")
def test_a_passing_failure_is_tried_again(server, provider, act):
    server.plan(act, act)
    assert len(look(model(server, provider)).tags) == 3 and [asked.picture for asked in server.asked] == [PICTURE] * 3


@everywhere
@pytest.mark.parametrize(("act", "code"), [
    (Act("status", status=500), "model.failing"), (Act("status", status=429, headers={"Retry-After": "99"}), "model.limited"),
    (Act("garbage"), "model.garbage"), (Act("cut"), "model.cut"), (Act("ended"), "model.cut"), (Act("mute"), "model.silent"),
    (Act("stall", after=2), "model.slow"), (Act("status", status=403), "model.key_refused"),
    (Act("status", status=404), "vision.unknown"), (Act("status", status=413), "vision.refused"),
    (Act("status", status=400, code="context_length_exceeded"), "vision.refused")], ids=lambda each: each if isinstance(each, str) else "")
def test_what_a_service_does_comes_out_as_our_error(server, provider, act, code, waits):
    server.default = act
    limits = {"first_token_s": 0.15} if act.kind == "mute" else {"whole_s": 0.3} if act.kind == "stall" else {}
    error = failure(model(server, provider, **limits))
    assert error.code == code and isinstance(error, RateLimited) == (code == "model.limited")
    assert len(server.asked) == (3 if code == "model.failing" else 1)
    if code.startswith("vision"):
        assert error.values["setting"] == VISION_SETTINGS[provider] in str(error) and "judges.toml" not in str(error)


@everywhere
def test_a_service_that_keeps_failing_is_left_alone_by_all(server, provider, waits):
    server.default = Act("status", status=500)
    seeing = model(server, provider, tries=1, failures=2, open_s=60.0)
    for _ in range(2):
        assert failure(seeing).code == "model.failing"
    assert failure(model(server, provider)).code == "provider.circuit_open" and len(server.asked) == 2


@everywhere
def test_a_stop_is_heard(server, provider):
    server.plan(Act("mute"))
    with pytest.raises(Cancelled):
        look(model(server, provider, first_token_s=60.0), stopped=lambda: bool(server.asked))


@everywhere
def test_a_service_without_schemas_is_asked_for_plain_json_and_held_to_the_vocabulary(server, provider):
    server.refuses = {"json_schema"}
    server.default = Act(text=json.dumps({"situation": [*GOOD["situation"], BAD[0]]}))
    answer = look(model(server, provider))
    assert server.asked[-1].schema is None and server.asked[-1].picture == PICTURE and len(server.asked) == 2
    assert [tag.tag for tag in answer.tags] == ["해변", "휴식"] and answer.dropped == 1


@everywhere
def test_costs_nobody_knows_are_unknown(server, provider):
    server.plan(Act(usage=False))
    answer = look(model(server, provider))
    assert (answer.input_tokens, answer.output_tokens, answer.cost_usd) == (None, None, None)
    assert look(model(server, provider, name="a-model-without-a-price")).cost_usd is None


@everywhere
@pytest.mark.parametrize(("picture", "words"), [(b"", VOCABULARY), (b"\x89PNG\r\n", VOCABULARY), (PICTURE, {}),
                                                (PICTURE, {"situation": []})])
def test_what_cannot_be_asked_is_not_sent(server, provider, picture, words):
    with pytest.raises(ValueError):
        model(server, provider).look(picture, words)
    assert server.asked == []


@everywhere
def test_neither_key_nor_picture_is_told(server, provider, caplog):
    caplog.set_level(logging.DEBUG)
    running = server
    running.key = "another"
    seeing = model(running, provider)
    error = failure(seeing)
    told = "".join(traceback.format_exception(error)) + error.message("ko") + repr(error) + repr(seeing)
    assert error.code == "model.key_refused" and error.values["setting"] == SERVICES[provider].setting
    assert error.__cause__ is None and error.__context__ is None
    assert KEY not in told and KEY not in caplog.text
    assert "xff" not in repr(chat_request())


def chat_request():
    from providers._vision import _request

    return _request(PICTURE, VOCABULARY)


def test_those_with_a_key_are_asked_in_order(server):
    both = {"GOOGLE_API_KEY": "g", "OPENAI_API_KEY": "o", "FRIENDLI_API_KEY": "f"}
    assert [(each.provider, each.model) for each in visions(both)] == list(VISION_MODELS.items()) == [
        ("openai", "gpt-4o-mini"), ("gemini", "gemini-3.1-flash-lite")]
    assert [each.provider for each in visions({"GOOGLE_API_KEY": "g", "OPENAI_API_KEY": " "})] == ["gemini"]
    assert visions({}) == visions({"FRIENDLI_API_KEY": "f"}) == ()
    found = visions(both, models={"openai": "other"}, base_urls={"openai": server.openai_url, "gemini": server.gemini_url})
    assert [each.model for each in found] == ["other", "gemini-3.1-flash-lite"]
    assert [len(look(each).tags) for each in found] == [3, 3]
    assert [asked.headers.get("authorization", asked.headers.get("x-goog-api-key")) for asked in server.asked] == ["Bearer o", "g"]


def test_settings_that_cannot_be_used():
    with pytest.raises(DataError) as caught:
        vision("friendli", key=KEY)
    assert caught.value.code == "model.provider" and "openai, gemini" in str(caught.value)
    with pytest.raises(MissingKey):
        vision("openai", key="")
    with pytest.raises(DataError):
        visions({"OPENAI_API_KEY": KEY}, models={"openai": " "})


def test_tags_come_in_the_order_of_the_vocabulary():
    entry = {"ground": "seen", "confidence": 0.5}
    tree = {"season": [{"tag": "여름", **entry}], "situation": [{"tag": "카페", **entry}, {"tag": "휴식", **entry}]}
    assert [tag.tag for tag in tags_of(tree, VOCABULARY)[0]] == ["카페", "휴식", "여름"]


def test_nothing_heavy_is_imported_before_the_first_look():
    code = ("import sys; from providers.registry import visions; visions({'GOOGLE_API_KEY': 'k', 'OPENAI_API_KEY': 'k'}); "
            "print({'openai', 'httpx2', 'tenacity', 'google.genai', 'requests', 'PIL', 'numpy'} & set(sys.modules))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert out.stdout.strip() == "set()"
