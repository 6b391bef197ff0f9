"""Sign-ons that wait for the bank's identity provider; who refused is found without reading every outcome."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    op.create_table(
        "sign_ons",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(128), nullable=False),
        sa.Column("back_to", sa.String(2000), nullable=False),
        sa.Column("began_at", sa.DateTime, nullable=False, index=True),
    )
    op.create_index("ix_outcomes_subject_id_outcome", "outcomes", ["subject_id", "outcome"])
    op.drop_index("ix_outcomes_subject_id", "outcomes")
