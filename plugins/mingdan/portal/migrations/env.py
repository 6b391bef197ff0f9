"""Alembic's environment: migrations run on the connection that store.upgrade hands over."""

from alembic import context
from mingdan.portal.store import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
