"""Seed: remove what a run seeded. Idempotent: the undo in the ledger."""

import json
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kubedrill.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import CUSTOMS, RUN
from kubedrill.record.sample import Outcome
from kubedrill.record.timeline import Sweep
from kubedrill.seed.calling import Call, Seeder, SeedFailed, call_all
from kubedrill.seed.definition import DEFINITIONS
from kubedrill.seed.kinds import KINDS
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import Target, client_tls

TIMEOUT = 300 * SECOND
"""A cluster on two cores deletes 6 namespaces a second."""
FEW = 20
"""Namespaces that are emptied from here; of more, the cluster's own controller takes care."""
PAGE = 5000
CONTENTS = ("pods", "secrets", "configmaps", "events")
"""What there may be much of, beside custom resources."""
_NAMESPACES = "/api/v1/namespaces"
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_GONE = 404
_FORBIDDEN = 403
_UNDER_WAY = 409
"""Its deletion has begun before."""


def sweep(cluster_file: str, run: str) -> dict[str, Any] | None:
    """Delete the namespaces of `run`, and so all that it made, from the cluster of `cluster_file`.

    Returns when they are gone; None if the cluster, or its record, is gone. SeedFailed if they
    are still there after TIMEOUT. What it returns is a record.timeline.Sweep.
    """
    path = Path(cluster_file)
    if not path.exists():
        return None
    record = ClusterRecord.read(path)
    if _is_gone(record):
        return None
    begun = now()
    seeder = Seeder(record, begun + TIMEOUT)
    try:
        namespaces, objects = _delete(record, seeder, run, begun + TIMEOUT)
    finally:
        seeder.close()
    seconds = round((now() - begun) / SECOND, 2)
    return Sweep(namespaces=namespaces, objects=objects, seconds=seconds).model_dump()


def _is_gone(record: ClusterRecord) -> bool:
    # Slow is not gone: only a missing certificate or a closed port is.
    try:
        target = Target(record.balancer, record.server_name, client_tls(record.ca_file))
        Connection.open(target, now() + 5 * SECOND).close()
    except FileNotFoundError:
        return True
    except WireError as error:
        return error.outcome == Outcome.REFUSED
    return False


def _delete(record: ClusterRecord, seeder: Seeder, run: str, until: int) -> tuple[int, int]:
    """Delete what the run made; return how many namespaces, and how many objects from here."""
    names, definitions = _made(seeder, _NAMESPACES, run), _defined(seeder, run)
    deletions = (Call("DELETE", f"{_NAMESPACES}/{name}", (_GONE, _UNDER_WAY)) for name in names)
    # The namespaces first: their controller waits 5 s before it looks. Then each object by itself, for
    # the server deletes those of a collection or a namespace one after the other, 3 times as slow.
    call_all(record, deletions, until)
    objects = 0
    if len(names) <= FEW:
        for collection in chain.from_iterable(_contents(name, definitions) for name in names):
            one_by_one = list(_deletions(seeder, collection))
            call_all(record, one_by_one, until)
            objects += len(one_by_one)
    # Last, for with a definition the server deletes what is left of the kind, one after the other.
    for name in definitions:
        seeder.call("DELETE", f"{DEFINITIONS}/{name}", fine=(_GONE,))
    _wait_gone(seeder, run, until)
    return len(names), objects


def _made(seeder: Seeder, collection: str, run: str, fine: tuple[int, ...] = ()) -> list[str]:
    """Return the names of what a collection holds of that run."""
    selector = f"labelSelector={quote(f'{RUN}={run}')}"
    return [
        found["metadata"]["name"] for found in _listed(seeder, f"{collection}?{selector}", fine)
    ]


def _defined(seeder: Seeder, run: str) -> list[str]:
    """Return the names of the run's definitions; none where it could not have made any."""
    return _made(seeder, DEFINITIONS, run, fine=(_FORBIDDEN,))


def _contents(namespace: str, definitions: list[str]) -> list[str]:
    """Return the paths of what there may be much of in a namespace."""
    core = [f"{_NAMESPACES}/{namespace}/{resource}" for resource in CONTENTS]
    return [*core, KINDS[CUSTOMS].path(namespace)] if definitions else core


def _deletions(seeder: Seeder, collection: str) -> Iterator[Call]:
    # What it may not see it has not made; what others have put there goes with its namespace.
    for found in _listed(seeder, collection, fine=(_FORBIDDEN,)):
        # Pods that run nowhere have nobody who would end their grace period.
        path = f"{collection}/{found['metadata']['name']}?gracePeriodSeconds=0"
        yield Call("DELETE", path, (_GONE,))


def _listed(seeder: Seeder, collection: str, fine: tuple[int, ...] = ()) -> Iterator[Any]:
    """Yield the metadata of what a collection holds, page by page; none if the answer is one of `fine`."""
    joined = "&" if "?" in collection else "?"
    following = ""
    while True:
        path = f"{collection}{joined}limit={PAGE}{following}"
        answer = seeder.call("GET", path, accept=_NAMES_ONLY, fine=fine)
        if answer.status in fine:
            return
        listed = json.loads(answer.body)
        yield from listed["items"] or ()  # null where there are none
        token = listed["metadata"].get("continue")
        if not token:
            return
        following = f"&continue={quote(token)}"


def _wait_gone(seeder: Seeder, run: str, until: int) -> None:
    while names := [*_made(seeder, _NAMESPACES, run), *_defined(seeder, run)]:
        if now() > until:
            raise SeedFailed(
                f"{len(names)} are still being deleted, {names[0]} among them; the "
                "cluster goes on with it, kubedrill heal looks again"
            )
        time.sleep(0.2)
