"""Suite: what is asked of a cluster before a drill begins; one that the drill brings up is asked nothing."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus

from kubedrill import cluster, inspecting
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.provider import Administrator, administrator
from kubedrill.errors import NotStarted
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord
from kubedrill.suite.schema import LabelGate
from kubedrill.wire.errors import WireError

_READY = "/readyz"
_SILENT = (NotStarted, HandleError, WireError)


def unwell(name: str, described: ClusterDescription | None) -> str:
    """Return why a cluster is not well; "" if it is, or will be brought up."""
    try:
        record = cluster.find(name)
        if record and (why := cluster.lost_by(record) or _of_components(record)):
            return why
        with _asked(record, name, described) as api:
            status = api.call("GET", _READY).status if api else HTTPStatus.OK
    except _SILENT as error:
        return str(error)
    return "" if status == HTTPStatus.OK else f"GET {_READY} was answered {status}"


def labelled(gate: LabelGate, name: str, described: ClusterDescription | None) -> str:
    """Return that a namespace has the label with which no drill begins, or why nobody knows; or ""."""
    path = f"/api/v1/namespaces/{gate.namespace}"
    try:
        with _asked(cluster.find(name), name, described) as api:
            answer = api.call("GET", path) if api else None
    except _SILENT as error:
        return str(error)
    if answer is None:
        return ""
    if answer.status != HTTPStatus.OK:
        return f"GET {path} was answered {answer.status}"
    labels = json.loads(answer.body)["metadata"].get("labels") or {}
    key, _, value = gate.label.partition("=")
    if labels.get(key) != value:
        return ""
    return f"namespace {gate.namespace} has the label {gate.label}"


def _of_components(record: ClusterRecord) -> str:
    """Return which components do not run, as far as the cluster's provider knows of any."""
    states = cluster.handle_of(record).components()
    down = [
        f"{name} is {known.state}" for name, known in states.items() if known.state != "running"
    ]
    return ", ".join(down)


@contextmanager
def _asked(
    record: ClusterRecord | None, name: str, described: ClusterDescription | None
) -> Iterator[Administrator | None]:
    """Yield who may be asked in a cluster that is up, or somebody else's; None where nobody is there yet."""
    if record is not None:
        with closing(administrator(record)) as api:
            yield api
    elif described is not None and described.foreign:
        with inspecting.access(name) as access:
            yield access
    else:
        yield None
