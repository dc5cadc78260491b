"""Send JSON to an address by POST: for so long at most, and to nobody that it redirects to."""

import json
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from ssl import SSLError
from threading import Thread
from typing import Any
from urllib.error import HTTPError, URLError

TIMEOUT_S = 10.0
"""Of each answer of the network."""
LONGEST_S = 15.0
"""In all: who answers byte by byte does not hold anybody up."""


class NotDelivered(Exception):  # noqa: N818 - an event of whoever sends
    """Nobody has taken it; says why, and not where it was to go: addresses may be secrets."""


class _Refusing(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for a failure: a POST that is sent on becomes a GET, which tells nobody."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
    """Send `body` as JSON; NotDelivered unless it is taken in time."""
    failed = ["it took too long"]

    def send() -> None:
        failed[0] = _why_not(url, headers, body)

    sender = Thread(target=send, name="post", daemon=True)
    sender.start()
    sender.join(LONGEST_S)
    if failed[0]:
        raise NotDelivered(failed[0])


def _why_not(url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> str:
    """Send it; return why nobody has taken it, "" if somebody has."""
    try:
        asked = urllib.request.Request(  # noqa: S310 - who calls has read http or https
            url,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "User-Agent": "kubedrill", **headers},
        )
        with urllib.request.build_opener(_Refusing).open(asked, timeout=TIMEOUT_S) as answer:
            return (
                f"answered {answer.status}" if answer.status >= HTTPStatus.MULTIPLE_CHOICES else ""
            )
    except HTTPError as error:
        return f"answered {error.code}"
    except URLError as error:
        return _cause(error.reason)
    except Exception as error:  # noqa: BLE001 - whatever it is must not show the address
        return _cause(error)


def _cause(error: object) -> str:
    """Return what failed, in words that cannot hold the address."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, SSLError):  # whose words name the host
        return f"TLS: {error.reason}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__ if isinstance(error, Exception) else "is no address"
