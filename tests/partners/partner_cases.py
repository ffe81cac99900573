"""What the tests of every partner ask alike: a sample of each kind, the table of abilities, lengths
and fixtures read whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.events import Event, Rejected, StatusUpdate
from dragoman.domain.sentences import Sentence, known, say, term
from dragoman.partners import plain
from dragoman.partners.contract import Capability, HttpCall, Unsupported

FAMILY = "👨‍👩‍👧‍👦"  # seven code points, one character
SCRIPTS = ("a", "क", FAMILY, "ש")
PNG = "https://files.example/a.png"

Rendered = HttpCall | Unsupported


def labelled(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a complaint; the field's label and what shape a value has are terms."""
    if "label" not in args:
        return dict(args)
    label, _, path = args["label"].partition(" (")
    told = term(label)
    if path:
        told = Sentence("form_label_at", {"label": told, "path": path.rstrip(")")})
    more = {"shape": term(args["shape"])} if "shape" in args else {}
    return {**args, "label": told, **more}


# --- sending -------------------------------------------------------------------------------------

_SAMPLES: dict[str, c.Outbound] = {
    "text": c.Text("hi"),
    "image": c.Image(link=PNG),
    "video": c.Video(link=PNG),
    "audio": c.Audio(link=PNG),
    "document": c.Document(link=PNG),
    "sticker": c.Sticker(link=PNG),
    "location": c.Location(19.07, "72.87", "Office", "Fort"),
    "contacts": c.Contacts((c.ContactCard(c.ContactName("Ravi Rao", "Ravi")),)),
    "reaction": c.Reaction("4-3", "👍"),
    "buttons": c.Buttons("b", (c.Button("y", "Yes"),)),
    "list": c.List("b", "Open", (c.Section((c.Row("r", "Row"),)),)),
    "cta_url": c.CtaUrl("b", "Go", "https://example.com"),
    "flow": c.Flow("b", "Go", flow_id="1"),
    "product": c.Product("1", "2"),
    "products": c.Products("1", c.Header("h"), "b", (c.ProductSection(("2",)),)),
    "catalog": c.Catalog("b"),
    "location_request": c.LocationRequest("Where?"),
    "address_request": c.AddressRequest("Where?"),
    "contact_request": c.ContactRequest("Who?"),
    "call_permission_request": c.CallPermissionRequest("May we?"),
    "call_button": c.CallButton("b"),
    "carousel": c.Carousel(
        "b", (c.Card(c.Header(image=c.Media(link=PNG)), "x", "Go", "https://example.com"),) * 2
    ),
    "product_carousel": c.ProductCarousel("b", (c.ProductCard("1", "2"), c.ProductCard("1", "3"))),
    "order_details": c.OrderDetails("b", "r-1", "BRL", c.Amount(1)),
    "order_status": c.OrderStatus("b", "r-1", "shipped"),
    "template": c.Template("order_update", "en", body=(c.TextParam("a"),)),
}


def samples(native: dict[str, Any], **own: c.Outbound) -> dict[str, c.Outbound]:
    """One of each kind. native: an object of the partner's own. own: where it needs more."""
    return {**_SAMPLES, **own, "raw": c.Raw(native)}


def buttons(title: str = "Yes", **more: Any) -> c.Buttons:
    return c.Buttons(more.pop("body", "b"), (c.Button(more.pop("id", "y"), title),), **more)


def menu(row: c.Row = c.Row("r", "Row"), **more: Any) -> c.List:  # noqa: B008
    section = c.Section((row,), more.pop("title", None))
    return c.List(more.pop("body", "b"), more.pop("button", "Open"), (section,), **more)


def check_table(partner: Any, given: Mapping[str, c.Outbound]) -> None:
    """That there is a sample of every kind, and an ability in every dialect."""
    kinds = {str(kind.__struct_config__.tag) for kind in get_args(c.Outbound)}
    assert set(given) == kinds
    assert [name for name, _ in partner.DIALECTS] == list(partner.CAPABILITIES)
    for table in partner.CAPABILITIES.values():
        assert set(table) == kinds


def check_ability(
    partner: Any,
    dialect: str,
    sample: c.Outbound,
    render: Callable[[c.Outbound], Rendered],
    /,
    **told: str,
) -> HttpCall | None:
    """That the table says what the code does; the call of a native kind. told: what the partner's
    refusal names beside the kind."""
    kind = c.kind_of(sample)
    ability, rendered = partner.CAPABILITIES[dialect][kind], render(sample)
    if ability.capability is Capability.NATIVE:
        assert isinstance(rendered, HttpCall), rendered
        return rendered
    refused = Sentence(f"{partner.NAME}_cannot", {**told, "kind": kind})
    assert rendered == Unsupported(refused, Code.UNSUPPORTED)
    if ability.capability is Capability.DEGRADED:
        for piece in plain.RULES[ability.rule](sample).contents:
            assert isinstance(render(piece), HttpCall), piece
    else:
        assert ability.note
    return None


def check_size(
    field: str,
    limit: int,
    make: Callable[[str], c.Outbound],
    script: str,
    render: Callable[[c.Outbound], Rendered],
) -> None:
    """That exactly the limit is sent, and one code point more is refused."""
    full = (script * limit)[: limit - 1] + "x"
    assert isinstance(render(make(full)), HttpCall)
    args = {"field": term(field), "length": limit + 1, "limit": limit}
    refused = Unsupported(Sentence("meta_too_long", args), Code.TOO_LONG)
    assert render(make(full + "x")) == refused
    assert "?" not in say(refused.sentence)


# --- reading -------------------------------------------------------------------------------------


def inbound(folder: Path) -> list[Path]:
    """The fixtures of webhooks."""
    return sorted((*folder.glob("inbound/*.json"), *folder.glob("status/*.json")))


def case_name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def at_path(body: Any, path: str) -> Any:
    for step in re.findall(r"[^.\[\]]+", path):
        body = body[int(step)] if step.isdigit() else body[step]
    return body


def expected_of(case: Path) -> Any:
    """What a fixture is read as; the raw part of each event is told by its path."""
    return json.loads((case.parents[1] / "expected" / case.parent.name / case.name).read_text())


def check_events(got: list[Event | Rejected], expected: Any, body: Any) -> None:
    """That these are the events, that each comes back from the store as the same value, and that
    every sentence has words."""
    wanted = [{**event, "raw": at_path(body, event["raw"])} for event in expected]
    assert json.loads(msgspec.json.encode(got)) == wanted
    for event in got:
        assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
        if isinstance(event, StatusUpdate) and event.error:
            assert event.error.sentence.id in known()


def check_expected(folder: Path) -> None:
    """That every fixture has its expected value, and nothing else has one."""
    names = {f"{p.parent.name}/{p.name}" for p in inbound(folder)}
    assert names == {f"{p.parent.name}/{p.name}" for p in folder.glob("expected/*/*.json")}
