"""What the scraper writes, a line a look: `health.jsonl`, `leases.jsonl`, `nodes.jsonl`, ..."""

from typing import Literal

from pydantic import Field

from kubedrill.record.lines import Amount, Count, Line, Time, TimedLine

MemberState = Literal["healthy", "unhealthy", "refused", "timeout"]
"""What a member's /health answered, or how it did not."""


LEADERLESS = "leaderless"
"""Of a kind of component (`scheduler.leaderless`): that none of it leads; judged by leases.jsonl."""


class HealthLook(TimedLine):
    """One round of asking each etcd member."""

    took_us: Count
    etcd: dict[str, MemberState]
    """By zone."""
    leader: str | None
    """The zone of the member that led when last asked."""


class LeaseHeld(Line):
    """A Lease that leaders hold in turn, as its holder wrote it; times in ns since 1970, by its clock."""

    holder: str
    """Who holds it; "" if it was given back."""
    acquired: Count
    renewed: Count
    lasts_s: Count
    """How long it is the holder's without being renewed."""
    transitions: Count


class LeaseLook(TimedLine):
    """One round of asking for the Leases of those that are led."""

    took_us: Count
    held: dict[str, LeaseHeld]
    """By kind of component; without those that were not answered."""
    error: str
    """Why one was not; "" if all were."""


class NodeLook(TimedLine):
    """One round of asking how the nodes are."""

    took_us: Count
    nodes: Count
    """How many there are."""
    not_ready: tuple[str, ...]
    """Those whose condition Ready is anything but True, by name."""
    zones: dict[str, tuple[Count, Count]] = Field(default_factory=dict)
    """By zone ("" where a node says none): how many are Ready, and how many there are."""
    error: str
    """Why that is not known; "" if it is."""


class ObjectLook(TimedLine):
    """One round of asking how many objects there are."""

    took_us: Count
    counts: dict[str, Count]
    """By kind (`pods`); without those that were not answered."""
    error: str
    """Why one was not; "" if all were."""


class Usage(Line):
    """One process; CPU since its start."""

    pid: Count
    cpu_s: Amount
    rss_bytes: Count
    throttled: Count | None = None
    """In how many periods a CPU quota that is not the drill's own has held it back; None without one."""


class Host(Line):
    """The machine; CPU-seconds since its start, of all its cores."""

    cpu_busy_s: Amount
    cpu_total_s: Amount
    steal_s: Amount
    iowait_s: Amount
    memory_available_bytes: Count
    memory_total_bytes: Count


class ResourceLook(TimedLine):
    """CPU and memory of all that takes part, at one time."""

    host: Host
    processes: dict[str, Usage]
    """The cluster's, by component."""
    harness: dict[str, Usage]
    """The drill's own, by role."""

    def usage(self, group: str, name: str) -> Usage | None:
        """Return one process; `group` is processes | harness. None if it was not there."""
        return (self.processes if group == "processes" else self.harness).get(name)


class ScrapeLine(Line):
    """One scrape of one component's metrics."""

    time: Time
    """When it was due."""
    end: Time
    """When it was through."""
    component: str
    ok: bool
    error: str
    """Why it failed; empty if it did not."""
    file: str
    """In `metrics/`: a gzip member a scrape."""
    offset: Count
    bytes: Count
    wire_bytes: Count
    """Received, TLS included."""
