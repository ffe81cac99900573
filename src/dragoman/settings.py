"""Every setting of the program: a file, over it the environment, over it flags.

The fields of `Settings` are the whole list: each says its type, default, unit, limits and meaning,
and `docs/settings.md` repeats them (a test compares). `load` reads and judges all of them at once,
so that one start names every mistake. Nothing heavy is imported here.
"""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.setting_values import HIDDEN, Doc, expected_form, is_base, read, shown
from dragoman.vault import SENTENCES as VAULT_SENTENCES

PREFIX = "DRAGOMAN_"
FILE = "dragoman.toml"
# Not settings: where the file is, and what tests hand to child processes.
_OTHER_VARIABLES = ("DRAGOMAN_CONFIG",)
_TEST_PREFIX = "DRAGOMAN_TEST_"

words(VAULT_SENTENCES)  # the vault imports nothing of ours, so it cannot register them
words(
    {
        "setting_unknown": "{source}: there is no setting {name!r}; {hint}.",
        "setting_wrong_type": "{source}: {name} must be {expected}, and is {value}{overridden}.",
        "setting_out_of_range": "{source}: {name} must be {expected}, and is {value}{overridden}.",
        "setting_wrong": "{source}: {name} is {value}; {fix}{overridden}.",
        "setting_list": "{source}: trusted_proxies: {problem}",
        "setting_conflict": "{one} and {two} are both set: {fix}.",
        "setting_file": "{path} cannot be read: {reason}.",
    }
)


_MS = "ms"
_Role = Literal["all", "web", "worker"]
_Level = Literal["debug", "info", "warning", "error"]
_Format = Literal["text", "json"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process, judged. Paths are absolute; `database_url` and `key_file` are
    filled in. `sources` says where each value came from; it is no setting."""

    home: Annotated[Path, Doc("The folder of the database, the key file and dragoman.toml.")]
    database_url: Annotated[
        str,
        Doc(
            "sqlite:///path or postgresql://user:password@host/name. Empty: dragoman.db in home. "
            "DATABASE_URL is read too.",
            url_secret=True,
        ),
    ] = ""
    host: Annotated[str, Doc("The address to listen on; 0.0.0.0 for all.")] = "127.0.0.1"
    port: Annotated[int, Doc("The port to listen on; 0 for any free one.", "", 0, 65535)] = 8400
    public_url: Annotated[
        str,
        Doc(
            "Where partners and people reach this program; begins every URL that is shown or "
            "sent. Empty: http://host:port."
        ),
    ] = ""
    role: Annotated[_Role, Doc("What this process does; web and worker apart need PostgreSQL.")] = (
        "all"
    )
    log_level: Annotated[_Level, Doc("The least important log line that is written.")] = "info"
    log_format: Annotated[_Format, Doc("text for people, json for collectors.")] = "text"
    key: Annotated[
        str,
        Doc(
            "The encryption key: 32 bytes in base64. Several, separated by commas: the first "
            "encrypts, all decrypt. Empty: the key file.",
            secret=True,
        ),
    ] = ""
    key_file: Annotated[
        str, Doc("The file of the key, made at the first start. Empty: the file key in home.")
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Doc(
            "Addresses and networks of proxies before this program. Only what they write into "
            "X-Forwarded-For is believed when a channel asks where a webhook came from."
        ),
    ] = ()
    console_hosts: Annotated[
        tuple[str, ...],
        Doc(
            "Names under which the console may be opened, besides that of public_url and this "
            "machine's own."
        ),
    ] = ()
    egress_allow: Annotated[
        tuple[str, ...],
        Doc(
            "Addresses that may be called although they are not public: hosts, host:port, "
            "networks like 10.0.0.0/8."
        ),
    ] = ()
    http_timeout_s: Annotated[
        float, Doc("How long one call to a partner may take.", "s", 0.1, 300)
    ] = 10.0
    max_body_bytes: Annotated[
        int, Doc("The longest webhook body; longer gets 413.", "bytes", 1024, 104_857_600)
    ] = 3_145_728
    intake_wait_s: Annotated[
        float, Doc("How long a webhook waits for the database before 503.", "s", 0, 60)
    ] = 3.0
    writer_queue: Annotated[
        int, Doc("Units of work that may wait for the database.", "units", 16, 10_000_000)
    ] = 20_000
    writer_batch: Annotated[
        int, Doc("Units of work in one commit, at most.", "units", 1, 10_000)
    ] = 256
    retry_base_ms: Annotated[
        int, Doc("The first pause before a send is tried again.", _MS, 1, 3_600_000)
    ] = 1_000
    retry_cap_ms: Annotated[
        int, Doc("The longest pause between two tries.", _MS, 1, 86_400_000)
    ] = 60_000
    lane_hold_ms: Annotated[
        int,
        Doc("How long a send that is tried again holds back those after it.", _MS, 0, 86_400_000),
    ] = 300_000
    doubt_lane_hold_ms: Annotated[
        int, Doc("How long a send in doubt holds back those after it.", _MS, 0, 86_400_000)
    ] = 30_000
    doubt_list_ms: Annotated[
        int, Doc("After how long a send in doubt is listed for a person.", _MS, 0, 86_400_000)
    ] = 600_000
    hold_max_ms: Annotated[
        int,
        Doc(
            "How long a number or account that the partner refuses may hold its messages.",
            _MS,
            0,
            604_800_000,
        ),
    ] = 86_400_000
    lease_ttl_ms: Annotated[
        int, Doc("After how long a silent process loses its conversations.", _MS, 100, 3_600_000)
    ] = 30_000
    pull_every_s: Annotated[
        float,
        Doc(
            "How often reports are fetched, where a channel is set to fetch them.", "s", 0.1, 3_600
        ),
    ] = 10.0
    sweep_ms: Annotated[int, Doc("How often missed work is looked for.", _MS, 10, 60_000)] = 1_000
    turn_tries: Annotated[
        int, Doc("How often a crashing turn is run before it is parked.", "times", 1, 100)
    ] = 5
    turn_timeout_s: Annotated[
        float, Doc("How long one turn of a Python agent may take.", "s", 0.1, 3_600)
    ] = 60.0
    session_minutes: Annotated[
        float, Doc("A session ends after so long without a message.", "min", 0.01, 525_600)
    ] = 15.0
    script_timeout_ms: Annotated[
        int, Doc("How long one run of a script may take.", _MS, 10, 600_000)
    ] = 1_000
    script_memory_mb: Annotated[
        int, Doc("How much memory one run of a script may take.", "MiB", 1, 4_096)
    ] = 64
    script_processes: Annotated[
        int, Doc("Child processes that run scripts.", "processes", 1, 256)
    ] = 2
    stop_grace_s: Annotated[
        float, Doc("How long a stop waits for work in progress.", "s", 0, 600)
    ] = 10.0
    seen_days: Annotated[
        int, Doc("How long a message is remembered, so that it counts once.", "days", 30, 3_650)
    ] = 30
    concurrency: Annotated[int, Doc("Calls to partners in flight at once.", "calls", 1, 10_000)] = (
        256
    )
    rate_per_number: Annotated[
        float,
        Doc(
            "Messages that one number may send a second; 0: as many as come.",
            "messages/s",
            0,
            10_000,
        ),
    ] = 80.0
    pair_rate: Annotated[
        bool, Doc("Keep Meta's limit of one message in six seconds to one person (bursts of 45).")
    ] = True
    media_store: Annotated[
        str,
        Doc(
            "Where the files of messages are kept: disk (the folder files in home), or "
            "s3://bucket/prefix?endpoint=https://host&region=name for an S3-compatible store, "
            "whose credentials come from the environment."
        ),
    ] = "disk"
    media_days: Annotated[
        float, Doc("How long the files of messages are kept.", "days", 1, 3_650)
    ] = 30.0
    media_link_hours: Annotated[
        float, Doc("How long a link to a file is good.", "h", 0.1, 87_600)
    ] = 24.0
    media_timeout_s: Annotated[
        float, Doc("How long one call may take that fetches or uploads a file.", "s", 0.1, 3_600)
    ] = 60.0
    media_give_up_hours: Annotated[
        float, Doc("How long it is tried to fetch a file that a person sent.", "h", 0, 720)
    ] = 24.0
    sources: Mapping[str, str] = MappingProxyType({})

    @property
    def base_url(self) -> str:
        """`public_url`, or where a browser on this machine finds us; without a last slash."""
        if self.public_url:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def url_for(self, path: str) -> str:
        """The address at which others reach a path of ours."""
        return f"{self.base_url}/{path.lstrip('/')}"

    @property
    def key_path(self) -> Path:
        """The key file, whether or not it is used."""
        return Path(self.key_file)

    def __repr__(self) -> str:
        pairs = ", ".join(f"{row.name}={row.value}" for row in describe(self))
        return f"Settings({pairs})"


class Row(msgspec.Struct, frozen=True):
    """One line of `dragoman config`. `value` is as written in the file, secrets hidden."""

    name: str
    value: str
    source: str
    help: str
    unit: str = ""


class SettingsError(Exception):
    """One or more settings are wrong. `str()` has one sentence a line."""

    def __init__(self, sentences: tuple[Sentence, ...]) -> None:
        super().__init__("\n".join(say(sentence) for sentence in sentences))
        self.sentences = sentences


@functools.cache
def fields() -> Mapping[str, tuple[Any, Doc]]:
    """Every setting: its type and its documentation, in order."""
    hints = get_type_hints(Settings, include_extras=True)
    found = {}
    for name, hint in hints.items():
        if get_origin(hint) is Annotated:
            kind, doc = get_args(hint)
            found[name] = (kind, doc)
    return MappingProxyType(found)


def load(
    home: str | Path | None = None,
    flags: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    *,
    config: str | Path | None = None,
) -> Settings:
    """Read and judge all settings. Raises SettingsError with every mistake.

    home: given by flag; else DRAGOMAN_HOME, else `.dragoman`. flags: by setting name; None means
    not given. env: the environment, None for none. config: another file than dragoman.toml in
    home; else DRAGOMAN_CONFIG.
    """
    given = {k: v for k, v in (flags or {}).items() if v is not None}
    env = env or {}
    config = given.pop("config", None) or config or env.get("DRAGOMAN_CONFIG")
    reading = _Reading()
    reading.take_home(given.pop("home", None) or home, env)
    path = Path(config) if config else reading.home / FILE
    reading.take_file(path.absolute(), must_exist=config is not None)
    reading.take_env(env)
    for name, value in given.items():
        reading.take(name, value, f"--{name.replace('_', '-')}")
    reading.check()
    if reading.wrong:
        raise SettingsError(tuple(reading.wrong))
    return reading.settings()


def describe(settings: Settings) -> list[Row]:
    """Every setting for `dragoman config`, secrets hidden."""
    rows = []
    for name, (_, doc) in fields().items():
        source = settings.sources.get(name, "default")
        rows.append(Row(name, shown(doc, getattr(settings, name)), source, doc.help, doc.unit))
    return rows


class _Reading:
    """One reading of all sources. Later sources win; every mistake is kept."""

    def __init__(self) -> None:
        self.home = Path(".dragoman").absolute()
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.wrong: list[Sentence] = []

    def take_home(self, home: str | Path | None, env: Mapping[str, str]) -> None:
        if home is not None:
            self.home, self.sources["home"] = Path(home).absolute(), "--home"
        elif env.get("DRAGOMAN_HOME"):
            self.home = Path(env["DRAGOMAN_HOME"]).absolute()
            self.sources["home"] = "DRAGOMAN_HOME"

    def take_file(self, path: Path, *, must_exist: bool) -> None:
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            if must_exist:
                self._file_wrong(path, "there is no such file; see --config")
            return
        except OSError as error:
            self._file_wrong(path, error.strerror or "unknown error")
            return
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self._file_wrong(path, f"it is not TOML ({error})")
            return
        for name, value in table.items():
            if name == "home":
                args = {"source": str(path), "name": name, "value": repr(value), "overridden": ""}
                args["fix"] = "the file is found in home, so set it with --home or DRAGOMAN_HOME"
                self.wrong.append(Sentence("setting_wrong", args))
            else:
                self.take(name, value, str(path))

    def take_env(self, env: Mapping[str, str]) -> None:
        if env.get("DATABASE_URL"):
            self.take("database_url", env["DATABASE_URL"], "DATABASE_URL")
        for variable, text in env.items():
            own = variable.startswith(PREFIX) and not variable.startswith(_TEST_PREFIX)
            if not own or variable in _OTHER_VARIABLES or variable == "DRAGOMAN_HOME":
                continue
            name = variable[len(PREFIX) :].lower()
            if name in fields():
                self.take(name, text, variable)
            else:
                self._unknown(name, variable, PREFIX)

    def take(self, name: str, value: Any, source: str) -> None:
        """One value from one source."""
        if name not in fields() or name == "home":
            self._unknown(name, source)
            return
        kind, doc = fields()[name]
        found = read(kind, value)
        if found is None:
            self._complain("setting_wrong_type", name, value, source, expected_form(kind, doc))
            return
        low = doc.low if doc.low is not None else float("-inf")
        high = doc.high if doc.high is not None else float("inf")
        numeric = isinstance(found, (int, float)) and not isinstance(found, bool)
        if numeric and not low <= found <= high:
            self._complain("setting_out_of_range", name, value, source, expected_form(kind, doc))
            return
        self.values[name], self.sources[name] = found, source

    def check(self) -> None:
        """What no single value shows: forms, and settings that exclude each other."""
        if self.values.get("key") and self.values.get("key_file"):
            one, two = self.sources["key"], self.sources["key_file"]
            args = {"one": f"key ({one})", "two": f"key_file ({two})", "fix": "take one away"}
            self.wrong.append(Sentence("setting_conflict", args))
        database = self.values.get("database_url", "")
        postgres = database.startswith(("postgresql://", "postgres://"))
        if database and not postgres and not database.startswith("sqlite:///"):
            self._fix("database_url", "write sqlite:///path or postgresql://user@host/name")
        if self.values.get("role", "all") != "all" and not postgres:
            self._fix("role", "processes apart need a database_url of PostgreSQL, or use all")
        public = self.values.get("public_url", "")
        if public and not is_base(public):
            self._fix("public_url", "write it like https://bot.example.com, without ? and #")
        base, cap = self._value("retry_base_ms"), self._value("retry_cap_ms")
        if base > cap:
            late = "retry_base_ms" if "retry_base_ms" in self.sources else "retry_cap_ms"
            self._fix(late, f"retry_base_ms ({base}) must not be over retry_cap_ms ({cap})")
        if self.values.get("egress_allow"):
            self._check_allow()
        if self.values.get("trusted_proxies"):
            self._check_proxies()
        if self._value("media_store") != "disk":
            self._check_media_store()

    def _check_allow(self) -> None:
        from dragoman.egress.guard import read_allow  # only who sets it pays for the import

        for item in self.values["egress_allow"]:
            try:
                read_allow(item)
            except SentenceError as error:
                self.wrong.append(error.sentence)

    def _check_proxies(self) -> None:
        from dragoman.domain.networks import read_network

        for item in self.values["trusted_proxies"]:
            try:
                read_network(item)
            except SentenceError as error:
                args = {"source": self.sources["trusted_proxies"], "problem": str(error)}
                self.wrong.append(Sentence("setting_list", args))

    def _check_media_store(self) -> None:
        from dragoman.store.blobs import read_s3
        from dragoman.store.errors import StoreError

        try:
            read_s3(self.values["media_store"])
        except StoreError as error:
            self.wrong.append(error.sentence)

    def settings(self) -> Settings:
        values = dict(self.values)
        values["home"] = self.home
        values["public_url"] = values.get("public_url", "").rstrip("/")
        database = values.get("database_url") or f"sqlite:///{self.home / 'dragoman.db'}"
        if database.startswith("postgres://"):  # what hosting platforms still hand out
            database = "postgresql://" + database.removeprefix("postgres://")
        values["database_url"] = database
        values["key_file"] = str(Path(values.get("key_file") or self.home / "key").absolute())
        return Settings(**values, sources=MappingProxyType(dict(self.sources)))

    def _value(self, name: str) -> Any:
        return self.values.get(name, _default(name))

    def _file_wrong(self, path: Path, reason: str) -> None:
        self.wrong.append(Sentence("setting_file", {"path": str(path), "reason": reason}))

    def _unknown(self, name: str, source: str, prefix: str = "") -> None:
        def written(one: str) -> str:
            return prefix + one.upper() if prefix else one

        near = difflib.get_close_matches(name, fields(), 1, 0.6)
        hint = "`dragoman config` lists them all"
        if near:
            hint = f"the nearest is {written(near[0])}"
        args = {"source": source, "name": written(name), "hint": hint}
        self.wrong.append(Sentence("setting_unknown", args))

    def _fix(self, name: str, fix: str) -> None:
        args = {
            "source": self.sources.get(name, "default"),
            "name": name,
            "value": shown(fields()[name][1], self._value(name)),
            "fix": fix,
            "overridden": "",
        }
        self.wrong.append(Sentence("setting_wrong", args))

    def _complain(self, kind: str, name: str, value: Any, source: str, expected: str) -> None:
        doc = fields()[name][1]
        before = self.sources.get(name)
        args = {
            "source": source,
            "name": name,
            "value": HIDDEN if doc.secret or doc.url_secret else repr(value),
            "expected": expected,
            "overridden": f" (it would override {before})" if before else "",
        }
        self.wrong.append(Sentence(kind, args))


def _default(name: str) -> Any:
    index = Settings.__struct_fields__.index(name)
    offset = index - len(Settings.__struct_fields__) + len(Settings.__struct_defaults__)
    return Settings.__struct_defaults__[offset]
