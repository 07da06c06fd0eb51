"""Everything a user owns, table by table: which rows are theirs, which columns never leave, which columns are files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

_STREAMED: dict[str, Any] = {"stream_results": True, "max_row_buffer": 100}
"""Rows come as they are written, so that memory does not grow with what somebody has."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A table with rows of a user.

    Attributes
    ----------
    where : str
        Which rows are the user's: SQL with ``:owner``.
    files : mapping of str to str
        Columns that are files (bytea, or ``object_key``: a key in the bucket), with the folder each goes to.
    order : str
        Columns that order the rows, so that the same data gives the same file.
    """

    name: str
    where: str = "owner_id = :owner"
    files: Mapping[str, str] = field(default_factory=dict)
    order: str = "id"


_OWN = "IN (SELECT id FROM {} WHERE owner_id = :owner)"
TABLES = (
    Owned("users", "id = :owner"),
    Owned("sign_ins", "user_id = :owner"),
    Owned("account_codes", "user_id = :owner", order="purpose"),
    Owned("audit_log", "actor_id = :owner"),
    Owned("jobs"),
    Owned("likes", order="created_at, kind, item"),
    Owned("posts", "author_id = :owner"),
    Owned("comments", "author_id = :owner"),
    Owned("reports"),
    Owned("alert_rules"),
    Owned("alert_events", f"rule_id {_OWN.format('alert_rules')}"),
    Owned("lyrics"),
    Owned("audition_batches"),
    Owned("auditions"),
    Owned("audition_judges", f"audition_id {_OWN.format('auditions')}", order="audition_id, repeat, place"),
    Owned("images", files={"jpeg": "pictures", "object_key": "pictures"}),
    Owned("image_tags", f"image_id {_OWN.format('images')}", order="image_id, tag"),
    Owned("image_searches", f"image_id {_OWN.format('images')}"),
    Owned("recommendations", """search_id IN (SELECT s.id FROM image_searches s JOIN images i ON i.id = s.image_id
                                               WHERE i.owner_id = :owner)""", order="search_id, rank"),
    Owned("image_reports", "reporter_id = :owner", order="image_id"),
    Owned("playlists"),
    Owned("playlist_songs", f"playlist_id {_OWN.format('playlists')}", order="playlist_id, position"),
    Owned("playlist_feedback"),
    Owned("playlist_pictures", files={"picture": "thumbnails"}),
    Owned("tracks", files={"data": "recordings"}),
    Owned("prediction_batches"),
    Owned("predictions", files={"picture": "spectrograms"}),
    Owned("bgm_batches"),
    Owned("bgm_tracks", files={"ogg": "music", "midi": "music", "master": "music"}),
    Owned("dossier_songs", order="song_id"),
    Owned("dossier_shares"),
)
"""Every table with rows that are a user's, what hangs on them included."""
SECRET = frozenset({"password_hash", "token_sha256", "code_sha256", "operator_proof", "token", "process"})
"""Columns that never leave: with them somebody could sign in or open a link, and which process ran a job is not the
user's."""
SONGS = """SELECT song_id FROM auditions WHERE owner_id = :owner
           UNION SELECT song_id FROM images WHERE owner_id = :owner
           UNION SELECT song_id FROM lyrics WHERE owner_id = :owner
           UNION SELECT song_id FROM predictions WHERE owner_id = :owner
           UNION SELECT song_id FROM playlist_pictures WHERE owner_id = :owner
           UNION SELECT song_id FROM bgm_batches WHERE owner_id = :owner
           UNION SELECT song_id FROM bgm_tracks WHERE owner_id = :owner
           UNION SELECT song_id FROM dossier_songs WHERE owner_id = :owner
           UNION SELECT song_id FROM dossier_shares WHERE owner_id = :owner
           UNION SELECT s.song_id FROM playlist_songs s JOIN playlists p ON p.id = s.playlist_id
                 WHERE p.owner_id = :owner
           UNION SELECT x.id FROM likes l JOIN songs x ON CAST(x.id AS text) = l.item
                 WHERE l.owner_id = :owner AND l.kind = 'song'"""


def hold_still(connection: Connection) -> None:
    """Let a transaction, before its first statement, see one moment throughout, in UTC, and change nothing."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    connection.execute(text("SET LOCAL TimeZone = 'UTC'"))


def columns(connection: Connection) -> dict[str, dict[str, str]]:
    """Return the columns of every table with their types, by table, in the order of the schema."""
    rows = connection.execute(text("""SELECT table_name, column_name, data_type FROM information_schema.columns
                                      WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"""))
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def count(connection: Connection, table: Owned, owner_id: int) -> int:
    """Return how many rows of a table are a user's."""
    return connection.execute(text(f"SELECT count(*) FROM {table.name} WHERE {table.where}"),
                              {"owner": owner_id}).scalar_one()


def file_sizes(connection: Connection, table: Owned, owner_id: int) -> tuple[int, int]:
    """Return how many files a table holds of a user, and their bytes; those in the bucket count as files of 0 bytes."""
    if not table.files:
        return 0, 0
    sizes = [f"coalesce(sum(octet_length({name})), 0)" if name != "object_key" else "0" for name in table.files]
    row = connection.execute(text(f"SELECT {' + '.join(f'count({name})' for name in table.files)}, {' + '.join(sizes)} "
                                  f"FROM {table.name} WHERE {table.where}"), {"owner": owner_id}).one()
    return int(row[0]), int(row[1])


def rows(connection: Connection, table: Owned, shown: Mapping[str, str], owner_id: int, *,
         with_files: bool = False) -> Iterator[dict[str, Any]]:
    """Give a user's rows one at a time, as JSON has them: dates and moments in their ISO form, UTC.

    Parameters
    ----------
    shown : mapping of str to str
        Columns of the table with their types; of files only whether there is one comes along.
    with_files : bool
        Only rows with a file.
    """
    parts = [f"{name} IS NOT NULL AS {name}" if name in table.files else f'"{name}"' for name in shown]
    held = f" AND num_nonnulls({', '.join(table.files)}) > 0" if with_files else ""
    found = connection.execute(
        text(f"""SELECT row_to_json(x) FROM (SELECT {', '.join(parts)} FROM {table.name} WHERE {table.where}{held}
                                             ORDER BY {table.order}) AS x"""), {"owner": owner_id},
        execution_options=_STREAMED)
    try:
        for row in found:
            yield row[0]
    finally:
        found.close()


def songs(connection: Connection, owner_id: int) -> Iterator[dict[str, Any]]:
    """Give the names of the songs that a user's rows speak of."""
    for row in connection.execute(
            text(f"""SELECT s.id, a.display_name AS artist, s.title FROM songs s JOIN artists a ON a.id = s.artist_id
                     WHERE s.id IN ({SONGS}) ORDER BY s.id"""), {"owner": owner_id}):
        yield dict(row._mapping)


def chunk(connection: Connection, table: Owned, column: str, row_id: int, start: int, size: int) -> bytes:
    """Return a part of a file, `start` from 0; empty after its end."""
    if column not in table.files:
        raise KeyError(column)
    found = connection.execute(
        text(f"SELECT substring({column} FROM :start FOR :size) FROM {table.name} WHERE id = :id"),
        {"id": row_id, "start": start + 1, "size": size}).scalar()
    return b"" if found is None else bytes(found)


def object_key(connection: Connection, image_id: int) -> str | None:
    """Return a picture's key in the bucket."""
    return connection.execute(text("SELECT object_key FROM images WHERE id = :id"), {"id": image_id}).scalar()
