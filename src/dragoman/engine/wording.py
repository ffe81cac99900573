"""Putting stored sentences into words.

A module registers its templates when it is imported. A command that only looks has not imported the
modules that wrote what it shows, so the homes of an unknown template are imported when it comes up.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from gettext import NullTranslations

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
    "dragoman.egress.client",
)


def say(sentence: Sentence, catalogue: NullTranslations = sentences.ENGLISH) -> str:
    """As `sentences.say`, whoever wrote it."""
    learn(sentence)
    return sentences.say(sentence, catalogue)


def learn(sentence: Sentence) -> None:
    """See to it that the templates of a sentence, and of those inside it, are known."""
    if sentences.template_of(sentence) is None:
        for module in _homes():
            importlib.import_module(module)
            if sentences.template_of(sentence) is not None:
                break
    for value in sentence.args.values():
        for one in value if isinstance(value, list | tuple) else (value,):
            found = sentences.inner(one)
            if found is not None:
                learn(found)


def _homes() -> Iterable[str]:
    yield from PARTNERS.values()
    yield from HOMES
