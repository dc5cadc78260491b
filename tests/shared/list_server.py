"""A stand-in for an API server that LISTs: of known latency, whole or in pages, JSON or protobuf."""

import base64
import gzip
import json
import random
import threading
import time
from urllib.parse import parse_qs, urlsplit

from behaving_server import BEHAVIOURS, BehavingServer, Certificate, head

ITEMS = 10


def tag(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(value)) + value


def varint(value: int) -> bytes:
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def protobuf_list(kind: str, token: str, items: int) -> bytes:
    """Return a list as apiservers encode it: runtime.Unknown around ListMeta and items."""
    metadata = tag(1, b"") + tag(2, b"12345")
    if token:
        metadata += tag(3, token.encode()) + bytes([4 << 3]) + varint(300)
    objects = tag(1, metadata) + b"".join(tag(2, b"x" * 200) for _ in range(items))
    meta = tag(1, b"v1") + tag(2, kind.encode())
    return b"k8s\0" + tag(1, meta) + tag(2, objects) + tag(3, b"") + tag(4, b"")


def json_list(kind: str, token: str, items: int, version: int = 12345) -> bytes:
    metadata = {"resourceVersion": str(version), **({"continue": token} if token else {})}
    objects = [{"metadata": {"name": "x" * 200}}] * items
    value = {"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": objects}
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def unstructured_list(token: str, items: int) -> bytes:
    """Return a list of custom resources: keys in order of the alphabet, the metadata last."""
    value = {
        "apiVersion": "example.com/v1",
        "items": [{"apiVersion": "example.com/v1", "metadata": {"name": "x" * 200}}] * items,
        "kind": "WidgetList",
        "metadata": {"continue": token, "resourceVersion": "12345"},
    }
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


class ListServer(BehavingServer):
    """Answers LISTs after `latencies` (seconds, one drawn at random); says nothing while it stalls."""

    def __init__(self, certificate: Certificate) -> None:
        self.latencies = [0.0]
        self.kind = "PodList"
        self.version = 12345
        """Of what is LISTed as JSON; exact ones that differ are Gone."""
        self.expired = False
        """Continue tokens are answered with 410, and so are exact versions."""
        self.broken = False
        self.behaviour: str | None = None
        self.served: list[tuple[int, str, dict[str, str]]] = []
        """(ns, path with query, headers) of each request."""
        self._random = random.Random(1)
        self._going = threading.Event()
        self._going.set()
        super().__init__(certificate)

    def stall(self, seconds: float) -> None:
        """Say nothing for so long; what is asked meanwhile is answered afterwards."""
        self._going.clear()
        time.sleep(seconds)
        self._going.set()

    def answer(self, connection, request: bytes) -> bool:
        lines = request.decode().split("\r\n")
        path = lines[0].split()[1]
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        self.served.append((time.monotonic_ns(), path, headers))
        if self.behaviour:
            return BEHAVIOURS[self.behaviour](connection)
        time.sleep(self._random.choice(self.latencies))
        self._going.wait()
        connection.sendall(self._list(path, headers))
        return True

    def _list(self, path: str, headers: dict[str, str]) -> bytes:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        start, limit, token = 0, ITEMS, ""
        if query.get("resourceVersionMatch") == "Exact" and (
            self.expired or query["resourceVersion"] != str(self.version)
        ):
            return head("Content-Length: 0", status="410 Gone")
        if "limit" in query and query.get("resourceVersion") != "0":
            limit = int(query["limit"])
            if "continue" in query:
                if self.expired:
                    return head("Content-Length: 0", status="410 Gone")
                start = int(base64.urlsafe_b64decode(query["continue"]))
            if start + limit < ITEMS:
                token = base64.urlsafe_b64encode(str(start + limit).encode()).decode()
        body = self._body(path, headers["Accept"], token, min(limit, ITEMS - start))
        if self.broken:
            body = b"<html>" + body
        if headers.get("Accept-Encoding") == "gzip":
            body = gzip.compress(body)
            return head(f"Content-Length: {len(body)}", "Content-Encoding: gzip") + body
        return head(f"Content-Length: {len(body)}") + body

    def _body(self, path: str, accept: str, token: str, items: int) -> bytes:
        kind = self.kind
        for form in ("PartialObjectMetadataList", "Table"):
            kind = form if f"as={form}" in accept else kind
        if "example.com" in path and kind == self.kind:
            return unstructured_list(token, items)
        if "protobuf" in accept:
            return protobuf_list(kind, token, items)
        return json_list(kind, token, items, self.version)
