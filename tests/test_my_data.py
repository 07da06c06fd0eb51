"""Everything a user owns as a ZIP: no table is forgotten, nothing of anybody else is in it, no secret leaves."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import tracemalloc
import zipfile

import pytest
from cachetools import TTLCache
from made_dossiers import ADMIN, JUNO, MINA, image, jpeg
from made_dossiers import everything as _everything
from made_dossiers import people as _people
from signing import THERE

import config
import db
from accounts import Actor
from locales import texts
from queries import my_data as queries
from queries.my_data import SECRET, TABLES
from support.errors import Cancelled, DataError, NotFound
from usecases import jobs, my_data, picture_store, sign_in

NOT_THEIRS = {
    ("images", "removed_by"), ("posts", "removed_by"), ("comments", "removed_by"),
    ("reports", "resolved_by"),  # a moderator's act upon another's: it is in the audit log
    ("catalogue_entries", "edited_by"),  # the catalogue is everybody's; the edit is in the audit log
    ("sync_runs", "actor_id"), ("catalogue_imports", "actor_id"), ("playlist_imports", "actor_id"),  # likewise
}
"""Columns that name a user in rows that are not that user's."""
WHO = re.compile(r"(owner|author|user|reporter|actor)_id|\w+_by")


@pytest.fixture
def mina(clean, query):
    _people(query)
    my_data.forget_my_data(7)
    return MINA


def packed(actor):
    """Pack, wait for the job, and return what is in the ZIP by name."""
    job = my_data.submit_my_data(actor)
    deadline = time.monotonic() + 30
    while (found := jobs.get_job(actor, job.id)).active and time.monotonic() < deadline:
        time.sleep(0.02)
    assert found.state == "done", (found.state, found.error_code, found.error_values)
    with zipfile.ZipFile(my_data.my_data_file(actor, job.id)) as box:
        assert box.testzip() is None
        assert len(set(box.namelist())) == len(box.namelist())
        return {name: box.read(name) for name in box.namelist()}


def table(box, name):
    return json.loads(box[f"{name}.json"])


# --- no table is forgotten ----------------------------------------------------------------------------------------


def test_every_table_that_names_a_user_is_packed(clean, query):
    keys = query("""SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
                    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
                    WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass""")
    named = {(name, column) for name, columns in columns_of().items() for column in columns if WHO.fullmatch(column)}
    packed_tables = {each.name: each.where for each in TABLES}
    forgotten = {(name, column) for name, column in {*keys, *named} - NOT_THEIRS
                 if not re.search(rf"\b{column}\b", packed_tables.get(name, "")) and column != "embedded_by"}
    assert forgotten == set()


def test_every_table_that_hangs_on_a_packed_one_is_packed(clean, query):
    hanging = query("""SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
                       WHERE contype = 'f' AND confdeltype = 'c'""")
    ours = {each.name for each in TABLES} - {"users"}
    assert {child for child, parent in hanging if parent in ours} - ours == set()


def test_every_file_in_the_database_is_packed(clean):
    files = {(each.name, column) for each in TABLES for column in each.files if column != "object_key"}
    blobs = {(name, column) for name, columns in columns_of().items() for column, kind in columns.items()
             if kind == "bytea" and name in {each.name for each in TABLES}}
    assert files == blobs


def test_every_song_that_rows_speak_of_is_named(clean):
    speaking = {each.name for each in TABLES if "song_id" in columns_of()[each.name]} - {"recommendations"}
    assert {name for name in speaking if not re.search(rf"FROM {name}\b", queries.SONGS)} == set()


def test_every_table_and_folder_is_explained_in_both_languages():
    wanted = [f"my_data.table.{each.name}" for each in TABLES]
    wanted += [f"my_data.folder.{folder}" for each in TABLES for folder in each.files.values()]
    assert [key for lang in ("ko", "en") for key in wanted if key not in texts(lang)] == []


def columns_of():
    with db.begin() as connection:
        return queries.columns(connection)


# --- what is in it ------------------------------------------------------------------------------------------------


def song(query):
    artist = query("INSERT INTO artists (key, norm_key, display_name) VALUES ('IU', 'iu', 'IU') RETURNING id")[0][0]
    return query("""INSERT INTO songs (artist_id, key, norm_title, title) VALUES (:artist, 'p', 'palette', 'Palette')
                    RETURNING id""", artist=artist)[0][0]


def test_it_holds_what_is_ones_own_and_nothing_else(mina, query):
    palette = song(query)
    mine, theirs = _everything(query, 7, palette), _everything(query, 8, palette)
    box = packed(mina)
    for name, kind in (("auditions", "audition"), ("predictions", "prediction"), ("playlist_pictures", "thumbnail"),
                       ("bgm_tracks", "track"), ("playlists", "playlist")):
        ids = [row["id"] for row in table(box, name)]
        assert ids == [getattr(mine, kind)] and getattr(theirs, kind) not in ids
    assert [row["nickname"] for row in table(box, "users")] == ["mina"]
    assert table(box, "songs") == [{"id": palette, "artist": "IU", "title": "Palette"}]
    assert "juno" not in "".join(data.decode("utf-8", "ignore") for data in box.values())


def test_files_are_byte_for_byte_and_named_in_their_rows(mina, query):
    palette = song(query)
    made = _everything(query, 7, palette)
    image(query, 7, "night")
    box = packed(mina)
    thumbnail = table(box, "playlist_pictures")[0]["picture"]
    assert thumbnail == f"thumbnails/{made.thumbnail}_Palette.jpg" and box[thumbnail] == jpeg()
    assert box[table(box, "bgm_tracks")[0]["ogg"]] == b"OggS" and table(box, "bgm_tracks")[0]["midi"] is None
    recording = table(box, "tracks")[0]["data"]
    assert recording.endswith("_a.wav") and box[recording] == b"\0"
    assert box[table(box, "images")[0]["jpeg"]] == b"\0" and table(box, "images")[0]["object_key"] is None
    folders = {name.partition("/")[0] for name in box if "/" in name}
    assert folders == {"thumbnails", "music", "recordings", "pictures"}


def test_rows_are_as_they_are_stored_but_for_secrets(mina, query):
    _everything(query, 7, song(query))
    query("INSERT INTO sign_ins (user_id, token_sha256, expires_at) VALUES (7, 'hidden', now())")
    query("UPDATE users SET password_hash = 'hidden' WHERE id = 7")
    query("UPDATE playlists SET token = 'hidden' WHERE owner_id = 7")
    box = packed(mina)
    assert b"hidden" not in b"".join(box.values())
    for each in TABLES:
        for row in table(box, each.name):
            assert set(row) == set(columns_of()[each.name]) - SECRET
    moment = table(box, "playlists")[0]["created_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", moment)


def test_korean_and_hostile_titles_stay_in_their_folders(mina, query):
    palette = song(query)
    for title in ("새벽 우편함 🌙", "../../etc/passwd", "a/b\\c:d*e?", "=1+1", "x" * 500, ""):
        query("""INSERT INTO playlist_pictures (owner_id, song_id, title, seed, painter, plan, kind, picture)
                 VALUES (7, :song, :title, 0, 'artwork', '{}', 'png', '\\x01')""", song=palette, title=title)
    names = [name for name in packed(mina) if name.startswith("thumbnails/")]
    assert len(names) == 6 and all(re.fullmatch(r"thumbnails/\d+(_\w+)?\.png", name) for name in names)
    assert any("새벽_우편함" in name for name in names) and max(map(len, names)) < 100


def test_the_readme_says_in_both_languages_what_is_there(mina, query):
    _everything(query, 7, song(query))
    box = packed(mina)
    korean, english = box["README.ko.txt"].decode("utf-8-sig"), box["README.en.txt"].decode("utf-8-sig")
    assert "mina" in korean and "계정" in korean and "auditions.json (1)" in english and "alert_rules" not in english
    named = set(re.findall(r"- (\w+)\.json", english))
    assert named == set(re.findall(r"- (\w+)\.json", korean)) and all(f"{name}.json" in box for name in named)


def test_who_has_nothing_gets_their_account_and_empty_tables(mina):
    box = packed(mina)
    assert table(box, "auditions") == [] and len(table(box, "users")) == 1
    assert {name for name in box if "/" in name} == set()


def test_a_picture_that_the_bucket_lost_is_named_as_missing(mina, query, monkeypatch):
    query("""INSERT INTO images (owner_id, sha256, format, width, height, object_key, tagger)
             VALUES (7, 'a', 'JPEG', 8, 8, 'there/1', 'here'), (7, 'b', 'JPEG', 8, 8, 'gone/2', 'here')""")

    def read(pixels, key):
        if key.startswith("gone"):
            raise NotFound("picture.gone")
        return b"pixels of " + key.encode()

    monkeypatch.setattr(picture_store, "read", read)
    box = packed(mina)
    files = [name for name in box if name.startswith("pictures/")]
    assert len(files) == 1 and box[files[0]] == b"pixels of there/1"
    missing = json.loads(box["missing.json"])
    assert len(missing) == 1 and missing[0]["table"] == "images" and "missing.json" in box["README.en.txt"].decode()
    assert my_data.my_data(mina).missing == 1 and my_data.my_data(mina).files == 1


# --- whose it is, and for how long --------------------------------------------------------------------------------


def test_nobody_else_can_fetch_it_not_even_an_administrator(mina):
    packed(mina)
    job = my_data.my_data(mina).job
    for other in (ADMIN, JUNO, Actor(0, "viewer", "guest")):
        with pytest.raises(NotFound) as caught:
            my_data.my_data_file(other, job.id)
        assert caught.value.code == "my_data.gone"
    assert my_data.my_data(JUNO) is None and my_data.my_data(ADMIN) is None


def test_a_ticket_leads_to_it_with_the_owners_sign_in(mina, mode, query):
    """Not with another's, not with an administrator's, not without one, and not with half of it."""
    mode()
    query("UPDATE users SET kind = 'member' WHERE id IN (7, 8) RETURNING id")
    packed(mina)
    job = my_data.my_data(mina).job
    ticket = my_data.my_data_ticket(mina, job.id, "mine.zip")
    assert ticket == my_data.my_data_ticket(mina, job.id, "내 것.zip") and len(ticket) > 32
    tokens = {}
    for owner in (7, 8, 1):
        tokens[owner] = sign_in._open(query_user(query, owner), THERE, 1.0, old_token=None, act="sign_in").token
    found, name = my_data.my_data_by_ticket(ticket, tokens[7], local=False)
    assert (found, name) == (my_data.my_data_file(mina, job.id), "내 것.zip")
    for word, token in ((ticket, tokens[8]), (ticket, tokens[1]), (ticket, None), (ticket, "x" * 43),
                        (ticket[:-1], tokens[7]), (f"{job.id}-", tokens[7]), (f"{job.id}", tokens[7]),
                        (f"{job.id + 1}-{ticket.partition('-')[2]}", tokens[7]), ("한글-글", tokens[7]), ("", tokens[7])):
        with pytest.raises(NotFound) as caught:
            my_data.my_data_by_ticket(word, token, local=False)
        assert caught.value.code == "my_data.link"
    for other in (ADMIN, JUNO):
        with pytest.raises(NotFound):
            my_data.my_data_ticket(other, job.id, "theirs.zip")


def query_user(query, user_id):
    return dict(zip(("id", "role", "nickname", "kind"),
                    query("SELECT id, role, nickname, kind FROM users WHERE id = :id", id=user_id)[0], strict=True))


def test_a_ticket_is_over_in_time_and_with_its_file(mina, mode, monkeypatch):
    mode("oidc")  # an identity provider keeps a cookie of its own: the ticket alone counts
    packed(mina)
    job, moment = my_data.my_data(mina).job, [0.0]
    monkeypatch.setattr(my_data, "_tickets", TTLCache(10, my_data.TICKET_S, timer=lambda: moment[0]))
    ticket = my_data.my_data_ticket(mina, job.id, "mine.zip")
    moment[0] = my_data.TICKET_S - 1
    assert my_data.my_data_ticket(mina, job.id, "mine.zip") == ticket  # drawn again: it lasts anew
    moment[0] = 2 * my_data.TICKET_S - 2
    assert my_data.my_data_by_ticket(ticket, None, local=False)[0].is_file()
    moment[0] = 2 * my_data.TICKET_S
    with pytest.raises(NotFound):
        my_data.my_data_by_ticket(ticket, None, local=False)
    fresh = my_data.my_data_ticket(mina, job.id, "mine.zip")
    assert fresh != ticket
    my_data.forget_my_data(mina.id)
    with pytest.raises(NotFound):
        my_data.my_data_by_ticket(fresh, None, local=False)


def test_it_is_removed_after_a_day(mina):
    packed(mina)
    view = my_data.my_data(mina)
    path = my_data.my_data_file(mina, view.job.id)
    assert view.ready and abs(view.until.timestamp() - time.time() - my_data.KEPT_S) < 60
    assert view.bytes == path.stat().st_size and view.rows > 0
    old = time.time() - my_data.KEPT_S - 1
    os.utime(path, (old, old))
    assert not my_data.my_data(mina).ready
    with pytest.raises(NotFound):
        my_data.my_data_file(mina, view.job.id)
    assert my_data.sweep_my_data() == 0 and not path.exists()


def test_a_newer_one_takes_its_place_and_an_account_takes_it_along(mina):
    packed(mina)
    first = my_data.my_data_file(mina, my_data.my_data(mina).job.id)
    packed(mina)
    second = my_data.my_data_file(mina, my_data.my_data(mina).job.id)
    assert not first.exists() and second.exists()
    my_data.forget_my_data(mina.id)
    assert not second.exists() and not my_data.my_data(mina).ready


def test_an_account_that_goes_meanwhile_leaves_no_file(mina, query):
    progress = Told(lambda: query("DELETE FROM users WHERE id = 7"), at=1)
    with pytest.raises(NotFound):
        my_data._pack(mina, progress)
    assert list((config.load().data_dir / "my_data" / "7").glob("*")) == []


def test_a_result_that_was_tampered_with_leads_nowhere(mina, query):
    packed(mina)
    job = my_data.my_data(mina).job
    for name in ("../../secrets.zip", "/etc/passwd", "", "x.zip", "0" * 32 + ".zip"):
        query("UPDATE jobs SET result = jsonb_build_object('file', CAST(:name AS text)) WHERE id = :id", name=name,
              id=job.id)
        with pytest.raises(NotFound):
            my_data.my_data_file(mina, job.id)


class Told:
    """Progress that does something when it was asked `at` times."""

    def __init__(self, act, at):
        self.act, self.at, self.asked, self.notes = act, at, 0, []

    def check(self):
        self.asked += 1
        if self.asked == self.at:
            self.act()

    def report(self, done, total, note=""):
        self.notes.append((done, total, note))


def test_it_can_be_cancelled_and_leaves_nothing_behind(mina, query):
    _everything(query, 7, song(query))

    def stop():
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        my_data._pack(mina, Told(stop, at=2))
    assert list((config.load().data_dir / "my_data" / "7").glob("*")) == []


def test_progress_ends_where_it_said(mina, query):
    query("""INSERT INTO likes (owner_id, kind, item) SELECT 7, 'song', CAST(n AS text)
             FROM generate_series(1, 175) AS n""")
    progress = Told(lambda: None, at=0)
    my_data._pack(mina, progress)
    done = [each[0] for each in progress.notes]
    assert done == sorted(done) and progress.notes[-1][0] == progress.notes[-1][1] and len(done) > 3


def test_one_at_a_time(mina, monkeypatch):
    import threading
    gate = threading.Event()
    pack = my_data._pack
    monkeypatch.setattr(my_data, "_pack", lambda *args: gate.wait(10) and pack(*args))
    first = my_data.submit_my_data(mina)
    second = my_data.submit_my_data(mina)
    gate.set()
    assert first.id == second.id


def test_a_full_disk_is_said_beforehand(mina, query, monkeypatch):
    monkeypatch.setattr(my_data, "SPARE", 1 << 60)
    with pytest.raises(DataError) as caught:
        my_data.submit_my_data(mina)
    assert caught.value.code == "my_data.room" and my_data.my_data(mina) is None


def test_who_has_no_account_gets_nothing(mina, query):
    with pytest.raises(NotFound):
        my_data.submit_my_data(Actor(0, "viewer", "guest"))
    assert query("SELECT count(*) FROM jobs") == [(0,)]


def test_memory_does_not_grow_with_files(mina, query):
    size = 24 << 20
    query("""INSERT INTO tracks (owner_id, sha256, name, bytes, data)
             VALUES (7, 'x', 'big.wav', :size, decode(repeat('00ff10a5', :size / 4), 'hex'))""", size=size)
    progress = Told(lambda: None, at=0)
    tracemalloc.start()
    result = my_data._pack(mina, progress)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result["files"] == 1 and peak < size / 2
    path = config.load().data_dir / "my_data" / "7" / result["file"]
    with zipfile.ZipFile(path) as box:
        name = next(name for name in box.namelist() if name.startswith("recordings/"))
        assert hashlib.sha256(box.read(name)).digest() == hashlib.sha256(bytes.fromhex("00ff10a5") * (size // 4)).digest()
