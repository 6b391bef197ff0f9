"""Sessions, outcomes, claims and the audit trail, which refuses to be changed."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(200), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("began_at", sa.DateTime, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime),
    )
    op.create_table(
        "outcomes",
        sa.Column("contact_id", sa.String(40), primary_key=True),
        sa.Column("lead_id", sa.String(40), nullable=False, index=True),
        sa.Column("list", sa.String(60), nullable=False),
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False, index=True),
        sa.Column("branch_id", sa.String(40), nullable=False, index=True),
        sa.Column("list_date", sa.Date, nullable=False),
        sa.Column("contacted_at", sa.DateTime, nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False, index=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(30), nullable=False),
        sa.Column("refused_channel", sa.String(20)),
        sa.Column("product_code", sa.String(60)),
        sa.Column("amount", sa.Numeric(18, 2)),
        sa.Column("call_again_on", sa.Date),
        sa.Column("note", sa.Text),
        sa.Column("talk_version", sa.String(40)),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("origin", sa.String(20), nullable=False),
        sa.Column("same", sa.String(64), nullable=False),
        sa.Column("handed_over_on", sa.Date, index=True),
        sa.UniqueConstraint("same", name="uq_outcomes_same"),
    )
    op.create_table(
        "claims",
        sa.Column("lead_id", sa.String(40), primary_key=True),
        sa.Column("employee_id", sa.String(60), nullable=False),
        sa.Column("employee_name", sa.String(200), nullable=False),
        sa.Column("branch_id", sa.String(40), nullable=False),
        sa.Column("claimed_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("user_id", sa.String(200), nullable=False, index=True),
        sa.Column("branch_id", sa.String(40)),
        sa.Column("what", sa.String(40), nullable=False, index=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("address", sa.String(60)),
        sa.Column("former", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger audit_refuses_{verb} before {verb} on audit "
                "begin select raise(abort, 'the audit trail is append-only'); end"
            )
    else:
        op.execute(
            "create function audit_refuses() returns trigger language plpgsql as "
            "$$ begin raise exception 'the audit trail is append-only'; end $$"
        )
        op.execute(
            "create trigger audit_refuses before update or delete or truncate on audit "
            "for each statement execute function audit_refuses()"
        )
