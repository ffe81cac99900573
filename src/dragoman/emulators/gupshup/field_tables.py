"""What a send must have, by API and kind: the rows that `fields.check` walks.

NOT CONFIRMED: which of them Gupshup itself demands; taken are those that every integration sends
and WhatsApp's own limits. Lengths are code points.

Source: Gupshup, "WhatsApp Business API: Enterprise", "Message types", "Template messages"; Meta,
"Messages".
"""

from __future__ import annotations

from collections.abc import Mapping

from .fields import Field

TEXT_MOST, CAPTION_MOST, BODY_MOST = 4096, 1024, 1024

# --- Enterprise ----------------------------------------------------------------------------------

METHODS = ("sendmessage", "sendmediamessage", "opt_in", "opt_out")
SESSION_TYPES = ("text", "data_text", "hsm")
MEDIA_TYPES = ("image", "document", "video", "audio", "sticker")
INTERACTIVE_TYPES = ("list", "dr_button", "order_details", "order_status")

ENVELOPE: tuple[Field, ...] = (
    Field("method", "one of", words=METHODS),
    Field("v", "one of", words=("1.1",)),
    Field("auth_scheme", "one of", words=("plain",), needed=False),
    Field("isHSM", "switch", needed=False),
    Field("isTemplate", "switch", needed=False),
    Field("interactive_type", "one of", words=INTERACTIVE_TYPES, needed=False),
    Field("data_encoding", "one of", words=("text", "unicode_text"), needed=False),
)
OPT: tuple[Field, ...] = (Field("channel", "one of", words=("whatsapp",)),)
SESSION: tuple[Field, ...] = (
    Field("msg_type", "one of", words=SESSION_TYPES),
    Field("msg", most=TEXT_MOST),
)
TEMPLATE: tuple[Field, ...] = (
    Field("msg_type", "one of", words=SESSION_TYPES, needed=False),
    Field("msg", most=TEXT_MOST, needed=False),
)
MEDIA: tuple[Field, ...] = (
    Field("msg_type", "one of", words=MEDIA_TYPES),
    Field("media_url", "url"),
    Field("caption", most=CAPTION_MOST, needed=False),
    Field("filename", most=240, needed=False),
)
INTERACTIVE: tuple[Field, ...] = (
    Field("msg_type", "one of", words=(*SESSION_TYPES, *MEDIA_TYPES), needed=False),
    Field("msg", most=TEXT_MOST),
    Field("header", most=60, needed=False),
    Field("footer", most=60, needed=False),
    Field("action", "object"),
)
ACTIONS: Mapping[str, tuple[Field, ...]] = {
    "dr_button": (
        Field("msg", most=BODY_MOST),
        Field("action.buttons", "list", 3),
        Field("action.buttons[].type", "one of", words=("reply",)),
        Field("action.buttons[].reply", "object"),
        Field("action.buttons[].reply.id", most=256, unique=True),
        Field("action.buttons[].reply.title", most=20, unique=True),
    ),
    "list": (
        Field("action.button", most=20),
        Field("action.sections", "list", 10),
        Field("action.sections[].title", most=24, needed=False),
        Field("action.sections[].rows", "list", 10),
        Field("action.sections[].rows[].id", most=200, unique=True),
        Field("action.sections[].rows[].title", most=24),
        Field("action.sections[].rows[].description", most=72, needed=False),
    ),
    "order_details": (
        Field("action.name", "one of", words=("review_and_pay",)),
        Field("action.parameters", "object"),
        Field("action.parameters.reference_id", most=60),
        Field("action.parameters.type", "one of", words=("digital-goods", "physical-goods")),
        Field("action.parameters.currency", "one of", words=("inr", "brl")),
        Field("action.parameters.total_amount", "object"),
        Field("action.parameters.total_amount.value", "number"),
        Field("action.parameters.total_amount.offset", "number"),
        Field("action.parameters.order", "object"),
        Field("action.parameters.order.status", "one of", words=("pending",)),
        Field("action.parameters.order.items", "list", 999),
        Field("action.parameters.order.items[].name", most=60),
        Field("action.parameters.order.items[].amount", "object"),
        Field("action.parameters.order.items[].quantity", "number"),
        Field("action.parameters.order.subtotal", "object"),
    ),
    "order_status": (
        Field("action.name", "one of", words=("review_order",)),
        Field("action.parameters", "object"),
        Field("action.parameters.reference_id", most=60),
        Field("action.parameters.order", "object"),
        Field(
            "action.parameters.order.status",
            "one of",
            words=(
                *("pending", "processing", "partially_shipped", "shipped", "completed"),
                "canceled",
            ),
        ),
        Field("action.parameters.order.description", most=120, needed=False),
    ),
}

# --- Access API ----------------------------------------------------------------------------------

MESSAGE_TYPES = (
    *("text", "image", "video", "audio", "file", "sticker", "location", "contact", "list"),
    *("quick_reply", "location_request_message"),
)
ACCESS_ENVELOPE: tuple[Field, ...] = (
    Field("channel", "one of", words=("whatsapp",)),
    Field("source"),
    Field("destination"),
    Field("src.name"),
    Field("message", "object"),
    Field("disablePreview", "switch", needed=False),
)
TYPE: tuple[Field, ...] = (Field("type", "one of", words=MESSAGE_TYPES),)
_CAPTION = Field("caption", most=CAPTION_MOST, needed=False)
_MSGID = Field("msgid", most=256, needed=False)
MESSAGES: Mapping[str, tuple[Field, ...]] = {
    "text": (Field("text", most=TEXT_MOST), Field("previewUrl", "switch", needed=False)),
    "image": (Field("originalUrl", "url"), Field("previewUrl", "url"), _CAPTION),
    "video": (Field("url", "url"), _CAPTION),
    "audio": (Field("url", "url"),),
    "file": (Field("url", "url"), Field("filename", most=240, needed=False), _CAPTION),
    "sticker": (Field("url", "url"),),
    "location": (
        Field("longitude", "number"),
        Field("latitude", "number"),
        Field("name", most=1000, needed=False),
        Field("address", most=1000, needed=False),
    ),
    "contact": (
        Field("contact", "object"),
        Field("contact.name", "object"),
        Field("contact.name.formattedName"),
        Field("contact.phones", "list", needed=False),
        Field("contact.phones[].phone", needed=False),
    ),
    "list": (
        Field("title", most=60, needed=False),
        Field("body", most=TEXT_MOST),
        _MSGID,
        Field("globalButtons", "list", 1),
        Field("globalButtons[].type", "one of", words=("text",)),
        Field("globalButtons[].title", most=20),
        Field("items", "list", 10),
        Field("items[].title", most=24, needed=False),
        Field("items[].subtitle", needed=False),
        Field("items[].options", "list", 10),
        Field("items[].options[].type", "one of", words=("text",)),
        Field("items[].options[].title", most=24),
        Field("items[].options[].description", most=72, needed=False),
        Field("items[].options[].postbackText", most=200, needed=False, unique=True),
    ),
    "quick_reply": (
        _MSGID,
        Field("content", "object"),
        Field("content.type", "one of", words=("text", "image", "video", "file")),
        Field("content.text", most=BODY_MOST),
        Field("content.header", most=60, needed=False),
        Field("content.caption", most=60, needed=False),
        Field("content.url", "url", needed=False),
        Field("options", "list", 3),
        Field("options[].type", "one of", words=("text",)),
        Field("options[].title", most=20, unique=True),
        Field("options[].postbackText", most=256, needed=False, unique=True),
    ),
    "location_request_message": (
        Field("body", "object"),
        Field("body.text", most=BODY_MOST),
        Field("action", "object"),
        Field("action.name", "one of", words=("send_location",)),
    ),
}
BY_ID = frozenset({"originalUrl", "previewUrl", "url"})  # an uploaded file's `id` replaces them

ACCESS_TEMPLATE: tuple[Field, ...] = (
    Field("source"),
    Field("destination"),
    Field("src.name", needed=False),
    Field("template", "object"),
    Field("message", "object", needed=False),
)
TEMPLATE_VALUES: tuple[Field, ...] = (Field("id"), Field("params", "list", needed=False))
HEADER: tuple[Field, ...] = (
    Field("type", "one of", words=("image", "video", "document", "location")),
)
HEADERS: Mapping[str, tuple[Field, ...]] = {
    "image": (Field("image", "object"), Field("image.link", "url")),
    "video": (Field("video", "object"), Field("video.link", "url")),
    "document": (
        Field("document", "object"),
        Field("document.link", "url"),
        Field("document.filename", most=240, needed=False),
    ),
    "location": (
        Field("location", "object"),
        Field("location.longitude", "number"),
        Field("location.latitude", "number"),
    ),
}
