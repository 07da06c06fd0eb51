"""A title to a playlist: what is like it, exact counts, similarity, edits, saved lists, links, exports; without a model."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from made_playlists import QUICK, THEMES, lists, name_of, put_in_place

import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from services import Ask, Controls, DraftSong
from support.errors import DataError, NotAllowed, NotFound
from usecases import playlist_library, playlist_maker
from usecases.catalogue_import import import_catalogue
from usecases.playlist_library import import_starter_playlists
from usecases.playlist_training import train_playlists

ASK = Ask("카페 커피", {"카페": 1.0})
MINA, JUNO, VIK = Actor(7, "analyst", "mina"), Actor(8, "analyst", "juno"), Actor(9, "viewer", "vik")


@pytest.fixture
def place(clean, monkeypatch, tmp_path, query):
    """Starter playlists of four themes; every other song of the catalogue is 신나는, the others 잔잔한."""
    path = tmp_path / "songs.csv"
    lines = ["title,artist,genre,year,language,situation,style"]
    for theme, tag in enumerate(THEMES):
        for number in range(30):
            artist, title = name_of(theme, number)
            lines.append(f"{title},{artist},발라드,{1990 + number},{('ko', 'en')[number % 2]},{'카페' if tag == '카페' else ''},{('잔잔한', '신나는')[number % 2]}")
    path.write_text("\n".join(lines), "utf-8")
    import_catalogue(ADMIN, path)
    query("INSERT INTO users (id, nickname, role) VALUES (7, 'mina', 'analyst'), (8, 'juno', 'analyst'), (9, 'vik', 'viewer')")
    made = put_in_place(monkeypatch, tmp_path)
    import_starter_playlists(ADMIN)
    monkeypatch.setattr(playlist_maker, "_moods", lambda title: {tag: 1.0 for tag in THEMES if tag in title})
    yield made
    playlist_library._shelf = playlist_library._model = None


@pytest.fixture
def trained(place):
    train_playlists(ADMIN, options=QUICK)
    return place


def ids(draft):
    return [song.song_id for song in draft.songs]


def codes(draft):
    return [reason.code for reason in draft.reasons]


def make(actor=MINA, note=True, **controls):
    return services.make_playlist(actor, replace(ASK, controls=Controls(**controls)), note=note)


# --- what is like the title ---------------------------------------------------------------------------------------


def test_playlists_like_the_title_come_with_their_songs(place):
    found = services.similar_playlists(MINA, "카페 커피")
    assert found.how == "title" and len(found.hits) == 3 and all("카페" in hit.title for hit in found.hits)
    assert "커피" in found.hits[0].shared and found.hits[0].source == "starter"
    own = next(row for row in lists() if row["title"] == found.hits[0].title)
    assert [title for _, title, _ in found.hits[0].songs] == [title for _, title in own["songs"]]
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)


@pytest.mark.parametrize("title", ["", "   ", "가" * 81])
def test_a_title_that_is_none_is_refused(place, title):
    for act in (lambda: services.similar_playlists(MINA, title), lambda: services.make_playlist(MINA, Ask(title))):
        with pytest.raises(DataError) as caught:
            act()
        assert caught.value.code == "playlist.title"


# --- making -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [5, 10, 20])
def test_the_number_asked_for_comes_once_each(trained, count):
    draft = make(count=count)
    assert len(draft.songs) == len(set(ids(draft))) == count and draft.model == "model" and draft.how == "title"
    assert sum(song.artist.startswith("카페") for song in draft.songs) >= 0.9 * count


@pytest.mark.parametrize(("similarity", "chosen"), [(0, 0), (10, 1), (50, 5), (100, 10)])
def test_similarity_is_the_share_from_the_chosen_playlist(trained, similarity, chosen):
    draft = make(count=10, similarity=similarity)
    row = playlist_library.shelf().rows[str(draft.chosen[0])]
    assert len(draft.chosen) == 1 and sum(song in row["songs"] for song in ids(draft)) == chosen
    assert [bool(song.playlists) for song in draft.songs] == [song.song_id in row["songs"] for song in draft.songs]


def test_all_from_the_chosen_says_where_there_are_too_few(trained):
    draft = make(count=20, similarity=100)
    assert len(draft.songs) == 10 and {"short_chosen", "short"} <= set(codes(draft))


def test_the_chosen_playlists_are_those_the_user_chose(trained):
    rain = services.similar_playlists(MINA, "비오는날 우산").hits
    draft = services.make_playlist(MINA, replace(ASK, chosen=(rain[0].id, rain[1].id), controls=Controls(similarity=100)))
    allowed = {song for hit in rain[:2] for song, _, _ in hit.songs}
    assert draft.chosen == (rain[0].id, rain[1].id) and len(draft.songs) == 10 and set(ids(draft)) <= allowed


def test_locked_songs_stay_in_their_place_and_removed_ones_stay_out(trained):
    first = make()
    lock, out = ids(first)[3], ids(first)[0]
    again = make(locked={lock: 0}, removed={out})
    assert ids(again)[0] == lock and again.songs[0].locked and out not in ids(again) and len(again.songs) == 10


def test_filters_and_caps_hold(trained):
    draft = make(count=10, similarity=0, artist_cap=1, languages=("en",), years=(1995, 2020))
    assert {song.language for song in draft.songs} == {"en"} and len({song.artist for song in draft.songs}) == len(draft.songs)
    assert all(1995 <= song.year <= 2020 for song in draft.songs)


def test_a_song_is_replaced_by_one_like_it(trained, query):
    first = make()
    gone = ids(first)[4]
    after = services.replace_song(MINA, ASK, ids(first), gone)
    assert gone not in ids(after) and len(after.songs) == 10
    assert [a for at, a in enumerate(ids(after)) if at != 4] == [b for at, b in enumerate(ids(first)) if at != 4]
    assert after.songs[4].tags and set(after.songs[4].tags) & set(first.songs[4].tags)
    assert query("SELECT act, songs FROM playlist_feedback WHERE owner_id = 7 ORDER BY id") == [
        ("shown", ids(first)), ("replaced", [gone])]


def test_the_users_order_is_kept_with_reasons(trained):
    first = make()
    order = ids(first)[::-1][:7]
    assert ids(services.draft_of(MINA, ASK, order)) == order


def test_edited_tags_move_songs(trained):
    def lively(draft):
        return sum("신나는" in song.tags for song in draft.songs)

    asked = {weight: replace(ASK, tags={"카페": 1.0, "신나는": weight}, controls=Controls(similarity=0)) for weight in (1.0, -1.0)}
    wanted, unwanted = (services.make_playlist(MINA, asked[weight]) for weight in (1.0, -1.0))
    assert lively(wanted) > lively(unwanted) and lively(wanted) >= 8
    assert "신나는" in wanted.hashtags and "신나는" not in unwanted.hashtags
    assert all("신나는" in song.shared for song in wanted.songs if "신나는" in song.tags)


def test_five_hashtags_without_repeats(trained):
    draft = services.make_playlist(MINA, replace(ASK, tags={"카페": 1.0, "잔잔한": 0.5}))
    assert len(draft.hashtags) == len(set(draft.hashtags)) == 5 and draft.hashtags[:2] == ("카페", "잔잔한")


@pytest.mark.parametrize(("ask", "code"), [
    (replace(ASK, chosen=(1, 2, 3, 4)), "playlist.chosen"), (replace(ASK, tags={"카페": 1.5}), "playlist.tag"),
    (replace(ASK, tags={" ": 1.0}), "playlist.tag")])
def test_what_cannot_be_asked_is_refused(place, ask, code):
    with pytest.raises(DataError) as caught:
        services.make_playlist(MINA, ask)
    assert caught.value.code == code


def test_the_same_request_gives_the_same_playlist_and_a_seed_another(trained):
    assert ids(make()) == ids(make()) != ids(make(seed=4))


def test_without_a_model_songs_are_found_by_mood(place):
    draft = make()
    assert draft.model == "mood" and len(draft.songs) == 10 and all("카페" in song.tags for song in draft.songs)
    # a search by mood gives an artist one song, and ten artists have the tag: what is missing is said
    fewer = make(similarity=0)
    assert 0 < len(fewer.songs) < 10 and {"short_new", "short"} <= set(codes(fewer))


def test_what_was_shown_is_noted_only_if_asked(trained, query):
    make(note=False)
    assert query("SELECT count(*) FROM playlist_feedback") == [(0,)]


# --- saved --------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(place):
    draft = make(locked={})
    return SimpleNamespace(draft=draft, id=services.save_playlist(MINA, draft, ASK))


def test_a_saved_playlist_comes_back_as_it_was(saved):
    found = services.get_playlist(MINA, saved.id)
    assert [song.song_id for song in found.songs] == ids(saved.draft) and found.tags == saved.draft.hashtags
    assert (found.title, found.own, found.count, found.likes, found.token) == ("카페 커피", True, 10, 0, None)
    assert [song.playlists for song in found.songs] == [song.playlists for song in saved.draft.songs]
    assert found.request["tags"] == {"카페": 1.0} and found.request["controls"]["count"] == 10
    assert [(each.id, each.count) for each in services.list_playlists(MINA)] == [(saved.id, 10)]
    assert services.list_playlists(JUNO) == []


def test_saving_again_takes_its_place(saved):
    fewer = services.draft_of(MINA, ASK, ids(saved.draft)[:6])
    assert services.save_playlist(MINA, fewer, ASK, playlist_id=saved.id) == saved.id
    assert [song.song_id for song in services.get_playlist(MINA, saved.id).songs] == ids(fewer)
    assert len(services.list_playlists(MINA)) == 1


def test_what_is_anothers_is_not_there(saved, query):
    acts = [lambda who: services.get_playlist(who, saved.id), lambda who: services.delete_playlist(who, saved.id),
            lambda who: services.link_playlist(who, saved.id), lambda who: services.like_playlist(who, saved.id),
            lambda who: services.save_playlist(who, saved.draft, ASK, playlist_id=saved.id)]
    for act in acts:
        with pytest.raises(NotFound):
            act(JUNO)
    with pytest.raises(NotAllowed):
        services.save_playlist(VIK, saved.draft, ASK)
    with pytest.raises(DataError):
        services.save_playlist(MINA, replace(saved.draft, songs=()), ASK)
    assert query("SELECT count(*) FROM playlists WHERE source = 'made'") == [(1,)]


def test_a_link_shows_it_to_whoever_has_it_until_it_is_taken_back(saved):
    token = services.link_playlist(MINA, saved.id)
    assert services.link_playlist(MINA, saved.id) == token and len(token) >= 20
    seen = services.playlist_by_link(VIK, token)
    assert not seen.own and seen.token is None and seen.request == {} and len(seen.songs) == 10 and seen.owner == "mina"
    assert services.like_playlist(JUNO, saved.id, token=token) == (1, True)
    assert services.like_playlist(MINA, saved.id) == (2, True) == services.like_playlist(MINA, saved.id)
    assert services.like_playlist(JUNO, saved.id, on=False, token=token) == (1, False)
    assert services.get_playlist(MINA, saved.id).likes == 1
    with pytest.raises(NotFound):
        services.like_playlist(JUNO, saved.id, token="other")
    assert services.link_playlist(MINA, saved.id, on=False) is None
    for wrong in (token, ""):
        with pytest.raises(NotFound):
            services.playlist_by_link(VIK, wrong)


def test_a_deleted_playlist_is_gone_with_its_likes_and_in_the_audit_log(saved, query):
    services.like_playlist(MINA, saved.id)
    services.delete_playlist(MINA, saved.id)
    with pytest.raises(NotFound):
        services.get_playlist(MINA, saved.id)
    assert query("SELECT count(*) FROM likes") == [(0,)]
    assert query("SELECT actor_id, object FROM audit_log WHERE action = 'delete'") == [(7, f"playlist {saved.id}")]
    assert query("SELECT act FROM playlist_feedback WHERE act IN ('saved', 'liked') ORDER BY id") == [("saved",), ("liked",)]


# --- exports ------------------------------------------------------------------------------------------------------


def song(title, artist="가수", **more):
    return DraftSong(**{"song_id": 1, "title": title, "artist": artist, "genre": "발라드", "language": "ko", "year": None,
                        "tags": ("카페", "밤"), "score": 0.5, "playlists": (), "shared": (), "locked": False} | more)


SONGS = [song('He said, "no"', year=2001), song("=HYPERLINK(1)", "+82"), song("＝SUM(1)", "-"), song("줄\n바꿈", "@here")]


def read(kind, songs=SONGS, lang="ko"):
    return services.export_playlist("카페, 밤", ["카페", "비 오는 날"], songs, kind, lang)


def test_a_csv_parses_back_and_runs_no_formula():
    data = read("csv")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [row["title"] for row in rows] == ['He said, "no"', "'=HYPERLINK(1)", "'＝SUM(1)", "줄\n바꿈"]
    assert [row["artist"] for row in rows] == ["가수", "'+82", "'-", "'@here"]
    assert [row["no"] for row in rows] == list("1234") and rows[0]["year"] == "2001" and rows[1]["year"] == ""
    assert rows[0]["tags"] == "카페|밤" and rows[0]["link"].startswith("https://")


def test_json_parses_back():
    found = json.loads(read("json"))
    assert found["title"] == "카페, 밤" and found["tags"] == ["카페", "비 오는 날"] and [each["title"] for each in found["songs"]] == [s.title for s in SONGS]


def test_m3u8_has_two_lines_a_song():
    lines = read("m3u8").decode().splitlines()
    assert lines[:3] == ["#EXTM3U", "#EXTENC: UTF-8", "#PLAYLIST:카페, 밤"] and len(lines) == 3 + 2 * len(SONGS)
    assert lines[-2] == "#EXTINF:-1,@here - 줄 바꿈" and all(line.startswith("https://") for line in lines[4::2])


@pytest.mark.parametrize(("lang", "note"), [("ko", "3:30분"), ("en", "3:30 minutes")])
def test_a_description_has_a_time_a_song_and_says_that_it_is_guessed(lang, note):
    text = read("description", [song(f"노래 {number}") for number in range(20)], lang).decode()
    stamps = re.findall(r"^([\d:]+) 가수 - 노래", text, re.MULTILINE)
    assert stamps[:3] == ["00:00", "03:30", "07:00"] and stamps[-1] == "1:06:30" and len(stamps) == 20
    assert note in text and text.rstrip().endswith("#카페 #비오는날")


def test_another_kind_of_file_is_refused():
    with pytest.raises(DataError) as caught:
        read("xlsx")
    assert "csv" in caught.value.message("en")
