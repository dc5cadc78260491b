"""Faults: what is done to the processes of components: they are killed, stopped in order, or paused."""

from abc import ABC
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from kubedrill.client import well
from kubedrill.client.caller import Caller
from kubedrill.cluster.handle import Handle, HandleError, present
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Candidate, Lapse, NamesWhom, Scene, Seen, missing, proof
from kubedrill.faults.toll import Left
from kubedrill.record.catalogue import Need, OperationName
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.components import RunState
from kubedrill.record.faults import Witness
from kubedrill.wire.target import identity_target

ASK_S = 0.5
"""A component that does not answer within this time does not answer: on one machine it takes 2 ms."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to take a process out, and back."""

    verb: str
    done: str
    signal: str
    functions: tuple[str, str]
    """What a Chaos Toolkit file calls them."""
    operation: OperationName
    """What does it, on the cluster's handle."""
    begin: Callable[[Handle, str, int, int | None], object]
    """Takes the target with this pid out, until the lease ends; HandleError if another one runs."""
    end: Callable[[Handle, str], object]
    """Takes it back; what is as before is left so."""
    finds: tuple[RunState, ...]
    """In which the target may be found: one that another fault has paused hears no SIGTERM."""
    leaves: Left
    shows: tuple[Witness, ...]
    """What others must see of it."""

    def inject(self, scene: Scene) -> dict[str, Any]:
        """Take the targets out; return their `pids`, and `since` when each is out.

        Exactly the processes that were looked at are hit: HandleError if one was replaced meanwhile.
        """
        pids = pids_of(scene, scene.targets)
        for target, pid in pids.items():
            self.begin(scene.handle, target, pid, scene.lease)
        return {"pids": pids, "since": since(scene, scene.targets)}

    def did(self, scene: Scene) -> str:
        """Return in words what `inject` did."""
        named = (f"{name} (pid {pid})" for name, pid in scene.facts["pids"].items())
        return f"{self.done} {' and '.join(named)} {scene.by(self.signal)}"

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which target is not out, or was not all the time since `inject`.

        One that another fault takes out too, and back, is out all the time.
        """
        states = scene.handle.components()
        for target, before in scene.facts["since"].items():
            found = states[target].held_since(scene.owner)
            if found is None or states[target].state == "running":
                return Lapse(f"{target} was {states[target].state} again")
            if found != before:
                return Lapse(f"{target} was let go and {self.done} again", over=True)
        return None

    def undo(self, scene: Scene) -> None:
        """Take the targets back; those that run are left as they are."""
        each(scene.targets, partial(self.end, scene.handle))


def _hold(handle: Handle, target: str, pid: int, until: int | None) -> None:
    present(handle.holding).hold(target, expect_pid=pid, until=until)


def _stop(handle: Handle, target: str, pid: int, until: int | None) -> None:
    present(handle.holding).stop(target, expect_pid=pid, until=until)


def _pause(handle: Handle, target: str, pid: int, until: int | None) -> None:
    present(handle.pausing).pause(target, expect_pid=pid, until=until)


def _release(handle: Handle, target: str) -> None:
    present(handle.holding).release(target)


def _proceed(handle: Handle, target: str) -> None:
    present(handle.pausing).proceed(target)


KILL = Way(
    "kill",
    "killed",
    "SIGKILL",
    ("kill", "restore"),
    "holding",
    _hold,
    _release,
    ("running", "paused"),
    "gone",
    ("exits", "silence"),
)
STOP = Way(
    "stop",
    "stopped",
    "SIGTERM",
    ("stop", "start"),
    "holding",
    _stop,
    _release,
    ("running",),
    "gone",
    ("exits",),  # one that is stopping answers until it has ended
)
PAUSE = Way(
    "pause",
    "paused",
    "SIGSTOP",
    ("pause", "proceed"),
    "pausing",
    _pause,
    _proceed,
    ("running", "paused"),
    "deaf",
    ("silence",),
)


def running(
    scene: Scene,
    target: str,
    leaders: Sequence[str] = (),
    names: Sequence[str] | None = None,
    finds: Sequence[RunState] = ("running",),
) -> list[Candidate]:
    """Return the components that run, `target` with each of the names in its place: the zones', if not given.

    `leaders` are names; with `finds` also those that are in another state.
    """
    states, asked = scene.handle.components(), names or scene.record.zones
    with ThreadPoolExecutor(len(asked) or 1) as pool:  # each may have to be asked for its state
        found = dict(zip(asked, pool.map(states.get, map(target.format, asked)), strict=True))
    return [
        Candidate(name, leads=name in leaders, is_well=component.state == "running")
        for name, component in found.items()
        if component and component.state in finds
    ]


class OnProcesses(NamesWhom, ABC):
    """What faults on the processes of one kind of component have in common; a family says of which."""

    way: ClassVar[Way]
    component: ClassVar[str]
    """The kind of component, after which the faults are called, unless there is a `family`."""
    family: ClassVar[str]
    finds: ClassVar[tuple[RunState, ...]] = ("running",)
    """In which state it may hit a component."""
    effect_s: ClassVar = 10.0
    """A process is gone, or stands still, at once; what was asked to end takes a moment to begin with it."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Take from the way and the component what they say."""
        if way := getattr(cls, "way", None):
            family = getattr(cls, "family", cls.component)
            cls.name, cls.functions = f"{family}.{way.verb}", way.functions
            cls.verb, cls.done = way.verb, way.done
            cls.leaves, cls.finds = way.leaves, way.finds
            cls.hits_deaf = "paused" in way.finds
            cls.needs = (Need(way.operation, cls.component, way.verb),)

    @property
    def pages(self) -> well.Pages:
        """Where it answers with 200 when it is well: those of its kind; none where it answers nobody here."""
        return well.PAGES.get(self.component, ())

    def shows(self) -> tuple[Witness, ...]:
        """Return what its way shows."""
        return self.way.shows

    def shows_on(self, record: ClusterRecord) -> tuple[Witness, ...]:
        """Return nothing where commands break them: then commands alone see what becomes of them."""
        scripted = any(part.kind == self.component for part in record.scripted)
        return () if scripted else self.shows()

    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return those that run."""
        return running(scene, self.target, finds=self.finds)

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Take them out."""
        return self.way.inject(scene)

    def did(self, scene: Scene) -> str:
        """Say which processes were hit."""
        return self.way.did(scene)

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether they are out, and do not say that they are well."""
        if lapse := self.way.lapse(scene):
            return missing(lapse.words, *scene.targets)
        asked = [name for name in scene.targets if self.pages and scene.record.is_asked(name)]
        said = {target: _how(scene.record, target, self.pages) for target in asked}
        if fine := [target for target, answer in said.items() if answer.well]:
            return missing(f"{' and '.join(fine)} answered that all is well", *fine)
        told = [f"{name} is {self.done}" for name in scene.targets if name not in said]
        return proof(", ".join([*_words(said), *told]))

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which of them is not out any more, or was not all the time."""
        return self.way.lapse(scene)

    def undo(self, scene: Scene) -> None:
        """Take them back."""
        self.way.undo(scene)

    def undone(self, scene: Scene) -> Seen:
        """Look whether they run, and say that they are well."""
        return are_well(scene, dict.fromkeys(scene.targets, self.pages))


def are_well(scene: Scene, components: Mapping[str, well.Pages]) -> Seen:
    """Look whether components run and say, each on one of its pages, that they are well.

    Of those that have none, or are reached by commands alone, the cluster's handle tells.
    """
    states = scene.handle.components()
    said, told = {}, []
    for name, pages in components.items():
        if (state := states[name]).state != "running":
            return missing(f"{name} is {state.state}", name)
        if not pages or not scene.record.is_asked(name):
            if why := scene.handle.unwell(name):
                return missing(f"{name} is not well: {why}", name)
            told.append(f"{name} runs (pid {state.pid})")
            continue
        said[name] = _how(scene.record, name, pages)
        if not said[name].well:
            return missing(said[name].of(name), name)
    return proof(", ".join([*_words(said), *told]))


def _how(record: ClusterRecord, component: str, pages: well.Pages) -> well.Answered:
    """Ask a component how it is."""
    target, token = identity_target(record, "scraper", record.component(component).serving)
    with closing(Caller(target, token, ASK_S)) as api:
        return well.ask(api, pages)


def _words(said: Mapping[str, well.Answered]) -> Iterator[str]:
    return (answer.of(component) for component, answer in said.items())


def since(scene: Scene, components: Sequence[str]) -> dict[str, int | None]:
    """Return since when each component is out on behalf of the fault; None for one that is not."""
    states = scene.handle.components()
    return {name: states[name].held_since(scene.owner) for name in components}


def restart(scene: Scene, targets: Sequence[str]) -> dict[str, Any]:
    """Ask the targets to end, and let them be started anew; return their `pids`, as of `Way.inject`."""
    pids = pids_of(scene, targets)
    for target, pid in pids.items():
        present(scene.handle.holding).restart(target, expect_pid=pid, until=scene.lease)
    return {"pids": pids}


def not_anew(scene: Scene, targets: Sequence[str]) -> list[str]:
    """Return those of the targets of which no other process runs than that of `pids`."""
    states = scene.handle.components()
    return [
        target
        for target in targets
        if states[target].state != "running" or states[target].pid == scene.facts["pids"][target]
    ]


def pids_of(scene: Scene, components: Sequence[str]) -> dict[str, int]:
    """Return the pids of components; HandleError if one does not run."""
    states = scene.handle.components()
    pids = {}
    for target in components:
        pid = states[target].pid
        if pid is None:
            raise HandleError(f"{target} does not run")
        pids[target] = pid
    return pids
