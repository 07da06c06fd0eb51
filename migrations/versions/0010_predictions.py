"""Tracks that were uploaded, what was predicted of them with its evidence, and batches of them."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE tracks (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id   integer NOT NULL REFERENCES users ON DELETE CASCADE,
    sha256     text NOT NULL,
    name       text NOT NULL,
    bytes      integer NOT NULL,
    format     text,
    seconds    real,
    data       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner_id, sha256)
);
ALTER TABLE tracks ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE tracks IS 'audio files as they were sent; EXTERNAL: they do not compress further';
COMMENT ON COLUMN tracks.format IS 'as decoded; NULL: not decoded yet';

CREATE TABLE prediction_batches (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id   integer NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL,
    refused    jsonb NOT NULL DEFAULT '[]',
    job_id     bigint REFERENCES jobs ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN prediction_batches.refused IS 'files that were not taken: name, code and values of the reason';

CREATE TABLE predictions (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id       integer NOT NULL REFERENCES users ON DELETE CASCADE,
    track_id       integer NOT NULL REFERENCES tracks ON DELETE CASCADE,
    song_id        integer REFERENCES songs ON DELETE SET NULL,
    batch_id       integer REFERENCES prediction_batches ON DELETE CASCADE,
    job_id         bigint REFERENCES jobs ON DELETE SET NULL,
    title          text NOT NULL,
    artist         text NOT NULL DEFAULT '',
    genre          text NOT NULL CHECK (genre IN ('POP', 'BALLAD', 'DANCE')),
    released       date,
    lyrics         text,
    full_seconds   real,
    prior          real NOT NULL CHECK (prior > 0 AND prior < 1),
    state          text NOT NULL DEFAULT 'queued'
                   CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    error_code     text,
    error_values   jsonb NOT NULL DEFAULT '{}',
    log_odds_ratio double precision,
    low            double precision,
    high           double precision,
    score          double precision CHECK (score BETWEEN 0 AND 100),
    abstained      text,
    report         jsonb,
    embedding      real[],
    picture        bytea,
    public_at      timestamptz,
    token          text UNIQUE,
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz
);
CREATE INDEX predictions_by_owner ON predictions (owner_id, id DESC);
CREATE INDEX predictions_by_batch ON predictions (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX predictions_by_track ON predictions (track_id);
CREATE INDEX predictions_by_song ON predictions (song_id) WHERE song_id IS NOT NULL;
CREATE INDEX predictions_ranked ON predictions (score DESC, id) WHERE state = 'done' AND score IS NOT NULL;
COMMENT ON COLUMN predictions.full_seconds IS 'length of the whole track where a clip was sent, as its owner says';
COMMENT ON COLUMN predictions.prior IS 'share of hits the probability is stated at';
COMMENT ON COLUMN predictions.log_odds_ratio IS 'evidence of all parts: log-odds against the base rate';
COMMENT ON COLUMN predictions.low IS 'lower end of an interval of log_odds_ratio, eight times of ten; high: upper';
COMMENT ON COLUMN predictions.score IS 'percentile of resemblance; NULL where the model abstains';
COMMENT ON COLUMN predictions.abstained IS 'code of the reason why there is no score';
COMMENT ON COLUMN predictions.report IS 'parts, measures, curves, tags, lines, models: what the page shows';
COMMENT ON COLUMN predictions.embedding IS 'of the audio: what tells which tracks are near';
COMMENT ON COLUMN predictions.picture IS 'PNG of the mel spectrogram';
COMMENT ON COLUMN predictions.public_at IS 'when its owner agreed to show it in the leaderboard; NULL: private';
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
