"""Running the checks: one product, one partner after the other."""

from __future__ import annotations

import asyncio
import itertools
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dragoman.domain.clock import Clock
from dragoman.domain.sentences import SentenceError, say
from dragoman.emulators.app import build_all, config_of

from .bench import Absent, Bench, Wrong
from .product import NotSo, Product, logs_restored
from .table import CHECKS, Check, Result, State


def ways(partner: str) -> list[str]:
    """The places of a partner: its name, and behind a slash each other way that its emulator can
    be set up for. Raises KeyError where it is not emulated."""
    emulator = build_all({partner: config_of(partner)}, Clock())[0]
    emulator.books.close()
    emulator.handsets.close()
    return [partner, *(f"{partner}/{way}" for way in emulator.WALKS)]


async def run(
    places: Sequence[str],
    home: Path,
    told: Callable[[Result], None] = lambda result: None,
    only: Sequence[str] = (),
) -> list[Result]:
    """Every check (or those of `only`) at every place. home: an empty folder. told: hears of each
    result as it is known. A partner's usual way comes before its others, which it is not set back
    from."""
    results: list[Result] = []
    people = itertools.count()
    with logs_restored():
        product = Product(home)
        try:
            await product.start()
            for place in places:
                async with Bench(product, place, people).open() as bench:
                    for one in _chosen(only):
                        result = await _one(bench, one)
                        results.append(result)
                        told(result)
        finally:
            await product.end()
    return results


def _chosen(only: Sequence[str]) -> Iterator[Check]:
    return (one for name, one in CHECKS.items() if not only or name in only)


async def _one(bench: Bench, one: Check) -> Result:
    """One check, whose failure spoils none of the others."""
    loop = asyncio.get_running_loop()
    began = loop.time()

    def ended(state: State, detail: str = "") -> Result:
        return Result(bench.place, one.id, state, detail, loop.time() - began)

    try:
        bench.begin()
        bench.need(one.needs)
        await one.run(bench)
    except Absent as absent:
        return ended("absent", str(absent))
    except (Wrong, NotSo) as wrong:
        detail = str(wrong)
    except SentenceError as error:
        detail = say(error.sentence)
    except Exception as error:  # of the kit, or of the product where nothing should be raised
        detail = "".join(traceback.format_exception(error)).strip()
    else:
        return ended("passed")
    bench.emulator.faults.all_off()
    bench.emulator.timeline.clear()  # what it left waiting is not the next check's
    return ended("failed", detail)
