"""Wire: header blocks (RFC 7541), as little of them as a client of the API needs.

Both ways without the dynamic table: ours never refers to it, so that a prepared request fits any stream of
any connection; the server is told that its table has no room, so that nothing has to be remembered, and
headers that are of no use here are skipped by their length.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from kubedrill.wire.http2.frames import malformed

TABLE = 61
"""Entries of the static table."""
_AUTHORITY, _GET, _POST, _PATH, _HTTPS = 1, 2, 3, 4, 7
_NAMES = {
    "accept": 19,
    "accept-encoding": 16,
    "authorization": 23,
    "content-length": 28,
    "content-type": 31,
    "user-agent": 58,
}
_NEVER_INDEXED = 0x10
"""Says to proxies, too, that a value is a secret."""

_STATUSES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
_STATUS, _LENGTH, _RETRY = "status", "length", "retry-after"
_WANTED = {**dict.fromkeys(_STATUSES, _STATUS), 28: _LENGTH, 53: _RETRY}

_CODES = {letter: (number, 5) for number, letter in enumerate("012aceiost")} | {
    letter: (0b010100 + number, 6) for number, letter in enumerate(" %-./3456789=A_bdfghlmnpru")
}
"""Huffman's codes of 5 and 6 bits, (code, bits); that is all that digits and most names need."""
_CODES |= {":": (0b1011100, 7), "y": (0b1111010, 7)}


class Fields(NamedTuple):
    """What is read of an answer's header block."""

    status: int
    """0 in trailers."""
    length: int
    """Content-Length; -1 if it was not said."""
    retry_after: float | None
    """Seconds, if it was said in seconds."""


def encode(method: str, path: str, host: str, headers: Mapping[str, str]) -> bytes:
    """Return a request's header block; names and values as they are, never indexed, not compressed."""
    known = {"GET": _GET, "POST": _POST}.get(method)
    block = bytes([0x80 | known]) if known else _literal(_GET, method)
    block += bytes([0x80 | _HTTPS]) + _literal(_PATH, path) + _literal(_AUTHORITY, host)
    for name, value in headers.items():
        block += _literal(_NAMES.get(name.lower(), 0), value, name.lower())
    return block


def read(block: bytes) -> Fields:
    """Return what an answer's header block says; MALFORMED if it is none."""
    try:
        return _read(block)
    except (IndexError, ValueError):
        raise malformed("a broken header block") from None


def _read(block: bytes) -> Fields:
    status, length, retry = 0, -1, None
    position, end = 0, len(block)
    while position < end:
        first = block[position]
        if first & 0x80:
            position += 1
            status = _STATUSES.get(first & 0x7F, status)
            if not 0x80 < first <= 0x80 | TABLE:
                raise malformed("a header that is in no table")
        elif first & 0xE0 == 0x20:
            size, position = _integer(block, position, 0x1F)
            if size:
                raise malformed("a header table larger than there is room for")
        else:
            wanted, position = _name(block, position)
            start = position
            position = _after(block, position)
            if wanted is _STATUS:
                status = int(_digits(block[start:position]))
            elif wanted is _LENGTH:
                length = int(_digits(block[start:position]))
            elif wanted is _RETRY:
                value = _digits(block[start:position])
                retry = float(value) if value else None
    if position != end:
        raise malformed("a header block is cut off")
    return Fields(status, length, retry)


def _name(block: bytes, position: int) -> tuple[str | None, int]:
    """Return which of the wanted headers a literal is, and where its value begins."""
    mask = 0x3F if block[position] & 0x40 else 0x0F
    index, after = _integer(block, position, mask)
    if index:
        if index > TABLE:
            raise malformed("a header that is in no table")
        return _WANTED.get(index), after
    end = _after(block, after)
    return _SPELT.get(block[after:end]), end


def _after(block: bytes, position: int) -> int:
    """Return where a string ends that begins at `position`."""
    length = block[position] & 0x7F
    if length < 0x7F:
        return position + 1 + length
    length, position = _integer(block, position, 0x7F)
    return position + length


def _integer(block: bytes, position: int, mask: int) -> tuple[int, int]:
    """Return a number, and where it ends; `mask` are the bits of its first byte."""
    value = block[position] & mask
    position += 1
    if value < mask:
        return value, position
    for shift in range(0, 28, 7):
        byte = block[position]
        position += 1
        value += (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise malformed("a number without end")


@lru_cache(4096)
def _digits(string: bytes) -> str:
    """Return what a string (of fewer than 127 bytes, its length before it) says, "" if not digits only."""
    value = string[1:]
    if not string[0] & 0x80:
        return value.decode("ascii") if value.isdigit() else ""
    bits, found = "".join(f"{byte:08b}" for byte in value), ""
    while len(bits) > 7 or "0" in bits:
        for size in (5, 6):
            digit = _DIGITS.get(bits[:size])
            if digit is not None:
                found, bits = found + digit, bits[size:]
                break
        else:
            return ""
    return found


def _literal(index: int, value: str, name: str = "") -> bytes:
    kind = _NEVER_INDEXED if name == "authorization" else 0
    begin = _prefixed(index, 0x0F, kind) if index else b"\x00" + _plain(name)
    return begin + _plain(value)


def _plain(text: str) -> bytes:
    return _prefixed(len(text), 0x7F) + text.encode("ascii")


def _prefixed(value: int, mask: int, kind: int = 0) -> bytes:
    if value < mask:
        return bytes([kind | value])
    rest, encoded = value - mask, bytearray([kind | mask])
    while rest >= 0x80:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _compressed(text: str) -> bytes:
    bits = "".join(f"{code:0{size}b}" for code, size in map(_CODES.__getitem__, text))
    whole = bits + "1" * (-len(bits) % 8)
    value = int(whole, 2).to_bytes(len(whole) // 8, "big")
    return bytes([0x80 | len(value)]) + value


_SPELT = {
    written: wanted
    for name, wanted in {
        ":status": _STATUS,
        "content-length": _LENGTH,
        "retry-after": _RETRY,
    }.items()
    for written in (_plain(name), _compressed(name))
}
"""Names that a server spells out, both ways: none has to be decoded to be known."""
_DIGITS = {f"{_CODES[digit][0]:0{_CODES[digit][1]}b}": digit for digit in "0123456789"}
