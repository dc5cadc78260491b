"""Damages of metrics pages in gzip members: changed with the right checksum, gone, swapped."""

import struct
from pathlib import Path
from random import Random
from zlib import MAX_WBITS, compressobj, crc32, decompressobj

from damage.files import Damage, Unfit, short

_HEADER = b"\x1f\x8b\x08\x10" + b"\0" * 6
"""Of a gzip member with a comment."""


def page_changed(path: Path, chance: Random) -> str:
    """Change one digit of one page, packed into as many bytes and with the right checksum."""
    data = path.read_bytes()
    begin, end = chance.choice(_members(data))
    text = bytearray(decompressobj(16 + MAX_WBITS).decompress(data[begin:end]))
    digits = [at for at, byte in enumerate(text) if 48 <= byte < 58]
    if not digits:
        raise Unfit
    at = chance.choice(digits)
    text[at] = 48 + (text[at] - 48 + chance.randrange(1, 10)) % 10
    path.write_bytes(data[:begin] + _packed(bytes(text), end - begin) + data[end:])
    line = text[text.rfind(b"\n", 0, at) + 1 :].partition(b"\n")[0]
    return f"in the page at {begin}: {short(line.decode(errors='replace'))}"


def page_dropped(path: Path, chance: Random) -> str:
    data = path.read_bytes()
    begin, end = chance.choice(_members(data))
    path.write_bytes(data[:begin] + data[end:])
    return f"without the page at {begin}"


def pages_swapped(path: Path, chance: Random) -> str:
    data = path.read_bytes()
    members = _members(data)
    if len(members) < 2:
        raise Unfit
    first, other = sorted(chance.sample(range(len(members)), 2))
    parts = [data[begin:end] for begin, end in members]
    parts[first], parts[other] = parts[other], parts[first]
    path.write_bytes(b"".join(parts))
    return f"pages {first} and {other} swapped"


OF_PAGES: tuple[Damage, ...] = (page_changed, page_dropped, pages_swapped)


def _members(data: bytes) -> list[tuple[int, int]]:
    """Return where each gzip member of a file begins and ends."""
    found, begin = [], 0
    while begin < len(data):
        member = decompressobj(16 + MAX_WBITS)
        member.decompress(data[begin:])
        end = len(data) - len(member.unused_data)
        found.append((begin, end))
        begin = end
    return found


def _packed(text: bytes, size: int) -> bytes:
    """Return a gzip member of exactly so many bytes, filled up with a comment; Unfit if it takes more."""
    packing = compressobj(level=9, wbits=-MAX_WBITS)
    body = packing.compress(text) + packing.flush()
    body += struct.pack("<II", crc32(text), len(text) & 0xFFFFFFFF)
    left = size - len(_HEADER) - len(body)
    if left < 1:
        raise Unfit
    return _HEADER + b" " * (left - 1) + b"\0" + body
