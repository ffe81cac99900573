"""A voice note without a microphone: an Ogg file of Opus silence, made here byte by byte.

Sources: RFC 3533 (Ogg pages), RFC 7845 (Opus in Ogg). A packet of f8 ff fe is 20 ms of silence.
"""

from __future__ import annotations

import struct

MIME = "audio/ogg; codecs=opus"
_SILENCE = b"\xf8\xff\xfe"
_FRAME = 960  # samples of 48 kHz in 20 ms
_PER_PAGE = 50


def silence(seconds: int = 2) -> bytes:
    """`seconds` of mono silence at 48 kHz, as WhatsApp's voice notes are packed."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 8) + b"dragoman" + struct.pack("<I", 0)
    pages = [_page(0, 0, 2, [head]), _page(1, 0, 0, [tags])]
    for second in range(seconds):
        last = 4 if second == seconds - 1 else 0
        granule = (second + 1) * _PER_PAGE * _FRAME
        pages.append(_page(second + 2, granule, last, [_SILENCE] * _PER_PAGE))
    return b"".join(pages)


def _page(number: int, granule: int, flags: int, packets: list[bytes]) -> bytes:
    """One Ogg page; every packet here is shorter than 255 bytes, so each is one segment."""
    segments = bytes(len(packet) for packet in packets)
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, 1, number, 0, len(segments))
    page = head + segments + b"".join(packets)
    return page[:22] + struct.pack("<I", _crc(page)) + page[26:]


def _crc(data: bytes) -> int:
    """Ogg's checksum: polynomial 04c11db7, not reflected, begun at 0."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        value &= 0xFFFFFFFF
    return value
