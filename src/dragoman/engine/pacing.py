"""How fast a number may send: a bucket for the number, one for each pair. In memory of the one
process that owns the number."""

from __future__ import annotations

from collections import OrderedDict


class Bucket:
    """`rate` tokens a second, up to `burst`. Time is given in seconds, any steady clock."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float, leave: float = 0.0) -> float:
        """Take a token, even ahead of time. Returns how long to wait for it, 0 if it was there.
        leave: so many tokens must be there besides, for those who go first."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        self._tokens -= 1
        lacks = max(0.0, min(leave, self._burst - 1)) - self._tokens
        return max(0.0, lacks / self._rate)

    def give_back(self) -> None:
        """A token that was taken and not used."""
        self._tokens = min(self._burst, self._tokens + 1)


class Pace:
    """number_per_s: messages a second for the number, 0 for no limit. pair_burst, pair_every_s:
    what one contact may get at once, and then how often."""

    def __init__(self, number_per_s: float, pair_burst: int = 0, pair_every_s: float = 0) -> None:
        self._per_s = number_per_s
        self._pair_burst = pair_burst
        self._pair_every_s = pair_every_s
        self._numbers: dict[int, Bucket] = {}
        self._pairs: OrderedDict[tuple[int, int], Bucket] = OrderedDict()

    def wait(
        self, number_id: int, contact_id: int, now: float, *, nobody_waits: bool = False
    ) -> float:
        """Seconds until this message may leave; its place is taken. What nobody waits for leaves
        a quarter of a second's messages free for answers, which so never queue behind it."""
        longest = 0.0
        if self._per_s:
            bucket = self._numbers.get(number_id)
            if bucket is None:
                bucket = self._numbers[number_id] = Bucket(self._per_s, self._per_s, now)
            longest = bucket.take(now, self._per_s / 4 if nobody_waits else 0.0)
        if self._pair_burst:
            key = (number_id, contact_id)
            pair = self._pairs.get(key)
            if pair is None:
                pair = self._pairs[key] = Bucket(1 / self._pair_every_s, self._pair_burst, now)
                if len(self._pairs) > 100_000:  # the longest idle pair has long been full again
                    self._pairs.popitem(last=False)
            else:
                self._pairs.move_to_end(key)
            longest = max(longest, pair.take(now))
        return longest

    def give_back(self, number_id: int, contact_id: int) -> None:
        """The message does not leave now after all."""
        for bucket in (self._numbers.get(number_id), self._pairs.get((number_id, contact_id))):
            if bucket is not None:
                bucket.give_back()
