"""Stage: clusters that outlive the runs on them, whoever provides them.

What is heavy is imported when it is called: daemons of clusters and the faults' process import this too.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubedrill.cluster.provider import Provider, asked, handle_of, provider_named
from kubedrill.cluster.state import (
    cluster_folder,
    cluster_names,
    lock,
    new_id,
    read_id,
    read_provider,
    remove,
    sign,
    state_folder,
    write_id,
    writing,
)
from kubedrill.errors import NotStarted
from kubedrill.record.catalogue import ClusterDefinition, ClusterDescription, Flaw, Need
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.limits import Limits
from kubedrill.record.rights import Right

if TYPE_CHECKING:
    from kubedrill.cluster.overview import ClusterStatus


def load_definition(path: Path) -> ClusterDefinition:
    """Read a cluster file; BadFile with its line for whatever is wrong in it."""
    definition, _ = load_changed(path, {})
    assert definition is not None  # nothing is changed that could be wrong
    return definition


def load_changed(
    path: Path, changes: Mapping[str, Any]
) -> tuple[ClusterDefinition | None, list[Flaw]]:
    """Read a cluster file and change it: mappings key by key, all else as a whole; null takes a key away.

    None, and what is wrong with the changes, if they do not fit; BadFile for what is wrong in the file.
    """
    from kubedrill.cluster.reading import read

    definition, _, flaws = read(path, changes)
    return definition, flaws


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of cluster files, of every provider that there is."""
    from kubedrill.cluster import reading

    return reading.json_schema()


def check(definition: ClusterDefinition, name: str) -> None:
    """Raise NotStarted if the cluster is not up and surely cannot come up, or is up but broken."""
    record = find(name)
    if record is not None:
        check_supervised(record)
        return
    folder = cluster_folder(name)
    if folder.exists():
        raise _half_made(name)
    with asked(definition.provider):
        provider_named(definition.provider).check(definition, folder)


def may_not(definition: ClusterDefinition, rights: Iterable[Right]) -> Sequence[Right]:
    """Return which of these rights no identity of ours could have in a cluster of this definition.

    NotStarted where nobody answers.
    """
    with asked(definition.provider):
        return provider_named(definition.provider).may_not(definition, rights)


def not_ready(definition: ClusterDefinition, needs: Iterable[Need]) -> str:
    """Return why what a drill needs of a cluster surely cannot be done just now; or ""."""
    with asked(definition.provider):
        return provider_named(definition.provider).not_ready(definition, needs)


def describe(definition: ClusterDefinition) -> ClusterDescription:
    """Return what a cluster of this definition will have, and what faults may do to it."""
    with asked(definition.provider):
        told = provider_named(definition.provider).capabilities(definition)
        return replace(told, definition=definition, provider=definition.provider)


def describe_file(
    path: Path, changes: Mapping[str, Any]
) -> tuple[ClusterDescription | None, list[Flaw]]:
    """Return what a cluster of a file, changed, will have, and any drill may do to it; as `load_changed`.

    The limits with which one of its name was brought up hold besides, as long as it is up.
    """
    from kubedrill.cluster.reading import read

    definition, limits, flaws = read(path, changes)
    if definition is None:
        return None, flaws
    record = find(path.stem)
    older = record.limits if record else ()
    both = (limits, *(brought for brought in older if brought.allowed != limits.allowed))
    return replace(describe(definition), limits=both), flaws


def up(definition: ClusterDefinition, name: str, cluster_id: str | None = None) -> ClusterRecord:
    """Bring a cluster up and return when all of it is ready and led; its id is new if none is given.

    NotStarted if it is up already or cannot come up; whatever was made until then is gone again.
    """
    from kubedrill.cluster.reading import allowed_by

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
        write_id(folder, cluster_id or new_id(), definition.provider)
        with asked(definition.provider):
            record = provider_named(definition.provider).up(definition, folder)
        record = replace(record, limits=(Limits(allowed_by(definition)),))
        record.write(folder / "cluster.json")
    except BaseException as error:
        try:
            down(name)
        except NotStarted as left:
            raise NotStarted(f"{error}; what was made of it is left: {left}") from error
        raise
    return record


def take_over(definition: ClusterDefinition, name: str) -> ClusterRecord | None:
    """Return the record of a cluster in which another machine's drill has left something; None if none has.

    NotStarted if this machine knows the cluster, or that drill runs. `down` ends what is known of it then.
    """
    folder = cluster_folder(name)
    if folder.exists():
        raise NotStarted(f"cluster {name} is known here: run kubedrill heal without --cluster")
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True)
    record = None
    try:
        with asked(definition.provider):
            record = provider_named(definition.provider).take_over(definition, folder)
        if record:
            record.write(folder / "cluster.json")
    finally:
        if record is None:
            remove(folder)
    return record


def forget(name: str) -> None:
    """Forget a cluster that was taken over; there is nothing done to it."""
    remove(cluster_folder(name))


def find(name: str) -> ClusterRecord | None:
    """Return the record of a cluster that was brought up and not taken down; else None."""
    folder = cluster_folder(name)
    provider = read_provider(folder)
    try:
        with asked(provider):
            return _provider_of(folder, provider).find(folder)
    except ValueError as error:
        raise NotStarted(f"{error}; to end the cluster: kubedrill cluster down {name}") from None


def down(name: str, state: str | None = None, cluster_id: str | None = None) -> None:
    """Destroy a cluster: no process, namespace, port or data is left. Works on what is left of one.

    With an id, another cluster that has come up under this name since is left alone.
    """
    folder = cluster_folder(name, Path(state) if state else None)
    # A folder without an id is half made, or half removed: under the lock it is nobody else's.
    if cluster_id is not None and read_id(folder) not in (None, cluster_id):
        return
    _provider_of(folder, read_provider(folder)).down(folder)
    remove(folder)


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
    if record.foreign:
        raise NotStarted(f"cluster {name} is somebody else's: kubectl finds it as it did before")
    return f"export KUBECONFIG={shlex.quote(str(record.identity('admin').kubeconfig))}"


def check_supervised(record: ClusterRecord) -> None:
    """Raise NotStarted, with what to do, if a cluster that was up has lost what kept it running."""
    if lost := lost_by(record):
        raise NotStarted(lost)


def lost_by(record: ClusterRecord) -> str:
    """Return what a cluster that was up has lost of what kept it running, and what to do; "" if nothing."""
    lost = handle_of(record).lost()
    clear = f"to clear it away: kubedrill cluster down {record.name}"
    return f"cluster {record.name} {lost}; {clear}" if lost else ""


def _provider_of(folder: Path, name: str) -> Provider[Any]:
    """Return the provider of that name; NotStarted says whose cluster it is that has none."""
    try:
        return provider_named(name)
    except NotStarted as error:
        raise NotStarted(
            f"cluster {folder.name}: {folder / 'provider'}: {error}; install what provides it, or "
            "write the provider of its cluster file into it"
        ) from None


def _half_made(name: str) -> NotStarted:
    return NotStarted(
        f"cluster {name} is coming up just now, or was left half made; "
        f"to end it: kubedrill cluster down {name}"
    )


__all__ = [
    "check",
    "check_supervised",
    "describe",
    "down",
    "env",
    "find",
    "forget",
    "handle_of",
    "json_schema",
    "load_changed",
    "load_definition",
    "lock",
    "lost_by",
    "may_not",
    "names",
    "not_ready",
    "sign",
    "status",
    "take_over",
    "undo_entry",
    "up",
]
