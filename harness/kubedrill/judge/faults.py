"""Judge: what became of each fault, from the events that it told."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kubedrill.clock import SECOND
from kubedrill.judge.ending import Ending
from kubedrill.judge.found import Found, found
from kubedrill.record.faults import FaultLine, Witness
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, read_lines
from kubedrill.record.schedule import Phase, Schedule, ScheduledFault, touches
from kubedrill.record.state import latest
from kubedrill.record.target import Target, named
from kubedrill.record.timeline import StateTold

PUNCTUAL = SECOND
"""A fault later, or undone earlier, than this no longer fits its phase."""

WARM = 2 * SECOND
"""What a component takes to answer scrapes again after a fault let it go."""

SETTLING = 5 * SECOND
"""Leader changes so soon after a fault's effect or undo are the fault's."""


@dataclass(frozen=True, slots=True)
class ToldFault:
    """One scheduled fault, and the first event of each kind that it told."""

    scheduled: ScheduledFault
    events: dict[str, FaultLine] = field(default_factory=dict)
    came: int | None = None
    """When the state came for which it waited, as was told, monotonic ns."""
    doubt: str = ""
    """Why nobody knows what it told, in words; empty if that is known."""
    steps: list[FaultLine] = field(default_factory=list)
    """Whose turn it was from when on, where it takes its targets one after the other."""
    failures: list[str] = field(default_factory=list)
    """All that failed of it, in words, in order: what came of an undo hides nothing that was before."""

    @property
    def name(self) -> str:
        """The fault and its target: `etcd.kill on etcd-b`."""
        return f"{self.scheduled.name} on {self.target}" if self.target else self.scheduled.name

    @property
    def target(self) -> str:
        """Whom it hit, separated by commas; empty if the fault never began."""
        return ", ".join(self.targets)

    @property
    def targets(self) -> tuple[str, ...]:
        """Whom it hit, by name; none if the fault never began."""
        return named(self.hits)

    @property
    def hits(self) -> tuple[Target, ...]:
        """Whom it hit; nobody if the fault never began."""
        return next((line.targets for line in self.events.values()), ())

    @property
    def components(self) -> frozenset[str]:
        """The components that it hit: the targets, or all that runs in them."""
        return frozenset(name for target in self.hits for name in target.components)

    @property
    def shows(self) -> tuple[Witness, ...]:
        """What others must have seen of it."""
        return next((line.shows for line in self.events.values()), ())

    @property
    def took_effect(self) -> bool:
        """Whether its effect was proven; what failed beside one that did not is not its doing."""
        return "took-effect" in self.events

    @property
    def inject_due(self) -> int | None:
        """When it was to be injected, monotonic ns: when its state came, if it waits for one."""
        return self.scheduled.inject if self.scheduled.when is None else self.came

    @property
    def undo_due(self) -> int:
        """When it was to be undone, monotonic ns; so long after its state came, if it says for how long."""
        begun, for_s = self.came, self.scheduled.for_s
        if begun is None or for_s is None:
            return self.scheduled.undo
        return begun + round(for_s * SECOND)

    def at(self, event: str) -> int | None:
        """Return when an event was told, monotonic ns."""
        line = self.events.get(event)
        return line.time if line else None

    def proof(self, event: str) -> str:
        """Return the words that came with an event."""
        return self.events[event].proof if event in self.events else ""

    def holds(self, component: str, time: int) -> bool:
        """Whether a component was rightly silent: it or its zone was held down, or only just let go."""
        return component in self.components and self.was_in_force(time, time, WARM)

    def took(self, component: str, time: int) -> bool:
        """Whether a component was rightly taken: as `holds`; of several in turn, only in its own.

        Its turn is over when the next one's begins; when it is undone, all are let go.
        """
        if not self.holds(component, time):
            return False
        begun = [step for step in self.steps if step.time <= time]
        undoing = self.at("undoing")
        if not self.steps or (undoing is not None and undoing <= time):
            return True
        return any(component in target.components for step in begun[-1:] for target in step.targets)

    def has_hit(self, target: str, time: int, slack: int) -> bool:
        """Whether it had hit a target at a time, and was in force, or until so shortly before."""
        return target in self.targets and self.was_in_force(time, time, slack)

    def was_in_force(self, start: int, end: int, slack: int = 0) -> bool:
        """Whether it was in force at some time of a stretch, or until so shortly before."""
        begun, over = self.at("injecting"), self.at(self.scheduled.ends_with)
        return begun is not None and begun <= end and (over is None or start <= over + slack)

    def explains(self, start: int, end: int) -> bool:
        """Whether a leader change between two times is this fault's doing."""
        return any(
            begin is not None and start <= (done or begin) + SETTLING and end >= begin
            for begin, done in (
                (self.at("injecting"), self.at("took-effect")),
                (self.at("undoing"), self.at("undone")),
            )
        )

    def moves_leader(self, kind: str, start: int, end: int, slack: int = SETTLING) -> bool:
        """Whether it announces that the leader of a kind may change, and was in force between two times.

        Or until so shortly before that it still may be why. Of one that does not say, any leader may.
        """
        if not self.was_in_force(start, end, slack):
            return False
        told = self.events["injecting"].moves
        return told is None or kind in told

    def ends_leaders(self, kind: str, time: int, slack: int) -> bool:
        """Whether a leader of a kind may end itself because of it, for it cannot renew its Lease.

        As `moves_leader`, but of one that does not say which leaders may move, nothing is known.
        """
        return self.says_that_it_moves(kind) and self.moves_leader(kind, time, time, slack)

    def says_that_it_moves(self, kind: str) -> bool:
        """Whether it was said of it that the leader of a kind may change, or of `NODE` that nodes may."""
        line = self.events.get("injecting")
        return line is not None and kind in (line.moves or ())

    def touches(self, phase: Phase) -> bool:
        """Whether it was injected in the phase, or undone in it or right at its start."""
        return touches(self.scheduled.inject, self.scheduled.undo, phase.start, phase.end)


def read_told(folder: RunFolder, schedule: Schedule, ending: Ending) -> Found[FaultLine]:
    """Return what faults told, in its order.

    Who tells the first event makes the file: it may be missing as long as no fault was due.
    """
    due = any(latest(fault) < ending.time for fault in schedule.faults)
    if not due and not folder.faults.exists():
        return Found()
    return found(folder, lambda: _lines(folder.faults, schedule, ending.killed))


def with_events(
    folder: RunFolder,
    schedule: Schedule,
    told: Found[FaultLine],
    states: Iterable[StateTold],
    ending: Ending,
) -> list[ToldFault]:
    """Return every scheduled fault with its events; or with a doubt, where its file does not tell them.

    `states` are what became of those for which faults waited.
    """
    begun = folder.faults.exists()
    came = {state.index: state.time for state in states if state.event == "came"}
    faults = [
        ToldFault(
            fault,
            came=came.get(index),
            doubt=told.doubt if begun or latest(fault) < ending.time else "",
        )
        for index, fault in enumerate(schedule.faults)
    ]
    for line in told.lines:
        if line.event == "step":
            faults[line.index].steps.append(line)
            continue
        faults[line.index].events.setdefault(line.event, line)
        if line.event == "failed":
            faults[line.index].failures.append(line.proof)
    return faults


def _lines(path: Path, schedule: Schedule, may_be_cut: bool) -> Iterator[FaultLine]:
    """Yield what faults told; BadEvidence where that cannot be, or not in this order."""
    told: dict[int, list[FaultLine]] = defaultdict(list)
    for number, line in enumerate(read_lines(path, FaultLine, may_be_cut=may_be_cut), 1):
        if line.index >= len(schedule.faults) or line.fault != schedule.faults[line.index].name:
            raise BadEvidence(path, number, "is about a fault that was not scheduled")
        before = told[line.index]
        if why := _out_of_order(line, before):
            raise BadEvidence(path, number, f"{line.fault}, {line.event}: {why}")
        before.append(line)
        yield line


_AFTER = {
    "step": "injecting",
    "injected": "injecting",
    "took-effect": "injected",
    "lapsed": "took-effect",
    "holds-again": "lapsed",
    "undoing": "injecting",
    "undone": "undoing",
}
"""What must have been told of a fault before, by event."""

_AGAIN = frozenset({"lapsed", "holds-again", "step"})
"""These may be told several times."""

_UNDO = frozenset({"undoing", "undone"})
"""Watchdog and faults may both undo: these may be told twice."""


def _out_of_order(line: FaultLine, before: Sequence[FaultLine]) -> str:
    """Return why an event cannot follow those that the fault told before, in words; empty if it can."""
    events = {told.event for told in before}
    if before and line.time < before[-1].time:
        return f"was before {before[-1].event}, which is told before it"
    if line.event == "failed" or (events >= {"undoing"} and line.event in _UNDO):
        return ""
    if line.event in events - _AGAIN:
        return "is told twice"
    if undone := events & _UNDO:
        return f"cannot be after {min(undone)}"
    needed = _AFTER.get(line.event)
    return "" if needed is None or needed in events else f"is told without {needed} before it"


def reasons(faults: Iterable[ToldFault], whole: bool) -> Iterator[str]:
    """Yield why the faults of a drill prove nothing; `whole`: the drill came to its planned end."""
    for fault in faults:
        if fault.doubt:
            yield f"{fault.name}: {fault.doubt}"
        elif fault.failures:
            yield from (f"{fault.name}: {why}" for why in dict.fromkeys(fault.failures))
        elif "lapsed" in fault.events:
            yield f"{fault.name}: {_lapse(fault)}"
        elif "undone" in fault.events and not fault.scheduled.can_be_undone:
            yield f"{fault.name}: was undone, though that cannot be"
        elif whole:
            yield from _incomplete(fault)
        elif (
            fault.scheduled.can_be_undone
            and "injecting" in fault.events
            and "undone" not in fault.events
        ):
            yield f"{fault.name}: was not seen to be undone"


def _lapse(fault: ToldFault) -> str:
    """Return in words when the effect did not hold, counted from its proof."""
    effect = fault.at("took-effect") or 0
    since, again = fault.at("lapsed") or 0, fault.at("holds-again")
    until = f", until {(again - effect) / SECOND:.1f} s after it" if again else ""
    begun = (since - effect) / SECOND
    return f"{fault.proof('lapsed')} {begun:.1f} s after it took effect{until}: it did not last"


def _incomplete(fault: ToldFault) -> Iterator[str]:
    planned = {"injecting": fault.inject_due, "undoing": fault.undo_due}
    expected = {"injecting": "was not injected", "took-effect": "did not take effect"}
    if fault.scheduled.can_be_undone:
        expected["undone"] = "was not undone"
    for event, words in expected.items():
        if event not in fault.events:
            yield f"{fault.name}: {words}"
            return
    for event, due in planned.items():
        if due is None:
            yield f"{fault.name}: was injected, though nobody told that its state had come"
            return
        off = (fault.at(event) or due) - due
        if abs(off) > PUNCTUAL:
            words = f"{event} {abs(off) / SECOND:.1f} s {'late' if off > 0 else 'early'}"
            yield f"{fault.name}: {words}; the phases are not what they say"
