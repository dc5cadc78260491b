"""A real proxy before an apiserver, a process of its own, that tells one lie of what it passes on, or none.

python lying_proxy.py LIE CONFIG.json; prints its port. It ends when its stdin does.
"""

import http.client
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kubedrill.wire.namespace import open_socket

OF_WATCHES = ("drop", "duplicate", "reorder")
"""What it does to an event. Else it answers `stale`, or acknowledges a write and does `swallow` it."""
NTH = 3
"""The event, read or write that it lies about: some come before it, and some after."""


class LyingProxy:
    """Ends TLS with a certificate of its own; upstream it is who its configuration says."""

    def __init__(self, lie: str, config: dict[str, Any]) -> None:
        self._lie = lie
        self._config = config
        self._lock = threading.Lock()
        self._counted = 0
        self._first: dict[str, bytes] = {}
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.load_cert_chain(config["certificate"], config["key"])
        self._client = ssl.create_default_context(cafile=config["upstream_ca"])
        self._client.load_cert_chain(config["upstream_certificate"], config["upstream_key"])
        self._client.check_hostname = (
            False  # dialled by its address, as the cluster's record has it
        )
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve(self) -> None:
        while True:
            plain, _ = self.listener.accept()
            threading.Thread(target=self._talk, args=(plain,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        try:
            with self._server.wrap_socket(plain, server_side=True) as connection:
                upstream = self._upstream()
                with connection.makefile("rb") as stream:
                    while self._answer(connection, stream, upstream):
                        pass
                upstream.close()
        except (OSError, http.client.HTTPException, ValueError):
            return  # as of a proxy whose upstream is gone: the connection ends

    def _upstream(self) -> http.client.HTTPSConnection:
        """Return a connection that begins in the network namespace from which the server is reached."""
        made = http.client.HTTPSConnection(self._config["host"], timeout=60, context=self._client)
        upstream = open_socket(socket.AF_INET, self._config["netns"])
        upstream.connect((self._config["host"], self._config["port"]))
        plain = socket.socket(fileno=upstream.detach())
        plain.settimeout(60)
        made.sock = self._client.wrap_socket(plain)
        return made

    def _answer(self, connection: Any, stream: Any, upstream: http.client.HTTPSConnection) -> bool:
        line = stream.readline()
        if not line:
            return False
        method, path, _ = line.decode().split()
        headers: dict[str, str] = {}
        while (header := stream.readline().strip()) != b"":
            name, _, value = header.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        body = stream.read(int(headers.pop("content-length", 0)))
        if self._lie == "swallow" and method == "PUT" and self._is_it():
            _reply(connection, 200, _as_if_written(body))
            return True
        headers.pop("host", None)
        upstream.request(method, path, body or None, headers)
        response = upstream.getresponse()
        if "watch=1" in path:
            _head(connection, response.status, "Transfer-Encoding: chunked")
            for event in self._told(iter(response.readline, b"")):
                connection.sendall(b"%x\r\n%s\r\n" % (len(event), event))
            connection.sendall(b"0\r\n\r\n")
            return True
        _reply(connection, response.status, self._shown(method, path, response.read()))
        return True

    def _is_it(self) -> bool:
        """Whether this one is the one to lie about."""
        with self._lock:
            self._counted += 1
            return self._counted == NTH

    def _shown(self, method: str, path: str, body: bytes) -> bytes:
        is_quorum = method == "GET" and "?" not in path
        if self._lie != "stale" or not is_quorum:
            return body
        first = self._first.setdefault(path, body)
        return first if first != body and self._is_it() else body

    def _told(self, events: Iterator[bytes]) -> Iterator[bytes]:
        held = b""
        for event in events:
            is_it = self._lie in OF_WATCHES and b'"type":"MODIFIED"' in event and self._is_it()
            if is_it and self._lie == "reorder":
                held = event
            elif not (is_it and self._lie == "drop"):
                yield from (event, event) if is_it and self._lie == "duplicate" else (event,)
                if held and not is_it:
                    yield held
                    held = b""


def _as_if_written(body: bytes) -> bytes:
    content = json.loads(body)
    version = int(content["metadata"]["resourceVersion"])
    content["metadata"]["resourceVersion"] = str(version + 1)
    return json.dumps(content).encode()


def _reply(connection: Any, status: int, body: bytes) -> None:
    _head(connection, status, f"Content-Length: {len(body)}")
    connection.sendall(body)


def _head(connection: Any, status: int, line: str) -> None:
    connection.sendall(f"HTTP/1.1 {status} X\r\n{line}\r\n\r\n".encode())


def _end_with_parent(end: Callable[[], object]) -> None:
    sys.stdin.read()
    end()


def main() -> None:
    lie, config = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    proxy = LyingProxy(lie, config)
    print(proxy.listener.getsockname()[1], flush=True)
    threading.Thread(target=proxy.serve, daemon=True).start()
    _end_with_parent(proxy.listener.close)


if __name__ == "__main__":
    main()
