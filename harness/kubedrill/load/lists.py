"""Load: how a LIST is asked for in each form, and how its answer is known for what was asked."""

import zlib
from dataclasses import dataclass
from typing import Literal

from kubedrill.client.list_metadata import (
    LAST,
    token_json,
    token_protobuf,
    token_unstructured,
    version_json,
)
from kubedrill.client.watching import Encoding
from kubedrill.record.sample import Outcome
from kubedrill.wire.response import Response

Asked = Literal["json", "protobuf", "either"]
Form = Literal["full", "metadata", "table"]

_MEDIA = {"json": "application/json", "protobuf": "application/vnd.kubernetes.protobuf"}
_AS = {
    "full": "",
    "metadata": ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    "table": ";as=Table;g=meta.k8s.io;v=v1",
}
_KINDS = {"metadata": b"PartialObjectMetadataList", "table": b"Table"}
_GZIP = b"\x1f\x8b"


def accept(encoding: Asked, form: Form) -> str:
    """Return the Accept header; "either": protobuf, and JSON where the server has none, as client-go asks."""
    if encoding == "either":
        return f"{accept('protobuf', form)},{accept('json', form)}"
    return _MEDIA[encoding] + _AS[form]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the answer to a LIST must look like."""

    api: str
    """Group and version."""
    kind: bytes
    """Of the list; empty for custom resources, whose kind nobody has said."""
    encoding: Encoding
    form: Form

    @property
    def unstructured(self) -> bool:
        """Whether the server writes its keys in order of the alphabet: metadata after the items."""
        return not self.kind and self.form == "full"

    def judge(self, response: Response) -> int:
        """Return the status, or MALFORMED for a body that is not the list that was asked for."""
        if not 200 <= response.status < 300:
            return response.status
        head = _plain(response.head)
        if self.encoding == "protobuf":
            good = head.startswith(b"k8s\0") and self._kind() in head[:96]
        else:
            # The end of what is compressed says nothing; its length was right.
            ends = response.head.startswith(_GZIP) or response.tail.endswith((b"}\n", b"}"))
            good = head.startswith(self._start()) and ends
        return response.status if good else Outcome.MALFORMED

    def token(self, head: bytes, last: bytes) -> str:
        """Return a page's continue token, "" on the last page; ValueError if there is no telling.

        `head`: the first HEAD bytes as they came; `last`: those of a BodyTail, if it is `unstructured`.
        """
        if self.unstructured:
            return token_unstructured(last)
        return (token_protobuf if self.encoding == "protobuf" else token_json)(_plain(head))

    def _kind(self) -> bytes:
        return _KINDS.get(self.form, self.kind)

    def _start(self) -> bytes:
        if self.unstructured:
            return b'{"apiVersion":"' + self.api.encode("ascii") + b'"'
        return b'{"kind":"' + self._kind() + b'"'


class BodyTail:
    """The last LAST bytes of a body that comes piece by piece, decompressed; the rest is not kept."""

    def __init__(self) -> None:
        self.last = b""
        self._gzip: zlib._Decompress | None = None
        self._begun = False

    def take(self, piece: bytes) -> None:
        """Take the next piece. What is broken ends without a token, as Expected.judge finds it."""
        if not self._begun:
            self._begun = True
            self._gzip = zlib.decompressobj(31) if piece.startswith(_GZIP[:1]) else None
        if self._gzip is not None:
            try:
                piece = self._gzip.decompress(piece)
            except zlib.error:
                piece = b""
        self.last = (self.last + piece)[-LAST:]


def version_in(head: bytes) -> str:
    """Return the resourceVersion of a JSON list from its body; ValueError if there is none."""
    return version_json(_plain(head))


def _plain(head: bytes) -> bytes:
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(31).decompress(head)
    except zlib.error:
        return b""
