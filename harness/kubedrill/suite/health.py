"""Suite: whether a cluster is well enough for a drill to begin; what is not up is brought up by the drill."""

from contextlib import closing
from http import HTTPStatus

from kubedrill import cluster, inspecting
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.provider import administrator
from kubedrill.errors import NotStarted
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.errors import WireError

_READY = "/readyz"


def unwell(name: str, described: ClusterDescription | None) -> str:
    """Return why a cluster is not well; "" if it is, or will be brought up."""
    try:
        record = cluster.find(name)
        if record is not None:
            return cluster.lost_by(record) or _of_components(record) or _of_api(record)
        return inspecting.unready(name) if described is not None and described.foreign else ""
    except (NotStarted, HandleError, WireError) as error:
        return str(error)


def _of_components(record: ClusterRecord) -> str:
    """Return which components do not run, as far as the cluster's provider knows of any."""
    states = cluster.handle_of(record).components()
    down = [
        f"{name} is {known.state}" for name, known in states.items() if known.state != "running"
    ]
    return ", ".join(down)


def _of_api(record: ClusterRecord) -> str:
    with closing(administrator(record)) as api:
        answer = api.call("GET", _READY)
    return "" if answer.status == HTTPStatus.OK else f"GET {_READY} was answered {answer.status}"
