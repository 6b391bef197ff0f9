"""The portal's own store: what people here wrote. SQLite embedded, PostgreSQL in production; the schema by Alembic.

Times are bank-local without zone, as the source contract has them. Nothing is ever deleted or overwritten but
sessions', projects' and plans' ends, an outcome's day of handing over, and sign-ons that came back or ran out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Date, DateTime, Index, Integer, MetaData, Numeric, String, Table, Text, UniqueConstraint

metadata = MetaData(naming_convention={"uq": "uq_%(table_name)s_%(column_0_name)s", "ix": "ix_%(column_0_label)s"})

sessions = Table(
    "sessions", metadata,
    Column("digest", String(64), primary_key=True),  # sha256 of the cookie: the store alone opens no session
    Column("user_id", String(200), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("began_at", DateTime, nullable=False),
    Column("seen_at", DateTime, nullable=False),
    Column("ended_at", DateTime),
)  # fmt: skip

sign_ons = Table(
    "sign_ons", metadata,
    Column("digest", String(64), primary_key=True),  # sha256 of the cookie that binds it to one browser
    Column("state", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("back_to", String(2000), nullable=False),
    Column("began_at", DateTime, nullable=False, index=True),
)  # fmt: skip

outcomes = Table(
    "outcomes", metadata,
    Column("contact_id", String(40), primary_key=True),
    Column("lead_id", String(40), nullable=False, index=True),
    Column("list", String(60), nullable=False),
    Column("subject_type", String(20), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("branch_id", String(40), nullable=False, index=True),
    Column("list_date", Date, nullable=False),
    Column("contacted_at", DateTime, nullable=False),
    Column("recorded_at", DateTime, nullable=False, index=True),
    Column("channel", String(20), nullable=False),
    Column("outcome", String(30), nullable=False),
    Column("refused_channel", String(20)),           # of do_not_contact: one channel, or null for all
    Column("product_code", String(60)),
    Column("amount", Numeric(18, 2)),
    Column("call_again_on", Date),
    Column("note", Text),
    Column("talk_version", String(40)),
    Column("actor", String(200), nullable=False),
    Column("origin", String(20), nullable=False),    # page, workbook or walk_in
    Column("same", String(64), nullable=False),      # digest of what was said: said twice, it is there once
    Column("handed_over_on", Date, index=True),
    UniqueConstraint("same"),
    Index("ix_outcomes_subject_id_outcome", "subject_id", "outcome"),
)  # fmt: skip

# Newest wins in the four below: a row is added in the next turn, none is changed.
assignments = Table(
    "assignments", metadata,
    Column("lead_id", String(40), primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),  # two at the same time: the second is refused
    Column("branch_id", String(40), nullable=False, index=True),
    Column("kind", String(20), nullable=False),      # claimed or reassigned
    Column("employee_id", String(60)),               # null: the branch's queue
    Column("employee_name", String(200)),
    Column("former_id", String(60)),
    Column("actor", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
)  # fmt: skip

absences = Table(
    "absences", metadata,
    Column("employee_id", String(60), primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("branch_id", String(40), nullable=False, index=True),
    Column("absent_from", Date),                     # null: at work, whatever was said before
    Column("absent_until", Date),
    Column("substitute_id", String(60)),
    Column("actor", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
)  # fmt: skip

capacities = Table(
    "capacities", metadata,
    Column("employee_id", String(60), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("branch_id", String(40), nullable=False, index=True),
    Column("capacity", Integer, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
)  # fmt: skip

work_logs = Table(
    "work_logs", metadata,
    Column("user_id", String(200), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("branch_id", String(40), nullable=False, index=True),
    Column("state", String(20), nullable=False),     # handed_in, approved or sent_back
    Column("text", Text, nullable=False),
    Column("contacted", Integer, nullable=False),    # figures as they stood then
    Column("reached", Integer, nullable=False),
    Column("won", Integer, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
)  # fmt: skip

projects = Table(
    "projects", metadata,
    Column("project_id", String(40), primary_key=True),
    Column("branch_id", String(40), nullable=False, index=True),
    Column("title", String(100), nullable=False),
    Column("segment", String(100), nullable=False),
    Column("goal", Text, nullable=False),            # what exactly, why it can be done, what it is good for
    Column("attainable", Text, nullable=False),
    Column("relevant", Text, nullable=False),
    Column("begins_on", Date, nullable=False),
    Column("ends_on", Date, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("closed_at", DateTime),
)  # fmt: skip

project_indicators = Table(
    "project_indicators", metadata,
    Column("project_id", String(40), primary_key=True),
    Column("indicator", String(20), primary_key=True),   # contacted, reached, won or amount
    Column("target", Numeric(18, 2), nullable=False),
    Column("points", Integer, nullable=False),           # for each lead; of amount for each 10 000
)  # fmt: skip

project_members = Table(
    "project_members", metadata,
    Column("project_id", String(40), primary_key=True),
    Column("employee_id", String(60), primary_key=True),
    Column("employee_name", String(200), nullable=False),
)  # fmt: skip

project_customers = Table(
    "project_customers", metadata,                       # the segment as it was: who leaves it by success still counts
    Column("project_id", String(40), primary_key=True),
    Column("customer_id", String(64), primary_key=True),
)  # fmt: skip

care_plans = Table(
    "care_plans", metadata,
    Column("plan_id", String(40), primary_key=True),
    Column("branch_id", String(40), nullable=False, index=True),
    Column("customer_id", String(64), nullable=False),
    Column("owner_id", String(60)),
    Column("owner_name", String(200)),
    Column("made_by", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("closed_at", DateTime),
)  # fmt: skip

care_notes = Table(
    "care_notes", metadata,
    Column("plan_id", String(40), primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("step", String(10), nullable=False),          # plan, do, check or act
    Column("text", Text, nullable=False),
    Column("due_on", Date),
    Column("actor", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
)  # fmt: skip

walk_ins = Table(
    "walk_ins", metadata,
    Column("lead_id", String(40), primary_key=True),
    Column("list", String(60), nullable=False),
    Column("subject_id", String(64), nullable=False),
    Column("branch_id", String(40), nullable=False, index=True),
    Column("list_date", Date, nullable=False, index=True),
    Column("owner_id", String(60)),
    Column("owner_name", String(200)),
    Column("made_by", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
)  # fmt: skip

drafts = Table(
    "drafts", metadata,
    Column("draft_id", String(40), primary_key=True),
    Column("kind", String(10), nullable=False),      # list or segment
    Column("name", String(40), nullable=False),
    Column("note", Text, nullable=False),
    Column("match", String(3), nullable=False),      # all or any of the conditions
    Column("conditions", Text, nullable=False),      # JSON: label, op, values
    Column("sql", Text, nullable=False),             # what a model would hold
    Column("people", Integer),                       # who met them then; null where they were too few to say
    Column("list_date", Date, nullable=False),
    Column("branch_id", String(40), index=True),     # null: the whole bank was asked
    Column("made_by", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
)  # fmt: skip

draft_reviews = Table(
    "draft_reviews", metadata,
    Column("draft_id", String(40), primary_key=True),
    Column("verdict", String(10), nullable=False),   # agreed or declined
    Column("note", Text, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("made_at", DateTime, nullable=False),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime, nullable=False),
    Column("user_id", String(200), nullable=False, index=True),
    Column("branch_id", String(40)),
    Column("what", String(40), nullable=False, index=True),
    Column("detail", Text, nullable=False),          # canonical JSON: ids, counts, digests; never names or mobiles
    Column("address", String(60)),
    Column("former", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)  # fmt: skip


def create_database(url: str) -> None:
    """Make the database of a PostgreSQL URL where it is not there yet; its tables come when the portal starts."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "postgresql" or not parsed.database:
        return
    server = sa.create_engine(parsed.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        there = sa.text("select 1 from pg_database where datname = :name")
        if connection.execute(there, {"name": parsed.database}).first() is None:
            name = connection.dialect.identifier_preparer.quote(parsed.database)
            connection.execute(sa.text(f"create database {name}"))
    server.dispose()


def open_store(url: str) -> sa.Engine:
    """The store behind a URL of SQLAlchemy, brought to the newest schema. SQLite's folder is made where it is not."""
    parsed = sa.make_url(url)
    own: dict[str, Any] = {}
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        own = {"connect_args": {"timeout": 15}}
    engine = sa.create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite", **own)
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", sqlite_manners)
        sa.event.listen(engine, "begin", sqlite_begins)
        engine.begin = engine.execution_options(writes=True).begin  # type: ignore[method-assign]
    upgrade(engine)
    return engine


def sqlite_begins(connection: sa.Connection) -> None:
    """engine.begin() writes: it takes the one lock at once, so that what it read still holds when it writes.
    engine.connect() reads, and waits for nobody."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("begin immediate" if writes else "begin")


def sqlite_manners(connection: Any, _: Any) -> None:
    """Readers beside one writer, and transactions that SQLAlchemy begins itself."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma foreign_keys = on")
    cursor.close()


def upgrade(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
