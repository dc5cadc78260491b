"""Seed: many calls at once, each over one of a few kept connections."""

import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from kubedrill.record.cluster import ClusterRecord
from kubedrill.seed.api import Api

THREADS = 12
"""Enough to fill two cores with the servers' work; a thread mostly waits."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the API; `fine` are statuses that mean it was done before."""

    method: str
    path: str
    fine: tuple[int, ...]
    body: bytes = b""


def call_all(record: ClusterRecord, calls: Iterable[Call], until: int) -> None:
    """Make every call, until `until` (monotonic ns); SeedFailed, and no further ones, if one fails."""
    work = queue.SimpleQueue[Call]()
    for one in calls:
        work.put(one)
    errors: list[Exception] = []
    threads = [
        threading.Thread(target=_call_until_empty, args=(record, work, until, errors))
        for _ in range(min(THREADS, work.qsize()))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _call_until_empty(
    record: ClusterRecord, work: "queue.SimpleQueue[Call]", until: int, errors: list[Exception]
) -> None:
    api = Api(record, until)
    try:
        while not errors:
            one = work.get_nowait()
            api.call(one.method, one.path, one.body, fine=one.fine)
    except queue.Empty:
        pass
    except Exception as error:  # noqa: BLE001 - raised again where the threads are joined
        errors.append(error)
    finally:
        api.close()
