"""An administrator's rights by a password are of that password: another one ends them."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PROOFS = """
ALTER TABLE sign_ins ADD COLUMN operator_proof text;
UPDATE sign_ins SET operator_until = NULL;
COMMENT ON COLUMN sign_ins.operator_proof IS
    'HMAC of the operator''s password, the browser''s token as key: without its cookie nothing can be tried on it';
"""


def upgrade() -> None:
    """Add the proof; rights given before have none and end."""
    op.get_bind().exec_driver_sql(PROOFS)


def downgrade() -> None:
    """Migrations are append-only: restore a backup instead."""
    raise NotImplementedError("restore a backup instead")
