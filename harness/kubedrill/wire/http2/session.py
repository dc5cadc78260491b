"""Wire: the state of an HTTP/2 connection: streams, settings, flow control. Knows no sockets."""

from collections import deque
from collections.abc import Iterator
from itertools import chain

from kubedrill.clock import now
from kubedrill.record.sample import Outcome
from kubedrill.wire.http2 import frames
from kubedrill.wire.http2.driving import Waiter
from kubedrill.wire.http2.frames import LARGEST, Buffer, malformed, number
from kubedrill.wire.http2.hpack import read
from kubedrill.wire.http2.outgoing import Outgoing
from kubedrill.wire.http2.streams import STEP, WINDOW, Http2Stream, Incoming, Whole

CONNECTION_WINDOW = 1 << 30
"""Bytes that the server may send ahead on all streams together: client-go's figure."""
CONNECTION_STEP = CONNECTION_WINDOW // 4

MAX_BLOCK = 64 * 1024
"""Bytes of a header block."""

_GREETING = (
    frames.PREFACE
    + frames.settings(
        {frames.HEADER_TABLE_SIZE: 0, frames.ENABLE_PUSH: 0, frames.INITIAL_WINDOW_SIZE: WINDOW}
    )
    + frames.window_update(0, CONNECTION_WINDOW - frames.DEFAULT_WINDOW)
)
_HEAD = b"\x02\x04HEAD"
"""How the header block of a HEAD request begins."""


class QueuePlace(Waiter):
    """Somebody's place in the queue for a stream."""

    __slots__ = ("granted",)

    def __init__(self) -> None:
        super().__init__()
        self.granted = False


class Http2Session:
    """Takes frames as a frames.FrameTaker; what is to be sent collects in `out.frames`."""

    def __init__(self) -> None:
        self.out = Outgoing()
        self.out.frames.append(_GREETING)
        self.streams: dict[int, Incoming] = {}
        """Those that have not ended, by number."""
        self.queue: deque[QueuePlace] = deque()
        """Who waits for a stream of their own."""
        self.woken: list[Waiter] = []
        """What has changed for somebody who may wait for it."""
        self.greeted = False
        """Whether the server's SETTINGS have come."""
        self.gone = ""
        """Why no more streams are taken."""
        self.free = LARGEST
        """How many streams the server takes, on top of those that there are. Who begins one takes one."""
        self._limit = LARGEST
        self._next = 1
        self._received = 0  # bytes that the server has not been told about
        self._block: tuple[int, int, bytes] | None = None  # stream, flags, header block so far

    @property
    def certain(self) -> int:
        """How many bytes of a body will come, whatever is done here; <= 0 if anything else is awaited."""
        incoming = next(iter(self.streams.values())) if len(self.streams) == 1 else None
        if not isinstance(incoming, Whole) or self.queue or self.out.unsent(incoming.number):
            return 0
        return incoming.left

    def leave(self, more: int = 1) -> None:
        """Give so many streams to those who have waited longest, or to nobody."""
        self.free += more
        while self.free > 0 and self.queue:
            place = self.queue.popleft()
            place.granted = True
            self.free -= 1
            self.woken.append(place)

    def give_up(self, place: QueuePlace) -> None:
        """Wait for a stream no longer."""
        if place.granted:
            self.leave()
        elif place in self.queue:
            self.queue.remove(place)

    def begin(self, stream: Incoming, request: bytes) -> None:
        """Send a request of `prepare_http2` on a stream taken from `free`."""
        stream.number = self._next
        self._next += 2
        if self._next > LARGEST:
            self.gone = "the connection has had all the streams it can have"
        stream.bodyless = request.startswith(_HEAD, 9)
        self.streams[stream.number] = stream
        self.out.begin(stream.number, request)

    def cancel(self, stream: Incoming, code: int = frames.CANCEL) -> None:
        """Reset a stream, if it has not ended."""
        if self.streams.get(stream.number) is stream:
            self.out.frames.append(frames.reset(stream.number, code))
            self._remove(stream)

    def credit(self, stream: Incoming) -> None:
        """Let the server send as much more on a stream as was taken."""
        self.out.frames.append(frames.window_update(stream.number, stream.unsaid))
        stream.unsaid = 0

    def fail(self, outcome: Outcome, message: str, above: int = 0) -> None:
        """Let streams above a number fail."""
        for stream in [incoming for incoming in self.streams.values() if incoming.number > above]:
            self._fail(stream, outcome, message)

    def go(self, why: str) -> None:
        """Take no more streams; who waits for one is told so."""
        self.gone = why
        self.woken.extend(self.queue)
        self.queue.clear()

    def waiters(self) -> Iterator[Waiter]:
        """Return all that somebody may wait for."""
        return chain(list(self.streams.values()), list(self.queue))

    # What comes from the server:

    def data(self, stream: int, data: Buffer, start: int, stop: int, ended: bool) -> None:
        """Take `data[start:stop]` of a stream's body."""
        self._received += stop - start
        if self._received >= CONNECTION_STEP:
            # Also for streams that nobody reads: these have windows of their own.
            self.out.frames.append(frames.window_update(0, self._received))
            self._received = 0
        incoming = self.streams.get(stream)
        if incoming is None:
            self._check_past(stream)
            return
        if not incoming.status:
            raise malformed("a body before its head")
        if incoming.take(data, start, stop):
            self.woken.append(incoming)
            if isinstance(incoming, Http2Stream) and incoming.held > WINDOW:
                raise malformed("more than its window lets the server send")
        if ended:
            self._end(incoming)
        elif incoming.unsaid >= STEP:
            self.credit(incoming)

    def frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        """Take any other frame."""
        if not self.greeted and kind != frames.SETTINGS:
            raise malformed("does not begin with SETTINGS")
        if (self._block is not None) != (kind == frames.CONTINUATION):
            raise malformed("a header block is interrupted, or goes on without a beginning")
        if kind < len(self._KINDS):
            self._KINDS[kind](self, flags, stream, payload)

    def _padded(self, flags: int, stream: int, payload: bytes) -> None:
        content = frames.content(frames.DATA, flags, payload)
        self._received += len(payload) - len(content)
        incoming = self.streams.get(stream)
        if incoming is not None:
            incoming.unsaid += len(payload) - len(content)
        self.data(stream, content, 0, len(content), bool(flags & frames.END_STREAM))

    def _headers(self, flags: int, stream: int, payload: bytes) -> None:
        self._add_block(stream, flags, frames.content(frames.HEADERS, flags, payload))

    def _continuation(self, flags: int, stream: int, payload: bytes) -> None:
        assert self._block is not None
        begun, first_flags, block = self._block
        if stream != begun:
            raise malformed("a header block goes on in another stream")
        self._add_block(stream, first_flags | flags & frames.END_HEADERS, block + payload)

    def _add_block(self, stream: int, flags: int, block: bytes) -> None:
        if len(block) > MAX_BLOCK:
            raise malformed("a header block without end")
        if not flags & frames.END_HEADERS:
            self._block = (stream, flags, block)
            return
        self._block = None
        incoming = self.streams.get(stream)
        if incoming is None:
            self._check_past(stream)  # blocks that nobody waits for have no effect on later ones
        else:
            self._take_fields(incoming, block, bool(flags & frames.END_STREAM))

    def _take_fields(self, incoming: Incoming, block: bytes, ended: bool) -> None:
        status, length, retry_after = read(block)
        if incoming.status:
            if not ended:
                raise malformed("headers in the middle of a body")
        elif not 100 <= status < 600 or (status < 200 and ended):
            raise malformed("an answer without a status")
        elif status >= 200:
            incoming.begin(status, length, retry_after)
            if isinstance(incoming, Http2Stream):
                self.woken.append(incoming)
        if ended:
            self._end(incoming)

    def _reset(self, flags: int, stream: int, payload: bytes) -> None:  # noqa: ARG002
        incoming = self.streams.get(stream)
        if incoming is None:
            self._check_past(stream)
        else:
            name = frames.error_name(number(payload))
            self._fail(incoming, Outcome.STREAM_RESET, f"the server has reset the stream: {name}")

    def _settings(self, flags: int, stream: int, payload: bytes) -> None:  # noqa: ARG002
        if flags & frames.ACK:
            return
        if len(payload) % frames.SETTING.size:
            raise malformed("SETTINGS of a wrong length")
        said = dict(frames.SETTING.iter_unpack(payload))
        self.greeted = True
        if frames.MAX_CONCURRENT_STREAMS in said:
            limit = said[frames.MAX_CONCURRENT_STREAMS]
            self.leave(limit - self._limit)
            self._limit = limit
        self.out.set(said)
        self.out.frames.append(frames.frame(frames.SETTINGS, frames.ACK, 0))

    def _push(self, flags: int, stream: int, payload: bytes) -> None:  # noqa: ARG002
        raise malformed("a push that was declined")

    def _ping(self, flags: int, stream: int, payload: bytes) -> None:  # noqa: ARG002
        if len(payload) != 8:
            raise malformed("PING of a wrong length")
        if not flags & frames.ACK:
            self.out.frames.append(frames.frame(frames.PING, frames.ACK, 0, payload))

    def _goaway(self, flags: int, stream: int, payload: bytes) -> None:  # noqa: ARG002
        last, name = number(payload) & LARGEST, frames.error_name(number(payload, 4))
        self.go(f"the server has sent GOAWAY: {name}")
        self.fail(Outcome.GOAWAY, f"not taken by the server, which sent GOAWAY: {name}", above=last)

    def _window(self, flags: int, stream: int, payload: bytes) -> None:  # noqa: ARG002
        more = number(payload) & LARGEST
        if not more:
            raise malformed("a window is opened by nothing")
        self.out.open(stream, more)

    def _ignore(self, flags: int, stream: int, payload: bytes) -> None:
        pass

    _KINDS = (
        _padded,
        _headers,
        _ignore,
        _reset,
        _settings,
        _push,
        _ping,
        _goaway,
        _window,
        _continuation,
    )

    def _check_past(self, stream: int) -> None:
        if not stream or stream >= self._next or not stream % 2:
            raise malformed("an answer to nothing")

    def _end(self, incoming: Incoming) -> None:
        if incoming.is_whole():
            unsent = self.out.unsent(incoming.number)
            incoming.end = now()
            if unsent:  # the server has answered without it
                self.out.frames.append(frames.reset(incoming.number))
            self._remove(incoming)
        else:
            self._fail(incoming, Outcome.MALFORMED, "not as many bytes as Content-Length says")

    def _fail(self, incoming: Incoming, outcome: Outcome, message: str) -> None:
        incoming.failure = (outcome, message)
        self._remove(incoming)

    def _remove(self, incoming: Incoming) -> None:
        del self.streams[incoming.number]
        self.out.forget(incoming.number)
        self.woken.append(incoming)
        self.leave()
