"""What stands around a message: the quoted message, the product, the ad that a person came from."""

from __future__ import annotations

from typing import Any

from dragoman.domain.events import Quoted, Referral

from .shape import opt, opt_obj


def quoted(item: dict[str, Any]) -> Quoted | None:
    """`context`: a quoted message, a product, or that it was passed on."""
    context = item.get("context")
    if type(context) is not dict or not context:
        return None
    product = opt_obj(context, "referred_product")
    value = Quoted(
        opt(context, "id"),
        opt(context, "from"),
        context.get("forwarded") is True,
        context.get("frequently_forwarded") is True,
        opt(product, "product_retailer_id"),
        opt(product, "catalog_id"),
    )
    return None if value == Quoted() else value


def referral(item: dict[str, Any]) -> Referral | None:
    """`referral`: comes with the first message after a click on an ad or a post."""
    body = item.get("referral")
    if type(body) is not dict or not body:
        return None
    return Referral(
        source_url=opt(body, "source_url"),
        source_id=opt(body, "source_id"),
        source_type=opt(body, "source_type"),
        headline=opt(body, "headline"),
        body=opt(body, "body"),
        media_type=opt(body, "media_type"),
        media_url=opt(body, "image_url") or opt(body, "video_url"),
        thumbnail_url=opt(body, "thumbnail_url"),
        click_id=opt(body, "ctwa_clid"),
        welcome=opt(opt_obj(body, "welcome_message"), "text"),
    )
