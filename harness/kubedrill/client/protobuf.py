"""Client: single fields of a protobuf message, found without decoding the rest; messages made of fields."""

from collections.abc import Iterator

MAGIC = b"k8s\x00"
"""What Kubernetes puts before its envelope, runtime.Unknown."""
PROTOBUF = "application/vnd.kubernetes.protobuf"

Value = bytes | str | int


def enveloped(message: bytes) -> bytes:
    """Return what the envelope (runtime.Unknown) holds in its field 2; ValueError if it is none."""
    if not message.startswith(MAGIC):
        raise ValueError("no protobuf of Kubernetes")
    return field(message[len(MAGIC) :], 2)


def field(message: bytes, wanted: int) -> bytes:
    """Return a length-delimited field of a message, as much of it as is there; b"" if absent."""
    found = (value for key, value in _fields(message) if key == wanted)
    return next((value for value in found if isinstance(value, bytes)), b"")


def number(message: bytes, wanted: int) -> int:
    """Return a number in a message, 1 for what holds; 0 if absent."""
    found = (value for key, value in _fields(message) if key == wanted)
    return next((value for value in found if isinstance(value, int)), 0)


def message(*fields: tuple[int, Value]) -> bytes:
    """Return a message of these fields, each with its number; what is empty, or 0, is left out."""
    return b"".join(_encoded(wanted, value) for wanted, value in fields if value)


def envelope(version: str, kind: str, content: bytes) -> bytes:
    """Return an object of that version and kind in its envelope."""
    return MAGIC + message((1, message((1, version), (2, kind))), (2, content))


def _encoded(wanted: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _encoded_number(wanted << 3) + _encoded_number(value)
    data = value.encode() if isinstance(value, str) else value
    return _encoded_number(wanted << 3 | 2) + _encoded_number(len(data)) + data


def _encoded_number(value: int) -> bytes:
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        value, position = _varint(message, position)
        if key & 7 == 2:
            yield key >> 3, message[position : position + value]
            position += value
        elif key & 7 == 0:
            yield key >> 3, value
        else:
            raise ValueError(f"wire type {key & 7} is not used by Kubernetes")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("the message ends within a number")
