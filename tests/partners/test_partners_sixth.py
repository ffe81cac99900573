"""A sixth partner, invented, written from docs/adding-a-partner.md alone: its two folders and one
line in each registry, and everything that the others can do, it can.

And the reverse: without one of the others, its folders and lines, the rest goes on.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from click.testing import CliRunner
from sixth import pigeon
from sixth_post import CHANNEL, FIXTURES, KEY, NUMBER, SEAL, SIXTH, hook, load, registered, sealed

from dragoman.agents.contract import Turn
from dragoman.cli import cli
from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.events import Event
from dragoman.domain.identity import Bsuid, Phone
from dragoman.domain.sentences import known, say
from dragoman.emulators import kit
from dragoman.partners import plain
from dragoman.partners.contract import (
    Capability,
    Field,
    Hook,
    HttpCall,
    NoReply,
    OutboundMessage,
    Outcome,
    Partner,
    Phase,
    Reply,
    Sent,
    UnreadableBody,
    Unsupported,
)
from dragoman.partners.form import Reading
from dragoman.partners.registry import PARTNERS, partner

sys.path.append(str(Path(__file__).parents[1] / "roundtrip"))

from five import NEUTRAL, STREAM_ID, Five, content, five, neutral

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "dragoman"
GOOD = {"number": "+1 202 555 0107", "loft_key": KEY, "seal": SEAL}
ASHA = Phone("12025550142")

__all__ = ["registered"]


# --- the table runners ---------------------------------------------------------------------------

ARRIVALS = sorted((*FIXTURES.glob("inbound/*.json"), *FIXTURES.glob("status/*.json")))
OUT = sorted(FIXTURES.glob("neutral/*.json"))


@pytest.mark.parametrize("case", ARRIVALS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_arrival_is_read_whole(case: Path) -> None:
    expected = load(f"expected/{case.parent.name}/{case.name}")
    arrivals = json.loads(case.read_text())["arrivals"]
    for place, event in enumerate(expected):
        event["raw"] = arrivals[place]
    got = pigeon.parse(hook(case.read_bytes()), CHANNEL)
    assert json.loads(msgspec.json.encode(got)) == expected
    for read, told in zip(got, expected, strict=True):
        if told["event"] != "rejected":
            assert msgspec.json.decode(msgspec.json.encode(read), type=Event) == read
    assert pigeon.parse(hook(case.read_bytes()), CHANNEL) == got


@pytest.mark.parametrize("case", OUT, ids=lambda path: path.stem)
def test_every_fixture_is_rendered_whole(case: Path) -> None:
    message = msgspec.json.decode(case.read_bytes(), type=OutboundMessage)
    expected = load(f"outbound/{case.name}")
    assert pigeon.render(message, CHANNEL) == HttpCall(
        expected["method"],
        expected["url"],
        "send",
        expected["headers"],
        json=expected["json"],
        secret_headers=frozenset({"x-loft-key"}),
    )
    kind = c.kind_of(message.content)
    assert pigeon.CAPABILITIES[""][kind].capability is Capability.NATIVE


def test_every_fixture_has_its_counterpart_and_its_source() -> None:
    arrivals = {f"{path.parent.name}/{path.name}" for path in ARRIVALS}
    outbound = {f"outbound/{path.name}" for path in FIXTURES.glob("outbound/*.json")}
    assert arrivals == {f"{p.parent.name}/{p.name}" for p in FIXTURES.glob("expected/*/*.json")}
    assert outbound == {f"outbound/{path.name}" for path in OUT}
    rows = (FIXTURES / "PROVENANCE.tsv").read_text().splitlines()[1:]
    assert {row.split("\t")[0] for row in rows} == arrivals | outbound


# --- the contract --------------------------------------------------------------------------------


def test_it_has_every_name_of_the_contract(registered: None) -> None:
    wanted = {name for name in vars(Partner) if not name.startswith("_")}
    wanted |= set(Partner.__annotations__)
    assert {name for name in wanted if not hasattr(partner("pigeon"), name)} == set()
    for _, where in pigeon.NOT_CONFIRMED:
        module, name = re.findall(r"(\w+)\.(\w+)", where.rpartition(": ")[2])[0]
        assert hasattr(__import__(f"sixth.pigeon.{module}", fromlist=[module]), name)


def test_settings_are_read_and_slips_are_named() -> None:
    settings, complaints = pigeon.read_settings({**GOOD, "base_url": "loft.pigeon.example/"})
    assert (settings, list(complaints)) == (CHANNEL, [])
    assert list(pigeon.missing(settings)) == [] and list(pigeon.numbers(settings)) == [NUMBER]
    assert [gap.field for gap in pigeon.missing(pigeon.Settings())] == ["number", "loft_key"]
    assert msgspec.json.decode(msgspec.json.encode(settings), type=pigeon.Settings) == settings


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("number", "202 555 0107", "form_number_no_country"),
        ("number", "my number", "form_number_wrong"),
        ("loft_key", f"Bearer {KEY}", "form_has_scheme"),
        ("loft_key", f'"{KEY}"', "form_has_quotes"),
        ("loft_key", "LK-••••••••••••", "form_is_masked"),
        ("loft_key", "https://loft.pigeon.example", "form_is_link"),
        ("loft_key", "LK-TEST TEST0001", "form_has_space"),
        ("loft_key", "12025550107", "form_id_wrong"),
        ("seal", "oak-wren", "form_id_wrong"),
        ("base_url", "https://loft.pigeon.example/loft/v1", "form_url_path"),
        ("base_url", "http://loft.pigeon.example", "form_url_plain"),
    ],
)
def test_each_slip_has_its_sentence(field: str, value: str, sentence: str) -> None:
    _, complaints = pigeon.read_settings({**GOOD, field: value})
    assert [(one.field, one.sentence.id) for one in complaints] == [(field, sentence)]
    assert value[4:] not in say(complaints[0].sentence) or field in ("number", "base_url")


def test_what_is_not_sealed_is_refused() -> None:
    body = load("inbound/words.json")
    assert pigeon.guarded(CHANNEL) and not pigeon.guarded(pigeon.Settings())
    assert pigeon.authenticate(sealed(body), CHANNEL, 0) is None
    for wrong, sentence in (
        (hook(body), "pigeon_seal_missing"),
        (sealed(body, "oak-wren-tin-drum"), "pigeon_seal_broken"),
    ):
        refused = pigeon.authenticate(wrong, CHANNEL, 0)
        assert refused is not None and refused.reason.id == sentence
        assert refused.answer.status == 401 and sentence in known()
    assert {outcome: pigeon.answer(outcome).status for outcome in Outcome} == {
        Outcome.KEPT: 200, Outcome.INVALID: 400, Outcome.BUSY: 503, Outcome.UNKNOWN: 404,
        Outcome.NO_TOKEN: 401, Outcome.WRONG_TOKEN: 401,
    }  # fmt: skip
    page = pigeon.handshake(Hook("GET", "/hooks/pigeon/st-1"), [CHANNEL])
    assert page is not None and page.status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"arrivals": {}}', b"a=b"])
def test_what_is_no_arrival_at_all_is_told_so(body: bytes) -> None:
    with pytest.raises(UnreadableBody) as unreadable:
        pigeon.parse(hook(body), CHANNEL)
    assert unreadable.value.sentence.id in known()


KINDS = [path.stem for path in sorted(NEUTRAL.glob("*.json"))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_of_abilities_is_what_the_code_does(kind: str) -> None:
    """Of the shared neutral contents that every partner is given."""
    ability, said = pigeon.CAPABILITIES[""][kind], content(kind)

    def rendered(one: c.Outbound) -> HttpCall | Unsupported:
        return pigeon.render(OutboundMessage(ASHA, NUMBER, one), CHANNEL)

    if ability.capability is Capability.NATIVE:
        assert isinstance(rendered(said), HttpCall), rendered(said)
        return
    refusal = rendered(said)
    assert isinstance(refusal, Unsupported) and refusal.code is Code.UNSUPPORTED
    if ability.capability is Capability.DEGRADED:
        for one in plain.RULES[ability.rule](said).contents:
            assert isinstance(rendered(one), HttpCall)
    else:
        assert ability.note


def test_the_table_is_complete_and_strangers_objects_are_refused() -> None:
    kinds = {str(kind.__struct_config__.tag) for kind in get_args(c.Outbound)}
    assert set(pigeon.CAPABILITIES[""]) == kinds
    for payload in ({"type": "text"}, {"words": "Hi"}, {"type": ["song"]}):
        told = pigeon.render(OutboundMessage(ASHA, NUMBER, c.Raw(payload)), CHANNEL)
        assert isinstance(told, Unsupported) and told.sentence.id == "pigeon_raw_unknown"
    assert pigeon.is_template({"type": "stamp"}, CHANNEL)
    assert not pigeon.is_template({"type": "words"}, CHANNEL)
    nobody = OutboundMessage(Bsuid("US.13491208655302741918"), NUMBER, c.Text("Hi"))
    assert isinstance(pigeon.render(nobody, CHANNEL), Unsupported)


def reply(status: int, **slip: str) -> Reply:
    return Reply(status, {}, json.dumps(slip).encode())


CALL = pigeon.render(OutboundMessage(ASHA, NUMBER, c.Text("Hi")), CHANNEL)


@pytest.mark.parametrize(
    ("answer", "code", "retryable", "ambiguous"),
    [
        (reply(400, flown="0", coo="11", because="no"), Code.INVALID, False, False),
        (reply(401, flown="0", coo="12"), Code.TOKEN, False, False),
        (reply(429, flown="0", coo="17"), Code.RATE, True, False),
        (reply(503, flown="0", coo="50"), Code.UNAVAILABLE, True, False),
        (reply(400, flown="0", coo="99", because="new"), Code.UNKNOWN, False, False),
        (Reply(404, {}, b"nothing here"), Code.UNKNOWN, False, False),
        (Reply(500, {}, b"<html>"), Code.IN_DOUBT, False, True),
        (Reply(200, {}, b'{"flown": "1", "pig'), Code.IN_DOUBT, False, True),
        (reply(200, flown="1"), Code.IN_DOUBT, False, True),
        (NoReply(Phase.CONNECT, "refused"), Code.UNAVAILABLE, True, False),
        (NoReply(Phase.SENT, "timeout"), Code.IN_DOUBT, False, True),
        (NoReply(Phase.REFUSED, "not allowed"), Code.EGRESS, False, False),
    ],
)
def test_answers(answer: Any, code: Code, retryable: bool, ambiguous: bool) -> None:
    assert isinstance(CALL, HttpCall)
    told = pigeon.read(CALL, answer)
    assert not isinstance(told, Sent)
    assert (told.code, told.retryable, told.ambiguous) == (code, retryable, ambiguous)
    assert told.sentence.id in known() and "?" not in say(told.sentence)


def test_an_id_is_success_and_the_key_is_checked_without_sending() -> None:
    assert isinstance(CALL, HttpCall)
    assert pigeon.read(CALL, reply(200, flown="1", pigeon="PGN-1")) == Sent("PGN-1")
    (probe,) = pigeon.probes(CHANNEL)
    assert pigeon.read_probe(probe, reply(200, number=NUMBER)) is None
    for other in (reply(200, number="1"), reply(401, coo="12"), NoReply(Phase.SENT)):
        wrong = pigeon.read_probe(probe, other)
        assert wrong is not None and wrong.id in known()


# --- from the command line -----------------------------------------------------------------------


def run(home: Path, *args: str, code: int = 0) -> str:
    env = {"DRAGOMAN_PUBLIC_URL": "https://shop.example", "COLUMNS": "200"}
    result = CliRunner(env=env).invoke(cli, ["--home", str(home), *args])
    if result.exit_code and result.exception is not None and code:
        return str(result.exception)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def test_the_command_line_knows_it(registered: None, tmp_path: Path) -> None:
    one = run(tmp_path, "partners", "pigeon")
    assert one.startswith("Pigeon Post (pigeon)")
    assert "● text" in one and "The choices are written as numbered lines" in one
    assert "no bird carries it" in one and "Of ours it echoes: ring" in one
    assert "POST /loft/v1/flights" in one and "How long a parcel is kept" in one
    assert "┌─ pigeon" in run(tmp_path, "partners")
    assert " pigeon |" in run(tmp_path, "partners", "--markdown")

    run(tmp_path, "app", "create", "Shop")
    run(tmp_path, "channel", "set", "Shop", "--partner", "pigeon", "number=2025550107")
    shown = run(tmp_path, "channel", "show", "Shop")
    assert "Pigeon Post, switched off" in shown and "/hooks/pigeon/st-" in shown
    assert "paste at: Loft > Arrivals > Address" in shown and "no country code" in shown
    refused = run(tmp_path, "channel", "enable", "Shop", code=1)
    assert "Loft key is missing. Find it at Loft > Keys > Show." in refused
    told = run(tmp_path, "channel", "set", "Shop", "pigeons=3", code=1)
    assert "Pigeon Post has no setting 'pigeons'" in told

    fields = [f"{name}={value}" for name, value in GOOD.items()]
    assert run(tmp_path, "channel", "set", "Shop", *fields) == "Saved in development.\n"
    shown = run(tmp_path, "channel", "show", "Shop")
    assert KEY not in shown and SEAL not in shown and "••••••••" in shown
    assert "with the partner's own check" in shown
    run(tmp_path, "channel", "enable", "Shop")
    assert "Its channel is enabled" in run(tmp_path, "app", "publish", "Shop")


# --- in the running product ----------------------------------------------------------------------

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\x00\x00\x00\x03\x00\x01\x18\xdd\x8d"
    b"\xb0\x00\x00\x00\x00IEND\xaeB`\x82"
)


async def shop(turn: Turn) -> None:
    message = turn.message
    assert message is not None
    if message.tapped:
        turn.reply(f"{c.kind_of(message.content)} {message.tapped}")
    elif turn.text in KINDS:
        turn.reply(neutral(turn.text))
    elif turn.text == "native":
        turn.reply({"type": "words", "words": "my own words"})
    else:
        turn.reply(f"{c.kind_of(message.content)} received")


async def answers(world: Five, what: Any) -> list[dict[str, Any]]:
    before = world.bubbles("pigeon")
    if isinstance(what, str):
        await world.says("pigeon", what)
    else:
        await world.does("pigeon", what, quoted=before[-1]["id"])
    await world.quiet()
    return world.bubbles("pigeon")[len(before) :]


def body(bubble: dict[str, Any]) -> Any:
    return bubble["body"][bubble["body"]["type"]]


async def test_from_an_empty_form_to_a_delivered_answer(registered: None, tmp_path: Path) -> None:
    """The demo walks its console, as a person would, and a person talks with the agent."""
    async with five(tmp_path, shop) as world:
        await world.use("pigeon")
        values = world.emulated._app.draft.config.channel.values["pigeon"]
        assert set(values) == {"number", "loft_key", "seal", "base_url"}
        assert "LK-" not in str(values)
        arrivals = world.emulated.settings.url_for(f"hooks/pigeon/{STREAM_ID}")
        assert world.at("pigeon").books.get("arrivals") == arrivals

        (hello,) = await answers(world, "chai ☕")
        assert body(hello) == {"body": "text received"}
        await world.handsets.look(world.line("pigeon").key, "asha")
        await world.quiet()
        ((rank, external_id, echoed),) = await world.rows(
            """SELECT m.rank, m.external_id, (SELECT count(*) FROM report r
            WHERE r.message_id=m.id) FROM message m WHERE m.direction=1"""
        )
        assert (rank, external_id, echoed) == (6, hello["id"], 3)  # launched, landed, opened

        (listed,) = await answers(world, "list")
        assert listed["body"]["type"] == "text" and "\n2. " in body(listed)["body"]
        rows = [row for section in neutral("list")["sections"] for row in section["rows"]]
        assert [body(b)["body"] for b in await answers(world, "2")] == [
            f"list_reply {rows[1]['id']}"
        ]
        await answers(world, "list")
        (titled,) = await answers(world, rows[0]["title"].upper())
        assert body(titled)["body"] == f"list_reply {rows[0]['id']}"


async def test_taps_files_templates_and_native_notes(registered: None, tmp_path: Path) -> None:
    async with five(tmp_path, shop) as world:
        await world.use("pigeon")
        (buttons,) = await answers(world, "buttons")
        said = neutral("buttons")["buttons"][0]
        assert body(buttons)["action"]["buttons"][0]["reply"] == said
        tap = {"type": "button_reply", "button_reply": said}
        (tapped,) = await answers(world, {"type": "interactive", "interactive": tap})
        assert body(tapped)["body"] == f"button_reply {said['id']}"

        media = await world.handsets.upload(world.line("pigeon").key, PNG, "image/png", None)
        (seen,) = await answers(world, {"type": "image", "image": {**media, "caption": "look"}})
        assert body(seen)["body"] == "image received"
        await world.until(lambda: _kept(world))

        (template,) = await answers(world, "template")
        assert template["body"]["rendered"]["body"] == "Hi Asha, your order TEA-17 has shipped."
        (native,) = await answers(world, "native")
        assert body(native)["body"] == "my own words"
        assert await answers(world, "video") == []
        ((told,),) = await world.rows(
            "SELECT error FROM message WHERE direction=1 AND kind='video'"
        )
        assert "pigeon_cannot" in told


async def _kept(world: Five) -> bool:
    return await world.rows("SELECT sha256 FROM media WHERE state=1") != []


async def test_it_conforms(registered: None, tmp_path: Path) -> None:
    conform = pytest.importorskip("dragoman.conform.run")
    results = await conform.run(["pigeon"], tmp_path)
    failed = {one.check: one.detail for one in results if one.state == "failed"}
    assert results and not failed, failed


# --- its folders and one line in each registry ---------------------------------------------------

LINES = {
    "partners/registry.py": ("PARTNERS: dict[str, str] = {", "dragoman.partners"),
    "emulators/app.py": ("EMULATORS: dict[str, str] = {", "dragoman.emulators"),
}
IMPORT_ALL = """
import importlib, pkgutil, sys, dragoman
for found in pkgutil.walk_packages(dragoman.__path__, "dragoman."):
    if "migrations" not in found.name and not found.name.endswith("__main__"):
        importlib.import_module(found.name)
sys.stdout.write(dragoman.__file__)
"""


def copied(tmp_path: Path) -> Path:
    """The source in a place of its own; gives the package's folder."""
    tree = tmp_path / "tree" / "src" / "dragoman"
    shutil.copytree(SOURCE, tree, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


def in_tree(tree: Path, *args: str) -> str:
    """Run Python on a copied tree."""
    tests = ROOT / "tests"
    path = os.pathsep.join(map(str, (tree.parent, tests, tests / "roundtrip")))
    env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *args], env=env, capture_output=True, text=True, timeout=240, cwd=tree
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def works(tree: Path, home: Path, names: list[str]) -> None:
    """Everything is imported; the command line and the running product know these partners."""
    assert in_tree(tree, "-c", IMPORT_ALL) == str(tree / "__init__.py")
    heads = re.findall(r"┌─ (\S+)", in_tree(tree, "-m", "dragoman", "partners"))
    assert set(heads) == set(names)
    home.mkdir()
    said = in_tree(tree, str(Path(__file__).with_name("every_partner.py")), str(home))
    lines = [line for line in said.splitlines() if ": You said: " in line]
    assert lines == [f"{name}: You said: hello {name}, delivered" for name in names]


def mentions(tree: Path, word: str) -> list[str]:
    """The lines of a tree outside this connector's folders that have its name in them."""
    folder = word.replace("-", "_")
    own = (tree / "partners" / folder, tree / "emulators" / folder)
    names = re.compile(rf"\b({word}|{folder})\b", re.IGNORECASE)
    return [
        f"{path.relative_to(tree)}: {line.strip()}"
        for path in sorted(tree.rglob("*.py"))
        if not any(path.is_relative_to(place) for place in own)
        for line in path.read_text("utf-8").splitlines()
        if names.search(line)
    ]


def test_nothing_here_knows_the_sixth() -> None:
    assert mentions(SOURCE, "pigeon") == []
    assert "pigeon" not in PARTNERS


def test_its_folders_and_two_lines_are_all_it_takes(tmp_path: Path) -> None:
    tree = copied(tmp_path)
    shutil.copytree(SIXTH / "pigeon", tree / "partners" / "pigeon")
    shutil.copytree(SIXTH / "pigeon_emulator", tree / "emulators" / "pigeon")
    for file, (head, package) in LINES.items():
        path = tree / file
        text = path.read_text("utf-8")
        assert text.count(head) == 1
        path.write_text(text.replace(head, f'{head}\n    "pigeon": "{package}.pigeon",'), "utf-8")
    assert mentions(tree, "pigeon") == [
        'emulators/app.py: "pigeon": "dragoman.emulators.pigeon",',
        'partners/registry.py: "pigeon": "dragoman.partners.pigeon",',
    ]
    works(tree, tmp_path / "home", ["pigeon", *PARTNERS])
    tests = tree.parents[1] / "tests"
    tests.mkdir()
    shutil.copy(ROOT / "tests" / "test_imports.py", tests)
    in_tree(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests / "test_imports.py"))


@pytest.mark.parametrize("gone", sorted(PARTNERS))
def test_without_a_partner_the_others_work(tmp_path: Path, gone: str) -> None:
    tree = copied(tmp_path)
    folder = gone.replace("-", "_")
    if gone != "cloud-api":  # the one that sentences name as an example
        folders = "|".join(name.replace("-", "_") for name in PARTNERS)
        # A form knows the hosts of the others, for what is pasted into the wrong one.
        of_others = re.compile(rf"(partners|emulators)/({folders})/")
        told = [line for line in mentions(tree, gone) if not of_others.match(line)]
        assert len(told) == len(LINES), told
    for file, (_, package) in LINES.items():
        shutil.rmtree(tree / Path(file).parent / folder)
        path = tree / file
        kept = [
            line
            for line in path.read_text("utf-8").splitlines(keepends=True)
            if line.strip() != f'"{gone}": "{package}.{folder}",'
        ]
        path.write_text("".join(kept), "utf-8")
    works(tree, tmp_path / "home", [name for name in PARTNERS if name != gone])


# --- the page ------------------------------------------------------------------------------------


def test_the_page_names_everything_that_a_partner_meets() -> None:
    """A stranger has nothing else."""
    page = (ROOT / "docs" / "adding-a-partner.md").read_text("utf-8")
    told = set(re.findall(r"\w+", " ".join(re.findall(r"```.*?```|`[^`]+`", page, re.S))))

    def own(kind: Any) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    contract = own(Partner) | set(Partner.__annotations__)
    emulator = own(kit.PartnerEmulator) & set(re.findall(r"\w+", kit.__doc__ or ""))
    wanted = {
        "the contract": contract,
        "form.Reading": {name for name in own(Reading) if name != "label"} - {"missing"},
        "the rules": set(plain.RULES),
        "outcomes": {outcome.name for outcome in Outcome},
        "phases": {phase.name for phase in Phase},
        "what a form holds": set(get_args(get_type_hints(Field)["kind"])),
        "an emulator's parts": set(kit.PartnerEmulator.__abstractmethods__) | emulator,
        "a line's parts": set(kit.PartnerLine.__abstractmethods__),
        "of the kit": {"Config", "build", "Walk", "Step", "Panel", "Done", "Update", "Post"},
    }
    lacking = {what: names - told for what, names in wanted.items() if names - told}
    assert not lacking, lacking
