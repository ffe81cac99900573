"""Saying in plain text what a partner has no message for: the rules behind *degraded*.

A rule is pure: content in, other contents out, and for things to choose from the choices, so that
an answer of "2" or of a row's title comes back to the agent as that tap. `CAPABILITIES` of a
partner names the rule for each kind; the log keeps which rule was used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from dragoman.domain import content as c
from dragoman.domain.sentences import words

words(
    {
        "plain_numbered": "The choices are written as numbered lines; the number or the title, "
        "typed, counts as a tap.",
        "plain_link": "The button is written as its label and the address.",
        "plain_place": "The place is written as name, address and a link to a map.",
        "plain_cards": "The contact cards are written as names, phones and mail addresses.",
        "plain_question": "The question is asked in words, without a button.",
        "plain_carousel": "The cards are written as numbered lines.",
        "plain_image": "The sticker goes as a picture.",
        "plain_status": "The news about the order is written as text.",
    }
)


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to choose from. `tap`: what choosing it is to the agent."""

    tap: Literal["button", "list"]
    id: str
    title: str
    description: str | None = None


class Plain(msgspec.Struct, frozen=True):
    """What is sent instead, in order, and what may be chosen from it."""

    contents: tuple[c.Outbound, ...]
    choices: tuple[Choice, ...] = ()


Rule = Callable[[Any], Plain]


def chosen(choices: tuple[Choice, ...], said: str) -> c.Inbound | None:
    """The tap that a typed answer stands for: its number, or its title in any case. None when it
    is neither, or a title that two choices share."""
    text = said.strip().strip("*.()#").strip()
    found = [x for x in choices if x.title.strip().casefold() == text.casefold()]
    if text.isdecimal() and not found and 1 <= int(text) <= len(choices):
        found = [choices[int(text) - 1]]
    if len(found) != 1:
        return None
    one = found[0]
    if one.tap == "button":
        return c.ButtonReply(one.id, one.title)
    return c.ListReply(one.id, one.title, one.description)


def _lines(*parts: str | None) -> str:
    return "\n\n".join(part for part in parts if part)


def _heading(header: c.Header | None) -> tuple[tuple[c.Outbound, ...], str | None]:
    """A header that is a file becomes a message of its own; one that is text, a bold line."""
    if header is None:
        return (), None
    before: tuple[c.Outbound, ...] = ()
    if header.image is not None:
        before = (c.Image(header.image.id, header.image.link),)
    elif header.video is not None:
        before = (c.Video(header.video.id, header.video.link),)
    elif header.document is not None:
        file = header.document
        before = (c.Document(file.id, file.link, file.filename),)
    return before, f"*{header.text}*" if header.text else None


def _numbered_lines(choices: tuple[Choice, ...]) -> str:
    return "\n".join(
        f"{place}. {one.title}" + (f" – {one.description}" if one.description else "")
        for place, one in enumerate(choices, 1)
    )


def numbered(content: c.Buttons | c.List) -> Plain:
    before, heading = _heading(content.header)
    if isinstance(content, c.Buttons):
        choices = tuple(Choice("button", b.id, b.title) for b in content.buttons)
        shown = _numbered_lines(choices)
    else:
        rows = [(s, r) for s in content.sections for r in s.rows]
        choices = tuple(Choice("list", r.id, r.title, r.description) for _, r in rows)
        shown = _by_section(content, choices)
    text = _lines(heading, content.body, shown, content.footer)
    return Plain((*before, c.Text(text)), choices)


def _by_section(content: c.List, choices: tuple[Choice, ...]) -> str:
    """Numbers run on over the sections, whose titles stand above their rows."""
    lines = _numbered_lines(choices).split("\n")
    out, at = [], 0
    for section in content.sections:
        own = lines[at : at + len(section.rows)]
        at += len(section.rows)
        out.append("\n".join([*([f"*{section.title}*"] if section.title else []), *own]))
    return "\n".join(out)


def link(content: c.CtaUrl) -> Plain:
    before, heading = _heading(content.header)
    text = _lines(heading, content.body, f"{content.label}: {content.url}", content.footer)
    return Plain((*before, c.Text(text, preview_url=True)))


def place(content: c.Location) -> Plain:
    url = f"https://maps.google.com/?q={content.latitude},{content.longitude}"
    lines = [x for x in (content.name, content.address, content.url or url) if x]
    return Plain((c.Text("\n".join(lines)),))


def cards(content: c.Contacts) -> Plain:
    return Plain((c.Text("\n\n".join(_card(card) for card in content.contacts)),))


def _card(card: c.ContactCard) -> str:
    lines = [f"*{card.name.formatted_name}*"] if card.name is not None else []
    lines += [x for x in (card.org.company, card.org.title) if x] if card.org is not None else []
    lines += [p.phone or f"+{p.wa_id}" for p in card.phones if p.phone or p.wa_id]
    lines += [e.email for e in card.emails]
    lines += [u.url for u in card.urls]
    return "\n".join(lines)


def question(content: Any) -> Plain:
    return Plain((c.Text(content.body),))


def carousel(content: c.Carousel) -> Plain:
    lines, choices = [], []
    for number, card in enumerate(content.cards, 1):
        said = card.body or ""
        if card.url:
            said = _lines_in_one(said, f"{card.label or ''}: {card.url}")
        lines.append(f"{number}. {said}" if not card.buttons else said)
        for button in card.buttons:
            choices.append(Choice("button", button.id, button.title))
            lines.append(f"{len(choices)}. {button.title}")
    return Plain((c.Text(_lines(content.body, "\n".join(lines))),), tuple(choices))


def _lines_in_one(first: str, second: str) -> str:
    return f"{first} – {second}" if first else second


def image(content: c.Sticker) -> Plain:
    return Plain((c.Image(content.id, content.link),))


def status(content: c.OrderStatus) -> Plain:
    return Plain((c.Text(_lines(content.body, content.description, content.footer)),))


# name → rule; its sentence is "plain_" and the name.
RULES: Mapping[str, Rule] = {
    "numbered": numbered,
    "link": link,
    "place": place,
    "cards": cards,
    "question": question,
    "carousel": carousel,
    "image": image,
    "status": status,
}
