"""Wire: an answer that arrived in one piece, as nearly all small ones do, at a third of the cost.

Takes only what it is sure of. For all else it says None, and response.Answer decides.
"""

import re

from kubedrill.clock import now
from kubedrill.wire.response import ENDS, Response

_NEED_MORE = {204, 304, 429}
"""Have no body, or a Retry-After, as those from 500 on may."""
_STATUSES = {
    b"HTTP/1.1 %d" % status: status for status in range(200, 500) if status not in _NEED_MORE
}
_HEADERS = re.compile(
    rb"\r\n(?:content-length:(?: (\d{1,9})(?=\r))?|connection:(?! keep-alive\r))", re.IGNORECASE
)


def whole(
    data: bytes, peer: int = 0, keep_body: bool = False, keep_head: int = ENDS
) -> Response | None:
    """Return the answer if `data` is exactly one that has a Content-Length and keeps the connection."""
    begin = data.find(b"\r\n\r\n") + 4
    status = _STATUSES.get(data[:12])
    if begin < 4 or status is None:
        return None
    headers = _HEADERS.findall(data, 0, begin - 2)
    end = len(data)
    size = end - begin
    if len(headers) != 1 or headers[0] != b"%d" % size:
        return None
    at = now()
    # As _make does: a fraction of the time of the call that checks the fields' names.
    fields = (
        status,
        at,
        at,
        size,
        data[begin : begin + keep_head],
        data[-ENDS:] if size >= ENDS else data[begin:],
        data[begin:] if keep_body else b"",
        None,
        peer,
    )
    return tuple.__new__(Response, fields)
