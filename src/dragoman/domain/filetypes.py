"""What a file is, by its first bytes: what a sender or a server says of it is only said.

Signatures are the public ones of each format (RFCs, ISO/IEC 14496-12, the W3C's WebP and PNG, …).
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata

HEAD = 1024  # bytes that are looked at; a PDF may begin that late

OCTETS = "application/octet-stream"
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"OggS", "audio/ogg"),
    (b"#!AMR", "audio/amr"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"caff", "audio/x-caf"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-elf"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime", b"heic": "image/heic",
    b"heix": "image/heic", b"mif1": "image/heif", b"avif": "image/avif",
}  # fmt: skip
# One container holds sound or pictures: which, only its name can tell.
_EITHER = frozenset(
    {"audio/ogg", "video/webm", "audio/mp4", "video/mp4", "video/3gpp", "video/quicktime"}
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OLD_OFFICE = frozenset(
    {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
)
_MARKUP = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script)", re.I | re.S
)
# Pages and programs: never shown by a browser under our address.
_ACTIVE = ("html", "xml", "svg", "javascript", "ecmascript", "xhtml", "msdownload", "x-sh")
_SHOWN = ("image/", "audio/", "video/")


def plain(mime: str | None) -> str:
    """A type without its parameters, in lower case; empty for none."""
    return (mime or "").partition(";")[0].strip().lower()


def sniff(head: bytes) -> str:
    """The type that the first bytes show; empty when they show none."""
    for start, mime in _STARTS:
        if head.startswith(start):
            return mime
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "video/3gpp" if brand[:3] in (b"3gp", b"3g2") else _BRANDS.get(brand, "video/mp4")
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # a frame of MPEG sound
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else "audio/mpeg"
    if b"%PDF-" in head[:HEAD]:
        return "application/pdf"
    if _MARKUP.match(head):
        return "text/html"
    return ""


def mismatch(kind: str, said: str, head: bytes) -> str | None:
    """What a file really is, where it is not what was said; None where it may be.

    kind: of the message. Pictures, sound and films must show themselves; of a document only what
    contradicts it counts, because most of them have no signature.
    """
    found = sniff(head)
    family = {"sticker": "image", "document": ""}.get(kind, kind)
    if family:
        return None if _of(found, family) else found or "something else"
    told = plain(said)
    if told == "application/pdf" or told.startswith(_OFFICE) or told in _OLD_OFFICE:
        return None if found in _fitting(told) else found or "something else"
    if told == "text/plain":
        wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")  # UTF-16
        binary = b"\0" in head[:HEAD] and not wide
        return found or "binary data" if binary else None
    if told.startswith(_SHOWN):
        return None if _of(found, told.partition("/")[0]) else found or "something else"
    return None


def _of(found: str, family: str) -> bool:
    return found.startswith(f"{family}/") or (family != "image" and found in _EITHER)


def _fitting(told: str) -> frozenset[str]:
    if told == "application/pdf":
        return frozenset({"application/pdf"})
    if told.startswith(_OFFICE):  # one with a password lies in the older container
        return frozenset({"application/zip", "application/x-ole-storage"})
    # Programs write tables as pages, texts or newer files under the old names.
    return frozenset({"application/x-ole-storage", "application/zip", "application/rtf", "",
                      "text/html"})  # fmt: skip


def settled(said: str, head: bytes) -> str:
    """The type to keep: what was said, unless the bytes show another one of the same family."""
    told, found = plain(said), sniff(head)
    if not told or told == OCTETS:
        return found or OCTETS
    family = told.partition("/")[0]
    if found.startswith(f"{family}/") and family == "image":
        return found
    return told


def guessed(name: str | None, head: bytes) -> str:
    """The type of a file that nobody told it of."""
    by_name = mimetypes.guess_type(name or "")[0]
    return settled(by_name or "", head)


def served_as(mime: str) -> tuple[str, bool]:
    """The type to serve a file under, and whether a browser may show it: a page of somebody else's
    must never run under our address."""
    told = plain(mime)
    if any(word in told for word in _ACTIVE) or not re.fullmatch(r"[\w.+-]+/[\w.+-]+", told):
        return OCTETS, False
    return told, told.startswith(_SHOWN)


def clean_name(name: str | None) -> str | None:
    """The last part of a name that somebody gave a file, without what no name should hold: at
    most 200 code points. None when nothing is left."""
    last = re.split(r"[/\\]", name or "")[-1]
    kept = "".join(c for c in last if _belongs(c)).strip().lstrip(".")
    if len(kept) > 200:
        stem, dot, ending = kept.rpartition(".")
        kept = f"{stem[: 199 - len(ending)]}.{ending}" if dot and len(ending) < 20 else kept[:200]
    return kept or None


def _belongs(c: str) -> bool:
    """No control, no line end, nothing that turns the reading direction; joiners of letters and
    emoji stay."""
    return c in "\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
