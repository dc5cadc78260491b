"""The apiservers that the load balancer is told to send nobody to, each until its lease ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubedrill.clock import now
from kubedrill.cluster.holds import (
    AGAIN,
    EVERYBODY,
    asks_about,
    is_over,
    owner_of,
    takes_back,
)
from kubedrill.cluster.local.haproxy import BalancerRefused, BalancerSilent, put_back, take_out
from kubedrill.cluster.requests import Request


class Backends:
    """Kept by the supervisor, which outlives whoever asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._out: dict[tuple[str, str], int | None] = {}
        """By zone and owner, until when."""

    def answer(self, request: Request) -> dict[str, Any]:
        """Take one out, or put it back; BalancerSilent."""
        owner = owner_of(request)
        if request["do"] == "take_out":
            self.take_out(request["zone"], request["until"], owner)
        else:
            self.put_back(request["zone"], owner)
        return {}

    def take_out(self, zone: str, until: int | None, owner: str = EVERYBODY) -> None:
        """Send nobody to a zone's apiserver, and end the connections to it; BalancerSilent.

        One that does not answer in time may do it yet, so that the lease is kept.
        """
        self._out[zone, owner] = until
        try:
            take_out(self._folder, zone)
        except BalancerRefused:
            del self._out[zone, owner]
            raise

    def put_back(self, zone: str, owner: str = EVERYBODY) -> None:
        """Send requests to it again, unless another owner has taken it out too.

        BalancerSilent if that is not done.
        """
        left = [known for known in self._out if known[0] == zone]
        taken_back = [known for known in left if takes_back(owner, known[1])]
        if left == taken_back:
            put_back(self._folder, zone)
        for known in taken_back:
            del self._out[known]

    def in_force(self, owner: str) -> Iterator[str]:
        """Yield in words what is done for an owner."""
        for zone, known in self._out:
            if asks_about(owner, known):
                yield f"the apiserver of zone {zone} is sent no requests"

    def due(self) -> list[int]:
        """Return when leases end, monotonic ns."""
        return [until for until in self._out.values() if until is not None]

    def put_back_due(self) -> None:
        """Put back those whose lease has ended."""
        for (zone, owner), until in list(self._out.items()):
            if is_over(until):
                try:
                    self.put_back(zone, owner)
                except BalancerSilent:
                    self._out[zone, owner] = now() + AGAIN
