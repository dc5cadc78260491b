"""Stage: clusters that outlive the runs on them, each with a supervising daemon of its own.

What is heavy is imported when it is called: the daemon and the faults' process import this package too.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubedrill.cluster.handle import ClusterHandle, HandleError
from kubedrill.cluster.state import cluster_folder, cluster_names, lock, state_folder
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord

if TYPE_CHECKING:
    from kubedrill.cluster.definition import ClusterDefinition
    from kubedrill.cluster.overview import ClusterStatus


def load_definition(path: Path) -> "ClusterDefinition":
    """Read a cluster file; BadFile with its line for whatever is wrong in it."""
    from kubedrill.cluster.definition import read

    return read(path)


def check(definition: "ClusterDefinition", name: str) -> None:
    """Raise NotStarted if the cluster is not up and surely cannot come up, or is up but broken."""
    record = find(name)
    if record is not None:
        _check_supervised(record)
        return
    from kubedrill.cluster.local import provider

    folder = cluster_folder(name)
    if folder.exists():
        raise _half_made(name)
    provider.check(definition, folder)


def capabilities(definition: "ClusterDefinition") -> tuple[str, ...]:
    """Return what faults may count on in a cluster of this definition."""
    from kubedrill.cluster.local import provider

    return provider.CAPABILITIES if definition.provider == "local" else ()


def up(definition: "ClusterDefinition", name: str) -> ClusterRecord:
    """Bring a cluster up and return when all of it is ready and led.

    NotStarted if it is up already or cannot come up; whatever was made until then is gone again.
    """
    from kubedrill.cluster.local import provider

    folder = cluster_folder(name)
    if find(name) is not None:
        raise NotStarted(f"cluster {name} is up already; to end it: kubedrill cluster down {name}")
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise _half_made(name) from None
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
    except ValueError as error:
        raise NotStarted(f"{error}; to end the cluster: kubedrill cluster down {name}") from None


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


def status(name: str) -> "ClusterStatus":
    """Return how a cluster is now, whatever is left of it."""
    from kubedrill.cluster.overview import read_status

    return read_status(name)


def env(name: str) -> str:
    """Return the shell line that points kubectl at a cluster; NotStarted if it is not up."""
    record = find(name)
    if record is None:
        raise NotStarted(f"cluster {name} is not up; to bring it up: kubedrill cluster up {name}")
    return f"export KUBECONFIG={shlex.quote(str(record.identities['admin'].kubeconfig))}"


def _check_supervised(record: ClusterRecord) -> None:
    try:
        ClusterHandle(record).components()
    except HandleError:
        raise NotStarted(
            f"cluster {record.name} has lost its supervisor (a reboot?); "
            f"to clear it away: kubedrill cluster down {record.name}"
        ) from None


def _half_made(name: str) -> NotStarted:
    return NotStarted(
        f"cluster {name} is coming up just now, or was left half made; "
        f"to end it: kubedrill cluster down {name}"
    )


__all__ = [
    "capabilities",
    "check",
    "down",
    "env",
    "find",
    "load_definition",
    "lock",
    "names",
    "status",
    "undo_entry",
    "up",
]
