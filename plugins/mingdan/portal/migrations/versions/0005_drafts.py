"""Drafts of lists and segments, and what another person says of them."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("draft_id", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("match", sa.String(3), nullable=False),
        sa.Column("conditions", sa.Text, nullable=False),
        sa.Column("sql", sa.Text, nullable=False),
        sa.Column("people", sa.Integer),
        sa.Column("list_date", sa.Date, nullable=False),
        sa.Column("branch_id", sa.String(40), index=True),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "draft_reviews",
        sa.Column("draft_id", sa.String(40), primary_key=True),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
    )
