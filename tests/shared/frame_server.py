"""A TLS server that speaks HTTP/2 frame by frame, well or badly, as a request's path says: `/goaway` ..."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from behaving_server import Certificate, reset_at_close

from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.frames import frame

BODY = b"x" * 100
PLENTY = 2**31 - 1


@dataclass
class Request:
    """One request, as it came."""

    stream: int
    headers: dict[str, str]
    body: bytes = b""
    whole: threading.Event = field(default_factory=threading.Event)

    @property
    def path(self) -> str:
        return self.headers[":path"].partition("?")[0]


_STATIC = {1: ":authority", 2: ":method", 4: ":path", 16: "accept-encoding", 19: "accept"}
_STATIC |= {23: "authorization", 28: "content-length", 31: "content-type", 58: "user-agent"}
_INDEXED = {0x82: (":method", "GET"), 0x83: (":method", "POST"), 0x87: (":scheme", "https")}


def integer(block: bytes, at: int, mask: int) -> tuple[int, int]:
    value, shift = block[at] & mask, 0
    at += 1
    if value == mask:
        while True:
            value += (block[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if block[at - 1] < 0x80:
                break
    return value, at


def text(block: bytes, at: int) -> tuple[str, int]:
    assert block[at] < 0x80, "compressed"
    length, at = integer(block, at, 0x7F)
    return block[at : at + length].decode(), at + length


def headers_of(block: bytes) -> dict[str, str]:
    """Return a request's headers; for blocks that are plain and refer to no dynamic table."""
    found, at = {}, 0
    while at < len(block):
        if block[at] in _INDEXED:
            name, value = _INDEXED[block[at]]
            at += 1
        elif block[at] == 0x20:
            found["table"], at = "0", at + 1
            continue
        else:
            assert block[at] < 0x20, "would be indexed"
            index, at = integer(block, at, 0x0F)
            name, at = (_STATIC[index], at) if index else text(block, at)
            value, at = text(block, at)
        found[name] = value
    return found


def literal(name: str, value: str) -> bytes:
    return b"".join([b"\0", *(bytes([len(text)]) + text.encode() for text in (name, value))])


def head(status: int = 200, length: int | None = None, **headers: str) -> bytes:
    """Return an answer's header block."""
    block = literal(":status", str(status)) if status != 200 else b"\x88"
    if length is not None:
        block += literal("content-length", str(length))
    return block + b"".join(literal(name, value) for name, value in headers.items())


def goaway_after(stream: int) -> bytes:
    """Return a GOAWAY frame: the streams up to this one were taken."""
    return frame(frames.GOAWAY, 0, 0, frames.NUMBER.pack(stream) + frames.NUMBER.pack(0))


class Talk:
    """One connection."""

    def __init__(self, plain: socket.socket, tls: ssl.SSLContext, server: "FrameServer") -> None:
        self._plain, self._server = plain, server
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self.windows = {0: 65_535}
        self._initial = 65_535
        self.requests: dict[int, Request] = {}
        self.frames: list[tuple[int, int, int, bytes]] = []
        """What the client has sent: (kind, flags, stream, payload)."""
        self.reset: set[int] = set()
        self.met: tuple[str | None, bytes | None] = (None, None)
        """The version of TLS, and the client's certificate, DER."""
        self.last: int | None = None
        """The last stream that is taken, once the client was told to leave."""
        self.ended: Exception | None = None
        """As what its end was seen."""

    def send(self, *parts: bytes) -> None:
        with self._lock:
            self._tls.write(b"".join(parts))
            self._plain.sendall(self._outgoing.read())

    def head(self, stream: int, block: bytes, flags: int = 0) -> None:
        self.send(frame(frames.HEADERS, frames.END_HEADERS | flags, stream, block))

    def body(self, stream: int, data: bytes, ends: bool = True, size: int = frames.FRAME) -> None:
        """Send a body in frames of `size`, within the client's windows."""
        while data or ends:
            with self._changed:
                while data and self._room(stream) <= 0:
                    self._changed.wait()
                if stream in self.reset:
                    return
                count = min(self._room(stream), size, len(data))
                flags = frames.END_STREAM if ends and count == len(data) else 0
                self.send(frame(frames.DATA, flags, stream, data[:count]))
                self.windows[0] -= count
                self.windows[stream] -= count
                data = data[count:]
            if flags:
                return

    def _room(self, stream: int) -> int:
        return min(self.windows[0], self.windows[stream]) if stream not in self.reset else 1

    def answer(self, stream: int, data: bytes = BODY) -> None:
        self.head(stream, head(length=len(data)))
        self.body(stream, data)

    def leave(self) -> None:
        """Send a GOAWAY, once, and a PING: who answers it has read both."""
        with self._lock:
            if self.last is None:
                self.last = max(self.requests)
                self.send(goaway_after(self.last), frame(frames.PING, 0, 0, b"and read"))

    def takes(self, request: Request) -> bool:
        """Return whether a request is to be answered: what has crossed the GOAWAY is not."""
        return self.last is None or request.stream <= self.last

    def credit(self, stream: int, more: int) -> None:
        self.send(frames.window_update(stream, more))

    def close(self, abruptly: bool = False) -> None:
        with self._lock:
            if abruptly:
                reset_at_close(self._plain)
            # Wakes the thread that reads, which closes it.
            self._plain.shutdown(socket.SHUT_RD if abruptly else socket.SHUT_RDWR)

    def run(self) -> None:
        try:
            while not self._shaken():
                self._more()
            self.met = (self._tls.version(), self._tls.getpeercert(binary_form=True))
            self.send(*self._server.greeting())
            data = b""
            while len(data) < len(frames.PREFACE):
                data += self._read()
            assert data.startswith(frames.PREFACE)
            data = data[len(frames.PREFACE) :]
            while True:
                data = self._cut(data) + self._read()
        except (OSError, EOFError) as error:
            self.ended = error
        finally:
            self._plain.close()

    def _shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self._plain.sendall(self._outgoing.read())
        return True

    def _more(self) -> None:
        data = self._plain.recv(65536)
        if not data:
            raise EOFError
        with self._lock:
            self._incoming.write(data)

    def _read(self) -> bytes:
        while True:
            with self._lock:
                try:
                    return self._tls.read(65536)
                except ssl.SSLWantReadError:
                    pass
            self._more()

    def _cut(self, data: bytes) -> bytes:
        while len(data) >= 9:
            word, flags, stream = frames.HEAD.unpack_from(data)
            end = 9 + (word >> 8)
            if len(data) < end:
                break
            self._take(word & 0xFF, flags, stream, data[9:end])
            data = data[end:]
        return data

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        with self._changed:
            self.frames.append((kind, flags, stream, payload))
            if kind == frames.HEADERS:
                self.windows[stream] = self._initial
                self.requests[stream] = Request(stream, headers_of(payload))
                self._server.requests.append(self.requests[stream])
                behaviour = self._server.behaviours[self.requests[stream].path]
                threading.Thread(
                    target=self._behave, args=(behaviour, self.requests[stream]), daemon=True
                ).start()
            elif kind == frames.DATA:
                self.requests[stream].body += payload
            elif kind == frames.SETTINGS and not flags:
                for name, value in frames.SETTING.iter_unpack(payload):
                    if name == frames.INITIAL_WINDOW_SIZE:
                        self._initial = value
            elif kind == frames.WINDOW_UPDATE:
                self.windows[stream] = self.windows.get(stream, 0) + frames.number(payload)
            elif kind == frames.PING and not flags and self._server.answers_pings:
                self.send(frame(frames.PING, frames.ACK, 0, payload))
            elif kind == frames.RST_STREAM:
                self.reset.add(stream)
            if kind in {frames.HEADERS, frames.DATA} and flags & frames.END_STREAM:
                self.requests[stream].whole.set()
            self._changed.notify_all()

    def _behave(self, behaviour: "Behaviour", request: Request) -> None:
        try:
            behaviour(self, request)
        except OSError:
            pass


Behaviour = Callable[[Talk, Request], None]


class FrameServer:
    """Accepts connections; `settings` and `behaviours` may be changed before they are."""

    def __init__(self, certificate: Certificate, behaviours: dict[str, Behaviour]) -> None:
        self.tls = certificate.context()
        self.tls.set_alpn_protocols(["h2"])
        self.behaviours = behaviours
        self.settings: dict[int, int] = {}
        self.greets = True
        self.answers_pings = False
        self.talks: list[Talk] = []
        self.requests: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def served(self) -> list[Request]:
        """The requests, as who waits for so many calls them of any server."""
        return self.requests

    def greeting(self) -> list[bytes]:
        return [frames.settings(self.settings)] if self.greets else []

    def close(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.talks.append(Talk(plain, self.tls, self))
            threading.Thread(target=self.talks[-1].run, daemon=True).start()


def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Wait without the event loop's help; AssertionError if it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
