"""What of somebody else's control plane its cluster file gives commands for: their form, and what is wrong.

A command is a list of words, never a line for a shell. What it does is the operator's own affair: that it did
it is proven by another one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.cluster.leases import LED
from kubedrill.reading.problems import Location
from kubedrill.reading.types import Between
from kubedrill.reading.units import parse_duration
from kubedrill.record.cluster import Scripted
from kubedrill.words import did_you_mean

CommandWord = Annotated[str, Field(min_length=1, max_length=4096)]
CommandWords = Annotated[tuple[CommandWord, ...], Field(min_length=1, max_length=100)]

Deed = Literal["kill", "stop", "pause", "restart"]
"""What is done to a component, as faults call it."""
TakenBack = Literal["start", "proceed"]

BY_COMMAND: Mapping[str, tuple[Deed, ...]] = {
    "holding": ("kill", "stop", "restart"),
    "pausing": ("pause",),
}
"""Which operation of a handle each is."""
UNDONE_BY: Mapping[Deed, TakenBack] = {"kill": "start", "stop": "start", "pause": "proceed"}
"""What takes each back; after a restart nothing is left to be taken back."""
LOOKS = ("proof", "well")
"""What only looks, and is asked again and again."""
BALANCER = "haproxy"
KINDS = ("etcd", "kube-apiserver", *LED)
"""What there is of in each zone."""


class ComponentCommands(BaseModel):
    """The commands for one component: how it is looked at, broken, and put right."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    proof: CommandWords
    """Prints `PID`, or `PID STATE` as ps has it, and exits with 0 while it runs; exits with 1 while not."""
    well: CommandWords | None = None
    """Exits with 0 once it is well; without, it is well as soon as it runs."""
    kill: CommandWords | None = None
    """Ends it at once, and keeps it down."""
    stop: CommandWords | None = None
    """Asks it to end, and keeps it down."""
    start: CommandWords | None = None
    """Takes both back."""
    pause: CommandWords | None = None
    """Stops it where it is."""
    proceed: CommandWords | None = None
    """Lets it go on."""
    restart: CommandWords | None = None
    """Lets it end, and start anew."""
    node: str = ""
    """The hostname of its machine: `{node}` in commands, and by it the holder of a Lease is known."""
    takes: Annotated[float, Between(parse_duration, "1s", "20s")] = 10.0
    """How long a command may take, in seconds, but for those that only look."""

    def given(self) -> tuple[Deed, ...]:
        """Return what can be done to it."""
        return tuple(deed for deed in get_args(Deed) if getattr(self, deed))

    def words(self, command: str, zone: str, pid: int | None = None) -> tuple[str, ...]:
        """Return a command as it is run; without a pid, `{pid}` stays as it is."""
        known = {"{node}": self.node, "{zone}": zone}
        known |= {} if pid is None else {"{pid}": str(pid)}
        words: Sequence[str] = getattr(self, command) or ()
        return tuple(_filled(word, known) for word in words)


def _filled(word: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        word = word.replace(name, value)
    return word


GivenCommands = Mapping[str, ComponentCommands]
"""By the component's name."""


def scripted(commands: GivenCommands) -> tuple[Scripted, ...]:
    """Return the components that there are commands for."""
    return tuple(part for name in commands if (part := part_named(name)))


def part_named(name: str) -> Scripted | None:
    """Return the component that has this name, `KIND-ZONE` or `haproxy`; None if none can have it."""
    if name == BALANCER:
        return Scripted(name, BALANCER, None)
    kind = next((kind for kind in KINDS if name.startswith(f"{kind}-")), "")
    zone = name.removeprefix(f"{kind}-")
    return Scripted(name, kind, zone) if kind and zone else None


def hosts(commands: GivenCommands) -> dict[str, str]:
    """Return by zone the hostname of what is led there, as far as the file says it."""
    led = ((part, commands[part.name].node) for part in scripted(commands) if part.kind in LED)
    return {str(part.zone): node for part, node in led if node}


def wrong(commands: GivenCommands, zones: Sequence[str]) -> Iterator[tuple[Location, str]]:
    """Yield where what a file says of components is wrong, and why."""
    for name, given in commands.items():
        where = ("components", name)
        yield from ((where, f"components.{name}: {why}") for why in _wrong_name(name, zones))
        for key, why in (*_wrong_commands(given), *_wrong_restart(name, given)):
            place = (*where, *key)
            yield place, f"{'.'.join(place)}: {why}"
    yield from _missing_zones(commands, zones)
    yield from _two_hosts(commands)


def _wrong_name(name: str, zones: Sequence[str]) -> Iterator[str]:
    part = part_named(name)
    if part is None:
        near = did_you_mean(name, [f"{kind}-{zone}" for kind in KINDS for zone in zones])
        yield (
            f"is called after nothing that can be broken: it must be KIND-ZONE, such as etcd-eu-1a, "
            f"of {', '.join(KINDS)}, or {BALANCER}, the load balancer{near}"
        )
    elif part.zone is not None and part.zone not in zones:
        known = ", ".join(zones) or "there is none"
        yield f'zones has no zone "{part.zone}": {known}'


def _wrong_commands(given: ComponentCommands) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the way to what is wrong of what stands for a component, and why it is."""
    if not given.given():
        yield (), f"gives nothing that may be done to it: {', '.join(get_args(Deed))}"
    for deed, undo in UNDONE_BY.items():
        if getattr(given, deed) and not getattr(given, undo):
            yield (deed,), f"has no undo; give {undo} as well, the command that takes it back"
    for key in (*LOOKS, *get_args(Deed), *get_args(TakenBack)):
        program, *more = getattr(given, key) or ("",)
        said = " ".join((program, *more))
        if "/" in program and not program.startswith("/"):
            yield (key,), "who undoes it may be elsewhere; write the whole path of its program"
        if "{node}" in said and not given.node:
            yield (key,), "{node} stands for nothing; give node as well, or write its name"
        if "{pid}" in said and key in {*LOOKS, "start"}:
            yield (key,), "{pid} is not known there; leave it out"


def _wrong_restart(name: str, given: ComponentCommands) -> Iterator[tuple[tuple[str, ...], str]]:
    if given.restart and not given.well and name.startswith("kube-apiserver-"):
        why = "give well, too: apiservers are restarted one after the other, each when all are well"
        yield ("restart",), why


def _missing_zones(commands: GivenCommands, zones: Sequence[str]) -> Iterator[tuple[Location, str]]:
    """Yield the kinds that are not given in each zone: quorum and limits are counted by zones."""
    given = {part.name: part.kind for part in scripted(commands)}
    for kind in dict.fromkeys(given.values()):
        names = [f"{kind}-{zone}" for zone in zones if kind != BALANCER]
        if missing := [name for name in names if name not in given]:
            why = f"no {', no '.join(missing)}: what is left of {kind} is counted by zones"
            cure = "give it in each of them, or leave in zones those alone that have it"
            yield ("components",), f"components: {why}; {cure}"


def _two_hosts(commands: GivenCommands) -> Iterator[tuple[Location, str]]:
    found = hosts(commands)
    for part in scripted(commands):
        node, where = commands[part.name].node, ("components", part.name, "node")
        if part.kind in LED and node and node != (other := found[str(part.zone)]):
            why = f"{node} is another machine than {other}, which has what else is led in this zone"
            yield where, f"{'.'.join(where)}: {why}; give that one"
