"""The state machine of an order.

Source: Meta, "Payments in India", "Payments in Brazil" (2026).
"""

from __future__ import annotations

from dragoman.emulators._cloud.checks import Refusal

_MOVING = {"processing", "partially_shipped", "shipped"}


class Orders:
    """The state of each order of one number, by reference id. Kept in memory only."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], tuple[str, bool]] = {}

    def open(self, number: str, reference: str) -> None:
        self._states.setdefault((number, reference), ("pending", False))

    def paid(self, number: str, reference: str) -> None:
        state, _ = self._states.get((number, reference), ("pending", False))
        self._states[number, reference] = (state, True)

    def move(self, number: str, reference: str, after: str) -> Refusal | None:
        """Take the step, or say why not."""
        before, paid = self._states.get((number, reference), ("pending", False))
        if after == "canceled" and paid:
            return Refusal("order_cancel", reference=reference)
        allowed = (
            before == "pending"
            or after == before
            or (before in _MOVING and (after in _MOVING or after in ("completed", "canceled")))
        )
        if not allowed or (before != "pending" and after == "pending"):
            return Refusal("order_transition", reference=reference, before=before, after=after)
        self._states[number, reference] = (after, paid)
        return None
