"""Faults: what the cluster's file does not allow, whatever an experiment says; no undo is held back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from kubedrill.cluster.freeze import frozen
from kubedrill.faults.catalogue import kind_of
from kubedrill.faults.toll import SERVER, ZONAL, Toll, left_of
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import KUBELET
from kubedrill.record.ledger import Ledger
from kubedrill.record.limits import Limits
from kubedrill.record.target import targets_of


def beyond(
    fault: str,
    tolls: Sequence[Toll],
    others: Sequence[Toll],
    cluster: ClusterDescription,
    more: Mapping[str, int] = {},
) -> str:
    """Return why a fault goes beyond a limit, with what others take away then; or "".

    `more` is how many there are of kinds that the cluster's description does not tell of.
    """
    there_are = {**totals(cluster), **more}
    for limit in cluster.limits:
        for toll in (toll for toll in tolls if toll.counts or toll.cut_from):
            alike = (other for other in others if other.kind == toll.kind)
            theirs = [other for other in alike if other.counts or other.cut_from]
            count = _missing([toll, *theirs], cluster.zones)
            if why := limit.too_many(toll.kind, count, there_are.get(toll.kind, 0)):
                return f"{fault}{' with other faults' if theirs else ''} {why}"
    return ""


def taken(tolls: Sequence[Toll]) -> int:
    """Return how many tolls of one kind take away together."""
    named = {name for toll in tolls for name in toll.named}
    return len(named) + sum(toll.unnamed for toll in tolls)


def _missing(tolls: Sequence[Toll], zones: Sequence[str]) -> int:
    """Return how many tolls of one kind take away, or cut off from those that still reach each other."""
    away = taken([toll for toll in tolls if toll.counts])
    cut = any(toll.cut_from for toll in tolls)
    return max(away, len(zones) - left_of(zones, tolls)) if cut else away


def totals(cluster: ClusterDescription) -> dict[str, int]:
    """Return how many there are of each kind that is known: one a zone, but for the balancer of all."""
    return {**dict.fromkeys((*ZONAL, SERVER, KUBELET), len(cluster.zones)), "balancer": 1}


def described(record: ClusterRecord) -> ClusterDescription:
    """Return what a cluster that is up has, and what may be done to it."""
    can, lacks = record.capabilities, record.lacks
    return ClusterDescription(
        record.zones,
        can,
        lacks,
        record.limits,
        provider=record.provider,
        foreign=record.foreign,
        embeds_etcd=record.embeds_etcd,
    )


def as_it_is(record: ClusterRecord) -> ClusterDescription:
    """Return the same with as whom one may ask it, which an earlier version may have made without some."""
    return replace(described(record), identities=tuple(record.identities))


def forbidden(limits: Sequence[Limits], fault: str) -> str:
    """Return why a fault is refused by its name; or ""."""
    return next(filter(None, (limit.forbids(fault) for limit in limits)), "")


def held_back(record: ClusterRecord, fault: str) -> str:
    """Return why a fault must not be injected just now, whomever it would hit; or ""."""
    moment = datetime.now(UTC)
    closed = next(filter(None, (limit.closed(moment) for limit in record.limits)), "")
    return forbidden(record.limits, fault) or closed or frozen(record.name, record.state)


def in_force(ledger: Ledger, cluster: ClusterDescription) -> Iterator[Toll]:
    """Yield what the faults take away that a ledger says were injected, and are not undone."""
    for entry in ledger.open_entries() if ledger.path.exists() else ():
        if entry.what != "fault" or "given" not in entry.facts:
            continue
        kind = kind_of(entry.name, entry.arguments.get("file", ""))
        fault = kind.model_validate(entry.facts["given"])
        hit = tuple(target.called for target in targets_of(entry.facts))
        for toll in fault.tolls(cluster):
            yield replace(toll, named=hit, unnamed=0)
