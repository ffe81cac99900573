"""The first schema: apps and channels are versioned from the beginning.

The tables are created from the definition of the day, but for those that a later migration adds. A
later migration that changes one freezes this one's text.
"""

from alembic import op

from dragoman.store.schema import metadata

revision = "0001"
down_revision = None

LATER = ("person", "invitation", "signin", "signin_failure")  # 0002


def upgrade() -> None:
    first = [table for table in metadata.sorted_tables if table.name not in LATER]
    metadata.create_all(op.get_bind(), tables=first)
