"""Bills to pay in the chat and news of them, in Infobip's words. Money moves outside Dragoman.

A payment is named by Meta's settings, which every partner's bills are written in, or by a setting
whose type is Infobip's own word (`UPI_PAYU`), with Infobip's members under it.

Source: Infobip OpenAPI, "Send WhatsApp order details", "… order status" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.sentences import words
from dragoman.partners._cloud.limits import between, counted, filled, matched, refuse, within
from dragoman.partners._cloud.orders import STATES

from .limits import LIMITS, header
from .settings import ORDER_PAYMENTS, Settings

words(
    {
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
_LONGEST = {"UPI_PAYU": 25}


def order_details(content: c.OrderDetails, settings: Settings) -> Content:
    """Raises Refuse."""
    out: Content = {"body": {"text": filled("body", content.body)}}
    out["action"] = action(content)
    if content.header is not None:
        out["header"] = header("order_details", content.header, ("image",))
    if content.footer:
        out["footer"] = {"text": filled("footer", content.footer)}
    return out


def action(content: c.OrderDetails) -> Content:
    """A bill's `action`, for messages and for template buttons. Raises Refuse."""
    if content.currency not in _CURRENCIES:
        rule = "Infobip's bills are in INR or BRL"
        raise refuse("meta_choose", field="currency", rule=rule)
    if content.order is None:
        raise refuse("meta_empty", field="order")
    payment, configuration = _payment(content)
    out: Content = {"payment": payment, **_configured(payment["type"], configuration)}
    total = _amount("total", content.total)
    return {
        **out,
        "orderCurrency": content.currency,
        "orderType": content.goods.replace("-", "_").upper(),
        "totalAmount": total,
        "order": _order(content.order, total["value"]),
    }


# --- how it is paid ------------------------------------------------------------------------------


def _payment(content: c.OrderDetails) -> tuple[Content, str | None]:
    """The payment, and the name of its configuration at WhatsApp."""
    given = content.payment_settings
    configuration = content.payment_configuration
    made = []
    for one in given:
        payment, named = _one_payment(content, one)
        made.append(payment)
        configuration = named or configuration
    if len(made) > 1:
        if content.currency != "BRL":
            raise refuse("meta_too_many", field="payment settings", count=len(made), limit=1)
        if len(made) > 2:
            raise refuse("meta_too_many", field="payment settings", count=len(made), limit=2)
        return {"type": "BRAZIL_PAYMENTS", "payments": made}, configuration
    if made:
        return made[0], configuration
    if content.currency == "BRL":
        return {"type": "BRAZIL", "id": _id(content.reference_id, "BRAZIL")}, configuration
    raise refuse("meta_empty", field="payment setting")


def _one_payment(content: c.OrderDetails, setting: Mapping[str, Any]) -> tuple[Content, str | None]:
    kind = setting.get("type")
    inner = setting.get(kind) if isinstance(kind, str) else None
    given: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
    named = given.get("configuration_name")
    name, more = _translated(str(kind), given, content.currency)
    out: Content = {"type": name, "id": _id(content.reference_id, name)}
    if content.beneficiaries and name in _BENEFITS and "beneficiary" not in more:
        out["beneficiary"] = _beneficiary(content.beneficiaries[0])
    return {**out, **more}, named if isinstance(named, str) else None


_CONFIGURED = frozenset({"UPI_PAYU", "PG_PAYU", "PG_RAZORPAY", "BRAZIL"})
_UNCONFIGURED = frozenset({"UPI_INTENT", "BRAZIL_LINK", "BRAZIL_BOLETO", "BRAZIL_PAYMENTS"})


def _configured(kind: str, name: str | None) -> Content:
    """The configuration's name: some payments need one, some may not have one. Raises Refuse."""
    if kind in _UNCONFIGURED and name:
        part = "a payment configuration"
        raise refuse("infobip_no_place", part=part, where=f"a payment of the sort {kind}")
    if kind in _CONFIGURED:
        filled("payment configuration", name or "", LIMITS["configuration"])
    if not name:
        return {}
    return {"paymentConfiguration": within("payment configuration", name, LIMITS["configuration"])}


_BENEFITS = frozenset({"PG_PAYU", "PG_RAZORPAY", "UPI_INTENT", "UPI_LINK"})


def _translated(kind: str, given: Mapping[str, Any], currency: str) -> tuple[str, Content]:
    """Infobip's word for a payment setting of Meta's, and its members. Raises Refuse."""
    if kind in ORDER_PAYMENTS:
        return kind, dict(given)
    if kind == "payment_gateway":
        return _gateway(given)
    if kind == "upi_intent_link":
        return "UPI_INTENT", {"format": {"type": "LINK", "paymentLink": given.get("link")}}
    if kind == "payment_link":
        name = "BRAZIL_LINK" if currency == "BRL" else "UPI_LINK"
        return name, {"paymentLink": given.get("uri")}
    if kind == "pix_dynamic_code":
        names = {"code": "code", "merchant_name": "merchantName", "key": "key"}
        out = {ours: given[theirs] for theirs, ours in names.items() if theirs in given}
        if "key_type" in given:
            out["keyType"] = given["key_type"]
        return "BRAZIL_PIX_DC", out
    if kind == "boleto":
        return "BRAZIL_BOLETO", {"code": given.get("digitable_line")}
    raise refuse("infobip_payment_unknown", Code.UNSUPPORTED, kind=kind)


def _gateway(given: Mapping[str, Any]) -> tuple[str, Content]:
    provider = given.get("type")
    inner = given.get(provider) if isinstance(provider, str) else None
    own: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
    if provider == "razorpay":
        return "PG_RAZORPAY", {"callbackData": own["notes"]} if own.get("notes") else {}
    if provider == "payu":
        told = [own[name] for name in ("udf1", "udf2", "udf3", "udf4") if own.get(name)]
        return "PG_PAYU", {"callbackData": told} if told else {}
    raise refuse("infobip_payment_unknown", Code.UNSUPPORTED, kind=f"payment_gateway {provider}")


def _id(value: str, kind: str) -> str:
    filled("reference id", value, _LONGEST.get(kind, LIMITS["payment id"]))
    return matched("reference id", value, _ID, "use letters, digits, _, . and -")


_BENEFICIARY = {
    "name": "name",
    "address_line1": "firstAddressLine",
    "address_line2": "secondAddressLine",
    "city": "city",
    "state": "state",
    "country": "country",
    "postal_code": "postalCode",
}


def _beneficiary(given: Mapping[str, str]) -> Content:
    """Who the goods go to; the country in Infobip's capitals."""
    out = {_BENEFICIARY.get(key, key): value for key, value in given.items()}
    if "country" in out:
        out["country"] = out["country"].upper()
    return out


# --- what is paid for ----------------------------------------------------------------------------


def _hundredths(field: str, amount: c.Amount) -> int:
    """Infobip counts hundredths only. Nothing is rounded. Raises Refuse."""
    between(field, amount.value, 0, 10**15)
    if amount.offset > 0 and amount.value * 100 % amount.offset == 0:
        return amount.value * 100 // amount.offset
    told: dict[str, Any] = {"value": amount.value, "offset": amount.offset}
    raise refuse("infobip_amount_offset", Code.INVALID, field=field, **told)


def _amount(field: str, amount: c.Amount) -> Content:
    out: Content = {"value": _hundredths(field, amount)}
    if amount.description:
        out["description"] = within("amount description", amount.description)
    return out


def _order(order: c.Order, total: int) -> Content:
    if order.expiration is not None:
        # Infobip counts from now on, and nothing here knows what time it is.
        part = "an end of the offer at a set time (give orderExpiration with seconds from now)"
        raise refuse("infobip_no_place", Code.UNSUPPORTED, part=part, where="a bill")
    counted("order items", len(order.items))
    out: Content = {"catalogId": order.catalog_id} if order.catalog_id else {}
    out["items"] = [_item(item) for item in order.items]
    out["subtotal"] = {"value": _hundredths("subtotal", order.subtotal)}
    out["tax"] = _amount("tax", order.tax or c.Amount(0))  # it must not be left out
    sum_ = out["subtotal"]["value"] + out["tax"]["value"]
    if order.shipping is not None:
        out["shipping"] = _amount("shipping", order.shipping)
        sum_ += out["shipping"]["value"]
    if order.discount is not None:
        out["discount"] = {"amount": _amount("discount", order.discount)}
        if order.discount.discount_program_name:
            name = within("amount description", order.discount.discount_program_name)
            out["discount"]["programName"] = name
        sum_ -= out["discount"]["amount"]["value"]
    if sum_ != total:
        raise refuse("infobip_total_wrong", total=total, sum=sum_)
    return out


_ADDRESS = {
    "address_line1": "firstAddressLine",
    "address_line2": "secondAddressLine",
    "city": "city",
    "zone_code": "zoneCode",
    "postal_code": "postalCode",
    "country_code": "countryCode",
}


def _item(item: c.OrderItem) -> Content:
    out: Content = {
        "retailerId": filled("order item's retailer id", item.retailer_id or "", 1000),
        "name": filled("order item name", item.name),
        "amount": {"value": _hundredths("item's price", item.amount)},
    }
    if item.sale_amount is not None:
        out["saleAmount"] = {"value": _hundredths("item's sale price", item.sale_amount)}
        if out["saleAmount"]["value"] >= out["amount"]["value"]:
            raise refuse("infobip_sale_wrong", name=item.name)
    between("order item's quantity", item.quantity, 1, 10**9)
    out["quantity"] = item.quantity
    if item.image_link:
        raise refuse("infobip_no_place", part="an item's picture", where="a bill")
    if item.country_of_origin:
        out["originCountry"] = item.country_of_origin
    if item.importer_name:
        out["importerName"] = item.importer_name
    if item.importer_address:
        out["importerAddress"] = {_ADDRESS.get(k, k): v for k, v in item.importer_address.items()}
    return out


# --- news of an order ----------------------------------------------------------------------------


def order_status(content: c.OrderStatus, settings: Settings) -> Content:
    """Raises Refuse."""
    out: Content = {"action": news(content, settings)}
    if content.body:
        out["body"] = {"text": filled("body", content.body)}
    if content.footer:
        out["footer"] = {"text": filled("footer", content.footer)}
    return out


def news(content: c.OrderStatus, settings: Settings) -> Content:
    """For messages and for templates. NOT CONFIRMED: the payment's type, which a neutral message
    does not have, is the channel's (`order_payment`)."""
    if content.payment_status or content.payment_at:
        raise refuse("infobip_no_place", part="a payment's state", where="news of an order")
    status = (content.status or "").lower().replace("-", "_")
    if status not in STATES:
        rule = "it is pending, processing, partially_shipped, shipped, completed or canceled"
        raise refuse("meta_choose", field="order's state", rule=rule)
    kind = settings.order_payment
    out: Content = {
        "payment": {"type": kind, "id": _id(content.reference_id, kind)},
        "status": status.upper(),
    }
    if content.description:
        out["description"] = within("status description", content.description)
    return out
