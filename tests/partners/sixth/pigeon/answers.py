"""What Pigeon Post says to a call: `{"flown": "1", "pigeon": "…"}`, or a coo."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply
from dragoman.partners._cloud.answer import json_object
from dragoman.partners._cloud.errors import retry_after
from dragoman.partners.contract import MediaFile, Probe, Sent

from .error_table import problem
from .settings import Settings
from .slips import Slip, first

words(
    {
        "pigeon_no_connection": "Pigeon Post could not be reached ({detail}), nothing was sent; "
        "this is tried again.",
        "pigeon_no_answer": "The message left for Pigeon Post but no whole answer came ({detail}), "
        "so it may have been sent; it is not repeated until that is known.",
        "pigeon_address_refused": "The call to Pigeon Post was not made: {detail} Check Base URL "
        "in the channel, or ask the operator to allow the address in egress_allow.",
        "pigeon_not_understood": "Pigeon Post answered {status} in words that are not its own, so "
        "the message may have been sent; it is not repeated until that is known.",
        "pigeon_parcel_gone": "Pigeon Post no longer has this parcel (it answered {status}): ask "
        "the person to send it again.",
        "pigeon_other_loft": "The Loft key is that of the number {number}: give the key of this "
        "channel's number.",
    }
)


def read(call: HttpCall, reply: Reply | NoReply) -> Sent | SendError:
    if isinstance(reply, NoReply):
        return _no_reply(reply)
    slip: Slip = json_object(reply.body)
    if first(slip, "flown") == "1" and first(slip, "pigeon"):
        return Sent(first(slip, "pigeon"))
    return _refusal(reply)


def _refusal(reply: Reply) -> SendError:
    """Its own coo is trusted: nothing was sent. So is 4xx in any words, which nothing between says
    of a call that went through. All else may have been sent."""
    slip: Slip = json_object(reply.body)
    coo, because = first(slip, "coo"), first(slip, "because")
    if not coo and not 400 <= reply.status < 500:
        return _in_doubt(Sentence("pigeon_not_understood", {"status": reply.status}), reply.status)
    known, sentence = problem(coo or f"HTTP {reply.status}", because)
    return SendError(
        known.code,
        sentence,
        retryable=known.retryable,
        concerns=known.concerns,
        partner_code=coo or f"HTTP {reply.status}",
        partner_text=because,
        retry_after=retry_after(reply.headers),
    )


def _in_doubt(sentence: Sentence, status: int = 0) -> SendError:
    said = f"HTTP {status}" if status else ""
    return SendError(
        Code.IN_DOUBT, sentence, ambiguous=True, concerns=Concerns.PARTNER, partner_code=said
    )


def _no_reply(reply: NoReply) -> SendError:
    detail = {"detail": reply.detail or "no detail"}
    if reply.phase is Phase.CONNECT:
        sentence = Sentence("pigeon_no_connection", detail)
        return SendError(Code.UNAVAILABLE, sentence, retryable=True, concerns=Concerns.PARTNER)
    if reply.phase is Phase.REFUSED:
        return SendError(Code.EGRESS, Sentence("pigeon_address_refused", detail))
    return _in_doubt(Sentence("pigeon_no_answer", detail))


# --- parcels -------------------------------------------------------------------------------------


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Settings
) -> HttpCall | None:
    """NOT CONFIRMED: how long a parcel is kept."""
    if not media_id:
        return None
    return _asked(settings, f"parcels/{media_id}", "media_download")


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Settings
) -> MediaFile | HttpCall | SendError:
    if isinstance(reply, NoReply):
        return _no_reply(reply)
    if reply.status == 200 and reply.body:
        return MediaFile(reply.body, reply.headers.get("content-type", ""))
    if reply.status in (404, 410):
        return SendError(Code.MEDIA, Sentence("pigeon_parcel_gone", {"status": reply.status}))
    return _refusal(reply)


# --- checks --------------------------------------------------------------------------------------


def _asked(settings: Settings, path: str, purpose: str) -> HttpCall:
    return HttpCall(
        "GET",
        f"{settings.base_url}/loft/v1/{path}",
        purpose,
        {"X-Loft-Key": settings.loft_key},
        secret_headers=frozenset({"x-loft-key"}),
    )


def probes(settings: Settings) -> Sequence[Probe]:
    call = _asked(settings, "loft", "check")
    return (Probe(f"the loft of {settings.number}", call, settings.number),)


def read_probe(probe: Probe, reply: Reply | NoReply) -> Sentence | None:
    if isinstance(reply, NoReply):
        return _no_reply(reply).sentence
    number = first(json_object(reply.body), "number")
    if not number:
        return _refusal(reply).sentence
    if number != probe.expect:
        return Sentence("pigeon_other_loft", {"number": number})
    return None
