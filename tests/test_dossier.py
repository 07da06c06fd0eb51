"""A song's dossier: what is in it, whose, how fast; songs made by hand; things tied to a song."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from made_dossiers import (
    ADMIN,
    DAYS,
    JUNO,
    MINA,
    VIK,
    audition,
    demo,
    everything,
    playlist,
    prediction,
    thumbnail,
    track,
)

from accounts import Actor
from support.errors import DataError, NotAllowed, NotFound
from usecases import dossier as usecase
from usecases.dossier import (
    attach_prediction,
    attach_thumbnail,
    get_dossier,
    list_dossier_songs,
    new_dossier_song,
)
from usecases.dossier_results import empty_of


@pytest.fixture
def song(export, query, tmp_path):
    return demo(export, query, tmp_path)


def test_all_there_is_of_a_song(song, query):
    made = everything(query, 7, song)
    starter = playlist(query, None, song, title="Starter")
    found = get_dossier(MINA, song)
    assert (found.song.artist, found.song.title, found.song.album, found.song.year) == ("IU", "Palette", "Palette", 2017)
    assert found.own and empty_of(found) == ()
    assert [each.id for each in found.auditions] == [made.audition]
    assert (found.auditions[0].total, found.auditions[0].verdict, found.auditions[0].offline) == (210, "PASS", False)
    one = found.predictions[0]
    assert (one.id, one.score, one.low, one.high, one.genre) == (made.prediction, 72, 60, 84, "POP")
    # odds 0.01 / 0.99 times e^1.5
    assert one.probability == pytest.approx(0.04331, abs=1e-4)
    assert [(each.id, each.own, each.songs) for each in found.playlists] == [(made.playlist, True, 1), (starter, False, 1)]
    assert [each.id for each in found.thumbnails] == [made.thumbnail]
    assert [(each.id, each.seconds, each.rating) for each in found.tracks] == [(made.track, 30, 4)]
    assert found.counts == {"auditions": 1, "predictions": 1, "playlists": 2, "thumbnails": 1, "tracks": 1}


def test_growth_is_of_the_song_with_a_forecast(song, query):
    youtube, spotify = get_dossier(MINA, song).growth
    assert (youtube.platform, spotify.platform) == ("youtube", "spotify")
    last = date(2026, 1, 1) + timedelta(days=DAYS - 1)
    assert (youtube.total, youtube.on, youtube.gain_30) == (1_000 * (DAYS - 1) + 50_000, last, 30_000)
    assert len(youtube.days) == len(youtube.totals) == DAYS and youtube.totals[0] == 50_000
    # a straight line goes on as a straight line
    assert youtube.forecast == pytest.approx(youtube.total + 30_000, rel=0.02)
    assert youtube.low <= youtube.forecast <= youtube.high and spotify.gain_30 == 15_000


def test_growth_is_of_this_song_alone_and_follows_new_readings(song, export, query):
    from usecases.sync import sync

    export("IU_Other_yt_views.csv", [9_000_000 + day for day in range(DAYS)])
    sync(ADMIN)
    assert get_dossier(MINA, song).growth[0].total < 1_000_000
    export("IU_Palette_yt_views.csv", [1_000 * day + 50_000 for day in range(DAYS + 5)])
    sync(ADMIN)
    assert get_dossier(MINA, song).growth[0].total == 1_000 * (DAYS + 4) + 50_000


def test_a_platform_without_enough_days_has_no_forecast(export, query, tmp_path):
    export("IU_Short_yt_views.csv", [100, 200, 300])
    demo(export, query, tmp_path)
    short = query("SELECT id FROM songs WHERE title = 'Short'")[0][0]
    one, = get_dossier(MINA, short).growth
    assert (one.total, one.forecast, one.low, one.high) == (300, None, None, None) and one.totals == (100, 200, 300)


def test_mood_and_the_songs_nearest_to_it(song):
    mood = get_dossier(MINA, song).mood
    assert mood.genres == ("발라드",) and mood.tags["situation"] == ("카페",) and mood.tags["weather"] == ()
    assert len(mood.similar) == 6 and all(title.startswith("Near") for _, title, *_ in mood.similar)
    assert song not in [row[0] for row in mood.similar]
    assert all(row[3] == pytest.approx(100, abs=0.1) and set(row[4]) == {"카페", "설렘", "잔잔한"} for row in mood.similar)


def test_similar_songs_follow_the_catalogue(song, query, tmp_path):
    from usecases.catalogue_import import import_catalogue

    before = get_dossier(MINA, song).mood.similar
    assert get_dossier(MINA, song).mood.similar == before
    query("DELETE FROM songs WHERE id = :id", id=before[0][0])
    query("UPDATE catalogue_version SET version = version + 1")
    assert before[0][0] not in [row[0] for row in get_dossier(MINA, song).mood.similar]
    path = tmp_path / "more.csv"
    path.write_text("title,artist,genre,album,year,language,situation,emotion,style\n"
                    + "".join(f"New {n},Fresh {n},발라드,,2020,ko,카페,설렘,잔잔한\n" for n in range(3))
                    + "Palette,IU,댄스,Palette,2017,ko,운동,신남,신나는\n", "utf-8")
    import_catalogue(ADMIN, path)
    mood = get_dossier(MINA, song).mood
    assert mood.genres == ("발라드", "댄스") and mood.tags["situation"] == ("카페", "운동")
    assert song not in [row[0] for row in mood.similar] and len(mood.similar) == 6


def test_sections_without_anything_are_empty(song, query):
    bare = new_dossier_song(MINA, "Nobody", "Nothing")
    assert set(empty_of(get_dossier(MINA, bare))) == {"growth", "auditions", "predictions", "mood", "playlists",
                                                      "thumbnails", "tracks"}


def test_a_section_shows_the_newest_and_says_how_many_there_are(song, query):
    ids = [audition(query, 7, song) for _ in range(usecase.SHOWN + 3)]
    found = get_dossier(MINA, song)
    assert [each.id for each in found.auditions] == ids[:-usecase.SHOWN - 1:-1]
    assert found.counts["auditions"] == usecase.SHOWN + 3


def test_what_is_unfinished_or_deleted_is_left_out(song, query):
    everything(query, 7, song)
    query("UPDATE auditions SET state = 'failed'")
    query("UPDATE predictions SET state = 'running'")
    query("UPDATE bgm_tracks SET deleted_at = now()")
    found = get_dossier(MINA, song)
    assert (found.auditions, found.predictions, found.tracks) == ((), (), ())


# --- whose --------------------------------------------------------------------------------------------------------


def test_nothing_of_another_user_is_in_it(song, query):
    everything(query, 8, song)
    prediction(query, 8, song, public=True)
    for actor in (MINA, ADMIN):  # an administrator's dossier is of their own things too
        found = get_dossier(actor, song)
        assert (found.auditions, found.predictions, found.playlists, found.thumbnails, found.tracks) == ((),) * 5
    assert len(get_dossier(JUNO, song).auditions) == 1


def test_a_song_known_only_to_another_is_not_there(song, query):
    entered, heard = (new_dossier_song(JUNO, "Secret Band", f"Secret Song {each}") for each in "AB")
    query("DELETE FROM dossier_songs WHERE song_id = :song", song=heard)
    audition(query, 8, heard)
    assert {each.id for each in list_dossier_songs(JUNO, "secret")} == {entered, heard}
    assert list_dossier_songs(MINA, "secret") == ()
    for secret in (entered, heard):
        assert get_dossier(JUNO, secret).song.artist == "Secret Band"
        with pytest.raises(NotFound) as caught:
            get_dossier(MINA, secret)
        assert caught.value.code == "dossier.gone" and secret not in [each.id for each in list_dossier_songs(MINA)]


@pytest.mark.parametrize("tie", [prediction, thumbnail, track, lambda query, owner, song: playlist(query, owner, song)])
def test_a_guessed_id_tells_no_names(song, query, tie):
    secret = new_dossier_song(JUNO, "Secret Band", "Secret Song")
    tie(query, 7, secret)
    with pytest.raises(NotFound):
        get_dossier(MINA, secret)
    assert list_dossier_songs(MINA, "secret") == () and secret not in [each.id for each in list_dossier_songs(MINA)]


def test_a_song_with_something_tied_to_it_stays_after_its_source_has_gone(song, query):
    starter = playlist(query, None, new_dossier_song(JUNO, "Known Band", "Known Song"), title="Starter")
    known = query("SELECT song_id FROM playlist_songs")[0][0]
    attach_thumbnail(MINA, thumbnail(query, 7, None), known)
    query("DELETE FROM playlists WHERE id = :id", id=starter)
    assert len(get_dossier(MINA, known).thumbnails) == 1


def test_private_lyrics_are_their_owners(song, query):
    from usecases.songs import add_song

    lyrics = add_song(JUNO, "Hidden", "Verse", "words\nmore words")
    hidden = query("SELECT song_id FROM lyrics WHERE id = :id", id=lyrics)[0][0]
    assert get_dossier(JUNO, hidden).song.lyrics_id == lyrics
    with pytest.raises(NotFound):
        get_dossier(MINA, hidden)


def test_a_song_that_never_was(song):
    with pytest.raises(NotFound) as caught:
        get_dossier(MINA, 987654)
    assert caught.value.code == "dossier.gone"


# --- songs --------------------------------------------------------------------------------------------------------


def test_a_new_song_is_found_again_however_it_is_written(song, query):
    first = new_dossier_song(MINA, "  Band  of Two", "Ｆirst Song!")
    assert new_dossier_song(MINA, "band of two", "first song") == first
    assert new_dossier_song(MINA, "iu", "palette") == song
    assert (get_dossier(MINA, first).song.artist, query("SELECT count(*) FROM dossier_songs")) == ("Band of Two", [(2,)])


@pytest.mark.parametrize(("artist", "title"), [("", "x"), ("x", "  "), ("x", "\x00"), ("a" * 201, "x"), ("...", "x")])
def test_names_that_are_none_are_refused(song, artist, title):
    with pytest.raises(DataError) as caught:
        new_dossier_song(MINA, artist, title)
    assert caught.value.code == "dossier.names"


def test_songs_with_most_to_show_come_first(song, query):
    near = query("SELECT id FROM songs WHERE title = 'Near 3'")[0][0]
    everything(query, 7, near)
    everything(query, 8, query("SELECT id FROM songs WHERE title = 'Far 1'")[0][0])
    found = list_dossier_songs(MINA)
    assert [each.id for each in found[:2]] == [near, song] and len(found) == 13
    assert [each.id for each in list_dossier_songs(MINA, limit=1)] == [near]


@pytest.mark.parametrize("search", ["palette", "PALETTE iu", "iu pal", "  ｐalette "])
def test_songs_are_found_by_artist_and_title(song, search):
    assert [each.id for each in list_dossier_songs(MINA, search)][0] == song


def test_a_search_without_a_word_finds_nothing(song):
    assert list_dossier_songs(MINA, "%%%") == () and list_dossier_songs(MINA, "palette absent") == ()


# --- tying things to a song ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "attach", "section"), [(prediction, attach_prediction, "predictions"),
                                                         (thumbnail, attach_thumbnail, "thumbnails")])
def test_own_things_are_tied_to_a_song_and_let_go(song, query, make, attach, section):
    mine, theirs = make(query, 7, None), make(query, 8, None)
    attach(MINA, mine, song)
    assert [each.id for each in getattr(get_dossier(MINA, song), section)] == [mine]
    attach(MINA, mine, None)
    assert getattr(get_dossier(MINA, song), section) == ()
    for thing, there in ((theirs, song), (mine, 987654), (987654, song)):
        with pytest.raises(NotFound):
            attach(MINA, thing, there)
    secret = new_dossier_song(JUNO, "Secret Band", "Secret Song")
    with pytest.raises(NotFound):
        attach(MINA, mine, secret)
    assert getattr(get_dossier(JUNO, song), section) == ()


def test_viewers_look_and_change_nothing(song, query):
    everything(query, 9, song)
    assert len(get_dossier(VIK, song).thumbnails) == 1 and list_dossier_songs(VIK, "palette")
    for act in (lambda: new_dossier_song(VIK, "a", "b"), lambda: attach_thumbnail(VIK, 1, None),
                lambda: attach_prediction(VIK, 1, None)):
        with pytest.raises(NotAllowed):
            act()
    assert query("SELECT count(*) FROM dossier_songs") == [(0,)]


# --- speed --------------------------------------------------------------------------------------------------------


def test_a_warm_dossier_is_quick(song, query):
    for _ in range(3):
        everything(query, 7, song)
    get_dossier(MINA, song)
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        get_dossier(MINA, song)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.3, taken


def test_growth_is_kept_for_a_number_of_songs(song, monkeypatch):
    monkeypatch.setattr(usecase, "MOST_KEPT", 1)
    other = new_dossier_song(Actor(7, "analyst", "mina"), "Nobody", "Nothing")
    get_dossier(MINA, song)
    get_dossier(MINA, other)
    assert list(usecase._growth) == [other]
