"""Faults as an experiment plans them, and which of them are refused, alone or for the others."""

from typing import Any

from kubedrill.experiment import WantedFault
from kubedrill.faults.catalogue import faults
from kubedrill.faults.overlap import refusals as refusals_of
from kubedrill.record.catalogue import ClusterDescription

ZONED = ClusterDescription(
    ("a", "b", "c"),
    (
        *(
            f"holding {kind}"
            for kind in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
        ),
        "commanding etcd",
        "cutting link",
        "shaping bandwidth",
        "shaping loss",
    ),
    {"shaping delay": "this kernel has no netem"},
)


def then(name: str, inject_s: float = 5, **arguments: Any) -> WantedFault:
    return WantedFault(name, arguments, "fault", inject_s, inject_s + 10)


def refusals(faults_then: Any, cluster: ClusterDescription) -> Any:
    return refusals_of(faults(), faults_then, cluster)


def refused(cluster: ClusterDescription, *faults: WantedFault) -> list[int]:
    return [fault.number for fault in refusals(faults, cluster)]
