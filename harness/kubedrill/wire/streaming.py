"""Wire: what the streams of both versions of HTTP have in common."""

from typing import Protocol


class Streaming(Protocol):
    """An answer whose body comes as the server sends it: a watch."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def retry_after(self) -> float | None:
        """Seconds, of a Retry-After in seconds."""
        ...

    @property
    def first_byte(self) -> int:
        """When the answer began, monotonic ns."""
        ...

    @property
    def size(self) -> int:
        """Bytes of the body so far."""
        ...

    @property
    def peer(self) -> int:
        """Who has answered, as a number of the connection's owner."""
        ...

    def receive(self, deadline: int) -> bytes:
        """Return what has come of the body, waiting until `deadline`; b"" at its orderly end; WireError."""
        ...
