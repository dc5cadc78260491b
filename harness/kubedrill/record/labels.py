"""How everything is labelled that a run creates, so that a sweep finds it; what its own kind is called."""

RUN = "kubedrill.io/run"

ZONE = "topology.kubernetes.io/zone"
"""The label by which a node says in which zone it is."""

APART = "kubedrill.io/fleet"
"""The taint (NoSchedule) of a fleet's nodes on a cluster that serves others: none come there."""

NAMESPACE = "kubedrill"
"""The namespace of identities, of what probes touch, and of the ledger on somebody else's cluster."""

AUDITED = "kubedrill-audit"
"""The namespace of what the auditor writes, reads and watches."""

CUSTOM_GROUP, CUSTOMS = "drill.kubedrill.io", "customs"
"""API group and plural of the custom resources that are seeded."""
DEFINITION = f"{CUSTOMS}.{CUSTOM_GROUP}"
"""The name of their CustomResourceDefinition."""

WORKLOAD = "workload"
"""What pods that wait for nodes are called among what is seeded; their Deployment, and its label `app`."""

PROBED = ("probe", *(f"probe-{number}" for number in range(1, 16)))
"""The ConfigMaps that probes read and write, in the namespace `kubedrill`; once there was but the first."""


MANAGED = {"app.kubernetes.io/managed-by": "kubedrill"}
"""The label of everything that kubedrill creates."""


def labels_of(run: str) -> dict[str, str]:
    """Return the labels of everything that a run creates."""
    return {**MANAGED, RUN: run}


def namespace_of(run: str) -> str:
    """Return the namespace that holds the seeded objects of a run."""
    return f"kubedrill-{run.lower()}"


def namespace_of_workload(run: str) -> str:
    """Return the namespace of a run's workload, beside the one of what else it seeds."""
    return f"{namespace_of(run)}-{WORKLOAD}"
