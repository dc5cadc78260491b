"""A TLS server that sends its bodies one byte at a time: a TLS record, a segment or a chunk each.

The path says how and how much: `/record/1000000`, `/segment/50000`, `/chunk/1000000`.
"""

import socket
import ssl
from collections.abc import Callable, Iterator

from behaving_server import BehavingServer, head

BATCH = 10_000
"""Records that leave in one go; made one by one they would take longer than the client needs."""


class TricklingServer(BehavingServer):
    def _talk(self, plain: socket.socket) -> None:
        try:
            with plain:
                _Trickle(plain, self._context).answer_all()
        except OSError:
            pass


class _Trickle:
    def __init__(self, plain: socket.socket, context: ssl.SSLContext) -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def answer_all(self) -> None:
        self._patiently(self._tls.do_handshake)
        while request := self._patiently(lambda: self._tls.read(65536)):
            _, how, size = request.split()[1].decode().split("/")
            self._send(
                head("Transfer-Encoding: chunked" if how == "chunk" else f"Content-Length: {size}")
            )
            for piece, count in _pieces(how, int(size)):
                self._send(*[piece] * count)

    def _send(self, *records: bytes) -> None:
        for record in records:
            self._tls.write(record)
        self._plain.sendall(self._outgoing.read())

    def _patiently(self, step: Callable[[], bytes | None]) -> bytes | None:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self._plain.sendall(self._outgoing.read())
                received = self._plain.recv(65536)
                if not received:
                    return b""
                self._incoming.write(received)
            finally:
                self._plain.sendall(self._outgoing.read())


def _pieces(how: str, size: int) -> Iterator[tuple[bytes, int]]:
    """Yield a record, and how many of it leave together."""
    match how:
        case "segment":
            yield from [(b"x", 1)] * size
        case "record":
            yield from [(b"x", BATCH)] * (size // BATCH)
        case "chunk":
            yield from [(b"1\r\nx\r\n" * BATCH, 1)] * (size // BATCH)
            yield b"0\r\n\r\n", 1
