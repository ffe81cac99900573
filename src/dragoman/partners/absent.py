"""What a partner says of the parts that it does not have: imported by name into its module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman.domain.errors import Code, SendError
from dragoman.domain.identity import Recipient
from dragoman.domain.sentences import Sentence, words

from .contract import Hook, HookAnswer, HttpCall, MediaFile, NoReply, Probe, Reply

words({"partner_part_absent": "This messaging partner has no way to do that."})

UPLOAD_DAYS = 0
LETTER = ""
NOT_CHECKABLE: Sentence | None = None
ONE_DIALECT: Sequence[tuple[str, str]] = (("", ""),)


def _absent() -> SendError:
    return SendError(Code.UNSUPPORTED, Sentence("partner_part_absent"))


def in_use(number: str, settings: Any) -> bool:
    return True


def may_notify(number: str, settings: Any) -> bool:
    return True


def dialect(settings: Any) -> str:
    return ""


def uses_authorization(settings: Any) -> bool:
    return False


def handshake(hook: Hook, settings: Sequence[Any]) -> HookAnswer | None:
    return None


def knows_native(payload: Mapping[str, Any], settings: Any) -> bool:
    return True


def is_template(payload: Mapping[str, Any], settings: Any) -> bool:
    return False


def render_signal(
    number: str, whom: Recipient, external_id: str, typing: bool, settings: Any
) -> HttpCall | None:
    return None


def demands_opt_in(settings: Any) -> bool:
    return False


def render_opt_in_look_up(number: str, recipient: Recipient, settings: Any) -> HttpCall | None:
    return None


def read_opt_in_look_up(reply: Reply | NoReply) -> bool | SendError:
    return _absent()


def render_opt_in(number: str, recipient: Recipient, settings: Any) -> HttpCall | None:
    return None


def read_opt_in(reply: Reply | NoReply) -> SendError | None:
    return _absent()


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Any
) -> HttpCall | None:
    return None


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Any
) -> MediaFile | HttpCall | SendError:
    return _absent()


def render_upload(number: str, file: MediaFile, settings: Any) -> HttpCall | None:
    return None


def read_upload(reply: Reply | NoReply) -> str | SendError:
    return _absent()


def probes(settings: Any) -> Sequence[Probe]:
    return ()


def read_probe(probe: Probe, reply: Reply | NoReply) -> Sentence | None:
    return None


def pulls(settings: Any) -> Sequence[Probe]:
    return ()


def read_pull(reply: Reply | NoReply) -> bytes | SendError:
    return _absent()
