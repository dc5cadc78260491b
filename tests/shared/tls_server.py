"""A local TLS server whose behaviour is known and can be changed while it runs."""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from kubedrill.clock import now
from kubedrill.record.cluster import Endpoint


@dataclass
class Reply:
    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class TlsServer:
    """HTTP/1.1 over TLS; `answers` until told to `stall` (accepts, says nothing) or to `refuse`."""

    def __init__(self, context: ssl.SSLContext, answer: Callable[[str, str, bytes], Reply]):
        self._context = context
        self._answer = answer
        self._going = threading.Event()
        self._going.set()
        self._open: set[socket.socket] = set()
        self.requests: list[tuple[int, str, str]] = []
        self.agents: set[str] = set()
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._serve()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port)

    def _serve(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self._serve()

    def stall(self) -> None:
        self._going.clear()

    def answers(self) -> None:
        self._going.set()

    def close(self) -> None:
        try:
            self.refuse()
        except OSError:
            pass
        self._going.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._talk, args=(plain,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        connection = plain
        try:
            self._going.wait()
            connection = self._context.wrap_socket(plain, server_side=True)
            self._open.add(connection)
            with connection.makefile("rb") as stream:
                while self._one(connection, stream):
                    pass
        except OSError:
            pass
        finally:
            self._open.discard(connection)
            connection.close()

    def _one(self, connection, stream) -> bool:
        line = stream.readline()
        if not line:
            return False
        method, path, _ = line.decode().split()
        headers = {}
        while (header := stream.readline().strip()) != b"":
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        self._going.wait()
        self.requests.append((now(), method, path))
        self.agents.add(headers.get("authorization", "certificate"))
        reply = self._answer(method, path, body)
        head = {"Content-Length": str(len(reply.body)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        connection.sendall(f"HTTP/1.1 {reply.status} X\r\n{lines}\r\n".encode() + reply.body)
        return True


class ProbeObject:
    """The ConfigMaps that probes read and write; `frozen` is what resourceVersion=0 returns of each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.version = 100
        self.versions: dict[str, int] = {}
        self.frozen: dict[str, int] | None = None

    def freeze(self) -> None:
        with self._lock:
            self.frozen = dict(self.versions)

    def thaw(self) -> None:
        with self._lock:
            self.frozen = None

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        name, _, query = path.rpartition("/")[2].partition("?")
        with self._lock:
            if method == "PUT":
                assert json.loads(body)["metadata"]["name"] == name
                self.version += 1
                self.versions[name] = self.version
            cached = self.frozen is not None and query == "resourceVersion=0"
            version = (self.frozen if cached else self.versions).get(name, 100)
        metadata = {"name": name, "resourceVersion": str(version)}
        answer = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}
        return Reply(json.dumps(answer, separators=(",", ":")).encode())
