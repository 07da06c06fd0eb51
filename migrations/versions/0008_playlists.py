"""Playlists: those that came with the product or were imported, and those users make; what was shown and liked."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE playlists (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id    integer REFERENCES users ON DELETE CASCADE,
    source      text NOT NULL CHECK (source IN ('starter', 'melon', 'made')),
    outer_id    text,
    title       text NOT NULL,
    tags        text[] NOT NULL DEFAULT '{}',
    likes       integer NOT NULL DEFAULT 0,
    updated     date,
    embedding   real[],
    embedded_by text,
    request     jsonb,
    token       text UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((source = 'made') = (owner_id IS NOT NULL)),
    UNIQUE (source, outer_id)
);
CREATE INDEX playlists_by_owner ON playlists (owner_id, id DESC) WHERE owner_id IS NOT NULL;
COMMENT ON COLUMN playlists.outer_id IS 'what it is called where it came from';
COMMENT ON COLUMN playlists.likes IS 'as the source says; likes of users here are in likes';
COMMENT ON COLUMN playlists.request IS 'title, chosen playlists, controls and seed it was made with';
COMMENT ON COLUMN playlists.token IS 'of the link that shows it to whoever has it; NULL: no link';

CREATE TABLE playlist_songs (
    playlist_id integer NOT NULL REFERENCES playlists ON DELETE CASCADE,
    position    smallint NOT NULL,
    song_id     integer NOT NULL REFERENCES songs ON DELETE CASCADE,
    locked      boolean NOT NULL DEFAULT false,
    why         jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (playlist_id, position),
    UNIQUE (playlist_id, song_id)
);
CREATE INDEX playlist_songs_by_song ON playlist_songs (song_id);

CREATE TABLE playlist_feedback (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    playlist_id integer REFERENCES playlists ON DELETE SET NULL,
    act         text NOT NULL CHECK (act IN ('shown', 'saved', 'liked', 'unliked', 'removed', 'replaced', 'locked')),
    title       text NOT NULL,
    tags        text[] NOT NULL DEFAULT '{}',
    songs       integer[] NOT NULL DEFAULT '{}',
    chosen      integer[] NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX playlist_feedback_by_owner ON playlist_feedback (owner_id, id DESC);
COMMENT ON COLUMN playlist_feedback.songs IS 'shown or saved, in order; or those the act is about';
COMMENT ON COLUMN playlist_feedback.chosen IS 'playlists it was made from';

CREATE TABLE playlist_pictures (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    playlist_id integer REFERENCES playlists ON DELETE CASCADE,
    song_id     integer REFERENCES songs ON DELETE SET NULL,
    title       text NOT NULL,
    seed        bigint NOT NULL,
    painter     text NOT NULL,
    plan        jsonb NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('png', 'jpeg')),
    picture     bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX playlist_pictures_by_playlist ON playlist_pictures (playlist_id);
COMMENT ON COLUMN playlist_pictures.painter IS 'artwork, or provider and model';

CREATE TABLE playlist_imports (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL CHECK (source IN ('starter', 'melon')),
    sha256      text NOT NULL,
    reader      integer NOT NULL,
    counts      jsonb NOT NULL DEFAULT '{}',
    actor_id    integer NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE playlist_imports IS 'imports that were finished; each replaces what the source had before';

CREATE TABLE playlist_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version  bigint NOT NULL DEFAULT 0
);
INSERT INTO playlist_version DEFAULT VALUES;
COMMENT ON TABLE playlist_version IS 'raised with every change of playlists: copies in memory are then made anew';
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
