"""Draws the pictures and the price list of the tea shop: python examples/media/draw.py

Nothing but the standard library: a cup of each tea as a PNG, written by hand, and a PDF of one
page. Run it again after a change; the files beside it are what it drew.
"""

import math
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
WIDTH, HEIGHT = 480, 320
Colour = tuple[int, int, int]

TEAS: dict[str, tuple[Colour, Colour, str, int]] = {  # background, tea, name, price
    "assam": ((246, 226, 196), (150, 62, 22), "Assam Gold", 180),
    "darjeeling": ((231, 236, 214), (205, 132, 48), "Darjeeling First Flush", 320),
    "jasmine": ((222, 238, 226), (176, 188, 84), "Jasmine Pearls", 260),
    "kahwa": ((250, 232, 206), (226, 158, 36), "Kashmiri Kahwa", 240),
}
CUP: Colour = (255, 253, 248)
SHADE: Colour = (226, 218, 206)


def mix(under: Colour, over: Colour, share: float) -> Colour:
    share = min(max(share, 0.0), 1.0)
    r, g, b = (round(u + (o - u) * share) for u, o in zip(under, over, strict=True))
    return r, g, b


def ellipse(x: float, y: float, cx: float, cy: float, rx: float, ry: float) -> float:
    """How much of the pixel lies inside, by its distance from the edge: a smooth outline."""
    reach = math.hypot((x - cx) / rx, (y - cy) / ry)
    return 0.5 + (1 - reach) * min(rx, ry)


def pixel(x: int, y: int, ground: Colour, tea: Colour) -> Colour:
    at = mix(ground, (255, 255, 255), 0.35 * (1 - y / HEIGHT))
    at = mix(at, SHADE, ellipse(x, y, 230, 272, 150, 20))  # saucer
    at = mix(at, CUP, ellipse(x, y, 230, 266, 146, 18))
    ring = min(ellipse(x, y, 338, 190, 44, 40), 1 - ellipse(x, y, 338, 190, 28, 25))
    at = mix(at, CUP, ring)  # handle
    bowl = min(ellipse(x, y, 230, 150, 112, 116), y - 149.5)
    at = mix(at, mix(CUP, SHADE, (x - 180) / 170), bowl)
    at = mix(at, CUP, ellipse(x, y, 230, 150, 112, 30))  # rim
    at = mix(at, tea, ellipse(x, y, 230, 152, 102, 24))
    at = mix(at, (255, 255, 255), 0.35 * min(1, ellipse(x, y, 196, 146, 40, 7)))  # a gleam
    for left in (190, 230, 270):  # steam
        middle = left + 9 * math.sin((y - left) / 13)
        thin = 1 - abs(x - middle) / 5
        if 50 < y < 118 and thin > 0:
            at = mix(at, (255, 255, 255), 0.6 * thin * math.sin((y - 50) / 68 * math.pi))
    return at


def png(rows: list[bytes]) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    # Each row as the difference from the one above ("up"): smooth pictures become small ones.
    above = bytes(WIDTH * 3)
    packed = bytearray()
    for row in rows:
        packed += b"\x02" + bytes((a - b) & 255 for a, b in zip(row, above, strict=True))
        above = row
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(packed), 9))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def pdf() -> bytes:
    lines = ["BT /F1 26 Tf 60 740 Td (The tea shop) Tj ET"]
    lines.append("BT /F1 12 Tf 60 712 Td (Prices in rupees for a packet of 100 g) Tj ET")
    for index, (_ground, _tea, name, price) in enumerate(TEAS.values()):
        y = 670 - 30 * index
        lines.append(
            f"BT /F1 15 Tf 60 {y} Td ({name}) Tj ET BT /F1 15 Tf 420 {y} Td ({price}) Tj ET"
        )
        lines.append(f"0.8 G 60 {y - 9} m 480 {y - 9} l S")
    stream = "\n".join(lines)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        "/Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
    ]
    out = "%PDF-1.4\n"
    places: list[int] = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    out += "".join(f"{place:010d} 00000 n \n" for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return out.encode("ascii")


if __name__ == "__main__":
    for key, (ground, tea, _name, _price) in TEAS.items():
        rows = [
            b"".join(bytes(pixel(x, y, ground, tea)) for x in range(WIDTH)) for y in range(HEIGHT)
        ]
        (HERE / f"{key}.png").write_bytes(png(rows))
    (HERE / "price-list.pdf").write_bytes(pdf())
