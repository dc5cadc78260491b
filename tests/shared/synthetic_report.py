"""The verdict of the synthetic drill: numbers that such a drill would give."""

from typing import Any

from kubedrill.clock import SECOND
from kubedrill.record.objective import Objective, holds, parse
from kubedrill.record.schedule import Schedule
from kubedrill.record.verdict import (
    AvailabilityResult,
    Elections,
    FaultResult,
    HarnessCost,
    LoadResult,
    ObjectiveResult,
    PhaseTimes,
    Report,
    ResourceResult,
    ServerLatency,
    Verdict,
)
from kubedrill.record.wording import words

START = 1_000 * SECOND
INJECT = START + 55 * SECOND
UNDO = START + 115 * SECOND
LENGTHS = {"warmup": 10, "baseline": 45, "fault": 60, "recovery": 45}
COMPONENTS = {
    "etcd": (0.06, 95e6),
    "kube-apiserver": (0.25, 510e6),
    "kube-controller-manager": (0.02, 92e6),
    "kube-scheduler": (0.01, 58e6),
}
MEASURED: dict[str, dict[str, float | None]] = {
    "baseline": {"list.p99 < 1s": 0.0712, "probe.failed == 0": 0.0},
    "fault": {
        "availability.reads >= 98%": 0.9917,
        "availability.writes >= 95%": 0.9767,
        "unavailable.longest < 3s": 0.412,
        "degraded.longest < 5s": 1.342,
        "fault.time_to_detect < 3s": 0.93,
    },
    "recovery": {
        "list.p99 < 1s": 0.0748,
        "eventually(etcd.healthy_members == 3) within 10s": 3.0,
        "list.error_rate < 0.1%": 0.0,
    },
}


def make_report(
    schedule: Schedule, values: dict[str, dict[str, float | None]], invalid: tuple[str, ...]
) -> Report:
    objectives = [
        objective_result(phase, parse(text), value)
        for phase in values
        for text, value in values[phase].items()
    ]
    failed = [objective for objective in objectives if objective.verdict is not Verdict.PASS]
    reasons = [
        *invalid,
        *(f"{objective.phase}: {objective.text}: {objective.reason}" for objective in failed),
    ]
    worst = {objective.verdict for objective in failed} | ({Verdict.INVALID} if invalid else set())
    order = (Verdict.INVALID, Verdict.FAIL, Verdict.PASS)
    return Report(
        experiment=schedule.experiment,
        run=schedule.run,
        title=schedule.title,
        why=schedule.why,
        claim=schedule.claim,
        verdict=next(verdict for verdict in order if verdict in worst | {Verdict.PASS}),
        reasons=reasons,
        phases=[
            PhaseTimes(
                name=phase.name, start=phase.start, end=phase.end, date="2026-01-31T12:00:00Z"
            )
            for phase in schedule.phases
        ],
        objectives=objectives,
        load=[load_result(name) for name in LENGTHS],
        faults=[fault_result()],
        availability=list(availability()),
        server_latency=list(server_latency()),
        resources=list(resources()),
        harness=[
            HarnessCost(phase=name, cpu_share=0.041, bytes_share=0.0081, requests_share=0.742)
            for name in LENGTHS
        ],
        elections=[
            Elections(phase=name, leader_changes=int(name == "fault"), unplanned=0)
            for name in LENGTHS
        ],
        settings=SETTINGS,
    )


SETTINGS: dict[str, Any] = {
    "versions": {"kubedrill": "0.1.0", "kubernetes": "v1.37.2", "etcd": "v3.7.3", "haproxy": "2.6"},
    "cluster": {"name": "local-3az", "zoning": "netns", "zones": ["a", "b", "c"]},
    "prober": {"deadline_s": 1.0, "fresh_rate": 10.0},
    "host": {"cpus": 2, "memory_bytes": 25_769_803_776, "kernel": "6.1"},
}


def objective_result(phase: str, objective: Objective, value: float | None) -> ObjectiveResult:
    if value is None:
        verdict, reason = Verdict.INVALID, "no samples in this phase"
    elif holds(objective, value):
        verdict, reason = Verdict.PASS, ""
    else:
        verdict, reason = Verdict.FAIL, f"{value:g} is not {objective.operator} the threshold"
    return ObjectiveResult(
        phase=phase,
        text=objective.text,
        words=words(objective, phase),
        value=value,
        unit=objective.unit,
        threshold=objective.threshold,
        operator=objective.operator,
        verdict=verdict,
        reason=reason,
    )


def latencies(median: float) -> dict[str, float]:
    factors = {"p50": 1.0, "p90": 1.3, "p99": 1.7, "p99.9": 2.1, "max": 2.4, "mean": 1.05}
    return {name: median * factor for name, factor in factors.items()}


def load_result(phase: str) -> LoadResult:
    errors = {"reset": 2} if phase == "fault" else {}
    return LoadResult(
        loop="open",
        profile="mass-list",
        name="list",
        phase=phase,
        offered=10.0,
        achieved=10.0 - sum(errors.values()) / 60,
        requests=LENGTHS[phase] * 10,
        errors=errors,
        counts={"http 429, Retry-After 1 s": 3} if errors else {},
        latency_s=latencies(0.042),
        bytes=LENGTHS[phase] * 56_000_000,
        late_share=0.0,
        lag_p99_s=0.0041,
        cpu_s=0.37 * LENGTHS[phase],
    )


def fault_result() -> FaultResult:
    return FaultResult(
        name="etcd.kill",
        target="etcd-b",
        phase="fault",
        injected_at=INJECT + SECOND // 100,
        took_effect=True,
        took_effect_at=INJECT + SECOND * 14 // 10,
        proof="etcd-b refuses connections; etcd-a leads (term 3 -> 4)",
        undone=True,
        undone_at=UNDO + SECOND * 21 // 10,
        undo_proof="etcd-b is a full member again, 0 entries behind",
        time_to_detect_s=0.93,
        time_to_recover_s=2.1,
    )


def availability() -> Any:
    definitions = {"probes": 1.0, "seconds": 0.97, "minutes": 1.0, "5 minutes": 1.0}
    paths = ["balancer", "apiserver-a", "apiserver-b", "apiserver-c"]
    rows = [("balancer", c, v, "prober") for c in ("fresh", "kept") for v in ("read", "write")]
    rows += [("balancer", "fresh", v, "load") for v in ("read", "write")]
    rows += [(path, "fresh", v, "prober") for path in paths[1:] for v in ("read", "write")]
    for phase, length in LENGTHS.items():
        for path, connection, verb, level in rows:
            bad = (14 if verb == "write" else 5) if phase == "fault" else 0
            for definition, factor in definitions.items():
                yield AvailabilityResult(
                    phase=phase,
                    path=path,
                    connection=connection,
                    verb=verb,
                    level=level,
                    definition=definition,
                    value=(1 - bad / 600) * (factor if bad else 1.0),
                    probes=length * 10,
                    failed=bad,
                    longest_outage_s=bad * 0.06,
                    errors={"timeout": bad} if bad else {},
                    latency_s=latencies(0.006),
                )


def server_latency() -> Any:
    rows = [
        ("LIST", "pods", "cluster", 0.021),
        ("GET", "configmaps", "resource", 0.0031),
        ("PUT", "configmaps", "resource", 0.0062),
        ("fsync", "etcd", "", 0.0011),
        ("commit", "etcd", "", 0.0018),
    ]
    for phase, length in LENGTHS.items():
        for verb, resource, scope, p50 in rows:
            yield ServerLatency(
                phase=phase,
                verb=verb,
                resource=resource,
                scope=scope,
                p50_s=p50,
                p99_s=p50 * 2.5,
                requests=length * 10,
            )


def resources() -> Any:
    for phase, length in LENGTHS.items():
        for kind, (busy, rss) in COMPONENTS.items():
            for zone in "abc":
                yield ResourceResult(
                    phase=phase,
                    component=f"{kind}-{zone}",
                    zone=zone,
                    cpu_s=busy * length,
                    rss_peak_bytes=int(rss),
                    restarts=0,
                )
