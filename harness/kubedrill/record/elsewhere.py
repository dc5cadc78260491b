"""What of a drill stands in the cluster of somebody else's that it is played on: who drills, and its ledger.

If the machine that drills is lost with its disk, another one finds there what is to be undone.
"""

from kubedrill.record.labels import MANAGED, NAMESPACE, labels_of

LEDGER = "kubedrill.io/ledger"
"""The label of a ConfigMap that holds a ledger; its data are `run`, the path of the run folder, and LINES."""
LINES = "ledger.jsonl"
LEDGERS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
DRILL = "drill"
"""The Lease of who drills: renewed as long as a drill's watchdog is there."""
RENEWED_EVERY_S = 5.0
ALIVE_S = 30.0
"""So long after it was renewed last, its holder counts as alive: six renewals may be late, or lost."""


def ledger_name(run: str) -> str:
    """Return the name of the ConfigMap of a run's ledger."""
    return f"ledger-{run.lower()}"


def ledger_object(run: str, folder: str, lines: str) -> dict[str, object]:
    """Return the ConfigMap of a run's ledger; `folder` is the run folder's path."""
    labels = {**labels_of(run), LEDGER: ""}  # by its run's label it is no collateral
    metadata = {"name": ledger_name(run), "labels": labels}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"run": folder, LINES: lines},
    }


def lease_object(holder: str, renewed: str) -> dict[str, object]:
    """Return the Lease of who drills; `renewed` as RFC 3339 with microseconds."""
    spec = {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": round(ALIVE_S)}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": DRILL, "labels": MANAGED},
        "spec": spec,
    }
