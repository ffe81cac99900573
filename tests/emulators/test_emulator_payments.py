"""A person pays a bill, fails to, or leaves it pending: what the webhook then says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from emulator_rig import ASHA, Rig, callback_server, running

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

FIXTURES = Path(__file__).parents[1] / "fixtures" / "cloud_api"
BILL = FIXTURES / "outbound" / "interactive_order_details_in_razorpay.json"


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    async with callback_server() as callback, running(callback) as made:
        await made.writes()
        yield made


async def bill(rig: Rig) -> str:
    body = {**json.loads(BILL.read_bytes()), "to": f"+{ASHA}"}
    _, answer = await rig.send(body)
    return str(answer["messages"][0]["id"])


def keys(value: Any) -> Any:
    """The shape of a JSON value: its keys, with the sorts of what they hold."""
    if isinstance(value, dict):
        return {key: keys(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [keys(inner) for inner in value]
    return type(value).__name__


@pytest.mark.parametrize(
    ("outcome", "status", "transaction"),
    [
        ("paid", "captured", "success"),
        ("failed", "pending", "failed"),
        ("pending", "pending", "pending"),
    ],
)
async def test_each_outcome_is_reported(
    rig: Rig, outcome: str, status: str, transaction: str
) -> None:
    wamid = await bill(rig)
    order = {"contact": {"phone": ASHA}, "message": wamid, "outcome": outcome}
    assert await rig.control("pay", order) == {"success": True}

    def paid() -> list[dict[str, Any]]:
        reports = [s for v in rig.callback.values() for s in v.get("statuses", [])]
        return [s for s in reports if s.get("type") == "payment"]

    await rig.callback.wait(lambda: bool(paid()))
    (report,) = paid()
    assert (report["id"], report["recipient_id"], report["status"]) == (wamid, ASHA, status)
    payment = report["payment"]
    assert payment["transaction"]["status"] == transaction
    asked = json.loads(BILL.read_bytes())["interactive"]["action"]["parameters"]
    assert payment["reference_id"] == asked["reference_id"]
    assert payment["amount"] == asked["total_amount"]
    assert ("error" in payment["transaction"]) is (outcome == "failed")


async def test_the_report_has_the_shape_of_metas(rig: Rig) -> None:
    wamid = await bill(rig)
    await rig.control("pay", {"contact": {"phone": ASHA}, "message": wamid})
    await rig.callback.wait(lambda: "captured" in rig.callback.statuses(wamid))
    theirs = json.loads((FIXTURES / "status" / "payment_in_captured.json").read_bytes())
    wanted = keys(theirs["entry"][0]["changes"][0]["value"])
    for optional in ("receipt", "notes"):  # only where the bill has them
        del wanted["statuses"][0]["payment"][optional]
    value = next(
        v for v in rig.callback.values() if v.get("statuses", [{}])[0].get("type") == "payment"
    )
    found = keys(value)
    del found["statuses"][0]["recipient_user_id"]  # since 2026, for people who have one
    del found["contacts"][0]["user_id"]
    assert found == wanted


async def test_nothing_else_can_be_paid(rig: Rig) -> None:
    _, answer = await rig.send({
        "messaging_product": "whatsapp", "to": f"+{ASHA}", "type": "text", "text": {"body": "hi"},
    })  # fmt: skip
    order = {"contact": {"phone": ASHA}, "message": answer["messages"][0]["id"]}
    told = await rig.control("pay", order)
    assert told == {
        "error": "There is nothing to pay in this message: choose one that asks for money."
    }
