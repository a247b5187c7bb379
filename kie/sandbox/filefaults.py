"""Hostile and broken result files."""

import struct
import zlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from kie.sandbox.answers import Answer
from kie.sandbox.breakages import HTML

if TYPE_CHECKING:
    from kie.sandbox.faults import Fault

FileFault = Callable[[Answer, "Fault"], Answer]

NOT_FOUND = Answer(status=404, body=b"<html><body><h1>404 Not Found</h1></body></html>", content_type=HTML)
PAGE = b"<!doctype html><html><body><p>The file has moved to another place.</p>" + b"<br>" * 400 + b"</body></html>"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"><script>alert(1)</script>'
    + b'<rect width="640" height="480" fill="#234"/>' * 40
    + b"</svg>"
)
DECLARED_HUGE = 70_000_000


@cache
def bomb(side: int) -> bytes:
    """A PNG of side x side one-bit pixels: a few kilobytes that unpack to many megapixels."""
    rows = zlib.compress(b"\0" * ((side + 7) // 8 + 1) * side, 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )


def _half(answer: Answer) -> bytes:
    return answer.body[: len(answer.body) // 2]


def _huge(answer: Answer, fault: "Fault") -> Answer:
    size = int(fault.number("bytes", DECLARED_HUGE))
    return answer.but(stuffing=size - len(answer.body), no_length=fault.flag("undeclared", False))


def _redirect(default: str) -> FileFault:
    def redirect(answer: Answer, fault: "Fault") -> Answer:
        return Answer(status=302, headers={"Location": fault.text("to", default)}, content_type=HTML)

    return redirect


FILES: dict[str, FileFault] = {
    "file_404": lambda answer, fault: NOT_FOUND,
    "file_403": lambda answer, fault: NOT_FOUND.but(status=403),
    "file_410": lambda answer, fault: NOT_FOUND.but(status=410),
    "file_500": lambda answer, fault: NOT_FOUND.but(status=500),
    "file_html": lambda answer, fault: answer.but(body=PAGE),
    "file_html_tail": lambda answer, fault: answer.but(body=answer.body + PAGE),
    "file_empty": lambda answer, fault: answer.but(body=b""),
    "file_tiny": lambda answer, fault: answer.but(body=answer.body[:200]),
    "file_cut": lambda answer, fault: answer.but(body=_half(answer), declared=len(answer.body)),
    "file_no_length_cut": lambda answer, fault: answer.but(body=_half(answer), no_length=True),
    "file_trickle": lambda answer, fault: answer.but(trickle=fault.number("seconds", 30.0)),
    "file_slow": lambda answer, fault: answer.but(delay=fault.number("seconds", 5.0)),
    "file_truncated_jpeg": lambda answer, fault: answer.but(body=_half(answer)),
    "file_huge": _huge,
    "file_bomb": lambda answer, fault: answer.but(body=bomb(int(fault.number("side", 8000)))),
    "file_redirect": lambda answer, fault: answer.but(
        status=302, body=b"", headers={"Location": fault.text("to", "?direct=1")}
    ),
    "file_redirect_private": _redirect("http://169.254.169.254/latest/meta-data/"),
    "file_redirect_loop": lambda answer, fault: answer.but(status=302, body=b"", headers={"Location": "?again"}),
    "file_svg": lambda answer, fault: answer.but(body=SVG),
}
