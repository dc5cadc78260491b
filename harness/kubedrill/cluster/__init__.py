"""Stage: clusters that outlive the runs on them, each with a supervising daemon of its own.

What is heavy is imported when it is called: the daemon and the faults' process import this package too.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubedrill.cluster.state import cluster_folder, cluster_names, lock, state_folder
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord

if TYPE_CHECKING:
    from kubedrill.cluster.definition import ClusterDefinition
    from kubedrill.cluster.status import ClusterStatus


def load_definition(path: Path) -> "ClusterDefinition":
    """Read a cluster file; BadFile with its line for whatever is wrong in it."""
    from kubedrill.cluster.definition import read

    return read(path)


def check(definition: "ClusterDefinition", name: str) -> None:
    """Raise NotStarted if the cluster is not up and surely cannot come up."""
    if find(name) is None:
        from kubedrill.cluster.local import provider

        _refuse_half_made(name)
        provider.check(definition, cluster_folder(name))


def up(definition: "ClusterDefinition", name: str) -> ClusterRecord:
    """Bring a cluster up and return when all of it is ready and led.

    NotStarted if it is up already or cannot come up; whatever was made until then is gone again.
    """
    from kubedrill.cluster.local import provider

    folder = cluster_folder(name)
    if find(name) is not None:
        raise NotStarted(f"cluster {name} is up already; to end it: kubedrill cluster down {name}")
    _refuse_half_made(name)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    try:
        return provider.up(definition, folder)
    except BaseException:
        down(name)
        raise


def find(name: str) -> ClusterRecord | None:
    """Return the record of a cluster that was brought up and not taken down; else None."""
    try:
        return ClusterRecord.read(cluster_folder(name) / "cluster.json")
    except FileNotFoundError:
        return None


def down(name: str, state: str | None = None) -> None:
    """Destroy a cluster: no process, namespace, port or data is left. Works on what is left of one."""
    from kubedrill.cluster import teardown
    from kubedrill.cluster.local.zones import remove_namespaces

    folder = cluster_folder(name, Path(state) if state else None)
    teardown.kill_all(folder)
    remove_namespaces(folder)
    teardown.remove_folder(folder)


def undo_entry(name: str) -> tuple[tuple[str, str], dict[str, Any]]:
    """Return what a ledger needs to undo `up`: (module, function), and its arguments."""
    return ("kubedrill.cluster", "down"), {"name": name, "state": str(state_folder())}


def names() -> list[str]:
    """Return the names of the clusters that are up, or half made."""
    return cluster_names()


def _refuse_half_made(name: str) -> None:
    if cluster_folder(name).exists():
        raise NotStarted(f"cluster {name} is half made; to end it: kubedrill cluster down {name}")


__all__ = ["check", "down", "find", "load_definition", "lock", "names", "undo_entry", "up"]
