"""The JSON of a webhook body, as partners really write it."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode


def decode(body: bytes) -> Any:
    """The value of a JSON body. Raises ValueError for what is really no JSON, or nested too deep.

    Half a surrogate pair (`\\ud83d` alone, from a name cut in two) does not lose the batch: it is
    shown as `?`. The same goes for a number too great for a float, which is shown as null.
    """
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        loose = json.loads(body, parse_constant=lambda _: None, parse_float=_finite)
        return _decode(json.dumps(loose, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise ValueError("not JSON") from None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None
