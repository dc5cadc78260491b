"""A synthetic but realistic drill of 160 s: etcd's leader killed at +55 s, back at +115 s."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kubedrill.record.clock import SECOND, ClockPair
from kubedrill.record.files import JsonLines
from kubedrill.record.folder import RunFolder
from kubedrill.record.objective import Objective, holds, parse, words
from kubedrill.record.sample import LOAD_RECORD, PROBE_RECORD, Outcome, SampleWriter
from kubedrill.record.schedule import (
    Phase,
    Schedule,
    ScheduledFault,
    ScheduledLoad,
    ScheduledObjective,
)
from kubedrill.record.timeline import Event, Timeline
from kubedrill.record.verdict import (
    AvailabilityResult,
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

Drill = Callable[..., RunFolder]


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    """Return `build` for a new folder below tmp_path."""
    return lambda **changes: build(tmp_path, **changes)


def build(
    reports: Path,
    measured: dict[str, dict[str, float | None]] | None = None,
    title: str = "An etcd member dies while every client LISTs",
    invalid: tuple[str, ...] = (),
    samples: bool = True,
) -> RunFolder:
    """Write a whole run folder through record's own writers.

    `measured` replaces values (None: not measured); `invalid` are reasons why the drill is INVALID.
    """
    folder = RunFolder.create(reports, "etcd-member-kill", datetime(2026, 1, 31, 12, tzinfo=UTC))
    values = {phase: {**MEASURED[phase], **(measured or {}).get(phase, {})} for phase in MEASURED}
    schedule = make_schedule(title, values)
    schedule.write(folder.schedule)
    folder.experiment_yaml.write_text(f"title: {json.dumps(title)}\nclaim: 13\n", encoding="utf-8")
    write_events(folder, invalid)
    if samples:
        write_load(folder)
        write_probes(folder)
        write_resources(folder)
        write_health(folder)
    make_report(schedule, values, invalid).write(folder.verdict)
    return folder


def make_schedule(title: str, values: dict[str, dict[str, float | None]]) -> Schedule:
    phases, at = [], START
    for name, length in LENGTHS.items():
        phases.append(Phase(name, at, at + length * SECOND))
        at += length * SECOND
    parameters = {"resource": "pods", "resource_version": "0", "encoding": "protobuf"}
    return Schedule(
        experiment="etcd-member-kill",
        run="20260131T120000Z",
        title=title,
        why="Losing one of three etcd members must not take the API down.",
        claim=13,
        cluster="local-3az",
        clock=ClockPair(START, 1_769_860_800 * SECOND, "a-boot"),
        phases=tuple(phases),
        loads=(ScheduledLoad("list", "mass-list", 10.0, parameters),),
        faults=(ScheduledFault("etcd.kill", {"member": "leader"}, "fault", INJECT, UNDO),),
        objectives=tuple(
            ScheduledObjective(phase, text) for phase in values for text in values[phase]
        ),
        abort=("availability < 50% for 30s",),
    )


def write_events(folder: RunFolder, invalid: tuple[str, ...]) -> None:
    timeline, faults = Timeline(folder.timeline), JsonLines(folder.faults)

    def fault(after_s: float, event: str, proof: str) -> None:
        time = int(INJECT + after_s * SECOND)
        details = {"index": 0, "event": event, "target": "etcd-b", "proof": proof, "facts": {}}
        faults.add({"time": time, "fault": "etcd.kill", **details})
        timeline.add(Event(time, "fault", "etcd.kill", details))

    timeline.add(Event(START - SECOND, "drill", "started"))
    at = START
    for name, length in LENGTHS.items():
        timeline.add(Event(at, "phase", name))
        at += length * SECOND
    fault(0.01, "injected", "SIGKILL to pid 4242, held down")
    exits = {"event": "exited", "pid": 4242, "status": -9, "asked": True, "by": "fault"}
    timeline.add(Event(INJECT + SECOND // 50, "component", "etcd-b", exits))
    fault(1.4, "took-effect", "etcd-b refuses connections; etcd-a leads (term 3 -> 4)")
    fault(60.0, "undoing", "")
    started = {"event": "started", "pid": 5151, "asked": True, "by": "fault"}
    timeline.add(Event(UNDO + SECOND // 50, "component", "etcd-b", started))
    fault(62.1, "undone", "etcd-b is a full member again, 0 entries behind")
    if invalid:
        timeline.add(Event(START + 130 * SECOND, "drill", "interrupted", {"signal": "SIGINT"}))
    else:
        timeline.add(Event(at + SECOND, "drill", "ended"))
    timeline.close()
    faults.close()


def write_load(folder: RunFolder) -> None:
    random = np.random.default_rng(1)
    series = [
        {"name": "list", "verb": "LIST", "role": "transaction"},
        {"name": "list.page", "verb": "LIST", "role": "page"},
    ]
    sidecar = {"series": series, "targets": ["unknown"], "profile": "mass-list", "load": "list"}
    writer = SampleWriter(folder.samples, "load-list", sidecar, LOAD_RECORD)
    for number in range(1600):
        due = START + number * SECOND // 10
        shaken = INJECT <= due < INJECT + 1.3 * SECOND
        total = int(random.lognormal(np.log(42_000), 0.2) * (3 if shaken else 1))
        outcome = Outcome.RESET if shaken and number % 7 == 0 else 200
        for index in (0, 1):
            writer.add(due, 300, total // 4, total, 5_600_000, outcome, index, 0)
    writer.close()


def write_probes(folder: RunFolder) -> None:
    random = np.random.default_rng(2)
    rates = {
        ("balancer", "fresh", "read", "prober"): 10,
        ("balancer", "fresh", "write", "prober"): 10,
        ("balancer", "kept", "read", "prober"): 5,
        ("balancer", "kept", "write", "prober"): 5,
        ("balancer", "kept", "stale-read", "prober"): 2,
        ("balancer", "fresh", "read", "load"): 2,
        ("balancer", "fresh", "write", "load"): 2,
        **{(f"apiserver-{z}", "fresh", v, "prober"): 2 for z in "abc" for v in ("read", "write")},
    }
    keys = ("path", "connection", "verb", "level")
    series = [{"name": "/".join(one), **dict(zip(keys, one, strict=True))} for one in rates]
    targets = ["unknown", "apiserver-a", "apiserver-b", "apiserver-c"]
    sidecar = {"series": series, "targets": targets, "deadline_s": 1.0, "rates": {}}
    writer = SampleWriter(folder.samples, "probe", sidecar, PROBE_RECORD)
    for index, ((path, _, verb, _), rate) in enumerate(rates.items()):
        write = verb == "write"
        for number in range(160 * rate):
            due = START + number * SECOND // rate + index * 7_000_000
            shaken = INJECT <= due < INJECT + (1.4 if write else 0.9) * SECOND
            lost = shaken and verb != "stale-read" and random.random() < (0.7 if write else 0.4)
            lost = lost or (path == "apiserver-b" and shaken)
            total = 1_000_000 if lost else int(random.lognormal(np.log(6000), 0.4))
            stale = int(random.exponential(9000)) if verb == "stale-read" else 0
            outcome = Outcome.TIMEOUT if lost else 200
            writer.add(due, 150, 0 if lost else total, total, 400, outcome, index, 0, stale)
    writer.close()


def write_resources(folder: RunFolder) -> None:
    random = np.random.default_rng(3)
    lines = JsonLines(folder.resources)
    cpu = {f"{kind}-{zone}": 10.0 for kind in COMPONENTS for zone in "abc"} | {"haproxy": 5.0}
    for second in range(-1, 161):
        processes: dict[str, Any] = {}
        for name in cpu:
            busy, rss = COMPONENTS.get(name.rpartition("-")[0], (0.02, 16e6))
            cpu[name] += busy * random.uniform(0.8, 1.2)
            usage = {
                "pid": 9 if second >= 115 and name == "etcd-b" else 7,
                "cpu_s": cpu[name],
                "rss_bytes": int(rss * (1 + second / 2000)),
            }
            if name == "etcd-b" and 55 <= second < 115:
                continue
            processes[name] = usage
        host = {"cpu_busy_s": 1.2 * second, "cpu_total_s": 2.0 * second, "steal_s": 0.0}
        host |= {"memory_available_bytes": 20e9, "memory_total_bytes": 24e9, "iowait_s": 0.0}
        harness = {"prober": {"pid": 8, "cpu_s": 0.1 * second, "rss_bytes": 60_000_000}}
        time = START + second * SECOND + 1000
        lines.add({"time": time, "host": host, "processes": processes, "harness": harness})
    lines.close()


def write_health(folder: RunFolder) -> None:
    lines = JsonLines(folder.health)
    for second in range(160):
        down, after = 55 <= second < 117, second >= 57
        etcd = {"a": "healthy", "b": "refused" if down else "healthy", "c": "healthy"}
        leader = "a" if after else None if down else "b"
        time = START + second * SECOND
        lines.add({"time": time, "took_us": 2100, "etcd": etcd, "leader": leader})
    lines.close()


def make_report(
    schedule: Schedule, values: dict[str, dict[str, float | None]], invalid: tuple[str, ...]
) -> Report:
    objectives = [
        objective_result(phase, parse(text), value)
        for phase in values
        for text, value in values[phase].items()
    ]
    failed = [one for one in objectives if one.verdict is not Verdict.PASS]
    reasons = [*invalid, *(f"{one.phase}: {one.text}: {one.reason}" for one in failed)]
    worst = {one.verdict for one in failed} | ({Verdict.INVALID} if invalid else set())
    order = (Verdict.INVALID, Verdict.FAIL, Verdict.PASS)
    return Report(
        experiment=schedule.experiment,
        run=schedule.run,
        title=schedule.title,
        why=schedule.why,
        claim=schedule.claim,
        verdict=next(one for one in order if one in worst | {Verdict.PASS}),
        reasons=reasons,
        phases=[
            PhaseTimes(name=one.name, start=one.start, end=one.end, date="2026-01-31T12:00:00Z")
            for one in schedule.phases
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
        profile="mass-list",
        name="list",
        phase=phase,
        offered=10.0,
        achieved=10.0 - sum(errors.values()) / 60,
        requests=LENGTHS[phase] * 10,
        errors=errors,
        latency_s=latencies(0.042),
        bytes=LENGTHS[phase] * 56_000_000,
        late_share=0.0,
        lag_p99_s=0.0041,
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
