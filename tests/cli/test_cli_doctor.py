"""`dragoman doctor` and `dragoman config`: every check, right and wrong, with its remedy."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from cli_desk import child, desk, free_port, serving, still

from dragoman.app import Dragoman
from dragoman.engine.doctor import House
from dragoman.engine.doctor_channels import _local, _public
from dragoman.engine.wording import say
from dragoman.settings import load
from world import DROP, NUMBER, SECOND, STREAM, Graph, running, set_up

pytestmark = pytest.mark.full  # several processes a test


WABA, APP = "102290129340398", "634974688087057"
SCOPES = ["whatsapp_business_management", "whatsapp_business_messaging"]


class Meta:
    """The calls that the doctor makes. All is well until a test says another answer to all."""

    def __init__(self) -> None:
        self.port = 0
        self.status = 200
        self.body: Any = None
        self.callback = f"http://127.0.0.1:8400/hooks/cloud-api/{STREAM}"
        self.ahead_s = 0.0
        self.open_calls = 0
        self.paths: list[str] = []

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_calls += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1].partition("?")[0]
        self.paths.append(path)
        body = self._well(path) if self.body is None else self.body
        data = json.dumps(body).encode()
        date = formatdate(time.time() + self.ahead_s, usegmt=True)
        writer.write(
            f"HTTP/1.1 {self.status} Said\r\ndate: {date}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(data)}\r\nconnection: close\r\n\r\n".encode()
            + data
        )
        await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        self.open_calls -= 1

    def _well(self, path: str) -> Any:
        if path.endswith("/debug_token"):
            grants = [{"scope": scope, "target_ids": [WABA]} for scope in SCOPES]
            token = {"is_valid": True, "app_id": APP, "type": "SYSTEM_USER", "expires_at": 0}
            return {"data": {**token, "scopes": SCOPES, "granular_scopes": grants}}
        if path.endswith("/subscribed_apps"):
            return {"data": [{"whatsapp_business_api_data": {"id": APP}}]}
        return {"id": path.rsplit("/", 1)[1],
                "webhook_configuration": {"application": self.callback}}  # fmt: skip

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Meta]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield self
        server.close()
        while self.open_calls:
            await asyncio.sleep(0.005)


async def prepared(home: Path, meta: Meta, **more: Any) -> dict[str, str]:
    """One app set up against Meta's stand-in; gives the environment of the commands."""
    app = Dragoman(load(home))
    await app.start()
    try:
        graph = Graph()
        graph.port = meta.port
        await set_up(app, graph, home, name="tea", **more)
    finally:
        await app.stop()
    return {"DRAGOMAN_EGRESS_ALLOW": f"127.0.0.1:{meta.port}"}


DEAD = (
    "FAIL server No server runs, and the channel of tea is live: partners' webhooks fail. Start "
    "it: `dragoman serve` (or `dragoman demo`)."
)


async def checks(home: Path, env: dict[str, str] | None = None) -> tuple[int, list[str]]:
    """The exit code and the lines, evenly spaced. Of the server that does not run here, and must
    be told, another test speaks: it is left out, of the exit code too."""
    said = await desk(home, "doctor", env=env)
    assert said.err == ""
    lines = [" ".join(line.split()) for line in said.lines]
    failed = [line for line in lines if line.startswith("FAIL")]
    assert said.code == bool(failed)
    return int(failed not in ([], [DEAD])), [line for line in lines if line != DEAD]


async def test_all_is_well(tmp_path: Path) -> None:
    async with Meta().open() as meta:
        env = await prepared(tmp_path, meta)
        said = await child(tmp_path, "doctor", **env)
        lines = [" ".join(line.split()) for line in said.lines]
        assert (said.code, said.err) == (1, "")  # a live channel that nobody serves
        lines.remove(DEAD)
        assert lines.pop(2).startswith(("ok disk ", "warn disk Only "))
        assert (
            lines
            == [
                "ok settings Valid (no settings file).",
                f"ok home {tmp_path} can be written.",
                f"ok key {tmp_path}/key is there, readable by its owner only.",
                "ok secrets 2 stored secrets open with it.",
                f"ok database sqlite:///{tmp_path}/dragoman.db, schema 0002.",
                "ok writing It can be written; no server runs on it.",
                "ok app tea Version 1 is live: WhatsApp Cloud API, 2 numbers.",
                "ok app tea WhatsApp Cloud API accepts the credentials.",
                "ok clock This machine's clock agrees with WhatsApp Cloud API's within 0 s.",
                "ok app tea The access token never expires.",
                f"ok app tea The WhatsApp account {WABA} is subscribed to the Meta app {APP}.",
                f"ok app tea Webhooks of {NUMBER} come to this app's address.",
                f"ok app tea Webhooks of {SECOND} come to this app's address.",
                "– app tea Whether the Meta app is subscribed to the field messages can be asked "
                "with App ID and app secret only.",
                "– callback No channel needs it: every partner here is on this machine.",
                "ok waiting Nothing is held, in doubt or parked.",
            ]
            or "within 1 s" in lines[8]
        )
        assert meta.paths == [
            f"/v26.0/{NUMBER}",
            f"/v26.0/{SECOND}",
            "/v26.0/debug_token",
            "/v26.0/debug_token",
            f"/v26.0/{WABA}/subscribed_apps",
            f"/v26.0/{NUMBER}",
            f"/v26.0/{SECOND}",
        ]
        assert "\x1b" not in said.out
        told = await desk(tmp_path, "doctor", "--json", env=env)
        assert told.json()[0] == {
            "check": "settings", "state": "ok", "what": "Valid (no settings file).", "remedy": None
        }  # fmt: skip
        failed = [line["check"] for line in told.json() if line["state"] == "fail"]
        assert failed == ["server"]


async def test_webhooks_go_elsewhere(tmp_path: Path) -> None:
    async with Meta().open() as meta:
        env = await prepared(tmp_path, meta, numbers=[NUMBER])
        ours, meta.callback = meta.callback, meta.callback + "/"
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert [line for line in lines if line.startswith("FAIL")] == [
            f"FAIL app tea Webhooks of {NUMBER} do not come to this app, because the address that "
            f"the Meta app has for them is not ours letter by letter: {ours}/ has one more slash "
            f"at its end than ours ({ours}). Paste {ours} at Meta app › WhatsApp › Configuration › "
            "Webhook, and *Verify and save*."
        ]


async def test_server_runs(tmp_path: Path) -> None:
    port = free_port()
    async with Meta().open() as meta, contextlib.AsyncExitStack() as stack:
        graph = Graph()
        graph.port = meta.port
        env = {"DRAGOMAN_EGRESS_ALLOW": f"127.0.0.1:{meta.port}"}
        world = await stack.enter_async_context(
            running(tmp_path, graph=graph, settings={"port": port})
        )
        async with serving(world, port):
            _, lines = await checks(tmp_path, env)
            server = [line for line in lines if line.startswith("ok server")]
            assert len(server) == 1
            assert server[0].startswith(f"ok server dragoman on port {port}, process ")
            assert server[0].endswith(", is ready.")
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert any(
            line.startswith(f"FAIL server dragoman on port {port}, process ")
            and line.endswith("Look at its log; if it is stuck, stop it and start it again.")
            for line in lines
        )


async def test_nothing_there_yet(tmp_path: Path) -> None:
    home = tmp_path / "new"
    code, lines = await checks(home)
    assert code == 1
    lines.pop(2)
    assert lines == [
        "ok settings Valid (no settings file).",
        f"– home {home} is not there yet; the first start makes it.",
        f"– key {home}/key is not there yet; the first start makes it.",
        f"FAIL database There is no database yet at sqlite:///{home}/dragoman.db. Start the server "
        "once, or run `dragoman app create NAME`.",
    ]
    assert not home.exists()


async def test_settings_wrong(tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text('prot = 1\nport = "x"\n')
    said = await desk(tmp_path, "doctor")
    assert said.code == 1
    assert [line.split()[:2] for line in said.lines] == [["FAIL", "settings"]] * 2
    assert "the nearest is port" in said.lines[0]


async def test_token_wrong_and_expired(tmp_path: Path) -> None:
    async with Meta().open() as meta:
        env = await prepared(tmp_path, meta)
        meta.status = 401
        for subcode in (None, 463):
            meta.body = {"error": {"message": "Bad token", "type": "OAuthException", "code": 190,
                                   "fbtrace_id": "A"}}  # fmt: skip
            if subcode:
                meta.body["error"]["error_subcode"] = subcode
            code, lines = await checks(tmp_path, env)
            (line,) = [line for line in lines if line.startswith("FAIL")]
            assert code == 1
            assert line.startswith("FAIL app tea ")
            assert "token" in line
            assert line.endswith("Until then its answers wait, for a day at most.")


async def test_graph_unreachable_strange_and_not_allowed(tmp_path: Path) -> None:
    async with Meta().open() as meta:
        env = await prepared(tmp_path, meta)
        code, lines = await checks(tmp_path)  # without egress_allow
        assert code == 0
        assert (
            f"warn app tea 127.0.0.1:{meta.port} answers, but is not in egress_allow here, so a "
            "server with these settings does not call it. Add it to egress_allow (the demo does "
            "so by itself)." in lines
        )
        meta.body = ["not Meta"]
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert any("answered 200 and not as Meta does" in line for line in lines)
    code, lines = await checks(tmp_path, env)
    assert code == 1
    failed = [still(line) for line in lines if line.startswith("FAIL")]
    assert len(failed) == 1
    assert failed[0].startswith(
        "FAIL app tea WhatsApp Cloud API cannot be reached: 127.0.0.1:PORT: "
    )
    assert failed[0].endswith(
        "Either the address of WhatsApp Cloud API in the channel is wrong, or this machine's "
        "network, name service or firewall keeps it from there."
    )


@pytest.mark.parametrize(("ahead", "side"), [(300, "behind"), (-300, "ahead of")])
async def test_clock_skew(tmp_path: Path, ahead: int, side: str) -> None:
    async with Meta().open() as meta:
        meta.ahead_s = ahead
        env = await prepared(tmp_path, meta)
        code, lines = await checks(tmp_path, env)
        (line,) = [line for line in lines if " clock " in line and line.startswith("FAIL")]
        assert code == 1
        assert f" s {side} WhatsApp Cloud API's. Switch time synchronisation on" in line


async def test_database_newer_broken_and_locked(tmp_path: Path) -> None:
    async with Meta().open() as meta:
        env = await prepared(tmp_path, meta)
        file = tmp_path / "dragoman.db"
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        code, lines = await checks(tmp_path, env)
        holder.execute("ROLLBACK")
        assert code == 1
        assert (
            "FAIL writing The database is locked by another program: database is locked. Close "
            "it; senders are asked to come again meanwhile." in lines
        )
        holder.execute("UPDATE alembic_version SET version_num='9999'")
        holder.close()
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert lines[-1].startswith(
            f"FAIL database The database sqlite:///{file} was written by a newer Dragoman"
        )
        for beside in ("-wal", "-shm"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
        file.write_bytes(b"this is no database" * 100)
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert lines[-1].startswith("FAIL database The database does not answer: ")


async def test_key_file(tmp_path: Path) -> None:
    async with Meta().open() as meta:
        env = await prepared(tmp_path, meta)
        key = tmp_path / "key"
        kept = key.read_bytes()
        key.chmod(0o644)
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert (
            f"FAIL key The key file {key} can be read by others (mode 0644), so its key is not "
            f"safe: run chmod 600 {key}." in lines
        )
        key.unlink()
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert (
            f"FAIL key {key} is not there, and 2 stored secrets need it. Bring the key file "
            "back from its backup, or enter every secret again." in lines
        )
        assert not key.exists()
        other = "A" * 43 + "="
        code, lines = await checks(tmp_path, {**env, "DRAGOMAN_KEY": other})
        assert code == 1
        assert any(line.startswith("FAIL key A stored secret was encrypted with") for line in lines)
        right = {**env, "DRAGOMAN_KEY": kept.decode().strip()}
        code, lines = await checks(tmp_path, right)
        assert (code, "ok key The key comes from the environment." in lines) == (0, True)


def publish_as_it_is(home: Path) -> None:
    """What is in development goes live whatever it lacks, as an older Dragoman let it."""
    with contextlib.closing(sqlite3.connect(home / "dragoman.db")) as db, db:
        db.execute("INSERT INTO config(app_id,version,body,at,by,note) "
                   "SELECT id,published+1,draft,0,'tests','' FROM app")  # fmt: skip
        db.execute("UPDATE app SET published=published+1")


async def test_channel_incomplete_disabled_and_agent_broken(tmp_path: Path) -> None:
    async with Meta().open() as meta:
        env = await prepared(tmp_path, meta)
        agent = tmp_path / "tea_agent.py"
        agent.write_text("def (\n")
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert (
            f"FAIL app tea Its agent {agent} has a syntax error in line 1: invalid syntax. Mend "
            "the file; the last good version goes on until a restart." in lines
        )
        agent.unlink()
        code, lines = await checks(tmp_path, env)
        assert code == 1
        assert (
            f"FAIL app tea Its agent {agent} is not there. Bring the file back, or give the app "
            "another agent." in lines
        )
        agent.write_text("")
        assert (await desk(tmp_path, "channel", "set", "tea", "app_secret=")).code == 0
        said = await desk(tmp_path, "app", "publish", "tea")
        assert said.code == 1 and "There is no app secret" in said.err
        publish_as_it_is(tmp_path)
        code, lines = await checks(tmp_path, env)
        (line,) = [line for line in lines if line.startswith("FAIL")]
        assert line.endswith("Set it with `dragoman channel set 'tea'`, then publish.")
        assert (await desk(tmp_path, "channel", "enable", "tea", "--off")).code == 0
        assert (await desk(tmp_path, "app", "publish", "tea")).code == 0
        assert (await desk(tmp_path, "app", "create", "empty")).code == 0
        code, lines = await checks(tmp_path, env)
        assert code == 0
        assert (
            "warn app tea Its channel is switched off: messages are kept and not answered. Run "
            "`dragoman channel enable 'tea'`, then publish." in lines
        )
        assert (
            "warn app empty It has no messaging partner yet. Run `dragoman connect cloud-api`, "
            "which asks for everything." in lines
        )


async def test_what_waits_for_a_person(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.graph.script(DROP)
        await world.say("hello")
        await world.until_rows("SELECT count(*) FROM message WHERE doubt=1", [(1,)])
    _, lines = await checks(tmp_path)
    assert lines[-1] == (
        "warn doubts 1 in doubt. `dragoman doubt --all` lists them, `dragoman settle` ends them."
    )


def house(public_url: str) -> House:
    home = Path("/nowhere")
    return House(home, "sqlite:///x", "", home / "key", public_url, "http://127.0.0.1:8400")


def test_callback_not_public() -> None:
    fix = "Set public_url to the https address of this machine, like https://bot.example.com."
    cases = {
        "": "public_url is not set, so partners would be told http://127.0.0.1:8400, which only "
        "this machine reaches.",
        "http://bot.example.com": "public_url is http://bot.example.com, and partners call only "
        "https.",
        "https://127.0.0.1:8400": "public_url is https://127.0.0.1:8400, which is 127.0.0.1: "
        "nobody outside reaches that.",
        "https://10.1.2.3": "public_url is https://10.1.2.3, which is 10.1.2.3: nobody outside "
        "reaches that.",
        "https://[fd00::7]": "public_url is https://[fd00::7], which is fd00::7: nobody outside "
        "reaches that.",
    }
    for url, what in cases.items():
        check = _public(house(url))
        assert (check.state, say(check.what)) == ("fail", what)
        assert check.remedy is not None
        assert say(check.remedy) == fix
    assert say(_public(house("https://no-such-name.invalid")).what).startswith(
        "public_url is https://no-such-name.invalid, and that name does not resolve: "
    )
    assert _public(house("https://8.8.8.8")).state == "ok"
    assert [_local(f"http://{h}/x") for h in ("localhost", "a.localhost", "127.0.0.1:1", "[::1]")]
    assert not _local("https://graph.facebook.com/v26.0/1")


# --- config --------------------------------------------------------------------------------------


async def test_config(tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text("port = 8555\n")
    said = await child(tmp_path, "config", DRAGOMAN_KEY="A" * 43 + "=")
    assert (said.code, said.err) == (0, "")
    rows = {line.split()[0]: line for line in said.lines}
    assert rows["port"].split() == ["port", "8555", str(tmp_path / "dragoman.toml")]
    assert rows["key"].split() == ["key", "•••", "DRAGOMAN_KEY"]
    assert rows["home"].split() == ["home", str(tmp_path), "--home"]
    assert "AAAA" not in said.out
    told = (await desk(tmp_path, "config", "--json")).json()[0]
    assert next(row for row in told if row["name"] == "port")["value"] == "8555"
    (tmp_path / "dragoman.toml").write_text("prot = 1\n")
    wrong = await desk(tmp_path, "config")
    assert (wrong.code, wrong.out) == (1, "")
    assert "there is no setting 'prot'; the nearest is port." in wrong.err
