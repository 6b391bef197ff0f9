"""The store's schema: the migrations make what store.py names."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from mingdan.portal.store import metadata, open_store


def test_the_migrations_make_the_tables_that_the_store_names(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'portal.db'}").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert len(metadata.tables) > 5
