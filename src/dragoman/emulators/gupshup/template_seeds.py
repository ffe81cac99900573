"""The templates that a new emulated account has: those of the emulated Cloud API, and some more.

They are kept as Meta lists them, since WhatsApp is where they are approved; beside Meta's numeric
id, which Enterprise takes, each has the id that Gupshup gives it, which the Access API takes.
"""

from __future__ import annotations

from typing import Any

from dragoman.emulators._cloud.template_seeds import seed
from dragoman.emulators._cloud.template_seeds import seeds as shared


def _body(text: str) -> dict[str, Any]:
    return {"type": "BODY", "text": text}


def _footer(text: str) -> dict[str, Any]:
    return {"type": "FOOTER", "text": text}


def _media(kind: str) -> dict[str, Any]:
    return {"type": "HEADER", "format": kind}


def _url(text: str) -> dict[str, Any]:
    link = {"type": "URL", "text": text, "url": "https://www.example.com/{{1}}"}
    return {"type": "BUTTONS", "buttons": [link]}


def seeds() -> list[dict[str, Any]]:
    return [
        *shared(),
        seed("hello_name", "UTILITY", _body("Hello {{1}}")),
        seed(
            "login_code",
            "UTILITY",
            _body("Your OTP is {{1}}"),
            _footer("Expires in 10 minutes"),
            _url("Open"),
        ),
        seed(
            "new_offer",
            "MARKETING",
            _media("IMAGE"),
            _body("Hi {{1}}, see the new offer"),
            _footer("Reply STOP to opt out"),
        ),
        seed(
            "quote",
            "UTILITY",
            _media("DOCUMENT"),
            _body("Dear {{1}}, your quote over {{2}} is here."),
            id="2200000000000001",
        ),
        seed(
            "order_update",
            "UTILITY",
            _body("{{1}}, your order {{2}} has news."),
            gupshup_id="c6ae0000-0000-4000-8000-000000000001",
        ),
        seed(
            "statement",
            "UTILITY",
            _media("DOCUMENT"),
            _body("{{1}}, here is your statement."),
            gupshup_id="c6ae0000-0000-4000-8000-000000000002",
        ),
        seed(
            "shop_here",
            "UTILITY",
            _media("LOCATION"),
            _body("Our shop is here now, {{1}}."),
        ),
    ]
