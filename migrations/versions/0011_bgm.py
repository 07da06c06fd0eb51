"""Background music: requests, and the tracks that came of them."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE bgm_batches (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id     integer NOT NULL REFERENCES users ON DELETE CASCADE,
    song_id      integer REFERENCES songs ON DELETE SET NULL,
    parent_id    integer,
    edit         jsonb,
    wish         jsonb NOT NULL,
    caption      text NOT NULL,
    maker        text NOT NULL,
    tracks       smallint NOT NULL CHECK (tracks > 0),
    job_id       bigint REFERENCES jobs ON DELETE SET NULL,
    state        text NOT NULL DEFAULT 'queued'
                 CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    error_code   text,
    error_values jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
CREATE INDEX bgm_batches_by_owner ON bgm_batches (owner_id, id DESC);
CREATE INDEX bgm_batches_under_way ON bgm_batches (id) WHERE state IN ('queued', 'running');
COMMENT ON TABLE bgm_batches IS 'requests for background music; tracks: how many were asked for';
COMMENT ON COLUMN bgm_batches.parent_id IS 'track that was edited, with edit: how; NULL: a request of its own';

CREATE TABLE bgm_tracks (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id     integer NOT NULL REFERENCES bgm_batches ON DELETE CASCADE,
    owner_id     integer NOT NULL REFERENCES users ON DELETE CASCADE,
    song_id      integer REFERENCES songs ON DELETE SET NULL,
    variant      smallint NOT NULL,
    title        text NOT NULL,
    maker        text NOT NULL,
    state        text NOT NULL CHECK (state IN ('done', 'failed')),
    error_code   text,
    error_values jsonb NOT NULL DEFAULT '{}',
    seconds      real NOT NULL,
    plan         jsonb,
    engine       integer,
    drawn        jsonb NOT NULL DEFAULT '{}',
    figures      jsonb NOT NULL DEFAULT '{}',
    ogg          bytea,
    midi         bytea,
    master       bytea,
    rating       smallint CHECK (rating BETWEEN 1 AND 5),
    created_at   timestamptz NOT NULL DEFAULT now(),
    deleted_at   timestamptz,
    UNIQUE (batch_id, variant)
);
ALTER TABLE bgm_tracks ALTER COLUMN ogg SET STORAGE EXTERNAL;
ALTER TABLE bgm_tracks ALTER COLUMN master SET STORAGE EXTERNAL;
CREATE INDEX bgm_tracks_by_owner ON bgm_tracks (owner_id, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX bgm_tracks_by_song ON bgm_tracks (song_id) WHERE song_id IS NOT NULL;
CREATE INDEX bgm_tracks_deleted ON bgm_tracks (deleted_at) WHERE deleted_at IS NOT NULL;
ALTER TABLE bgm_batches ADD FOREIGN KEY (parent_id) REFERENCES bgm_tracks ON DELETE SET NULL;
COMMENT ON COLUMN bgm_tracks.plan IS 'what score and sound follow from; NULL: another maker made it';
COMMENT ON COLUMN bgm_tracks.engine IS 'version of the composer that made it: the same gives the same bytes again';
COMMENT ON COLUMN bgm_tracks.drawn IS 'what the page draws: waveform, notes, sections, chords';
COMMENT ON COLUMN bgm_tracks.master IS 'FLAC of what another maker made, since it cannot be made again';
COMMENT ON COLUMN bgm_tracks.deleted_at IS 'can be taken back for an hour; afterwards the row goes';
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
