"""Every route by everybody: nobody, and each of the five roles."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk import Desk, desk
from furnished import Route, furnish, routes

from dragoman.engine import people

pytestmark = pytest.mark.full  # a program for each test

RISING = ("viewer", "responder", "builder", "admin", "owner")
OPEN = "open"
# Open on purpose: the door itself, and the language of its words.
DOOR = {
    "/setup", "/invitation", "/signin", "/signin/again", "/signout", "/language/{code}",
}  # fmt: skip


def may(role: str, needed: str | None) -> bool:
    return needed == OPEN or RISING.index(role) >= RISING.index(needed or "owner")


async def _status(d: Desk, route: Route) -> tuple[int, str]:
    """Status and Location, without waiting for the end of what never ends."""
    headers = {} if route.method == "GET" else {"Origin": d.address}
    async with d.client.request(
        route.method, d.address + route.address, headers=headers, allow_redirects=False
    ) as answer:
        return answer.status, answer.headers.get("Location", "")


async def test_every_route_names_a_role_and_only_the_door_is_open(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        found = await routes(d, await furnish(d))
        assert [r for r in found if r.role not in (OPEN, *RISING)] == []
        assert {r.path for r in found if r.role == OPEN} == DOOR
        assert len(found) > 20


async def test_nobody_gets_behind_the_door(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner")
        for route in await routes(d, await furnish(d)):
            status, to = await _status(d, route)
            if route.role == OPEN:
                assert not to.startswith("/signin?next="), route
                continue
            if route.method == "GET":
                assert (status, to[:13]) == (303, "/signin?next="), route
            else:
                assert status == 401, route


@pytest.mark.parametrize("role", RISING)
async def test_a_role_opens_what_it_may_and_nothing_else(tmp_path: Path, role: str) -> None:
    async with desk(tmp_path) as d:
        values = await furnish(d)
        change = d.change()
        await d.app.store.do(lambda tx: people.add(tx, change, "o@example.com", "O", "owner", "!"))
        one = await d.app.store.do(
            lambda tx: people.add(tx, change, "me@example.com", "Me", role, "!")
        )
        for route in await routes(d, values):
            token = await d.app.store.do(lambda tx: people.sign_in(tx, change, one, "", ""))
            d.client.cookie_jar.update_cookies({"dragoman_sign_in": token})
            status, _ = await _status(d, route)
            if route.path == "/signin/again":
                assert status == 204
            elif may(role, route.role):
                assert status not in (401, 403) and status < 500, (route, status)
            else:
                assert status == 403, (route, status)
        rows = await d.app.store.read(lambda tx: tx.run("SELECT DISTINCT who FROM audit"))
        # what a page changed is under the e-mail address of whoever asked
        assert {r[0] for r in rows} <= {"start", "tests", "asha@example.com", "me@example.com"}


async def test_the_guest_is_a_builder_on_every_route(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d:
        for route in await routes(d, await furnish(d)):
            status, _ = await _status(d, route)
            refused = status == 403
            assert refused is not may("builder", route.role), (route, status)
            assert status < 500, route


async def test_roles_are_as_the_engine_has_them() -> None:
    assert people.ROLES == RISING
