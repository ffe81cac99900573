"""The first schema: apps and channels are versioned from the beginning.

The tables are created from the definition of the day. A later migration changes them by its own
statements and freezes this one's text.
"""

from alembic import op

from dragoman.store.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
