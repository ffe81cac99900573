"""A letter to a partner's support, where a person there sets the address."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

_PART = re.compile(r"\[([^\[\]]*)\]")


def written(template: str, values: Mapping[str, str]) -> str:
    """A partner's LETTER with our values in it. A line, or a part of one in [ ], that needs a value
    which is empty or not there is left out, so that one template serves with a token and without.
    """

    def known(text: str) -> bool:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name]
        return all(values.get(name) for name in names)

    lines = []
    for whole in template.splitlines():
        line = _PART.sub(lambda part: part[1] if known(part[1]) else "", whole)
        if known(line):
            lines.append(line.format_map(values))
    return "\n".join(lines) + "\n"
