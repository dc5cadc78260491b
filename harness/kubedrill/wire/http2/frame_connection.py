"""Wire: one TLS connection on which HTTP/2 frames come and go. What is asked on it is for a subclass.

The event loop calls it when something has come, and it wakes who has waited for that: the bytes of many
answers are received, decrypted and told apart in one go, those of many requests encrypted and sent in one go.
"""

import _socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self

from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError, from_os_error
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.driving import Driving, Waiter
from kubedrill.wire.http2.frames import Cutter
from kubedrill.wire.http2.session import Http2Session
from kubedrill.wire.http2.silence import Do, Silence
from kubedrill.wire.target import Target
from kubedrill.wire.tls_connection import CUT_OFF, TlsConnection, borrowed

PROTOCOL = "h2"


class FrameConnection(TlsConnection[Driving]):
    """A TLS connection, and the HTTP/2 session whose frames it carries; both end together."""

    __slots__ = ("_cutter", "_flushing", "_session", "_silence", "_unsent")

    def __init__(self, sock: _socket.socket, target: Target, waiting: Driving) -> None:
        super().__init__(sock, target, waiting)
        self._session = Http2Session()
        self._cutter = Cutter(self._session)
        self._silence = Silence()
        self._unsent = b""  # encrypted, for which the kernel had no room
        self._flushing = False

    @classmethod
    def open(cls, target: Target, deadline: int, waiting: Callable[[int], Driving]) -> Self:
        """Connect, shake hands and exchange SETTINGS until `deadline` (monotonic ns).

        WireError as for TlsConnection.open; TLS also if the server does not choose HTTP/2, MALFORMED if it
        is none. `target.tls` must offer it.
        """
        self = super().open(target, deadline, waiting)
        with self._opening():
            self._greet(deadline)
        self._waiting.drive(self)
        return self

    def close(self) -> None:
        """Close the connection at once; what is on it fails as RESET. More than once is allowed."""
        self._fail(Outcome.RESET, "closed here")

    def fall_silent(self) -> _socket.socket:
        """End it here without telling the peer; what is on it fails as RESET."""
        sock = super().fall_silent()
        self._end(Outcome.RESET, "nobody is here any more")
        return sock

    def look(self, at: int) -> None:
        """End with UNREACHABLE if the peer is silent, and answers no PING. To be called every few seconds."""
        self._catch_up()
        do = self._silence.look(self.bytes_in, at)
        if do is Do.ASK and not self.closed:
            self._session.out.frames.append(frames.PING_FRAME)
            self._flush_soon()
        elif do is Do.END:
            self._fail(Outcome.UNREACHABLE, "no answer to a PING")

    # For the event loop:

    def receive(self) -> None:
        """Take what has come, wake who has waited for it, and send what they send, in one go."""
        try:
            self._receive()
        except (WireError, OSError) as error:
            self._break(error)
        self.flush()

    def flush(self) -> None:
        """Wake who may go on, and send what is to be sent, as far as the kernel has room."""
        self._flushing = True
        self._wake()
        self._flushing = False
        if self.closed:
            return
        try:
            self._flush()
        except OSError as error:
            self._break(error)
        session = self._session
        if session.gone and not (session.streams or self._unsent):
            self.close()
        else:
            self._gather(session.certain)

    def waiters(self) -> Iterable[Waiter]:
        """Return all that somebody may wait for."""
        return self._session.waiters()

    def _greet(self, deadline: int) -> None:
        if self._tls.selected_alpn_protocol() != PROTOCOL:
            raise WireError(Outcome.TLS, "the server does not speak HTTP/2")
        self._encrypt()
        self._send(deadline)
        with borrowed() as scratch:  # may have come together with the end of the handshake
            self._decrypt(scratch, self._cutter.feed)
        self._check_end()
        while not self._session.greeted:
            self._wait_readable(deadline, "no SETTINGS in time")
            self._receive()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._waiting.flush_soon()

    def _catch_up(self) -> None:
        """Take what has come and is too little to be woken for; also in the middle of a flush."""
        if self._least > 1 and not self.closed:
            self.receive()

    def _receive(self) -> None:
        """Take what has come, if anything has."""
        self._take_in(self._cutter.feed)
        self._check_end()

    def _check_end(self) -> None:
        if self._ended:
            raise WireError(Outcome.EOF, CUT_OFF)

    def _encrypt(self) -> None:
        parts = self._session.out.frames
        if parts:
            self._write(b"".join(parts))
            parts.clear()

    def _flush(self) -> None:
        while True:
            if not self._unsent:
                self._encrypt()
                self._unsent = self._outgoing.read()
                if not self._unsent:
                    return
                self.bytes_out += len(self._unsent)
            try:
                sent = self._socket.send(self._unsent)
            except BlockingIOError:
                self._waiting.flush_when_writable()
                return
            self._unsent = self._unsent[sent:]

    def _wake(self) -> None:
        woken = self._session.woken
        while woken:
            batch = [*dict.fromkeys(woken)]  # what came in two pieces wakes once
            woken.clear()
            self._waiting.wake(batch)

    def _break(self, error: WireError | OSError) -> None:
        failure = from_os_error(error) if isinstance(error, OSError) else error
        if failure.outcome == Outcome.MALFORMED and not self.closed:
            # So that the server's log shows it, too.
            self._session.out.frames.append(frames.goaway(frames.PROTOCOL_ERROR))
            with suppress(OSError):
                self._flush()
        self._fail(failure.outcome, str(failure))

    def _fail(self, outcome: Outcome, message: str) -> None:
        if not self.closed:
            super().close()
            self._end(outcome, message)

    def _end(self, outcome: Outcome, message: str) -> None:
        """Let everything fail that is on it."""
        self._session.go(message)
        self._session.fail(outcome, message)
        self._wake()
