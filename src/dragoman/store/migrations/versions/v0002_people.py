"""The console: people, their invitations and sign-ins."""

from alembic import op

from dragoman.store.schema import metadata

revision = "0002"
down_revision = "0001"

ADDED = ("person", "invitation", "signin", "signin_failure")


def upgrade() -> None:
    added = [metadata.tables[name] for name in ADDED]
    metadata.create_all(op.get_bind(), tables=added)
