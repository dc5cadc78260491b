"""Wire: one TLS connection that carries one HTTP/1.1 request at a time. Never retries.

TLS is fed from memory: one recv takes up to 256 KiB, where OpenSSL on the socket itself would
make two system calls for every 16 KiB. There is a wait, and so a yield, before every recv.
"""

import _socket
import errno
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any

from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError, from_os_error
from kubedrill.wire.namespace import open_socket
from kubedrill.wire.response import ENDS, Answer, Response
from kubedrill.wire.target import Target
from kubedrill.wire.waiting import Polling, Waiting
from kubedrill.wire.whole import whole

RECEIVE = 256 * 1024
FEED = 64 * 1024
"""How much of it OpenSSL gets at once: its buffer of each connection stays as large as the largest."""

RECORD = 16 * 1024
"""The most that one TLS record holds."""

STEP = 4 * 1024
"""OpenSSL's buffer grows to what it is given at once, and a stream that is idle keeps it."""

CUT_OFF = "closed before the answer was whole"
LATE = "no whole answer in time"


class _Scratch:
    """Where bytes pass through on their way to be counted; borrowed between two waits only."""

    __slots__ = ("network", "plain", "view")

    def __init__(self) -> None:
        self.network = bytearray(RECEIVE)
        self.view = memoryview(self.network)
        self.plain = bytearray(RECORD)


_scratches: deque[_Scratch] = deque()
"""One for each thread that ever received at the same time as others; under gevent, one."""


class Connection:
    """A TLS connection. `bytes_in`, `bytes_out`: on the wire, TLS included."""

    __slots__ = (
        "_incoming",
        "_outgoing",
        "_socket",
        "_tls",
        "_waiting",
        "bytes_in",
        "bytes_out",
        "closed",
        "peer",
    )

    def __init__(self, sock: _socket.socket, target: Target, waiting: Waiting) -> None:
        self._socket = sock
        self._waiting = waiting
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = target.tls.wrap_bio(
            self._incoming, self._outgoing, server_hostname=target.server_name
        )
        self.closed = False
        self.peer = 0
        """Who is at the other end, as a number of the owner's; every answer carries it."""
        self.bytes_in = self.bytes_out = 0

    @classmethod
    def open(
        cls, target: Target, deadline: int, waiting: Callable[[int], Waiting] = Polling
    ) -> "Connection":
        """Connect and shake hands until `deadline` (monotonic ns).

        WireError REFUSED, RESET, EOF, TIMEOUT, TLS, UNREACHABLE, or DROPPED where this machine has no
        descriptor or port left. `waiting` makes what waits for the socket of a given descriptor.
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
        try:
            self._connect(address, deadline)
            self._shake_hands(deadline)
        except OSError as error:
            self.close()
            raise from_os_error(error) from None
        except BaseException:
            self.close()
            raise
        return self

    def exchange(
        self, request: bytes, deadline: int, keep_body: bool = False, keep_head: int = ENDS
    ) -> Response:
        """Send a request and return its whole answer, until `deadline` (monotonic ns).

        The body is discarded, but for its first `keep_head` bytes and its last 16.
        WireError RESET, EOF, TIMEOUT, TLS, MALFORMED; the connection is closed then.
        """
        answer = None
        try:
            self._tls.write(request)
            self._send(deadline)
            self._wait_readable(deadline, LATE)
            begun = self._receive_record()
            if begun and not (self._incoming.pending or request.startswith(b"HEAD ")):
                response = whole(begun, keep_body, keep_head)
                if response is not None:
                    response.peer = self.peer
                    return response
            answer = Answer(request.startswith(b"HEAD "), keep_body, keep_head)
            self._go_on(answer, begun, deadline)
        except (WireError, OSError) as error:
            raise self._failed(error, answer.first_byte if answer else 0) from None
        except BaseException:
            # A greenlet that is killed here leaves half an answer behind.
            self.close()
            raise
        if answer.closes:
            self.close()
        response = answer.response()
        response.peer = self.peer
        return response

    def send(self, request: bytes, deadline: int) -> None:
        """Send a request whose answer is taken with `more`; WireError as for `exchange`."""
        try:
            self._tls.write(request)
            self._send(deadline)
        except (WireError, OSError) as error:
            raise self._failed(error, 0) from None
        except BaseException:
            self.close()
            raise

    def more(self, answer: Answer, deadline: int, most: int = RECEIVE) -> bool:
        """Give `answer` what comes next, up to `most` bytes; False if nothing has come by `deadline`.

        WireError as for `exchange`, but for TIMEOUT.
        """
        try:
            if not self._waiting.readable(deadline):
                return False
            self._receive(answer, most, STEP)
        except (WireError, OSError) as error:
            raise self._failed(error, answer.first_byte) from None
        except BaseException:
            self.close()
            raise
        return True

    def certificate(self) -> bytes:
        """Return the server's certificate, DER."""
        return self._tls.getpeercert(binary_form=True) or b""

    def certificate_fields(self) -> dict[str, Any]:
        """Return what stands in it, as ssl names it; nothing if it was not verified."""
        return self._tls.getpeercert() or {}

    def is_alive(self) -> bool:
        """Whether an idle connection may be used again: the server has not closed it, as far as seen."""
        if self.closed:
            return False
        if self._waiting.quiet:
            return True
        answer = Answer()
        try:
            self._receive(answer)
        except (WireError, OSError):
            self.close()
        if answer.first_byte:  # an answer to nothing
            self.close()
        return not self.closed

    def close(self) -> None:
        """Close the connection at once; more than once is allowed."""
        if not self.closed:
            self.closed = True
            self._waiting.close()
            self._socket.close()

    def _failed(self, error: WireError | OSError, first_byte: int) -> WireError:
        self.close()
        failure = from_os_error(error) if isinstance(error, OSError) else error
        failure.first_byte, failure.peer = first_byte, self.peer
        return failure

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

    def _receive_record(self) -> bytes:
        """Take what has arrived and return its first record; b"" if there is no whole one."""
        try:
            data = self._socket.recv(RECORD)
            if not data:
                raise WireError(Outcome.EOF, CUT_OFF)
            self.bytes_in += len(data)
            self._incoming.write(data)
            # A record holds less than it takes on the wire.
            record: bytes = self._tls.read(len(data))
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        if not record:
            raise WireError(Outcome.EOF, CUT_OFF)
        return record

    def _go_on(self, answer: Answer, begun: bytes, deadline: int) -> None:
        if begun:
            answer.feed(bytearray(begun), len(begun))
            self._decrypt(answer, bytearray(RECORD))
        while not answer.done:
            self._wait_readable(deadline, LATE)
            self._receive(answer)

    def _receive(self, answer: Answer, most: int = RECEIVE, step: int = FEED) -> None:
        """Take what has arrived, if anything has, up to `most` bytes; `step` of them at once to OpenSSL."""
        scratch = _scratches.pop() if _scratches else _Scratch()
        try:
            count = self._socket.recv_into(scratch.network, most)
            if not count:
                raise WireError(Outcome.EOF, CUT_OFF)
            self.bytes_in += count
            for start in range(0, count, step):
                self._incoming.write(scratch.view[start : min(start + step, count)])
                self._decrypt(answer, scratch.plain)
        except BlockingIOError:
            pass  # woken for nothing, which epoll may do
        finally:
            _scratches.append(scratch)

    def _decrypt(self, answer: Answer, plain: bytearray) -> None:
        read, incoming = self._tls.read, self._incoming
        while incoming.pending:
            try:
                count = read(RECORD, plain)
            except ssl.SSLWantReadError:
                return
            if count:
                answer.feed(plain, count)  # type: ignore[arg-type] # a count, as a buffer was given
            elif answer.close():
                return
            else:
                raise WireError(Outcome.EOF, CUT_OFF)
