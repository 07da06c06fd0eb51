"""Run beside a server: one of each thing of the local user, then a script in every text that a user or a file brings."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from made_dossiers import ADMIN, audition, image, playlist, prediction, song_of, thumbnail, track  # noqa: E402
from sqlalchemy import text  # noqa: E402

import db  # noqa: E402
from usecases.community import add_post  # noqa: E402
from usecases.community_comments import add_comment  # noqa: E402
from usecases.songs import add_song  # noqa: E402

TEXTS = ("artists.display_name", "songs.title", "lyrics.artist", "lyrics.title", "lyrics.text", "auditions.artist",
         "auditions.title", "auditions.lyrics", "tracks.name", "predictions.artist", "predictions.title",
         "predictions.lyrics", "prediction_batches.name", "playlists.title", "playlist_pictures.title",
         "bgm_batches.caption", "bgm_tracks.title", "catalogue_entries.album", "posts.title", "posts.body",
         "comments.body", "users.nickname", "users.bio", "jobs.note", "audit_log.object", "rejected_rows.raw",
         "catalogue_imports.name")
"""Where texts of users and files are kept. Whoever writes past every check at a door must still do no harm."""


def query(statement, **values):
    with db.begin() as connection:
        found = connection.execute(text(statement), values)
        return [tuple(row) for row in found] if found.returns_rows else []


def things() -> None:
    song = song_of(query, "Midnight Ferry")
    made = audition(query, 1, song, verdict="GOOD")
    prediction(query, 1, song, public=True)
    thumbnail(query, 1, song)
    track(query, 1, song)
    playlist(query, 1, song)
    image(query, 1, "비")
    query("INSERT INTO prediction_batches (owner_id, name) VALUES (1, 'x')")
    add_song(ADMIN, "Somebody", "Something", "the rain is on the river\nand the river in the sea\n")
    add_comment(ADMIN, add_post(ADMIN, "A post", "about something", ("audition", made)), "an answer")


def poison(bad: str) -> None:
    there = {f"{table}.{column}" for table, column in query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")}
    query("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only")
    done = 0
    for place in TEXTS:
        table, column = place.split(".")
        if place in there:
            key = "id" if f"{table}.id" in there else "ctid"
            query(f"UPDATE {table} SET {column} = :bad || {key}::text WHERE {column} IS NOT NULL", bad=bad)
            done += 1
    query("ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only")
    sys.stdout.write(f"{done} {sorted(set(TEXTS) - there)}\n")


if __name__ == "__main__":
    db.init_db()
    things()
    poison(sys.argv[1])
    db.stop()
