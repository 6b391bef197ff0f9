"""The branch portal: who to call today and why, and what came of it. Reads published files and its own store only."""

from mingdan.portal.app import create_app

__all__ = ["create_app"]
