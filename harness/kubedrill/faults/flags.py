"""Faults: components that are given other flags than their own, one after the other, and these back."""

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from http.client import OK
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.client.caller import Caller
from kubedrill.client.flagz import flags_of
from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import FlagValue, present, written
from kubedrill.cluster.provider import provider_named
from kubedrill.faults.actions import actions
from kubedrill.faults.attempting import each
from kubedrill.faults.fault import Fault, Lapse, Scene, Seen, missing, proof
from kubedrill.faults.in_turn import OneAfterTheOther
from kubedrill.faults.kube_apiserver import OnApiservers
from kubedrill.faults.kube_controller_manager import OnControllerManagers
from kubedrill.faults.kube_scheduler import OnSchedulers
from kubedrill.faults.processes import pids_of
from kubedrill.record.catalogue import ClusterDescription, Need
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

FLAGZ_S = 5.0
"""A component that has just been started may be busy."""

APART = 60 * SECOND
"""Between the ends of two leases: were nobody left, no two would be started anew at once."""


AWAY = ("held", "paused")
"""Of these another fault lets nobody say how they are."""


class OtherFlags(OneAfterTheOther, ABC):
    """What those have in common that change flags; a family says of which component."""

    verb: ClassVar = "change the flags of"
    done: ClassVar = "given other flags"
    effect_s: ClassVar = 60.0
    """What does not end within 10 s is killed; an apiserver is ready 5-8 s after its start here."""
    return_s: ClassVar = 180.0
    """One after the other, each as long as that."""

    set: dict[str, FlagValue | None] = Field(
        description="flags without the leading dashes, and their values; null takes one away",
        min_length=1,
    )

    def is_hidden_by(self, other: Fault) -> bool:
        """Whether another one has changed its flags: a component has one set of them."""
        return isinstance(other, OtherFlags) and other.component == self.component

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Take from the component what it says."""
        if component := getattr(cls, "component", None):
            cls.name = f"{component}.flags"
            cls.needs = (Need("flagging", component),)
            cls.blast_radius = (
                f"the {component} of zone {{zone}}: one at a time is started anew, "
                "each when all of them are well"
            )

    def refuse(self, cluster: ClusterDescription) -> str:
        """Refuse what the program does not know or take, and what the cluster stands on."""
        if why := super().refuse(cluster):
            return why
        wrong = provider_named(cluster.provider).wrong_flags(self.component, self.set)
        return next((f"{self.name}: set: {name}: {why}" for name, why in wrong), "")

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Change those of the first; note which process each was, and what it was given before."""
        pids = pids_of(scene, scene.targets)
        own = {target: self._own(scene, target) for target in scene.targets}
        told = {target: self._flagz(scene, target) for target in scene.targets}
        self._change(scene, scene.targets[0], pids[scene.targets[0]])
        return {"pids": pids, "before": own, "told": told}

    def did(self, scene: Scene) -> str:
        """Say what it is given now, in place of what."""
        first = scene.targets[0]
        changes = (
            f"{name} from {_shown(was)} to {_shown(self._text(name))}"
            for name, was in scene.facts["before"][first].items()
        )
        return f"changed of {first} (pid {scene.facts['pids'][first]}) {', '.join(changes)}"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether another process of the first runs with them, and is well; or how its log ends."""
        first = scene.targets[0]
        seen = self._has(scene, first)
        last = "" if seen.proven else scene.handle.last_line(first)
        return replace(seen, words=f"{seen.words}; last line of its log: {last}") if last else seen

    def advance(self, scene: Scene) -> Sequence[str]:
        """Change those of the next, if all are well, and all before it run with theirs."""
        begun, waiting = self._parted(scene)
        if not waiting or not self.all_well(scene).proven or any(self._lacking(scene, begun)):
            return ()
        self._change(scene, waiting[0], pids_of(scene, waiting[:1])[waiting[0]])
        return waiting[:1]

    def unfinished(self, scene: Scene) -> str:
        """Return whose were not changed, or who did not come up with them."""
        begun, waiting = self._parted(scene)
        words = [f"the flags of {target} were not changed" for target in waiting]
        states = scene.handle.components()
        here = [target for target in begun if states[target].state not in AWAY]
        return " and ".join([*words, *self._lacking(scene, here)])

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return which of those that were changed is not to have them, or runs with others."""
        states = scene.handle.components()
        for target in self._parted(scene)[0]:
            if not present(scene.handle.flagging).changed(target):
                return Lapse(f"{target} was given its own flags again")
            differs = self._differs(scene, target, self._wanted())
            if differs and states[target].state == "running":
                return Lapse(f"{target} ran with {differs}")
        return None

    def undo(self, scene: Scene) -> None:
        """Restore one of them: one that is not well, else the first, once all of them are well.

        One that another fault keeps away has its own when it comes back; the others do not wait for it.
        """
        flagging, states = present(scene.handle.flagging), scene.handle.components()
        away = [target for target in scene.targets if states[target].state in AWAY]
        each(away, flagging.restore)
        here = [target for target in scene.targets if target not in away]
        ill = [target for target in here if not self._well(scene, target).proven]
        for target in ill or here:
            changed = flagging.changed(target)
            flagging.restore(target)  # one that has its own is left so
            if changed:
                return

    def retreat(self, scene: Scene) -> None:
        """Restore the next."""
        self.undo(scene)

    def undone(self, scene: Scene) -> Seen:
        """Look whether each runs with its own, and says that it is well."""
        for target in scene.targets:
            if present(scene.handle.flagging).changed(target):
                return missing(f"{target} has not been given its own flags yet", target)
            if differs := self._differs(scene, target, self._own(scene, target)):
                return missing(f"{target} runs with {differs}", target)
            told = scene.facts.get("told", {}).get(target)
            if told and self._flagz(scene, target) not in (told, {}):
                return missing(f"/flagz of {target} does not tell what it told before", target)
        return super().undone(scene)

    def _change(self, scene: Scene, target: str, pid: int | None) -> None:
        turn = scene.targets.index(target)
        until = None if scene.lease is None else scene.lease + turn * APART
        flagging = present(scene.handle.flagging)
        flagging.change(target, self.set, expect_pid=pid, until=until)

    def _parted(self, scene: Scene) -> tuple[Sequence[str], Sequence[str]]:
        """Return whose flags are or were changed, and whose are still to be.

        Not by their pids: who lost its lease on a busy machine has exited by itself before its turn came.
        """
        flagging = present(scene.handle.flagging)
        turns = (turn for turn, target in enumerate(scene.targets) if flagging.changed(target))
        begun = 1 + max(turns, default=0)
        return scene.targets[:begun], scene.targets[begun:]

    def _lacking(self, scene: Scene, targets: Sequence[str]) -> Iterator[str]:
        """Yield of those that do not run with the flags what is missing."""
        seen = (self._has(scene, target) for target in targets)
        yield from (found.words for found in seen if not found.proven)

    def _has(self, scene: Scene, target: str) -> Seen:
        """Look whether a process runs that was started with the flags, says so, and is well."""
        if scene.handle.components()[target].pid == scene.facts["pids"][target]:
            return missing(f"{target} runs as before", target)
        if differs := self._differs(scene, target, self._wanted()):
            return missing(f"{target} runs with {differs}", target)
        if not (seen := self._well(scene, target)).proven:
            return seen
        before, told = scene.facts["told"][target], self._flagz(scene, target)
        if told and all(value == before.get(name) for name, value in told.items()):
            return missing(f"/flagz of {target} tells of the same values as before", target)
        words = ["/flagz tells of other values than before"] if told else []
        return proof(", ".join([f"{target} runs with {self._in_words()}", *words, seen.words]))

    def _flagz(self, scene: Scene, target: str) -> dict[str, str]:
        """Return what a component itself says that these flags are; nothing where it does not say.

        A value is not written as it was given (1m0s for 60s): it only tells that it is another.
        """
        server, token = identity_target(
            scene.record, "scraper", scene.record.component(target).serving
        )
        with closing(Caller(server, token, FLAGZ_S)) as api:
            try:
                request = api.request("GET", "/flagz", accept="text/plain")
                answer = api.exchange(request, now() + round(FLAGZ_S * SECOND))
            except WireError:
                return {}
        page = answer.body.decode(errors="replace") if answer.status == OK else ""
        told = flags_of(page)
        return {name: told[name] for name in self.set if name in told}

    def _well(self, scene: Scene, target: str) -> Seen:
        return super().undone(scene.of(target))

    def _differs(self, scene: Scene, target: str, wanted: Mapping[str, str | None]) -> str:
        """Return with which flags a process runs in place of those that are wanted; or ""."""
        found = present(scene.handle.flagging).runs_with(target)
        others = [name for name, value in wanted.items() if found.get(name) != value]
        return ", ".join(f"{name} {_shown(found.get(name))}" for name in others)

    def _own(self, scene: Scene, target: str) -> dict[str, str | None]:
        own = present(scene.handle.flagging).own(target)
        return {name: own.get(name) for name in self.set}

    def _wanted(self) -> dict[str, str | None]:
        return {name: self._text(name) for name in self.set}

    def _text(self, name: str) -> str | None:
        value = self.set[name]
        return None if value is None else written(value)

    def _in_words(self) -> str:
        return ", ".join(f"{name} {_shown(value)}" for name, value in self._wanted().items())


class ApiserverFlags(OtherFlags, OnApiservers):
    """Give kube-apiservers other flags until the phase ends, one after the other."""

    functions: ClassVar = ("change_apiserver_flags", "restore_apiserver_flags")


class ControllerManagerFlags(OtherFlags, OnControllerManagers):
    """Give kube-controller-managers other flags until the phase ends, one after the other."""

    functions: ClassVar = ("change_controller_manager_flags", "restore_controller_manager_flags")


class SchedulerFlags(OtherFlags, OnSchedulers):
    """Give kube-schedulers other flags until the phase ends, one after the other."""

    functions: ClassVar = ("change_scheduler_flags", "restore_scheduler_flags")


change_apiserver_flags, restore_apiserver_flags = actions(ApiserverFlags)
change_controller_manager_flags, restore_controller_manager_flags = actions(ControllerManagerFlags)
change_scheduler_flags, restore_scheduler_flags = actions(SchedulerFlags)


def _shown(value: str | None) -> str:
    return "not given" if value is None else value
