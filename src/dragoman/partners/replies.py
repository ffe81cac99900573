"""What an answer means where the partner's own words do not tell: none came, something between
answered in its place, or it lacks what it should have.

Each partner has one `Replies`; its sentences have the partner's name in them and its prefix before
their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.sentences import Sentence, term, words
from dragoman.domain.wire import NoReply, Phase, Reply

from ._cloud.known import Known
from .contract import MediaFile, Probe

GATEWAY = (408, 502, 504)  # said by whatever stands between, not by the partner

_WORDS = {
    "no_connection": "PARTNER could not be reached ({detail}), nothing was sent; it is tried again "
    "by itself.",
    "no_answer": "The message left for PARTNER but no whole answer came ({detail}), so it may have "
    "been sent; it is not repeated until that is known.",
    "address_refused": "The call to PARTNER was not made: {detail} Check FIELD in the channel, or "
    "ask the operator to allow the address in egress_allow. Sending waits meanwhile.",
    "unwritable": "The call to PARTNER was not made, because this message cannot be written as "
    "one: {detail}",
    "nobody_there": "What answers at the address of PARTNER does not know the call (404) and does "
    "not answer as PARTNER does, so nothing was sent: check FIELD in the channel. Sending waits "
    "meanwhile.",
    "not_understood": "PARTNER answered {status} in words that are not its own, so the message may "
    "have been sent; it is not repeated until that is known.",
    "no_id": "PARTNER answered with success and without a message id, so the message may have been "
    "sent; it is not repeated until that is known.",
    "check_strange": "{host} answered {status} and not as PARTNER does: check FIELD in the "
    "channel.",
    "check_silent": "PARTNER did not answer ({detail}): try again, and check that this machine may "
    "reach it.",
}


words(
    {
        "address_not_allowed": "the address is not allowed.",
        "reason_coded": "no reason given ({code})",
        "reason_ended": "{said}.",
    }
)


class Replies:
    """field: where the channel has the partner's address. clean: takes secrets out of what an
    answer says. gateway: what is said by whatever stands between, whatever the words."""

    def __init__(
        self,
        prefix: str,
        label: str,
        field: str = "Base URL",
        clean: Callable[[str], str] = str,
        gateway: tuple[int, ...] = GATEWAY,
    ) -> None:
        self._gateway = gateway
        self._prefix = prefix
        self._clean = clean
        words(
            {
                f"{prefix}_{id}": text.replace("PARTNER", label).replace("FIELD", field)
                for id, text in _WORDS.items()
            }
        )

    def _sentence(self, id: str, **args: object) -> Sentence:
        return Sentence(f"{self._prefix}_{id}", args)

    def none(self, reply: NoReply) -> SendError:
        """No answer came at all."""
        detail = reply.said
        if reply.phase is Phase.CONNECT:
            sentence = self._sentence("no_connection", detail=detail)
            concerns = Concerns.PARTNER
            return SendError(Code.UNAVAILABLE, sentence, retryable=True, concerns=concerns)
        if reply.phase is Phase.REFUSED:
            if reply.unwritable:
                sentence = self._sentence("unwritable", detail=reply.why or ended(reply.detail))
                return SendError(Code.EGRESS, sentence)
            detail = reply.why or ended(reply.detail) or Sentence("address_not_allowed")
            sentence = self._sentence("address_refused", detail=detail)
            return SendError(Code.EGRESS, sentence, concerns=Concerns.ACCOUNT)
        return self.doubt(self._sentence("no_answer", detail=detail))

    def doubt(self, sentence: Sentence, reply: Reply | None = None) -> SendError:
        """It may have been sent: never to be repeated blindly."""
        return SendError(
            Code.IN_DOUBT,
            sentence,
            ambiguous=True,
            concerns=Concerns.PARTNER,
            partner_code="" if reply is None else f"HTTP {reply.status}",
            partner_text="" if reply is None else self._clean(_text(reply, 300)),
        )

    def not_understood(self, reply: Reply) -> SendError:
        """In nobody's words that are known, or said by a gateway."""
        return self.doubt(self._sentence("not_understood", status=reply.status), reply)

    def nobody_there(self, reply: Reply) -> SendError | None:
        """Of an answer in words that are not the partner's own: a 404 says that the address is
        wrong, which no message is to blame for, so all wait until it is mended. Else None."""
        if reply.status != 404:
            return None
        return SendError(
            Code.INVALID,
            self._sentence("nobody_there"),
            concerns=Concerns.ACCOUNT,
            partner_code="HTTP 404",
            partner_text=self._clean(_text(reply, 300)),
        )

    def strange(self, reply: Reply, own: bool) -> SendError | None:
        """What an answer means that is not to be believed: a gateway's, or one in words that are
        not the partner's own. None for the partner's refusals, and for 4xx in any words, which no
        gateway says of a call that went through: nothing was sent. own: in words of the partner's.
        """
        sure = 400 <= reply.status < 500 and reply.status != 408
        if reply.status in self._gateway or not (own or sure):
            return self.not_understood(reply)
        return None if own else self.nobody_there(reply)

    def no_id(self, reply: Reply) -> SendError:
        """Success, and nothing to know the message by."""
        return self.doubt(self._sentence("no_id"), reply)

    def unchecked(self, probe: Probe, reply: Reply | NoReply) -> Sentence:
        """Why an answer to a check says nothing of the credentials."""
        if not isinstance(reply, NoReply):
            host = probe.call.url.partition("://")[2].partition("/")[0]
            return self._sentence("check_strange", host=host, status=reply.status)
        if reply.phase is Phase.SENT:
            return self._sentence("check_silent", detail=reply.said)
        return self.none(reply).sentence


def refused(known: Known, sentence: Sentence, code: str, said: str, reply: Reply) -> SendError:
    """A refusal in the partner's own shape, by what its code means: nothing was sent."""
    return SendError(
        known.code,
        sentence,
        retryable=known.retryable,
        concerns=known.concerns,
        partner_code=code,
        partner_text=said,
        retry_after=later(retry_after(reply.headers), known.wait),
    )


def file_in(reply: Reply) -> MediaFile | None:
    """The file that an answer is, if it is one."""
    if reply.status != 200 or not reply.body:
        return None
    return MediaFile(reply.body, mime_of(reply))


def snippet(reply: Reply) -> str:
    """The beginning of an answer in no known shape."""
    return _text(reply, 200)


def _text(reply: Reply, most: int) -> str:
    return reply.body[:most].decode("utf-8", "replace").strip()


def mime_of(reply: Reply) -> str:
    """The type of a file, without what may stand behind it."""
    return reply.headers.get("content-type", "").partition(";")[0].strip()


def ended(text: str) -> str:
    """With a full stop, so that a sentence may follow."""
    return text if not text or text[-1] in ".!?" else text + "."


def reason(said: str, code: str = "") -> str | Sentence:
    """What the partner said, and where it said nothing that it did not."""
    return said or (Sentence("reason_coded", {"code": code}) if code else term("no reason given"))


def shown_raw(code: str, said: str) -> str | Sentence:
    """A code that is not known here, as the partner wrote it, with a full stop."""
    if said:
        return ended(f"{said} ({code})" if code else said)
    return Sentence("reason_ended", {"said": reason(said, code)})


def later(a: float | None, b: float | None) -> float | None:
    return max((v for v in (a, b) if v is not None), default=None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the answer asks to wait: `Retry-After`, or the minutes until access returns in
    Meta's `x-business-use-case-usage`. None when it asks for nothing."""
    asked: float | None = None
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        asked = float(text)
    usage = headers.get("x-business-use-case-usage")
    if usage:
        asked = later(asked, _usage_wait(usage))
    return asked


def _usage_wait(usage: str) -> float | None:
    try:
        data = msgspec.json.decode(usage)
    except (msgspec.DecodeError, RecursionError):
        return None
    waits = [
        float(minutes) * 60
        for rows in (data.values() if type(data) is dict else ())
        for row in (rows if type(rows) is list else ())
        if type(row) is dict
        and type(minutes := row.get("estimated_time_to_regain_access")) is int
        and minutes > 0
    ]
    return max(waits, default=None)
