"""What a person can send (`Inbound`) and what a business can send (`Outbound`), as tagged unions.

Every value carries `kind`. Field names are neutral; a partner's words stay in its folder. Lengths
are checked by the partner that will carry the message, in code points. Amounts of money are whole
numbers with an `offset` (300 with offset 100 is 3.00), as the payment providers count them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class _Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of a message."""


class _Content(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """One whole message."""


# --- shared by both directions -------------------------------------------------------------------


class Text(_Content, frozen=True, tag="text"):
    text: str
    preview_url: bool = False


class Media(_Part, frozen=True):
    """A file at the partner (`id`) or on the web (`link`); exactly one of them when we send."""

    id: str | None = None
    link: str | None = None
    filename: str | None = None


class Image(_Content, frozen=True, tag="image"):
    id: str | None = None
    link: str | None = None
    caption: str | None = None


class Video(_Content, frozen=True, tag="video"):
    id: str | None = None
    link: str | None = None
    caption: str | None = None


class Audio(_Content, frozen=True, tag="audio"):
    """`voice`: shown as a voice note (ogg with opus, mono), which also reports *played*."""

    id: str | None = None
    link: str | None = None
    voice: bool = False


class Document(_Content, frozen=True, tag="document"):
    id: str | None = None
    link: str | None = None
    filename: str | None = None
    caption: str | None = None


class Sticker(_Content, frozen=True, tag="sticker"):
    id: str | None = None
    link: str | None = None


class Location(_Content, frozen=True, tag="location"):
    """Decimal degrees; a string keeps its digits exactly as written."""

    latitude: float | str
    longitude: float | str
    name: str | None = None
    address: str | None = None
    url: str | None = None


class ContactName(_Part, frozen=True):
    formatted_name: str
    first_name: str | None = None
    last_name: str | None = None
    middle_name: str | None = None
    suffix: str | None = None
    prefix: str | None = None


class ContactPhone(_Part, frozen=True):
    phone: str | None = None
    wa_id: str | None = None
    type: str | None = None


class ContactEmail(_Part, frozen=True):
    email: str
    type: str | None = None


class ContactUrl(_Part, frozen=True):
    url: str
    type: str | None = None


class ContactAddress(_Part, frozen=True):
    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    country_code: str | None = None
    type: str | None = None


class ContactOrg(_Part, frozen=True):
    company: str | None = None
    department: str | None = None
    title: str | None = None


class ContactCard(_Part, frozen=True):
    """`vcard` and `origin` ("contact_request" or "other") come only with inbound cards."""

    name: ContactName | None = None
    phones: tuple[ContactPhone, ...] = ()
    emails: tuple[ContactEmail, ...] = ()
    urls: tuple[ContactUrl, ...] = ()
    addresses: tuple[ContactAddress, ...] = ()
    org: ContactOrg | None = None
    birthday: str | None = None
    vcard: str | None = None
    origin: str | None = None


class Contacts(_Content, frozen=True, tag="contacts"):
    contacts: tuple[ContactCard, ...]


class Reaction(_Content, frozen=True, tag="reaction"):
    """`message_id` is the partner's id of the message reacted to; an empty emoji takes it back."""

    message_id: str
    emoji: str = ""


# --- outbound ------------------------------------------------------------------------------------


class Header(_Part, frozen=True):
    """Above the body: one of `text`, `image`, `video`, `document`."""

    text: str | None = None
    image: Media | None = None
    video: Media | None = None
    document: Media | None = None


class Button(_Part, frozen=True):
    id: str
    title: str


class Buttons(_Content, frozen=True, tag="buttons"):
    """Up to three reply buttons under a text."""

    body: str
    buttons: tuple[Button, ...]
    header: Header | None = None
    footer: str | None = None


class Row(_Part, frozen=True):
    id: str
    title: str
    description: str | None = None


class Section(_Part, frozen=True):
    rows: tuple[Row, ...]
    title: str | None = None


class List(_Content, frozen=True, tag="list"):
    """A list that opens as a sheet; `button` is the label that opens it."""

    body: str
    button: str
    sections: tuple[Section, ...]
    header: Header | None = None
    footer: str | None = None


class CtaUrl(_Content, frozen=True, tag="cta_url"):
    body: str
    label: str
    url: str
    header: Header | None = None
    footer: str | None = None


class Flow(_Content, frozen=True, tag="flow"):
    """A WhatsApp Flow, by `flow_id` or `flow_name`. `token` comes back with the answer."""

    body: str
    label: str
    flow_id: str | None = None
    flow_name: str | None = None
    token: str | None = None
    draft: bool = False
    action: Literal["navigate", "data_exchange"] | None = None
    screen: str | None = None
    data: dict[str, Any] | None = None
    version: str = "3"
    header: Header | None = None
    footer: str | None = None


class Product(_Content, frozen=True, tag="product"):
    catalog_id: str
    product_id: str
    body: str | None = None
    footer: str | None = None


class ProductSection(_Part, frozen=True):
    product_ids: tuple[str, ...]
    title: str | None = None


class Products(_Content, frozen=True, tag="products"):
    catalog_id: str
    header: Header
    body: str
    sections: tuple[ProductSection, ...]
    footer: str | None = None


class Catalog(_Content, frozen=True, tag="catalog"):
    body: str
    thumbnail_product_id: str | None = None
    footer: str | None = None


class LocationRequest(_Content, frozen=True, tag="location_request"):
    body: str


class AddressRequest(_Content, frozen=True, tag="address_request"):
    """India only. `values` pre-fills; `saved` are addresses to choose from, each `{id, value}`."""

    body: str
    country: str = "IN"
    values: dict[str, Any] | None = None
    saved: tuple[dict[str, Any], ...] = ()
    errors: dict[str, str] | None = None
    header: Header | None = None
    footer: str | None = None


class ContactRequest(_Content, frozen=True, tag="contact_request"):
    """Asks the person to share the phone number (for people known by BSUID only)."""

    body: str


class CallPermissionRequest(_Content, frozen=True, tag="call_permission_request"):
    body: str


class CallButton(_Content, frozen=True, tag="call_button"):
    """A button that calls the business on WhatsApp. `payload` comes back with the call."""

    body: str
    label: str | None = None
    ttl_minutes: int | None = None
    payload: str | None = None


class Card(_Part, frozen=True):
    """One card of a carousel: a URL button (`label`, `url`) or quick replies, not both."""

    header: Header
    body: str | None = None
    label: str | None = None
    url: str | None = None
    buttons: tuple[Button, ...] = ()


class Carousel(_Content, frozen=True, tag="carousel"):
    body: str
    cards: tuple[Card, ...]


class ProductCard(_Part, frozen=True):
    catalog_id: str
    product_id: str


class ProductCarousel(_Content, frozen=True, tag="product_carousel"):
    body: str
    cards: tuple[ProductCard, ...]


class Amount(_Part, frozen=True):
    """`value / offset` in the order's currency. `description` where the field allows one."""

    value: int
    offset: int = 100
    description: str | None = None
    discount_program_name: str | None = None


class OrderItem(_Part, frozen=True):
    name: str
    amount: Amount
    quantity: int
    retailer_id: str | None = None
    sale_amount: Amount | None = None
    image_link: str | None = None
    country_of_origin: str | None = None
    importer_name: str | None = None
    importer_address: dict[str, str] | None = None


class Expiration(_Part, frozen=True):
    """`at`: Unix seconds, at least five minutes ahead."""

    at: int
    description: str | None = None


class Order(_Part, frozen=True):
    items: tuple[OrderItem, ...]
    subtotal: Amount
    tax: Amount | None = None
    shipping: Amount | None = None
    discount: Amount | None = None
    status: str = "pending"
    type: str | None = None
    catalog_id: str | None = None
    expiration: Expiration | None = None


class OrderDetails(_Content, frozen=True, tag="order_details"):
    """A bill to pay in the chat (India, Brazil). `payment_settings` is a list of
    `{type, <type>: {…}}` in the payment provider's own fields; money moves outside Dragoman."""

    body: str
    reference_id: str
    currency: str
    total: Amount
    goods: Literal["digital-goods", "physical-goods"] = "digital-goods"
    order: Order | None = None
    payment_type: str | None = None
    payment_settings: tuple[dict[str, Any], ...] = ()
    payment_configuration: str | None = None
    beneficiaries: tuple[dict[str, str], ...] = ()
    header: Header | None = None
    footer: str | None = None


class OrderStatus(_Content, frozen=True, tag="order_status"):
    body: str
    reference_id: str
    status: str | None = None
    description: str | None = None
    payment_status: str | None = None
    payment_at: int | None = None
    footer: str | None = None


# --- templates -----------------------------------------------------------------------------------


class _Param(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """One value put into a template. `name` for templates with named parameters."""


class TextParam(_Param, frozen=True, tag="text"):
    text: str
    name: str | None = None


class CurrencyParam(_Param, frozen=True, tag="currency"):
    """`amount_1000`: the amount times 1,000."""

    fallback: str
    code: str
    amount_1000: int
    name: str | None = None


class DateTimeParam(_Param, frozen=True, tag="date_time"):
    fallback: str
    name: str | None = None


class MediaParam(_Param, frozen=True, tag="media"):
    """`type`: image, video, document or gif."""

    type: Literal["image", "video", "document", "gif"]
    id: str | None = None
    link: str | None = None
    filename: str | None = None


class LocationParam(_Param, frozen=True, tag="location"):
    latitude: float | str
    longitude: float | str
    name: str | None = None
    address: str | None = None


class ProductParam(_Param, frozen=True, tag="product"):
    product_id: str
    catalog_id: str


class GroupParam(_Param, frozen=True, tag="group_id"):
    group_id: str


Param = (
    TextParam
    | CurrencyParam
    | DateTimeParam
    | MediaParam
    | LocationParam
    | ProductParam
    | GroupParam
)


class _TemplateButton(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """A value for one button of a template; `index` counts from 0 over all its buttons."""


class QuickReplyButton(_TemplateButton, frozen=True, tag="quick_reply"):
    index: int
    payload: str


class UrlButton(_TemplateButton, frozen=True, tag="url"):
    """`suffix` replaces the variable at the end of the button's address, percent-encoded."""

    index: int
    suffix: str


class CopyCodeButton(_TemplateButton, frozen=True, tag="copy_code"):
    index: int
    code: str


class FlowButton(_TemplateButton, frozen=True, tag="flow"):
    index: int
    token: str | None = None
    data: dict[str, Any] | None = None


class CatalogButton(_TemplateButton, frozen=True, tag="catalog"):
    index: int
    thumbnail_product_id: str | None = None


class ProductsButton(_TemplateButton, frozen=True, tag="products"):
    index: int
    thumbnail_product_id: str
    sections: tuple[ProductSection, ...]


class OrderDetailsButton(_TemplateButton, frozen=True, tag="order_details"):
    """`order` is the bill; its body and header are not used, the template has its own."""

    index: int
    order: OrderDetails


class PaymentRequestButton(_TemplateButton, frozen=True, tag="payment_request"):
    index: int
    setting: dict[str, Any]


class VoiceCallButton(_TemplateButton, frozen=True, tag="voice_call"):
    ttl_minutes: int | None = None
    payload: str | None = None
    index: int | None = None


TemplateButton = (
    QuickReplyButton
    | UrlButton
    | CopyCodeButton
    | FlowButton
    | CatalogButton
    | ProductsButton
    | OrderDetailsButton
    | PaymentRequestButton
    | VoiceCallButton
)


class TemplateCard(_Part, frozen=True):
    header: Param | None = None
    body: tuple[Param, ...] = ()
    buttons: tuple[TemplateButton, ...] = ()


class Marketing(_Part, frozen=True):
    """Sends through the partner's marketing endpoint, where it has one."""

    strict: bool = False
    share_activity: bool | None = None


class Template(_Content, frozen=True, tag="template"):
    """A pre-approved message. `language` as the partner lists it (`en_US`).

    `offer_expires_at`: Unix milliseconds, for limited-time offers. `code`: a one-time code, put
    where an authentication template needs it (body and button). `components`: further components
    in the partner's own shape, sent as they are.
    """

    name: str
    language: str
    policy: str | None = None
    header: Param | None = None
    body: tuple[Param, ...] = ()
    buttons: tuple[TemplateButton, ...] = ()
    cards: tuple[TemplateCard, ...] = ()
    offer_expires_at: int | None = None
    order_status: OrderStatus | None = None
    tap_target_url: str | None = None
    tap_target_title: str | None = None
    code: str | None = None
    marketing: Marketing | None = None
    components: tuple[dict[str, Any], ...] = ()


class Raw(_Content, frozen=True, tag="raw"):
    """The partner's own message object. The platform adds envelope, recipient and endpoint."""

    payload: dict[str, Any]


Outbound = (
    Text
    | Image
    | Video
    | Audio
    | Document
    | Sticker
    | Location
    | Contacts
    | Reaction
    | Buttons
    | List
    | CtaUrl
    | Flow
    | Product
    | Products
    | Catalog
    | LocationRequest
    | AddressRequest
    | ContactRequest
    | CallPermissionRequest
    | CallButton
    | Carousel
    | ProductCarousel
    | OrderDetails
    | OrderStatus
    | Template
    | Raw
)


# --- inbound -------------------------------------------------------------------------------------


class MediaReceived(_Part, frozen=True):
    """A file a person sent. `id` is good for days, `url` for minutes. `sha256` as the partner
    wrote it. `size` in bytes where known."""

    id: str | None = None
    url: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    filename: str | None = None
    size: int | None = None


class TextReceived(_Content, frozen=True, tag="text"):
    text: str


class ImageReceived(_Content, frozen=True, tag="image"):
    media: MediaReceived
    caption: str | None = None


class VideoReceived(_Content, frozen=True, tag="video"):
    media: MediaReceived
    caption: str | None = None


class AudioReceived(_Content, frozen=True, tag="audio"):
    media: MediaReceived
    voice: bool = False


class DocumentReceived(_Content, frozen=True, tag="document"):
    media: MediaReceived
    caption: str | None = None


class StickerReceived(_Content, frozen=True, tag="sticker"):
    media: MediaReceived
    animated: bool = False


class ButtonReply(_Content, frozen=True, tag="button_reply"):
    """A tapped reply button: our id for it and the title the person saw."""

    id: str
    title: str


class ListReply(_Content, frozen=True, tag="list_reply"):
    id: str
    title: str
    description: str | None = None


class TemplateReply(_Content, frozen=True, tag="template_reply"):
    """A tapped quick reply of a template."""

    payload: str
    text: str


class FlowReply(_Content, frozen=True, tag="flow_reply"):
    """What a person filled into a Flow; `data` is the form, parsed. `raw` when it was no JSON."""

    data: dict[str, Any] = {}
    body: str | None = None
    token: str | None = None
    raw: str | None = None


class AddressReply(_Content, frozen=True, tag="address_reply"):
    values: dict[str, Any] = {}
    saved_id: str | None = None
    body: str | None = None
    raw: str | None = None


class CallPermissionReply(_Content, frozen=True, tag="call_permission_reply"):
    """`expires_at`: Unix milliseconds."""

    accepted: bool
    permanent: bool = False
    expires_at: int | None = None
    automatic: bool = False


class PaymentMethodChosen(_Content, frozen=True, tag="payment_method"):
    """The person chose a stored card (Brazil); nothing has been charged yet."""

    method: str
    reference_id: str
    credential_id: str | None = None
    last_four_digits: str | None = None
    at: int | None = None


class OrderedItem(_Part, frozen=True):
    product_id: str
    quantity: int
    item_price: float
    currency: str


class OrderReceived(_Content, frozen=True, tag="order"):
    catalog_id: str
    items: tuple[OrderedItem, ...]
    text: str | None = None


class PaymentReceived(_Content, frozen=True, tag="payment"):
    """What became of a payment: `status` is success, failed or pending where the partner's word
    is known, else that word. `data` is the partner's own object, amounts as whole numbers."""

    reference_id: str
    status: str
    transaction_id: str | None = None
    transaction_type: str | None = None
    currency: str | None = None
    total: Amount | None = None
    data: dict[str, Any] = {}


class NumberChanged(_Content, frozen=True, tag="number_changed"):
    """The contact changed phone. `body` is the partner's sentence."""

    body: str
    new_phone: str | None = None
    new_bsuid: str | None = None
    new_parent_bsuid: str | None = None
    previous_bsuid: str | None = None
    previous_parent_bsuid: str | None = None


class UserIdChanged(_Content, frozen=True, tag="user_id_changed"):
    body: str
    new_bsuid: str | None = None
    new_parent_bsuid: str | None = None
    previous_bsuid: str | None = None
    previous_parent_bsuid: str | None = None


class SystemNotice(_Content, frozen=True, tag="system"):
    """Another notice of the platform about this contact, such as a changed identity key."""

    type: str
    body: str
    data: dict[str, Any] = {}


class Edited(_Content, frozen=True, tag="edited"):
    """A person changed an earlier message; `content` is what it says now, in its raw shape."""

    original_id: str
    type: str
    content: dict[str, Any]


class Deleted(_Content, frozen=True, tag="deleted"):
    original_id: str


class Problem(_Part, frozen=True):
    """An error as the partner wrote it."""

    code: str
    title: str = ""
    details: str = ""


class Unsupported(_Content, frozen=True, tag="unsupported"):
    """A message that the partner would not hand over (a poll, view-once media, …)."""

    type: str | None = None
    errors: tuple[Problem, ...] = ()


class Unknown(_Content, frozen=True, tag="unknown"):
    """A kind of message that this version does not know; kept whole."""

    type: str
    raw: dict[str, Any]


Inbound = (
    TextReceived
    | ImageReceived
    | VideoReceived
    | AudioReceived
    | DocumentReceived
    | StickerReceived
    | Location
    | Contacts
    | Reaction
    | ButtonReply
    | ListReply
    | TemplateReply
    | FlowReply
    | AddressReply
    | CallPermissionReply
    | PaymentMethodChosen
    | OrderReceived
    | PaymentReceived
    | NumberChanged
    | UserIdChanged
    | SystemNotice
    | Edited
    | Deleted
    | Unsupported
    | Unknown
)

# Kinds that bring a file, in `media`.
FILE_KINDS = frozenset({"image", "video", "audio", "document", "sticker"})
# Kinds that a person did not write to be answered: they are kept and shown, and start no turn.
SILENT_KINDS = frozenset({"number_changed", "user_id_changed", "system", "edited", "deleted"})

_outbound_decoder: msgspec.json.Decoder[Outbound] = msgspec.json.Decoder(Outbound)
_inbound_decoder: msgspec.json.Decoder[Inbound] = msgspec.json.Decoder(Inbound)
_encoder = msgspec.json.Encoder()


def encode(content: Outbound | Inbound) -> bytes:
    """As stored: UTF-8 JSON with `kind`."""
    return _encoder.encode(content)


def decode_outbound(data: bytes | str) -> Outbound:
    return _outbound_decoder.decode(data)


def decode_inbound(data: bytes | str) -> Inbound:
    return _inbound_decoder.decode(data)


def kind_of(content: Outbound | Inbound) -> str:
    """The tag of the value: `text`, `buttons`, …"""
    return str(type(content).__struct_config__.tag)


def plain_text(content: Outbound | Inbound) -> str:
    """The words of a message in one line of the log: what was typed, tapped or captioned."""
    for field in ("text", "title", "body", "caption", "payload"):
        value = getattr(content, field, None)
        if isinstance(value, str) and value:
            return value
    if isinstance(content, Template):
        return content.name
    if isinstance(content, Reaction):
        return content.emoji
    if isinstance(content, Location):
        return content.name or f"{content.latitude}, {content.longitude}"
    return ""


def words_of(content: Outbound | Inbound) -> str:
    """The same, or what a message without words is called: its file, a native object's type, the
    partner's name of a kind that is not known here."""
    if isinstance(content, Raw):
        return str(content.payload.get("type", ""))
    media = getattr(content, "media", content)
    called = getattr(media, "filename", None) or getattr(content, "type", None)
    return plain_text(content) or (called if isinstance(called, str) else "")
