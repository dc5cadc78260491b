"""What is shot at in which drill, and when: drawn from a seed, so that a number names the same case again."""

import random
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fault_rows import ROWS
from namespace_activity import makes

from kubedrill.faults.catalogue import faults

Moment = str
Drawn = tuple[str, Mapping[str, Any]]
"""A fault, and what it is given."""

PAUSES_S: Mapping[Moment, float] = {
    "seeding": 0.5,
    "set-up": 2.0,
    "baseline": 1.0,
    "injection": 0.3,
    "fault": 1.0,
    "undo": 0.5,
    "recovery": 1.0,
    "clearing": 1.0,
    "judging": 1.0,
}
"""The moments of a drill, in their order, and how long after each has begun the shot may come."""

RUNNER, WATCHDOG = "runner", "watchdog"
LOAD = "load-list"
ALIVE: Mapping[Moment, tuple[str, ...]] = {
    "seeding": (RUNNER, WATCHDOG),
    "set-up": (RUNNER, WATCHDOG),
    "clearing": (RUNNER, WATCHDOG),
    "judging": (RUNNER,),
}
"""Who may be shot at; at any other moment it is all of VICTIMS."""
VICTIMS = (RUNNER, WATCHDOG, LOAD, "prober", "scraper", "faults")

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WEIGHTS = (3, 1, 1, 1)
"""Whoever is told to end may clear up, and is the easier case."""

SEEDED = {"pods": 5}
_BESIDE = (
    ("kube-scheduler.pause", {"zone": "leader"}),
    ("kube-controller-manager.kill", {"zone": "leader"}),
    ("load-balancer.remove_backend", {"zone": "a"}),
    ("kube-scheduler.limit_cpu", {"zone": "leader", "cpus": 0.01}),
)
"""What may be in force beside any other fault: of them, none takes away what another may not."""


OF_FLEETS = ("node.not_ready", "node.crash", "node.slow", "node.pressure")
"""Faults that only nodes of a fleet obey."""
FLEET = {"nodes": 3}


@dataclass(frozen=True, slots=True)
class Shot:
    """A signal to one process of a drill."""

    victim: str
    number: signal.Signals

    def __str__(self) -> str:
        """Return `KILL runner`."""
        return f"{self.number.name.removeprefix('SIG')} {self.victim}"


@dataclass(frozen=True, slots=True)
class Case:
    """One drill, and the shots at it."""

    number: int
    faults: tuple[tuple[str, Mapping[str, Any]], ...]
    """Name and parameters of each; an activity's is its entry in the experiment."""
    seeded: bool
    moment: Moment
    pause_s: float
    shots: tuple[Shot, ...]

    def __str__(self) -> str:
        """Return it in a line."""
        shots = ", ".join(map(str, self.shots))
        names = " and ".join(name for name, _ in self.faults)
        seeded = ", seeded" if self.seeded else ""
        return f"#{self.number} {self.moment} + {self.pause_s:.2f} s: {shots}; {names}{seeded}"

    def kills(self, victim: str) -> bool:
        """Whether a victim is shot with what nobody survives."""
        return Shot(victim, signal.SIGKILL) in self.shots

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Return its faults as they stand in an experiment."""
        return [
            dict(given) if name == "activity" else {name: dict(given)}
            for name, given in self.faults
        ]

    @property
    def needs_nodes(self) -> bool:
        """Whether a fault hits nodes, or the pods on them: the cluster has none of its own."""
        return not self.needs_fleet and any(
            name.startswith(("node.", "pod.")) for name, _ in self.faults
        )

    @property
    def needs_fleet(self) -> bool:
        """Whether a fault orders the nodes of a fleet about, which the drill brings along."""
        return any(name in OF_FLEETS for name, _ in self.faults)


def cases(seed: int, capabilities: Sequence[str], begin: int, end: int) -> Iterator[Case]:
    """Yield the cases from one number to before another; each depends on its number and the seed alone.

    And on what the cluster is capable of: a fault that it cannot take is never drawn.
    """
    rows = [(row.fault, row.given) for row in ROWS if _can(row.fault, capabilities)]
    rows.append(("activity", makes("made-by-an-activity")))
    besides = [fault for fault in _BESIDE if _can(fault[0], capabilities)]
    for number in range(begin, end):
        yield _case(number, random.Random(f"{seed}/{number}"), rows, besides)


def _case(
    number: int, chance: random.Random, rows: Sequence[Drawn], besides: Sequence[Drawn]
) -> Case:
    moment = chance.choice([*PAUSES_S])
    alive = ALIVE.get(moment, VICTIMS)
    # Whoever undoes is shot at as often as all others together.
    weights = [3 if victim in (RUNNER, WATCHDOG, "faults") else 1 for victim in alive]
    count = chance.choice((1, 1, 1, 2, 3, len(alive)))
    victims = dict.fromkeys(chance.choices(alive, weights, k=count))
    shots = tuple(
        Shot(victim, chance.choices(SIGNALS, _WEIGHTS)[0])
        for victim in (alive if count == len(alive) else victims)
    )
    first = chance.choice(rows)
    kind = first[0].partition(".")[0]
    beside = [fault for fault in besides if not fault[0].startswith(kind) and kind != "zone"]
    second = [chance.choice(beside)] if beside and chance.random() < 1 / 3 else []
    return Case(
        number,
        faults=(first, *second),
        seeded=moment == "seeding" or chance.random() < 1 / 3,
        moment=moment,
        pause_s=chance.uniform(0, PAUSES_S[moment]),
        shots=shots,
    )


def _can(fault: str, capabilities: Sequence[str]) -> bool:
    return all(str(need) in capabilities for need in faults()[fault].needs)
