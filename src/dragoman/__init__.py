"""Dragoman: the WhatsApp channel for AI agents. What an author imports is here.

Names are looked up when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dragoman.agents.contract import AgentFailed as AgentFailed
    from dragoman.agents.contract import Turn as Turn
    from dragoman.agents.contract import TurnFile as TurnFile
    from dragoman.agents.contract import TurnMessage as TurnMessage
    from dragoman.agents.python import Agent as Agent
    from dragoman.domain.content import AddressReply as AddressReply
    from dragoman.domain.content import AddressRequest as AddressRequest
    from dragoman.domain.content import Amount as Amount
    from dragoman.domain.content import Audio as Audio
    from dragoman.domain.content import AudioReceived as AudioReceived
    from dragoman.domain.content import Button as Button
    from dragoman.domain.content import ButtonReply as ButtonReply
    from dragoman.domain.content import Buttons as Buttons
    from dragoman.domain.content import CallButton as CallButton
    from dragoman.domain.content import CallPermissionReply as CallPermissionReply
    from dragoman.domain.content import CallPermissionRequest as CallPermissionRequest
    from dragoman.domain.content import Card as Card
    from dragoman.domain.content import Carousel as Carousel
    from dragoman.domain.content import Catalog as Catalog
    from dragoman.domain.content import CatalogButton as CatalogButton
    from dragoman.domain.content import ContactAddress as ContactAddress
    from dragoman.domain.content import ContactCard as ContactCard
    from dragoman.domain.content import ContactEmail as ContactEmail
    from dragoman.domain.content import ContactName as ContactName
    from dragoman.domain.content import ContactOrg as ContactOrg
    from dragoman.domain.content import ContactPhone as ContactPhone
    from dragoman.domain.content import ContactRequest as ContactRequest
    from dragoman.domain.content import Contacts as Contacts
    from dragoman.domain.content import ContactUrl as ContactUrl
    from dragoman.domain.content import CopyCodeButton as CopyCodeButton
    from dragoman.domain.content import CtaUrl as CtaUrl
    from dragoman.domain.content import CurrencyParam as CurrencyParam
    from dragoman.domain.content import DateTimeParam as DateTimeParam
    from dragoman.domain.content import Deleted as Deleted
    from dragoman.domain.content import Document as Document
    from dragoman.domain.content import DocumentReceived as DocumentReceived
    from dragoman.domain.content import Edited as Edited
    from dragoman.domain.content import Expiration as Expiration
    from dragoman.domain.content import Flow as Flow
    from dragoman.domain.content import FlowButton as FlowButton
    from dragoman.domain.content import FlowReply as FlowReply
    from dragoman.domain.content import GroupParam as GroupParam
    from dragoman.domain.content import Header as Header
    from dragoman.domain.content import Image as Image
    from dragoman.domain.content import ImageReceived as ImageReceived
    from dragoman.domain.content import List as List
    from dragoman.domain.content import ListReply as ListReply
    from dragoman.domain.content import Location as Location
    from dragoman.domain.content import LocationParam as LocationParam
    from dragoman.domain.content import LocationRequest as LocationRequest
    from dragoman.domain.content import Marketing as Marketing
    from dragoman.domain.content import Media as Media
    from dragoman.domain.content import MediaParam as MediaParam
    from dragoman.domain.content import MediaReceived as MediaReceived
    from dragoman.domain.content import NumberChanged as NumberChanged
    from dragoman.domain.content import Order as Order
    from dragoman.domain.content import OrderDetails as OrderDetails
    from dragoman.domain.content import OrderDetailsButton as OrderDetailsButton
    from dragoman.domain.content import OrderedItem as OrderedItem
    from dragoman.domain.content import OrderItem as OrderItem
    from dragoman.domain.content import OrderReceived as OrderReceived
    from dragoman.domain.content import OrderStatus as OrderStatus
    from dragoman.domain.content import PaymentMethodChosen as PaymentMethodChosen
    from dragoman.domain.content import PaymentRequestButton as PaymentRequestButton
    from dragoman.domain.content import Problem as Problem
    from dragoman.domain.content import Product as Product
    from dragoman.domain.content import ProductCard as ProductCard
    from dragoman.domain.content import ProductCarousel as ProductCarousel
    from dragoman.domain.content import ProductParam as ProductParam
    from dragoman.domain.content import Products as Products
    from dragoman.domain.content import ProductsButton as ProductsButton
    from dragoman.domain.content import ProductSection as ProductSection
    from dragoman.domain.content import QuickReplyButton as QuickReplyButton
    from dragoman.domain.content import Raw as Raw
    from dragoman.domain.content import Reaction as Reaction
    from dragoman.domain.content import Row as Row
    from dragoman.domain.content import Section as Section
    from dragoman.domain.content import Sticker as Sticker
    from dragoman.domain.content import StickerReceived as StickerReceived
    from dragoman.domain.content import SystemNotice as SystemNotice
    from dragoman.domain.content import Template as Template
    from dragoman.domain.content import TemplateCard as TemplateCard
    from dragoman.domain.content import TemplateReply as TemplateReply
    from dragoman.domain.content import Text as Text
    from dragoman.domain.content import TextParam as TextParam
    from dragoman.domain.content import TextReceived as TextReceived
    from dragoman.domain.content import Unknown as Unknown
    from dragoman.domain.content import Unsupported as Unsupported
    from dragoman.domain.content import UrlButton as UrlButton
    from dragoman.domain.content import UserIdChanged as UserIdChanged
    from dragoman.domain.content import Video as Video
    from dragoman.domain.content import VideoReceived as VideoReceived
    from dragoman.domain.content import VoiceCallButton as VoiceCallButton
    from dragoman.domain.identity import Bsuid as Bsuid
    from dragoman.domain.identity import Person as Person
    from dragoman.domain.identity import Phone as Phone

# The author's `Agent` is the class with decorators, not the contract's protocol: its module first.
_HOMES = (
    "dragoman.agents.python",
    "dragoman.agents.contract",
    "dragoman.domain.content",
    "dragoman.domain.identity",
)


def __getattr__(name: str) -> Any:
    if name[:1].isupper():  # all of ours are classes; a module's name must not load them
        for home in _HOMES:
            value = getattr(importlib.import_module(home), name, None)
            if getattr(value, "__module__", None) == home:
                globals()[name] = value
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
