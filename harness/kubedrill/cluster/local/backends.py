"""The apiservers that the load balancer is told to send nobody to, each until its lease ends."""

from pathlib import Path
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.cluster.local.haproxy import BalancerRefused, BalancerSilent, put_back, take_out
from kubedrill.cluster.local.programs import Request

AGAIN = SECOND
"""After so long it is tried again to put one back, as long as the balancer does not answer."""


class Backends:
    """Kept by the supervisor, which outlives whoever asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._out: dict[str, int | None] = {}

    def answer(self, request: Request) -> dict[str, Any]:
        """Take one out, or put it back; BalancerSilent."""
        if request["do"] == "take_out":
            self.take_out(request["zone"], request["until"])
        else:
            self.put_back(request["zone"])
        return {}

    def take_out(self, zone: str, until: int | None) -> None:
        """Send nobody to a zone's apiserver, and end the connections to it; BalancerSilent.

        One that does not answer in time may do it yet, so that the lease is kept.
        """
        self._out[zone] = until
        try:
            take_out(self._folder, zone)
        except BalancerRefused:
            del self._out[zone]
            raise

    def put_back(self, zone: str) -> None:
        """Send requests to it again; BalancerSilent if that is not done."""
        put_back(self._folder, zone)
        self._out.pop(zone, None)

    def due(self) -> list[int]:
        """Return when leases end, monotonic ns."""
        return [until for until in self._out.values() if until is not None]

    def put_back_due(self) -> None:
        """Put back those whose lease has ended."""
        for zone, until in list(self._out.items()):
            if until is not None and until <= now():
                try:
                    self.put_back(zone)
                except BalancerSilent:
                    self._out[zone] = now() + AGAIN
