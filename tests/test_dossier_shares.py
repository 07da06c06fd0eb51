"""Links to a dossier: what they show, to whom, for how long; all that no longer hold look alike."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from made_dossiers import ADMIN, JUNO, MINA, VIK, demo, everything, jpeg, playlist, thumbnail, track

from support.errors import DataError, NotAllowed, NotFound
from usecases import dossier_shares
from usecases.dossier import new_dossier_song
from usecases.dossier_shares import (
    dossier_audio,
    dossier_by_link,
    dossier_picture,
    linked_owner,
    list_dossier_shares,
    revoke_dossier_share,
    share_dossier,
)


@pytest.fixture
def song(export, query, tmp_path):
    return demo(export, query, tmp_path)


def gone(act):
    """Return code, values and both texts of what is raised: what is alike is alike in all of them."""
    with pytest.raises(NotFound) as caught:
        act()
    error = caught.value
    return error.code, error.values, error.message("ko"), error.message("en")


def test_a_link_shows_its_owners_dossier_read_only(song, query):
    made, theirs = everything(query, 7, song), everything(query, 8, song)
    token = share_dossier(MINA, song).token
    found = dossier_by_link(token)
    assert (found.song.title, found.own, found.song.lyrics_id, len(found.growth)) == ("Palette", False, None, 2)
    for section, kind in (("auditions", "audition"), ("predictions", "prediction"), ("thumbnails", "thumbnail"),
                          ("tracks", "track"), ("playlists", "playlist")):
        ids = [each.id for each in getattr(found, section)]
        assert ids == [getattr(made, kind)] and getattr(theirs, kind) not in ids


def test_the_token_is_unguessable_and_kept_nowhere(song, query):
    one, other = share_dossier(MINA, song), share_dossier(MINA, song)
    assert one.token != other.token and len(one.token) >= 43  # 32 bytes, 256 bits
    stored = query("SELECT token_sha256 FROM dossier_shares ORDER BY id")
    assert stored[0][0] == hashlib.sha256(one.token.encode()).hexdigest()
    assert one.token not in str(query("SELECT * FROM dossier_shares")) + str(query("SELECT * FROM audit_log"))
    assert [each.token for each in list_dossier_shares(MINA, song)] == [None, None]
    for guess in (stored[0][0], one.token[:-1], one.token + "x", one.token.swapcase(), "", "%", "x" * 10_000, "\udcff"):
        assert gone(lambda guess=guess: dossier_by_link(guess))[0] == "dossier.link_gone"


def test_it_holds_for_the_days_asked_for(song):
    share = share_dossier(MINA, song, days=7)
    assert abs(share.expires_at - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    assert share.expires_at > share.created_at and share.revoked_at is None


@pytest.mark.parametrize("days", [0, -1, 366, 10**9])
def test_days_that_cannot_be_are_refused(song, query, days):
    with pytest.raises(DataError) as caught:
        share_dossier(MINA, song, days=days)
    assert caught.value.code == "dossier.days" and query("SELECT count(*) FROM dossier_shares") == [(0,)]


def test_revoked_expired_and_unknown_links_are_alike(song, query):
    made = everything(query, 7, song)
    revoked, expired, disabled = (share_dossier(MINA, song) for _ in range(3))
    revoke_dossier_share(MINA, revoked.id)
    query("UPDATE dossier_shares SET created_at = now() - interval '2 days', expires_at = now() - interval '1 second' "
          "WHERE id = :id", id=expired.id)
    unknown = gone(lambda: dossier_by_link("A" * 43))
    assert unknown[0] == "dossier.link_gone"
    for act in (dossier_by_link, lambda token: linked_owner(token, song), lambda token: dossier_picture(VIK, made.thumbnail, token),
                lambda token: dossier_audio(VIK, made.track, token)):
        assert gone(lambda act=act: act(revoked.token)) == gone(lambda act=act: act(expired.token)) == unknown
    query("UPDATE users SET disabled_at = now() WHERE id = 7")
    assert gone(lambda: dossier_by_link(disabled.token)) == unknown
    assert query("SELECT sum(opened) FROM dossier_shares") == [(0,)]


def test_a_link_of_a_song_that_was_deleted_is_alike_too(song, query):
    token = share_dossier(MINA, song).token
    query("DELETE FROM songs WHERE id = :id", id=song)
    assert gone(lambda: dossier_by_link(token)) == gone(lambda: dossier_by_link("A" * 43))


def test_openings_are_counted_pictures_are_not(song, query):
    picture = thumbnail(query, 7, song)
    token = share_dossier(MINA, song).token
    for _ in range(3):
        dossier_by_link(token)
    dossier_picture(VIK, picture, token)
    assert [each.opened for each in list_dossier_shares(MINA, song)] == [3]


def test_links_are_their_owners(song, query):
    mine = share_dossier(MINA, song)
    assert list_dossier_shares(JUNO, song) == list_dossier_shares(ADMIN, song) == ()
    for actor, share in ((JUNO, mine.id), (ADMIN, mine.id), (MINA, 987654)):
        assert gone(lambda actor=actor, share=share: revoke_dossier_share(actor, share))[0] == "dossier.share_gone"
    assert dossier_by_link(mine.token).song.id == song
    revoke_dossier_share(MINA, mine.id)
    first = list_dossier_shares(MINA, song)[0].revoked_at
    revoke_dossier_share(MINA, mine.id)
    assert first is not None and list_dossier_shares(MINA, song)[0].revoked_at == first


def test_a_song_one_cannot_see_cannot_be_shared(song):
    secret = new_dossier_song(JUNO, "Secret Band", "Secret Song")
    for there in (secret, 987654):
        assert gone(lambda there=there: share_dossier(MINA, there))[0] == "dossier.gone"
    assert dossier_by_link(share_dossier(JUNO, secret).token).song.title == "Secret Song"


def test_viewers_make_no_links(song, query):
    with pytest.raises(NotAllowed):
        share_dossier(VIK, song)
    assert query("SELECT count(*) FROM dossier_shares") == [(0,)]


def test_links_of_one_song_are_limited_to_those_that_hold(song, monkeypatch):
    monkeypatch.setattr(dossier_shares, "MOST_HELD", 2)
    first, _ = share_dossier(MINA, song), share_dossier(MINA, song)
    with pytest.raises(DataError) as caught:
        share_dossier(MINA, song)
    assert caught.value.code == "dossier.many_links"
    share_dossier(JUNO, song)
    revoke_dossier_share(MINA, first.id)
    share_dossier(MINA, song)


# --- pictures and sound -------------------------------------------------------------------------------------------


def test_pictures_and_sound_are_their_owners_or_of_the_link(song, query):
    other = query("SELECT id FROM songs WHERE title = 'Near 1'")[0][0]
    picture, sound = thumbnail(query, 7, song, data=jpeg("green")), track(query, 7, song, ogg=b"OggS mine")
    assert dossier_picture(MINA, picture) == jpeg("green") and dossier_audio(MINA, sound) == b"OggS mine"
    token, elsewhere, theirs = (share_dossier(*each).token for each in ((MINA, song), (MINA, other), (JUNO, song)))
    for actor in (JUNO, VIK):
        assert dossier_picture(actor, picture, token) == jpeg("green")
        assert dossier_audio(actor, sound, token) == b"OggS mine"
    for actor, key in ((JUNO, None), (ADMIN, None), (JUNO, elsewhere), (JUNO, theirs), (VIK, theirs)):
        assert gone(lambda actor=actor, key=key: dossier_picture(actor, picture, key))[0] == "playlist.picture_gone"
        assert gone(lambda actor=actor, key=key: dossier_audio(actor, sound, key))[0] == "bgm.gone"


def test_what_is_in_no_dossier_is_in_no_link(song, query):
    token = share_dossier(MINA, song).token
    for picture in (thumbnail(query, 7, None), thumbnail(query, 8, song), 987654):
        assert gone(lambda picture=picture: dossier_picture(VIK, picture, token))[0] == "playlist.picture_gone"
    deleted, failed, loose = (track(query, 7, each) for each in (song, song, None))
    query("UPDATE bgm_tracks SET deleted_at = now() WHERE id = :id", id=deleted)
    query("UPDATE bgm_tracks SET state = 'failed' WHERE id = :id", id=failed)
    for sound in (deleted, failed, loose, 987654):
        assert gone(lambda sound=sound: dossier_audio(VIK, sound, token))[0] == "bgm.gone"


def test_playlists_of_others_are_in_no_link(song, query):
    playlist(query, 8, song, title="Juno's own")
    playlist(query, None, song, title="Starter")
    assert [each.title for each in dossier_by_link(share_dossier(MINA, song).token).playlists] == ["Starter"]
