"""A component that a daemon keeps: its state, on whose behalf it is so, and what is written down of it."""

from dataclasses import dataclass, field

from kubedrill.clock import now
from kubedrill.cluster.holds import Holds
from kubedrill.cluster.requests import RequestRefused
from kubedrill.record.components import ComponentState, Exited, RunState


@dataclass(slots=True)
class KeptComponent:
    """One component as it is now."""

    name: str
    state: RunState = "stopped"
    since: int = field(default_factory=now)
    restarts: int = 0
    started: str | None = None
    asked_by: str | None = None
    """Who asked for its end; None if nobody did."""
    due: int | None = None
    """When something is done about one in backoff, or one that was asked to end is killed; monotonic ns."""
    holds: Holds = field(default_factory=Holds)
    again: str = ""
    """By whom it is started as soon as it has exited, though its end was asked for; "": by nobody."""

    @property
    def pid(self) -> int | None:
        """Its process; None while it has none."""
        raise NotImplementedError

    def not_running(self) -> RequestRefused:
        """Return the refusal of what only a running one could do."""
        return RequestRefused(f"{self.name} is not running, it is {self.state}")

    def become(self, state: RunState) -> None:
        """Change the state, now."""
        self.state = state
        self.since = now()

    def exited(self, pid: int, status: int | None, asked_by: str | None) -> Exited:
        """Return what is written down of its exit, just now."""
        asked, by = asked_by is not None, asked_by or "itself"
        return Exited(time=now(), component=self.name, pid=pid, status=status, asked=asked, by=by)

    def facts(self) -> ComponentState:
        """Return its entry in components.json."""
        pid = self.pid
        return ComponentState(
            pid=pid,
            started=self.started if pid else None,
            state=self.state,
            since=self.since,
            restarts=self.restarts,
            holds=self.holds.since(),
        )
