"""What an operator asks of a channel, at every partner in each of its dialects: `channel check` and
`doctor`, beside the running demo."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner
from five import FORMS, five

from dragoman.agents.contract import Turn
from dragoman.cli import cli
from dragoman.domain.sentences import say
from dragoman.partners.registry import partner

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

ACCEPTS = "The partner accepts the credentials."
AT_HOME = "No channel needs it: every partner here is on this machine."


async def hush(turn: Turn) -> None:
    """Says nothing."""


async def asked(home: Path, *args: str) -> tuple[int, str]:
    def work() -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["--home", str(home), *args])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return await asyncio.to_thread(work)


async def test_credentials_are_checked_wherever_they_can_be(tmp_path: Path) -> None:
    async with five(tmp_path, hush) as world:
        for name, dialect in FORMS:
            await world.use(name, dialect)
            copy, talker = world.emulated._app.draft, partner(name)
            can = bool(talker.probes(copy.settings[name]))
            assert can == ((name, dialect) not in (("gupshup", "enterprise"), ("karix", "")))
            code, said = await asked(tmp_path / "home", "channel", "check", "Tea shop")
            assert code == 0, said
            assert (ACCEPTS in said) == can, (name, dialect, said)
            _, told = await asked(tmp_path / "home", "doctor")
            assert f"{talker.LABEL} accepts the credentials." in told or not can
            if talker.NOT_CHECKABLE is not None:
                sentence = say(talker.NOT_CHECKABLE)
                assert (sentence in said) == (sentence in told) == (not can)
            assert AT_HOME in told, (name, dialect, told)
            assert "FAIL" not in told, (name, dialect, told)
