"""Fleet: take a run's nodes out of a cluster. Idempotent: the undo in the ledger."""

import json
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from kubedrill.client.caller import Caller
from kubedrill.client.insisting import Patience, Refused, insist
from kubedrill.clock import SECOND, now
from kubedrill.fleet.objects import NODES
from kubedrill.record.cluster import FLEET, ClusterRecord
from kubedrill.record.labels import RUN
from kubedrill.wire.response import Response
from kubedrill.wire.target import identity_target

TIMEOUT = 120 * SECOND
"""The API deletes those of a collection one after the other."""
LOOK_S = 0.2


class NotRemoved(Exception):  # noqa: N818 - an event of the drill, not a programming error
    """Nodes are still there; the message says how many, or what the API said."""


def remove(cluster_file: str, run: str) -> None:
    """Delete the nodes of `run` from the cluster of `cluster_file`, and return when they are gone.

    Their pods are the cluster's affair: it collects those whose node is gone. Nothing is done where the
    cluster is gone, or its record, or goes meanwhile. NotRemoved if some are still there after TIMEOUT.
    """
    path = Path(cluster_file)
    if not path.exists():
        return
    record = ClusterRecord.read(path)
    if not record.stands():
        return
    with suppress(_ClusterGone):
        _remove(record, f"{NODES}?labelSelector={quote(f'{RUN}={run}')}")


class _ClusterGone(Exception):  # noqa: N818 - an event of the drill, not a programming error
    """The cluster was taken down, and its nodes with it."""


class _Asking:
    """Asks one cluster, as long as it stands."""

    def __init__(self, record: ClusterRecord, caller: Caller) -> None:
        self._record = record
        self._caller = caller
        self.until = now() + TIMEOUT

    def __call__(self, method: str, path: str) -> Response:
        def once() -> Response:
            if not self._record.stands():
                raise _ClusterGone
            return self._caller.call(method, path)

        try:
            return insist(once, Patience(0.1, 2.0, self.until))
        except Refused as refused:
            raise NotRemoved(f"{method} {path}: {refused}") from None


def _remove(record: ClusterRecord, selected: str) -> None:
    target, token = identity_target(record, FLEET)
    with closing(Caller(target, token, timeout_s=30.0, user_agent="kubedrill-fleet")) as caller:
        ask = _Asking(record, caller)
        while first := _first(ask, selected):
            if now() > ask.until:
                raise NotRemoved(f"nodes of the fleet are still there, {first} and maybe others")
            ask("DELETE", selected)
            time.sleep(LOOK_S)


def _first(ask: _Asking, selected: str) -> str:
    """Return the name of one that is there; "" if none is."""
    listed = json.loads(ask("GET", f"{selected}&limit=1").body)["items"] or ()  # of none it is null
    return listed[0]["metadata"]["name"] if listed else ""
