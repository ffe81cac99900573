"""What differs between two configurations, as people read it."""

from __future__ import annotations

import pytest

from dragoman.domain.config import AgentConfig, AppConfig, ChannelConfig
from dragoman.domain.sentences import Sentence, say, term
from dragoman.engine.differing import Difference, ScriptLine, differences, script_difference


def channel(partner: str, values: dict[str, object], **more: object) -> AppConfig:
    return AppConfig(channel=ChannelConfig(partner, values={partner: values}, **more))  # type: ignore[arg-type]


def test_a_secret_is_said_to_be_changed_and_never_shown() -> None:
    before = channel("infobip", {"api_key": {"secret": 1}, "base_url": "a.api.infobip.com"})
    after = channel("infobip", {"api_key": {"secret": 2}, "base_url": "b.api.infobip.com"})
    assert differences(before, after) == [
        Difference("base_url", "text", term("Base URL"), "a.api.infobip.com", "b.api.infobip.com"),
        Difference("api_key", "secret", term("API key"), "set", "set"),
    ]


def test_numbers_come_and_go_in_any_spelling() -> None:
    before = channel("infobip", {"numbers": ["+12025550100", "+1 202 555 0101"]})
    after = channel("infobip", {"numbers": ["+1 (202) 555-0100", "+12025550103"]})
    [found] = differences(before, after)
    assert (found.added, found.removed) == (("+1 202 555 0103",), ("+1 202 555 0101",))


def test_a_partner_that_is_not_chosen_is_one_line() -> None:
    before = AppConfig(channel=ChannelConfig("infobip", values={"gupshup": {"waba_id": "1"}}))
    after = AppConfig(channel=ChannelConfig("infobip", values={"gupshup": {"waba_id": "2"}}))
    assert differences(before, after) == [Difference("values.gupshup", "unused", "Gupshup")]


def test_switches_and_what_belongs_to_the_app() -> None:
    before = channel("karix", {})
    after = AppConfig(
        channel=ChannelConfig("karix", enabled=True, values={"karix": {}}, allow_ips=("10.0.0.1",)),
        fallback="Sorry.",
    )
    found = {one.name: one for one in differences(before, after)}
    assert found["enabled"] == Difference("enabled", "switch", "", "off", "on")
    assert found["allow_ips"].added == ("10.0.0.1",)
    assert found["fallback"].after == "Sorry."


def test_a_group_names_its_member() -> None:
    before = channel("netcore", {})
    after = channel("netcore", {"numbers": {"918800000001": {"api_key": {"secret": 9}}}})
    found = differences(before, after)
    assert found[0].added == ("+91 88000 00001",)
    assert [say(one.label) for one in found[1:]] == [
        f"{say(found[0].label)} › +91 88000 00001 › API Key"
    ]
    assert "9" not in found[1].after


def test_the_agent_is_named_and_its_script_shown_line_by_line() -> None:
    before = AppConfig(agent=AgentConfig("python", "/srv/bot.py"))
    after = AppConfig(agent=AgentConfig("script", source="print(1)\nprint(2)"))
    assert differences(before, after) == [
        Difference("agent", "agent", "", Sentence("difference_python", {"path": "/srv/bot.py"}),
                   Sentence("difference_script")),
        Difference(
            "script", "script",
            lines=(ScriptLine("+", "print(1)", 0, 1), ScriptLine("+", "print(2)", 0, 2)),
        ),
    ]  # fmt: skip


def test_what_stayed_far_from_a_change_is_a_gap() -> None:
    old = "\n".join(f"line {n}" for n in range(1, 21))
    lines = script_difference(old, old.replace("line 10\n", "LINE 10\n"))
    assert [line.mark for line in lines] == ["…", *"   -+   ", "…"]
    assert lines[4:6] == [ScriptLine("-", "line 10", 10, 0), ScriptLine("+", "LINE 10", 0, 10)]


@pytest.mark.parametrize("before", [None, AppConfig()])
def test_nothing_differs(before: AppConfig | None) -> None:
    assert differences(before, AppConfig()) == []
