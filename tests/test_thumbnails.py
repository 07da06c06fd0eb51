"""Thumbnails as a use case: four by code, one by a model behind a real protocol; whose they are, who may see them."""

from __future__ import annotations

import io
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image, ImageChops, ImageStat

import artwork
import config
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from moods.prompts import Prompt
from providers import _breaker, _images_openai
from providers.base import Painting
from support.errors import Cancelled, DataError, NotAllowed, NotFound, ProviderError
from usecases import thumbnails

sys.path.insert(0, str(Path(__file__).parent / "providers"))
from llm_server import Act, LLMServer  # noqa: E402

TITLE, TAGS = "비 오는 날 창가에서", {"비오는날": 1.0, "잔잔한": 0.6}
PROMPT = Prompt(subject="a window in the rain")


@pytest.fixture
def people(clean, query):
    query("INSERT INTO users (id, nickname, role) VALUES (7, 'mina', 'analyst'), (8, 'juno', 'analyst'), (9, 'vik', 'viewer')")
    return SimpleNamespace(mina=Actor(7, "analyst", "mina"), juno=Actor(8, "analyst", "juno"), vik=Actor(9, "viewer", "vik"))


def ended(actor, job):
    pause = threading.Event()
    for _ in range(3_000):
        found = services.get_job(actor, job.id)
        if not found.active:
            return found
        pause.wait(0.01)
    raise AssertionError("the job does not end")


def put(query, owner, title="목록", token=None):
    return query("INSERT INTO playlists (owner_id, source, title, token) VALUES (:owner, 'made', :title, :token) RETURNING id",
                 owner=owner, title=title, token=token)[0][0]


def plain(actor, query, playlist=None):
    """Store a small picture as a thumbnail, without painting."""
    return query("""INSERT INTO playlist_pictures (owner_id, playlist_id, title, seed, painter, plan, kind, picture)
                    VALUES (:owner, :playlist, 't', 0, 'artwork', '{"plan": {}, "facts": {}}', 'jpeg', '\\x00') RETURNING id""",
                 owner=actor.id, playlist=playlist)[0][0]


# --- by code ------------------------------------------------------------------------------------------------------


def test_four_different_pictures_come_out_under_two_megabytes(people):
    job = ended(people.mina, services.submit_thumbnails(people.mina, f"  {TITLE} ", tags=TAGS, seed=5))
    assert job.state == "done" and (job.done, job.total) == (4, 4), job
    found = services.get_thumbnails(people.mina, job.result["pictures"])
    assert len(found) == 4 and {each.painter for each in found} == {services.BY_CODE} and {each.title for each in found} == {TITLE}
    images = []
    for each in found:
        data = services.thumbnail_bytes(people.mina, each.id)
        image = Image.open(io.BytesIO(data), formats=["JPEG"])
        assert image.size == (1280, 720) and len(data) == each.facts["bytes"] < artwork.MOST_BYTES and each.kind == "jpeg"
        assert each.facts["contrast"] >= 4.5 and each.facts["left_out"] == []
        images.append(image.convert("RGB").resize((64, 36)))
    apart = [sum(ImageStat.Stat(ImageChops.difference(a, b)).mean) / 3 for at, a in enumerate(images) for b in images[:at]]
    assert min(apart) > 5  # of 255, mean over all pixels
    assert len({(each.plan["scene"], each.plan["palette"], each.plan["style"], each.plan["layout"]) for each in found}) == 4


@pytest.mark.parametrize(("change", "error", "code"), [
    ({"title": "  "}, DataError, "playlist.title"), ({"title": "가" * 81}, DataError, "playlist.title"),
    ({"kind": "GIF"}, DataError, "playlist.kind"), ({"playlist_id": 987654}, NotFound, "playlist.gone"),
    ({"song_id": 987654}, NotFound, "playlist.song_gone")])
def test_what_cannot_be_painted_is_refused_at_once(people, query, change, error, code):
    with pytest.raises(error) as caught:
        services.submit_thumbnails(people.mina, **({"title": TITLE} | change))
    assert caught.value.code == code and query("SELECT count(*) FROM jobs") == [(0,)]


def test_viewers_paint_nothing_and_nobody_paints_for_anothers_playlist(people, query, monkeypatch):
    with pytest.raises(NotAllowed):
        services.submit_thumbnails(people.vik, TITLE)
    theirs = put(query, 8)
    monkeypatch.setattr(thumbnails, "_painters", lambda: (Fake(),))
    for act in (lambda: services.submit_thumbnails(people.mina, TITLE, playlist_id=theirs),
                lambda: services.submit_painting(people.mina, TITLE, 0, PROMPT, playlist_id=theirs)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotAllowed):
        services.submit_painting(people.vik, TITLE, 0, PROMPT)


def test_a_job_that_is_stopped_keeps_what_was_painted(people, query, monkeypatch):
    real, started = artwork.thumbnail, threading.Event()
    go = threading.Event()

    def slow(*values, **options):
        started.set()
        go.wait(10)
        return real(*values, **options)

    monkeypatch.setattr(artwork, "thumbnail", slow)
    job = services.submit_thumbnails(people.mina, TITLE, tags=TAGS)
    assert started.wait(10)
    services.cancel_job(people.mina, job.id)
    go.set()
    assert ended(people.mina, job).state == "cancelled" and query("SELECT count(*) FROM playlist_pictures") == [(1,)]


# --- whose they are -----------------------------------------------------------------------------------------------


def test_pictures_are_their_owners_alone(people, query):
    picture = plain(people.mina, query)
    assert services.thumbnail_bytes(people.mina, picture) == b"\0"
    assert [each.id for each in services.get_thumbnails(people.mina, [picture, 99])] == [picture]
    assert services.get_thumbnails(people.juno, [picture]) == []
    for act in (services.thumbnail_bytes, services.delete_thumbnail):
        for other in (people.juno, people.vik, ADMIN):
            with pytest.raises(NotFound):
                act(other, picture)
    services.delete_thumbnail(people.mina, picture)
    assert query("SELECT count(*) FROM playlist_pictures") == [(0,)]
    assert query("SELECT actor_id, object FROM audit_log WHERE action = 'delete'") == [(7, f"thumbnail {picture}")]


def test_pictures_are_kept_with_ones_own_playlist(people, query):
    first, second, theirs = plain(people.mina, query), plain(people.mina, query), plain(people.juno, query)
    own, other = put(query, 7), put(query, 8)
    services.keep_thumbnails(people.mina, [first, second, theirs], own)
    assert [each.id for each in services.list_thumbnails(people.mina, own)] == [second, first]
    assert services.list_thumbnails(people.juno, own) == []
    assert query("SELECT playlist_id FROM playlist_pictures WHERE id = :id", id=theirs) == [(None,)]
    for playlist in (other, 99):
        with pytest.raises(NotFound):
            services.keep_thumbnails(people.mina, [first], playlist)
    services.delete_playlist(people.mina, own)
    assert query("SELECT id FROM playlist_pictures") == [(theirs,)]


def test_a_playlists_link_shows_its_pictures_and_no_others(people, query):
    own = put(query, 7, token="secret")
    shown, loose = plain(people.mina, query, own), plain(people.mina, query)
    assert services.thumbnail_bytes(people.juno, shown, "secret") == b"\0"
    for picture, token in ((shown, "other"), (shown, None), (shown, ""), (loose, "secret"), (loose, None)):
        with pytest.raises(NotFound):
            services.thumbnail_bytes(people.juno, picture, token)
    services.link_playlist(people.mina, own, on=False)
    with pytest.raises(NotFound):
        services.thumbnail_bytes(people.juno, shown, "secret")


def test_a_card_needs_ones_own_picture(people, query):
    data = io.BytesIO()
    Image.new("RGB", (320, 180), "teal").save(data, "JPEG")
    picture = plain(people.mina, query)
    query("UPDATE playlist_pictures SET picture = :data", data=data.getvalue())
    made = services.playlist_card(people.mina, TITLE, ["비오는날"], [("노래", "가수", "비오는날")], picture, "ko")
    assert Image.open(io.BytesIO(made), formats=["PNG"]).height > 400
    with pytest.raises(NotFound):
        services.playlist_card(people.juno, TITLE, [], [], picture, "ko")


# --- by a model ---------------------------------------------------------------------------------------------------


class Fake:
    """A painter of this test: a square with a circle, or a fault; waits until it is stopped if told to."""

    provider, model = "openai", "made-up"

    def __init__(self, error=None, waits=False, cost=0.04):
        self.error, self.waits, self.cost, self.asked = error, waits, cost, []

    def paint(self, prompt, negative, *, seed=None, progress=lambda done, total: None, stopped=lambda: False):
        self.asked.append((prompt, negative, seed))
        progress(0, 10)
        if self.error:
            raise self.error
        pause = threading.Event()
        while self.waits:
            if stopped():
                raise Cancelled("cancelled")
            pause.wait(0.01)
        image = Image.new("RGB", (800, 800), "white")
        image.paste("red", (200, 200, 600, 600))
        out = io.BytesIO()
        image.save(out, "PNG")
        return Painting(out.getvalue(), "PNG", 800, 800, seed, self.provider, self.model, self.cost)


@pytest.fixture
def fake(people, monkeypatch):
    made = Fake()
    monkeypatch.setattr(thumbnails, "_painters", lambda: (made,))
    return made


def today(query):
    return query("SELECT provider, model, cost_usd::float FROM provider_usage WHERE day = :day", day=datetime.now(UTC).date())


def test_a_models_picture_is_cropped_and_never_stretched(people, fake, query):
    job = ended(people.mina, services.submit_painting(people.mina, "A", 0, PROMPT, seed=11, tags=TAGS))
    assert job.state == "done", job
    found = services.get_thumbnails(people.mina, job.result["pictures"])[0]
    image = Image.open(io.BytesIO(services.thumbnail_bytes(people.mina, found.id))).convert("RGB")
    assert image.size == (1280, 720) and found.painter == "openai:made-up" and found.seed == 11
    # the square of half the width stays a square: 640 pixels wide, and taller than that is cut to 640 of 720
    red = [image.getpixel((x, 60))[1] < 128 for x in range(1280)]
    column = [image.getpixel((335, y))[1] < 128 for y in range(720)]
    assert abs(sum(red) - 640) <= 12 and abs(sum(column) - 640) <= 12
    assert fake.asked == [(PROMPT.text, PROMPT.negative, 11)]
    assert found.facts["prompt"] == PROMPT.text and found.facts["cost_usd"] == 0.04
    assert (found.facts["painted_width"], found.facts["painted_height"]) == (800, 800)
    assert today(query) == [("openai", "made-up", 0.04)]


def test_a_painting_is_stopped(people, fake, query):
    fake.waits = True
    job = services.submit_painting(people.mina, TITLE, 0, PROMPT)
    pause = threading.Event()
    while not fake.asked:
        pause.wait(0.01)
    services.cancel_job(people.mina, job.id)
    assert ended(people.mina, job).state == "cancelled" and query("SELECT count(*) FROM playlist_pictures") == [(0,)]


def test_a_failed_painting_says_so_and_what_it_cost_counts(people, fake, query):
    fake.error = ProviderError("provider.cut", cost_usd=0.02)
    job = ended(people.mina, services.submit_painting(people.mina, TITLE, 0, PROMPT))
    assert job.state == "failed" and job.error_code == "provider.cut"
    assert today(query) == [("openai", "made-up", 0.02)] and query("SELECT count(*) FROM playlist_pictures") == [(0,)]


def test_a_used_up_budget_stops_a_painting_before_it_is_asked(people, fake, monkeypatch):
    monkeypatch.setenv("MIS_BUDGET_USD", "0.03")
    config.reload()
    ended(people.mina, services.submit_painting(people.mina, TITLE, 0, PROMPT))
    job = ended(people.mina, services.submit_painting(people.mina, TITLE, 0, PROMPT))
    assert job.state == "failed" and job.error_code == "budget.money" and len(fake.asked) == 1


@pytest.mark.parametrize("place", [-1, 1])
def test_a_painter_that_is_not_there_is_refused(people, fake, place):
    with pytest.raises(DataError) as caught:
        services.submit_painting(people.mina, TITLE, place, PROMPT)
    assert caught.value.code == "playlist.painter"


def test_without_key_or_folder_there_is_no_painter(people):
    assert services.list_painters(people.mina) == []


@pytest.fixture(scope="module")
def running():
    with LLMServer() as server:
        yield server


@pytest.fixture
def server(running, people, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_breaker, "_breakers", {})
    monkeypatch.setattr(_images_openai, "_refused", {})
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
    running.reset()
    config.reload()
    return running


def test_a_service_paints_over_its_real_protocol(server, people, query):
    painter = services.list_painters(people.mina)[0]
    assert painter.provider == "openai"
    job = ended(people.mina, services.submit_painting(people.mina, TITLE, painter.place, PROMPT))
    assert job.state == "done", job
    found = services.get_thumbnails(people.mina, job.result["pictures"])[0]
    assert found.painter == f"openai:{painter.model}" and found.facts["cost_usd"] > 0 and found.facts["contrast"] >= 4.5
    assert PROMPT.subject in server.asked[0].body["prompt"] and TITLE not in server.asked[0].body["prompt"]
    assert today(query)[0][2] == pytest.approx(found.facts["cost_usd"])


def test_a_korean_title_is_translated_and_the_use_counted(server, people, query):
    server.plan(Act(text="Rainy day by the window"))
    prompt, why = services.painting_prompt(people.mina, TITLE, TAGS)
    assert (prompt.subject, why) == ("Rainy day by the window", None)
    assert query("SELECT provider, input_tokens > 0 FROM provider_usage") == [("openai", True)]


@pytest.mark.parametrize(("act", "code"), [(Act(text="죄송합니다, 번역할 수 없습니다."), "painter.translation"),
                                           (Act("status", status=401, code="invalid_api_key"), None)])
def test_a_failed_translation_falls_back_to_mood_words_and_says_why(server, people, act, code):
    server.plan(act)
    prompt, why = services.painting_prompt(people.mina, TITLE, TAGS)
    assert "rain" in prompt.subject.lower() and why == (code or why) and why is not None


def test_without_a_key_mood_words_stand_for_the_title_and_english_needs_none(people):
    prompt, why = services.painting_prompt(people.mina, TITLE, TAGS)
    assert why == "painter.no_translator" and "rain" in prompt.subject.lower() and prompt.subject.isascii()
    assert services.painting_prompt(people.mina, "Rain at night")[1] is None
