"""A stand-in for an API server that LISTs and watches ConfigMaps: what is PUT is seen by every watch."""

import json
import queue
import ssl
import threading
import time
from urllib.parse import parse_qs, urlsplit

from behaving_server import CHUNKED, BehavingServer, Certificate, head
from list_server import tag

FIRST = 100
"""The version of all that is there at the start."""


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def json_object(version: int, annotations: dict[str, str]) -> bytes:
    metadata = {"name": "one", "resourceVersion": str(version), "annotations": annotations}
    value = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}
    return json.dumps(value, separators=(",", ":")).encode()


def json_event(kind: str, version: int, annotations: dict[str, str]) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), json_object(version, annotations))


def protobuf_event(kind: str, version: int, annotations: dict[str, str]) -> bytes:
    metadata = tag(1, b"one") + tag(6, str(version).encode())
    for name, value in annotations.items():
        metadata += tag(12, tag(1, name.encode()) + tag(2, value.encode()))
    unknown = b"k8s\0" + tag(1, tag(1, b"v1")) + tag(2, tag(1, metadata))
    event = tag(1, kind.encode()) + tag(2, tag(1, unknown))
    return len(event).to_bytes(4, "big") + event


def error_event(code: int) -> bytes:
    status = {"kind": "Status", "status": "Failure", "code": code}
    return json.dumps({"type": "ERROR", "object": status}, separators=(",", ":")).encode() + b"\n"


class WatchServer(BehavingServer):
    """Answers as an apiserver would, until it is told to fail; remembers what was asked."""

    def __init__(self, certificate: Certificate) -> None:
        self.items = 5
        self.asked: list[tuple[int, str, str, dict[str, str]]] = []
        """(ns, method, path, query) of each request."""
        self.watch_status = "200 OK"
        """Of the watches that are opened from now on."""
        self.mark_end = True
        self.first = b""
        """What comes after the initial events, as it is."""
        self.next: list[bytes] = []
        """What the next watches get instead of an answer; nothing: their connection ends."""
        self.pace_s = 0.02
        """How often each watch looks for what is new."""
        self.mute = False
        """Whether LISTs, and watches that are opened, wait for an answer, and open ones see nothing more."""
        self.sent = 0
        """How often a watch was told of a write."""
        self.forgotten = False
        """Whether what begins at a version, be it a list, is Gone."""
        self._lock = threading.Lock()
        self._log: list[tuple[int, dict[str, str]]] = []
        self._version = FIRST
        self._watches: list[queue.SimpleQueue[bytes]] = []
        super().__init__(certificate)

    @property
    def watching(self) -> int:
        """How many watches are open now."""
        return len(self._watches)

    def queries(self, method: str, watch: bool) -> list[dict[str, str]]:
        return [q for _, verb, _, q in self.asked if verb == method and ("watch" in q) == watch]

    def to_all(self, data: bytes) -> None:
        """Send these bytes, as they are, to every watch."""
        self._order(chunk(data))

    def cut(self, abruptly: bool) -> None:
        """End every watch: in order, or as a process that dies."""
        self._order(b"" if abruptly else b"0\r\n\r\n")

    def _order(self, data: bytes) -> None:
        for watch in list(self._watches):
            watch.put(data)

    def answer(self, connection: ssl.SSLSocket, request: bytes) -> bool:
        start, _, rest = request.partition(b"\r\n")
        method, target, _ = start.decode().split()
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((time.monotonic_ns(), method, parts.path, query))
        protobuf = b"protobuf" in rest
        if method == "GET":
            while self.mute:
                time.sleep(0.05)
        if query.get("watch") and self.next:
            connection.sendall(data := self.next.pop(0))
            return bool(data)
        if query.get("watch"):
            return self._watch(connection, query, protobuf)
        if method == "GET":
            if self.forgotten and query.get("resourceVersion", "0") != "0":
                connection.sendall(head("Content-Length: 2", status="410 Gone") + b"no")
                return True
            return self._list(connection, protobuf)
        body = self._body(connection, rest)
        answer = self._write(body) if method == "PUT" else b"{}"
        connection.sendall(head(f"Content-Length: {len(answer)}") + answer)
        return True

    def _body(self, connection: ssl.SSLSocket, rest: bytes) -> bytes:
        lines, _, body = rest.partition(b"\r\n\r\n")
        length = int(lines.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        while len(body) < length:
            body += connection.recv(65536)
        return body

    def _write(self, body: bytes) -> bytes:
        written = json.loads(body)
        metadata = written["metadata"]
        with self._lock:
            self._version += 1
            self._log.append((self._version, metadata["annotations"]))
            metadata["resourceVersion"] = str(self._version)
        return json.dumps(written, separators=(",", ":")).encode()

    def _list(self, connection: ssl.SSLSocket, protobuf: bool) -> bool:
        version = str(self._version)
        if protobuf:
            metadata = tag(1, b"") + tag(2, version.encode())
            body = b"k8s\0" + tag(1, tag(1, b"v1")) + tag(2, tag(1, metadata))
        else:
            value = {"kind": "ConfigMapList", "metadata": {"resourceVersion": version}, "items": []}
            body = json.dumps(value, separators=(",", ":")).encode() + b"\n"
        connection.sendall(head(f"Content-Length: {len(body)}") + body)
        return True

    def _watch(self, connection: ssl.SSLSocket, query: dict[str, str], protobuf: bool) -> bool:
        anew = "sendInitialEvents" in query
        gone = self.forgotten and anew and "resourceVersion" in query
        status = "410 Gone" if gone else self.watch_status
        if status != "200 OK":
            connection.sendall(head("Content-Length: 2", status=status) + b"no")
            return True
        event = protobuf_event if protobuf else json_event
        connection.sendall(CHUNKED)
        version = int(query.get("resourceVersion") or self._version)
        if query.get("sendInitialEvents"):
            for _ in range(self.items):
                connection.sendall(chunk(event("ADDED", version, {})))
            if self.first:
                connection.sendall(chunk(self.first))
            if self.mark_end:
                marked = {"k8s.io/initial-events-end": "true"}
                connection.sendall(chunk(event("BOOKMARK", version, marked)))
        orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._watches.append(orders)
        try:
            self._follow(connection, version, event, orders)
        finally:
            self._watches.remove(orders)
        return False

    def _follow(self, connection: ssl.SSLSocket, version: int, event, orders) -> None:
        connection.settimeout(self.pace_s)
        while True:
            news = [] if self.mute else [write for write in self._log if write[0] > version]
            for number, annotations in news:
                connection.sendall(chunk(event("MODIFIED", number, annotations)))
                version = number
                with self._lock:
                    self.sent += 1
            if not orders.empty():
                data = orders.get()
                if data:
                    connection.sendall(data)
                if data in {b"", b"0\r\n\r\n"}:
                    return
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                pass
