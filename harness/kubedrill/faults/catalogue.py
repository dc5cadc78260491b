"""Faults: what there is to break, and what can be refused before anything is started."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kubedrill.errors import NotStarted
from kubedrill.faults.etcd import check_victims
from kubedrill.record.catalogue import FaultDescription
from kubedrill.words import shown

_ETCD_KILL = FaultDescription(
    name="etcd.kill",
    module="kubedrill.faults.etcd",
    inject="kill",
    undo="restore",
    parameters={
        "type": "object",
        "properties": {
            "member": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "minItems": 1,
                "uniqueItems": True,
                "default": "leader",
                "description": "leader, random, a zone such as a, or several zones: [a, b]",
            },
            "allow_quorum_loss": {
                "type": "boolean",
                "default": False,
                "description": "kill even where the members that are left have no quorum",
            },
        },
        "required": ["member"],
    },
    capability="KillEtcdMember",
    doc="Kill an etcd member with SIGKILL and keep it down until the phase ends.",
    blast_radius="etcd member {member}; refused where quorum would be lost",
)

FAULTS = (_ETCD_KILL,)


def precheck(
    faults: Iterable[tuple[str, Mapping[str, Any]]],
    capabilities: Sequence[str],
    zones: Sequence[str],
) -> None:
    """Refuse (NotStarted) what the cluster cannot do, or what would be unsafe, before anything starts.

    `faults` are names with their arguments; `zones` those of the cluster.
    """
    known = {fault.name: fault for fault in FAULTS}
    for name, arguments in faults:
        if name not in known:
            continue  # a native activity: its own extension knows what it needs
        needed = known[name].capability
        if needed and needed not in capabilities:
            has = ", ".join(capabilities) or "nothing"
            raise NotStarted(f"{name} needs the capability {needed}; this cluster has: {has}")
        if name == "etcd.kill":
            _precheck_etcd_kill(arguments, zones)


def named_members(arguments: Mapping[str, Any]) -> list[str]:
    """Return whom the arguments of etcd.kill name: zones, or `leader` or `random`."""
    member: str | list[str] = arguments["member"]
    return member if isinstance(member, list) else [member]


def _precheck_etcd_kill(arguments: Mapping[str, Any], zones: Sequence[str]) -> None:
    member, named = arguments["member"], named_members(arguments)
    known = zones if isinstance(member, list) else ("leader", "random", *zones)
    for one in named:
        if one not in known:
            raise NotStarted(f'etcd.kill: no member "{shown(one)}"; known: {", ".join(known)}')
    allowed = bool(arguments.get("allow_quorum_loss", False))
    victims = named if member not in ("leader", "random") else [zones[0]]
    check_victims(victims, len(zones), zones, allowed)
