"""`dragoman partners` prints what the partners declare, and the docs say the same."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from dragoman.cli import cli
from dragoman.cli.partners import kinds, table_markdown
from dragoman.domain import content as c
from dragoman.partners.registry import PARTNERS, partner

PAGE = Path(__file__).parents[2] / "docs" / "partners" / "README.md"


def run(*args: str) -> str:
    result = CliRunner().invoke(cli, ["partners", *args])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_table_has_every_kind_of_every_dialect() -> None:
    assert set(kinds()) == {str(kind.__struct_config__.tag) for kind in c.Outbound.__args__}
    for name in PARTNERS:
        talker = partner(name)
        assert set(talker.CAPABILITIES) == {dialect for dialect, _ in talker.DIALECTS}
        for abilities in talker.CAPABILITIES.values():
            assert set(abilities) == set(kinds()), name
    lines = run().splitlines()
    assert [line.split()[0] for line in lines if line[:1].isalpha()] == kinds()


def test_one_partner_is_told_whole() -> None:
    for name in PARTNERS:
        told = run(name)
        talker = partner(name)
        assert told.startswith(f"{talker.LABEL} ({name})")
        for shape, where in talker.NATIVE_SHAPES:
            assert shape in told and where in told
        for what, how in talker.NOT_CONFIRMED:
            assert f"{what}: {how}" in told


def test_an_unknown_partner_is_a_sentence() -> None:
    result = CliRunner().invoke(cli, ["partners", "pigeon"])
    assert "There is no partner 'pigeon'." in str(result.exception)


def test_the_page_says_what_the_code_does() -> None:
    text = PAGE.read_text("utf-8")
    _, _, rest = text.partition("<!-- table -->\n")
    table, _, _ = rest.partition("\n<!-- end of table -->")
    assert table == table_markdown() == run("--markdown").rstrip("\n")
    for name in PARTNERS:
        assert f"({name}.md)" in text
        assert (PAGE.parent / f"{name}.md").is_file()
