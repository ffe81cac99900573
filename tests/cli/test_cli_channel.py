"""`dragoman channel set`, `show` and `letter`: what is to be pasted where, and when it is said."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from cli_desk import Said, desk

from dragoman.cli.common import letter_of
from dragoman.partners.registry import partner

DOTS = "•" * 8
HEADER = "a long value 123456"
CLOUD = {"numbers": "106540352242922", "token": "channel-token-0123456789-0123456789",
         "app_secret": "0123456789abcdef0123456789abcdef"}  # fmt: skip


async def ran(home: Path, *args: str) -> Said:
    said = await desk(home, *args)
    assert said.code == 0, said.err
    return said


async def made(home: Path, name: str, **values: str) -> Said:
    await ran(home, "app", "create", "Tea")
    fields = [f"{key}={value}" for key, value in values.items()]
    return await ran(home, "channel", "set", "Tea", "--partner", name, *fields)


async def test_choosing_a_partner_says_what_it_is_given(tmp_path: Path) -> None:
    said = await made(tmp_path, "infobip")
    assert "Give this to Infobip\n" in said.out
    assert "http://127.0.0.1:8400/hooks/infobip/st-" in said.out
    assert "Authorization" not in said.out  # no app is associated
    same = await ran(tmp_path, "channel", "set", "Tea", "--partner", "infobip", "username=tea")
    assert "Give this" not in same.out
    other = await ran(tmp_path, "channel", "set", "Tea", "--partner", "cloud-api")
    assert "/hooks/cloud-api/st-" in other.out
    token = (await ran(tmp_path, "channel", "show", "Tea")).out
    verify = next(line.split()[-1] for line in other.lines if "Verify token" in line)
    assert len(verify) == 32 and verify in token
    more = await ran(tmp_path, "channel", "set", "Tea", "--typing")
    assert "Give this" not in more.out


async def test_what_is_live_and_what_waits(tmp_path: Path) -> None:
    async def standing() -> str:
        return (await ran(tmp_path, "channel", "show", "Tea")).lines[0]

    await made(tmp_path, "cloud-api", **CLOUD)
    await ran(tmp_path, "channel", "enable", "Tea")
    assert await standing() == "WhatsApp Cloud API, enabled, not published"
    await ran(tmp_path, "app", "publish", "Tea")
    assert await standing() == "WhatsApp Cloud API, enabled, published"
    await ran(tmp_path, "channel", "set", "Tea", "--typing")
    assert (await standing()).endswith(", published, with changes in development")


async def test_a_partner_whose_form_has_gaps_switches_the_channel_off(tmp_path: Path) -> None:
    await made(tmp_path, "cloud-api", **CLOUD)
    await ran(tmp_path, "channel", "enable", "Tea")
    said = await ran(tmp_path, "channel", "set", "Tea", "--partner", "netcore")
    assert (
        "! The channel is switched off in development, because its form has gaps: `dragoman"
        in said.out
    )
    assert "/hooks/netcore/st-" in said.out


async def test_one_header_is_not_for_two_checks(tmp_path: Path) -> None:
    await made(tmp_path, "netcore", header_name="Authorization", header_value=HEADER)
    created = await ran(tmp_path, "app", "credential", "create", "Tea", "hooks")
    client_id = next(line.split()[-1] for line in created.lines if "Client id" in line)
    said = await desk(tmp_path, "channel", "set", "Tea", "--associate", client_id)
    assert said.code == 1 and "or a webhook header of that name" in said.err


async def test_the_letter_is_copied_whole_from_its_own_command_only(tmp_path: Path) -> None:
    await made(tmp_path, "karix", number="+1 202 555 0100", account_key="TESTKEY-0123456789",
               header_name="X-Tea", header_value=HEADER)  # fmt: skip
    created = await ran(tmp_path, "app", "credential", "create", "Tea", "hooks")
    client_id = next(line.split()[-1] for line in created.lines if "Client id" in line)
    secured = await ran(tmp_path, "channel", "set", "Tea", "--associate", client_id,
                        "--url-secret", "new")  # fmt: skip
    url = next(word for word in secured.out.split() if "?key=" in word)
    shown = (await ran(tmp_path, "channel", "show", "Tea")).out
    for line in (f"?key={DOTS}", f"request: Authorization: {DOTS}", f"request: X-Tea: {DOTS}",
                 "`dragoman channel letter 'Tea'` prints the letter whole"):  # fmt: skip
        assert line in shown
    assert url not in shown and HEADER not in shown and "TESTKEY" not in shown
    letter = (await ran(tmp_path, "channel", "letter", "Tea")).out
    token = (await ran(tmp_path, "app", "credential", "token", "Tea", "hooks")).out.strip()
    assert f"\n{url}\n" in letter and token.startswith("Bearer ")
    assert f"every request: Authorization: {token}\n" in letter
    assert f"every request: X-Tea: {HEADER}\n" in letter
    assert letter.startswith("Subject: WhatsApp webhook for +12025550100\n")
    assert DOTS not in letter and "TESTKEY" not in letter
    rows = audited(tmp_path)
    assert ("channel.letter", "Tea", "karix") in rows
    assert ("credential.token", "hooks", client_id) in rows


async def test_an_open_channel_has_no_secret_to_leave_out(tmp_path: Path) -> None:
    await made(tmp_path, "gupshup")
    shown = (await ran(tmp_path, "channel", "show", "Tea")).out
    assert "The letter to their support" in shown
    assert "Dots stand" not in shown and DOTS not in shown
    letter = (await ran(tmp_path, "channel", "letter", "Tea")).out
    assert "Subject: WhatsApp callback URL\n" in letter
    assert "please set this callback URL for our WhatsApp number, for incoming" in letter
    assert "Authorization" not in letter


async def test_no_letter(tmp_path: Path) -> None:
    await ran(tmp_path, "app", "create", "Tea")
    none = await desk(tmp_path, "channel", "letter", "Tea")
    assert none.code == 1 and "Choose a messaging partner first" in none.err
    await ran(tmp_path, "channel", "set", "Tea", "--partner", "netcore")
    own = await desk(tmp_path, "channel", "letter", "Tea")
    assert own.err == (
        "Netcore needs no letter: what `dragoman channel show 'Tea'` lists is pasted there by "
        "yourself.\n"
    )


async def test_a_token_that_is_signed_elsewhere_is_not_made_up(tmp_path: Path) -> None:
    await made(tmp_path, "karix", number="12025550100", account_key="TESTKEY-0123456789")
    args = ("app", "credential", "create", "Tea", "pair", "--alg", "RS256")
    created = await ran(tmp_path, *args)
    client_id = next(line.split()[-1] for line in created.lines if "Client id" in line)
    await ran(tmp_path, "channel", "set", "Tea", "--associate", client_id)
    said = await desk(tmp_path, "channel", "letter", "Tea")
    assert said.code == 1 and "the token is signed where the private key is" in said.err
    assert ("channel.letter", "Tea", "karix") not in audited(tmp_path)


def test_every_letter_asks_without_a_number_too() -> None:
    for name in ("gupshup", "karix"):
        shown: dict[str, Any] = {"values": {}, "numbers": [], "client_id": ""}
        url = "https://bot.example.com/hooks/x/st-1"
        letter = letter_of(partner(name), shown, {"webhook_url": url})
        assert url in letter and "please" in letter.split("\n\n")[2]
        assert not set("{}[]") & set(letter)


def audited(home: Path) -> list[tuple[str, str, str]]:
    db = sqlite3.connect(home / "dragoman.db")
    try:
        return db.execute("SELECT what,target,after FROM audit").fetchall()
    finally:
        db.close()
