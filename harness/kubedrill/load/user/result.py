"""Load: what comes of an arrival."""

from typing import NamedTuple

from kubedrill.clock import now
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response


class RequestSeries(NamedTuple):
    """One kind of request in a profile's samples."""

    name: str
    verb: str
    role: str
    """transaction: one for each arrival, what objectives are about; part: of one, or beside it; moment:
    beside it as well, and it only happens, without lasting."""


class Result(NamedTuple):
    """What came of a request; times in monotonic ns."""

    outcome: int
    """HTTP status, or a record.sample.Outcome; 2xx only for a whole and valid answer."""
    first_byte: int
    """0 if none came."""
    end: int
    size: int
    """Bytes of the body."""
    target: int = 0
    """Number of the server that answered (client.targets); 0: not known, or several."""

    @classmethod
    def of(cls, response: Response, outcome: int) -> "Result":
        """Return the result of an answer that is judged as `outcome`."""
        # As _make does: half the time of the call that checks the fields' names.
        fields = (outcome, response.first_byte, response.end, response.size, response.peer)
        return tuple.__new__(cls, fields)

    @classmethod
    def failed(cls, error: WireError) -> "Result":
        """Return the result of a request that has just failed without a whole answer."""
        return cls(error.outcome, error.first_byte, now(), 0, error.peer)


class Arrival:
    """One arrival in flight."""

    __slots__ = ("deadline", "due", "resting", "started")

    def __init__(self, due: int) -> None:
        self.due = due
        """When it should have started, monotonic ns; latency counts from here."""
        self.started = 0
        """When it really did, later by what it then waited for a connection; 0: not yet."""
        self.deadline = 0
        """When it will have failed."""
        self.resting = False
        """Whether it waits for nothing but time of its own."""
