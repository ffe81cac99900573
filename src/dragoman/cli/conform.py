"""`dragoman conform PARTNER`: every way in which a call or a webhook can go wrong, tried here."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dragoman.domain.sentences import Sentence, SentenceError, words

if TYPE_CHECKING:
    from dragoman.conform.table import Result

words(
    {
        "conform_unknown": "There is no partner {name!r} to try. Those that are: {known}.",
        "conform_no_way": "{partner} has no way {way!r} to be set up. Its ways: {known}.",
        "conform_no_check": "There is no check {name!r}. `dragoman conform --list` shows them.",
        "conform_not_empty": "The folder {home} is not empty, and the kit needs one of its own: "
        "name another.",
        "conform_nothing": "Name a partner to try: {known}.",
    }
)


@click.command()
@click.argument("partner", required=False)
@click.option("--only", multiple=True, metavar="CHECK", help="This check only; may be repeated.")
@click.option("--list", "listing", is_flag=True, help="The checks, and what each means.")
@click.option("--keep", metavar="FOLDER", help="Leave the database and all else in this folder.")
def conform(partner: str | None, only: tuple[str, ...], listing: bool, keep: str | None) -> None:
    """Try a partner (or all) against its emulator: one line a check, exit code 1 where one fails.

    Nothing leaves this machine, and nothing of yours is touched."""
    from dragoman.conform.run import run
    from dragoman.conform.table import CHECKS

    if listing:
        for one in CHECKS.values():
            click.echo(f"{one.id:<20} {one.title}")
        return
    for name in only:
        if name not in CHECKS:
            raise SentenceError(Sentence("conform_no_check", {"name": name}))
    places = _places(partner)
    with _home(keep) as home:
        results = asyncio.run(run(places, home, _Lines(len(places) > 1).told, only))
    count = Counter(result.state for result in results)
    seconds = sum(result.seconds for result in results)
    click.echo(
        f"\n{count['passed']} passed, {count['failed']} failed, {count['absent']} absent; "
        f"{seconds:.0f} s"
    )
    if count["failed"]:
        raise SystemExit(1)


def _places(partner: str | None) -> list[str]:
    from dragoman.conform.run import ways
    from dragoman.emulators.app import EMULATORS
    from dragoman.partners.registry import PARTNERS

    known = [name for name in PARTNERS if name in EMULATORS]
    args = {"known": ", ".join((*known, "all"))}
    if partner is None:
        raise SentenceError(Sentence("conform_nothing", args))
    if partner == "all":
        return [place for name in known for place in ways(name)]
    name, slash, way = partner.partition("/")
    if name not in known:
        raise SentenceError(Sentence("conform_unknown", {"name": name, **args}))
    every = ways(name)
    if not slash:
        return every
    if partner not in every:
        others = ", ".join(place.partition("/")[2] for place in every[1:]) or "the usual one"
        raise SentenceError(
            Sentence("conform_no_way", {"partner": name, "way": way, "known": others})
        )
    return [partner]


@contextlib.contextmanager
def _home(keep: str | None) -> Iterator[Path]:
    """A folder of the kit's own. Raises SentenceError for one that is used."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="dragoman-conform-") as folder:
            yield Path(folder)
        return
    home = Path(keep).absolute()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise SentenceError(Sentence("conform_not_empty", {"home": str(home)}))
    home.mkdir(parents=True, exist_ok=True)
    yield home


class _Lines:
    """One line a result; the partner's name over its own, where there are several."""

    def __init__(self, headed: bool) -> None:
        self._headed, self._place = headed, ""

    def told(self, result: Result) -> None:
        from dragoman.conform.table import CHECKS, MARKS

        if self._headed and result.partner != self._place:
            click.echo(f"\n{result.partner}" if self._place else result.partner)
        self._place = result.partner
        said = result.detail if result.state == "absent" else CHECKS[result.check].title
        click.echo(f"{MARKS[result.state]} {result.check:<18} {said}")
        if result.state == "failed":
            for line in result.detail.splitlines():
                click.echo(f"  {line}")
