"""What a partner cannot say is degraded by its rule; a typed answer is the tap it stands for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from dragoman.agents.contract import Turn
from dragoman.domain import content as c
from dragoman.engine.payments import fill_entity
from dragoman.partners import cloud_api
from dragoman.partners.contract import degraded
from dragoman.partners.plain import RULES, Choice, Plain, chosen
from world import ASHA, World, running

TEAS = {
    "kind": "list",
    "body": "Which tea?",
    "button": "Teas",
    "sections": [
        {
            "title": "Black",
            "rows": [
                {"id": "assam", "title": "Assam", "description": "strong"},
                {"id": "nilgiri", "title": "Nilgiri"},
            ],
        },
        {"title": "Green", "rows": [{"id": "sencha", "title": "Sencha"}]},
    ],
}
SURE = {
    "kind": "buttons",
    "body": "Sure?",
    "header": {"image": {"link": "https://example.com/tea.png"}},
    "buttons": [{"id": "y", "title": "Yes"}, {"id": "n", "title": "No"}],
}


async def menu(turn: Turn) -> None:
    message = turn.message
    assert message is not None
    told = type(message.content).__name__
    if turn.text == "menu":
        turn.reply(TEAS)
    elif turn.text == "ask":
        turn.reply(SURE)
    elif turn.text != "hush":
        turn.reply(f"{told} {message.tapped or '-'} {turn.text}")


@pytest.fixture
def poor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that has neither lists nor buttons."""
    abilities: Any = cloud_api.CAPABILITIES[""]
    monkeypatch.setitem(abilities, "list", degraded("numbered"))
    monkeypatch.setitem(abilities, "buttons", degraded("numbered"))


async def said(w: World, *texts: str) -> list[str]:
    """What came back to each of these, one after the other."""
    for text in texts:
        await w.say(text)
        await w.quiet()
    return w.graph.taken


@pytest.mark.usefixtures("poor")
async def test_a_number_or_a_title_typed_is_the_tap(tmp_path: Path) -> None:
    async with running(tmp_path, menu) as w:
        shown = "Which tea?\n\n*Black*\n1. Assam – strong\n2. Nilgiri\n*Green*\n3. Sencha"
        assert await said(w, "menu", "3") == [shown, "ListReply sencha Sencha"]
        assert await said(w, "menu", " ASSAM ") == [
            shown, "ListReply sencha Sencha", shown, "ListReply assam Assam"
        ]  # fmt: skip
        kinds = await w.rows("SELECT kind,meta FROM message WHERE direction=1 ORDER BY id LIMIT 1")
        assert kinds == [("text", '{"degraded":"numbered"}')]
        raw = await w.rows("SELECT kind FROM message WHERE direction=0")
        assert {kind for (kind,) in raw} == {"text"}  # kept as it was written


@pytest.mark.usefixtures("poor")
async def test_a_choice_lives_until_something_else_is_said(tmp_path: Path) -> None:
    async with running(tmp_path, menu) as w:
        answers = await said(w, "menu", "hush", "2", "2", "4")
        assert answers[1:] == ["ListReply nilgiri Nilgiri", "TextReceived - 2", "TextReceived - 4"]


@pytest.mark.usefixtures("poor")
async def test_a_picture_above_the_buttons_is_a_message_before_them(tmp_path: Path) -> None:
    async with running(tmp_path, menu) as w:
        await said(w, "ask", "no")
        bodies = [call.body for call in w.graph.calls if call.wamid]
        assert [body["type"] for body in bodies] == ["image", "text", "text"]
        assert bodies[1]["text"]["body"] == "Sure?\n\n1. Yes\n2. No"
        assert bodies[2]["text"]["body"] == "ButtonReply n No"


async def test_a_partner_that_can_is_given_the_list_itself(tmp_path: Path) -> None:
    async with running(tmp_path, menu) as w:
        await said(w, "menu", "3")
        bodies = [call.body for call in w.graph.calls if call.wamid]
        assert [body["type"] for body in bodies] == ["interactive", "text"]
        assert bodies[1]["text"]["body"] == "TextReceived - 3"


# --- the rules by themselves ---------------------------------------------------------------------

CHOICES = (
    Choice("button", "a", "Tea"),
    Choice("list", "b", "tea ☕", "hot"),
    Choice("list", "7", "2"),
)


@pytest.mark.parametrize(
    ("typed", "tap"),
    [
        ("1", c.ButtonReply("a", "Tea")),
        ("1.", c.ButtonReply("a", "Tea")),
        ("TEA", c.ButtonReply("a", "Tea")),
        ("Tea ☕", c.ListReply("b", "tea ☕", "hot")),
        ("2", c.ListReply("7", "2")),  # a title before a number
        ("3", c.ListReply("7", "2")),
        ("२", c.ListReply("b", "tea ☕", "hot")),
        ("4", None),
        ("0", None),
        ("-1", None),
        ("tea please", None),
        ("", None),
    ],
)
def test_what_a_typed_answer_stands_for(typed: str, tap: c.Inbound | None) -> None:
    assert chosen(CHOICES, typed) == tap


def test_a_title_that_two_share_is_no_answer() -> None:
    twice = (Choice("button", "a", "Yes"), Choice("button", "b", "yes"))
    assert chosen(twice, "yes") is None


@pytest.mark.parametrize(
    ("rule", "content", "plain"),
    [
        (
            "link",
            c.CtaUrl("Read it.", "Open", "https://example.com/a", c.Header(text="News"), "bye"),
            Plain((c.Text("*News*\n\nRead it.\n\nOpen: https://example.com/a\n\nbye", True),)),
        ),
        (
            "place",
            c.Location(12.5, "77.25", "Tea House", "1 Leaf Road"),
            Plain(
                (c.Text("Tea House\n1 Leaf Road\nhttps://maps.google.com/?q=12.5,77.25"),)
            ),
        ),
        (
            "cards",
            c.Contacts(
                (
                    c.ContactCard(
                        c.ContactName("Asha Rao"),
                        (c.ContactPhone("+1 202-555-0142"), c.ContactPhone(wa_id=ASHA)),
                        (c.ContactEmail("asha@example.com"),),
                        org=c.ContactOrg("Leaf", title="Taster"),
                    ),
                )
            ),
            Plain(
                (
                    c.Text(
                        "*Asha Rao*\nLeaf\nTaster\n+1 202-555-0142\n+12025550142\nasha@example.com"
                    ),
                )
            ),
        ),
        ("question", c.LocationRequest("Where are you?"), Plain((c.Text("Where are you?"),))),
        (
            "carousel",
            c.Carousel(
                "Teas",
                (
                    c.Card(c.Header(), "Assam", "Buy", "https://example.com/assam"),
                    c.Card(c.Header(), "Sencha", "Buy", "https://example.com/sencha"),
                ),
            ),
            Plain(
                (
                    c.Text(
                        "Teas\n\n1. Assam – Buy: https://example.com/assam\n"
                        "2. Sencha – Buy: https://example.com/sencha"
                    ),
                )
            ),
        ),
        ("image", c.Sticker(link="https://example.com/a.webp"),
         Plain((c.Image(link="https://example.com/a.webp"),))),
        ("status", c.OrderStatus("Sent.", "o-1", "shipped", "By mail"),
         Plain((c.Text("Sent.\n\nBy mail"),))),
    ],
)  # fmt: skip
def test_the_rules(rule: str, content: c.Outbound, plain: Plain) -> None:
    assert RULES[rule](content) == plain


def test_quick_replies_of_cards_are_choices() -> None:
    card = c.Card(c.Header(), "Assam", buttons=(c.Button("a", "Take it"), c.Button("b", "More")))
    assert RULES["carousel"](c.Carousel("Teas", (card,))) == Plain(
        (c.Text("Teas\n\nAssam\n1. Take it\n2. More"),),
        (Choice("button", "a", "Take it"), Choice("button", "b", "More")),
    )


# --- switched off --------------------------------------------------------------------------------


async def test_what_is_queued_waits_while_the_channel_is_off(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def slow(turn: Turn) -> None:
        await gate.wait()
        turn.reply("late")

    async with running(tmp_path, slow) as w:
        await w.say("hi")
        await w.until_rows("SELECT count(*) FROM conversation WHERE lease_owner > 0", [(1,)])
        await w.command("channel.enable", on=False)
        await w.command("app.publish")
        gate.set()
        await w.until_rows("SELECT count(*) FROM number WHERE hold LIKE '%channel_off%'", [(1,)])
        await w.say("and this?")
        why = await w.rows("SELECT answer,why FROM message WHERE direction=0 ORDER BY id")
        assert [(answer, (text or "")[:25]) for answer, text in why] == [
            (1, ""), (2, '{"id":"channel_disabled"}')
        ]  # fmt: skip
        assert w.graph.calls == []
        await w.command("channel.enable")
        await w.command("app.publish")
        await w.quiet()
        assert w.graph.taken == ["late"]  # and nothing for what came while it was off


# --- payments ------------------------------------------------------------------------------------


def payment(status: str = "captured") -> bytes:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
        "contacts": [{"profile": {"name": "Asha"}, "wa_id": ASHA}],
        "statuses": [
            {
                "id": "gBGGFlB5YjhvAgnhuF1qIUvCo7A",
                "type": "payment",
                "status": status,
                "payment": {
                    "reference_id": "order-1",
                    "amount": {"value": 21000, "offset": 100},
                    "currency": "INR",
                    "transaction": {"id": "t-1", "type": "upi", "status": "success"},
                },
                "recipient_id": ASHA,
                "timestamp": "1795421400",
            }
        ],
    }
    entry = [{"id": "1", "changes": [{"field": "messages", "value": value}]}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


async def test_a_payment_reaches_the_agent_and_the_entity_that_waits_for_it(
    tmp_path: Path,
) -> None:
    told: list[Any] = []

    async def shop(turn: Turn) -> None:
        assert turn.message is not None
        if turn.text == "buy":
            turn.context["awaiting"] = "tea_payment"
            turn.reply("Please pay.")
        else:
            told.append((turn.message.content, turn.context.get("entities"), dict(turn.context)))
            turn.reply("Thank you.")

    async with running(tmp_path, shop) as w:
        await said(w, "buy")
        before = await w.rows("SELECT until FROM win")
        for _ in range(2):  # the same report twice is one payment
            assert (await w.post(payment())).status == 200
        await w.quiet()
        assert w.graph.taken == ["Please pay.", "Thank you."]
        [(content, entities, context)] = told
        assert (content.reference_id, content.status, content.total) == (
            "order-1", "success", c.Amount(21000, 100),
        )  # fmt: skip
        assert entities == {"tea_payment": content.data} and "awaiting" not in context
        assert await w.rows("SELECT until FROM win") == before  # no window opens by it


def test_a_payment_that_nothing_waits_for_changes_no_entity() -> None:
    context: dict[str, Any] = {"awaiting": ["odd"], "entities": "odd"}
    fill_entity(context, [c.PaymentReceived("o-1", "failed", data={"reference_id": "o-1"})])
    assert context == {"awaiting": ["odd"], "entities": "odd"}
    context["awaiting"] = "pay"
    fill_entity(context, [c.TextReceived("hi"), c.PaymentReceived("o-1", "failed", data={"a": 1})])
    assert context == {"entities": {"pay": {"a": 1}}}


def paid(status: str, reference: str = "o-1", **data: Any) -> c.PaymentReceived:
    return c.PaymentReceived(
        reference, status, data={"reference_id": reference, "status": status, **data}
    )


def test_an_entity_waits_until_the_payment_has_succeeded_or_failed() -> None:
    context: dict[str, Any] = {"awaiting": "pay", "entities": {"tea": 1}}
    fill_entity(context, [paid("pending")])
    assert context == {"awaiting": "pay", "entities": {"tea": 1, "pay": paid("pending").data}}
    fill_entity(context, [paid("success")])
    assert context == {"entities": {"tea": 1, "pay": paid("success").data}}


def test_a_later_result_of_the_same_payment_takes_the_earlier_ones_place() -> None:
    context: dict[str, Any] = {"awaiting": "pay"}
    fill_entity(context, [paid("failed")])
    context["awaiting"] = "next"
    fill_entity(context, [paid("success")])  # tried again
    assert context == {"awaiting": "next", "entities": {"pay": paid("success").data}}
    fill_entity(context, [paid("pending")])  # was overtaken
    assert context["entities"] == {"pay": paid("success").data}
    fill_entity(context, [paid("pending", "o-2")])
    assert context["entities"]["next"] == paid("pending", "o-2").data


def test_an_earlier_result_is_known_by_the_partners_own_name_for_the_reference() -> None:
    def told(status: str) -> c.PaymentReceived:
        return c.PaymentReceived("p-1", status, data={"paymentId": "p-1", "status": status})

    context: dict[str, Any] = {"awaiting": "pay", "entities": {"p": {"paymentId": "p-1"}}}
    fill_entity(context, [told("pending"), told("success")])
    kept = {"p": {"paymentId": "p-1"}, "pay": told("success").data}  # an order is no result
    assert context == {"entities": kept}
    fill_entity(context, [paid("failed", "p-1", paymentId="p-1")])  # and a report of it
    assert context["entities"]["pay"]["status"] == "failed"
