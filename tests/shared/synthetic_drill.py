"""A synthetic but realistic drill of 160 s: etcd's leader killed at +55 s, back at +115 s."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import json_lines
import numpy as np
from synthetic_report import COMPONENTS, INJECT, LENGTHS, MEASURED, START, UNDO, make_report

from kubedrill.clock import SECOND, ClockPair
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.faults import FaultEvent, FaultLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import LOAD_RECORD, PROBE_RECORD, Outcome, SampleWriter
from kubedrill.record.schedule import (
    Phase,
    Schedule,
    ScheduledFault,
    ScheduledLoad,
    ScheduledObjective,
)
from kubedrill.record.sidecar import LoadSeries, LoadSidecar, ProbeSeries, ProbeSidecar
from kubedrill.record.timeline import (
    ComponentExited,
    ComponentStarted,
    DrillEnded,
    DrillInterrupted,
    DrillStarted,
    FaultTold,
    PhaseBegan,
    Timeline,
)


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
        loads=(ScheduledLoad("list", "mass-list", Arrivals.constant(10.0), parameters),),
        faults=(ScheduledFault("etcd.kill", {"member": "leader"}, "fault", INJECT, UNDO),),
        objectives=tuple(
            ScheduledObjective(phase, text) for phase in values for text in values[phase]
        ),
        abort=("availability < 50% for 30s",),
    )


def write_events(folder: RunFolder, invalid: tuple[str, ...]) -> None:
    timeline, faults = Timeline(folder.timeline), JsonLines(folder.faults)

    def fault(after_s: float, event: FaultEvent, proof: str) -> None:
        time = int(INJECT + after_s * SECOND)
        line = FaultLine(
            time=time,
            fault="etcd.kill",
            index=0,
            event=event,
            targets=("etcd-b",),
            proof=proof,
            facts={},
        )
        faults.add(line)
        timeline.add(FaultTold.of(line))

    timeline.add(DrillStarted(time=START - SECOND))
    at = START
    for name, length in LENGTHS.items():
        timeline.add(PhaseBegan(time=at, name=name))
        at += length * SECOND
    fault(0.01, "injected", "SIGKILL to pid 4242, held down")
    exited = {"pid": 4242, "status": -9, "asked": True, "by": "fault"}
    timeline.add(ComponentExited(time=INJECT + SECOND // 50, name="etcd-b", **exited))
    fault(1.4, "took-effect", "etcd-b refuses connections; etcd-a leads (term 3 -> 4)")
    fault(60.0, "undoing", "")
    started = ComponentStarted(time=UNDO + SECOND // 50, name="etcd-b", pid=5151, by="fault")
    timeline.add(started)
    fault(62.1, "undone", "etcd-b is a full member again, 0 entries behind")
    if invalid:
        timeline.add(DrillInterrupted(time=START + 130 * SECOND, signal="SIGINT"))
    else:
        timeline.add(DrillEnded(time=at + SECOND))
    timeline.close()
    faults.close()


def write_load(folder: RunFolder) -> None:
    random = np.random.default_rng(1)
    series = (
        LoadSeries(name="list", verb="LIST", role="transaction"),
        LoadSeries(name="list.page", verb="LIST", role="page"),
    )
    sidecar = LoadSidecar(series=series, targets=("unknown",), profile="mass-list", load="list")
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
    series = tuple(
        ProbeSeries(name="/".join(lane), **dict(zip(keys, lane, strict=True))) for lane in rates
    )
    targets = ("unknown", "apiserver-a", "apiserver-b", "apiserver-c")
    sidecar = ProbeSidecar(series=series, targets=targets, deadline_s=1.0, rates={})
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
    lines = json_lines.JsonLines(folder.resources)
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
        host = {"cpu_busy_s": 1.2 * (second + 1), "cpu_total_s": 2.0 * (second + 1), "steal_s": 0.0}
        host |= {
            "memory_available_bytes": 20_000_000_000,
            "memory_total_bytes": 24_000_000_000,
            "iowait_s": 0.0,
        }
        harness = {"prober": {"pid": 8, "cpu_s": 0.1 * (second + 1), "rss_bytes": 60_000_000}}
        time = START + second * SECOND + 1000
        lines.add({"time": time, "host": host, "processes": processes, "harness": harness})
    lines.close()


def write_health(folder: RunFolder) -> None:
    lines = json_lines.JsonLines(folder.health)
    for second in range(160):
        down, after = 55 <= second < 117, second >= 57
        etcd = {"a": "healthy", "b": "refused" if down else "healthy", "c": "healthy"}
        leader = "a" if after else None if down else "b"
        time = START + second * SECOND
        lines.add({"time": time, "took_us": 2100, "etcd": etcd, "leader": leader})
    lines.close()
