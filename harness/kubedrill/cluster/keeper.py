"""Does to a cluster of containers what faults ask for, keeps it so, and ends it when its time has come.

It starts nothing of the cluster and is no parent of it: what is taken is given back without it, or by another
one that is started.
"""

import os
import selectors
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.cluster import sightings
from kubedrill.cluster.engine import EngineFailed
from kubedrill.cluster.files import Components, Files
from kubedrill.cluster.hands import Hand
from kubedrill.cluster.holds import owner_of, with_an_end
from kubedrill.cluster.kept_links import Links
from kubedrill.cluster.notes import Notes
from kubedrill.cluster.requests import Reply, Request, RequestRefused
from kubedrill.cluster.seen import SeenComponent, Wanted
from kubedrill.cluster.sightings import SeenProcess
from kubedrill.cluster.wires import LinkRefused
from kubedrill.record.components import HURRIED, KUBELET

HURRY_AGAIN = 30 * SECOND
"""A kubelet that was restarted needs seconds until it starts anything: on a busy machine, many."""
SOON, OFTEN, SELDOM = 20 * MILLISECOND, 200 * MILLISECOND, SECOND
"""How often it looks: while somebody waits, while something is down, else."""


class SeenKeeper(ABC):
    """All components of one cluster. What it is asked for is told to others, and seen to come."""

    def __init__(
        self,
        folder: Path,
        selector: selectors.BaseSelector,
        hands: Mapping[str, Hand],
        shapeless: Mapping[str, str],
    ) -> None:
        self._selector = selector
        self._files = Files(folder)
        self._notes = Notes(self._files)
        self._links = Links(lambda: shapeless)
        self._wanted: list[Wanted] = []
        self._hurried: dict[str, int] = {}
        """By zone, when its kubelet was restarted."""
        self.parts = {name: SeenComponent(name, hand=hand) for name, hand in hands.items()}
        self._next_look = 0
        self._changed = True

    @abstractmethod
    def sight(self) -> dict[str, SeenProcess]:
        """Return what runs of the cluster, by the name of the component."""

    @abstractmethod
    def give_back(self) -> None:
        """Give back all that was taken."""

    def within(self, part: SeenComponent) -> Iterable[SeenComponent]:  # noqa: ARG002
        """Return what ends with a part."""
        return ()

    def answer(self, request: Request, reply: Reply) -> None:
        """Do what a request asks, and reply once it has come."""
        verb, request = request["do"], with_an_end(request)
        at_once: dict[str, Callable[[Request], dict[str, Any]]] = {
            "components": lambda _: self._facts().model_dump(),
            "in_force": lambda request: {"words": [*self._in_force(owner_of(request))]},
            **dict.fromkeys(Links.DOES, self._links.answer),
        }
        later = {
            "hold": self._hold,
            "stop": self._stop,
            "restart": self._restart,
            "release": self._release,
            "pause": self._pause,
            "proceed": self._proceed,
        }
        try:
            if verb == "leave":
                self.leave()
                reply({})
                sys.exit(0)
            elif verb in at_once:
                reply(at_once[verb](request))
            elif verb in later:
                later[verb](request, reply)
            else:
                reply({"error": f"the cluster's daemon cannot {verb}"})
        except (RequestRefused, LinkRefused, EngineFailed) as refusal:
            reply({"error": str(refusal)})
        except OSError as error:
            reply({"error": f"the cluster's daemon cannot {verb}: {error}"})

    def wait_s(self) -> float | None:
        """Return until when there is nothing to look at."""
        due = [self._next_look, *self._links.due(), *self._notes.due()]
        for part in self.parts.values():
            # What could not be ended in time is tried again with the next look.
            due += (end for end in part.holds.due() if end > now())
            due += [] if part.due is None else [part.due]
        return max(0.0, (min(due) - now()) / SECOND)

    def do_due(self) -> None:
        """Look how all is, let go what is over, and hurry what does not come."""
        self._notes.write_due()
        self._links.end_due()
        if self._next_look <= now():
            self.look()
        for part in self.parts.values():
            for owner, does in part.holds.overdue():
                self._changed = True
                with suppress(RequestRefused):
                    part.proceed(owner) if does == "paused" else self._let_up(part, owner, "lease")
            if part.due is not None and part.due <= now():
                self._hurry(part)
        self._wanted = [wanted for wanted in self._wanted if not wanted.settle()]

    def save(self) -> None:
        """Write components.json if anything changed."""
        if self._changed:
            self._changed = False
            self._notes.save(self._facts())

    def leave(self) -> None:
        """Give back what was taken, and do nothing more."""
        self.give_back()
        self._notes.close()

    def _facts(self) -> Components:
        return Components(components={name: part.facts() for name, part in self.parts.items()})

    def _in_force(self, owner: str) -> Iterator[str]:
        for name, part in self.parts.items():
            yield from (f"{name} is {does}" for does in part.holds.of(owner))
        yield from self._links.in_force(owner)

    def _hold(self, request: Request, reply: Reply) -> None:
        part, pid = self._expected(request)
        part.hand.keep_down()
        part.send("KILL")
        part.holds.add(owner_of(request), "held down", request["until"])
        self._ends(part, request["by"])
        self._answer_when(part, reply, lambda: part.state == "held", pid, "has not ended")

    def _stop(self, request: Request, reply: Reply) -> None:
        part, pid = self._running(request)
        part.hand.keep_down()
        self._ask_to_end(part, request)
        part.holds.add(owner_of(request), "held down", request["until"])
        reply({"pid": pid})

    def _restart(self, request: Request, reply: Reply) -> None:
        part, pid = self._running(request)
        self._ask_to_end(part, request)
        part.again, part.due = request["by"], request["until"]
        reply({"pid": pid})

    def _running(self, request: Request) -> tuple[SeenComponent, int]:
        part, pid = self._expected(request)
        if part.state != "running":  # one that is paused would not hear of it
            raise part.not_running()
        return part, pid

    def _ask_to_end(self, part: SeenComponent, request: Request) -> None:
        part.send("TERM")
        self._ends(part, request["by"])
        part.again = ""
        part.become("stopping")

    def _ends(self, part: SeenComponent, by: str) -> None:
        """Take that the end of a part, and of what ends with it, is asked for by somebody."""
        part.asked_by = by
        for each in self.within(part):
            if each.seen is not None:
                each.asked_by = each.again = by

    def _release(self, request: Request, reply: Reply) -> None:
        [part] = [self._find(name) for name in request["components"]]
        if not self._let_up(part, owner_of(request), request["by"]):
            reply({"pids": [None]})
            return
        self._wanted.append(
            Wanted(reply, lambda: part.pid is not None, lambda: {"pids": [part.pid]}, "")
        )

    def _let_up(self, part: SeenComponent, owner: str, by: str) -> bool:
        """Let one that is held down be started; return whether nobody else holds it."""
        is_free = part.holds.would_be_free(owner, "held down")
        if is_free and (part.hand.starts_by_itself or part.state == "held"):
            part.hand.let_up()
        part.holds.let_go(owner, "held down")
        if not is_free:
            return False
        if part.state == "stopping":
            part.again = by
            part.send("KILL")
        elif part.state == "held":
            part.told_by = by
            part.wait_for_start(owed=True)
        return True

    def _pause(self, request: Request, reply: Reply) -> None:
        part, pid = self._expected(request)
        if part.state not in {"running", "paused"}:
            raise part.not_running()
        if part.state == "running":
            part.halt()
        part.holds.add(owner_of(request), "paused", request["until"])
        self._answer_when(part, reply, part.stands, pid, "does not stand still")

    def _proceed(self, request: Request, reply: Reply) -> None:
        part = self._find(request["component"])
        part.proceed(owner_of(request))
        pid, self._changed = part.pid, True
        if pid is None or part.state != "running":
            reply({"pid": pid})
            return
        self._answer_when(part, reply, lambda: not sightings.is_stopped(pid), pid, "does not go on")

    def _hurry(self, part: SeenComponent) -> None:
        """Kill what does not end as it was asked to; have started what is not started."""
        part.due = None
        with suppress(RequestRefused):
            if part.state == "stopping":
                part.send("KILL")
            elif part.state == "backoff":
                self._hurry_start(part)

    def _hurry_start(self, part: SeenComponent) -> None:
        """Have it started."""
        part.due = now() + HURRY_AGAIN
        if not part.hand.starts_by_itself or self._hurries_kubelet(part):
            part.hand.hurry()

    def _hurries_kubelet(self, part: SeenComponent) -> bool:
        """Return whether the kubelet of a part's zone is to be restarted for it, and take that it will be.

        Not so often that it never comes to anything, nor one that a fault keeps from starting anything.
        """
        zone = part.name.rpartition("-")[2]
        before, kubelet = self._hurried.get(zone), self.parts.get(f"{KUBELET}-{zone}")
        if before is not None and now() < before + HURRY_AGAIN:
            part.due = before + HURRY_AGAIN
            return False
        if kubelet is not None and kubelet is not part:
            if kubelet.state != "running":
                return False
            kubelet.asked_by = kubelet.again = HURRIED
        self._hurried[zone] = now()
        return True

    def _answer_when(
        self, part: SeenComponent, reply: Reply, come: Callable[[], bool], pid: int, lacks: str
    ) -> None:
        self._changed, self._next_look = True, 0
        self._wanted.append(Wanted(reply, come, lambda: {"pid": pid}, f"{part.name} {lacks}"))

    def _expected(self, request: Request) -> tuple[SeenComponent, int]:
        part, expected = self._find(request["component"]), request["expect_pid"]
        if part.pid is None:
            raise part.not_running()
        if expected not in {None, part.pid}:
            raise RequestRefused(f"{part.name} has pid {part.pid}, not {expected}: replaced")
        self._changed, self._next_look = True, 0
        return part, part.pid

    def _find(self, name: str) -> SeenComponent:
        if name not in self.parts:
            raise RequestRefused(f"there is no component {name}; there are {', '.join(self.parts)}")
        return self.parts[name]

    def look(self) -> None:
        """Find out what runs, where something is missing."""
        if any(part.seen is None for part in self.parts.values()):
            for name, seen in self.sight().items():
                if self.parts[name].seen is None:
                    self._appear(self.parts[name], seen)
        looked = [part.look_at_pause() for part in self.parts.values()]
        self._changed |= any(looked)
        down = any(part.seen is None for part in self.parts.values())
        self._next_look = now() + (SOON if self._wanted else OFTEN if down else SELDOM)

    def _appear(self, part: SeenComponent, seen: SeenProcess) -> None:
        try:
            ended = os.pidfd_open(seen.pid)
        except ProcessLookupError:
            return
        self._selector.register(ended, selectors.EVENT_READ, partial(self._end, part))
        with suppress(RequestRefused):
            self._notes.add(part.appeared(seen))
        self._changed = True

    def _end(self, part: SeenComponent, ended: int) -> None:
        self._selector.unregister(ended)
        os.close(ended)
        self._notes.add(part.ended())
        self._changed, self._next_look = True, 0
