"""What the commands of its file do to somebody else's control plane, and what to add for the rest."""

import hashlib
import json
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping

from kubedrill.cluster.adopted.components import (
    BALANCER,
    BY_COMMAND,
    KINDS,
    UNDONE_BY,
    Deed,
    GivenCommands,
    hosts,
    scripted,
)
from kubedrill.cluster.adopted.sighting import Sightings
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.leases import LED, leader_of
from kubedrill.process.environment import operators
from kubedrill.record.catalogue import Need, OperationName
from kubedrill.words import shown

OUT_OF_REACH = "its machines are out of reach"
GIVE = f"{OUT_OF_REACH}; give commands that reach them under components in its file"


def offered(commands: GivenCommands, operation: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return of which kinds of components there is an operation; and of which, or how, it is not, and why.

    Each component of a kind must have it: chance may draw any.
    """
    of: list[str] = []
    lacks: dict[str, str] = {}
    for kind in (*KINDS, BALANCER):
        names = [part.name for part in scripted(commands) if part.kind == kind]
        without = {
            deed: [name for name in names if deed not in commands[name].given()]
            for deed in BY_COMMAND[operation]
        }
        if not names:
            lacks[kind] = f"{GIVE}: components.{_example(kind)}"
        elif all(without.values()):
            lacks[kind] = _to_add(without)
        else:
            of.append(kind)
            lacks |= {
                f"{kind} by {deed}": _to_add({deed: why}) for deed, why in without.items() if why
            }
    return tuple(of), lacks


def _example(kind: str) -> str:
    return BALANCER if kind == BALANCER else f"{kind}-ZONE"


def _to_add(without: Mapping[Deed, Iterable[str]]) -> str:
    name = next(iter(next(iter(without.values()))))
    return f"components.{name} in its file has no {' and no '.join(without)}"


def leaders_unknown(commands: GivenCommands) -> Iterator[tuple[str, str]]:
    """Yield of which kinds nobody can tell who leads, as a cluster's `lacks` have it, and why."""
    yield leader_of("etcd"), "its members obey nobody of ours"
    known = hosts(commands)
    for part in scripted(commands):
        if part.kind in LED and part.zone not in known:
            yield (
                leader_of(part.kind),
                f"give components.{part.name} its node, which the Lease names",
            )


def in_words(commands: GivenCommands) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what is run, by component and deed: for it, and then to undo it."""
    return {
        part.name: {
            deed: tuple(
                shlex.join(given.words(command, part.zone or ""))
                for command in (deed, UNDONE_BY.get(deed))
                if command
            )
            for deed in given.given()
        }
        for part in scripted(commands)
        for given in (commands[part.name],)
    }


def fingerprint(commands: GivenCommands) -> str:
    """Return what tells these commands from others; "" of none."""
    said = {name: given.model_dump(mode="json") for name, given in sorted(commands.items())}
    return f"sha256:{hashlib.sha256(json.dumps(said).encode()).hexdigest()}" if said else ""


def not_ready(commands: GivenCommands, needs: Iterable[Need]) -> str:
    """Return why what is needed could not be done, or not be proven, as all is just now; or "".

    Each component that a drill may hit is asked for its proof.
    """
    seen = Sightings(commands)
    for need in sorted({*needs}):
        for part in scripted(commands):
            if need.operation in BY_COMMAND and part.kind == need.of:
                why = _no_program(commands, part.name, need.way) or _unproven(
                    seen, part.name, need.operation
                )
                if why:
                    return f"components.{part.name} of the cluster's file: {why}"
    return ""


def _no_program(commands: GivenCommands, name: str, deed: str) -> str:
    path = operators().get("PATH")
    undo = next((back for done, back in UNDONE_BY.items() if done == deed), "")
    for command in filter(None, (deed, undo)):
        words = commands[name].words(command, "")
        if words and shutil.which(words[0], path=path) is None:
            return f"{command}: there is no program {shown(words[0])}"
    return ""


def _unproven(seen: Sightings, name: str, operation: OperationName) -> str:
    try:
        process, unwell = seen.recent(name), seen.unwell(name)
    except HandleError as error:
        return str(error)
    if process is None:
        return "proof: it says that it does not run; a drill begins only when it does"
    if process.is_paused:
        return "proof: it says that it stands still; a drill begins only when it runs"
    if operation == "pausing" and not process.state:
        return "proof: it prints PID alone; for a pause it must print PID STATE, as ps -o pid=,stat= does"
    return f"well: {unwell}; a drill begins only when it is well" if unwell else ""
