"""The doctor's look at each app: agent, channel, credentials, clock, and the address that partners
must reach."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import ipaddress
import json
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from dragoman.domain.clock import Clock
from dragoman.domain.content import Text
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import Sentence, inner, say, words
from dragoman.domain.wire import NoReply, Phase, Reply
from dragoman.egress import Egress, redacted
from dragoman.egress.guard import public
from dragoman.partners.contract import Finding, OutboundMessage, Partner, Probe, Unsupported

from . import access, accounts
from .accounts import Called
from .apps import App, Copy
from .doctor import Check, House, State
from .publish import missing

if TYPE_CHECKING:
    from dragoman.domain.config import AgentConfig

MAX_SKEW_S = 30
_SOMEBODY = Phone("12025550142")

words(
    {
        "check_agent_none": "It has no agent: messages are kept and not answered.",
        "check_agent_none_fix": "Run `dragoman app set '{app}' --agent FILE`, then publish.",
        "check_agent_gone": "Its agent {path} is not there.",
        "check_agent_gone_fix": "Bring the file back, or give the app another agent.",
        "check_agent_wrong": "Its agent {path} has a syntax error in line {line}: {problem}.",
        "check_agent_wrong_fix": "Mend the file; the last good version goes on until a restart.",
        "check_no_channel": "It has no messaging partner yet.",
        "check_no_channel_fix": "Run `dragoman connect cloud-api`, which asks for everything.",
        "check_unpublished": "It is not published: messages are kept and not answered.",
        "check_unpublished_fix": "Run `dragoman app publish '{app}'`.",
        "check_disabled": "Its channel is switched off: messages are kept and not answered.",
        "check_disabled_fix": "Run `dragoman channel enable '{app}'`, then publish.",
        "check_incomplete_fix": "Set it with `dragoman channel set '{app}'`, then publish.",
        "check_app_ok": "Version {version} is live: {partner}, {numbers}.",
        "count_numbers": ("{n} number", "{n} numbers"),
        "check_probe_none": "{partner} cannot be asked without sending.",
        "check_probe_ok": "{partner} accepts the credentials.",
        "check_unreachable": "{partner} cannot be reached: {detail}.",
        "check_unreachable_fix": "Either the address of {partner} in the channel is wrong, or this "
        "machine's network, name service or firewall keeps it from there.",
        "check_refused": "{partner} was not called. {detail}",
        "check_not_allowed": "{place} answers, but is not in egress_allow here, so a server with "
        "these settings does not call it.",
        "check_not_allowed_fix": "Add it to egress_allow (the demo does so by itself).",
        "check_token_fix": "Until then its answers wait, for a day at most.",
        "check_clock_ok": "This machine's clock agrees with {partner}'s within {skew} s.",
        "check_clock_ahead": "This machine's clock is {skew} s ahead of {partner}'s.",
        "check_clock_behind": "This machine's clock is {skew} s behind {partner}'s.",
        "check_clock_fix": "Switch time synchronisation on (such as chrony or systemd-timesyncd): "
        "windows and retries go by the clock.",
        "check_public_none": "No channel needs it: every partner here is on this machine.",
        "check_public_unset": "public_url is not set, so partners would be told {base}, which only "
        "this machine reaches.",
        "check_public_plain": "public_url is {url}, and partners call only https.",
        "check_public_local": "public_url is {url}, which is {address}: nobody outside reaches "
        "that.",
        "check_public_name": "public_url is {url}, and that name does not resolve: {detail}.",
        "check_public_fix": "Set public_url to the https address of this machine, like "
        "https://bot.example.com.",
        "check_public_ok": "{url} is https and resolves to a public address.",
    }
)


async def channels(house: House, apps: Sequence[App]) -> AsyncIterator[Check]:
    """Checks of every app, then of the public address, which only a real partner needs."""
    real = False
    async with Egress(house.egress_allow) as egress:
        for app in apps:
            name = f"app {app.name}"
            copy = app.published or app.draft
            for check in _app(name, app, copy):
                yield check
            talker = copy.partner
            if talker is None or talker.NAME not in copy.settings:
                continue
            probes = talker.probes(copy.settings[talker.NAME])
            places = _addresses(talker, copy.settings[talker.NAME], probes)
            real = real or not places or not all(_local(url) for url in places)
            async for check in _account(house, egress, name, app, copy, probes):
                yield check
            if not probes and talker.NOT_CHECKABLE is not None:
                yield Check(name, "none", talker.NOT_CHECKABLE)
    if real:
        yield await asyncio.to_thread(_public, house)
    elif apps:
        yield Check("callback", "none", Sentence("check_public_none"))


async def account_of(house: House, app: App, copy: Copy) -> list[Check]:
    """The account alone: authorization, credentials, subscriptions; nothing is sent."""
    talker = copy.partner
    if talker is None or talker.NAME not in copy.settings:
        return []
    probes = talker.probes(copy.settings[talker.NAME])
    async with Egress(house.egress_allow) as egress:
        return [c async for c in _account(house, egress, app.name, app, copy, probes)]


async def subscribe(house: House, copy: Copy) -> list[Finding]:
    """Let the webhooks of a copy's account come to the partner's app."""
    async with Egress(house.egress_allow) as egress:
        return await accounts.subscribe(egress, copy, house.timeout_s)


# --- one app -------------------------------------------------------------------------------------


def _app(name: str, app: App, copy: Copy) -> Iterator[Check]:
    args: dict[str, Any] = {"app": app.name}
    yield from _agent(name, copy.config.agent, args)
    talker = copy.partner
    if talker is None:
        fix = Sentence("check_no_channel_fix")
        yield Check(name, "warn", Sentence("check_no_channel"), fix)
        return
    live = app.published is not None
    enabled = copy.config.channel.enabled
    if not live:
        fix = Sentence("check_unpublished_fix", args)
        yield Check(name, "warn", Sentence("check_unpublished"), fix)
    elif not enabled:
        fix = Sentence("check_disabled_fix", args)
        yield Check(name, "warn", Sentence("check_disabled"), fix)
    lacks = missing(copy)
    state: State = "fail" if live and enabled else "warn"
    for complaint in lacks:
        yield Check(name, state, complaint.sentence, Sentence("check_incomplete_fix", args))
    if live and enabled and not lacks:
        count = len(copy.numbers())
        args = {"version": copy.version, "partner": talker.LABEL,
                "numbers": Sentence("count_numbers", {"n": count})}  # fmt: skip
        yield Check(name, "ok", Sentence("check_app_ok", args))
    open_to_all = access.warning(app.name, copy)
    if open_to_all is not None:
        yield Check(name, "warn", open_to_all)


def _agent(name: str, agent: AgentConfig, args: dict[str, Any]) -> Iterator[Check]:
    if agent.kind == "none":
        fix = Sentence("check_agent_none_fix", args)
        yield Check(name, "warn", Sentence("check_agent_none"), fix)
        return
    if not agent.path:
        return
    where = {**args, "path": agent.path}
    try:
        source = Path(agent.path).read_bytes()
    except OSError:
        fix = Sentence("check_agent_gone_fix")
        yield Check(name, "fail", Sentence("check_agent_gone", where), fix)
        return
    if agent.kind == "python":
        try:
            compile(source, agent.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            where["line"] = getattr(error, "lineno", None) or "?"
            where["problem"] = getattr(error, "msg", None) or str(error)
            fix = Sentence("check_agent_wrong_fix")
            yield Check(name, "fail", Sentence("check_agent_wrong", where), fix)


_UNANSWERED = {"check_unreachable", "check_refused"}
_CLOCK = ("check_clock_ahead", "check_clock_behind")


async def _account(
    house: House, egress: Egress, name: str, app: App, copy: Copy, probes: Sequence[Probe]
) -> AsyncIterator[Check]:
    """The authorization, the credentials, and when those are right, the subscriptions."""
    talker = copy.partner
    assert talker is not None
    stands = accounts.authorization(app.name, copy, Clock().now())
    if stands is not None:
        yield Check(name, stands.state, stands.what, stands.remedy)
    seen: set[tuple[str, str]] = set()  # one line for all probes that say the same
    for probe in probes:
        async for check in _probe(house, egress, name, talker, probe):
            if (check.state, check.what.id) not in seen:
                yield check
            seen.add((check.state, check.what.id))
        if _UNANSWERED & {id for _, id in seen}:
            return  # nor would the next one be
    if not probes or any(state == "fail" and id not in _CLOCK for state, id in seen):
        return
    places = [urlsplit(p.call.url).netloc for p in probes if _local(p.call.url)]
    url = f"{house.base_url}/hooks/{talker.NAME}/{app.stream_id}"
    calls: list[Called] = []
    async with Egress((*house.egress_allow, *places)) as wider:
        found = await accounts.check_subscriptions(
            wider, copy, url, Clock().now(), house.timeout_s, calls.append
        )
    for one in found:
        raw = _kept(calls) if one.state == "fail" else ""
        yield Check(name, one.state, one.what, one.remedy, raw)


def _kept(calls: Sequence[Called]) -> str:
    """Calls and their answers as they may be shown, one after the other; raw, so in English."""
    texts: list[str] = []
    for call, reply in calls:
        kept = redacted(call, reply)
        why = inner(kept.get("detail"))
        if why is not None:
            kept["detail"] = say(why)
        texts.append(json.dumps(kept, ensure_ascii=False, indent=2))
    return "\n".join(texts)


async def _probe(
    house: House, egress: Egress, name: str, talker: Partner, probe: Probe
) -> AsyncIterator[Check]:
    """Ask the partner about the credentials, and look at the clock of its answer."""
    args: dict[str, Any] = {"partner": talker.LABEL}
    call = probe.call
    began = Clock().real()
    reply = await egress.call(call, timeout_s=house.timeout_s)
    if isinstance(reply, NoReply) and reply.phase is Phase.REFUSED and _local(call.url):
        place = urlsplit(call.url).netloc
        async with Egress((place,)) as wider:
            reply = await wider.call(call, timeout_s=house.timeout_s)
        if isinstance(reply, Reply):
            what = Sentence("check_not_allowed", {"place": place})
            yield Check(name, "warn", what, Sentence("check_not_allowed_fix"))
    middle = (began + Clock().real()) / 2000
    if not isinstance(reply, Reply):
        bad = _no_answer(name, args, reply)
        yield msgspec.structs.replace(bad, raw=_kept([(call, reply)]))
        return
    problem = talker.read_probe(probe, reply)
    if problem is not None:
        yield Check(name, "fail", problem, Sentence("check_token_fix"), _kept([(call, reply)]))
    else:
        yield Check(name, "ok", Sentence("check_probe_ok", args))
    with contextlib.suppress(TypeError, ValueError, KeyError):
        theirs = email.utils.parsedate_to_datetime(reply.headers["date"]).timestamp()
        yield _clock(args, round(middle - theirs))


def _no_answer(name: str, args: dict[str, Any], reply: NoReply) -> Check:
    if reply.phase is Phase.REFUSED:
        return Check(name, "fail", Sentence("check_refused", {**args, "detail": reply.said}))
    args = {**args, "detail": reply.why or reply.detail.rstrip(".")}
    fix = Sentence("check_unreachable_fix", args)
    return Check(name, "fail", Sentence("check_unreachable", args), fix)


def _clock(args: dict[str, Any], skew: int) -> Check:
    args = {**args, "skew": abs(skew)}
    if abs(skew) <= MAX_SKEW_S:
        return Check("clock", "ok", Sentence("check_clock_ok", args))
    wrong = Sentence("check_clock_ahead" if skew > 0 else "check_clock_behind", args)
    return Check("clock", "fail", wrong, Sentence("check_clock_fix"))


# --- the address that partners call --------------------------------------------------------------


def _addresses(talker: Partner, settings: Any, probes: Sequence[Probe]) -> list[str]:
    """Where the partner of a channel answers: of its probes, or where it has none, of a message
    that is written and not sent. Empty where neither can be told yet."""
    found = [probe.call.url for probe in probes]
    for number in () if found else talker.numbers(settings):
        call = talker.render(OutboundMessage(_SOMEBODY, number, Text("Hello")), settings)
        if not isinstance(call, Unsupported):
            found.append(call.url)
    return found


def _local(url: str) -> bool:
    """Whether a partner's address is on this machine or its network: an emulator."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not public(ipaddress.ip_address(host))
    except ValueError:
        return False


def _public(house: House) -> Check:
    """Whether the callback can be reached, as far as this machine can tell."""
    fix = Sentence("check_public_fix")
    url = house.public_url
    if not url:
        what = Sentence("check_public_unset", {"base": house.base_url})
        return Check("callback", "fail", what, fix)
    parts = urlsplit(url)
    if parts.scheme != "https":
        return Check("callback", "fail", Sentence("check_public_plain", {"url": url}), fix)
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        args = {"url": url, "detail": getattr(error, "strerror", None) or str(error)}
        return Check("callback", "fail", Sentence("check_public_name", args), fix)
    for address in sorted({str(one[4][0]).partition("%")[0] for one in found}):
        if not public(ipaddress.ip_address(address)):
            args = {"url": url, "address": address}
            return Check("callback", "fail", Sentence("check_public_local", args), fix)
    return Check("callback", "ok", Sentence("check_public_ok", {"url": url}))
