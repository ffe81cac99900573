"""Every partner passes the conformance kit, in each way that its emulator can be set up for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dragoman.conform.run import run, ways
from dragoman.conform.table import CHECKS, Result
from dragoman.emulators.app import EMULATORS
from dragoman.partners.registry import PARTNERS

PLACES = [place for name in PARTNERS if name in EMULATORS for place in ways(name)]
# What may be absent. Anything else that a partner says it has not is a check that does nothing.
ABSENT = {
    "cloud-api": {"json_in_json", "file_private", "token_"},
    "gupshup": {"own_check", "own_check_rotated"},
    "gupshup/form": {"own_check", "own_check_rotated"},
    "gupshup/access": {
        *("own_check", "own_check_rotated", "json_in_json", "batch", "number_unlisted"),
    },
    "gupshup/v3": {"own_check", "own_check_rotated", "json_in_json", "batch", "file_private"},
    "infobip": {"json_in_json", "times"},
    "infobip/messages": {"json_in_json", "times"},
    "karix": {"json_in_json"},
    "netcore": {"json_in_json", "file_private"},
}


@pytest.fixture(scope="module")
def result_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Result]]:
    """The result of a check. All checks of a partner run when the first is asked for, in one run of
    the product."""
    results: dict[tuple[str, str], Result] = {}

    def found(place: str, check: str) -> Result:
        if (place, check) not in results:
            name = place.partition("/")[0]
            home: Path = tmp_path_factory.mktemp("conform") / "home"
            for result in asyncio.run(run([p for p in PLACES if p.split("/")[0] == name], home)):
                results[result.partner, result.check] = result
        return results[place, check]

    yield found


@pytest.mark.full
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("place", PLACES)
def test_conforms(result_of: Callable[[str, str], Result], place: str, check: str) -> None:
    result = result_of(place, check)
    assert result.state != "failed", f"{CHECKS[check].title}\n{result.detail}"
    if result.state == "absent":
        allowed = ABSENT.get(place, set())
        assert any(check == one or check.startswith(one) for one in allowed), result.detail
