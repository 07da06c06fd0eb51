"""What is left of a user who goes: nothing that names them or was theirs alone.

Whatever has an ``owner_id`` goes with the row of `users` (ON DELETE CASCADE); here is the rest.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

GONE = "(deleted)"
"""What is left of a text that others have answered to."""
_TIED = """
    SELECT song_id FROM dossier_songs WHERE owner_id = :user
    UNION SELECT song_id FROM dossier_shares WHERE owner_id = :user
    UNION SELECT song_id FROM auditions WHERE owner_id = :user
    UNION SELECT song_id FROM lyrics WHERE owner_id = :user
    UNION SELECT song_id FROM predictions WHERE owner_id = :user
    UNION SELECT song_id FROM images WHERE owner_id = :user
    UNION SELECT song_id FROM playlist_pictures WHERE owner_id = :user
    UNION SELECT song_id FROM bgm_batches WHERE owner_id = :user
    UNION SELECT song_id FROM bgm_tracks WHERE owner_id = :user
    UNION SELECT s.song_id FROM playlist_songs s JOIN playlists p ON p.id = s.playlist_id WHERE p.owner_id = :user"""
_KEPT = ("series", "catalogue_entries", "lyrics", "playlist_songs", "dossier_songs", "dossier_shares", "auditions",
         "predictions", "images", "playlist_pictures", "bgm_batches", "bgm_tracks", "recommendations",
         "sync_files")
"""Tables a row of which keeps a song: somebody else has something of it, or everybody sees it."""
SHARED_JOBS = ("sync", "catalogue", "playlists", "songs", "hit_training")
"""Kinds of jobs whose outcome is everybody's: they stay, without saying whose they were."""


def songs_tied(connection: Connection, user_id: int) -> list[int]:
    """Return the songs that something of a user is tied to."""
    return list(connection.execute(text(f"SELECT song_id FROM ({_TIED}) AS tied WHERE song_id IS NOT NULL"),
                                   {"user": user_id}).scalars())


def object_keys(connection: Connection, user_id: int) -> list[str]:
    """Return under what a user's pictures are kept in a bucket."""
    return list(connection.execute(
        text("SELECT object_key FROM images WHERE owner_id = :user AND object_key IS NOT NULL"),
        {"user": user_id}).scalars())


def plans(connection: Connection, user_id: int) -> list[dict[str, Any]]:
    """Return the plans of a user's background music."""
    return list(connection.execute(text("SELECT plan FROM bgm_tracks WHERE owner_id = :user AND plan IS NOT NULL"),
                                   {"user": user_id}).scalars())


def active_jobs(connection: Connection, user_id: int) -> list[int]:
    """Return a user's jobs that are still to do something."""
    return list(connection.execute(
        text("SELECT id FROM jobs WHERE owner_id = :user AND state IN ('queued', 'running')"),
        {"user": user_id}).scalars())


def drop_jobs(connection: Connection, user_id: int) -> None:
    """Remove a user's jobs: what one of them still has to tell finds no row. What was done for all stays."""
    connection.execute(text("DELETE FROM jobs WHERE owner_id = :user AND NOT (kind = ANY(:shared))"),
                       {"user": user_id, "shared": list(SHARED_JOBS)})
    connection.execute(text("UPDATE jobs SET params = '{}', note = '' WHERE owner_id = :user"), {"user": user_id})


def drop_board(connection: Connection, user_id: int) -> None:
    """Remove a user's posts and comments; those that others have answered to stay without text and author."""
    values = {"user": user_id, "gone": GONE}
    connection.execute(
        text("""DELETE FROM posts p WHERE author_id = :user AND NOT EXISTS (
                    SELECT FROM comments c WHERE c.post_id = p.id AND c.author_id IS DISTINCT FROM :user)"""), values)
    connection.execute(
        text("""UPDATE posts SET title = :gone, body = :gone, card_kind = NULL, card_item = NULL, card = NULL,
                       author_id = NULL, removed_reason = NULL WHERE author_id = :user"""), values)
    connection.execute(
        text("""DELETE FROM comments c WHERE author_id = :user AND NOT EXISTS (
                    SELECT FROM comments later WHERE later.post_id = c.post_id AND later.id > c.id
                    AND later.author_id IS DISTINCT FROM :user)"""), values)
    connection.execute(
        text("""UPDATE comments SET body = :gone, author_id = NULL, removed_reason = NULL WHERE author_id = :user"""),
        values)


def drop_likes(connection: Connection, user_id: int) -> None:
    """Remove what others have liked of a user's."""
    connection.execute(
        text("""DELETE FROM likes WHERE (kind, item) IN (
                    SELECT 'prediction', id::text FROM predictions WHERE owner_id = :user
                    UNION ALL SELECT 'playlist', id::text FROM playlists WHERE owner_id = :user
                    UNION ALL SELECT 'post', id::text FROM posts WHERE author_id = :user)"""), {"user": user_id})


def drop_reports(connection: Connection) -> None:
    """Remove what was reported of posts and comments that are no longer there or say nothing any more."""
    connection.execute(
        text("""DELETE FROM reports r WHERE
                    (kind = 'post' AND NOT EXISTS (SELECT FROM posts p WHERE p.id = r.item AND p.body <> :gone))
                    OR (kind = 'comment' AND NOT EXISTS (
                        SELECT FROM comments c WHERE c.id = r.item AND c.body <> :gone))"""), {"gone": GONE})


def drop_user(connection: Connection, user_id: int) -> None:
    """Remove a user and all that has them for owner."""
    connection.execute(text("DELETE FROM users WHERE id = :user"), {"user": user_id})


def put_back_local(connection: Connection) -> None:
    """Store the local user of ``AUTH=off`` as it came: the product cannot be without it."""
    connection.execute(
        text("INSERT INTO users (id, nickname, role, kind) VALUES (1, 'local', 'administrator', 'local')"))


def drop_songs(connection: Connection, song_ids: list[int]) -> None:
    """Remove those of some songs that nobody has anything of any more, and artists that have no song then.

    Songs of which everything was deleted earlier go along, for whose they were is not known any more; not those of
    the last day, which work under way may be about to tie something to.
    """
    kept = " ".join(f"AND NOT EXISTS (SELECT FROM {table} k WHERE k.song_id = s.id)" for table in _KEPT)
    gone = connection.execute(
        text(f"""DELETE FROM songs s WHERE (s.id = ANY(CAST(:songs AS integer[]))
                     OR s.created_at < now() - interval '1 day') {kept} RETURNING id, artist_id"""),
        {"songs": song_ids}).all()
    connection.execute(text("DELETE FROM likes WHERE kind = 'song' AND item = ANY(:songs)"),
                       {"songs": [str(row.id) for row in gone]})
    connection.execute(
        text("""DELETE FROM artists a WHERE a.id = ANY(CAST(:artists AS integer[]))
                AND NOT EXISTS (SELECT FROM songs s WHERE s.artist_id = a.id)"""),
        {"artists": list({row.artist_id for row in gone})})


def idle_visitors(connection: Connection, days: float, limit: int) -> list[int]:
    """Return anonymous users who own nothing, wrote nothing and were not seen for some days."""
    owned = " ".join(f"AND NOT EXISTS (SELECT FROM {table} o WHERE o.owner_id = u.id)" for table in (
        "likes", "jobs", "alert_rules", "lyrics", "audition_batches", "auditions", "images", "playlists",
        "playlist_feedback", "playlist_pictures", "tracks", "prediction_batches", "predictions", "bgm_batches",
        "bgm_tracks", "dossier_songs", "dossier_shares", "reports"))
    return list(connection.execute(
        text(f"""SELECT id FROM users u WHERE kind = 'anonymous'
                 AND coalesce(seen_at, created_at) < now() - make_interval(secs => :seconds) {owned}
                 AND NOT EXISTS (SELECT FROM posts p WHERE p.author_id = u.id)
                 AND NOT EXISTS (SELECT FROM comments c WHERE c.author_id = u.id) ORDER BY id LIMIT :limit"""),
        {"seconds": days * 86_400, "limit": limit}).scalars())


def drop_unverified(connection: Connection, hours: float) -> int:
    """Remove accounts whose address was never confirmed; return how many."""
    return connection.execute(
        text("""DELETE FROM users WHERE kind = 'member' AND verified_at IS NULL AND email IS NOT NULL
                AND password_hash IS NOT NULL
                AND created_at < now() - make_interval(secs => :seconds)"""), {"seconds": hours * 3_600}).rowcount
