"""The senders' set-ups, the webhooks' subscriptions, and where each update goes.

An update of a message goes to the URL that the message named; else to the sender's own set-up;
else to a subscription. Source: Infobip, "Subscriptions management", "Inbound configuration",
"Webhooks" (2026). UNSURE: that posts to a message's own URL carry no credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.emulators.kit import Books, Item

from . import wire
from .config import Sender, Setup

if TYPE_CHECKING:
    from .emulator import Emulator

EVENTS = {
    "inbound": "INBOUND_MESSAGE",
    "delivery": "DELIVERY",
    "seen": "SEEN",
    "payment": "PAYMENT_STATUS",
    "identity": "IDENTITY_CHANGE",
    "marketing": "MARKETING_SUBSCRIPTION_UPDATE",
    "template": "TEMPLATE_UPDATE",
}
"""Kind of update → the event of a subscription. Kinds of the Messages API end in `_api`."""


class Route(msgspec.Struct, frozen=True):
    """Where a post goes, the headers that prove it is Infobip's, and for a person's message the
    renderer."""

    url: str = ""
    setup: Setup | None = None
    headers: dict[str, str] = {}
    security: dict[str, Any] = {}


class Senders:
    """Each sender's set-up as it is now; what was saved survives a restart."""

    def __init__(self, books: Books, given: list[Sender]) -> None:
        self._books = books
        self.all = {sender.number: sender for sender in given}
        kept = books.get("setups") or {}
        self._setups = {
            number: msgspec.convert(kept[number], Setup)
            if number in kept
            else msgspec.structs.replace(sender.setup)
            for number, sender in self.all.items()
        }

    def setup(self, number: str) -> Setup:
        """Of an unknown number: an empty one."""
        return self._setups.get(number) or Setup()

    def save(self, number: str, setup: Setup) -> None:
        self._setups[number] = setup
        self._books.put("setups", msgspec.to_builtins(self._setups))


class Subscriptions:
    """The account's subscriptions and named securities, as they were posted."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.all: dict[str, dict[str, Any]] = books.get("subscriptions") or {}
        self.securities: dict[str, dict[str, Any]] = books.get("securities") or {}

    def add(self, body: dict[str, Any]) -> None:
        self.all[body["subscriptionId"]] = body
        self._books.put("subscriptions", self.all)

    def remove(self, subscription_id: str) -> bool:
        gone = self.all.pop(subscription_id, None)
        self._books.put("subscriptions", self.all)
        return gone is not None

    def secure(self, body: dict[str, Any]) -> None:
        self.securities[body["authId"]] = body
        self._books.put("securities", self.securities)

    def route(self, event: str, number: str) -> Route:
        """The first subscription that hears of the event on this number; "" is any number."""
        for one in self.all.values():
            resources = one.get("resources") or []
            if event in one["events"] and (not resources or number in ("", *resources)):
                profile = one["profile"]
                security = profile.get("security") or {}
                if "credentials" not in security:
                    security = self.securities.get(str(security.get("authId")), {})
                headers = {str(k): str(v) for k, v in (profile.get("headers") or {}).items()}
                return Route(profile["webhook"]["notifyUrl"], None, headers, security)
        return Route()


def keyword_of(emulator: Emulator, number: str) -> str:
    """The word that a text must begin with; "" for none. The shared sender of trial accounts has
    the account's username where the set-up names no keyword."""
    sender, keyword = emulator.senders.all.get(number), emulator.senders.setup(number).keyword
    if not keyword and sender is not None and sender.shared:
        return emulator.config.username
    return keyword


def matches(keyword: str, message: dict[str, Any]) -> bool:
    """Whether a message of a person is for the account. UNSURE: that what has no words (a tap, a
    picture, a place) needs no keyword."""
    if not keyword or message.get("type") != "TEXT":
        return True
    words = str(message.get("text", "")).split(maxsplit=1)
    return bool(words) and words[0].casefold() == keyword.casefold()


def route(emulator: Emulator, item: Item) -> Route:
    """Where an update goes now. An empty URL: nowhere."""
    kind, number = str(item["kind"]).removesuffix("_api"), item["number"]
    setup = emulator.senders.setup(number)
    if kind == "inbound":
        message = item["update"].get("message") or {}
        if not matches(keyword_of(emulator, number), message):
            return Route()
        if setup.inbound_url:
            return Route(setup.inbound_url, setup)
    elif kind in ("delivery", "seen"):
        record = emulator.books.sent(item["message"]) if item["message"] else None
        named = (record or {}).get("notify", {}).get(kind, "")
        if named:
            return Route(named)
        own = setup.delivery_url if kind == "delivery" else setup.seen_url
        if own:
            return Route(own, setup)
    return emulator.subscriptions.route(EVENTS.get(kind, ""), number)


def proofs(emulator: Emulator, route: Route, body: bytes) -> dict[str, str]:
    """The headers of a post that say who sends it."""
    setup, config = route.setup, emulator.config
    if setup is not None and setup.forwarding == "account":
        return {"Authorization": wire.basic(config.username, config.password)}
    if setup is not None and setup.forwarding == "basic":
        return {"Authorization": wire.basic(setup.username, setup.password)}
    if setup is not None and setup.forwarding == "hmac":
        case = config.signature_case
        return {setup.header: wire.signature(body, setup.secret, setup.algorithm, case)}
    given = route.security.get("credentials") or {}
    if route.security.get("type") == "BASIC":
        pair = str(given.get("username", "")), str(given.get("password", ""))
        return {**route.headers, "Authorization": wire.basic(*pair)}
    if route.security.get("type") == "HMAC":
        algorithm = str(given.get("algorithm") or "HMAC_SHA_256")
        signed = wire.signature(
            body, str(given.get("secretKey", "")), algorithm, config.signature_case
        )
        return {**route.headers, str(given.get("header") or Setup().header): signed}
    return dict(route.headers)
