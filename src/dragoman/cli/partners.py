"""`dragoman partners`: what each messaging partner can say, as its own table declares it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from dragoman.domain.sentences import Sentence, say
from dragoman.partners import plain
from dragoman.partners.contract import Ability, Capability, Partner
from dragoman.partners.registry import PARTNERS, partner

MARKS = {Capability.NATIVE: "●", Capability.DEGRADED: "◐", Capability.REFUSED: "–"}
LEGEND = "● as its own message   ◐ in other words (how: dragoman partners NAME)   – refused"


@click.command()
@click.argument("name", required=False)
@click.option("--markdown", is_flag=True, help="The whole table as Markdown.")
def partners(name: str | None, markdown: bool) -> None:
    """What each messaging partner can say. With a NAME: everything of that one."""
    if markdown:
        click.echo(table_markdown())
    elif name:
        _one(partner(name))
    else:
        _all()


def columns() -> list[tuple[str, Partner, str]]:
    """Every partner and dialect: its heading, the partner, the dialect."""
    out: list[tuple[str, Partner, str]] = []
    for name in PARTNERS:
        talker = partner(name)
        several = len(talker.CAPABILITIES) > 1
        out += [
            (f"{name} {dialect}" if several else name, talker, dialect)
            for dialect in talker.CAPABILITIES
        ]
    return out


def kinds() -> list[str]:
    """Every kind of content that a business can send, in the order of the first partner's table."""
    seen: dict[str, None] = {}
    for _, talker, dialect in columns():
        seen |= dict.fromkeys(talker.CAPABILITIES[dialect])
    return list(seen)


def _all() -> None:
    heads = columns()
    width = max(len(kind) for kind in kinds()) + 2
    for place, (head, _, _) in enumerate(heads):
        click.echo(" " * width + "  ".join("│" for _ in range(place)) + ("  " if place else "")
                   + f"┌─ {head}")  # fmt: skip
    for kind in kinds():
        marks = (MARKS[t.CAPABILITIES[d][kind].capability] for _, t, d in heads)
        click.echo(f"{kind:<{width}}" + "  ".join(marks))
    click.echo(f"\n{LEGEND}")


def _one(talker: Partner) -> None:
    click.echo(f"{talker.LABEL} ({talker.NAME})")
    for dialect, label in talker.DIALECTS:
        click.echo(f"\nWhat it can say{f', {label}' if label else ''}")
        for kind, ability in talker.CAPABILITIES[dialect].items():
            click.echo(f"  {MARKS[ability.capability]} {kind:<24} {told(ability)}".rstrip())
    click.echo("\nObjects without `kind` that pass through")
    for shape, where in talker.NATIVE_SHAPES:
        click.echo(f"  {shape}\n      → {where}")
    click.echo(f"\nOf ours it echoes: {talker.ECHO or 'nothing, so a doubt is settled by hand'}")
    if talker.NOT_CHECKABLE is not None:
        click.echo(say(talker.NOT_CHECKABLE))
    click.echo("\nNot confirmed by its readable documentation")
    for what, how in talker.NOT_CONFIRMED:
        click.echo(f"  {what}: {how}")


def told(ability: Ability) -> str:
    """How a kind is said, in words; empty for its own message."""
    if ability.capability is Capability.DEGRADED:
        return say(Sentence("plain_" + ability.rule))
    return ability.note


def table_markdown() -> str:
    """Kinds down, partners and dialects across; below it how each is degraded or why refused."""
    heads = columns()
    lines = ["| kind | " + " | ".join(head for head, _, _ in heads) + " |"]
    lines.append("|---" * (len(heads) + 1) + "|")
    for kind in kinds():
        cells = [_cell(talker.CAPABILITIES[dialect][kind]) for _, talker, dialect in heads]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *_rules()])


def _cell(ability: Ability) -> str:
    if ability.capability is Capability.DEGRADED:
        return ability.rule
    return "yes" if ability.capability is Capability.NATIVE else "–"


def _rules() -> Iterator[str]:
    yield "`yes`: as its own message. `–`: refused before anything is sent. A name: a rule."
    yield ""
    for rule in plain.RULES:
        yield f"- `{rule}`: {say(Sentence('plain_' + rule))}"
