"""Who leads among components that are led: the Lease that they hold in turn."""

import json
from contextlib import closing
from datetime import UTC, datetime

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.watched import LeaseHeld
from kubedrill.wire.target import identity_target

LED = ("kube-controller-manager", "kube-scheduler")
"""Kinds of components of which one leads; their Lease has the same name."""


def leader_of(kind: str) -> str:
    """Return by what a cluster's `lacks` say why nobody can tell who leads of a kind of component."""
    return f"leader {kind}"


class LeaseError(ValueError):
    """The API answered, but not with a Lease; the message has its words."""


def lease_path(kind: str) -> str:
    """Return where the Lease of a kind of component is."""
    return f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{kind}"


def parsed(body: bytes) -> LeaseHeld:
    """Return the Lease in an answer of the API; LeaseError if there is none."""
    try:
        spec = json.loads(body)["spec"]
        return LeaseHeld(
            holder=spec.get("holderIdentity") or "",
            acquired=_nanoseconds(spec["acquireTime"]),
            renewed=_nanoseconds(spec["renewTime"]),
            lasts_s=spec["leaseDurationSeconds"],
            transitions=spec.get("leaseTransitions", 0),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LeaseError(f"no Lease: {body[:200]!r}") from error


def leader(record: ClusterRecord, kind: str, timeout_s: float) -> str:
    """Return the zone whose component holds the Lease, "" if none does; WireError, LeaseError.

    A holder calls itself HOSTNAME_ID.
    """
    target, token = identity_target(record, "scraper")
    with closing(Caller(target, token, timeout_s)) as api:
        answer = api.call("GET", lease_path(kind))
    if answer.status != 200:
        raise LeaseError(f"the Lease {kind}: {answer.status} {answer.body[:200]!r}")
    host = parsed(answer.body).holder.partition("_")[0]
    zone = record.zone_of_host(host)
    if host and not zone:
        raise LeaseError(f"the Lease {kind} is held on {host}, which is no zone's hostname")
    return zone


def _nanoseconds(text: str) -> int:
    at = datetime.fromisoformat(text).astimezone(UTC)
    return int(at.timestamp()) * SECOND + at.microsecond * 1000
