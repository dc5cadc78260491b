"""Links of zones: cut with nftables, slowed with tc, inside the networks of the cluster alone."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from kubedrill.cluster.handle import Shape, Shaped, Traffic

_QUEUE = "50ms"
"""How long a packet waits for bandwidth at most; what comes then is dropped, as by a router."""
_BURST_S, _LEAST_BURST = 0.01, 32 * 1024
"""What may be sent at once, in seconds of the bandwidth, and in bytes: a timer ticks no faster."""
_LIMIT_S = 5.0
_PROGRAMS = ("nft", "tc")
SHAPED = ("bandwidth", "loss", "delay")
_DISCIPLINES = {"bandwidth": "tbf rate 1mbit burst 32kb latency 50ms", "delay": "netem delay 1ms"}
"""What each asks of the kernel, in tc's words; a loss needs nftables only."""

_RULES = """\
add table inet {table}
delete table inet {table}
table inet {table} {{
    counter dropped {{}}
    counter passed {{}}
    {chains}
}}
"""
_CHAIN = """\
chain {name} {{
        type filter hook {hook} priority {priority}
        {others} accept
        {rules}
    }}"""
_COUNT, _DROP = ("counted-", "filter - 1", "accept"), ("", "filter", "drop")
"""Prefix, priority, verdict of chains: all owners count what is sent before any drops it."""
Use = Literal["cut", "loss", "rate"]
"""What a table of nftables does to a link."""
_ROOM_S, _LEAST_ROOM = 0.05, 16 * 1024
"""What may be sent at once over a link that nftables limits, in seconds of its bandwidth, and in bytes. What
TCP gives the kernel in one piece (up to 64 KiB) and is larger is dropped, and comes again in smaller ones."""


Prefix = tuple[str, ...]
"""What to put before a command so that it runs in a network."""
Device = tuple[Prefix, str]
"""What leads to a network, and the name of a device in it."""


class LinkRefused(Exception):  # noqa: N818 - an answer, not an accident
    """A link cannot be cut or slowed so; the message says why."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A link, by where it can be got at."""

    place: str
    """What the zone's network is called."""
    enter: Prefix
    """What leads there."""
    device: str
    """The zone's end of what leads out of it."""
    hub: Prefix
    """What leads to where the other end of it is."""
    port: str
    """That other end; "" where it is not ours."""
    peer: str | None
    """The address at the other end; None for all."""
    direction: Literal["both", "in", "out"]
    ports: tuple[int, ...]
    owner: str = ""
    """On whose behalf it is cut, or lossy."""
    of: Traffic = "all"
    routes: bool = False
    """Whether others, such as pods with a network of their own, send by way of the place."""
    balancer: tuple[str, int] | None = None
    """Where nodes in the zone find the load balancer."""

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Wire":
        """Return one that was written as JSON."""
        kept: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()
        }
        return cls(**kept)

    def table(self, use: Use) -> str:
        """Return the name of its table: for each link and owner another, so that each is mended by itself."""
        told = json.dumps([self.peer, self.direction, self.ports, use, self.owner, self.of])
        return f"kubedrill-{hashlib.sha256(told.encode()).hexdigest()[:12]}"

    @property
    def is_whole(self) -> bool:
        """Whether it is all that leads to the zone."""
        return not self.peer and not self.ports and self.of == "all"

    def devices(self) -> list[Device]:
        """Return the device that sends what goes each way; none of a part of it, or if one is not ours."""
        ends = {"out": (self.enter, self.device), "in": (self.hub, self.port)}
        known = self.is_whole and self.port
        return [ends[way] for way in _ways(self)] if known else []


def obstacle() -> str:
    """Return why links cannot be cut here; "" if they can."""
    return "" if shutil.which("nft") else "nft was not found (apt: nftables)"


@cache
def shaping_obstacles() -> dict[str, str]:
    """Return what of SHAPED a link cannot be made here, and why."""
    if not shutil.which("tc"):
        why = dict.fromkeys(_DISCIPLINES, "tc was not found (apt: iproute2)")
    else:
        found = {what: _no_discipline(words) for what, words in _DISCIPLINES.items()}
        why = {what: obstacle for what, obstacle in found.items() if obstacle}
    return why | ({"loss": obstacle()} if obstacle() else {})


def _no_discipline(words: str) -> str:
    """Return why this kernel has no such queueing discipline; "" if it has."""
    # In a namespace that ends with the trial.
    trial = ["unshare", "--net", "tc", "qdisc", "add", "dev", "lo", "root", *words.split()]
    said = _trouble(trial)
    return said and (
        f"the kernel does not take tc's {trial[8]}: {said} (it may be in its extra modules; "
        "Ubuntu: linux-modules-extra, Fedora: kernel-modules-extra)"
    )


def cut(wire: Wire) -> None:
    """Drop whatever is sent over a link; LinkRefused. May be done again."""
    counted, dropped = (_COUNT, "counter name dropped "), (_DROP, "")
    _rule(wire, "cut", [counted, dropped])


def mend(wire: Wire) -> None:
    """Let it through again; may be done again."""
    _remove(wire, "cut")


def dropped(wire: Wire, use: Use = "cut") -> int | None:
    """Return how many packets were dropped since a link is cut, or worse; None if it is not."""
    return _counted(wire, use, "dropped")


def _counted(wire: Wire, use: Use, what: Literal["dropped", "passed"]) -> int | None:
    command = ["nft", "-j", "list", "counter", "inet", wire.table(use), what]
    done = _run([*wire.enter, *command])
    if done.returncode != 0:
        return None
    [counter] = [
        found["counter"] for found in json.loads(done.stdout)["nftables"] if "counter" in found
    ]
    return int(counter["packets"])


def check(wire: Wire, worse: Shape, lacks: Mapping[str, str]) -> None:
    """Raise LinkRefused for what a link cannot be made; `lacks` says what of SHAPED none can be, and why."""
    if not wire.is_whole and (worse.delay_s or (worse.bits_per_s and wire.of == "all")):
        raise LinkRefused("only a zone's whole link can have less bandwidth or a delay")
    asked = dict(zip(SHAPED, (worse.bits_per_s, worse.loss, worse.delay_s), strict=True))
    for what, why in lacks.items():
        if asked[what]:
            raise LinkRefused(why)


def lose(wire: Wire, share: float) -> None:
    """Lose a share of what is sent over a link, beside what others lose of it; LinkRefused."""
    part = f"numgen random mod 1000000 < {round(share * 1e6)} "
    _rule(wire, "loss", [(_DROP, f"{part}counter name dropped ")])


def limit(wire: Wire, bits_per_s: int) -> None:
    """Drop what of a part of a link is beyond so much each way, beside what others do; LinkRefused."""
    rate = max(bits_per_s // 8, 1)
    room = max(_LEAST_ROOM, round(rate * _ROOM_S))
    beyond = f"limit rate over {rate} bytes/second burst {room} bytes "
    counted = _COUNT, "counter name passed "
    _rule(wire, "rate", [counted, (_DROP, f"{beyond}counter name dropped ")])


def let_through(wire: Wire) -> None:
    """Lose no more of it, nor limit it; may be done again."""
    _remove(wire, "loss")
    _remove(wire, "rate")


def slow(device: Device, worse: Shape) -> None:
    """Let a device send as badly as that, or as well as it can, if neither bandwidth nor delay is asked for.

    LinkRefused. May be done again.
    """
    enter, name = device
    if discipline := _discipline(worse):
        _do([*enter, "tc", *f"qdisc replace dev {name} root {discipline}".split()])
    elif _discipline_of(device):
        _do([*enter, "tc", "qdisc", "del", "dev", name, "root"])


def shaped(wire: Wire) -> Shaped | None:
    """Return what came of a link's shape so far; None if it has none."""
    lost, limited = dropped(wire, "loss"), dropped(wire, "rate")
    found = [*map(_discipline_of, wire.devices())]
    worse = set.intersection(*map(_worse, found)) if found else set()
    slow = [said for said in found if said is not None]
    worse |= {what for what, seen in (("loss", lost), ("bandwidth", limited)) if seen is not None}
    if not worse:
        return None
    return Shaped(
        of=tuple(what for what in SHAPED if what in worse),
        passed=sum(said["packets"] for said in slow) + (_counted(wire, "rate", "passed") or 0),
        delayed=sum(said["overlimits"] for said in slow),
        dropped=(lost or 0) + (limited or 0) + sum(said["drops"] for said in slow),
    )


def _worse(discipline: dict[str, Any] | None) -> set[str]:
    """Return what a device's discipline makes worse."""
    if discipline is None:
        return set()
    is_delay = discipline["kind"] == "netem"
    has_rate = not is_delay or bool(discipline.get("options", {}).get("rate"))
    return {what for what, there in (("bandwidth", has_rate), ("delay", is_delay)) if there}


def _rule(wire: Wire, use: Use, kinds: Sequence[tuple[tuple[str, str, str], str]]) -> None:
    """Make the table of a link, with these kinds of chains, and what each does."""
    chains = [
        _chain(wire, way, *kind, forwarded=forwarded)
        for kind in kinds
        for way in _ways(wire)
        for forwarded in ((False, True) if wire.routes else (False,))
    ]
    rules = _RULES.format(table=wire.table(use), chains="\n    ".join(chains))
    _do([*wire.enter, "nft", "-f", "-"], rules)


def _chain(
    wire: Wire,
    way: Literal["in", "out"],
    kind: tuple[str, str, str],
    statement: str,
    *,
    forwarded: bool,
) -> str:
    """Return what is done to the packets of a place's own, or to those of others that it forwards."""
    prefix, priority, verdict = kind
    interface = "iif" if way == "in" else "oif"
    peer, ends = _matching(wire, way)
    others = f'{interface}name != "{wire.device}"' if forwarded else f"{interface} lo"
    return _CHAIN.format(
        name=f"{prefix}{way}{'-forwarded' if forwarded else ''}",
        hook="forward" if forwarded else f"{way}put",
        priority=priority,
        others=others,
        rules="\n        ".join(f"{peer}{end}{statement}{verdict}" for end in ends),
    )


def _matching(wire: Wire, way: Literal["in", "out"]) -> tuple[str, list[str]]:
    """Return what the other end of packets is, and the ports, in nftables' words."""
    address = "saddr" if way == "in" else "daddr"
    if wire.of == "nodes":  # the balancer itself has connections to the zone's apiserver
        assert wire.balancer
        end, (balancer, port) = "sport" if way == "in" else "dport", wire.balancer
        return f"ip {address} {balancer} ", [f"tcp {end} {port} "]
    peer = f"ip {address} {wire.peer} " if wire.peer else ""
    ports = ", ".join(map(str, wire.ports))
    # Of a connection to a port both ways: answers come from it.
    return peer, [f"th {end} {{ {ports} }} " for end in ("dport", "sport")] if ports else [""]


def _remove(wire: Wire, use: Use) -> None:
    table = wire.table(use)
    # Added first, so that there is one to delete.
    both = f"add table inet {table}\ndelete table inet {table}\n"
    _do([*wire.enter, "nft", "-f", "-"], both)


def _ways(wire: Wire) -> tuple[Literal["in", "out"], ...]:
    return ("in", "out") if wire.direction == "both" else (wire.direction,)


def _discipline(worse: Shape) -> str:
    """Return tc's words; "" if neither bandwidth nor delay is asked for."""
    if worse.delay_s:
        rate = f" rate {worse.bits_per_s}bit" if worse.bits_per_s else ""
        return f"netem delay {round(worse.delay_s * 1e6)}us{rate}"
    if not worse.bits_per_s:
        return ""
    burst = max(_LEAST_BURST, round(worse.bits_per_s / 8 * _BURST_S))
    return f"tbf rate {worse.bits_per_s}bit burst {burst}b latency {_QUEUE}"


def _discipline_of(device: Device) -> dict[str, Any] | None:
    """Return what tc tells of a device's discipline; None if it has none but the kernel's own."""
    enter, name = device
    done = _run([*enter, "tc", "-s", "-j", "qdisc", "show", "dev", name])
    if done.returncode != 0:
        return None
    found = json.loads(done.stdout or "[]")
    return next((said for said in found if said["kind"] in ("tbf", "netem")), None)


def _do(command: list[str], given: str = "") -> None:
    if said := _trouble(command, given):
        raise LinkRefused(said)


def _trouble(command: list[str], given: str = "") -> str:
    """Run a command; return what it said if it failed, in a line."""
    done = _run(command, given)
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.strip().split("\n") if line]
    program = next((word for word in command if word in _PROGRAMS), command[0])
    return f"{program}: {lines[0] if lines else f'exit code {done.returncode}'}"


def _run(command: list[str], given: str = "") -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            command, input=given, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
