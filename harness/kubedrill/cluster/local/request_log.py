"""The log of each apiserver of whom asks what of it: Kubernetes' audit log, at its lowest level."""

import json
from pathlib import Path

from kubedrill.cluster.handle import FlagValue
from kubedrill.record.cluster import request_log
from kubedrill.record.files import write_whole

_NO_ROTATION_MB = 1_000_000
"""Who reads along would lose what is rotated away; the folder goes with the cluster."""
_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "omitManagedFields": True,
    "rules": [{"level": "Metadata"}],
}


def prepare(folder: Path) -> None:
    """Write what the apiservers are to log, and make the folder for it."""
    request_log(folder, "").parent.mkdir(parents=True, exist_ok=True)
    write_whole(_policy(folder), json.dumps(_POLICY))


def flags(folder: Path, zone: str) -> dict[str, FlagValue]:
    """Return the flags of the apiserver of a zone."""
    return {
        "audit-policy-file": str(_policy(folder)),
        "audit-log-path": str(request_log(folder, f"kube-apiserver-{zone}")),
        "audit-log-format": "json",
        "audit-log-maxsize": _NO_ROTATION_MB,
    }


def _policy(folder: Path) -> Path:
    return folder / "audit-policy.yaml"
