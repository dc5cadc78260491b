"""Wire: header blocks (RFC 7541), as little of them as a client of the API needs.

Both ways without the dynamic table: ours never refers to it, so that a prepared request fits any stream of
any connection; the server is told that its table has no room, so that nothing must be remembered.
"""

from collections.abc import Mapping

AUTHORITY, METHOD_GET, METHOD_POST, PATH, SCHEME_HTTPS, STATUS_FIRST, STATUS_LAST = (
    1,
    2,
    3,
    4,
    7,
    8,
    14,
)
"""Positions in the static table."""
_NAMES = {
    "accept": 19,
    "accept-encoding": 16,
    "authorization": 23,
    "content-length": 28,
    "content-type": 31,
    "user-agent": 58,
}
_STATUSES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
RETRY_AFTER = 53
_DIGITS = {
    **{(5, number): str(number) for number in range(3)},
    **{(6, 0b011001 + number - 3): str(number) for number in range(3, 10)},
}
"""Huffman's codes of digits, as (bits, code): all that is ever decoded are numbers."""


def encode(method: str, path: str, host: str, headers: Mapping[str, str]) -> bytes:
    """Return a request's header block; names and values as they are, never indexed, not compressed."""
    known = {"GET": METHOD_GET, "POST": METHOD_POST}.get(method)
    block = bytearray([0x80 | known] if known else _literal(METHOD_GET, method))
    block += bytes([0x80 | SCHEME_HTTPS]) + _literal(PATH, path) + _literal(AUTHORITY, host)
    for name, value in headers.items():
        lower = name.lower()
        block += _literal(_NAMES.get(lower, 0), value, lower)
    return bytes(block)


def read(block: bytes) -> tuple[int, float | None]:
    """Return status and Retry-After (s) of an answer's header block; ValueError if it is none."""
    status, retry_after, position = 0, None, 0
    while position < len(block):
        first = block[position]
        if first & 0x80:
            index, position = _integer(block, position, 7)
            status = _STATUSES.get(index, status)
            if index > 61:
                raise ValueError("refers to a table that has no room")
        elif first & 0xE0 == 0x20:
            _, position = _integer(block, position, 5)
        else:
            index, position = _integer(block, position, 6 if first & 0x40 else 4)
            if not index:
                _, _, position = _string(block, position)
            value, huffman, position = _string(block, position)
            if STATUS_FIRST <= index <= STATUS_LAST:
                status = int(_number(value, huffman))
            elif index == RETRY_AFTER:
                text = _number(value, huffman)
                retry_after = float(text) if text else None
    if not 100 <= status < 600:
        raise ValueError("an answer without a status")
    return status, retry_after


def _literal(index: int, value: str, name: str = "") -> bytes:
    begin = _prefixed(index, 4) if index else b"\x00" + _plain(name)
    return begin + _plain(value)


def _plain(text: str) -> bytes:
    return _prefixed(len(text), 7) + text.encode("ascii")


def _prefixed(value: int, bits: int) -> bytes:
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    rest, encoded = value - most, bytearray([most])
    while rest >= 0x80:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _integer(block: bytes, position: int, bits: int) -> tuple[int, int]:
    try:
        most = (1 << bits) - 1
        value = block[position] & most
        position += 1
        if value < most:
            return value, position
        shift = 0
        while True:
            byte = block[position]
            position += 1
            value += (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value, position
    except IndexError:
        raise ValueError("a header block is cut off") from None


def _string(block: bytes, position: int) -> tuple[bytes, bool, int]:
    if position >= len(block):
        raise ValueError("a header block is cut off")
    huffman = bool(block[position] & 0x80)
    length, position = _integer(block, position, 7)
    end = position + length
    if end > len(block):
        raise ValueError("a header block is cut off")
    return block[position:end], huffman, end


def _number(value: bytes, huffman: bool) -> str:
    """Return a header's digits; "" if it holds anything else."""
    if not huffman:
        return value.decode("ascii") if value.isdigit() else ""
    bits, length, found = int.from_bytes(value, "big"), len(value) * 8, ""
    while length >= 5:
        for size in (5, 6):
            digit = (
                _DIGITS.get((size, bits >> (length - size) & ((1 << size) - 1)))
                if length >= size
                else None
            )
            if digit is not None:
                found += digit
                length -= size
                break
        else:
            break
    padding = bits & ((1 << length) - 1)
    return found if length < 8 and padding == (1 << length) - 1 else ""
