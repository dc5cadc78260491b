"""On what the contract of clusters is played, for each provider that there is."""

from pathlib import Path

from kubedrill import cluster as stage
from kubedrill import places
from kubedrill.record.cluster import ClusterRecord

HERE = Path(__file__)
SHARED = "local-3az"
"""The cluster that all tests share, where it is of the provider."""


def file_of(provider: str) -> Path:
    """Return the cluster file of a provider that is played."""
    files = sorted(places.folder("clusters", HERE).glob("*.yaml"))
    found = [file for file in files if stage.load_definition(file).provider == provider]
    assert found, f"{provider}: no file of clusters/ to play the contract on"
    return next((file for file in found if file.stem == SHARED), found[0])


def of_kind(record: ClusterRecord, kinds: tuple[str, ...]) -> str:
    """Return one of the cluster's components, of those that are missed least."""
    ordered = ["kube-scheduler", "kube-controller-manager", *kinds]
    kind = next(kind for kind in ordered if kind in kinds)
    return record.of_kind(kind)[-1].name
