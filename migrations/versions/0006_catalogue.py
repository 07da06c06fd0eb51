"""The song catalogue: entries with mood tags and vectors, and what became of each file that was imported."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE catalogue_entries (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    song_id     integer NOT NULL REFERENCES songs ON DELETE CASCADE,
    genre       text NOT NULL,
    album       text NOT NULL DEFAULT '',
    year        smallint,
    language    text NOT NULL DEFAULT '',
    situation   text[] NOT NULL DEFAULT '{}',
    emotion     text[] NOT NULL DEFAULT '{}',
    "time"      text[] NOT NULL DEFAULT '{}',
    style       text[] NOT NULL DEFAULT '{}',
    weather     text[] NOT NULL DEFAULT '{}',
    season      text[] NOT NULL DEFAULT '{}',
    embedding   real[],
    embedded_by text,
    haystack    text NOT NULL,
    source      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    edited_at   timestamptz,
    edited_by   integer REFERENCES users ON DELETE SET NULL,
    UNIQUE (song_id, genre)
);
CREATE INDEX catalogue_entries_by_genre ON catalogue_entries (genre, id);
COMMENT ON COLUMN catalogue_entries.language IS 'ISO 639-1 of the singing, zxx: instrumental, empty: unknown';
COMMENT ON COLUMN catalogue_entries.embedding IS 'unit vector of the tags; made by embedded_by (model and weights)';
COMMENT ON COLUMN catalogue_entries.haystack IS 'title, artist and album, NFKC and case folded, to be searched';
COMMENT ON COLUMN catalogue_entries.source IS 'name of the file it came from';
COMMENT ON COLUMN catalogue_entries.edited_at IS 'when its tags were last edited by hand: an import then leaves them';

CREATE TABLE catalogue_imports (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL,
    sha256       text NOT NULL,
    reader       integer NOT NULL,
    state        text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled', 'interrupted')),
    rows_read    integer NOT NULL DEFAULT 0,
    added        integer NOT NULL DEFAULT 0,
    changed      integer NOT NULL DEFAULT 0,
    unchanged    integer NOT NULL DEFAULT 0,
    edited       integer NOT NULL DEFAULT 0,
    untagged     integer NOT NULL DEFAULT 0,
    repeated     integer NOT NULL DEFAULT 0,
    refused      integer NOT NULL DEFAULT 0,
    unknown_tags jsonb NOT NULL DEFAULT '{}',
    refusals     jsonb NOT NULL DEFAULT '[]',
    actor_id     integer NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    CHECK (added + changed + unchanged + edited + untagged + repeated + refused = rows_read)
);
CREATE INDEX catalogue_imports_by_file ON catalogue_imports (sha256, id DESC);
COMMENT ON COLUMN catalogue_imports.rows_read IS 'rows whose outcome is stored; an import cut short goes on there';
COMMENT ON COLUMN catalogue_imports.edited IS 'rows whose song is there with tags edited by hand, left as they are';
COMMENT ON COLUMN catalogue_imports.unknown_tags IS 'what is no tag in tag columns, and how often; the most frequent';
COMMENT ON COLUMN catalogue_imports.refusals IS 'the first rows refused: line, code, values';

CREATE TABLE catalogue_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL DEFAULT 0
);
INSERT INTO catalogue_version DEFAULT VALUES;
COMMENT ON TABLE catalogue_version IS 'raised with every change of entries: copies in memory are then made anew';
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
