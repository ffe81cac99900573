"""One suite, two databases: a file, and (marked `full`) a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from storehouse import House


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.full)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    async with House(url).open() as made:
        yield made
        await healthy(made)


async def healthy(made: House) -> None:
    """What must hold after every test, whatever it did."""
    wrong = await made.rows(
        """SELECT c.id FROM conversation c WHERE c.in_seq<>(SELECT count(*) FROM message m
        WHERE m.app_id=c.app_id AND m.conversation_id=c.id AND m.direction=0)
        OR c.in_seq<>coalesce((SELECT max(seq) FROM message m WHERE m.app_id=c.app_id
          AND m.conversation_id=c.id AND m.direction=0),0)"""
    )
    assert wrong == [], "arrival order has a gap"
    homeless = await made.rows(
        """SELECT m.id FROM message m WHERE NOT EXISTS (SELECT 1 FROM contact c
        WHERE c.app_id=m.app_id AND c.id=m.contact_id) OR NOT EXISTS (SELECT 1 FROM conversation v
        WHERE v.app_id=m.app_id AND v.id=m.conversation_id)"""
    )
    assert homeless == [], "a message without its contact or conversation"
    strays = await made.rows(
        """SELECT value FROM identity i WHERE NOT EXISTS (SELECT 1 FROM contact c
        WHERE c.app_id=i.app_id AND c.id=i.contact_id)"""
    )
    assert strays == [], "an identity of nobody"
