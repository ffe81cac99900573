"""The templates that a new emulated account has, as the Graph API lists them."""

from __future__ import annotations

from typing import Any


def _text(kind: str, text: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": kind, "text": text}
    return {"type": kind, "format": "TEXT", "text": text} if kind == "HEADER" else part


def _media(kind: str) -> dict[str, Any]:
    handle = f"https://scontent.whatsapp.net/example.{kind.lower()}"
    return {"type": "HEADER", "format": kind, "example": {"header_handle": [handle]}}


def _buttons(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": list(buttons)}


_REPLY = {"type": "QUICK_REPLY", "text": "Unsubscribe"}
_URL = {
    "type": "URL",
    "text": "Track order",
    "url": "https://www.example.com/{{1}}",
    "example": ["https://www.example.com/order"],
}
_OTP_URL = (
    "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code_expiration_minutes=5&code=otp{{1}}"
)
_CARD = {
    "components": [
        _media("IMAGE"),
        _buttons({"type": "QUICK_REPLY", "text": "More like this"}, {**_URL, "text": "Shop"}),
    ]
}


def seed(
    name: str,
    category: str,
    *components: dict[str, Any],
    status: str = "APPROVED",
    language: str = "en_US",
    named: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """One template, without id: the emulator numbers them."""
    return {
        "name": name,
        "parameter_format": "NAMED" if named else "POSITIONAL",
        "components": list(components),
        "language": language,
        "status": status,
        "category": category,
        **more,
    }


def seeds() -> list[dict[str, Any]]:
    return [
        seed(
            "hello_world",
            "UTILITY",
            _text("HEADER", "Hello World"),
            _text("BODY", "Welcome and congratulations!! This message shows that it works."),
            _text("FOOTER", "WhatsApp Business Platform sample message"),
        ),
        seed(
            "order_delay_named",
            "UTILITY",
            _text("HEADER", "News for {{customer}}"),
            _text("BODY", "Your order {{order_id}} is late and now ships on {{day}}, sorry."),
            named=True,
        ),
        seed(
            "order_shipped",
            "UTILITY",
            _text("BODY", "Hi {{1}}, your order {{2}} has shipped."),
        ),
        seed(
            "promo_image",
            "MARKETING",
            _media("IMAGE"),
            _text("BODY", "Hello {{1}}, our new tea has come in."),
        ),
        seed(
            "promo_buttons",
            "MARKETING",
            _text("BODY", "Hello {{1}}, a small gift waits for you."),
            _buttons(_REPLY, _URL),
        ),
        seed(
            "authentication_code_copy_code_button",
            "AUTHENTICATION",
            _text(
                "BODY",
                "*{{1}}* is your verification code. For your security, do not share this code.",
            ),
            _text("FOOTER", "This code expires in 5 minutes."),
            _buttons({"type": "URL", "text": "Copy code", "url": _OTP_URL}),
        ),
        seed(
            "carousel_template_media_cards_v1",
            "MARKETING",
            _text("BODY", "For {{1}}: {{2}} off rare teas with code {{3}} this week."),
            {"type": "CAROUSEL", "cards": [_CARD, _CARD, _CARD]},
        ),
        seed(
            "limited_time_offer_caribbean",
            "MARKETING",
            _media("IMAGE"),
            {
                "type": "LIMITED_TIME_OFFER",
                "limited_time_offer": {"text": "Expiring offer!", "has_expiration": True},
            },
            _text("BODY", "Good news, {{1}}! Use code {{2}} today."),
            _buttons({"type": "COPY_CODE", "text": "Copy code", "example": "CARIBE25"}, _URL),
        ),
        seed(
            "invoice_pdf",
            "UTILITY",
            _media("DOCUMENT"),
            _text("BODY", "Invoice {{1}} is here."),
        ),
        seed(
            "order_status_tpl",
            "UTILITY",
            _text("BODY", "Your order has news."),
            sub_category="ORDER_STATUS",
        ),
        seed(
            "winter_sale_paused",
            "MARKETING",
            _text("BODY", "Our winter sale is on."),
            status="PAUSED",
        ),
        seed(
            "spam_disabled", "MARKETING", _text("BODY", "Win a prize every day."), status="DISABLED"
        ),
        seed(
            "namaste",
            "UTILITY",
            _text("BODY", "नमस्ते {{1}}, आपका ऑर्डर तैयार है।"),
            language="hi",
        ),
    ]
