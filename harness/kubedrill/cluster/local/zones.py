"""Zones: a network namespace each where that is permitted, else a loopback address each."""

import hashlib
import itertools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from kubedrill.cluster.links import Link
from kubedrill.cluster.ports import APISERVER_PORT, PORTS
from kubedrill.cluster.wires import Wire
from kubedrill.errors import NotStarted

HUB_ADDRESS = "198.18.0.100"
"""Where nodes find the load balancer in netns mode; 198.18.0.0/15 is for benchmarks (RFC 2544)."""
DEVICE = "eth0"
"""A zone's end of what leads to the hub."""
_REMOVAL_S = 3.0
"""For the last `ip` of a killed runner to end; until then the kernel may call a namespace busy."""
_TRIAL = """\
mount -t tmpfs tmpfs /run && ip netns add try &&
ip -n try link add bridge type bridge && ip -n try link add one type veth peer name other"""


ZoningKind = Literal["netns", "loopback"]


class Zoning(Protocol):
    """How the zones of one cluster are kept apart."""

    @property
    def kind(self) -> ZoningKind:
        """What it is called in `cluster.json`."""

    @property
    def hub(self) -> str | None:
        """The network namespace from which every zone is reached, if not our own."""

    def make(self) -> None:
        """Create what the zones need."""

    def address(self, zone: str) -> str:
        """Return the zone's IPv4 address."""

    def enter(self, zone: str) -> tuple[str, ...]:
        """Return what to put before a command so that it runs in the zone."""


@dataclass(frozen=True, slots=True)
class NetnsZones:
    """A bridge in a hub namespace, and a namespace a zone on it; nothing shows outside of them."""

    prefix: str
    zones: tuple[str, ...]
    kind: Literal["netns"] = "netns"

    @property
    def hub(self) -> str:
        """The namespace with the bridge."""
        return f"{self.prefix}-hub"

    def make(self) -> None:
        """Create the namespaces and connect them."""
        _ip(*(f"netns add {name}" for name in (self.hub, *map(self.namespace, self.zones))))
        _ip(
            "link add bridge type bridge",
            f"addr add {HUB_ADDRESS}/24 dev bridge",
            "link set bridge up",
            "link set lo up",
            *itertools.chain.from_iterable(self._links(zone) for zone in self.zones),
            within=self.hub,
        )
        for zone in self.zones:
            _ip(
                f"addr add {self.address(zone)}/24 dev {DEVICE}",
                f"link set {DEVICE} up",
                "link set lo up",
                # Without a default route the apiserver finds no address to advertise.
                f"route add default dev {DEVICE}",
                within=self.namespace(zone),
            )

    def _links(self, zone: str) -> tuple[str, ...]:
        port = self.port(zone)
        return (
            f"link add {port} type veth peer name {DEVICE} netns {self.namespace(zone)}",
            f"link set {port} master bridge up",
        )

    def namespace(self, zone: str) -> str:
        """Return the zone's namespace."""
        return f"{self.prefix}-{zone}"

    @staticmethod
    def port(zone: str) -> str:
        """Return the hub's device that leads to the zone."""
        return f"zone-{zone}"

    def wire(self, link: Link, owner: str = "") -> Wire:
        """Return a link between them as somebody cuts or shapes it."""
        return Wire(
            place=self.namespace(link.zone),
            enter=_network(self.namespace(link.zone)),
            device=DEVICE,
            hub=_network(self.hub),
            port=self.port(link.zone),
            peer=self.address(link.other) if link.other else None,
            direction=link.direction,
            ports=link.ports,
            owner=owner,
            of=link.of,
            balancer=(HUB_ADDRESS, APISERVER_PORT),
        )

    def address(self, zone: str) -> str:
        """Return the zone's IPv4 address on the bridge."""
        return f"198.18.0.{self.zones.index(zone) + 1}"

    def enter(self, zone: str) -> tuple[str, ...]:
        """Return the prefix: the zone's network, and a hostname of its own."""
        return (*_network(self.namespace(zone)), *_own_hostname(zone))


@dataclass(frozen=True, slots=True)
class LoopbackZones:
    """An address of 127.0.0.0/8 a zone: works for anybody, but nothing can be cut between zones."""

    block: str
    """The first three numbers of the addresses."""
    zones: tuple[str, ...]
    hostnames: bool
    """Whether each zone can have a hostname of its own."""
    kind: Literal["loopback"] = "loopback"
    hub: None = None

    def make(self) -> None:
        """Do nothing: the addresses are there already."""

    def address(self, zone: str) -> str:
        """Return the zone's IPv4 address."""
        return f"{self.block}.{self.zones.index(zone) + 1}"

    def enter(self, zone: str) -> tuple[str, ...]:
        """Return the prefix: a hostname of its own where that is permitted."""
        # Without it the apiservers share one identity Lease, which they only complain about.
        return _own_hostname(zone) if self.hostnames else ()


def choose(
    kind: Literal["auto", "netns", "loopback"], folder: Path, zones: tuple[str, ...]
) -> Zoning:
    """Return the zoning that is asked for, or that works; NotStarted if the one asked for does not."""
    obstacle = None if kind == "loopback" else _obstacle_to_namespaces()
    if kind == "netns" and obstacle:
        raise NotStarted(f"zoning: netns does not work here: {obstacle}; loopback would")
    if kind == "loopback" or obstacle:
        return LoopbackZones(_free_block(folder, zones), zones, _can_name_zones())
    return NetnsZones(namespace_prefix(folder), zones)


def expected(kind: Literal["auto", "netns", "loopback"]) -> ZoningKind:
    """Return the zoning that `choose` would find; where it refuses, the one that was asked for."""
    if kind != "auto":
        return kind
    return "loopback" if _obstacle_to_namespaces() else "netns"


def namespace_prefix(folder: Path) -> str:
    """Return what the names of the cluster's namespaces begin with; it tells state folders apart."""
    return f"kd-{folder.name}-{_digest(folder).hex()[:6]}"


def remove_namespaces(folder: Path) -> None:
    """Remove every network namespace of the cluster in `folder`; NotStarted names what stays."""
    deadline = time.monotonic() + _REMOVAL_S
    while obstacles := _remove_each(_namespaces(f"{namespace_prefix(folder)}-")):
        if time.monotonic() > deadline:
            raise NotStarted("; ".join(obstacles))
        time.sleep(0.05)


def _remove_each(names: list[str]) -> list[str]:
    """Remove the namespaces that can be removed; return why others cannot."""
    obstacles = []
    for name in names:
        try:
            _ip(f"netns delete {name}")
        except NotStarted as error:
            obstacles.append(str(error))
    return obstacles


def _namespaces(prefix: str) -> list[str]:
    parent = Path("/run/netns")
    return [namespace.name for namespace in parent.glob(f"{prefix}*")] if parent.is_dir() else []


def _network(namespace: str) -> tuple[str, ...]:
    """Return what to put before a command so that it has the network of a namespace."""
    return ("nsenter", f"--net=/run/netns/{namespace}")


def _own_hostname(zone: str) -> tuple[str, ...]:
    # The hostname is part of an apiserver's identity: three on one hostname take each other's Lease.
    script = 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"'
    return ("unshare", "--uts", "sh", "-c", script, f"zone-{zone}")


def _can_name_zones() -> bool:
    command = [*_own_hostname("try"), "true"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _obstacle_to_namespaces() -> str | None:
    """Return why network namespaces cannot be used; None if they can."""
    if os.geteuid() != 0:
        return "it needs root"
    missing = [tool for tool in ("ip", "nsenter", "unshare") if not shutil.which(tool)]
    if missing:
        return f"{' and '.join(missing)} not found (apt: iproute2, util-linux)"
    # With a /run of its own, so that nothing is left of it, however it ends.
    command = ["unshare", "--mount", "sh", "-c", _TRIAL]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return tried.stderr.strip().split("\n")[0]
    return None if _can_name_zones() else "a zone cannot have a hostname of its own"


def _ip(*lines: str, within: str | None = None) -> None:
    place = [] if within is None else ["-n", within]
    done = subprocess.run(
        [shutil.which("ip") or "ip", *place, "-batch", "-"],
        input="\n".join(lines).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").split("\n")[0]
        raise NotStarted(f"zones: ip: {said}")


def _digest(folder: Path) -> bytes:
    return hashlib.sha256(os.fsencode(folder)).digest()


def _blocks(folder: Path) -> Iterator[str]:
    # Far from 127.0.0.1 and from Debian's 127.0.1.1; where to begin differs from cluster to cluster.
    first = int.from_bytes(_digest(folder)[:2], "big")
    for step in range(0, 65536, 257):
        number = (first + step) % 65536
        yield f"127.{32 + number % 192}.{number // 256}"


def _free_block(folder: Path, zones: tuple[str, ...]) -> str:
    for block in _blocks(folder):
        addresses = [f"{block}.{number + 1}" for number in range(len(zones))]
        if all(is_free(address, port) for address in addresses for port in PORTS):
            return block
    raise NotStarted("no block of loopback addresses has the cluster's ports free; stop a cluster")


def is_free(address: str, port: int) -> bool:
    """Return whether a server could listen on that address and port (0: on any port) now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
