"""The templates that a new emulated account has, as the template API lists them.

The first two stand on every trial account's test sender, the others are the tea shop's.
Source: Infobip's quick start (2026) for the names and parts of the first two; their texts are ours.
"""

from __future__ import annotations

from typing import Any

Part = dict[str, Any]

OTP_URL = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"
CODE_TEXT = "*{{1}}* is your verification code."


def seed(
    name: str,
    category: str,
    body: str,
    *,
    language: str = "en",
    status: str = "APPROVED",
    header: Part | None = None,
    footer: str = "",
    buttons: list[Part] | None = None,
    sub_category: str = "",
    **more: Any,
) -> Part:
    """One template without id and times: the emulator gives them. `more` are further parts of its
    structure."""
    structure: Part = {"body": {"text": body}}
    if header is not None:
        structure = {"header": header, **structure}
    if footer:
        structure["footer"] = {"text": footer}
    if buttons:
        structure["buttons"] = buttons
    media = header is not None or bool(buttons) or bool(more)
    structure |= {**more, "type": "MEDIA" if media else "TEXT"}
    made: Part = {
        "name": name,
        "language": language,
        "status": status,
        "category": category,
        "structure": structure,
        "quality": "HIGH" if status == "APPROVED" else "UNKNOWN",
    }
    return {**made, "subCategory": sub_category} if sub_category else made


def quick(*labels: str) -> list[Part]:
    return [{"type": "QUICK_REPLY", "text": label} for label in labels]


def open_link(label: str = "Track order", url: str = "https://tea.example/o/{{1}}") -> Part:
    return {"type": "URL", "text": label, "url": url}


_CARD = {
    "header": {"format": "IMAGE"},
    "body": {"text": "Only this week: {{1}}."},
    "buttons": [*quick("More like this"), open_link("Shop", "https://tea.example/{{1}}")],
}


def seeds() -> list[Part]:
    image = {"format": "IMAGE"}
    return [
        seed("welcome_multiple_languages", "UTILITY", "Welcome, {{1}}! It is good to have you."),
        seed(
            "registration_success",
            "UTILITY",
            "Hello {{1}}, you are registered for {{2}} on {{3}} at {{4}}.",
            header=image,
            footer="See you there",
            buttons=quick("Yes", "No", "Later"),
        ),
        seed(
            "order_ready",
            "UTILITY",
            "Hello {{1}}, order {{2}} is ready.",
            language="en_GB",
            header={"format": "TEXT", "text": "News for {{1}}"},
            footer="Tea shop",
            buttons=[*quick("Thanks"), open_link()],
        ),
        seed(
            "order_shipped",
            "UTILITY",
            "Hi {{1}}, your order {{2}} has shipped.",
            language="en_US",
        ),
        seed("order_late", "UTILITY", "Your order {{1}} is late and ships on {{2}}, sorry."),
        seed("namaste", "UTILITY", "नमस्ते {{1}}, आपका ऑर्डर तैयार है।", language="hi"),
        seed("invoice_pdf", "UTILITY", "Invoice {{1}} is here.", header={"format": "DOCUMENT"}),
        seed("shop_place", "UTILITY", "This is where we are.", header={"format": "LOCATION"}),
        seed(
            "code_copy",
            "AUTHENTICATION",
            CODE_TEXT,
            footer="This code expires in 5 minutes.",
            buttons=[open_link("Copy code", OTP_URL)],
        ),
        seed(
            "promo_image",
            "MARKETING",
            "Hello {{1}}, our new tea has come in.",
            header=image,
            buttons=quick("Unsubscribe"),
        ),
        seed(
            "tea_picks",
            "MARKETING",
            "For {{1}}: rare teas of this week.",
            carousel={"cards": [_CARD, _CARD]},
        ),
        seed(
            "flash_offer",
            "MARKETING",
            "Good news, {{1}}!",
            buttons=[{"type": "COPY_CODE"}, open_link("Shop", "https://tea.example/{{1}}")],
            limitedTimeOffer={"text": "Ends soon", "hasExpiration": True},
        ),
        seed(
            "book_tasting",
            "UTILITY",
            "Book a tasting.",
            buttons=[
                {"type": "FLOW", "text": "Book", "flowId": 1049250280482345},
            ],
        ),
        seed(
            "pay_order",
            "UTILITY",
            "Your order {{1}} waits.",
            buttons=[{"type": "ORDER_DETAILS", "variant": "INDIA"}],
        ),
        seed("order_news", "UTILITY", "Your order has news.", sub_category="ORDER_STATUS"),
        seed("winter_sale_paused", "MARKETING", "Our winter sale is on.", status="FIRST_PAUSED"),
        seed("spam_disabled", "MARKETING", "Win a prize every day.", status="DISABLED"),
    ]
