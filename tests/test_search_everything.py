"""One search for everything: by artist, title and tag, each kind, and only what the actor may see."""

from __future__ import annotations

import time

import pytest
from made_dossiers import (
    ADMIN,
    JUNO,
    MINA,
    audition,
    demo,
    everything,
    image,
    playlist,
    prediction,
    song_of,
    track,
)

from recommender import vocabulary
from usecases.dossier import new_dossier_song
from usecases.search import KINDS, search_everything, tags_of


@pytest.fixture
def song(export, query, tmp_path):
    return demo(export, query, tmp_path)


def found(actor, text, **options):
    return {group.kind: group for group in search_everything(actor, text, **options)}


@pytest.mark.parametrize("text", ["Palette", "palette", "IU palette", "palette iu", "pal", " ＰＡＬＥＴＴＥ "])
def test_a_song_is_found_by_title_and_artist(song, text):
    one, = found(MINA, text)["song"].rows
    assert (one.title, one.detail, one.page, dict(one.query), one.song_id) == ("Palette", "IU", "song_dossier", {"song": str(song)}, song)


def test_an_artist_opens_the_radar(song):
    one, = found(MINA, "iu")["artist"].rows
    assert (one.title, one.page, dict(one.query)) == ("IU", "growth_radar", {"artist": "IU"})
    assert "artist" not in found(MINA, "band")  # of the catalogue alone: no readings to show


def test_titles_that_are_just_the_words_come_first(song, query):
    for title in ("Palette Again", "My Palette", "palettes"):
        new_dossier_song(MINA, "Zed", title)
    assert [row.title for row in found(MINA, "palette")["song"].rows][0] == "Palette"
    assert [row.title for row in found(MINA, "palette")["song"].rows][-1] == "My Palette"


@pytest.mark.parametrize(("text", "count", "lang", "label"), [("카페", 7, "ko", "카페"), (vocabulary().label("카페", "en").upper(), 7, "en", vocabulary().label("카페", "en")), ("#카페", 7, "ko", "카페"),
                                                              ("카페 설렘", 7, "ko", "카페, 설렘"), ("신나는", 6, "ko", "신나는")])
def test_songs_are_found_by_tag_in_both_languages(song, text, count, lang, label):
    group = found(MINA, text, lang=lang)["tag"]
    assert (group.count, len(group.rows)) == (count, 5)
    assert group.rows[0].page == "song_dossier" and group.rows[0].detail.casefold().endswith(label.casefold())


def test_words_of_which_one_is_no_tag_are_no_tags(song):
    assert tags_of("카페 zzz") == [] and "tag" not in found(MINA, "카페 zzz")
    assert "tag" not in found(MINA, "카페 운동")  # no song has both


def test_the_actors_own_things_are_found_by_kind(song, query):
    made = everything(query, 7, song)
    query("UPDATE playlists SET title = 'Palette songs', tags = ARRAY['night drive'] WHERE id = :id", id=made.playlist)
    query("UPDATE bgm_tracks SET title = 'Palette music'")
    groups = found(MINA, "palette")
    assert [group for group in groups] == [kind for kind in KINDS if kind not in ("artist", "tag", "picture")]
    where = {kind: (groups[kind].rows[0].page, dict(groups[kind].rows[0].query)) for kind in groups}
    assert where["audition"] == ("ai_judges", {"tab": "audition", "audition": str(made.audition)})
    assert where["prediction"] == ("hit_prediction", {"tab": "analyse", "prediction": str(made.prediction)})
    assert where["playlist"] == ("playlist_maker", {"saved": str(made.playlist)})
    batch = query("SELECT batch_id FROM bgm_tracks")[0][0]
    assert where["bgm"] == ("text_to_bgm", {"batch": str(batch)})
    assert groups["audition"].rows[0].song_id == song and set(found(MINA, "NIGHT drive")) == {"playlist"}
    assert set(found(MINA, "calm piano")) == {"bgm"}


def test_pictures_are_found_by_their_tags(song, query):
    mine = image(query, 7, "비오는날", "카페")
    image(query, 7, "카페")
    image(query, 8, "비오는날")
    group = found(MINA, "비오는날")["picture"]
    assert (group.count, group.rows[0].page, dict(group.rows[0].query)) == (1, "image_to_music", {"image": str(mine)})
    query("UPDATE image_tags SET weight = 0 WHERE tag = '비오는날'")
    assert "picture" not in found(MINA, "비오는날")


def test_nothing_of_another_user_is_found(song, query):
    secret = new_dossier_song(JUNO, "Hidden Band", "Hidden Song")
    everything(query, 8, secret, title="Hidden Song", artist="Hidden Band")
    query("UPDATE playlists SET title = 'Hidden list'")
    query("UPDATE bgm_tracks SET title = 'Hidden music'")
    assert set(found(JUNO, "hidden")) == {"song", "audition", "prediction", "playlist", "bgm"}
    for actor in (MINA, ADMIN):
        assert search_everything(actor, "hidden") == ()
    prediction(query, 8, secret, title="Hidden Song", public=True)
    group = found(MINA, "hidden")
    assert set(group) == {"prediction"} and group["prediction"].rows[0].song_id is None


def test_deleted_music_is_not_found(song, query):
    track(query, 7, song, title="Palette music")
    query("UPDATE bgm_tracks SET deleted_at = now()")
    assert "bgm" not in found(MINA, "palette")


def test_wildcards_quotes_and_control_characters_are_plain_text(song, query):
    audition(query, 7, song, title="100% 'sure'; --")
    assert len(found(MINA, "100%")["audition"].rows) == 1 and len(found(MINA, "'sure';")["audition"].rows) == 1
    for text in ("_", "p_lette", "pal%", "'; DROP TABLE songs; --", "\x00", "", "   ", "\\", "\x00palette\x00"):
        kinds = set(found(MINA, text))
        assert kinds == ({"song"} if "palette" in text or text == "pal%" else set()), text
    assert query("SELECT count(*) FROM songs")[0][0] == 13


def test_a_limit_cuts_rows_not_the_count(song, query):
    for number in range(8):
        playlist(query, 7, song, title=f"Palette {number}")
    group = found(MINA, "palette", limit=3)["playlist"]
    assert (group.count, [row.title for row in group.rows]) == (8, ["Palette 7", "Palette 6", "Palette 5"])


def test_it_is_quick_with_many_songs(song, query):
    query("INSERT INTO artists (key, norm_key, display_name, outlook_stale) "
          "SELECT 'Many ' || i, 'many' || i, 'Many ' || i, false FROM generate_series(1, 4000) i")
    query("""INSERT INTO songs (artist_id, key, norm_title, title)
             SELECT a.id, 't' || i, 'title' || i || md5(a.key), 'Title ' || i FROM artists a, generate_series(1, 5) i
             WHERE a.key LIKE 'Many %'""")
    query("""INSERT INTO catalogue_entries (song_id, genre, situation, haystack, source)
             SELECT id, '발라드', ARRAY['카페'], '', 'x' FROM songs WHERE key LIKE 't%'""")
    for text in ("title", "palette", "카페"):
        search_everything(MINA, text)
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            groups = search_everything(MINA, text)
            taken.append(time.perf_counter() - start)
        assert groups and min(taken) < 0.3, (text, taken)  # 20,000 songs; measured a tenth of it
    assert found(MINA, "title")["song"].count == 1_000 and song_of(query, "Palette") == song
