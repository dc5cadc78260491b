"""Seed: remove what a run seeded. Idempotent: the undo in the ledger."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

from kubedrill.record.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.sample import Outcome
from kubedrill.seed.api import Api, SeedFailed
from kubedrill.seed.create import namespace_of
from kubedrill.seed.kinds import KINDS
from kubedrill.seed.parallel import Call, call_all
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

TIMEOUT = 60 * SECOND
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_GONE = 404
_CONFLICT = 409
"""Its deletion is already under way."""


def sweep(cluster_file: str, run: str) -> None:
    """Delete the objects and the namespace of `run` from the cluster of `cluster_file`.

    Returns when they are gone; does nothing if the cluster, or its record, is gone. SeedFailed
    if they are still there after a minute.
    """
    path = Path(cluster_file)
    if not path.exists():
        return
    record = ClusterRecord.read(path)
    if _is_gone(record):
        return
    until = now() + TIMEOUT
    api = Api(record, until)
    try:
        _delete(record, api, namespace_of(run), until)
    finally:
        api.close()


def _is_gone(record: ClusterRecord) -> bool:
    # Slow is not gone: only a missing certificate or a closed port is.
    try:
        target, _ = identity_target(record, "admin")
        Connection.open(target, now() + 5 * SECOND).close()
    except FileNotFoundError:
        return True
    except WireError as error:
        return error.outcome == Outcome.REFUSED
    return False


def _delete(record: ClusterRecord, api: Api, namespace: str, until: int) -> None:
    path = f"/api/v1/namespaces/{namespace}"
    if api.call("GET", path, fine=(_GONE,)).status == _GONE:
        return
    # The namespace first: its controller waits 5 s before it looks. Then each object by itself, for
    # the server deletes those of a collection or a namespace one after the other, 3 times as slow.
    api.call("DELETE", path, fine=(_GONE, _CONFLICT))
    for kind in KINDS.values():
        call_all(record, _deletions(api, f"{path}/{kind.resource}"), until)
    _wait_gone(api, path, until)


def _deletions(api: Api, collection: str) -> Iterator[Call]:
    listed = api.json("GET", collection, accept=_NAMES_ONLY)
    for one in listed["items"] or ():  # null where there are none
        # Pods that run nowhere have nobody who would end their grace period.
        path = f"{collection}/{one['metadata']['name']}?gracePeriodSeconds=0"
        yield Call("DELETE", path, _GONE)


def _wait_gone(api: Api, path: str, until: int) -> None:
    while (answer := api.call("GET", path, fine=(_GONE,))).status != _GONE:
        if now() > until:
            conditions = json.loads(answer.body)["status"].get("conditions", [])
            raise SeedFailed(f"{path} is still being deleted: {conditions}")
        time.sleep(0.2)
