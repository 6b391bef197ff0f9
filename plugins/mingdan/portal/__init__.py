"""The branch portal: who to call today and why, and what came of it. Reads published files and its own store only."""
