"""Wire: a request as bytes, made once and sent many times."""

from collections.abc import Mapping

USER_AGENT = "kubedrill"


def prepare(
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
    """Return an HTTP/1.1 request; ValueError if a part would break out of its place."""
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
    head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items())]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def fields(
    method: str,
    path: str,
    host: str,
    *,
    token: str | None,
    accept: str,
    user_agent: str,
    headers: Mapping[str, str],
    body: bytes,
    content_type: str,
) -> dict[str, str]:
    """Return the headers of a request, in any version of HTTP; ValueError as `prepare`."""
    lines = {"Host": host, "Accept": accept, "User-Agent": user_agent}
    if token:
        lines["Authorization"] = f"Bearer {token}"
    if body:
        lines["Content-Type"] = content_type
    if body or method not in {"GET", "HEAD", "DELETE"}:
        lines["Content-Length"] = str(len(body))
    lines |= headers
    for name, value in {"method": method, "path": path, **lines}.items():
        _check(name, value, blanks=name not in {"method", "path"})
    return lines


def _check(name: str, value: str, blanks: bool) -> None:
    lowest = 32 if blanks else 33
    if not value or not all(lowest <= ord(letter) < 127 for letter in value):
        raise ValueError(f"{name} of a request cannot be {value!r}: printable ASCII only")
