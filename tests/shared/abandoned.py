"""A drill that was killed and left a broken file behind, with a ledger that says how to mend it."""

from pathlib import Path

from kubedrill.cluster import cluster_folder
from kubedrill.process.environment import kubeconfig
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger


def nowhere() -> ClusterRecord:
    """Return the record of a cluster that nobody has brought up."""
    return ClusterRecord(
        name="nowhere",
        provider="local",
        zoning="loopback",
        zones=("a",),
        folder=str(cluster_folder("nowhere")),
        balancer=Endpoint("127.0.0.1", 1),
        ca_file="",
        server_name="",
        components=(),
        identities={},
        capabilities=(),
        versions={},
    )


def welcome(folder: RunFolder) -> ClusterRecord:
    """Let it look as if that cluster stood, and a run had an identity for its activities there."""
    record = nowhere()
    file = kubeconfig(record.private(folder.run))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    for path in (folder.cluster, Path(record.folder) / "cluster.json"):
        record.write(path)
    return record


def abandon(reports: Path, broken: Path) -> RunFolder:
    """Make a run folder whose ledger has one open fault: the file `broken`, which is made too.

    It used the cluster `nowhere`, which is gone.
    """
    folder = RunFolder.create(reports, "abandoned")
    nowhere().write(folder.cluster)
    undo = ("plain_faults", "undo")
    Ledger(folder.ledger).intend("fault", "broken file", undo, {"path": str(broken)})
    broken.touch()
    return folder
