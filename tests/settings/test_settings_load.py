"""Every setting from every source, and what is said about a wrong one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dragoman.setting_values import HIDDEN
from dragoman.settings import Settings, SettingsError, describe, fields, load

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def wrong(home: Path, flags: Any = None, env: Any = None, **more: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(home, flags, env, **more)
    return str(caught.value).split("\n")


def test_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings == Settings(
        home=tmp_path,
        database_url=f"sqlite:///{tmp_path}/dragoman.db",
        key_file=str(tmp_path / "key"),
        sources={"home": "--home"},
    )
    assert settings.url_for("/hooks/x") == settings.url_for("hooks/x")
    assert settings.url_for("/hooks/x") == "http://127.0.0.1:8400/hooks/x"
    assert load().home == Path.cwd() / ".dragoman"


def test_file_under_environment_under_flag(tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text(
        'port = 1\nhost = "::"\nlog_level = "debug"\negress_allow = ["localhost", "10.0.0.0/8"]\n'
        "http_timeout_s = 3\npair_rate = false\n"
    )
    env = {"DRAGOMAN_PORT": "2", "DRAGOMAN_LOG_LEVEL": "error", "PATH": "/bin"}
    settings = load(tmp_path, {"port": 3, "host": None}, env)
    assert (settings.port, settings.log_level, settings.host) == (3, "error", "::")
    assert (settings.http_timeout_s, settings.pair_rate) == (3.0, False)
    assert settings.egress_allow == ("localhost", "10.0.0.0/8")
    assert settings.base_url == "http://[::1]:3"
    assert dict(settings.sources) == {
        "home": "--home",
        "port": "--port",
        "host": str(tmp_path / "dragoman.toml"),
        "log_level": "DRAGOMAN_LOG_LEVEL",
        "egress_allow": str(tmp_path / "dragoman.toml"),
        "http_timeout_s": str(tmp_path / "dragoman.toml"),
        "pair_rate": str(tmp_path / "dragoman.toml"),
    }


def test_home_and_config_from_elsewhere(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("port = 7\n")
    env = {"DRAGOMAN_HOME": str(tmp_path / "h"), "DRAGOMAN_CONFIG": str(other)}
    settings = load(env=env)
    assert (settings.home, settings.port) == (tmp_path / "h", 7)
    assert load(tmp_path, {"config": str(other)}).port == 7
    assert load(flags={"home": tmp_path}, config=other).home == tmp_path
    missing = tmp_path / "missing.toml"
    assert wrong(tmp_path, config=missing) == [
        f"{missing} cannot be read: there is no such file; see --config."
    ]


def test_the_plain_database_url_of_hosting_platforms(tmp_path: Path) -> None:
    env = {"DATABASE_URL": "postgres://u:made-up@db.example/x"}
    assert load(tmp_path, env=env).database_url == "postgresql://u:made-up@db.example/x"
    env["DRAGOMAN_DATABASE_URL"] = "sqlite:///x.db"
    settings = load(tmp_path, env=env)
    assert settings.database_url == "sqlite:///x.db"
    assert settings.sources["database_url"] == "DRAGOMAN_DATABASE_URL"


def test_public_url(tmp_path: Path) -> None:
    settings = load(tmp_path, {"public_url": "https://bot.example/base/"})
    assert settings.url_for("/hooks/x") == "https://bot.example/base/hooks/x"
    for url in (
        "bot.example",
        "ftp://bot.example",
        "https://",
        "https://u:p@b.example",
        "http://b/?x",
    ):
        assert wrong(tmp_path, {"public_url": url}) == [
            f"--public-url: public_url is {url}; write it like https://bot.example.com, "
            "without ? and #."
        ]


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "dragoman.toml"
    file.write_text(
        'port = "x"\nhome = "y"\nconcurency = 1\nhttp_timeout_s = true\nseen_days = 30.0\n'
    )
    env = {
        "DRAGOMAN_SEEN_DAYS": "3",
        "DRAGOMAN_LOG_FORMATT": "json",
        "DRAGOMAN_XYZZY": "1",
        "DRAGOMAN_HTTP_TIMEOUT_S": "nan",
        "DRAGOMAN_ROLE": "web",
        "DRAGOMAN_TEST_ANYTHING": "1",
        "DRAGOMAN_EGRESS_ALLOW": "http://x, localhost",
        "DRAGOMAN_PAIR_RATE": "maybe",
    }
    flags = {"log_level": "loud", "database_url": "mysql://u:made-up@h/x", "retry_base_ms": 70_000}
    assert wrong(tmp_path, flags, env) == [
        f"{file}: port must be a whole number from 0 to 65,535, and is 'x'.",
        f"{file}: home is 'y'; the file is found in home, so set it with --home or DRAGOMAN_HOME.",
        f"{file}: there is no setting 'concurency'; the nearest is concurrency.",
        f"{file}: http_timeout_s must be a number from 0.1 to 300 (s), and is True.",
        f"{file}: seen_days must be a whole number from 30 to 3,650 (days), and is 30.0.",
        "DRAGOMAN_SEEN_DAYS: seen_days must be a whole number from 30 to 3,650 (days), and is '3'.",
        "DRAGOMAN_LOG_FORMATT: there is no setting 'DRAGOMAN_LOG_FORMATT'; the nearest is "
        "DRAGOMAN_LOG_FORMAT.",
        "DRAGOMAN_XYZZY: there is no setting 'DRAGOMAN_XYZZY'; `dragoman config` lists them all.",
        "DRAGOMAN_HTTP_TIMEOUT_S: http_timeout_s must be a number from 0.1 to 300 (s), and is "
        "'nan'.",
        "DRAGOMAN_PAIR_RATE: pair_rate must be true or false, and is 'maybe'.",
        "--log-level: log_level must be one of debug, info, warning, error, and is 'loud'.",
        "--database-url: database_url is mysql://u:•••@h/x; write sqlite:///path or "
        "postgresql://user@host/name.",
        "DRAGOMAN_ROLE: role is web; processes apart need a database_url of PostgreSQL, or use "
        "all.",
        "--retry-base-ms: retry_base_ms is 70000; retry_base_ms (70000) must not be over "
        "retry_cap_ms (60000).",
        "'http://x' cannot stand in egress_allow: write a host, host:port, an address or a network "
        "like 10.0.0.0/8.",
    ]


def test_both_sources_are_named(tmp_path: Path) -> None:
    file = tmp_path / "dragoman.toml"
    file.write_text('port = 1\nkey_file = "k"\n')
    env = {"DRAGOMAN_PORT": "99999", "DRAGOMAN_KEY": "made-up"}
    assert wrong(tmp_path, env=env) == [
        "DRAGOMAN_PORT: port must be a whole number from 0 to 65,535, and is '99999' "
        f"(it would override {file}).",
        f"key (DRAGOMAN_KEY) and key_file ({file}) are both set: take one away.",
    ]


@pytest.mark.parametrize("content", [b"port = ", b"\xff", b"[section]\nport = 1\n"])
def test_a_file_that_is_no_settings_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dragoman.toml").write_bytes(content)
    (line,) = wrong(tmp_path)
    assert line.startswith(str(tmp_path / "dragoman.toml"))


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").mkdir()
    assert wrong(tmp_path) == [f"{tmp_path / 'dragoman.toml'} cannot be read: Is a directory."]


def test_secrets_are_hidden_everywhere(tmp_path: Path) -> None:
    env = {
        "DRAGOMAN_KEY": "made-up-key",
        "DATABASE_URL": "postgresql://dragoman:p@ss/made-up:x@db.example:5432/x?sslpassword=made-up",
        "DRAGOMAN_EGRESS_ALLOW": "localhost,10.0.0.0/8",
    }
    settings = load(tmp_path, {"intake_wait_s": "0.25"}, env)
    rows = {row.name: row for row in describe(settings)}
    assert list(rows) == list(fields())
    assert rows["key"].value == HIDDEN
    assert rows["database_url"].value == (
        "postgresql://dragoman:•••@db.example:5432/x?sslpassword=•••"
    )
    assert rows["egress_allow"].value == "localhost, 10.0.0.0/8"
    assert (rows["intake_wait_s"].value, rows["intake_wait_s"].source) == (
        "0.25",
        "--intake-wait-s",
    )
    assert (rows["pair_rate"].value, rows["pair_rate"].source) == ("true", "default")
    assert "made-up" not in repr(settings)
    assert "p@ss" not in repr(settings)


def test_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "dragoman.toml").write_text("key = 12345678\n")
    (line,) = wrong(tmp_path)
    assert line.endswith("key must be a text, and is •••.")


def document_row(name: str) -> str:
    """The line of docs/settings.md for one setting."""
    kind, doc = fields()[name]
    settings = load("/home-of-dragoman")
    default = {
        "home": "`.dragoman`",
        "database_url": "`sqlite:///<home>/dragoman.db`",
        "key_file": "`<home>/key`",
    }.get(name)
    if default is None:
        shown = next(row.value for row in describe(settings) if row.name == name)
        default = f"`{shown}`" if shown else "—"
    word = getattr(kind, "__name__", str(kind))
    if doc.low is not None and doc.high is not None:
        limits = f"{doc.low:,g} – {doc.high:,.0f} {doc.unit}".rstrip()
    elif word == "Literal":
        limits = ", ".join(f"`{choice}`" for choice in kind.__args__)
    else:
        limits = {"bool": "`true`, `false`", "tuple": "list"}.get(word, "text")
    return f"| `{name}` | {default} | {limits} | {doc.help}{' Secret.' if doc.secret else ''} |"


def test_the_docs_list_every_setting() -> None:
    written = [line for line in DOCS.read_text("utf-8").split("\n") if line.startswith("| `")]
    assert written == [document_row(name) for name in fields()]


def test_every_setting_ends_its_sentence_and_has_limits() -> None:
    for name, (kind, doc) in fields().items():
        assert doc.help.endswith("."), name
        if kind in (int, float):
            assert doc.low is not None, name
            assert doc.high is not None, name


def test_the_import_is_light() -> None:
    heavy = ["aiohttp", "cryptography", "sqlalchemy", "structlog", "prometheus_client", "yarl"]
    code = (
        "import sys, dragoman.settings as s; s.load(); "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
