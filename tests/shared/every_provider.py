"""On what the contract of clusters is played, for each provider that there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bare_cluster import CONTEXT, everything, somebodys

from kubedrill import cluster as stage
from kubedrill import places
from kubedrill.cluster.adopted.adopting import file_of as file_text
from kubedrill.cluster.adopted.adopting import look_at
from kubedrill.record.cluster import ClusterRecord

HERE = Path(__file__)
ADOPTED = "kubeconfig"
"""The provider that needs a cluster of somebody else's."""
SHARED = "local-3az"
"""The cluster that all tests share, where it is of the provider."""


@contextmanager
def playable(provider: str, folder: Path, name: str) -> Iterator[Path]:
    """Have the file of a cluster of that provider that can be brought up, as long as this block lasts."""
    if provider != ADOPTED:
        yield file_of(provider)
        return
    with somebodys(f"{name}-theirs", folder) as theirs:
        theirs.allow(everything())
        kubeconfig, file = str(theirs.kubeconfig), folder / f"{name}.yaml"
        file.write_text(file_text(look_at(kubeconfig, CONTEXT), kubeconfig), encoding="utf-8")
        yield file


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
