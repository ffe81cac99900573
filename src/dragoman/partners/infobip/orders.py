"""Bills to pay in the chat and news of them, in Infobip's words. Money moves outside Dragoman.

A payment is named by Meta's settings, which every partner's bills are written in, or by a setting
whose type is Infobip's own word (`UPI_PAYU`), with Infobip's members under it.

Source: Infobip OpenAPI, "Send WhatsApp order details", "… order status" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.sentences import Sentence, term, words
from dragoman.partners._cloud.limits import between, filled, matched, refuse, within
from dragoman.partners._cloud.orders import STATES
from dragoman.partners.mapping import Is, May, Need, Table, at, mapped

from .limits import placed, ranged, several
from .settings import ORDER_PAYMENTS, Settings

words(
    {
        "infobip_of_payment": "a payment of the sort {kind}",
        "infobip_payment_unknown": "Infobip has no payment of the sort {kind}: give one of "
        "payment_gateway (razorpay, payu), upi_intent_link, payment_link, pix_dynamic_code and "
        "boleto, or one of Infobip's own words.",
        "infobip_total_wrong": "The order's total is {total}, and its parts make {sum}: subtotal, "
        "tax and shipping less the discount must make the total.",
        "infobip_amount_offset": "The {field} is {value} with offset {offset}, which is no whole "
        "number of hundredths, as Infobip counts: give it with offset 100.",
        "infobip_sale_wrong": "The sale price of {name} is not below its price: leave it out, or "
        "lower it.",
    }
)

Content = dict[str, Any]
_ID = re.compile(r"[A-Za-z0-9_.-]+")
_CURRENCIES = ("INR", "BRL")
_LONGEST_ID = {"UPI_PAYU": 25, "": 35}


def bill(content: c.OrderDetails) -> Content:
    """A bill's `action`, for messages and for template buttons. Raises Refuse."""
    if content.currency not in _CURRENCIES:
        raise refuse("meta_choose", field="currency", rule="Infobip's bills are in INR or BRL")
    if content.order is None:
        raise refuse("meta_empty", field="order")
    payment = _payment(content)
    out: Content = {"payment": payment, **_configured(payment["type"], content)}
    out |= mapped(content, _BILL)
    _summed(out["order"], out["totalAmount"]["value"])
    return out


# --- how it is paid ------------------------------------------------------------------------------

_MOST_PAYMENTS = {"INR": 1, "BRL": 2}
_CONFIGURED = frozenset({"UPI_PAYU", "PG_PAYU", "PG_RAZORPAY", "BRAZIL"})
_UNCONFIGURED = frozenset({"UPI_INTENT", "BRAZIL_LINK", "BRAZIL_BOLETO", "BRAZIL_PAYMENTS"})
_BENEFITS = frozenset({"PG_PAYU", "PG_RAZORPAY", "UPI_INTENT", "UPI_LINK"})


def _payment(content: c.OrderDetails) -> Content:
    made = [_one_payment(content, one) for one in content.payment_settings]
    if (count := len(made)) > (most := _MOST_PAYMENTS[content.currency]):
        raise refuse("meta_too_many", field="payment settings", count=count, limit=most)
    if not made and content.currency == "BRL":
        return {"type": "BRAZIL", "id": _id(content.reference_id, "BRAZIL")}
    if not made:
        raise refuse("meta_empty", field="payment setting")
    return made[0] if count == 1 else {"type": "BRAZIL_PAYMENTS", "payments": made}


def _inside(setting: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A setting's type, and the object that stands under it."""
    kind = setting.get("type")
    inner = setting.get(kind) if isinstance(kind, str) else None
    return str(kind), inner if isinstance(inner, dict) else {}


def _configured(kind: str, content: c.OrderDetails) -> Content:
    """The configuration's name, as the last payment has it: some payments need one, some may not
    have one. Raises Refuse."""
    named = [_inside(one)[1].get("configuration_name") for one in content.payment_settings]
    given = [name for name in named if name and isinstance(name, str)]
    name = given[-1] if given else content.payment_configuration or ""
    if kind in _UNCONFIGURED and name:
        part = "a payment configuration"
        raise refuse(
            "infobip_no_place", part=part, where=Sentence("infobip_of_payment", {"kind": kind})
        )
    check = filled if kind in _CONFIGURED else within
    name = check("payment configuration", name, 60)
    return {"paymentConfiguration": name} if name else {}


def _one_payment(content: c.OrderDetails, setting: Mapping[str, Any]) -> Content:
    name, more = _translated(*_inside(setting), content.currency)
    out: Content = {"type": name, "id": _id(content.reference_id, name)}
    if content.beneficiaries and name in _BENEFITS and "beneficiary" not in more:
        out["beneficiary"] = _beneficiary(content.beneficiaries[0])
    return {**out, **more}


def _payu(own: Any) -> list[Any]:
    return [value for name in ("udf1", "udf2", "udf3", "udf4") if (value := at(own, name))]


# Meta's word for a payment → Infobip's, and its members.
_PAYMENTS: Mapping[str, tuple[str, Table]] = {
    "upi_intent_link": (
        "UPI_INTENT",
        (Is("format.type", "LINK"), Need("format.paymentLink", "link")),
    ),
    "payment_link": ("UPI_LINK", (Need("paymentLink", "uri"),)),
    "boleto": ("BRAZIL_BOLETO", (Need("code", "digitable_line"),)),
    "payment_gateway razorpay": ("PG_RAZORPAY", (May("callbackData", "razorpay.notes"),)),
    "payment_gateway payu": ("PG_PAYU", (May("callbackData", "payu", make=_payu),)),
}
_PIX = {"code": "code", "merchant_name": "merchantName", "key": "key", "key_type": "keyType"}


def _translated(kind: str, given: dict[str, Any], currency: str) -> tuple[str, Content]:
    """Infobip's word for a payment setting of Meta's, and its members. Raises Refuse."""
    if kind in ORDER_PAYMENTS:
        return kind, dict(given)
    if kind == "pix_dynamic_code":
        return "BRAZIL_PIX_DC", {_PIX[name]: given[name] for name in _PIX if name in given}
    if kind == "payment_gateway":
        kind = f"payment_gateway {given.get('type')}"
    if kind not in _PAYMENTS:
        raise refuse("infobip_payment_unknown", Code.UNSUPPORTED, kind=kind)
    name, members = _PAYMENTS[kind]
    name = "BRAZIL_LINK" if (name, currency) == ("UPI_LINK", "BRL") else name
    return name, mapped(given, members)


def _id(value: str, kind: str) -> str:
    filled("reference id", value, _LONGEST_ID.get(kind, _LONGEST_ID[""]))
    return matched("reference id", value, _ID, "use letters, digits, _, . and -")


_BENEFICIARY = {
    "address_line1": "firstAddressLine",
    "address_line2": "secondAddressLine",
    "postal_code": "postalCode",
}


def _beneficiary(given: Mapping[str, str]) -> Content:
    """Who the goods go to; the country in Infobip's capitals."""
    out = {_BENEFICIARY.get(key, key): value for key, value in given.items()}
    return {**out, "country": out["country"].upper()} if "country" in out else out


# --- what is paid for ----------------------------------------------------------------------------


def _hundredths(field: str, amount: c.Amount, most: int | None = None) -> int:
    """Infobip counts hundredths only. Nothing is rounded. Raises Refuse."""
    between(field, amount.value, 0, 10**15)
    if amount.offset > 0 and amount.value * 100 % amount.offset == 0:
        return amount.value * 100 // amount.offset
    raise refuse("infobip_amount_offset", field=field, value=amount.value, offset=amount.offset)


_DESCRIPTION = May("description", "description", within, "amount description")


def _amount(field: str, amount: c.Amount, most: int | None = None) -> Content:
    return {"value": _hundredths(field, amount), **mapped(amount, (_DESCRIPTION,))}


_ADDRESS = {
    **_BENEFICIARY,
    "zone_code": "zoneCode",
    "country_code": "countryCode",
}


def _importer(given: Mapping[str, str]) -> Content:
    return {_ADDRESS.get(key, key): value for key, value in given.items()}


_ITEM = (
    Need("retailerId", "retailer_id", filled, "order item's retailer id", 1000),
    Need("name", "name", filled, "order item name"),
    Need("amount.value", "amount", _hundredths, "item's price"),
    May("saleAmount.value", "sale_amount", _hundredths, "item's sale price"),
    Need("quantity", "quantity", ranged, "order item's quantity", 10**9),
    May("originCountry", "country_of_origin"),
    May("importerName", "importer_name"),
    May("importerAddress", "importer_address", make=_importer),
)
_ORDER = (
    May("catalogId", "catalog_id"),
    Need("items", "items", several, "order items", each=_ITEM),
    Need("subtotal.value", "subtotal", _hundredths, "subtotal"),
    May("tax", "tax", _amount, "tax"),
    May("shipping", "shipping", _amount, "shipping"),
    May("discount.amount", "discount", _amount, "discount"),
    May("discount.programName", "discount.discount_program_name", within, "amount description"),
)
_UNPLACED = {
    "expiration": term(
        "an end of the offer at a set time (give orderExpiration with seconds from now)"
    )
}


def _order(order: c.Order) -> Content:
    # Infobip counts from now on, and nothing here knows what time it is.
    placed(order, _UNPLACED, "a bill", Code.UNSUPPORTED)
    tax = order.tax or c.Amount(0)  # it must not be left out
    out = mapped(msgspec.structs.replace(order, tax=tax), _ORDER)
    for item, told in zip(order.items, out["items"], strict=True):
        if item.sale_amount and told["saleAmount"]["value"] >= told["amount"]["value"]:
            raise refuse("infobip_sale_wrong", name=item.name)
        placed(item, {"image_link": term("an item's picture")}, "a bill")
    return out


def _summed(order: Content, total: int) -> None:
    """That the parts make the total."""
    parts = [at(order, f"{name}.value") or 0 for name in ("subtotal", "tax", "shipping")]
    sum_ = sum(parts) - (at(order, "discount.amount.value") or 0)
    if sum_ != total:
        raise refuse("infobip_total_wrong", total=total, sum=sum_)


_GOODS = {"digital-goods": "DIGITAL_GOODS", "physical-goods": "PHYSICAL_GOODS"}
_BILL = (
    Need("orderCurrency", "currency"),
    Need("orderType", "goods", make=_GOODS.get),
    Need("totalAmount", "total", _amount, "total"),
    Need("order", "order", make=_order),
)


# --- news of an order ----------------------------------------------------------------------------


_NOT_NEWS = dict.fromkeys(("payment_status", "payment_at"), term("a payment's state"))
_NEWS = (May("description", "description", within, "status description"),)


def news(content: c.OrderStatus, settings: Settings) -> Content:
    """The `action` for messages and for templates. NOT CONFIRMED: the payment's type, which a
    neutral message does not have, is the channel's (`order_payment`)."""
    placed(content, _NOT_NEWS, "news of an order")
    status = (content.status or "").lower().replace("-", "_")
    if status not in STATES:
        rule = "it is pending, processing, partially_shipped, shipped, completed or canceled"
        raise refuse("meta_choose", field="order's state", rule=rule)
    kind = settings.order_payment
    payment = {"type": kind, "id": _id(content.reference_id, kind)}
    return {"payment": payment, "status": status.upper(), **mapped(content, _NEWS)}
