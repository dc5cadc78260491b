"""Fleet: what of a cluster that kubedrill did not make will meet hollow nodes there. Changes nothing."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from kubedrill.client.caller import Caller
from kubedrill.client.informer import Object
from kubedrill.fleet.objects import NODES
from kubedrill.fleet.patience import DONE
from kubedrill.fleet.scaling import tolerates
from kubedrill.record.cluster import FLEET, ClusterRecord
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

DAEMON_SETS = "/apis/apps/v1/daemonsets"
_MOST = 500
"""So many nodes are looked at: clusters have one provider, or few."""


class _Unknown(Exception):  # noqa: N818 - of no consequence but that it is told
    """What could not be asked; says why."""


def meets(record: ClusterRecord) -> Iterator[str]:
    """Yield in words what will come to the nodes of a fleet, or would delete them; or that nobody knows."""
    if FLEET not in record.identities:
        return
    target, token = identity_target(record, FLEET)
    with closing(Caller(target, token, user_agent="kubedrill-fleet")) as caller:
        for look in (_daemon_sets, _clouds):
            try:
                yield from look(caller)
            except _Unknown as unknown:
                yield str(unknown)


def _daemon_sets(caller: Caller) -> Iterator[str]:
    names = [
        f"{found['metadata']['namespace']}/{found['metadata']['name']}"
        for found in _listed(caller, DAEMON_SETS, "which DaemonSets tolerate everything")
        if tolerates(found["spec"]["template"]["spec"])
    ]
    if names:
        yield (
            f"pods of {', '.join(names)} come to the fleet's nodes, whatever their taints, and nothing runs "
            "there"
        )


def _clouds(caller: Caller) -> Iterator[str]:
    nodes = _listed(caller, f"{NODES}?limit={_MOST}", "whose nodes there are")
    ids = {node["spec"].get("providerID", "") for node in nodes}
    clouds = sorted({each.partition(":")[0] for each in ids if each})
    if clouds:
        yield (
            f"nodes are of {', '.join(clouds)}: its cloud node controller deletes nodes that it does not "
            "know, once they are NotReady"
        )


def _listed(caller: Caller, path: str, what: str) -> list[Object]:
    try:
        answer = caller.call("GET", path)
    except WireError as error:
        raise _Unknown(f"nobody knows {what}: {error}") from None
    if answer.status not in DONE:
        raise _Unknown(f"nobody knows {what}: GET {path}: {answer.status}")
    items: list[Any] | None = json.loads(answer.body)["items"]
    return items or []
