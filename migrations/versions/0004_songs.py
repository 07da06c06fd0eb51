"""Lyrics of songs, where they come from, and what Last.fm says of tracks."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE lyrics_sources (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('s3', 'folder')),
    address      text NOT NULL UNIQUE,
    tried_at     timestamptz,
    refreshed_at timestamptz,
    cut          boolean NOT NULL DEFAULT false,
    error_code   text,
    error_values jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON COLUMN lyrics_sources.address IS 'without any secret';
COMMENT ON COLUMN lyrics_sources.refreshed_at IS 'when everything there was last known; tried_at: last attempt';
COMMENT ON COLUMN lyrics_sources.cut IS 'there is more than is taken';

CREATE TABLE lyrics_objects (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_id integer NOT NULL REFERENCES lyrics_sources ON DELETE CASCADE,
    name      text NOT NULL,
    etag      text NOT NULL,
    size      bigint NOT NULL,
    reader    integer NOT NULL,
    songs     integer NOT NULL,
    refused   jsonb NOT NULL DEFAULT '[]',
    read_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source_id, name)
);
COMMENT ON TABLE lyrics_objects IS 'texts read; one with the same etag and reader is not read again';
COMMENT ON COLUMN lyrics_objects.refused IS 'songs not taken: line, code, values';

CREATE TABLE lyrics (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    song_id     integer REFERENCES songs ON DELETE SET NULL,
    owner_id    integer REFERENCES users ON DELETE CASCADE,
    source_id   integer REFERENCES lyrics_sources ON DELETE CASCADE,
    object_id   integer REFERENCES lyrics_objects ON DELETE CASCADE,
    source      text NOT NULL CHECK (source IN ('s3', 'folder', 'paste', 'upload')),
    artist      text NOT NULL,
    title       text NOT NULL,
    norm_artist text NOT NULL,
    norm_title  text NOT NULL,
    language    text NOT NULL,
    lines       integer NOT NULL,
    lyrics      text NOT NULL,
    haystack    text NOT NULL,
    repeated    boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((owner_id IS NULL) = (object_id IS NOT NULL) AND (object_id IS NULL) = (source_id IS NULL)),
    UNIQUE (object_id, norm_artist, norm_title),
    UNIQUE (owner_id, norm_artist, norm_title)
);
ALTER TABLE lyrics ALTER COLUMN haystack SET STORAGE EXTERNAL;  -- a search reads all of them: nothing to unpack
CREATE INDEX lyrics_by_source ON lyrics (source_id, norm_artist, norm_title);
CREATE INDEX lyrics_by_song ON lyrics (song_id);
COMMENT ON COLUMN lyrics.song_id IS 'NULL after its artist was deleted, until the lyrics are used again';
COMMENT ON COLUMN lyrics.owner_id IS 'whose private lyrics these are; NULL: everyone reads them';
COMMENT ON COLUMN lyrics.haystack IS 'artist, title and lyrics, NFKC and case folded, to be searched';
COMMENT ON COLUMN lyrics.repeated IS 'another object of the source, first by name, has the same song';

CREATE TABLE track_info (
    song_id    integer PRIMARY KEY REFERENCES songs ON DELETE CASCADE,
    known      boolean NOT NULL,
    artist     text,
    title      text,
    tags       text[] NOT NULL DEFAULT '{}',
    cover_url  text,
    listeners  bigint,
    playcount  bigint,
    url        text,
    fetched_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE track_info IS 'answers of Last.fm; known is false where it does not know the track';
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
