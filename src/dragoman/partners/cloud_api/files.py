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
from dragoman.partners.contract import MediaFile

from .answers import read_media_upload, read_media_url
from .calls import render_media_download, render_media_upload, render_media_url
from .settings import Settings

MEDIA_LIMITS: Mapping[str, int] = FILES
UPLOAD_DAYS = 30

words({"cloud_file_gone": "Meta no longer has this file: it answered {status}."})


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Settings
) -> HttpCall | None:
    """By the id where there is one: an address of Meta's lives for five minutes only."""
    if media_id:
        return render_media_url(media_id, settings, number)
    return render_media_download(link, settings) if link else None


def read_media(
    call: HttpCall, reply: Reply | NoReply, settings: Settings
) -> MediaFile | HttpCall | SendError:
    if call.purpose == "media_url":
        found = read_media_url(reply)
        if isinstance(found, SendError):
            return found
        return render_media_download(found.url, settings)
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if reply.status == 200:
        mime = reply.headers.get("content-type", "").partition(";")[0].strip()
        return MediaFile(reply.body, mime)
    if reply.status in (404, 410):
        return SendError(Code.MEDIA, Sentence("cloud_file_gone", {"status": reply.status}))
    return read_refusal(reply)


def render_upload(number: str, file: MediaFile, settings: Settings) -> HttpCall | None:
    return render_media_upload(number, file.filename or "file", file.mime, file.data, settings)


def read_upload(reply: Reply | NoReply) -> str | SendError:
    return read_media_upload(reply)
