"""Observe: one apiserver after the other is asked: the next one after one that did not answer."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from kubedrill.client.caller import Caller
from kubedrill.clock import now
from kubedrill.observe.ticks import in_time
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.lines import JsonLines, Line
from kubedrill.record.sample import outcome_name
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
"""To be asked for: the names and labels of a list, and nothing else of it."""

Read = TypeVar("Read")


class InTurn:
    """Asks as one identity, on kept connections; each is given `timeout` ns."""

    def __init__(self, record: ClusterRecord, identity: str, timeout: int) -> None:
        self._timeout = timeout
        self._servers = [
            Caller(*identity_target(record, identity, each)) for each in record.apiservers
        ]

    def close(self) -> None:
        """Close the connections."""
        for server in self._servers:
            server.close()

    def ask(self, path: str, accept: str, read: Callable[[bytes], Read]) -> tuple[Read | None, str]:
        """Return what is read of the answer to a GET; None and why, where there is none that can be read.

        `read` raises ValueError, KeyError or TypeError where the answer is none.
        """
        server = self._servers[0]
        try:
            answer = server.ask(server.request("GET", path, accept=accept), now() + self._timeout)
            if answer.status == 200:
                return read(answer.body), ""
            error = outcome_name(answer.status)
        except WireError as broken:
            error = outcome_name(broken.outcome)
        except (ValueError, KeyError, TypeError) as wrong:
            error = f"no answer to GET {path}: {wrong}"
        self._servers.append(self._servers.pop(0))
        return None, error


class Closing(Protocol):
    """Who is asked."""

    def close(self) -> None:
        """Close the connections."""
        ...


AskedT = TypeVar("AskedT", bound=Closing)


class Looks(ABC, Generic[AskedT]):
    """Asks apiservers again and again, and writes a line of each look."""

    def __init__(self, asked: AskedT, lines: JsonLines) -> None:
        self._asked = asked
        self._lines = lines

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Look at each of `times` until `ended` is set; leave out those that have long passed."""
        for _ in in_time(times, ended):
            self._lines.add(self._look())
        self._asked.close()

    @abstractmethod
    def _look(self) -> Line:
        """Look once."""
