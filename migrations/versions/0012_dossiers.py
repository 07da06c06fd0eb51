"""Songs somebody began a dossier of, and links that show a dossier to whoever has them."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE dossier_songs (
    owner_id   integer NOT NULL REFERENCES users ON DELETE CASCADE,
    song_id    integer NOT NULL REFERENCES songs ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner_id, song_id)
);
CREATE INDEX dossier_songs_by_song ON dossier_songs (song_id);
COMMENT ON TABLE dossier_songs IS
    'songs somebody entered by hand or tied things to: nobody else sees one that is known from nowhere else';

CREATE TABLE dossier_shares (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    song_id      integer NOT NULL REFERENCES songs ON DELETE CASCADE,
    owner_id     integer NOT NULL REFERENCES users ON DELETE CASCADE,
    token_sha256 text NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    opened       integer NOT NULL DEFAULT 0,
    CHECK (expires_at > created_at)
);
CREATE INDEX dossier_shares_by_owner ON dossier_shares (owner_id, song_id, id DESC);
CREATE INDEX dossier_shares_by_song ON dossier_shares (song_id);
COMMENT ON COLUMN dossier_shares.token_sha256 IS 'the token itself is told once and kept nowhere';
COMMENT ON COLUMN dossier_shares.opened IS 'how often the link was followed while it held';

CREATE INDEX playlist_pictures_by_song ON playlist_pictures (song_id) WHERE song_id IS NOT NULL;
CREATE INDEX playlist_pictures_by_owner ON playlist_pictures (owner_id, id DESC);
"""


def upgrade() -> None:
    """Create the tables."""
    op.get_bind().exec_driver_sql(TABLES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
