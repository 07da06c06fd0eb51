"""Models that paint: one contract for those of services, through their real SDKs against a real server.

The model on this machine has tests of its own (test_diffusion.py).
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
import traceback
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from providers import _breaker, _http, _images, _images_openai
from providers._calls import Limits, _Call
from providers._images import LARGEST_SEED, MOST_PROMPT, header, with_negative
from providers.base import Painting
from providers.prices import image_cost_usd
from providers.registry import PAINTER_MODELS, PAINTER_SETTINGS, SERVICES, painter, painters
from support import decoding
from support.errors import Cancelled, DataError, MissingKey, ProviderError, RateLimited

sys.path.insert(0, str(Path(__file__).parent))
from llm_server import Act, LLMServer, painted  # noqa: E402

KEY = "sk-test-SECRET-0123456789"
PROMPT, NEGATIVE = "photography, a pier at dawn, landscape, 8K UHD", "people, hands"
QUICK = {"backoff_s": 0.001, "longest_backoff_s": 0.01, "first_token_s": 20.0, "whole_s": 30.0}
SIZES = {"openai": (1536, 864), "gemini": (1376, 768)}
everywhere = pytest.mark.parametrize("provider", PAINTER_MODELS)


def file(kind, size=(48, 27), **options):
    out = BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def running():
    with LLMServer() as server:
        yield server


@pytest.fixture
def server(running, monkeypatch):
    """Return the server as if it had just started; no breaker and no memory of it is left from another test."""
    monkeypatch.setattr(_breaker, "_breakers", {})
    monkeypatch.setattr(_images_openai, "_refused", {})
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
    return painter(provider, key=key, model=name, base_url=url, limits=Limits(**{**QUICK, **limits}))


def paint(painting, **options) -> Painting:
    return painting.paint(PROMPT, NEGATIVE, **options)


def failure(painting, kind=ProviderError, **options):
    with pytest.raises(kind) as caught:
        paint(painting, **options)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


@everywhere
def test_a_prompt_becomes_a_picture(server, provider):
    painting = model(server, provider)
    result = paint(painting, seed=7)
    asked = server.asked[0].user
    assert result.image == painted(asked, SIZES[provider])
    assert (result.format, result.width, result.height) == ("JPEG", *SIZES[provider])
    assert (result.provider, result.model) == (painting.provider, painting.model) == (provider, PAINTER_MODELS[provider])
    assert result.seed == (7 if provider == "gemini" else None)
    inside = decoding.picture(result.image)
    assert (inside.original_width, inside.original_height) == SIZES[provider]


@everywhere
def test_what_is_asked_reaches_the_service(server, provider):
    paint(model(server, provider), seed=LARGEST_SEED)
    [asked] = server.asked
    assert asked.user == with_negative(PROMPT, NEGATIVE) and PROMPT in asked.user and "not contain any of these: people, hands." in asked.user
    if provider == "openai":
        assert {name: asked.body.get(name) for name in ("size", "quality", "output_format", "n", "stream", "partial_images", "seed")} == {
            "size": "1536x864", "quality": "medium", "output_format": "jpeg", "n": 1, "stream": True, "partial_images": 2, "seed": None}
    else:
        config = asked.body["generationConfig"]
        assert (config["responseModalities"], config["imageConfig"], config["seed"]) == (["IMAGE"], {"aspectRatio": "16:9"}, LARGEST_SEED)


@everywhere
def test_a_picture_is_not_asked_to_avoid_nothing(server, provider):
    model(server, provider).paint(PROMPT, " , ")
    assert server.asked[0].user == PROMPT


@pytest.mark.parametrize(("provider", "steps"), [("openai", [(0, 3), (1, 3), (2, 3), (3, 3)]), ("gemini", [(0, 0), (1, 1)])])
def test_progress_is_what_the_service_tells(server, provider, steps):
    told = []
    paint(model(server, provider), progress=lambda *step: told.append(step))
    assert told == steps


def test_fewer_half_done_pictures_than_asked_for_still_end_at_the_last_step(server):
    server.plan(Act(after=1))
    told = []
    paint(model(server, "openai"), progress=lambda *step: told.append(step))
    assert told == [(0, 3), (1, 3), (3, 3)]


@everywhere
@pytest.mark.parametrize(("kind", "name"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("WEBP", "WebP")])
def test_any_common_kind_is_taken(server, provider, kind, name):
    server.plan(Act(image=file(kind)))
    result = paint(model(server, provider))
    assert (result.format, result.width, result.height, result.image) == (name, 48, 27, file(kind))


@everywhere
@pytest.mark.parametrize("image", [b"\x89PNG\r\n\x1a\n", file("PNG")[:20], file("JPEG")[:12], file("GIF"), b"<svg></svg>", b"<html>", b"\xff\xd8\xff",
                                   b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20)], ids=range(8))
def test_what_is_no_picture_is_an_error(server, provider, image):
    server.plan(Act(image=image))
    error = failure(model(server, provider))
    assert error.code == "painter.not_image" and error.values["cost_usd"] > 0 and len(server.asked) == 1
    assert PAINTER_SETTINGS[provider] in str(error)


def test_what_is_no_base64_is_an_error(server):
    server.plan(Act("words"))
    assert failure(model(server, "openai")).code == "painter.not_image"


@everywhere
@pytest.mark.parametrize("kind", ["empty", "words"])
def test_an_answer_without_a_picture_is_an_error(server, provider, kind):
    server.plan(Act(kind))
    error = failure(model(server, provider))
    assert error.code == ("painter.not_image" if (provider, kind) == ("openai", "words") else "painter.nothing")
    assert error.values["cost_usd"] > 0


def test_a_picture_the_model_thought_of_is_not_its_answer(server):
    server.plan(Act("empty", thoughts="a sketch"), Act(thoughts="a sketch"))
    assert failure(model(server, "gemini")).code == "painter.nothing"
    assert paint(model(server, "gemini")).format == "JPEG"


@everywhere
@pytest.mark.parametrize("kind", ["filtered", "blocked", "declined"])
def test_a_prompt_or_picture_the_service_declines_is_said_so_at_once(server, provider, kind, waits):
    server.plan(Act(kind))
    assert failure(model(server, provider)).code == "painter.declined"
    assert len(server.asked) == 1 and waits == []


@pytest.mark.parametrize("code", ["moderation_blocked", "content_policy_violation"])
def test_a_prompt_declined_at_the_door(server, code):
    server.plan(Act("status", status=400, code=code))
    assert failure(model(server, "openai")).code == "painter.declined" and len(server.asked) == 1


@everywhere
def test_a_picture_that_is_too_large_is_not_taken(server, provider, monkeypatch):
    monkeypatch.setattr(_images, "MOST_BYTES", 3 << 20)
    server.plan(Act(image=file("PNG") + bytes(3 << 20)), Act(image=(file("PNG") + bytes(3 << 20))[:3 << 20]))
    error = failure(model(server, provider))
    assert (error.code, error.values["limit_mb"]) == ("painter.large", 3)
    assert len(paint(model(server, provider)).image) == 3 << 20


@everywhere
@pytest.mark.parametrize("streams", [True, False])
def test_an_answer_without_end_is_not_read_to_its_end(server, provider, streams, monkeypatch):
    monkeypatch.setattr(_http, "MOST_BYTES", 100_000)
    server.refuses = set() if streams else {"stream"}
    server.default = Act(image=file("PNG") + bytes(200_000))
    assert failure(model(server, provider)).code == "model.garbage"
    assert len(server.asked) == (2 if provider == "openai" and not streams else 1)


@everywhere
def test_a_large_picture_arrives_in_little_time(server, provider):
    image = file("PNG") + bytes(12 << 20)
    server.plan(Act(image=image, after=0))
    began = time.monotonic()
    assert paint(model(server, provider)).image == image
    assert time.monotonic() - began < 8


@everywhere
@pytest.mark.parametrize("act", [Act("status", status=429, headers={"Retry-After": "0"}), Act("status", status=500), Act("closed"),
                                 Act("cut", after=0), Act("error", after=0)], ids=lambda act: f"{act.kind}-{act.status}")
def test_a_passing_failure_is_tried_again(server, provider, act):
    server.plan(act, act)
    assert paint(model(server, provider)).width == SIZES[provider][0] and len(server.asked) == 3


def test_what_breaks_off_after_a_half_done_picture_is_not_paid_for_twice(server):
    server.plan(Act("cut", after=1))
    assert failure(model(server, "openai")).code == "model.cut" and len(server.asked) == 1


@everywhere
@pytest.mark.parametrize(("act", "code"), [
    (Act("status", status=500), "model.failing"), (Act("status", status=429, headers={"Retry-After": "99"}), "model.limited"),
    (Act("status", status=429, code="insufficient_quota"), "model.unpaid"),
    (Act("garbage", after=0), "model.garbage"), (Act("ended"), "model.cut"), (Act("mute"), "painter.slow"), (Act("stall"), "painter.slow"),
    (Act("status", status=403), "model.key_refused"), (Act("status", status=404), "painter.unknown"),
    (Act("status", status=413), "painter.refused"), (Act("status", status=302), "model.redirected"),
    (Act("status", status=400, code="billing_not_active"), "painter.refused")], ids=lambda each: each if isinstance(each, str) else "")
def test_what_a_service_does_comes_out_as_our_error(server, provider, act, code, waits):
    server.default = act
    error = failure(model(server, provider, **({"first_token_s": 0.2, "whole_s": 0.4} if code == "painter.slow" else {})))
    if code == "model.unpaid" and provider == "gemini":
        code = "model.limited_unsaid"  # its quotas are of a minute or a day, and it does not say which
    assert error.code == code and isinstance(error, RateLimited) == code.startswith("model.limited")
    if code.startswith("painter") and code != "painter.slow":
        assert error.values["setting"] == PAINTER_SETTINGS[provider] in str(error)


@everywhere
def test_a_service_that_keeps_failing_is_left_alone_but_not_its_chats(server, provider, waits):
    from providers._breaker import breaker_of

    server.default = Act("status", status=500)
    painting = model(server, provider, tries=1, failures=2, open_s=60.0)
    for _ in range(2):
        assert failure(painting).code == "model.failing"
    assert failure(model(server, provider)).code == "provider.circuit_open" and len(server.asked) == 2
    url = server.gemini_url if provider == "gemini" else server.openai_url
    assert breaker_of(provider, url).enter("chat", 60.0) is False


@everywhere
@pytest.mark.parametrize("act", [Act("mute"), Act("stall", after=1), Act("status", status=429, headers={"Retry-After": "20"})],
                         ids=lambda act: act.kind)
def test_a_stop_is_heard(server, provider, act):
    server.default = act
    until = time.monotonic() + 0.5
    began = time.monotonic()
    failure(model(server, provider), Cancelled, stopped=lambda: time.monotonic() > until)
    assert time.monotonic() - began < 3


@everywhere
def test_what_it_costs(server, provider):
    thoughts = "x" * 400
    server.plan(Act(thoughts=thoughts), Act(usage=False))
    result, asked = paint(model(server, provider)), server.asked[0].user
    tokens = len(asked) // 4
    known = 5 * tokens + 30 * 600 if provider == "openai" else 1.5 * tokens + 30 * 1120 + 7.5 * 100
    assert result.cost_usd == pytest.approx(known / 1e6)
    if provider == "gemini":
        assert paint(model(server, provider)).cost_usd is None
    assert paint(model(server, provider, name="a-model-without-a-price")).cost_usd is None


def test_prices_of_pictures():
    assert image_cost_usd("openai", "gpt-image-2.5-flare", 100, 600) == pytest.approx(0.0185)
    assert image_cost_usd("openai", "gpt-image-2.5-flare", 100, 600, 5) is None  # no price of words is known
    assert image_cost_usd("openai", "gpt-image-2.5-flare", None, 600) is None
    assert image_cost_usd("gemini", "gemini-nano-banana-2.1", 0, 0, 1_000_000) == 7.5


@pytest.mark.parametrize(("refuses", "sent"), [
    ({"size"}, {"size": "1536x1024", "stream": True}), ({"stream"}, {"stream": None, "partial_images": None, "size": "1536x864"}),
    ({"partial_images"}, {"partial_images": None, "stream": True}), ({"output_format"}, {"output_format": None, "output_compression": None}),
    ({"size", "stream", "quality", "moderation", "output_compression"}, {"size": "1536x1024", "stream": None, "quality": None, "moderation": None})])
def test_what_a_model_does_not_take_is_left_out_and_remembered(server, refuses, sent):
    server.refuses = refuses
    first = paint(model(server, "openai"))
    assert (first.width, first.height) == ((1536, 1024) if "size" in refuses else (1536, 864))
    tries = len(server.asked)
    assert tries == 1 + len(refuses)
    paint(model(server, "openai"))
    assert len(server.asked) == tries + 1
    assert {name: server.asked[-1].body.get(name) for name in sent} == sent


def test_without_a_stream_what_the_service_made_of_the_prompt_is_told(server):
    server.refuses = {"stream"}
    assert paint(model(server, "openai")).revised_prompt == "revised"
    server.plan(Act("empty"))
    assert failure(model(server, "openai")).code == "painter.nothing"


def test_a_size_that_no_form_mends_is_an_error(server):
    server.default = Act("status", status=400, code="invalid_value")
    assert failure(model(server, "openai")).code == "painter.refused" and len(server.asked) == 1


@everywhere
@pytest.mark.parametrize(("prompt", "seed", "kind"), [(" \n", None, DataError), ("x" * (MOST_PROMPT + 1), None, DataError),
                                                      (PROMPT, -1, ValueError), (PROMPT, LARGEST_SEED + 1, ValueError)])
def test_what_cannot_be_asked_is_not_sent(server, provider, prompt, seed, kind):
    with pytest.raises(kind):
        model(server, provider).paint(prompt, "", seed=seed)
    assert server.asked == []


@everywhere
def test_neither_key_nor_picture_is_told(server, provider, caplog):
    caplog.set_level(logging.DEBUG)
    server.key = "another"
    painting = model(server, provider)
    error = failure(painting)
    told = "".join(traceback.format_exception(error)) + error.message("ko") + repr(error) + repr(painting)
    assert error.code == "model.key_refused" and error.values["setting"] == SERVICES[provider].setting
    assert error.__cause__ is None and error.__context__ is None
    assert KEY not in told and KEY not in caplog.text
    assert "teal" not in repr(Painting(b"teal", "PNG", 1, 1, None, provider, "m", None))


@pytest.mark.parametrize("options", [{"kind": "WEBP", "lossless": True}, {"kind": "WEBP", "exif": b"Exif\0\0" + bytes(8)},
                                     {"kind": "JPEG", "progressive": True, "comment": b"x" * 60_000}, {"kind": "WEBP", "quality": 50}], ids=str)
def test_headers_are_read_as_pillow_reads_them(options):
    for size in ((1, 1), (1376, 768), (4096, 3)):
        image = file(options["kind"], size, **{name: value for name, value in options.items() if name != "kind"})
        assert header(image)[1:] == size
        assert all(header(image[:cut]) is None or header(image[:cut])[1:] == size for cut in range(0, len(image), 7))


def test_those_that_can_paint_are_asked_in_order(server, tmp_path):
    both = {"GOOGLE_API_KEY": "g", "OPENAI_API_KEY": "o", "FRIENDLI_API_KEY": "f"}
    assert [(each.provider, each.model) for each in painters(both)] == list(PAINTER_MODELS.items()) == [
        ("openai", "gpt-image-2.5-flare"), ("gemini", "gemini-nano-banana-2.1")]
    found = painters(both, models={"openai": "other"}, base_urls={"openai": server.openai_url, "gemini": server.gemini_url},
                     diffusion_model=tmp_path / "sd-turbo")
    assert [(each.provider, each.model) for each in found] == [
        ("diffusion", "sd-turbo"), ("openai", "other"), ("gemini", "gemini-nano-banana-2.1")]
    assert [paint(each).format for each in found[1:]] == ["JPEG", "JPEG"]
    assert [asked.headers.get("authorization", asked.headers.get("x-goog-api-key")) for asked in server.asked] == ["Bearer o", "g"]
    assert painters({}) == painters({"FRIENDLI_API_KEY": "f", "OPENAI_API_KEY": " "}, diffusion_model="") == ()


def test_settings_that_cannot_be_used():
    with pytest.raises(DataError) as caught:
        painter("friendli", key=KEY)
    assert caught.value.code == "model.provider" and "openai, gemini" in str(caught.value)
    with pytest.raises(MissingKey):
        painter("openai", key="")
    with pytest.raises(DataError):
        painters({"OPENAI_API_KEY": KEY}, models={"openai": " "})
    with pytest.raises(DataError):
        painter("gemini", key="ключ")


def test_nothing_heavy_is_imported_before_the_first_picture():
    code = ("import sys; from providers.registry import painters; painters({'GOOGLE_API_KEY': 'k', 'OPENAI_API_KEY': 'k'}, diffusion_model='x'); "
            "print({'openai', 'httpx2', 'tenacity', 'google.genai', 'requests', 'PIL', 'numpy', 'torch', 'diffusers'} & set(sys.modules))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert out.stdout.strip() == "set()"
