"""Searches of pictures are told apart by a digest of the wish: an index takes no value of more than 2.7 kB."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHANGES = """
ALTER TABLE image_searches DROP CONSTRAINT image_searches_image_id_wish_key;
CREATE UNIQUE INDEX image_searches_by_wish ON image_searches (image_id, md5(wish::text));
"""


def upgrade() -> None:
    """Put the digest in the wish's place."""
    op.get_bind().exec_driver_sql(CHANGES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
