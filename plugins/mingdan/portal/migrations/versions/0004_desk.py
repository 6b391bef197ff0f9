"""Assignments take the place of claims; absences, capacities, work logs, projects and care plans."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("lead_id", sa.String(40), primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("branch_id", sa.String(40), nullable=False, index=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("employee_id", sa.String(60)),
        sa.Column("employee_name", sa.String(200)),
        sa.Column("former_id", sa.String(60)),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "absences",
        sa.Column("employee_id", sa.String(60), primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("branch_id", sa.String(40), nullable=False, index=True),
        sa.Column("absent_from", sa.Date),
        sa.Column("absent_until", sa.Date),
        sa.Column("substitute_id", sa.String(60)),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "capacities",
        sa.Column("employee_id", sa.String(60), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("branch_id", sa.String(40), nullable=False, index=True),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "work_logs",
        sa.Column("user_id", sa.String(200), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("branch_id", sa.String(40), nullable=False, index=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("contacted", sa.Integer, nullable=False),
        sa.Column("reached", sa.Integer, nullable=False),
        sa.Column("won", sa.Integer, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "projects",
        sa.Column("project_id", sa.String(40), primary_key=True),
        sa.Column("branch_id", sa.String(40), nullable=False, index=True),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("segment", sa.String(100), nullable=False),
        sa.Column("goal", sa.Text, nullable=False),
        sa.Column("attainable", sa.Text, nullable=False),
        sa.Column("relevant", sa.Text, nullable=False),
        sa.Column("begins_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("closed_at", sa.DateTime),
    )
    op.create_table(
        "project_indicators",
        sa.Column("project_id", sa.String(40), primary_key=True),
        sa.Column("indicator", sa.String(20), primary_key=True),
        sa.Column("target", sa.Numeric(18, 2), nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
    )
    op.create_table(
        "project_members",
        sa.Column("project_id", sa.String(40), primary_key=True),
        sa.Column("employee_id", sa.String(60), primary_key=True),
        sa.Column("employee_name", sa.String(200), nullable=False),
    )
    op.create_table(
        "project_customers",
        sa.Column("project_id", sa.String(40), primary_key=True),
        sa.Column("customer_id", sa.String(64), primary_key=True),
    )
    op.create_table(
        "care_plans",
        sa.Column("plan_id", sa.String(40), primary_key=True),
        sa.Column("branch_id", sa.String(40), nullable=False, index=True),
        sa.Column("customer_id", sa.String(64), nullable=False),
        sa.Column("owner_id", sa.String(60)),
        sa.Column("owner_name", sa.String(200)),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("closed_at", sa.DateTime),
    )
    op.create_table(
        "care_notes",
        sa.Column("plan_id", sa.String(40), primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
    )
    op.execute(
        "insert into assignments (lead_id, turn, branch_id, kind, employee_id, employee_name, actor, made_at) "
        "select lead_id, 1, branch_id, 'claimed', employee_id, employee_name, employee_id, claimed_at from claims"
    )
    op.drop_table("claims")
