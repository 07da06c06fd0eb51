"""A judge whom the end of the process stopped is told from one whom a person stopped."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATES = """
ALTER TABLE audition_judges DROP CONSTRAINT audition_judges_state_check,
    ADD CONSTRAINT audition_judges_state_check
        CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled', 'interrupted'));
UPDATE audition_judges j SET state = 'interrupted', error_code = 'interrupted' FROM auditions a
    WHERE a.id = j.audition_id AND a.state = 'interrupted' AND j.state IN ('waiting', 'running');
"""


def upgrade() -> None:
    """Add the state, and give it to judges of auditions that were interrupted."""
    op.get_bind().exec_driver_sql(STATES)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
