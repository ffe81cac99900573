"""At every partner: what is wrong with the address concerns the account and not one message, so the
messages wait until it is mended; what is wrong with one message concerns it alone."""

from __future__ import annotations

from typing import Any

import pytest
from gupshup_channel import ACCESS, ENTERPRISE, V3
from infobip_channel import WHATSAPP
from karix_channel import CHANNEL as KARIX
from netcore_channel import CHANNEL as NETCORE

from dragoman.domain import content as c
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import say
from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply
from dragoman.partners import cloud_api, gupshup, infobip, karix, netcore
from dragoman.partners.contract import OutboundMessage

CLOUD = cloud_api.Settings(numbers=(cloud_api.Number("102290129340398"),), token="t" * 40)
CHANNELS = [
    (gupshup, ENTERPRISE),
    (gupshup, ACCESS),
    (gupshup, V3),
    (infobip, WHATSAPP),
    (karix, KARIX),
    (netcore, NETCORE),
]
ALL = [(cloud_api, CLOUD), *CHANNELS]  # of Meta only its own words are trusted: a doubt otherwise


def read(talker: Any, settings: Any, answer: Reply | NoReply) -> SendError:
    number = talker.numbers(settings)[0]
    call = talker.render(OutboundMessage(Phone("12025550142"), number, c.Text("hi")), settings)
    assert isinstance(call, HttpCall)
    found = talker.read(call, answer)
    assert isinstance(found, SendError)
    assert "{" not in say(found.sentence)
    assert not (found.ambiguous or found.retryable)
    return found


@pytest.mark.parametrize(("talker", "settings"), CHANNELS)
@pytest.mark.parametrize("body", [b"<html>Not Found</html>", b"", b'{"detail": "Not Found"}'])
def test_a_404_in_nobodys_words_holds_the_number(talker: Any, settings: Any, body: bytes) -> None:
    found = read(talker, settings, Reply(404, {}, body))
    assert (found.code, found.concerns) == (Code.INVALID, Concerns.ACCOUNT)
    assert found.partner_code == "HTTP 404"
    assert "Sending waits meanwhile." in say(found.sentence)


@pytest.mark.parametrize(("talker", "settings"), ALL)
def test_an_address_that_we_refuse_holds_the_number(talker: Any, settings: Any) -> None:
    found = read(talker, settings, NoReply(Phase.REFUSED, "10.0.0.1 is private"))
    assert (found.code, found.concerns) == (Code.EGRESS, Concerns.ACCOUNT)
    assert "Sending waits meanwhile." in say(found.sentence)


@pytest.mark.parametrize(("talker", "settings"), ALL)
def test_a_message_that_cannot_be_written_fails_alone(talker: Any, settings: Any) -> None:
    found = read(talker, settings, NoReply(Phase.REFUSED, "ValueError", unwritable=True))
    assert (found.code, found.concerns) == (Code.EGRESS, Concerns.MESSAGE)
