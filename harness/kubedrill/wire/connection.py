"""Wire: one TLS connection that carries one HTTP/1.1 request at a time. Never retries.

There is a wait, and so a yield, before every recv.
"""

import _socket
import ssl
from collections.abc import Callable
from typing import Self

from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError, from_os_error
from kubedrill.wire.response import ENDS, Answer, Each, Response
from kubedrill.wire.target import Target
from kubedrill.wire.tls_connection import (
    CUT_OFF,
    FEED,
    LATE,
    RECEIVE,
    RECORD,
    TlsConnection,
    borrowed,
)
from kubedrill.wire.waiting import Polling, Waiting
from kubedrill.wire.whole import whole

STEP = 4 * 1024
"""OpenSSL's buffer grows to what it is given at once, and a stream that is idle keeps it."""

IDLE_S, PROBES, PROBE_S = 30, 3, 5
"""The kernel asks a peer that is silent for so long whether it is there: so often, at such intervals."""
GONE_S = IDLE_S + PROBES * PROBE_S
"""When it has not answered by then, nor taken what was sent, the connection ends with TIMEOUT."""


class Connection(TlsConnection[Waiting]):
    """A TLS connection that carries one HTTP/1.1 request at a time."""

    __slots__ = ()

    @classmethod
    def open(
        cls, target: Target, deadline: int, waiting: Callable[[int], Waiting] = Polling
    ) -> Self:
        """Connect and shake hands, as TlsConnection.open; `waiting` blocks, if it is not given."""
        self = super().open(target, deadline, waiting)
        self._end_with_peer()
        return self

    def exchange(
        self,
        request: bytes,
        deadline: int,
        keep_body: bool = False,
        keep_head: int = ENDS,
        each: Each | None = None,
    ) -> Response:
        """Send a request and return its whole answer, until `deadline` (monotonic ns).

        The body is discarded, but for its first `keep_head` bytes and its last 16; `each` gets all of it.
        WireError RESET, EOF, TIMEOUT, TLS (at the deadline, of a long body that goes no further), MALFORMED;
        the connection is closed then.
        """
        answer = None
        try:
            self._write(request)
            self._send(deadline)
            self._wait_readable(deadline, LATE)
            begun = self._receive_record()
            if begun and not (each or self._incoming.pending or request.startswith(b"HEAD ")):
                response = whole(begun, self.peer, keep_body, keep_head)
                if response is not None:
                    return response
            answer = Answer(request.startswith(b"HEAD "), keep_body, keep_head, each)
            self._go_on(answer, begun, deadline)
        except (WireError, OSError) as error:
            raise self._failed(error, answer.first_byte if answer else 0) from None
        except BaseException:
            # A greenlet that is killed here leaves half an answer behind.
            self.close()
            raise
        if answer.closes or self._ended:
            self.close()
        return answer.response(self.peer)

    def send(self, request: bytes, deadline: int) -> None:
        """Send a request whose answer is taken with `more`; WireError as for `exchange`."""
        try:
            self._write(request)
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

    def _end_with_peer(self) -> None:
        sock = self._socket
        sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_KEEPALIVE, 1)
        for option, value in (
            (_socket.TCP_KEEPIDLE, IDLE_S),
            (_socket.TCP_KEEPINTVL, PROBE_S),
            (_socket.TCP_KEEPCNT, PROBES),
            (_socket.TCP_USER_TIMEOUT, GONE_S * 1000),
        ):
            sock.setsockopt(_socket.IPPROTO_TCP, option, value)

    def _failed(self, error: WireError | OSError, first_byte: int) -> WireError:
        self.close()
        failure = from_os_error(error) if isinstance(error, OSError) else error
        failure.first_byte, failure.peer = first_byte, self.peer
        return failure

    def _receive_record(self) -> bytes:
        """Take what has arrived and return its first record; b"" if there is no whole one."""
        try:
            data = self._socket.recv(RECORD)
            if not data:
                raise WireError(Outcome.EOF, CUT_OFF)
            self.bytes_in += len(data)
            self._incoming.write(data)
            # A record holds less than it takes on the wire.
            record: bytes = self._read(len(data))
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        if not record:
            raise WireError(Outcome.EOF, CUT_OFF)
        return record

    def _go_on(self, answer: Answer, begun: bytes, deadline: int) -> None:
        if begun:
            answer.feed(bytearray(begun), len(begun))
            self._receive(answer, 0)
        while not answer.done:
            self._gather(answer.left)
            in_time = self._waiting.readable(deadline)
            if in_time or self._least > 1:  # what came is too little, but may be what went wrong
                self._receive(answer)
            if not in_time:
                raise WireError(Outcome.TIMEOUT, LATE)

    def _receive(self, answer: Answer, most: int = RECEIVE, step: int = FEED) -> None:
        """Take what has arrived, if anything has, up to `most` bytes; `step` of them at once to OpenSSL.

        0: only what OpenSSL has already got.
        """
        try:
            if most:
                self._take_in(answer.feed, most, step)
            else:
                with borrowed() as scratch:
                    self._decrypt(scratch, answer.feed)
        except ssl.SSLError:
            if not answer.done:
                raise
            self.close()  # what is wrong came after the answer
        if self._ended and not answer.close():
            raise WireError(Outcome.EOF, CUT_OFF)
