"""Auditions of songs before judges, what each judge said, batches, and what providers were used for a day."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE audition_batches (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id   integer NOT NULL REFERENCES users ON DELETE CASCADE,
    job_id     bigint,
    panel      text NOT NULL,
    lang       text NOT NULL,
    search     text NOT NULL DEFAULT '',
    songs      integer[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN audition_batches.songs IS 'ids of lyrics, in the order in which they are heard';

CREATE TABLE auditions (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id       integer NOT NULL REFERENCES users ON DELETE CASCADE,
    job_id         bigint,
    batch_id       integer REFERENCES audition_batches ON DELETE SET NULL,
    lyrics_id      integer,
    song_id        integer REFERENCES songs ON DELETE SET NULL,
    artist         text NOT NULL,
    title          text NOT NULL,
    lyrics         text NOT NULL,
    source         text NOT NULL,
    tags           text[] NOT NULL DEFAULT '{}',
    audio          jsonb,
    cover_url      text,
    panel          text NOT NULL,
    lang           text NOT NULL,
    repeats        smallint NOT NULL,
    prompt_version text NOT NULL,
    state          text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
    total          integer,
    out_of         integer,
    scaled_300     integer,
    verdict        text,
    provisional    boolean,
    spread         integer,
    split          boolean,
    repeat_stats   jsonb,
    offline        jsonb,
    error_code     text,
    error_values   jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    queued_at      timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz
);
CREATE INDEX auditions_by_owner ON auditions (owner_id, id DESC);
CREATE INDEX auditions_by_song ON auditions (song_id);
CREATE INDEX auditions_by_batch ON auditions (batch_id, lyrics_id);
COMMENT ON COLUMN auditions.total IS 'sum of the totals of the judges who answered, of out_of';
COMMENT ON COLUMN auditions.queued_at IS 'when it was last to be run: at first, or for a judge''s retry';
COMMENT ON COLUMN auditions.offline IS 'the offline rubric, where no judge had a key';

CREATE TABLE audition_judges (
    audition_id   bigint NOT NULL REFERENCES auditions ON DELETE CASCADE,
    place         smallint NOT NULL,
    repeat        smallint NOT NULL,
    judge         text NOT NULL,
    name          text NOT NULL,
    provider      text NOT NULL,
    model         text NOT NULL,
    weight        smallint NOT NULL,
    language      text NOT NULL,
    state         text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    review        text NOT NULL DEFAULT '',
    raw           text NOT NULL DEFAULT '',
    score         jsonb,
    total         integer,
    repaired      boolean NOT NULL DEFAULT false,
    input_tokens  integer,
    output_tokens integer,
    cost_usd      double precision,
    first_s       double precision,
    seconds       double precision,
    error_code    text,
    error_values  jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (audition_id, repeat, place)
);
COMMENT ON COLUMN audition_judges.raw IS 'reply as it came, after a repair both';

CREATE TABLE provider_usage (
    day           date NOT NULL,
    provider      text NOT NULL,
    model         text NOT NULL,
    calls         integer NOT NULL DEFAULT 0,
    input_tokens  bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cost_usd      double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (day, provider, model)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
