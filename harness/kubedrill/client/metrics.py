"""Client: the page on which a component counts what it does."""

from contextlib import closing

from kubedrill.client.caller import Caller
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.response import Response
from kubedrill.wire.target import identity_target


def metrics_page(record: ClusterRecord, component: str, timeout_s: float) -> Response:
    """Ask a component for its metrics; WireError if it does not answer in time."""
    target, token = identity_target(record, "scraper", record.component(component).metrics)
    with closing(Caller(target, token, timeout_s)) as api:
        return api.call("GET", "/metrics")
