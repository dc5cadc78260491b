"""Wire: how a request fails where no whole answer came."""

import errno
import ssl

from kubedrill.record.sample import Outcome

_OUTCOMES = {
    errno.ECONNREFUSED: Outcome.REFUSED,
    errno.ECONNRESET: Outcome.RESET,
    errno.ECONNABORTED: Outcome.RESET,
    errno.EPIPE: Outcome.RESET,
    errno.ETIMEDOUT: Outcome.TIMEOUT,
    # Limits of this machine, not of the server.
    errno.EMFILE: Outcome.NO_DESCRIPTOR,
    errno.ENFILE: Outcome.NO_DESCRIPTOR,
    errno.EADDRNOTAVAIL: Outcome.NO_PORT,
    errno.ENOBUFS: Outcome.NO_MEMORY,
    errno.ENOMEM: Outcome.NO_MEMORY,
}


class WireError(Exception):
    """No whole answer came. `first_byte`: monotonic ns of the answer's first byte, 0 if none came."""

    def __init__(self, outcome: Outcome, message: str, first_byte: int = 0) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.first_byte = first_byte
        self.peer = 0
        """`Connection.peer` of the connection that it happened on; 0 if there was none."""


class NotSent(WireError):  # noqa: N818 - not a failure where there is another connection
    """Nothing of the request has left: the connection takes no more. Another connection may take it."""


def from_os_error(error: OSError) -> WireError:
    """Return the WireError for what the kernel or OpenSSL said; UNREACHABLE for what has no class."""
    if isinstance(error, ssl.SSLError):
        return WireError(Outcome.TLS, f"TLS: {error.reason or error}")
    outcome = _OUTCOMES.get(error.errno or 0, Outcome.UNREACHABLE)
    return WireError(outcome, error.strerror or str(error))
