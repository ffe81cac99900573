"""Files at Meta, in the words of the contract: an id leads to an address, the address to bytes.

Source: Meta, "Media" (2026).
"""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.domain.errors import Code, SendError
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.wire import HttpCall, NoReply, Reply
from dragoman.partners._cloud.errors import read_no_reply, read_refusal
from dragoman.partners._cloud.limits import FILES
from dragoman.partners.contract import MediaFile, Part
from dragoman.partners.replies import mime_of

from .answers import read_text
from .calls import MEDIA_URL, UPLOAD, graph_call, render_media_download
from .settings import Settings

MEDIA_LIMITS: Mapping[str, int] = FILES
UPLOAD_DAYS = 30

words({"cloud_file_gone": "Meta no longer has this file: it answered {status}."})


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Settings
) -> HttpCall | None:
    """By the id where there is one: an address of Meta's lives for five minutes only."""
    if media_id:
        return graph_call(MEDIA_URL, media_id, settings, ("phone_number_id", number))
    return render_media_download(link, settings) if link else None


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Settings
) -> MediaFile | HttpCall | SendError:
    if call.purpose == MEDIA_URL.purpose:
        url = read_text(reply, "url")
        return url if isinstance(url, SendError) else render_media_download(url, settings)
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if reply.status == 200:
        return MediaFile(reply.body, mime_of(reply))
    if reply.status in (404, 410):
        return SendError(Code.MEDIA, Sentence("cloud_file_gone", {"status": reply.status}))
    return read_refusal(reply)


def render_upload(number: str, file: MediaFile, settings: Settings) -> HttpCall | None:
    """Meta judges a file by its declared type and its name's ending."""
    parts = (
        Part("messaging_product", b"whatsapp"),
        Part("type", file.mime.encode()),
        Part("file", file.data, file.filename or "file", file.mime),
    )
    return graph_call(UPLOAD, number, settings, parts=parts)


def read_upload(reply: Reply | NoReply) -> str | SendError:
    """The id of the uploaded file, good for 30 days."""
    return read_text(reply, "id")
