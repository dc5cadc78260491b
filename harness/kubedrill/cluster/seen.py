"""A component in a container, as its cluster's daemon knows it: it is not our child, but seen."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kubedrill.clock import SECOND, now
from kubedrill.cluster.hands import Hand
from kubedrill.cluster.holds import EVERYBODY
from kubedrill.cluster.kept import KeptComponent
from kubedrill.cluster.requests import Reply
from kubedrill.cluster.sightings import SeenProcess, is_stopped, stops
from kubedrill.record.components import Exited, Started

HURRY = 8 * SECOND
"""kubelet starts what it has to within some seconds, unless it backs off: then it is restarted."""
PATIENCE = 4 * SECOND
"""Whoever asks for something is told after so long that it has not come; they wait 5 s."""
SIGNALS = {"KILL": -9, "TERM": -15}


@dataclass(slots=True)
class Wanted:
    """An answer that waits for something to come."""

    reply: Reply
    come: Callable[[], bool]
    answer: Callable[[], dict[str, Any]]
    what: str
    """That has not come, in words; "" where that is an answer as well."""
    until: int = field(default_factory=lambda: now() + PATIENCE)

    def settle(self) -> bool:
        """Reply if it has come, or will not; return whether that is done."""
        if self.come() or (not self.what and now() > self.until):
            self.reply(self.answer())
        elif now() > self.until:
            self.reply({"error": f"{self.what} within {PATIENCE / SECOND:g} s"})
        else:
            return False
        return True


@dataclass(slots=True)
class SeenComponent(KeptComponent):
    """One component."""

    hand: Hand = field(kw_only=True)
    seen: SeenProcess | None = None
    ending: str = ""
    """The signal by which its process was to end; "" if nobody sent one."""
    told_by: str = "restart"
    """By whom it is started anew."""
    stops: int = 0
    """How often it had stopped by itself, when it was seen to stand still since it is paused."""

    @property
    def pid(self) -> int | None:
        """Its process, as this machine knows it."""
        return self.seen.pid if self.seen else None

    def send(self, signal: Any) -> None:
        """Send its process a signal."""
        assert self.seen is not None
        if signal in SIGNALS:
            self.ending = signal
        self.hand.signal(self.seen, signal)

    def appeared(self, seen: SeenProcess) -> Started:
        """Take that it runs; return what is written down of that."""
        self.seen, self.started, self.due = seen, seen.started, None
        if self.state == "backoff" and not self.asked_by:
            self.restarts += self.told_by == "restart"
        by, self.told_by = self.told_by, "restart"
        self.asked_by, self.ending = None, ""
        self.become("running")
        # kubelet was faster, or an agent that ended has given its manifest back.
        if self.holds.are("held down"):
            self.asked_by = "fault"
            self.hand.keep_down()
            self.send("KILL")
        elif self.holds.are("paused"):
            self.halt()
        return Started(time=now(), component=self.name, pid=seen.pid, by=by)

    def ended(self) -> Exited:
        """Take that its process has ended; return what is written down of that."""
        assert self.seen is not None
        pid, asked_by = self.seen.pid, self.asked_by
        status = SIGNALS.get(self.ending)  # else only whose child it was knows
        self.seen = self.asked_by = None
        if self.holds.are("held down"):
            self.due = None
            self.become("held")
        else:
            if asked_by is None:
                self.holds.let_go(EVERYBODY, "paused")
            self.told_by, self.again = self.again or "restart", ""
            self.wait_for_start(owed=asked_by is not None)
            if not self.hand.starts_by_itself:
                self.hand.let_up()
        return self.exited(pid, status, asked_by)

    def wait_for_start(self, *, owed: bool) -> None:
        """Wait until it is started anew, and see to it if that takes long, where we owe it that."""
        self.due = now() + HURRY if owed else None
        self.become("backoff")

    def halt(self) -> None:
        """Stop its process where it is."""
        self.send("STOP")
        self.stops = 0
        self.become("paused")

    def proceed(self, owner: str) -> None:
        """Let it go on, unless it stands still for another owner too."""
        if self.holds.would_be_free(owner, "paused") and self.seen and self.state == "paused":
            self.send("CONT")
            self.become("running")
        self.holds.let_go(owner, "paused")

    def stands(self) -> bool:
        """Whether its process stands still; from then on it is noticed if somebody else lets it go on."""
        if self.seen is None or not is_stopped(self.seen.pid):
            return False
        self.stops = self.stops or stops(self.seen.pid)
        return True

    def look_at_pause(self) -> bool:
        """Find out whether it was let go on by somebody else, or not yet stopped."""
        if self.state != "paused" or self.seen is None:
            return False
        stands, before = self.stands(), self.stops
        if stands:
            self.stops = stops(self.seen.pid)
        if stands and before == self.stops:
            return False
        if not stands and now() - self.since < SECOND:
            return False  # it has not heard of it yet
        self.become("paused" if stands else "running")
        self.holds.begin_again("paused")
        if not stands:
            self.holds.let_go(EVERYBODY, "paused")
        return True
