"""Client: single fields of a protobuf message, found without decoding the rest."""

MAGIC = b"k8s\x00"
"""What Kubernetes puts before its envelope, runtime.Unknown."""


def enveloped(message: bytes) -> bytes:
    """Return what the envelope (runtime.Unknown) holds in its field 2; ValueError if it is none."""
    if not message.startswith(MAGIC):
        raise ValueError("no protobuf of Kubernetes")
    return field(message[len(MAGIC) :], 2)


def field(message: bytes, wanted: int) -> bytes:
    """Return a length-delimited field of a message, as much of it as is there; b"" if absent."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        if key & 7 == 0:
            _, position = _varint(message, position)
            continue
        if key & 7 != 2:
            raise ValueError(f"wire type {key & 7} is not used by Kubernetes")
        length, position = _varint(message, position)
        if key >> 3 == wanted:
            return message[position : position + length]
        position += length
    return b""


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
