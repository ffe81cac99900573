"""A letter to a partner's support, where a person there sets the address."""

from __future__ import annotations

import string
from collections.abc import Mapping


def written(template: str, values: Mapping[str, str]) -> str:
    """A partner's LETTER with our values in it. A line that needs a value which is empty or not
    there is left out, so that one template serves with a token and without."""
    lines = []
    for line in template.splitlines():
        names = [name for _, name, _, _ in string.Formatter().parse(line) if name]
        if all(values.get(name) for name in names):
            lines.append(line.format_map(values))
    return "\n".join(lines) + "\n"
