"""Faults: what a cluster lacks for a fault, or for a parameter of it: for `faults --cluster` and refusals."""

from collections.abc import Iterator, Sequence

from kubedrill.cluster.handle import NOT_OFFERED
from kubedrill.cluster.leases import leader_of
from kubedrill.faults.fault import Fault
from kubedrill.record.catalogue import ClusterDescription, Need


def lacks(kind: type[Fault], cluster: ClusterDescription) -> Iterator[str]:
    """Yield why a cluster cannot take any fault of a kind."""
    for need in kind.needs:
        if why := _why_not(need, cluster):
            yield f"{need}: {why}"
    if not _has(kind.identity, cluster):
        yield f"it has no identity {kind.identity}, as which that is done"


def lacks_of_parameters(kind: type[Fault], cluster: ClusterDescription) -> Iterator[str]:
    """Yield which parameters a cluster cannot take, and why."""
    for name, need in kind.parameter_needs.items():
        if why := _why_not(need, cluster):
            yield f"{name} ({need}: {why})"


def lacking(fault: Fault, cluster: ClusterDescription) -> str:
    """Return what a cluster lacks for a fault, with the parameters that it is given; or ""."""
    for need in fault.needs:
        if why := _lacking(need, cluster):
            return f"{fault.name} {why}"
    for name, need in fault.parameter_needs.items():
        if getattr(fault, name) is not None and (why := _lacking(need, cluster)):
            return f"{fault.name}: {name}: {why}"
    if _has(fault.identity, cluster):
        return ""
    return f"{fault.name} needs the identity {fault.identity}; this cluster has not got it"


def _lacking(need: Need, cluster: ClusterDescription) -> str:
    if not (why := _why_not(need, cluster)):
        return ""
    has = ", ".join(cluster.capabilities) or "nothing"
    return f"needs the capability {need} ({why}); this cluster has: {has}"


def _why_not(need: Need, cluster: ClusterDescription) -> str:
    if str(need) in cluster.capabilities:
        return cluster.lacks.get(need.in_detail, "")
    return cluster.why_not(str(need)) or NOT_OFFERED


def no_leader(
    fault: str, asked: str | Sequence[str], cluster: ClusterDescription, kind: str = "apiserver"
) -> str:
    """Return that there is no leader among those of a kind, if one is asked for; or ""."""
    known = ", ".join(("random", *cluster.zones))
    none = f"{fault}: no {kind} leads the others; known: {known}"
    return none if asked == "leader" else ""


def no_leader_known(fault: Fault, kind: str, cluster: ClusterDescription) -> str:
    """Return why a fault on a kind of component must not be asked for its leader; or ""."""
    why = cluster.lacks.get(leader_of(kind), "")
    if fault.asked() != "leader" or not why:
        return ""
    return f"{fault.name}: nobody can tell which {kind} leads: {why}; or name a zone, or random"


def _has(identity: str, cluster: ClusterDescription) -> bool:
    """Whether a cluster has an identity, or may have it: not each is known before it is up."""
    return not identity or cluster.identities is None or identity in cluster.identities
