"""Stage: clusters that outlive the runs on them, each with a supervising daemon of its own.

What is heavy is imported when it is called: the daemon and the faults' process import this package too.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubedrill.cluster.handle import ClusterHandle, HandleError
from kubedrill.cluster.state import (
    cluster_folder,
    cluster_names,
    lock,
    new_id,
    read_id,
    state_folder,
    write_id,
    writing,
)
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.lines import MissingEvidence

if TYPE_CHECKING:
    from kubedrill.cluster.definition import ClusterDefinition
    from kubedrill.cluster.overview import ClusterStatus


def load_definition(path: Path) -> "ClusterDefinition":
    """Read a cluster file; BadFile with its line for whatever is wrong in it."""
    from kubedrill.cluster.reading import read

    return read(path)


def check(definition: "ClusterDefinition", name: str) -> None:
    """Raise NotStarted if the cluster is not up and surely cannot come up, or is up but broken."""
    record = find(name)
    if record is not None:
        check_supervised(record)
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


def up(definition: "ClusterDefinition", name: str, cluster_id: str | None = None) -> ClusterRecord:
    """Bring a cluster up and return when all of it is ready and led; its id is new if none is given.

    NotStarted if it is up already or cannot come up; whatever was made until then is gone again.
    """
    from kubedrill.cluster.local import provider

    folder = cluster_folder(name)
    if find(name) is not None:
        raise NotStarted(f"cluster {name} is up already; to end it: kubedrill cluster down {name}")
    with writing(folder):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            raise _half_made(name) from None
    try:
        write_id(folder, cluster_id or new_id())
        return provider.up(definition, folder)
    except BaseException:
        down(name)
        raise


def find(name: str) -> ClusterRecord | None:
    """Return the record of a cluster that was brought up and not taken down; else None."""
    try:
        return ClusterRecord.read(cluster_folder(name) / "cluster.json")
    except MissingEvidence:
        return None
    except ValueError as error:
        raise NotStarted(f"{error}; to end the cluster: kubedrill cluster down {name}") from None


def down(name: str, state: str | None = None, cluster_id: str | None = None) -> None:
    """Destroy a cluster: no process, namespace, port or data is left. Works on what is left of one.

    With an id, another cluster that has come up under this name since is left alone.
    """
    from kubedrill.cluster import teardown
    from kubedrill.cluster.local.zones import remove_namespaces

    folder = cluster_folder(name, Path(state) if state else None)
    # A folder without an id is half made, or half removed: under the lock it is nobody else's.
    if cluster_id is not None and read_id(folder) not in (None, cluster_id):
        return
    teardown.kill_all(folder)
    remove_namespaces(folder)
    teardown.remove_folder(folder)


def undo_entry(name: str) -> tuple[tuple[str, str], dict[str, Any]]:
    """Return what a ledger needs to undo an `up` that follows: (module, function), and its arguments.

    `up` must be given the `cluster_id` that is among them.
    """
    arguments = {"name": name, "state": str(state_folder()), "cluster_id": new_id()}
    return ("kubedrill.cluster", "down"), arguments


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
    return f"export KUBECONFIG={shlex.quote(str(record.identity('admin').kubeconfig))}"


def check_supervised(record: ClusterRecord) -> None:
    """Raise NotStarted, with what to do, if a cluster has lost its supervisor and so all it ran."""
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
    "check_supervised",
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
