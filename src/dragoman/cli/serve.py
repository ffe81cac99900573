"""Commands that run something: serve, demo, run, emulate, and new."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.settings import Settings

from .common import settings

words(
    {
        "demo_runs": "The demo in {path} is running (process {pid}), so its chat is not deleted. "
        "Stop it with Ctrl-C first.",
        "demo_not": "{path} is not a demo's folder, so nothing was deleted.",
        "port_busy": "Port {port} is used by another program; taking {next}.",
        "port_taken": "Port {port} is used by another program. Stop it, or give another with "
        "--port.",
        "no_free_port": "No free port from {port} to {last}. Give one with --port.",
        "file_exists": "{path} is there already. Give another name, or --force to replace it.",
        "file_missing": "There is no file {path}.",
        "new_kind": "{path} would not be Python: give it a name that ends in .py. For JavaScript "
        "begin with examples/tea_shop.js.",
        "emulator_unknown": "No partner {name!r} is emulated. Those that are: {known}.",
        "emulate_one": "--account, --callback-url and --verify-token belong to one partner: name "
        "it instead of all.",
        "emulate_option": "This partner takes no --{option}: set it in its console.",
        "agent_kind": "{path} is no agent: its name must end in .py or .js.",
    }
)


@click.command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on.")
@click.option("--public-url", help="Where partners reach this program (https).")
@click.option("--database-url", help="sqlite:///path or postgresql://…")
@click.option("--role", type=click.Choice(["all", "web", "worker"]), help="What this process does.")
@click.pass_context
def serve(ctx: click.Context, /, **flags: Any) -> None:
    """Run the server until it is stopped. Ctrl-C stops it gracefully."""
    _own_home(ctx)
    s = settings(ctx, **flags)
    if s.port and _free_port(s.host, s.port, 1) is None:
        raise SentenceError(Sentence("port_taken", {"port": s.port}))
    from dragoman.app import Dragoman

    app = Dragoman(s)

    def ready() -> None:
        click.echo(f"Ready: {s.base_url} (database {_shown(s)})")
        if app.setup_code is not None:
            code = app.setup_code
            click.echo(f"Set it up: {s.base_url}/setup with the code {code}, good for one hour")

    _serve(app, s, ready)


@click.command()
@click.option("--home", "folder", default=".demo", help="Where the demo keeps its chat.")
@click.option("--examples", default="examples", help="Where the demo's agent is, or is written.")
@click.option("--port", type=int, help="The first port to try.")
@click.option("--script", is_flag=True, help="The same agent in JavaScript.")
@click.option("--forget", is_flag=True, help="Delete the demo's chat instead.")
@click.option("--since", type=float, hidden=True, help="When the set-up began (Unix seconds).")
@click.pass_context
def demo(
    ctx: click.Context, folder: str, examples: str, port: int | None, script: bool,
    forget: bool, since: float | None,
) -> None:  # fmt: skip
    """A tea shop on an emulated number. Nothing leaves this machine."""
    began = since or time.time()
    given = (ctx.find_root().obj or {}).get("home")
    if forget:
        _forget(Path(given or folder))
        return
    ctx.find_root().obj = {**(ctx.find_root().obj or {}), "home": given or folder}
    agent = _example(Path(examples), "tea_shop.js" if script else "tea_shop.py")
    _emulated(ctx, agent, "Tea shop", port, began, is_demo=True)


def _forget(home: Path) -> None:
    """Delete the demo's folder, which must be one, and used by nobody."""
    from dragoman.store.lock import running_server

    server = running_server(home / "dragoman.db")
    if server is not None:
        pid = server.get("pid", "?")
        raise SentenceError(Sentence("demo_runs", {"path": str(home), "pid": pid}))
    if home.exists() and not (home / "emulated").is_dir():
        raise SentenceError(Sentence("demo_not", {"path": str(home)}))
    shutil.rmtree(home, ignore_errors=True)
    click.echo(f"The demo forgot its chat: {home} is gone. make demo starts a new one.")


@click.command()
@click.argument("agent", type=click.Path(dir_okay=False))
@click.option("--port", type=int, help="The first port to try.")
@click.pass_context
def run(ctx: click.Context, agent: str, port: int | None) -> None:
    """Serve one agent file (.py or .js) on an emulated number, with a phone to talk to it."""
    path = Path(agent)
    if not path.is_file():
        raise SentenceError(Sentence("file_missing", {"path": agent}))
    if path.suffix not in (".py", ".js"):
        raise SentenceError(Sentence("agent_kind", {"path": agent}))
    _own_home(ctx)
    _emulated(ctx, path, path.stem, port, time.time(), is_demo=False)


@click.command()
@click.argument("path", type=click.Path(dir_okay=False), default="bot.py")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def new(path: str, force: bool) -> None:
    """Write an agent of fourteen lines to begin with."""
    target = Path(path)
    if target.suffix != ".py":
        raise SentenceError(Sentence("new_kind", {"path": path}))
    if target.exists() and not force:
        raise SentenceError(Sentence("file_exists", {"path": path}))
    template = Path(__file__).parent.parent / "agents" / "new_agent.py.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(template.read_text("utf-8"), "utf-8")
    click.echo(f"Wrote {target}. Talk to it: dragoman run {target}")


@click.command()
@click.argument("partner")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8410, show_default=True)
@click.option("--account", type=click.Path(exists=True), help="A JSON file with the account.")
@click.option("--callback-url", help="Where webhooks go (cloud-api).")
@click.option("--verify-token", help="What the handshake carries (cloud-api).")
@click.option("--state", type=click.Path(file_okay=False), help="A folder that keeps its state.")
def emulate(
    partner: str, host: str, port: int, account: str | None, callback_url: str | None,
    verify_token: str | None, state: str | None,
) -> None:  # fmt: skip
    """Run a partner's side of the wire on this machine: one partner, or all."""
    from dragoman.emulators.app import EMULATORS, config_of, serve_all

    names = list(EMULATORS) if partner == "all" else [partner]
    if names[0] not in EMULATORS:
        known = ", ".join((*EMULATORS, "all"))
        raise SentenceError(Sentence("emulator_unknown", {"name": partner, "known": known}))
    given = {"callback_url": callback_url, "verify_token": verify_token}
    changes = {key: value for key, value in given.items() if value}
    if (changes or account) and len(names) > 1:
        raise SentenceError(Sentence("emulate_one"))
    configs = {name: config_of(name) for name in names}
    for name, config in configs.items():
        configs[name] = _account_of(config, account, changes)
    address = f"http://{host}:{port}"
    for name, config in configs.items():
        click.echo(f"Emulating {name} at {address}{config.prefix}")
        click.echo(f"  Its console      {address}{config.prefix}/console")
        for label, value in config.about():
            click.echo(f"  {label:<16} {value}")
    click.echo(f"Their phone        {address}/phone")
    click.echo("To connect, in the terminal of `dragoman serve` and in that of `connect` alike:")
    click.echo(f"  export DRAGOMAN_EGRESS_ALLOW={host}:{port}")
    for name, config in configs.items():
        click.echo(f"  dragoman connect {name} --set {config.ADDRESS}={address}{config.prefix}")
    sys.stdout.flush()
    serve_all(configs, host, port, state_dir=Path(state) if state else None, told=click.echo)


def _account_of(config: Any, file: str | None, changes: dict[str, str]) -> Any:
    """An emulator's account: its own, or a file's, with what the command line changes."""
    import msgspec

    if file is not None:
        config = msgspec.json.decode(Path(file).read_bytes(), type=type(config))
    for name in changes:
        if not hasattr(config, name):
            raise SentenceError(Sentence("emulate_option", {"option": name.replace("_", "-")}))
    return msgspec.structs.replace(config, **changes)


def _own_home(ctx: click.Context) -> None:
    """A server never takes the demo's folder by guess."""
    root = ctx.find_root()
    if not (root.obj or {}).get("home") and "DRAGOMAN_HOME" not in os.environ:
        root.obj = {**(root.obj or {}), "home": ".dragoman"}


# --- the emulated set-up -------------------------------------------------------------------------


def _emulated(
    ctx: click.Context, agent: Path, name: str, port: int | None, began: float, *, is_demo: bool
) -> None:
    """Dragoman, the emulated partners and their phone on one address."""
    from .emulated import Emulated

    s = settings(ctx, port=port)
    free = _free_port(s.host, s.port)
    if free is None:
        raise SentenceError(Sentence("no_free_port", {"port": s.port, "last": s.port + 49}))
    if free != s.port:
        click.echo(_text("port_busy", {"port": s.port, "next": free}))
        s = settings(ctx, port=free)
    s = settings(ctx, port=free, egress_allow=[*s.egress_allow, f"127.0.0.1:{free}"])
    world = Emulated(s, agent, name)
    world.lines.enabled = True
    _serve(world.app, s, lambda: _welcome(s, agent, began, is_demo), world)


def _welcome(s: Settings, agent: Path, began: float, is_demo: bool) -> None:
    here = Path.cwd()
    program = Path(sys.argv[0])
    called = _near(program, here) if is_demo and program.name == "dragoman" else "dragoman"
    if s.home not in (here / ".demo", here / ".dragoman"):
        called += f" --home {_near(s.home, here)}"
    seconds = round(time.time() - began)
    click.echo(
        f"Ready in {seconds} s: .venv, {_near(s.home / 'dragoman.db', here)}, "
        f"agent {_near(agent, here)}"
        if is_demo and (here / ".venv").exists()
        else f"Ready in {seconds} s: {_near(s.home / 'dragoman.db', here)}, "
        f"agent {_near(agent, here)}"
    )
    click.echo(f"Talk to it     {s.base_url}/phone")
    click.echo(f"Set it up      {s.base_url}/")
    click.echo(f"Change it      {_near(agent, here)}: save, and the next answer is the new one")
    click.echo(f"Ask about it   {called} why last")
    if is_demo and (here / "Makefile").exists():
        click.echo("Break it       make crash")
        click.echo(
            "Nothing leaves this machine. Ctrl-C stops; make demo again keeps the chat; "
            "make demo-reset forgets it."
        )
    else:
        click.echo("Nothing leaves this machine. Ctrl-C stops; the chat is kept.")


def _near(path: Path, here: Path) -> str:
    path = path.absolute()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _example(folder: Path, name: str) -> Path:
    """The example agent, written out (with its pictures) where it is not there yet."""
    target = folder / name
    if not target.exists():
        from dragoman.agents.examples import folder as example_folder

        packaged = example_folder()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(packaged / name, target)
        if (packaged / "media").is_dir():
            shutil.copytree(packaged / "media", folder / "media", dirs_exist_ok=True)
    return target


def _free_port(host: str, port: int, span: int = 50) -> int | None:
    """The first port of a span that nobody listens on."""
    import socket

    if port == 0:
        return 0
    for candidate in range(port, port + span):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    return None


def _text(id: str, args: dict[str, Any]) -> str:
    return str(SentenceError(Sentence(id, args)))


def _shown(s: Settings) -> str:
    from dragoman.store.migrate import public

    return public(s.database_url)


def _server(config: Any, app: Any, world: Any) -> Any:
    """A server that lets go of open streams first, so that they do not hold up a graceful stop."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            app.let_go()
            if world is not None:
                world.let_go()
            super().handle_exit(sig, frame)

    return Server(config)


def _serve(app: Any, s: Settings, ready: Any, world: Any = None) -> None:
    """Run the ASGI application until a signal; `ready` is called once the port is open."""
    import uvicorn

    from dragoman import observe
    from dragoman.app import settle_memory
    from dragoman.web.one_write import OneWrite

    observe.setup_logs(app.redactor, level=s.log_level, form=s.log_format)
    config = uvicorn.Config(
        app, host=s.host, port=s.port, log_level="warning", access_log=False, lifespan="off",
        proxy_headers=False, http=OneWrite,
        timeout_graceful_shutdown=3, server_header=False, date_header=False,
    )  # fmt: skip
    server = _server(config, app, world)

    async def main() -> None:
        await app.start()
        try:
            task = asyncio.create_task(server.serve())
            while not server.started and not task.done():
                await asyncio.sleep(0.01)
            if server.started:
                if world is not None:
                    await world.begin()
                settle_memory()
                ready()
                sys.stdout.flush()
            await task
        finally:
            await app.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn stops gracefully and then raises the signal again: that was the stop, not an error
        signal.signal(number, lambda *_: None)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())
