"""A cluster's components as they are, and as they start and exit: a line of `exits.jsonl` each."""

from typing import Annotated, Literal, cast

from pydantic import Field

from kubedrill.record.lines import Count, Line, Time, TimedLine

KUBELET = "kubelet"
"""A kind of component: what starts the others of its node, where a cluster has nodes of its own."""
MACHINE = "machine"
"""A kind of component: a node as such, with all that runs in it, where a cluster has nodes of its own."""
HURRIED = "hurry"
"""As who asked for an exit: our daemon, so that a kubelet starts at once what a fault has given back."""

RunState = Literal["stopped", "running", "paused", "stopping", "held", "backoff"]
"""Not started yet, running, stopped where it is, asked to end, down until released, starts soon."""


class ComponentState(Line):
    """One process as it is now."""

    pid: Count | None
    """None while it does not run, and so `started`."""
    started: str | None
    """The boot and the kernel's clock ticks since it: a pid and its start name a process."""
    state: RunState
    since: Time
    restarts: Count
    holds: dict[str, Time] = Field(default_factory=dict)
    """By owner since when it is held down, or stands still, without a break; whoever names none is ""."""

    def held_since(self, owner: str) -> int | None:
        """Return since when that is so for an owner, or for anybody if none is named; None if it is not."""
        return self.holds.get(owner) if owner else max(self.holds.values(), default=None)


class Started(TimedLine):
    """A component was started."""

    component: str
    event: Literal["started"] = "started"
    pid: Count
    by: str


class Exited(TimedLine):
    """A component exited."""

    component: str
    event: Literal["exited"] = "exited"
    pid: Count
    status: int | None
    """Below 0: the signal that ended it; None where it was no child of ours, and ended by itself."""
    asked: bool
    by: str
    """Who asked for it; `itself` where nobody did."""


COMPONENT_LINE = cast(
    "type[Started | Exited]", Annotated[Started | Exited, Field(discriminator="event")]
)
"""A line of `exits.jsonl`."""
