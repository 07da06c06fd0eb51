"""Pictures with their mood tags and the songs found for them; the shared archive; videos of songs."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE images (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id    integer NOT NULL REFERENCES users ON DELETE CASCADE,
    song_id     integer REFERENCES songs ON DELETE SET NULL,
    sha256      text NOT NULL,
    format      text NOT NULL,
    width       smallint NOT NULL,
    height      smallint NOT NULL,
    jpeg        bytea,
    object_key  text,
    tagger      text NOT NULL,
    notes       jsonb NOT NULL DEFAULT '{}',
    words       text NOT NULL DEFAULT '',
    token       text UNIQUE,
    shared_at   timestamptz,
    removed_at  timestamptz,
    removed_by  integer REFERENCES users ON DELETE SET NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (jpeg IS NOT NULL OR object_key IS NOT NULL OR removed_at IS NOT NULL),
    UNIQUE (owner_id, sha256)
);
CREATE INDEX images_by_owner ON images (owner_id, id DESC);
CREATE INDEX images_shared ON images (shared_at DESC, id DESC) WHERE shared_at IS NOT NULL;
COMMENT ON TABLE images IS 'pictures as reduced at the door; the file that was sent is never stored';
COMMENT ON COLUMN images.sha256 IS 'of the file that was sent: the same picture is recognised';
COMMENT ON COLUMN images.object_key IS 'where the picture is in the bucket, if not here';
COMMENT ON COLUMN images.notes IS 'what the tagger saw: scenes, cues, why another tagger was not used';
COMMENT ON COLUMN images.words IS 'free words its owner added';
COMMENT ON COLUMN images.token IS 'of the link that shows the result to whoever has it; NULL: no link';
COMMENT ON COLUMN images.shared_at IS 'when its owner agreed to show it in the archive; NULL: private';
COMMENT ON COLUMN images.removed_at IS 'when an administrator took it down; the picture itself is gone then';

CREATE TABLE image_tags (
    image_id   integer NOT NULL REFERENCES images ON DELETE CASCADE,
    tag        text NOT NULL,
    category   text NOT NULL,
    weight     real NOT NULL CHECK (weight BETWEEN -1 AND 1),
    ground     text NOT NULL CHECK (ground IN ('seen', 'inferred', 'chosen')),
    confidence real CHECK (confidence BETWEEN 0 AND 1),
    why        text NOT NULL DEFAULT '',
    tagger     text NOT NULL,
    PRIMARY KEY (image_id, tag)
);
CREATE INDEX image_tags_by_tag ON image_tags (tag) WHERE weight > 0;
COMMENT ON COLUMN image_tags.weight IS 'as the owner left it; 0: taken out';
COMMENT ON COLUMN image_tags.ground IS 'seen or inferred by the tagger, or chosen by the owner';

CREATE TABLE image_searches (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    image_id   integer NOT NULL REFERENCES images ON DELETE CASCADE,
    wish       jsonb NOT NULL,
    matches    integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (image_id, wish)
);
COMMENT ON COLUMN image_searches.wish IS 'genres, count, seed, variety, filters, tags with weights, words';

CREATE TABLE recommendations (
    search_id  bigint NOT NULL REFERENCES image_searches ON DELETE CASCADE,
    rank       smallint NOT NULL,
    entry_id   integer REFERENCES catalogue_entries ON DELETE SET NULL,
    song_id    integer REFERENCES songs ON DELETE SET NULL,
    title      text NOT NULL,
    artist     text NOT NULL,
    genre      text NOT NULL,
    similarity real NOT NULL,
    best       boolean NOT NULL,
    why        jsonb NOT NULL,
    song_tags  text[] NOT NULL,
    PRIMARY KEY (search_id, rank)
);
CREATE INDEX recommendations_by_song ON recommendations (song_id);
COMMENT ON COLUMN recommendations.song_tags IS 'the song''s own tags; those of the picture are in image_tags';

CREATE TABLE image_reports (
    image_id    integer NOT NULL REFERENCES images ON DELETE CASCADE,
    reporter_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
    reason      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    PRIMARY KEY (image_id, reporter_id)
);

CREATE TABLE song_videos (
    song_id    integer PRIMARY KEY REFERENCES songs ON DELETE CASCADE,
    video_id   text,
    title      text,
    channel    text,
    fetched_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE song_videos IS 'answers of YouTube''s search, one a song; video_id is NULL where it found none';

CREATE TABLE youtube_quota (
    day   date PRIMARY KEY,
    units integer NOT NULL
);
COMMENT ON COLUMN youtube_quota.day IS 'in Pacific time, as YouTube counts';
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
