"""What one error code of Meta's means here."""

from __future__ import annotations

import msgspec

from dragoman.domain.errors import Code, Concerns


class Known(msgspec.Struct, frozen=True):
    """What one code means. `text` is the sentence's template; `{said}` is Meta's own detail."""

    code: Code
    concerns: Concerns
    text: str
    retryable: bool = False
    wait: float | None = None
