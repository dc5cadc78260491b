"""Wire: a TLS connection, from the connect to the close; what is said on it is for subclasses.

TLS is fed from memory: one recv takes up to 256 KiB, where OpenSSL on the socket itself would
make two system calls for every 16 KiB.
"""

import _socket
import errno
import ssl
import struct
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, Self, TypeVar

from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError, from_os_error
from kubedrill.wire.namespace import open_socket
from kubedrill.wire.target import Target
from kubedrill.wire.waiting import Waiting

RECEIVE = 256 * 1024
RECORD = 16 * 1024
"""The most that one TLS record holds."""
FEED = 64 * 1024
"""How much of what came OpenSSL gets at once: its buffer of each connection stays as large as the largest."""
GATHER = RECEIVE
"""For how much of a long body a reader is woken at once, not for every record."""
GATHER_OF_BUFFER = 8
"""An eighth of a socket's buffer may stay unread, a quarter of its window. A sender that has no room for
another segment (64 KiB on loopback) tries again after 200 ms: with a fixed mark, and records of 4 KB, in a
quarter to a half of all first bodies.
"""

CUT_OFF = "closed before the answer was whole"
LATE = "no whole answer in time"

Waits = TypeVar("Waits", bound=Waiting)

Take = Callable[[bytearray, int], None]
"""Takes the first so many bytes of a buffer, which is used again afterwards."""


def reset(sock: _socket.socket) -> None:
    """Close a socket so that the peer is told that nobody here knows of the connection any more."""
    sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, _NO_LINGER)
    sock.close()


_NO_LINGER = struct.pack("ii", 1, 0)


class Scratch:
    """Where bytes pass through on their way to be counted; borrowed between two waits only."""

    __slots__ = ("network", "network_view", "plain", "plain_view")

    def __init__(self) -> None:
        self.network = bytearray(RECEIVE)
        self.network_view = memoryview(self.network)
        # What is decrypted at once: beside the whole records, one that had begun before.
        self.plain = bytearray(FEED + 2 * RECORD)
        self.plain_view = memoryview(self.plain)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _scratches.append(self)


_scratches: deque[Scratch] = deque()
"""One for each thread that ever received at the same time as others; under gevent, one."""


def borrowed() -> Scratch:
    """Return a scratch to use with `with`, between two waits only."""
    return _scratches.pop() if _scratches else Scratch()


class TlsConnection(Generic[Waits]):
    """A TLS connection. `bytes_in`, `bytes_out`: on the wire, TLS included."""

    __slots__ = (
        "_ended",
        "_incoming",
        "_least",
        "_outgoing",
        "_read",
        "_socket",
        "_tls",
        "_waiting",
        "_write",
        "bytes_in",
        "bytes_out",
        "closed",
        "peer",
    )

    def __init__(self, sock: _socket.socket, target: Target, waiting: Waits) -> None:
        self._socket = sock
        self._waiting = waiting
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = target.tls.wrap_bio(
            self._incoming, self._outgoing, server_hostname=target.server_name
        )
        # The Python methods around these add 4 % to what TLS costs for a small answer.
        plain = self._tls._sslobj  # type: ignore[attr-defined] # noqa: SLF001
        self._read, self._write = plain.read, plain.write
        self._ended = False  # the server has said that nothing more will come
        self._least = 1  # for how many bytes we are woken
        self.closed = False
        self.peer = 0
        """Who is at the other end, as a number of the owner's; every answer carries it."""
        self.bytes_in = self.bytes_out = 0

    @classmethod
    def open(cls, target: Target, deadline: int, waiting: Callable[[int], Waits]) -> Self:
        """Connect and shake hands until `deadline` (monotonic ns).

        WireError REFUSED, RESET, EOF, TIMEOUT, TLS, UNREACHABLE, or NO_DESCRIPTOR, NO_PORT, NO_MEMORY where
        this machine has none left. `waiting` makes what waits for the socket of a given descriptor.
        """
        try:
            family, address = target.address()
            sock = open_socket(family, target.endpoint.netns)
        except OSError as error:
            raise from_os_error(error) from None
        try:
            sock.setblocking(False)
            sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            self = cls(sock, target, waiting(sock.fileno()))
        except BaseException:
            sock.close()
            raise
        with self._opening():
            self._connect(address, deadline)
            self._shake_hands(deadline)
        return self

    def certificate(self) -> bytes:
        """Return the server's certificate, DER."""
        return self._tls.getpeercert(binary_form=True) or b""

    def certificate_fields(self) -> dict[str, Any]:
        """Return what stands in it, as ssl names it; nothing if it was not verified."""
        return self._tls.getpeercert() or {}

    def close(self) -> None:
        """Close the connection at once; more than once is allowed."""
        if not self.closed:
            self.closed = True
            self._waiting.close()
            self._socket.close()

    def shut_down(self) -> None:
        """Let whoever waits for it see its end: for another thread than theirs."""
        with suppress(OSError):  # it is closed by then
            self._socket.shutdown(_socket.SHUT_RDWR)

    def fall_silent(self) -> _socket.socket:
        """End it here without telling the peer, as a machine without power does; once at most.

        Return its socket, which nobody reads: it keeps the connection open on the peer's side.
        """
        self.closed = True
        self._waiting.close()
        return self._socket

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """Close the connection if it cannot be opened; WireError for what the kernel or TLS says."""
        try:
            yield
        except OSError as error:
            self.close()
            raise from_os_error(error) from None
        except BaseException:
            self.close()
            raise

    def _connect(self, address: object, deadline: int) -> None:
        code = self._socket.connect_ex(address)  # type: ignore[arg-type] # as getaddrinfo gave it
        if code == errno.EINPROGRESS:
            if not self._waiting.writable(deadline):
                raise WireError(Outcome.TIMEOUT, "no connection in time")
            code = self._socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
        if code:
            raise OSError(code, errno.errorcode.get(code, str(code)))

    def _shake_hands(self, deadline: int) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._send(deadline)
            except ssl.SSLError:
                self._tell(deadline)
                raise
            else:
                self._send(deadline)
                return
            self._wait_readable(deadline, "no TLS handshake in time")
            data = self._socket.recv(RECEIVE)
            if not data:
                raise WireError(Outcome.EOF, "closed during the TLS handshake")
            self.bytes_in += len(data)
            self._incoming.write(data)

    def _take_in(self, take: Take, most: int = RECEIVE, step: int = FEED) -> None:
        """Give `take` what has come, up to `most` bytes, if anything has; `step` at once to OpenSSL."""
        with borrowed() as scratch:
            try:
                count = self._socket.recv_into(scratch.network, most)
            except BlockingIOError:
                return  # woken for nothing, which epoll may do
            if not count:
                raise WireError(Outcome.EOF, CUT_OFF)
            self.bytes_in += count
            for start in range(0, count, step):
                self._incoming.write(scratch.network_view[start : min(start + step, count)])
                self._decrypt(scratch, take)

    def _gather(self, certain: int) -> None:
        """Be woken for up to GATHER bytes at once if more of a body is certain to come, else for any byte."""
        # More than one recv takes, and than a record and a frame may have brought that are not whole yet.
        least = self._much() if certain > GATHER + 2 * RECORD else 1
        if least != self._least and not self.closed:
            self._least = least
            self._socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVLOWAT, least)

    def _much(self) -> int:
        if self._least == GATHER:
            return GATHER
        buffer = self._socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_RCVBUF)  # which grows
        return min(buffer // GATHER_OF_BUFFER, GATHER)

    def _decrypt(self, scratch: Scratch, take: Take) -> None:
        """Give `take` all records that are here whole, of FEED bytes at most, in one piece."""
        # An apiserver's records are of 4 KB: what is done for each counts.
        read, incoming, plain = self._read, self._incoming, scratch.plain_view
        filled = 0
        try:
            while incoming.pending:
                count = read(RECORD, plain[filled:])
                if not count:
                    self._ended = True
                    break
                filled += count
        except ssl.SSLWantReadError:
            pass
        finally:  # what came before a bad record is good
            if filled:
                take(scratch.plain, filled)

    def _tell(self, deadline: int) -> None:
        # The alert that says why, so that the server's log shows it too.
        try:
            self._send(deadline)
        except (WireError, OSError):
            pass

    def _send(self, deadline: int) -> None:
        data = self._outgoing.read()
        self.bytes_out += len(data)
        while data:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
            if not self._waiting.writable(deadline):
                raise WireError(Outcome.TIMEOUT, "not sent in time")

    def _wait_readable(self, deadline: int, otherwise: str) -> None:
        if not self._waiting.readable(deadline):
            raise WireError(Outcome.TIMEOUT, otherwise)
