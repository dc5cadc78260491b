"""Seed: calls to the API that are checked, and made again while that may help; many of them at once."""

import json
import queue
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kubedrill.client.caller import Caller
from kubedrill.client.insisting import Patience, Refused, insist
from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.wire.response import Response
from kubedrill.wire.target import identity_target

CALL_TIMEOUT = 30 * SECOND
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0

THREADS = 12
"""Enough to fill two cores with the servers' work; a thread mostly waits."""


class SeedFailed(Exception):  # noqa: N818 - an event of the drill, not a programming error
    """The API did not do what was asked; the message says what it answered instead."""


class Seeder:
    """Calls as the seeder, by default through the balancer. Not for several threads at once."""

    def __init__(self, record: ClusterRecord, until: int, endpoint: Endpoint | None = None) -> None:
        identity = "seeder" if "seeder" in record.identities else "admin"
        target, token = identity_target(record, identity, endpoint)
        self._caller = Caller(target, token, user_agent="kubedrill-seeder")
        self._patience = Patience(_FIRST_PAUSE_S, _LONGEST_PAUSE_S, until)

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        fine: tuple[int, ...] = (),
        accept: str = "application/json",
        headers: Mapping[str, str] = {},
    ) -> Response:
        """Return the answer if it is a 2xx or one of `fine`.

        Made again as `insist` does, until `until` (monotonic ns). SeedFailed for all else, and when that time
        is up.
        """
        request = self._caller.request(method, path, body, accept, headers)

        def once() -> Response:
            return self._caller.exchange(request, min(now() + CALL_TIMEOUT, self._patience.until))

        try:
            return insist(once, self._patience, fine)
        except Refused as refused:
            raise SeedFailed(f"{method} {path}: {refused}") from None

    def json(self, method: str, path: str, accept: str = "application/json") -> Any:
        """Return the decoded body of `call`."""
        return json.loads(self.call(method, path, accept=accept).body)

    def close(self) -> None:
        """Close the connection, if there is one."""
        self._caller.close()


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the API; `fine` are statuses that mean it was done before."""

    method: str
    path: str
    fine: tuple[int, ...]
    body: bytes = b""


def call_all(record: ClusterRecord, calls: Iterable[Call], until: int) -> None:
    """Make every call, until `until` (monotonic ns); SeedFailed, and no further ones, if one fails."""
    left = queue.SimpleQueue[Call]()
    for call in calls:
        left.put(call)
    errors: list[Exception] = []
    threads = [
        threading.Thread(target=_call_until_empty, args=(record, left, until, errors))
        for _ in range(min(THREADS, left.qsize()))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _call_until_empty(
    record: ClusterRecord, left: "queue.SimpleQueue[Call]", until: int, errors: list[Exception]
) -> None:
    seeder = Seeder(record, until)
    try:
        while not errors:
            call = left.get_nowait()
            seeder.call(call.method, call.path, call.body, fine=call.fine)
    except queue.Empty:
        pass
    except Exception as error:  # noqa: BLE001 - raised again where the threads are joined
        errors.append(error)
    finally:
        seeder.close()
