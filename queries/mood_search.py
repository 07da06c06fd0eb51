"""What the search by mood reads: the whole catalogue for its copy in memory, songs by number, nearest neighbours."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

_TAGS = "array_to_string(e.situation || e.emotion || e.\"time\" || e.style || e.weather || e.season, '|')"
INDEX = "catalogue_entries_nearest"


def version(connection: Connection) -> int:
    """Return a number that is raised by every change of the catalogue; 0: nothing was ever stored."""
    return connection.execute(text("SELECT coalesce(max(version), 0) FROM catalogue_version")).scalar_one()


def count(connection: Connection) -> int:
    """Return how many entries there are."""
    return connection.execute(text("SELECT count(*) FROM catalogue_entries")).scalar_one()


def rows(connection: Connection) -> tuple[pd.DataFrame, dict[int, list[str]]]:
    """Return the whole catalogue.

    Returns
    -------
    DataFrame
        ``id, artist, genre, year, language, tags``; a year of 0 is unknown, ``tags`` is a key of the dict.
    dict of int to list of str
        The combinations of tags by key.
    """
    driver: Any = connection.connection.driver_connection
    wire = io.BytesIO()
    with driver.cursor() as cursor:
        cursor.copy_expert(f"""COPY (SELECT e.id, s.artist_id, e.genre, coalesce(e.year, 0), e.language,
                                            hashtextextended({_TAGS}, 0)
                                     FROM catalogue_entries e JOIN songs s ON s.id = e.song_id)
                               TO STDOUT (FORMAT csv)""", wire)
    wire.seek(0)
    frame = pd.read_csv(wire, names=["id", "artist", "genre", "year", "language", "tags"], keep_default_na=False,
                        dtype={"id": "int64", "artist": "int64", "year": "int16", "tags": "int64",
                               "genre": "category", "language": "category"})
    found = connection.execute(text(
        f"SELECT DISTINCT hashtextextended({_TAGS}, 0), {_TAGS} FROM catalogue_entries e"))
    return frame, {key: tags.split("|") for key, tags in found}


def entries(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return songs of the catalogue by number: names, album, year, genre, language and tags."""
    found = connection.execute(
        text("""SELECT e.id, e.song_id, s.title, a.display_name AS artist, e.album, e.year, e.genre, e.language,
                       e.situation, e.emotion, e."time", e.style, e.weather, e.season
                FROM catalogue_entries e JOIN songs s ON s.id = e.song_id JOIN artists a ON a.id = s.artist_id
                WHERE e.id = ANY(CAST(:ids AS integer[]))"""), {"ids": list(ids)})
    return {row.id: dict(row._mapping) for row in found}


# --- nearest neighbours in the database, where it has pgvector -----------------------------------------------------


def has_vectors(connection: Connection) -> bool:
    """Return whether the server offers pgvector."""
    return connection.execute(text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")).first() is not None


def nearest_index(connection: Connection, width: int, key: str) -> bool:
    """Return whether the index is there, for vectors of `width` numbers, all of them made by `key`."""
    found = connection.execute(text("SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indisvalid AND indexrelid "
                                    "= to_regclass(:name)"), {"name": INDEX}).scalar()
    if not found or f"({width})" not in str(found):
        return False
    return not connection.execute(text("SELECT 1 FROM catalogue_entries WHERE embedded_by IS DISTINCT FROM :key "
                                       "LIMIT 1"), {"key": key}).first()


def make_nearest_index(connection: Connection, width: int, *, m: int = 16, ef_construction: int = 64) -> None:
    """Make pgvector and the index of nearest neighbours by cosine; takes minutes for hundreds of thousands of rows."""
    connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    connection.execute(text("SET LOCAL maintenance_work_mem = '1GB'"))
    connection.execute(text(f"DROP INDEX IF EXISTS {INDEX}"))
    connection.execute(text(f"""CREATE INDEX {INDEX} ON catalogue_entries
        USING hnsw ((embedding::vector({int(width)})) vector_cosine_ops)
        WITH (m = {int(m)}, ef_construction = {int(ef_construction)})"""))


def nearest(connection: Connection, vector: Sequence[float], k: int, *, genre: str | None = None,
            languages: Sequence[str] = (), years: tuple[int, int] | None = None, left_out: Sequence[int] = (),
            ef_search: int = 200) -> list[Any]:
    """Return about the `k` nearest entries by the index: ``id, artist_id, tags``.

    The scan goes on (pgvector 0.8's iterative scan) until `k` rows pass the filters.
    """
    width = len(vector)
    connection.execute(text("SET LOCAL hnsw.iterative_scan = 'relaxed_order'"))
    connection.execute(text(f"SET LOCAL hnsw.ef_search = {max(40, min(1000, max(ef_search, k)))}"))
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    wanted, values = _filters(genre, languages, years, left_out)
    return list(connection.execute(
        text(f"""SELECT near.id, s.artist_id, near.tags FROM (
                     SELECT e.id, e.song_id, {_TAGS} AS tags FROM catalogue_entries e WHERE {wanted}
                     ORDER BY e.embedding::vector({width}) <=> CAST(:vector AS vector({width})) LIMIT :k) AS near
                 JOIN songs s ON s.id = near.song_id"""),
        values | {"vector": "[" + ",".join(f"{number:.7g}" for number in vector) + "]", "k": k}))


def _filters(genre: str | None, languages: Sequence[str], years: tuple[int, int] | None,
             left_out: Sequence[int]) -> tuple[str, dict[str, Any]]:
    wanted, values = ["e.embedding IS NOT NULL"], dict[str, Any]()
    if genre is not None:
        wanted.append("e.genre = :genre")
        values["genre"] = genre
    if languages:
        wanted.append("e.language = ANY(CAST(:languages AS text[]))")
        values["languages"] = list(languages)
    if years:
        wanted.append("e.year BETWEEN :first AND :last")
        values |= {"first": years[0], "last": years[1]}
    if left_out:
        wanted.append("e.id <> ALL(CAST(:left_out AS integer[]))")
        values["left_out"] = list(left_out)
    return " AND ".join(wanted), values
