"""Where a song can be heard: one search a song, quota counted, the link that always works, nothing without a key."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import config
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from usecases import listening

sys.path.insert(0, str(Path(__file__).parent / "providers"))
from test_youtube import Service, error, listing, result  # noqa: E402

LINK = "https://www.youtube.com/results?search_query=Luna+Harbor+Midnight+Ferry"
OTHER = Actor(7, "viewer", "mina")


@pytest.fixture
def song(clean, query):
    """Give a song's id."""
    query("INSERT INTO users (id, nickname, role) VALUES (7, 'mina', 'viewer')")
    artist = query("INSERT INTO artists (key, norm_key, display_name) VALUES ('LunaHarbor', 'lunaharbor', 'Luna Harbor') RETURNING id")[0][0]
    return query("INSERT INTO songs (artist_id, key, norm_title, title) VALUES (:a, 'MidnightFerry', 'midnightferry', 'Midnight Ferry') RETURNING id", a=artist)[0][0]


@pytest.fixture
def youtube(monkeypatch):
    """Give a function that starts YouTube on this machine with its answers, and sets the key."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = []

    def start(*answers):
        made.append(Service(*answers))
        monkeypatch.setenv("YOUTUBE_API_KEY", "AIzaSECRET")
        monkeypatch.setenv("YOUTUBE_BASE_URL", made[-1].url)
        config.reload()
        return made[-1]

    yield start
    for server in made:
        server.close()


def hear(song, actor=ADMIN):
    return services.listen(actor, song, "Midnight Ferry", "Luna Harbor")


def test_without_a_key_there_is_a_link_and_nobody_is_asked(song):
    found = hear(song)
    assert (found.link, found.video_id, found.error_code) == (LINK, None, None)
    assert services.quota(ADMIN) is None and services.known_videos(ADMIN, [song]) == {}


def test_one_search_a_song_whoever_asks(song, youtube, query):
    server = youtube(listing(result()))
    first = hear(song)
    assert (first.video_id, first.channel, first.link) == ("dQw4w9WgXcQ", "Luna Harbor", "https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    assert hear(song, OTHER) == first and len(server.asked) == 1
    assert services.quota(OTHER) == (100, listening.DAILY_UNITS)
    assert services.known_videos(OTHER, [song, 999])[song].video_id == first.video_id


def test_many_clicks_at_once_are_one_search(song, youtube):
    server = youtube(listing(result()))
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: hear(song).video_id, range(16)))
    assert found == {"dQw4w9WgXcQ"} and len(server.asked) == 1 and services.quota(ADMIN)[0] == 100


def test_no_video_is_an_answer_that_is_kept_for_a_while(song, youtube, query):
    server = youtube(listing())
    found = hear(song)
    assert (found.link, found.video_id, found.error_code) == (LINK, None, "youtube.nothing")
    again = hear(song)
    assert (again.video_id, again.error_code, again.link) == (None, "youtube.nothing", LINK) and len(server.asked) == 1
    assert services.known_videos(ADMIN, [song]) == {}
    query("UPDATE song_videos SET fetched_at = now() - interval '91 days'")
    server.answers = [listing(result())]
    assert hear(song).video_id == "dQw4w9WgXcQ" and services.quota(ADMIN)[0] == 200


@pytest.mark.parametrize(("answer", "code", "units"), [
    (error(403, "quotaExceeded"), "youtube.quota", 100), (error(400, "keyInvalid", "usageLimits"), "youtube.bad_key", None),
    ((404, b""), "youtube.refused", 100), (b"<html>", "youtube.garbage", 100)], ids=["quota", "key", "404", "garbage"])
def test_what_fails_is_said_beside_the_link_and_asked_again(song, youtube, answer, code, units):
    server = youtube(answer)
    found = hear(song)
    assert (found.link, found.video_id, found.error_code) == (LINK, None, code) and "SECRET" not in str(found)
    assert units is None or services.quota(ADMIN)[0] == units
    server.answers = [listing(result())]
    assert hear(song).video_id == "dQw4w9WgXcQ"


def test_an_answer_goes_with_its_song(song, youtube, query):
    youtube(listing(result()))
    hear(song)
    query("DELETE FROM songs WHERE id = :id", id=song)
    assert query("SELECT count(*) FROM song_videos") == [(0,)]


def test_a_song_that_has_gone_meanwhile_is_still_a_link(song, youtube, query):
    """The catalogue can be imported anew while somebody looks at a result of yesterday."""
    youtube(listing(result()))
    query("DELETE FROM songs WHERE id = :id", id=song)
    found = hear(song)
    assert found.link == "https://www.youtube.com/watch?v=dQw4w9WgXcQ" and services.quota(ADMIN)[0] == 100
