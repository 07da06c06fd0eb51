"""What a run of sync changed, artist by artist, for the home page."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE sync_changes (
    run_id    integer NOT NULL REFERENCES sync_runs ON DELETE CASCADE,
    artist_id integer NOT NULL REFERENCES artists ON DELETE CASCADE,
    rows      integer NOT NULL,
    PRIMARY KEY (run_id, artist_id)
);
COMMENT ON COLUMN sync_changes.rows IS 'readings new or changed';
"""


def upgrade() -> None:
    """Create the table."""
    op.get_bind().exec_driver_sql(TABLE)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
