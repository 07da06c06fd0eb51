"""Deleting an account: nothing personal is left, others' things stay; visitors nobody came back to are forgotten."""

from __future__ import annotations

import json
import threading
import time

import pytest
from made_dossiers import demo, everything, playlist, song_of
from signing import GOOD, HERE, THERE

import config
import services
from accounts import LOCAL_ADMINISTRATOR, Actor
from queries import leaving as queries
from support.errors import DataError, NotFound
from usecases import jobs

MARK = "Xanthippe"
EMAIL = "xanthippe.k@example.org"
ADDRESS = "192.0.2.77"


def columns(query):
    return query("""SELECT c.table_name, c.column_name FROM information_schema.columns c
                    JOIN information_schema.tables t USING (table_schema, table_name)
                    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
                      AND c.data_type IN ('text', 'jsonb', 'json', 'ARRAY', 'character varying')""")


def places(query, *words):
    """Return the columns of the whole database in which one of some words stands, in whatever case."""
    found = set()
    for table, column in columns(query):
        for word in words:
            if query(f"""SELECT EXISTS (SELECT FROM {table} WHERE strpos(lower("{column}"::text), lower(:word)) > 0)""",
                     word=word)[0][0]:
                found.add(f"{table}.{column}")
    return found


def member(nickname=MARK, email=EMAIL, place=HERE):
    services.sign_up(email, GOOD, nickname, terms=True, place=place)
    return services.sign_in(email, GOOD, place)


def fill(query, actor, song):
    """Give somebody something in every table that can hold a text of theirs."""
    everything(query, actor.id, song, title=f"{MARK}'s take", artist=MARK)
    services.add_song(actor, f"{MARK} Band", f"{MARK} Song", f"la la {MARK}")
    own = services.new_dossier_song(actor, f"{MARK} Duo", f"{MARK} Draft")
    playlist(query, actor.id, song, title=f"{MARK}'s list", tags=[MARK])
    services.change_bio(actor, f"I am {MARK}")
    services.share_dossier(actor, song)
    query("""INSERT INTO audition_batches (owner_id, panel, lang, search, songs)
             VALUES (:id, 'default', 'ko', :mark, '{}')""", id=actor.id, mark=MARK)
    query("INSERT INTO prediction_batches (owner_id, name) VALUES (:id, :mark)", id=actor.id, mark=MARK)
    query("""INSERT INTO playlist_feedback (owner_id, title, songs, request, liked)
             VALUES (:id, :mark, '{}', '{}', true)""" if has(query, "playlist_feedback", "liked") else "SELECT 1 WHERE :id = 0 AND :mark = ''",
          id=actor.id, mark=MARK)
    query("""INSERT INTO images (owner_id, sha256, format, width, height, jpeg, tagger, words, notes)
             VALUES (:id, 'x', 'JPEG', 8, 8, '\\x00', 'here', :mark, '{}')""", id=actor.id, mark=MARK)
    query("""INSERT INTO jobs (kind, state, owner_id, process, params, note, result)
             VALUES ('thumbnail', 'done', :id, 'x', CAST(:json AS jsonb), :mark, CAST(:json AS jsonb)),
                    ('catalogue', 'done', :id, 'x', CAST(:json AS jsonb), :mark, '{"songs": 3}')""",
          id=actor.id, mark=MARK, json=json.dumps({"title": MARK}))
    return own


def has(query, table, column):
    return bool(query("""SELECT 1 FROM information_schema.columns WHERE table_name = :table AND column_name = :column""",
                      table=table, column=column))


def board(query, mina, juno):
    """Let Mina and Juno write: a post of Mina's alone, one with an answer, comments first and last on Juno's post."""
    def post_of(author, title):
        return query("""INSERT INTO posts (author_id, title, body, card_kind, card_item, card)
                        VALUES (:author, :title, :title, 'song', 1, CAST(:card AS jsonb)) RETURNING id""",
                     author=author, title=title, card=json.dumps({"title": title}))[0][0]

    def comment_of(author, on, body):
        return query("INSERT INTO comments (post_id, author_id, body) VALUES (:post, :author, :body) RETURNING id",
                     post=on, author=author, body=body)[0][0]

    alone, answered, junos = post_of(mina, f"{MARK} alone"), post_of(mina, f"{MARK} asks"), post_of(juno, "Juno asks")
    comment_of(juno, answered, "an answer")
    first, _, last = (comment_of(mina, junos, f"{MARK} first"), comment_of(juno, junos, "thanks"),
                      comment_of(mina, junos, f"{MARK} last"))
    for item in (alone, answered):
        query("INSERT INTO reports (kind, item, owner_id, reason, note) VALUES ('post', :item, :juno, 'spam', :note)",
              item=item, juno=juno, note=f"this {MARK} again")
        query("INSERT INTO likes (owner_id, kind, item) VALUES (:juno, 'post', :item)", juno=juno, item=str(item))
    return alone, answered, junos, first, last


def test_nothing_personal_is_left(mode, export, query, tmp_path):
    mode()
    song = demo(export, query, tmp_path)
    services.create_admin("boss@example.org", GOOD, "Boss")
    opened = member(place=services.Place(ADDRESS, f"{MARK}'s browser"))
    mina, juno = opened.actor, Actor(8, "analyst", "juno")
    everything(query, juno.id, song, title="Juno's take", artist="Juno")
    fill(query, mina, song)
    early = everything(query, mina.id, song, title=f"{MARK}'s take", artist=MARK)
    services.delete_audition(mina, early.audition)
    services.delete_bgm(mina, early.track)
    services.delete_prediction(mina, early.prediction)
    services.delete_playlist(mina, early.playlist)
    alone, answered, junos, first, last = board(query, mina.id, juno.id)
    for kind in ("prediction", "playlist"):
        item = query(f"SELECT id FROM {kind}s WHERE owner_id = :id", id=mina.id)[0][0]
        query("INSERT INTO likes (owner_id, kind, item) VALUES (8, :kind, :item)", kind=kind, item=str(item))
    with pytest.raises(DataError):
        services.sign_in(EMAIL, "wrong", THERE)
    services.delete_song(mina, services.add_song(mina, f"{MARK} Solo", f"{MARK} Early Song", "la la"))
    query("UPDATE songs SET created_at = created_at - interval '2 days' WHERE title LIKE '%Early Song'")
    before = places(query, MARK, EMAIL, ADDRESS)
    assert before >= {"users.nickname", "users.email", "users.bio", "songs.title", "artists.display_name",
                      "lyrics.lyrics", "posts.body", "posts.card", "comments.body", "reports.note", "jobs.params",
                      "auditions.title", "predictions.title", "playlists.title", "playlists.tags", "images.words",
                      "sign_ins.address", "sign_ins.device", "prediction_batches.name", "audition_batches.search"}
    others = query("SELECT count(*) FROM auditions WHERE owner_id = 8")

    services.delete_account(mina, GOOD)

    assert places(query, MARK, EMAIL, ADDRESS) == set()
    assert services.actor_by_token(opened.token) is None
    with pytest.raises(DataError, match="not right"):
        services.sign_in(EMAIL, GOOD, HERE)
    assert query("SELECT count(*) FROM auditions WHERE owner_id = 8") == others == [(1,)]
    assert song_of(query, "Palette") == song  # everybody's
    assert query("SELECT id, body, author_id, card FROM posts ORDER BY id") == [
        (answered, "(deleted)", None, None), (junos, "Juno asks", 8, {"title": "Juno asks"})]
    assert query("SELECT id, body, author_id FROM comments WHERE post_id = :post ORDER BY id", post=junos)[0] == (
        first, "(deleted)", None)
    assert query("SELECT count(*) FROM comments WHERE id = :last", last=last) == [(0,)]
    assert query("SELECT count(*) FROM reports") == [(0,)]
    assert query("SELECT kind, item FROM likes") == []
    assert query("SELECT kind, owner_id FROM jobs WHERE kind IN ('thumbnail', 'catalogue') AND process = 'x'") == [
        ("catalogue", None)]
    assert query("SELECT action, object FROM audit_log WHERE actor_id = :id ORDER BY id DESC LIMIT 1", id=mina.id) == [
        ("delete_account", f"user {mina.id}")]
    key = services.sign_up(EMAIL, GOOD, MARK, terms=True, place=HERE)  # address and nickname are free again
    assert not key.needs_code and services.sign_in(EMAIL, GOOD, HERE).actor.id != mina.id


def test_every_table_with_an_owner_goes_along_or_is_seen_to(database, query):
    """A table that is added later must say what happens to its rows."""
    links = query("""SELECT c.conrelid::regclass::text, a.attname, c.confdeltype FROM pg_constraint c
                     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                     WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass""")
    seen_to = {("posts", "author_id"), ("comments", "author_id"), ("jobs", "owner_id")}
    assert {(table, column) for table, column, deleted in links
            if deleted != "c" and not column.endswith("_by")} == seen_to
    songs = query("""SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'
                     AND confrelid = 'songs'::regclass""")
    of_the_song = {"track_info", "song_videos"}
    assert {table for (table,) in songs} - of_the_song <= set(queries._KEPT)
    tied = {table for table, column, deleted in links if deleted == "c"} & {table for (table,) in songs}
    assert all(f"FROM {table} WHERE owner_id" in queries._TIED for table in tied)


def test_visitors_who_own_nothing_are_forgotten_and_owners_are_not(mode, query):
    mode("off")
    idle, owner, fresh = (services.open_anonymous(HERE).actor for _ in range(3))
    owned = query("""SELECT c.conrelid::regclass::text FROM pg_constraint c JOIN pg_attribute a
                         ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                     WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass AND a.attname = 'owner_id'""")
    query("INSERT INTO likes (owner_id, kind, item) VALUES (:id, 'song', '1')", id=owner.id)
    query("UPDATE users SET seen_at = now() - interval '31 days' WHERE id = ANY(:ids)", ids=[idle.id, owner.id])
    assert services.tidy_accounts() == 1
    left = {row[0] for row in query("SELECT id FROM users WHERE kind = 'anonymous'")}
    assert left == {owner.id, fresh.id}
    import inspect
    source = inspect.getsource(queries.idle_visitors)
    assert {table for (table,) in owned if f'"{table}"' not in source} == set()


def test_sign_ups_that_were_never_confirmed_are_forgotten(post, mode, query):
    mode()
    services.sign_up(EMAIL, GOOD, MARK, terms=True, place=HERE)
    assert services.tidy_accounts() == 0
    query("UPDATE users SET created_at = now() - interval '25 hours' WHERE email = :email", email=EMAIL)
    assert services.tidy_accounts() == 1 and places(query, EMAIL) == set()


def test_the_last_administrator_stays(mode, query):
    mode()
    boss = services.create_admin("boss@example.org", GOOD, "Boss")
    actor = Actor(boss.id, "administrator", "Boss", "member")
    with pytest.raises(DataError, match="last administrator"):
        services.delete_account(actor, GOOD)
    services.create_admin("second@example.org", GOOD, "Second")
    services.delete_account(actor, GOOD)
    assert query("SELECT count(*) FROM users WHERE email = 'boss@example.org'") == [(0,)]


def test_it_takes_the_password_or_the_nickname(mode, query):
    mode()
    actor = member().actor
    with pytest.raises(DataError, match="password is not right"):
        services.delete_account(actor, MARK)
    mode("off")
    visitor = services.open_anonymous(HERE).actor
    with pytest.raises(DataError, match="not your nickname"):
        services.delete_account(visitor, "somebody")
    services.delete_account(visitor, f" {visitor.name.lower()} ")
    with pytest.raises(NotFound):
        services.delete_account(visitor, visitor.name)
    with pytest.raises(DataError, match="AUTH=off"):
        services.delete_account(LOCAL_ADMINISTRATOR, "local")


def test_the_local_user_who_was_taken_over_leaves_as_it_came(mode, query, local_as_it_came):
    mode()
    services.create_admin("second@example.org", GOOD, "Second")
    services.create_admin(EMAIL, GOOD, MARK, take_over=True)
    query("INSERT INTO likes (owner_id, kind, item) VALUES (1, 'song', '1')")
    opened = services.sign_in(EMAIL, GOOD, HERE)
    assert opened.actor.id == 1
    services.delete_account(opened.actor, GOOD)
    assert query("SELECT nickname, role, kind, email, password_hash FROM users WHERE id = 1") == [
        ("local", "administrator", "local", None, None)]
    assert query("SELECT count(*) FROM likes") == [(0,)] and places(query, MARK, EMAIL) == set()


def test_what_a_job_still_tells_is_kept_nowhere(mode, query):
    mode()
    actor = member().actor
    begun, go_on = threading.Event(), threading.Event()

    def work(progress):
        begun.set()
        go_on.wait(20)
        progress.report(1, 2, MARK)
        return {"title": MARK}

    job = jobs.submit(actor, "thumbnail", work, {"title": MARK})
    assert begun.wait(10)
    waiting = threading.Timer(0.3, go_on.set)
    waiting.start()
    services.delete_account(actor, GOOD)
    deadline = time.monotonic() + 10
    while jobs.runner().progress(job.id) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert places(query, MARK) == set()


def test_pictures_in_the_bucket_and_files_go_too(mode, query, monkeypatch):
    from usecases import leaving

    mode()
    actor = member().actor
    dropped = []
    monkeypatch.setattr(leaving.picture_store, "drop", dropped.append)
    query("""INSERT INTO images (owner_id, sha256, format, width, height, object_key, tagger)
             VALUES (:id, 'x', 'JPEG', 8, 8, 'pictures/1-x.jpg', 'here')""", id=actor.id)
    folder = config.load().data_dir / "my_data" / str(actor.id)
    folder.mkdir(parents=True)
    (folder / "x.zip").write_bytes(b"zip")
    services.delete_account(actor, GOOD)
    assert dropped == ["pictures/1-x.jpg"] and not folder.exists()
