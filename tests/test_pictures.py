"""Pictures as a use case: an upload becomes tags, tags become songs; whose they are, who may see them, what is kept."""

from __future__ import annotations

import io
import json
import random
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image, ImageDraw

import config
import image_tags
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from providers import _breaker, gemini
from providers import openai as chat_completions
from recommender import CATEGORIES, vocabulary
from seeing import moderation
from support.errors import AppError, DataError, NotAllowed, NotFound
from usecases import jobs, picture_store
from usecases.catalogue_import import import_catalogue

sys.path.insert(0, str(Path(__file__).parent / "providers"))
from llm_server import Act, LLMServer  # noqa: E402

GENRES = ("발라드", "댄스", "재즈")
SAID = {"situation": [{"tag": "해변", "ground": "seen", "confidence": 0.9}, {"tag": "우주선", "ground": "seen", "confidence": 0.8}],
        "emotion": [{"tag": "행복", "ground": "inferred", "confidence": 0.6}], "season": [{"tag": "여름", "ground": "seen", "confidence": 0.7}]}


def painted(colour="navy", kind="PNG", size=(120, 90)):
    """Return a small picture: a sun over a field of one colour."""
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).ellipse((20, 10, 60, 50), fill="gold")
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


@pytest.fixture
def quick(clean, monkeypatch):
    """Put a tagger in place of the models: it sees a beach, and infers joy; every picture is harmless."""
    looked = []

    def suggest(image):
        looked.append(image.size)
        tags = (image_tags.PictureTag("해변", "situation", 0.8, "seen", "scene.sea"),
                image_tags.PictureTag("행복", "emotion", 0.5, "inferred", "scene.sea"),
                image_tags.PictureTag("여름", "season", 0.4, "inferred", "scene.sea"))
        return image_tags.PictureTags(tags, (SimpleNamespace(name="sea", confidence=0.8),), {"blue": 0.5})

    monkeypatch.setattr(image_tags, "suggest", suggest)
    monkeypatch.setattr(moderation, "refuse_adult", lambda image: 0.01)
    return looked


@pytest.fixture
def people(quick, query):
    """Add two users beside the administrator."""
    query("INSERT INTO users (id, nickname, role) VALUES (7, 'mina', 'analyst'), (8, 'juno', 'analyst'), (9, 'vik', 'viewer')")
    return SimpleNamespace(mina=Actor(7, "analyst", "mina"), juno=Actor(8, "analyst", "juno"), vik=Actor(9, "viewer", "vik"))


@pytest.fixture
def songs(quick, tmp_path):
    """Import ninety songs of three genres with random tags."""
    rng, kinds = random.Random(5), vocabulary().categories
    lines = ["title,artist,genre,year,language," + ",".join(CATEGORIES)]
    for number in range(90):
        tags = ["|".join(rng.sample(kinds[category], 2)) for category in CATEGORIES]
        lines.append(f"Song {number},Artist {number},{GENRES[number % 3]},{1990 + number % 30},{('ko', 'en')[number % 2]},{','.join(tags)}")
    path = tmp_path / "songs.csv"
    path.write_text("\n".join(lines), "utf-8")
    assert import_catalogue(ADMIN, path).added == 90


def ended(actor, job):
    """Wait for a job and return it."""
    pause = threading.Event()
    for _ in range(2_000):
        found = services.get_job(actor, job.id)
        if not found.active:
            return found
        pause.wait(0.01)
    raise AssertionError("the job did not end")


def taken(actor, data=None, **options):
    """Upload a picture and return its view, and whether it was known."""
    job = ended(actor, services.submit_picture(actor, data or painted(), **options))
    assert job.state == "done", (job.error_code, job.error_values)
    return services.get_picture(actor, job.result["image"]), job.result["known"]


# --- from an upload to tags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
def test_a_picture_becomes_tags_and_a_small_jpeg(quick, kind):
    view, known = taken(ADMIN, painted(kind=kind))
    assert not known and view.own and view.format == {"WEBP": "WebP"}.get(kind, kind)
    assert [(tag.tag, tag.ground, tag.confidence, tag.weight) for tag in view.tags] == [
        ("해변", "seen", pytest.approx(0.8), pytest.approx(0.8)), ("행복", "inferred", 0.5, 0.5), ("여름", "inferred", pytest.approx(0.4), pytest.approx(0.4))]
    assert view.hashtags == ("해변", "행복", "여름") and view.tagger == image_tags.TAGGER
    assert view.notes["scenes"] == [{"name": "sea", "confidence": 0.8}] and "fallback" not in view.notes
    jpeg = services.picture_jpeg(ADMIN, view)
    assert Image.open(io.BytesIO(jpeg)).size == (view.width, view.height) == (120, 90)
    assert (view.shared_at, view.token, view.removed_at) == (None, None, None)  # private at first


def test_the_models_that_ship_tag_a_picture(clean):
    cover = config.ROOT / "catalogue" / "demo" / "cover.jpg"
    view, _ = taken(ADMIN, cover.read_bytes())
    assert len(view.tags) >= 3 and {tag.ground for tag in view.tags} <= {"seen", "inferred"}
    assert all(tag.tag in vocabulary() and 0 < tag.confidence <= 1 for tag in view.tags)


def test_the_same_file_is_recognised(people, quick):
    first, known = taken(people.mina)
    again, known_again = taken(people.mina)
    assert (known, known_again) == (False, True) and again.id == first.id and len(quick) == 1
    other, seen = taken(people.juno)  # another user's own picture, with the tags it had
    assert other.id != first.id and seen and [tag.tag for tag in other.tags] == [tag.tag for tag in first.tags] and len(quick) == 1


def test_what_an_owner_chose_is_not_handed_to_another(people):
    view, _ = taken(people.mina)
    services.weigh_tags(people.mina, view.id, {"밤": 1.0, "해변": -0.5})
    other, _ = taken(people.juno)
    assert {tag.tag: tag.weight for tag in other.tags} == {"해변": pytest.approx(0.8), "행복": 0.5, "여름": pytest.approx(0.4)}


def test_a_file_that_is_no_picture_is_refused_and_nothing_is_kept(people, query):
    job = ended(people.mina, services.submit_picture(people.mina, b"A - B:\nla la\n"))
    assert (job.state, job.error_code) == ("failed", "picture.kind")
    assert query("SELECT count(*) FROM images") == [(0,)]


def test_an_adult_picture_is_refused_and_nothing_is_kept(clean, monkeypatch, query):
    real, scores = moderation.refuse_adult, [0.93]
    monkeypatch.setattr(moderation, "refuse_adult", lambda image: real(image, score=lambda _: scores[0]))
    monkeypatch.setattr(image_tags, "suggest", lambda image: pytest.fail("a refused picture was looked at"))
    job = ended(ADMIN, services.submit_picture(ADMIN, painted()))
    assert (job.state, job.error_code, job.error_values["score"]) == ("failed", "moderation.adult", "0.93")
    assert query("SELECT count(*) FROM images") == query("SELECT count(*) FROM image_tags") == [(0,)]
    assert AppError(job.error_code, **job.error_values).message("ko") != AppError(job.error_code, **job.error_values).message("en")


def test_a_viewer_looks_on(people):
    with pytest.raises(NotAllowed):
        services.submit_picture(people.vik, painted())


def test_ten_users_at_once_get_each_their_own(quick, query):
    for number in range(10, 20):
        query(f"INSERT INTO users (id, nickname, role) VALUES ({number}, 'u{number}', 'analyst')")
    actors = [Actor(number, "analyst", f"u{number}") for number in range(10, 20)]
    sent = {actor: services.submit_picture(actor, painted((actor.id * 10, 90, 90))) for actor in actors}
    ends = {actor: ended(actor, job) for actor, job in sent.items()}
    assert {job.state for job in ends.values()} == {"done"} and len({job.result["image"] for job in ends.values()}) == 10
    for actor, job in ends.items():
        colour = Image.open(io.BytesIO(services.picture_jpeg(actor, services.get_picture(actor, job.result["image"])))).getpixel((110, 80))
        assert abs(colour[0] - actor.id * 10) < 12
        assert [view.id for view in services.list_pictures(actor)] == [job.result["image"]]
        for other in actors:
            if other is not actor:
                assert services.get_job(other, job.id) is None
                with pytest.raises(NotFound):
                    services.get_picture(other, job.result["image"])


def test_who_waits_knows_how_many_are_before(people, monkeypatch):
    go = threading.Event()
    held = image_tags.suggest
    monkeypatch.setattr(image_tags, "suggest", lambda image: (go.wait(20), held(image))[1])
    sent = [services.submit_picture(people.mina, painted((number, 0, 0))) for number in range(4)]
    mine = services.submit_picture(people.juno, painted("red"))
    try:
        assert services.jobs_ahead(people.juno, mine.id) >= 2
        assert services.jobs_ahead(people.mina, mine.id) == 0  # of another's job nothing is told
        services.cancel_job(people.juno, mine.id)
    finally:
        go.set()
    assert {ended(people.mina, job).state for job in sent} == {"done"}
    assert ended(people.juno, mine).state == "cancelled" and services.list_pictures(people.juno) == []


# --- models that see ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running():
    with LLMServer(reply=lambda _: json.dumps(SAID, ensure_ascii=False)) as server:
        yield server


@pytest.fixture
def model(running, quick, monkeypatch):
    """Set a key, so that a model of the tests' own server looks at pictures."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_breaker, "_breakers", {})
    monkeypatch.setattr(chat_completions, "_refused", {})
    monkeypatch.setattr(gemini, "_no_schema", set())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
    config.reload()
    running.reset()
    return running


def test_a_model_looks_where_there_is_a_key(model, quick, query):
    name = services.taggers(ADMIN)[0]
    assert name.startswith("openai:") and services.taggers(ADMIN)[-1] == image_tags.TAGGER
    view, _ = taken(ADMIN)
    assert view.tagger == name and not quick and view.notes == {"dropped": 1}  # the spaceship is no tag of ours
    assert [(tag.tag, tag.ground) for tag in view.tags] == [("해변", "seen"), ("여름", "seen"), ("행복", "inferred")]
    assert query("SELECT count(*) FROM provider_usage WHERE input_tokens > 0") == [(1,)]
    assert len(model.asked) == 1 and model.asked[0].picture == services.picture_jpeg(ADMIN, view)


@pytest.mark.parametrize(("act", "code"), [
    (Act("status", status=401), "model.key_refused"), (Act("status", status=400), None), (Act("garbage"), None),
    (Act(text=json.dumps({"emotion": [{"tag": "nonsense", "ground": "seen", "confidence": 1}]})), "vision.nothing"),
    (Act(text="I see a beach."), "vision.malformed"), (Act("declined"), "vision.declined")], ids=["401", "400", "garbage", "no tags", "prose", "declined"])
def test_a_model_that_fails_is_said_and_the_local_tagger_looks(model, quick, act, code):
    model.plan(*[act] * 8)
    view, _ = taken(ADMIN)
    assert view.tagger == image_tags.TAGGER and len(quick) == 1 and view.hashtags == ("해변", "행복", "여름")
    fallback = view.notes["fallback"]
    assert code in (None, fallback["code"])
    told = AppError(fallback["code"], **fallback["values"])
    assert told.message("ko") != told.message("en") and "sk-test" not in str(fallback)


def test_beyond_the_days_budget_the_local_tagger_looks(model, quick, monkeypatch):
    monkeypatch.setenv("MIS_BUDGET_TOKENS", "0")
    config.reload()
    view, _ = taken(ADMIN)
    assert view.tagger == image_tags.TAGGER and view.notes["fallback"]["code"] == "budget.tokens" and not model.asked


def test_a_file_seen_by_the_local_tagger_is_looked_at_by_the_model_later(model, quick, people):
    model.plan(*[Act("status", status=400)] * 8)
    taken(people.mina)
    model.reset()
    view, known = taken(people.juno)
    assert view.tagger.startswith("openai:") and not known


# --- tags and songs -----------------------------------------------------------------------------------------------


def test_songs_are_found_stored_and_drawn_again(people, songs):
    view, _ = taken(people.mina)
    found = services.picture_songs(people.mina, view.id, genres=["발라드", "재즈"], count=8)
    assert len(found.songs) == 8 and {song.genre for song in found.songs} == {"발라드", "재즈"}
    assert [song.best for song in found.songs[:3]] == [True, True, False] and len({song.artist for song in found.songs}) == 8
    assert all(0 <= song.similarity <= 1 for song in found.songs)
    assert any(song.why.shared or song.why.near for song in found.songs)
    stored = services.get_picture(people.mina, view.id).search
    assert [(song.title, song.why) for song in stored.songs] == [(song.title, song.why) for song in found.songs]
    assert services.picture_songs(people.mina, view.id, genres=["발라드", "재즈"], count=8).songs == found.songs
    again = services.picture_songs(people.mina, view.id, genres=["발라드", "재즈"], count=8, seed=1)
    assert [song.title for song in again.songs] != [song.title for song in found.songs]
    assert services.get_picture(people.mina, view.id).search.seed == 1


def test_tags_and_words_steer_the_search(people, songs):
    view, _ = taken(people.mina)
    before = services.picture_songs(people.mina, view.id, genres=["발라드"], count=5)
    changed = services.weigh_tags(people.mina, view.id, {"해변": 0, "행복": 0, "여름": 0, "겨울": 1, "외로움": 0.8}, words="눈 오는 밤")
    assert changed.hashtags == ("겨울", "외로움") and changed.words == "눈 오는 밤"
    assert {tag.tag: (tag.ground, tag.confidence) for tag in changed.tags}["겨울"] == ("chosen", None)
    after = services.picture_songs(people.mina, view.id, genres=["발라드"], count=5)
    assert {song.title for song in after.songs} != {song.title for song in before.songs} and "눈오는날" in after.weights
    assert services.weigh_tags(people.mina, view.id, {"밤": -1}).words == "눈 오는 밤"  # words stay unless they are given
    assert services.weigh_tags(people.mina, view.id, {}, words="").words == ""


def test_filters_are_kept_with_the_search(people, songs):
    view, _ = taken(people.mina)
    found = services.picture_songs(people.mina, view.id, genres=["댄스"], count=5, languages=["en"], years=(2000, 2010))
    assert (found.languages, found.years) == (("en",), (2000, 2010))
    assert services.get_picture(people.mina, view.id).search == found
    assert found.short == (len(found.songs) < 5)


def test_a_search_of_everything_can_be_kept(people, songs):
    """Every tag weighted and the longest words there may be, of text that does not compress."""
    rng = random.Random(1)
    view, _ = taken(people.mina)
    words = "".join(chr(rng.randint(0xAC00, 0xD7A3)) for _ in range(300))
    services.weigh_tags(people.mina, view.id, {name: round(rng.uniform(-1, 1), 2) for name in vocabulary().names}, words=words)
    left_out = rng.sample(range(1_000_000), 500)
    found = services.picture_songs(people.mina, view.id, genres=["댄스"], count=30, left_out=left_out)
    assert services.get_picture(people.mina, view.id).search.songs == found.songs


@pytest.mark.parametrize(("weights", "words"), [({"우주선": 1}, None), ({"밤": 1.5}, None), ({}, "x" * 301)])
def test_what_is_no_tag_no_weight_or_too_long_is_refused(people, weights, words):
    view, _ = taken(people.mina)
    with pytest.raises(DataError):
        services.weigh_tags(people.mina, view.id, weights, words)
    assert services.get_picture(people.mina, view.id) == view


def test_nothing_to_look_for_says_so(people, songs):
    view, _ = taken(people.mina)
    services.weigh_tags(people.mina, view.id, {tag.tag: 0 for tag in view.tags})
    with pytest.raises(DataError) as caught:
        services.picture_songs(people.mina, view.id, genres=["댄스"])
    assert caught.value.code == "mood.nothing"


def test_an_empty_catalogue_gives_no_songs(people):
    view, _ = taken(people.mina)
    assert services.picture_songs(people.mina, view.id, genres=["댄스"]).songs == ()


# --- whose it is --------------------------------------------------------------------------------------------------


ACTS = {"get": lambda actor, image: services.get_picture(actor, image), "weigh": lambda actor, image: services.weigh_tags(actor, image, {"밤": 1}),
        "songs": lambda actor, image: services.picture_songs(actor, image, genres=["댄스"]),
        "share": lambda actor, image: services.share_picture(actor, image, consent=True),
        "unshare": lambda actor, image: services.unshare_picture(actor, image), "link": lambda actor, image: services.link_picture(actor, image),
        "unlink": lambda actor, image: services.link_picture(actor, image, on=False), "delete": lambda actor, image: services.delete_picture(actor, image),
        "report": lambda actor, image: services.report_picture(actor, image, "other")}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("who", ["juno", "vik", "admin"])
def test_a_private_picture_is_its_owners_alone(people, act, who):
    view, _ = taken(people.mina)
    with pytest.raises(NotFound):
        ACTS[act](ADMIN if who == "admin" else getattr(people, who), view.id)
    assert services.get_picture(people.mina, view.id) == view


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"get", "report"}))
def test_a_shared_picture_is_changed_by_its_owner_alone(people, act):
    view, _ = taken(people.mina)
    services.share_picture(people.mina, view.id, consent=True)
    with pytest.raises(NotFound):
        ACTS[act](people.juno, view.id)
    assert services.get_picture(people.juno, view.id).own is False


def test_sharing_takes_consent_and_can_be_taken_back(people, query):
    view, _ = taken(people.mina)
    with pytest.raises(DataError) as caught:
        services.share_picture(people.mina, view.id, consent=False)
    assert caught.value.code == "picture.consent" and services.archive(people.juno) == ([], 0)
    services.share_picture(people.mina, view.id, consent=True)
    shown, every = services.archive(people.vik)
    assert every == 1 and (shown[0].owner, shown[0].own, shown[0].token) == ("mina", False, None)
    assert services.archive_tags(people.vik) == {"여름": 1, "해변": 1, "행복": 1}
    assert services.picture_jpeg(people.vik, shown[0])[:2] == b"\xff\xd8"
    services.unshare_picture(people.mina, view.id)
    assert services.archive(people.vik) == ([], 0) and services.archive_tags(people.vik) == {}
    with pytest.raises(NotFound):
        services.get_picture(people.vik, view.id)
    assert query("SELECT actor_id, action FROM audit_log ORDER BY id") == [(7, "share"), (7, "unshare")]


def test_the_archive_is_newest_first_by_page_and_by_tag(people):
    ids = [taken(people.mina, painted((20 * number, 0, 0)))[0].id for number in range(5)]
    for image in ids:
        services.share_picture(people.mina, image, consent=True)
    services.weigh_tags(people.mina, ids[1], {"밤": 0.9, "해변": 0})
    page, every = services.archive(people.juno, limit=2, offset=2)
    assert every == 5 and [view.id for view in page] == [ids[2], ids[1]]
    assert [view.id for view in services.archive(people.juno, tag="밤")[0]] == [ids[1]]
    assert services.archive(people.juno, tag="해변")[1] == 4 and services.archive(people.juno, tag="' OR 1=1 --") == ([], 0)
    assert [view.id for view in services.list_pictures(people.mina, limit=2, offset=1)] == [ids[3], ids[2]]


def test_a_link_shows_the_result_until_it_is_taken_back(people, songs):
    view, _ = taken(people.mina)
    services.picture_songs(people.mina, view.id, genres=["댄스"])
    token = services.link_picture(people.mina, view.id)
    assert token and len(token) >= 24 and services.link_picture(people.mina, view.id) == token
    shown = services.picture_by_link(people.vik, token)
    assert shown.id == view.id and shown.token is None and len(shown.search.songs) == 5
    assert services.picture_jpeg(people.vik, shown)[:2] == b"\xff\xd8"
    assert services.archive(people.vik) == ([], 0)  # a link is no consent to the archive
    assert services.link_picture(people.mina, view.id, on=False) is None
    for wrong in (token, token[:-1], "", "x" * 500):
        with pytest.raises(NotFound) as caught:
            services.picture_by_link(people.vik, wrong)
        assert caught.value.code == "picture.link_gone"
    assert services.link_picture(people.mina, view.id) != token


def test_deleting_leaves_nothing(people, songs, query):
    view, _ = taken(people.mina)
    services.picture_songs(people.mina, view.id, genres=["댄스"])
    services.share_picture(people.mina, view.id, consent=True)
    token = services.link_picture(people.mina, view.id)
    services.report_picture(people.juno, view.id, "person")
    services.delete_picture(people.mina, view.id)
    for table in ("images", "image_tags", "image_searches", "recommendations", "image_reports"):
        assert query(f"SELECT count(*) FROM {table}") == [(0,)], table
    for gone in (lambda: services.get_picture(people.mina, view.id), lambda: services.picture_by_link(people.mina, token),
                 lambda: services.picture_jpeg(people.mina, view)):
        with pytest.raises(NotFound):
            gone()
    assert query("SELECT action FROM audit_log WHERE object = :item ORDER BY id", item=f"picture {view.id}")[-1] == ("delete",)
    assert taken(people.mina)[1] is False  # not known any more


def test_reports_reach_administrators_who_keep_or_remove(people, query):
    view, _ = taken(people.mina)
    services.share_picture(people.mina, view.id, consent=True)
    token = services.link_picture(people.mina, view.id)
    with pytest.raises(DataError) as caught:
        services.report_picture(people.juno, view.id, "boring")
    assert caught.value.code == "picture.reason"
    for actor, reason in ((people.juno, "person"), (people.vik, "offensive"), (people.juno, "not_mine")):
        services.report_picture(actor, view.id, reason)
    assert services.archive(ADMIN, reported=True)[0][0].reports == ("offensive", "not_mine")  # one a person
    assert services.archive(people.juno)[0][0].reports == ()  # who reported what is for administrators
    for act in (lambda: services.archive(people.juno, reported=True), lambda: services.remove_picture(people.juno, view.id, "person"),
                lambda: services.settle_reports(people.juno, view.id)):
        with pytest.raises(NotAllowed):
            act()
    services.settle_reports(ADMIN, view.id)
    assert services.archive(ADMIN, reported=True) == ([], 0) and services.archive(people.juno)[1] == 1
    services.report_picture(people.juno, view.id, "person")
    services.remove_picture(ADMIN, view.id, "person")
    assert services.archive(people.juno) == ([], 0)
    mine = services.get_picture(people.mina, view.id)  # its owner learns of it
    assert mine.removed_at is not None and mine.token is None and mine.shared_at is None
    for gone in (lambda: services.picture_jpeg(people.mina, mine), lambda: services.picture_by_link(people.vik, token)):
        with pytest.raises(NotFound):
            gone()
    assert query("SELECT actor_id, action, detail->>'reason', (detail->>'owner')::int FROM audit_log WHERE action IN ('keep', 'remove') ORDER BY id") == [
        (1, "keep", None, None), (1, "remove", "person", 7)]


def test_what_was_taken_down_comes_back_by_no_way(people):
    view, _ = taken(people.mina)
    services.share_picture(people.mina, view.id, consent=True)
    services.remove_picture(ADMIN, view.id, "offensive")
    for act in (lambda: services.share_picture(people.mina, view.id, consent=True), lambda: services.link_picture(people.mina, view.id)):
        with pytest.raises(DataError) as caught:
            act()
        assert caught.value.code == "picture.removed"
    job = ended(people.mina, services.submit_picture(people.mina, painted()))
    assert (job.state, job.error_code) == ("failed", "picture.taken_down")
    with pytest.raises(NotFound):
        services.remove_picture(ADMIN, 10_000, "other")


# --- where pixels are kept ----------------------------------------------------------------------------------------


@pytest.fixture
def bucket(quick, monkeypatch):
    """Keep pictures in a bucket of a real S3 server on this machine."""
    moto_server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    import boto3

    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {"S3_BUCKET": "songs", "S3_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY": "x", "AWS_SECRET_KEY": "x",
                        "AWS_REGION": "us-east-1", "S3_PICTURES_PREFIX": "pictures/"}.items():
        monkeypatch.setenv(name, value)
    config.reload()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    client.create_bucket(Bucket="songs")
    yield lambda: [one["Key"] for one in client.list_objects_v2(Bucket="songs").get("Contents", [])]
    server.stop()


def test_pictures_can_be_kept_in_a_bucket(people, bucket, query):
    view, _ = taken(people.mina)
    [key] = bucket()
    assert key.startswith("pictures/7-") and key.endswith(".jpg")
    assert query("SELECT jpeg IS NULL, object_key FROM images") == [(True, key)]
    assert services.picture_jpeg(people.mina, view)[:2] == b"\xff\xd8"
    other, _ = taken(people.juno)
    services.share_picture(people.juno, other.id, consent=True)
    assert len(bucket()) == 2
    services.delete_picture(people.mina, view.id)
    services.remove_picture(ADMIN, other.id, "person")
    assert bucket() == []


def test_a_picture_that_cannot_be_noted_leaves_nothing_in_the_bucket(people, bucket, monkeypatch):
    from queries import pictures as queries

    def fails(*_):
        raise AppError("database_unreachable", where="here", detail="gone")

    monkeypatch.setattr(queries, "put_tags", fails)
    job = ended(people.mina, services.submit_picture(people.mina, painted()))
    assert job.state == "failed" and bucket() == [] and services.list_pictures(people.mina) == []


def test_a_bucket_that_is_not_there_is_said(people, bucket, monkeypatch):
    monkeypatch.setenv("S3_BUCKET", "nowhere")
    config.reload()
    job = ended(people.mina, services.submit_picture(people.mina, painted()))
    assert (job.state, job.error_code) == ("failed", "s3.no_bucket")


def test_a_picture_that_is_in_the_bucket_no_longer_is_gone(bucket, monkeypatch):
    assert picture_store.read(b"x", None) == b"x"
    with pytest.raises(NotFound):
        picture_store.read(None, "pictures/none.jpg")
    monkeypatch.delenv("S3_PICTURES_PREFIX")
    config.reload()
    with pytest.raises(NotFound):
        picture_store.read(None, "pictures/none.jpg")


def test_a_runner_for_pictures_is_apart_from_the_others():
    assert set(jobs.runner()._lanes) >= {"picture", "audition"}
