"""Putting stored sentences into words.

A module registers its templates when it is imported. A command that only looks has not imported the
modules that wrote what it shows, so the homes of an unknown template are imported when it comes up.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from dragoman.domain import sentences
from dragoman.domain.sentences import Sentence
from dragoman.partners.registry import PARTNERS

# Where sentences come from that are stored: notes, reasons, errors. Cheap ones first; a test
# compares the list with the modules that register templates.
HOMES = (
    "dragoman.engine.intake",
    "dragoman.agents.files",
    "dragoman.agents.output",
    "dragoman.agents.python",
    "dragoman.agents.script",
    "dragoman.agents.loader",
    "dragoman.agents.watchdog",
    "dragoman.sandbox.failures",
    "dragoman.egress.guard",
    "dragoman.engine.run",
    "dragoman.engine.delivery",
    "dragoman.engine.expiry",
    "dragoman.engine.consent",
    "dragoman.engine.attachments",
    "dragoman.engine.media",
    "dragoman.engine.broadcast",
    "dragoman.engine.access",
    "dragoman.engine.accounts",
    "dragoman.egress.agent_http",
)


def say(sentence: Sentence) -> str:
    """As `sentences.say`, whoever wrote it."""
    if sentence.id not in sentences.known():
        for module in _homes():
            importlib.import_module(module)
            if sentence.id in sentences.known():
                break
    return sentences.say(sentence)


def _homes() -> Iterable[str]:
    yield from PARTNERS.values()
    yield from HOMES
