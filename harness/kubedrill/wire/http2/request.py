"""Wire: an HTTP/2 request as bytes, made once and sent many times, on any stream of any connection."""

from collections.abc import Mapping

from kubedrill.wire.http2.frames import END_HEADERS, END_STREAM, FRAME, HEADERS, frame
from kubedrill.wire.http2.hpack import encode
from kubedrill.wire.request import USER_AGENT, fields

_OF_HTTP_1 = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}


def prepare_http2(
    method: str,
    path: str,
    host: str,
    *,
    token: str | None = None,
    accept: str = "application/json",
    user_agent: str = USER_AGENT,
    headers: Mapping[str, str] = {},
    body: bytes = b"",
    content_type: str = "application/json",
) -> bytes:
    """Return a HEADERS frame, its stream left open, and the body behind it as it is.

    Text stands in it as it was given: other text of the same length may take its place. ValueError as for
    wire.request.prepare, for headers that HTTP/2 does not have, and above 16 KiB of headers.
    """
    lines = fields(
        method,
        path,
        host,
        token=token,
        accept=accept,
        user_agent=user_agent,
        headers=headers,
        body=body,
        content_type=content_type,
    )
    del lines["Host"]
    wrong = _OF_HTTP_1 & {name.lower() for name in lines}
    if wrong:
        raise ValueError(f"HTTP/2 has no header {', '.join(sorted(wrong))}")
    block = encode(method, path, host, lines)
    if len(block) > FRAME:
        raise ValueError(f"{len(block)} bytes of headers; {FRAME} go into a frame")
    return frame(HEADERS, END_HEADERS | (0 if body else END_STREAM), 0, block) + body
