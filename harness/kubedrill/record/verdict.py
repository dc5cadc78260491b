"""The verdict and all that was measured for it: `verdict.json`, its schema published."""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from kubedrill.clock import SECOND
from kubedrill.record.catalogue import Lasts
from kubedrill.record.files import write_whole
from kubedrill.record.scale_out import ScaleOutBound, StepTimes
from kubedrill.record.series import scored

SCHEMA_VERSION = 1
"""Of a drill's verdict and of a comparison's alike."""


class Verdict(StrEnum):
    """Three values: what cannot be trusted is neither PASS nor FAIL."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    INVALID = "INVALID"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2; 3 is for drills that were not started."""
        return {"PASS": 0, "FAIL": 1, "INVALID": 2}[self.value]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PhaseTimes(_Part):
    """A phase, in monotonic ns, and its start as an ISO 8601 date in UTC."""

    name: str
    start: int
    end: int
    date: str

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.end - self.start) / SECOND


class ObjectiveResult(_Part):
    """One objective: what was measured against what was asked."""

    phase: str
    text: str
    words: str
    """The objective in a sentence, as `kubedrill plan` prints it."""
    value: float | None
    """In `unit`; None if it could not be measured, or is a latency and nothing was answered."""
    at_least: bool = False
    """Whether the value is only what it is at least: requests were cut at the end, or nodes seen late."""
    most: float | None = None
    """What it is at most, where it is at least `value`; None where nobody knows."""
    unit: str
    threshold: float
    operator: str
    verdict: Verdict
    reason: str


class LoadResult(_Part):
    """What a load offered and what came of it in one phase."""

    profile: str
    name: str
    phase: str
    loop: Literal["open", "closed"]
    """Closed: clients waited for their answers, so that a slow server was asked less."""
    offered: float
    """Arrivals a second that were due."""
    achieved: float
    """Whole, valid answers a second, counted by intended start."""
    requests: int
    """Those that were cut when the load ended among them."""
    cut: int = 0
    """How many were: neither successes nor failures."""
    errors: dict[str, int]
    counts: dict[str, int] = {}
    """What the profile counted besides, such as answers with Retry-After and their seconds; the phase's
    ends are known to a second."""
    latency_s: dict[str, float]
    """p50, p90, p99, p99.9, max, mean: from the intended start, failures and timeouts included."""
    at_least: list[str] = []
    """Those of them that are only what they are at least, since requests were cut."""
    bytes: int
    late_share: float
    """Share of arrivals that started more than 250 ms late."""
    lag_p99_s: float | None
    """Event-loop lag of the workers; None if one of them has not said."""
    cpu_s: float | None = None
    """CPU-seconds that the load's own processes used, the phase's ends known to a second; None for a
    series beside the transactions, and if it is not known."""


class FaultResult(_Part):
    """What became of one fault. Times in monotonic ns."""

    name: str
    target: str
    phase: str
    injected_at: int | None
    took_effect: bool
    took_effect_at: int | None
    proof: str
    undone: bool
    undone_at: int | None
    undo_proof: str
    can_be_undone: bool = True
    """False where the experiment says `rollback: null`, and for what does not last."""
    lasts: Lasts = "lasting"
    time_to_detect_s: float | None
    time_to_recover_s: float | None
    recovered: bool = True
    """Whether probes had stopped to fail by then; if not, it took longer than that."""


class PlanStepResult(_Part):
    """What became of one step of the emergency plan. Times in monotonic ns."""

    name: str
    does: str
    """The command, or what a person was to do."""
    within_s: float
    begun_at: int | None
    executed_at: int | None
    verified_at: int | None
    """When a command showed that it worked; None also where objectives are to show that."""
    proof: str
    """What came of it, in words."""
    verdict: Verdict
    reason: str


class AvailabilityResult(_Part):
    """One path and verb in one phase, under one named definition."""

    phase: str
    path: str
    """balancer | apiserver-a ..."""
    connection: str
    """fresh | kept"""
    verb: str
    """read | write | stale-read"""
    level: str
    """prober (a priority level of its own) | load (the victim) | exempt (break-glass)"""
    definition: str
    value: float | None
    """Share of probes answered within the deadline, 0..1."""
    probes: int
    failed: int
    longest_outage_s: float
    errors: dict[str, int]
    latency_s: dict[str, float]

    @property
    def scored(self) -> bool:
        """Whether objectives on `probe` mean it."""
        return scored(self.verb, self.level)


class BudgetSpent(_Part):
    """What a phase spends of a month's budget of downtime, under one named definition."""

    phase: str
    definition: str
    unavailable_s: float
    spent: float
    """Share of the 1296 s that 99.95 % of 30 days allow; above 1: more than the month has."""


class ServerLatency(_Part):
    """The apiserver's own SLI in one phase: client's view and server's view stand side by side."""

    phase: str
    verb: str
    resource: str
    scope: str
    p50_s: float | None
    p99_s: float | None
    requests: int


class ResourceResult(_Part):
    """One component, process of the harness, or the `host`, in one phase; None: it was not there."""

    phase: str
    component: str
    zone: str | None
    cpu_s: float | None
    rss_peak_bytes: int | None
    """Resident memory; of the host, all that is in use."""
    restarts: int | None
    """Exits that nobody asked for; None if nobody has kept count."""


class AgentResult(_Part):
    """How much somebody asked of the apiservers in one phase, by its user agent."""

    phase: str
    agent: str
    """Without versions: `kubedrill-node`, `kube-controller-manager/job-controller`."""
    requests: int
    share: float
    """Of all requests of the phase, 0..1."""
    most: dict[str, int]
    """What it asked most, with how often: `PUT leases`."""


class Elections(_Part):
    """etcd's leader changes in one phase; None where no member was scraped."""

    phase: str
    leader_changes: int | None
    unplanned: int | None
    """Those that no fault explains."""


class BreakGlass(_Part):
    """Whether the break-glass identity got in during one phase, by load balancer or apiserver."""

    phase: str
    availability: float | None
    """Share 0..1 of the seconds in which it got in; None if the cluster has none, or nobody tried."""
    locked_out_s: float | None
    """The longest stretch in which it did not."""


class Headroom(_Part):
    """What was left of the machine in one phase."""

    phase: str
    free_share: float | None
    """Share 0..1 of its CPU that nobody used, the hypervisor neither; None if nobody looked."""
    required: bool
    """Whether a quarter had to be."""


class Violation(_Part):
    """What the auditor found that the API must never do."""

    kind: str
    """lost write | stale read | watch gap | duplicate event | event out of order | two values |
    two versions | no new version | refused write | foreign value"""
    time: int
    """When it showed, monotonic ns."""
    key: str
    version: int
    words: str
    """Who was told what, and what that contradicts."""
    lines: list[int]
    """Those of `audit.jsonl` that contradict each other, from 1 on."""


class CollateralChange(_Part):
    """What changed in the cluster, though no fault announces it, and neither load nor seed made it."""

    kind: Literal["exit", "throttled", "leader", "node", "object"]
    time: int
    """When it was seen, monotonic ns; of an object, after the drill."""
    what: str
    """The component, the kind whose leader it is, the node, or the object."""
    words: str


class HarnessCost(_Part):
    """What watching costs the watched in one phase, as shares 0..1 of the control plane's."""

    phase: str
    cpu_share: float | None
    bytes_share: float | None
    requests_share: float | None


class Judged(_Part):
    """What every `verdict.json` begins with: a drill's, and a comparison's."""

    schema_version: int = SCHEMA_VERSION
    experiment: str
    run: str
    title: str
    why: str
    claim: int | None
    verdict: Verdict
    manifest: str = ""
    """The SHA-256 in the manifest of the evidence that it was made from; empty where none closes it."""
    reasons: list[str]

    def write(self, path: Path) -> None:
        """Write `verdict.json`, whole or not at all."""
        write_whole(path, self.model_dump_json(indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read `verdict.json`; pydantic.ValidationError if it is not one."""
        return cls.model_validate_json(path.read_text(encoding="utf-8"))


class Report(Judged):
    """`verdict.json` of a drill."""

    labels: dict[str, str] = {}
    """What the run was told to be of: `kubedrill run --label KEY=VALUE`."""
    notes: list[str] = []
    """What a reader should know, and what makes nothing INVALID."""
    aborted: str = ""
    """The abort condition that ended the drill; empty if none did."""
    abort_reaction_s: float | None = None
    """From the sample with which it had held to the last undo's begin; None if nothing was in force."""
    abort_undone_s: float | None = None
    """The same, to the proof of the last undo; None as well if one was not proven."""
    phases: list[PhaseTimes]
    objectives: list[ObjectiveResult]
    load: list[LoadResult]
    faults: list[FaultResult]
    plan: list[PlanStepResult] = []
    """The emergency plan, step by step."""
    availability: list[AvailabilityResult]
    budget: list[BudgetSpent] = []
    server_latency: list[ServerLatency]
    resources: list[ResourceResult]
    harness: list[HarnessCost]
    elections: list[Elections] = []
    break_glass: list[BreakGlass] = []
    headroom: list[Headroom] = []
    violations: list[Violation] = []
    """What the auditor found, in the order of time; also where no objective asks for it."""
    collateral: list[CollateralChange] = []
    """In the order of time; also where no objective asks for it, as far as somebody looked."""
    scale_out: list[StepTimes] = []
    bounds: list[ScaleOutBound] = []
    """What bounded nodes that came, of each phase in which some were asked for."""
    agents: list[AgentResult] = []
    """Those that asked most, where the apiservers log who asks."""
    settings: dict[str, Any]
    """Versions and settings of everything that took part."""
