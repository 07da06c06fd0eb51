"""Songs: a source and its cache, search and pages, private lyrics, Last.fm's answers, what deleting leaves alone."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

import config
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from data_processing import LyricsText, write_lyrics
from providers.lastfm import TrackInfo
from providers.s3 import Listing, S3Place, StoredText
from support.errors import Busy, Cancelled, DataError, NotAllowed, NotFound, ProviderError, RateLimited
from usecases import growth, song_sources, songs
from usecases.sync import sync

INFO = TrackInfo("Luna Harbor", "Midnight Ferry", ("city pop", "dreamy"), "https://x/a.png", 12, 345, "https://x/t")


class Texts:
    """A place in memory that counts what is read."""

    address = "memory"

    def __init__(self, **texts):
        self.texts, self.reads, self.fail = dict(texts), [], None

    def list(self, limit):
        if self.fail:
            raise self.fail
        found = [StoredText(name, str(hash(data)), len(data)) for name, data in sorted(self.texts.items())]
        return Listing(tuple(found[:limit]), 0, len(found) > limit)

    def read(self, name, limit):
        self.reads.append(name)
        data = self.texts.get(name)
        if isinstance(data, Exception):
            raise data
        return None if data is None else (data[:limit + 1], str(hash(data)))


@pytest.fixture
def place(clean, monkeypatch):
    texts = Texts(a=b"Luna Harbor - Midnight Ferry:\nslow rope\n\nA - B:\n100% snake_case\n",
                  b="물빛정거장 - 고래의 계절:\n파도가 밀려온다".encode())
    monkeypatch.setattr(song_sources, "texts_of", lambda s3: ("s3", texts))
    return texts


@pytest.fixture
def other(query):
    query("INSERT INTO users (id, nickname, role) VALUES (7, 'mina', 'viewer')")
    return Actor(7, "viewer", "mina")


@pytest.fixture
def lastfm(monkeypatch):
    """Give the answers of Last.fm, one a call (the last one again); errors are raised; and the calls."""
    class Fake:
        answers, calls = [INFO], []

        def track(self, artist, title):
            self.calls.append((artist, title))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

    fake = Fake()
    fake.answers, fake.calls = [INFO], []
    monkeypatch.setattr(songs, "_lastfm", lambda key, endpoint: fake)
    return fake


def titles(actor=ADMIN, **options):
    return [row.title for row in songs.list_songs(actor, **options).rows]


def id_of(title, actor=ADMIN):
    return next(row.id for row in songs.list_songs(actor, limit=500).rows if row.title == title)


def refresh():
    return songs.refresh_songs(ADMIN, force=True)


# --- sources ------------------------------------------------------------------------------------------------------


def test_a_refresh_reads_everything_once(place):
    first = refresh()
    assert (first.found, first.read, first.songs, first.unchanged, first.gone) == (2, 2, 3, 0, 0)
    again = refresh()
    assert (again.read, again.unchanged, again.songs) == (0, 2, 0) and place.reads == ["a", "b"]
    page = songs.list_songs(ADMIN)
    assert [(row.artist, row.title, row.language, row.lines, row.own) for row in page.rows] == [
        ("A", "B", "other", 1, False), ("Luna Harbor", "Midnight Ferry", "other", 1, False),
        ("물빛정거장", "고래의 계절", "ko", 1, False)]
    assert (page.count, page.source, page.problem, page.cut) == (3, "s3", None, False)
    assert (datetime.now(UTC) - page.refreshed_at).total_seconds() < 60


def test_only_what_changed_is_read_again_and_ids_stay(place, query):
    refresh()
    kept = id_of("Midnight Ferry")
    place.texts["a"] = b"Luna Harbor - Midnight Ferry:\nnew rope\n"
    report = refresh()
    assert (report.read, report.unchanged, place.reads) == (1, 1, ["a", "b", "a"])
    assert id_of("Midnight Ferry") == kept and songs.get_song(ADMIN, kept).lyrics == "new rope"
    assert titles() == ["Midnight Ferry", "고래의 계절"]  # A - B has gone from the text


def test_what_has_gone_from_the_place_has_gone(place):
    refresh()
    del place.texts["a"]
    assert refresh().gone == 1 and titles() == ["고래의 계절"]


def test_newer_rules_read_unchanged_texts_again(place, monkeypatch):
    refresh()
    monkeypatch.setattr(song_sources, "LYRICS_READER", 99)
    assert refresh().read == 2


def test_a_song_that_two_texts_have_is_listed_once_and_comes_back(place):
    place.texts["c"] = b"luna harbor - MIDNIGHT FERRY:\nanother version\n"
    refresh()
    assert titles() == ["B", "Midnight Ferry", "고래의 계절"]
    assert songs.get_song(ADMIN, id_of("Midnight Ferry")).lyrics == "slow rope"
    del place.texts["a"]
    refresh()
    assert songs.get_song(ADMIN, id_of("MIDNIGHT FERRY")).lyrics == "another version"


def test_refused_songs_are_told_and_not_read_again(place):
    place.texts |= {"bad": b"just words", "empty": b"A - B:\n", "big": b"x" * 1_000_001, "two": b"X - Y:\n\nX - Z:\nla"}
    report = refresh()
    assert (report.refused, report.songs) == (4, 4) and "big" not in place.reads
    assert [(each.name, each.line, each.code) for each in songs.refused_songs(ADMIN)] == [
        ("bad", 0, "lyrics.header"), ("big", 0, "lyrics.large"), ("empty", 0, "lyrics.empty"),
        ("two", 1, "lyrics.no_lines")]
    assert refresh().read == 0


def test_a_text_that_goes_between_listing_and_reading_is_no_failure(place, monkeypatch):
    real = place.read
    monkeypatch.setattr(place, "read", lambda name, limit: None if name == "a" else real(name, limit))
    assert refresh().songs == 1


def test_an_unasked_refresh_comes_every_ten_minutes(place, query, other):
    assert songs.refresh_songs(other).songs == 3
    assert songs.refresh_songs(other) is None
    query("UPDATE lyrics_sources SET tried_at = now() - interval '9 minutes 50 seconds'")
    assert songs.refresh_songs(other) is None
    query("UPDATE lyrics_sources SET tried_at = now() - interval '10 minutes 10 seconds'")
    assert songs.refresh_songs(other).unchanged == 2


def test_an_asked_refresh_is_the_administrators(place, other):
    with pytest.raises(NotAllowed):
        songs.refresh_songs(other, force=True)


def test_a_failure_keeps_what_is_there_and_is_told(place, query):
    refresh()
    query("UPDATE lyrics_sources SET tried_at = now() - interval '1 hour'")
    place.fail = ProviderError("s3.no_bucket", bucket="songs")
    with pytest.raises(ProviderError):
        refresh()
    page = songs.list_songs(ADMIN)
    assert page.count == 3 and page.problem == ("s3.no_bucket", {"bucket": "songs"})
    assert songs.refresh_songs(ADMIN) is None  # one that nobody asked for waits, so that no page waits for it
    place.fail = None
    refresh()
    assert songs.list_songs(ADMIN).problem is None


def test_what_was_read_before_a_failure_is_not_read_again(place, monkeypatch):
    monkeypatch.setattr(song_sources, "AT_ONCE", 1)
    good, place.texts["b"] = place.texts["b"], b"a"
    place.texts["b"] = Exceptional(ProviderError("s3.limited"))
    with pytest.raises(ProviderError):
        refresh()
    assert titles() == ["B", "Midnight Ferry"]
    place.texts["b"] = good
    assert (refresh().unchanged, place.reads) == (1, ["a", "b", "b"])


class Exceptional(bytes):
    """A text whose reading fails."""

    def __new__(cls, error):
        made = super().__new__(cls, b"x")
        made.error = error
        return made

    def __getitem__(self, _):
        raise self.error


def test_a_refresh_can_be_stopped(place):
    class Stopped:
        def check(self):
            raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        songs.refresh_songs(ADMIN, force=True, progress=Stopped())
    assert titles() == []


def test_two_refreshes_at_once(place):
    with song_sources.exclusive():
        with pytest.raises(Busy):
            refresh()
        assert songs.refresh_songs(ADMIN) is None
    assert refresh().songs == 3


def test_no_more_songs_than_a_list_can_hold(place, monkeypatch):
    monkeypatch.setattr(song_sources, "MOST_SONGS", 2)
    assert refresh().cut and titles() == ["B", "Midnight Ferry"] and songs.list_songs(ADMIN).cut
    monkeypatch.setattr(song_sources, "MOST_SONGS", 3)
    assert not refresh().cut and len(titles()) == 3
    place.texts["c"] = b"X - Y:\nla\n\nX - Z:\nla"
    assert refresh().cut and len(titles()) == 3  # songs of unchanged texts count


def test_a_refresh_as_a_job(place):
    from usecases import jobs

    view = songs.submit_refresh(ADMIN)
    for _ in range(200):
        view = jobs.get_job(ADMIN, view.id)
        if view.state == "done":
            break
        threading.Event().wait(0.02)
    assert view.state == "done" and view.result["songs"] == 3


def test_the_samples_without_a_bucket(clean):
    assert songs.refresh_songs(ADMIN).songs == 6 and songs.list_songs(ADMIN).source == "folder"
    languages = [row.language for row in songs.list_songs(ADMIN).rows]
    assert sorted(languages) == ["en"] * 3 + ["ko"] * 3
    assert songs.refresh_songs(ADMIN, force=True).unchanged == 6 and songs.refused_songs(ADMIN) == []


def test_a_bucket_of_a_real_server(clean):
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        place = S3Place("songs", "lyrics/", f"http://{host}:{port}", "id", "secret", "us-east-1")
        client = boto3.client("s3", endpoint_url=place.endpoint_url, aws_access_key_id="id", region_name="us-east-1",
                              aws_secret_access_key="secret")
        client.create_bucket(Bucket="songs")
        for number in range(30):
            client.put_object(Bucket="songs", Key=f"lyrics/{number:02}.txt", Body=f"A - Song {number}:\nla".encode())
        client.put_object(Bucket="songs", Key="lyrics/고래 - 파도.txt", Body="밀려온다".encode("cp949"))
        assert songs.refresh_songs(ADMIN, force=True, s3=place).songs == 31
        client.put_object(Bucket="songs", Key="lyrics/07.txt", Body=b"A - Song 7:\nchanged")
        again = songs.refresh_songs(ADMIN, force=True, s3=place)
        assert (again.read, again.unchanged) == (1, 30)
        page = songs.list_songs(ADMIN, search="changed", s3=place)
        assert [row.title for row in page.rows] == ["Song 7"] and page.place.startswith("s3://songs/lyrics/")
        (whale,) = songs.list_songs(ADMIN, search="밀려", s3=place).rows
        assert (whale.artist, whale.title) == ("고래", "파도") and titles() == []  # the folder is another source
        assert len(songs.song_ids(ADMIN, s3=place)) == 31
    finally:
        server.stop()


# --- search and pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("search", "found"), [
    ("", 3), ("ferry", 1), ("LUNA harbor", 1), ("lunaharbor", 1), ("rope slow", 1), ("rope nowhere", 0), ("파도", 1),
    ("고래 밀려", 1), ("%", 1), ("100%", 1), ("_", 1), ("e_c", 1), ("e_d", 0), ("\\", 0), ("'", 0), ("\0", 3), ("ＬＵＮＡ", 1)])
def test_search(place, search, found):
    refresh()
    page = songs.list_songs(ADMIN, search=search)
    assert (page.count, len(page.rows)) == (found, found) and len(songs.song_ids(ADMIN, search=search)) == found


def test_pages_are_cut_in_the_database(place):
    place.texts = {"all": write_lyrics(LyricsText("A", f"Song {n:03}", "la") for n in range(120)).encode()}
    refresh()
    pages = [songs.list_songs(ADMIN, limit=50, offset=offset) for offset in (0, 50, 100, 150)]
    assert [len(page.rows) for page in pages] == [50, 50, 20, 0] and {page.count for page in pages} == {120}
    assert [row.title for page in pages for row in page.rows] == [f"Song {n:03}" for n in range(120)]
    assert len(songs.list_songs(ADMIN, limit=-5, offset=-5).rows) == 1


# --- private lyrics -------------------------------------------------------------------------------------------------


def test_pasted_lyrics_are_private(place, other):
    refresh()
    mine = songs.add_song(other, "Mina", "Secret", "nobody knows\nthe line of mine")
    assert titles(other) == ["B", "Midnight Ferry", "Secret", "고래의 계절"] and "Secret" not in titles()
    assert songs.list_songs(ADMIN, search="nobody").count == 0 and mine not in songs.song_ids(ADMIN)
    assert songs.get_song(other, mine).lyrics == "nobody knows\nthe line of mine"
    for call in (songs.get_song, songs.song_info, songs.delete_song):
        with pytest.raises(NotFound):
            call(ADMIN, mine)
    songs.delete_song(other, mine)
    assert "Secret" not in titles(other)


def test_the_same_song_again_replaces_ones_own_alone(place, other):
    refresh()
    first = songs.add_song(other, "Luna Harbor", "Midnight Ferry", "my version")
    assert songs.add_song(other, "luna harbor", "midnight ferry", "my second") == first
    theirs = songs.add_song(ADMIN, "Luna Harbor", "Midnight Ferry", "mine")
    assert songs.get_song(other, first).lyrics == "my second" and songs.get_song(ADMIN, theirs).lyrics == "mine"
    assert titles(other).count("Midnight Ferry") == 1 and songs.list_songs(other, search="rope").count == 1


def test_everyones_lyrics_cannot_be_deleted(place):
    refresh()
    with pytest.raises(NotFound):
        songs.delete_song(ADMIN, id_of("Midnight Ferry"))


def test_an_upload_with_many_songs(clean, other):
    saved = songs.add_songs(other, "가수 - 하나:\n첫째\n\n가수 - 둘:\n\n가수 - 셋:\n셋째".encode("cp949"), name="내 노래.txt")
    assert [(each.name, each.line, each.code) for each in saved.refused] == [("내 노래.txt", 4, "lyrics.no_lines")]
    assert titles(other) == ["셋", "하나"] and {row.source for row in songs.list_songs(other).rows} == {"upload"}
    assert songs.add_songs(other, "가수 - 넷:\n넷째").refused == ()
    with pytest.raises(DataError, match="lines below"):
        songs.add_songs(other, "A - B:\n\nA - C:\n \n.")


def test_so_many_songs_of_ones_own(clean, other, monkeypatch):
    monkeypatch.setattr(songs, "MOST_OWN", 2)
    text = write_lyrics(LyricsText("A", name, "la") for name in "bcd")
    with pytest.raises(DataError, match="2 songs"):
        songs.add_songs(other, text)
    assert titles(other) == []


# --- one identity ---------------------------------------------------------------------------------------------------


def test_lyrics_and_readings_share_the_song(place, export, query):
    export("LunaHarbor_MidnightFerry_Spotify_streams.csv", [1.0, 2.0, 3.0])
    sync(ADMIN)
    refresh()
    assert songs.get_song(ADMIN, id_of("Midnight Ferry")).song_id == query("SELECT song_id FROM series")[0][0]
    assert [artist.name for artist in growth.list_artists(ADMIN)] == ["Luna Harbor"]  # none without series
    # nothing of an artist with lyrics alone waits to be analysed
    assert query("SELECT norm_key FROM artists WHERE outlook_stale") == [("lunaharbor",)]


def test_readings_that_come_after_the_lyrics(place, export, query):
    refresh()
    export("LunaHarbor_MidnightFerry_Spotify_streams.csv", [1.0, 2.0, 3.0])
    sync(ADMIN)
    assert query("SELECT song_id FROM series") == [(songs.get_song(ADMIN, id_of("Midnight Ferry")).song_id,)]
    assert query("SELECT norm_key FROM artists WHERE outlook_stale") == [("lunaharbor",)]


def test_deleting_an_artist_leaves_lyrics_and_they_find_their_song_again(place, export, query, other, lastfm):
    export("LunaHarbor_MidnightFerry_Spotify_streams.csv", [1.0, 2.0, 3.0])
    sync(ADMIN)
    refresh()
    mine = songs.add_song(other, "Luna Harbor", "Midnight Ferry", "private words")
    artist = growth.list_artists(ADMIN)[0]
    growth.delete_artist(ADMIN, artist.id)
    assert songs.get_song(other, mine).lyrics == "private words" and songs.get_song(other, mine).song_id is None
    assert "Midnight Ferry" in titles()
    found = songs.song_info(other, mine, lastfm_key="k")
    assert found.song_id is not None and found.tags == INFO.tags
    assert query("SELECT count(*) FROM artists WHERE norm_key = 'lunaharbor'") == [(1,)]


def test_a_user_who_goes_takes_private_lyrics_along(clean, query, other):
    songs.add_song(other, "A", "B", "la")
    query("DELETE FROM users WHERE id = 7")
    assert query("SELECT count(*) FROM lyrics") == [(0,)]


# --- Last.fm --------------------------------------------------------------------------------------------------------


def test_an_answer_is_asked_for_once_a_week(place, lastfm, query):
    refresh()
    song_id = id_of("Midnight Ferry")
    assert songs.get_song(ADMIN, song_id, lastfm_key="k").info_missing == "lastfm_not_asked"
    for _ in range(2):
        song = songs.song_info(ADMIN, song_id, lastfm_key="k")
        assert (song.tags, song.cover_url, song.listeners, song.playcount, song.page_url, song.info_missing) == (
            ("city pop", "dreamy"), "https://x/a.png", 12, 345, "https://x/t", None)
    assert lastfm.calls == [("Luna Harbor", "Midnight Ferry")] and song.lyrics == "slow rope"
    query("UPDATE track_info SET fetched_at = now() - interval '6 days 23 hours'")
    assert songs.song_info(ADMIN, song_id, lastfm_key="k").info_missing is None and len(lastfm.calls) == 1
    query("UPDATE track_info SET fetched_at = now() - interval '7 days 1 hour'")
    lastfm.answers = [TrackInfo("Luna Harbor", "Midnight Ferry", (), None, 13, None, None)]
    newer = songs.song_info(ADMIN, song_id, lastfm_key="k")
    assert (newer.listeners, newer.tags, newer.cover_url) == (13, (), None) and len(lastfm.calls) == 2


def test_an_unknown_track_is_stored_with_its_moment(place, lastfm):
    refresh()
    lastfm.answers = [None]
    for _ in range(2):
        song = songs.song_info(ADMIN, id_of("B"), lastfm_key="k")
        assert song.info_missing == "lastfm_unknown" and song.info_at is not None and song.tags == ()
    assert len(lastfm.calls) == 1


@pytest.mark.parametrize(("error", "reason"), [
    (RateLimited("lastfm.limited"), "lastfm_limited"), (ProviderError("lastfm.garbage"), "lastfm_garbage"),
    (ProviderError("lastfm.bad_key", number=10), "lastfm_bad_key")])
def test_a_failure_is_never_stored_and_stops_nothing(place, lastfm, query, error, reason):
    refresh()
    song_id = id_of("Midnight Ferry")
    lastfm.answers = [error, INFO]
    failed = songs.song_info(ADMIN, song_id, lastfm_key="k")
    assert (failed.info_missing, failed.lyrics, failed.info_at) == (reason, "slow rope", None)
    assert query("SELECT count(*) FROM track_info") == [(0,)]
    assert songs.song_info(ADMIN, song_id, lastfm_key="k").info_missing is None
    query("UPDATE track_info SET fetched_at = now() - interval '30 days'")
    lastfm.answers = [error]
    old = songs.song_info(ADMIN, song_id, lastfm_key="k")
    assert (old.info_missing, old.listeners) == (reason, 12)  # what is there stays, with the reason


def test_every_reason_has_its_text(place):
    import locales
    from providers import lastfm as module

    source = open(module.__file__, encoding="utf-8").read()
    codes = {code.replace(".", "_") for code in locales.texts("en") if code.startswith("errors.lastfm.")}
    codes = {code.removeprefix("errors_") for code in codes if "why" not in code}
    assert codes >= {"lastfm_limited", "lastfm_refused"} and '"lastfm.limited"' in source
    for reason in codes | {"lastfm_key", "lastfm_unknown", "lastfm_not_asked"}:
        assert f"songs.info_missing.{reason}" in locales.texts("ko")


def test_without_a_key_nobody_is_asked(place, lastfm):
    refresh()
    assert songs.song_info(ADMIN, id_of("B")).info_missing == "lastfm_key" and lastfm.calls == []


def test_the_key_of_the_settings_and_an_endpoint_of_ones_own(place, monkeypatch):
    body = json.dumps({"track": {"name": "B", "listeners": "5"}}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    refresh()
    monkeypatch.setenv("LASTFM_API_KEY", "kkk")
    config.reload()
    try:
        song = songs.song_info(ADMIN, id_of("B"), lastfm_endpoint=f"http://127.0.0.1:{server.server_port}/")
        unsafe = songs.song_info(ADMIN, id_of("Midnight Ferry"), lastfm_endpoint="http://example.com/")
    finally:
        server.shutdown()
        server.server_close()
    assert song.listeners == 5 and "api_key=kkk" in asked[0] and unsafe.info_missing == "lastfm_address"


def test_the_bucket_the_settings_name(monkeypatch):
    def settings(**own):
        return SimpleNamespace(aws_region="eu-west-1", keys={"AWS_ACCESS_KEY": "a", "AWS_SECRET_KEY": "b"}, **own)

    monkeypatch.setattr(config, "load", lambda: settings(s3_bucket=None))
    assert song_sources.place() is None and song_sources.texts_of(None)[0] == "folder"
    monkeypatch.setattr(config, "load", lambda: settings(s3_bucket="songs", s3_key=None, s3_endpoint_url="http://x:9"))
    assert song_sources.place() == S3Place("songs", "", "http://x:9", "a", "b", "eu-west-1")
    assert song_sources.texts_of(song_sources.place())[1].address == "s3://songs/ @ x:9"
