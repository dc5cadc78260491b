"""How everything is labelled that a run creates, so that a sweep finds it; what its own kind is called."""

RUN = "kubedrill.io/run"

ZONE = "topology.kubernetes.io/zone"
"""The label by which a node says in which zone it is."""

AUDITED = "kubedrill-audit"
"""The namespace of what the auditor writes, reads and watches."""

CUSTOM_GROUP, CUSTOMS = "drill.kubedrill.io", "customs"
"""API group and plural of the custom resources that are seeded."""
DEFINITION = f"{CUSTOMS}.{CUSTOM_GROUP}"
"""The name of their CustomResourceDefinition."""

PROBED = ("probe", *(f"probe-{number}" for number in range(1, 16)))
"""The ConfigMaps that probes read and write, in the namespace `kubedrill`; once there was but the first."""


def labels_of(run: str) -> dict[str, str]:
    """Return the labels of everything that a run creates."""
    return {"app.kubernetes.io/managed-by": "kubedrill", RUN: run}
