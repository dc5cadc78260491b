"""Wire: one answer, taken apart as it arrives. Knows HTTP/1.1, no sockets."""

import re
from collections.abc import Callable
from typing import NamedTuple

from kubedrill.clock import now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError

MAX_HEAD = 64 * 1024
MAX_CHUNK_LINE = 4096
_CHUNK_LINE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")
_PLAIN_CHUNK_LINE = re.compile(rb"([0-9a-fA-F]{1,15})\r\n")
ENDS = 16
"""How many bytes of a discarded body are kept from its beginning and from its end."""

Each = Callable[[bytes], None]
"""Gets each piece of the body of a 2xx answer as it comes; an answer that is cut was no whole one."""


class Response(NamedTuple):
    """One whole answer; times in monotonic ns."""

    status: int
    first_byte: int
    end: int
    size: int
    """Bytes of the body, without the framing of chunks."""
    head: bytes
    """The first bytes of the body, at most 16 or as many as were asked for."""
    tail: bytes
    """The last bytes of the body, at most 16."""
    body: bytes
    """b"" unless it was asked for."""
    retry_after: float | None
    """Seconds, of a Retry-After in seconds."""
    peer: int
    """`Connection.peer` of the connection that it came on."""


class Answer:
    """Takes an answer's bytes piece by piece; WireError MALFORMED for what is not HTTP."""

    __slots__ = (
        "_body",
        "_carry",
        "_chunked",
        "_each",
        "_head_request",
        "_keep_head",
        "_open_ended",
        "_trailers",
        "closes",
        "done",
        "end",
        "first_byte",
        "head",
        "left",
        "retry_after",
        "size",
        "status",
        "tail",
    )

    def __init__(
        self,
        head_request: bool = False,
        keep_body: bool = False,
        keep_head: int = ENDS,
        each: Each | None = None,
    ) -> None:
        self.status = self.first_byte = self.end = self.size = 0
        self.head = self.tail = b""
        self.retry_after: float | None = None
        self.closes = self.done = False
        self._head_request = head_request
        self._keep_head = keep_head
        self._each = each
        self._body: bytearray | None = bytearray() if keep_body else None
        self._carry = b""
        self.left = 0
        """Bytes of the body, or of this chunk and its line end, that are still to come."""
        self._chunked = self._open_ended = self._trailers = False

    def feed(self, data: bytearray, end: int) -> None:
        """Take `data[:end]`, which is not kept."""
        start = 0
        if not self.status:
            if not self.first_byte:
                self.first_byte = now()
            if self._carry:
                data = bytearray(self._carry) + data[:end]
                end = len(data)
            start = self._take_head(data, end)
            if not self.status or self.done:
                self._check_rest(start, end)
                return
        if self._chunked:
            self._take_chunks(data, start, end)
        else:
            self._take_plain(data, start, end)

    def close(self) -> bool:
        """Take the orderly end of the connection; False if the answer was not whole."""
        if self._open_ended and self.status and not self.done:
            self._finish()
        return self.done

    def response(self, peer: int = 0) -> Response:
        """Return the whole answer, which came from there."""
        body = b"" if self._body is None else bytes(self._body)
        return Response(
            self.status,
            self.first_byte,
            self.end,
            self.size,
            self.head,
            self.tail,
            body,
            self.retry_after,
            peer,
        )

    def _take_head(self, data: bytearray, end: int) -> int:
        """Take status line and headers; return where the body begins, `end` if they are not whole."""
        stop = data.find(b"\r\n\r\n", 0, end)
        if stop < 0:
            if end > MAX_HEAD or not b"HTTP/1.".startswith(data[: min(end, 7)]):
                raise self._malformed("no HTTP/1.x answer")
            self._carry = bytes(data[:end])
            return end
        self._carry = b""
        head = bytes(data[: stop + 2])
        status = head[9:12]
        if not (head.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")) and status.isdigit()):
            raise self._malformed("no HTTP/1.x status line")
        if status < b"200":
            return self._skip_interim(status, data, stop + 4, end)
        self.status = int(status)
        self._read_headers(head)
        return stop + 4

    def _skip_interim(self, status: bytes, data: bytearray, start: int, end: int) -> int:
        if status in {b"100", b"102", b"103"}:
            rest = data[start:end]
            if rest:
                self.feed(rest, len(rest))
            return end
        raise self._malformed(f"status {status.decode()} was not asked for")

    def _read_headers(self, head: bytes) -> None:
        # A handful of searches in lower case is several times faster than splitting every line.
        lower = head.lower()
        length = _header(lower, b"\r\ncontent-length:")
        coding = None if length else _header(lower, b"\r\ntransfer-encoding:")
        connection = _header(lower, b"\r\nconnection:")
        self.closes = connection == b"close" or (
            head.startswith(b"HTTP/1.0") and connection != b"keep-alive"
        )
        if self.status == 429 or self.status >= 500:
            wait = _header(lower, b"\r\nretry-after:")
            self.retry_after = float(wait) if wait and wait.isdigit() else None
        if self._head_request or self.status in {204, 304}:
            self._finish()
        elif length is not None:
            self._expect(length)
        elif coding == b"chunked":
            self._chunked = True
        elif coding is None:
            self._open_ended = self.closes = True
        else:
            raise self._malformed(f"transfer coding {coding.decode('latin-1')}")

    def _expect(self, length: bytes) -> None:
        if not length.isdigit():
            raise self._malformed(f"Content-Length {length.decode('latin-1')}")
        self.left = int(length)
        if self.left == 0:
            self._finish()

    def _take_plain(self, data: bytearray, start: int, end: int) -> None:
        self._keep(data, start, end)
        if self._open_ended:
            return
        self.left -= end - start
        if self.left < 0:
            raise self._malformed("more bytes than Content-Length says")
        if self.left == 0:
            self._finish()

    def _take_chunks(self, data: bytearray, start: int, end: int) -> None:
        while start < end and not self.done:
            if self.left > 2:
                stop = min(end, start + self.left - 2)
                self._keep(data, start, stop)
                self.left -= stop - start
                start = stop
            elif self.left:
                start = self._take_chunk_end(data, start)
            else:
                start = self._take_whole_chunks(data, start, end)
                if start < end:
                    start, end, data = self._take_chunk_line(data, start, end)
        self._check_rest(start, end)

    def _take_whole_chunks(self, data: bytearray, start: int, end: int) -> int:
        """Take the chunks that are here from size to end, and are not kept; return where they end."""
        if self._carry or self._trailers or self._body is not None or self.size < self._keep_head:
            return start
        if self._each is not None:
            return start
        line_at = _PLAIN_CHUNK_LINE.match
        size = last = 0
        while (line := line_at(data, start, end)) is not None:
            length, begin = int(line[1], 16), line.end()
            stop = begin + length
            # The end of a short one is kept together with that of the one before.
            if length < ENDS or stop + 2 > end or data[stop : stop + 2] != b"\r\n":
                break
            size, last, start = size + length, stop, stop + 2
        if size:
            self.size += size
            self.tail = bytes(data[last - ENDS : last])
        return start

    def _take_chunk_end(self, data: bytearray, start: int) -> int:
        if data[start] != b"\r\n"[2 - self.left]:
            raise self._malformed("a chunk is longer than its size says")
        self.left -= 1
        return start + 1

    def _take_chunk_line(self, data: bytearray, start: int, end: int) -> tuple[int, int, bytearray]:
        """Take a chunk's size, or a line of the trailers."""
        if self._carry:
            data = bytearray(self._carry) + data[start:end]
            start, end, self._carry = 0, len(data), b""
        stop = data.find(b"\r\n", start, end)
        if stop < 0:
            if end - start > MAX_CHUNK_LINE:
                raise self._malformed("a chunk without a size")
            self._carry = bytes(data[start:end])
            return end, end, data
        line = data[start:stop]
        if self._trailers:
            if not line:
                self._finish()
        else:
            self._begin_chunk(line)
        return stop + 2, end, data

    def _begin_chunk(self, line: bytearray) -> None:
        found = _CHUNK_LINE.fullmatch(line)
        if found is None:
            raise self._malformed(f"chunk size {bytes(line[:20])!r}")
        size = int(found[1], 16)
        if size:
            self.left = size + 2
        else:
            self._trailers = True

    def _keep(self, data: bytearray, start: int, end: int) -> None:
        if self.size < self._keep_head:
            self.head += data[start : min(end, start + self._keep_head - self.size)]
        length = end - start
        self.size += length
        if length >= ENDS:
            self.tail = bytes(data[end - ENDS : end])
        elif length:
            self.tail = (self.tail + data[start:end])[-ENDS:]
        if self._body is not None:
            self._body += data[start:end]
        if self._each is not None and self.status < 300:
            self._each(bytes(data[start:end]))

    def _finish(self) -> None:
        self.done = True
        self.end = now()

    def _check_rest(self, start: int, end: int) -> None:
        if self.done and start < end:
            raise self._malformed("bytes after the end of the answer")

    def _malformed(self, what: str) -> WireError:
        return WireError(Outcome.MALFORMED, what, self.first_byte)


def _header(lower: bytes, name: bytes) -> bytes | None:
    """Return a header's value; `name` is written `\\r\\nname:`, all in lower case."""
    at = lower.find(name)
    if at < 0:
        return None
    start = at + len(name)
    return lower[start : lower.find(b"\r\n", start)].strip()
