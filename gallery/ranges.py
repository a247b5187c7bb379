"""The Range header of HTTP (RFC 9110, 14.2): one range of bytes, the only form browsers' players send. Pure."""

import re

ONE_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)


class Unsatisfiable(Exception):
    """The range lies outside the file: 416."""


def requested_range(header: str, size: int) -> tuple[int, int] | None:
    """(first byte, length) of a `Range` header for a file of `size` bytes; None when the whole file is the answer.

    A header that is malformed or asks for several ranges is to be ignored. Raises Unsatisfiable.
    """
    match = ONE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return size - length, length
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, end - start + 1
