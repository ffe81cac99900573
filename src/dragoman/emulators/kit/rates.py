"""Token buckets on business time."""

from __future__ import annotations

from collections.abc import Hashable


class Buckets:
    """One bucket a key: `burst` tokens, one more each `refill_ms`. A burst of 0 switches it off."""

    def __init__(self, burst: int, refill_ms: float) -> None:
        self.burst = burst
        self.refill_ms = refill_ms
        self._levels: dict[Hashable, tuple[float, int]] = {}

    def take(self, key: Hashable, now: int) -> bool:
        if not self.burst:
            return True
        level, at = self._levels.get(key, (float(self.burst), now))
        level = min(self.burst, level + max(0, now - at) / self.refill_ms)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, now)
        return allowed

    def clear(self) -> None:
        self._levels.clear()

    def used_percent(self, key: Hashable) -> int:
        level, _ = self._levels.get(key, (float(self.burst), 0))
        return round(100 * (1 - level / self.burst)) if self.burst else 0
