"""Leads made at the counter."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    op.create_table(
        "walk_ins",
        sa.Column("lead_id", sa.String(40), primary_key=True),
        sa.Column("list", sa.String(60), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("branch_id", sa.String(40), nullable=False, index=True),
        sa.Column("list_date", sa.Date, nullable=False, index=True),
        sa.Column("owner_id", sa.String(60)),
        sa.Column("owner_name", sa.String(200)),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
    )
