"""How long nodes took to come: those that never did among them; and where nobody can know."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, at

from kubedrill.judge import bounding, judge
from kubedrill.judge.measured import Measured
from kubedrill.judge.node_arrival import STEPS
from kubedrill.judge.scale_out import quantile
from kubedrill.record.fleet import Burst, Fleet, Images, Overload
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import WantedHeadroom
from kubedrill.record.verdict import Verdict
from kubedrill.report import html

DEMAND = 11.0
"""In the phase `fault`, of 10 s to 20 s; the drill's second 0 is its schedule's start."""
FLEET = Fleet(zones=("a", "b"), nodes=1, bursts=(Burst(10, DEMAND),))


def node(name: str, step: str, second: float) -> dict[str, Any]:
    return {"time": at(second), "of": "node", "step": step, "name": name, "zone": name[5]}


def pod(node: str, step: str, second: float) -> dict[str, Any]:
    named = {"name": f"drill/on-{node}", "uid": f"uid-{node}", "node": node}
    return {"time": at(second), "of": "pod", "step": step, **named}


def counted(second: float, *unwatched: str) -> dict[str, Any]:
    names = ("nodes", "ready", "open", "pods", "bound", "running", "pods_ready")
    counts = dict.fromkeys(names, 0)
    return {"time": at(second), "of": "all", **counts, "unwatched": unwatched}


def fleet_line(second: float, lag_s: float = 0.0) -> dict[str, Any]:
    counts = dict.fromkeys(("wanted", "registered", "ready", "pods", "requests", "failed"), 0)
    return {"time": at(second), **counts, "lease_late_s": 0.0, "lag_s": lag_s, "cpu_s": 1.0}


def registered(drill: JudgedDrill, zone: str, many: int) -> None:
    """Let the process of a zone know of so many nodes that the API has taken, from 12 s on."""
    drill.fleet_lines[zone] = [
        {**fleet_line(second), "registered": many if second >= 12 else 0}
        for second in range(END + 1)
    ]


def drill(come: int = 10, unwatched: tuple[float, float] = (END + 1, END + 1)) -> JudgedDrill:
    """Of ten nodes that are asked for, so many come, the one after the other, and a pod 2 s later."""
    drill = JudgedDrill(fleet=FLEET)
    begin, end = unwatched
    lines = [
        counted(second, *(["pods"] if begin <= second < end else [])) for second in range(END + 1)
    ]
    for number, member in enumerate([*FLEET.of_burst(0)][:come], 1):
        ready = DEMAND + number / 2
        lines += [node(member.name, "registered", ready - 0.4), node(member.name, "ready", ready)]
        lines += [node(member.name, "open", ready + 0.1)]
        lines += [
            pod(member.name, step, ready + more)
            for step, more in (("bound", 0.5), ("running", 1.9), ("ready", 2.0))
        ]
    drill.scale_out = sorted(lines, key=lambda line: line["time"])
    for zone in FLEET.zones:
        drill.fleet_lines[zone] = [fleet_line(second) for second in range(END + 1)]
    return drill


@pytest.mark.parametrize(
    ("statistic", "nodes", "pods"), [("p50", 2.6, 4.5), ("p90", 4.6, 6.5), ("max", 5.1, 7.0)]
)
def test_a_quantile_of_all_that_came(
    tmp_path: Path, statistic: str, nodes: float, pods: float
) -> None:
    for series, value in (("nodes", nodes), ("pods", pods)):
        asked = f"scale_out.{series}.{statistic} < 5.05s"
        result = drill().asked(tmp_path / f"{series}", "fault", asked)
        assert result.value == pytest.approx(value, abs=1e-6)
        assert result.verdict == (Verdict.PASS if value < 5.05 else Verdict.FAIL)


@pytest.mark.parametrize("series", ["nodes", "pods"])
def test_those_that_never_came_are_not_left_out(tmp_path: Path, series: str) -> None:
    result = drill(come=8).asked(tmp_path / "p50", "fault", f"scale_out.{series}.p50 < 60s")
    assert (result.verdict, result.value) == (Verdict.PASS, 2.6 if series == "nodes" else 4.5)
    result = drill(come=8).asked(tmp_path / "p90", "fault", f"scale_out.{series}.p90 < 60s")
    assert (result.verdict, result.value) == (Verdict.FAIL, None)
    assert result.reason.startswith("2 of 10 nodes never came")


@pytest.mark.parametrize(
    ("asked", "value"), [("pods.evicted == 2", 2), ("pods.evicted.rate < 1/s", 0.2)]
)
def test_pods_that_were_evicted_are_counted(tmp_path: Path, asked: str, value: float) -> None:
    told = drill()
    evicted = [pod(f"node-a-{number}", "evicted", 5.0 + 5 * number) for number in range(4)]
    told.scale_out = sorted([*told.scale_out, *evicted], key=lambda line: line["time"])
    result = told.asked(tmp_path, "fault", asked)
    assert (result.verdict, result.value) == (Verdict.PASS, value)


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("pods.created == 20", 20),
        ("pods.created.rate < 9/s", 2.0),
        # The third and the 18th come 1.5 s apart from each other.
        ("pods.created.pace < 99/s", 10.0),
        ("pods.bound.count == 0", 0),
    ],
)
def test_how_fast_pods_come(tmp_path: Path, asked: str, value: float) -> None:
    told = drill(come=0)
    made = [{**pod("", "created", 12 + number / 10), "uid": f"u-{number}"} for number in range(20)]
    told.scale_out = sorted([*told.scale_out, *made], key=lambda line: line["time"])
    result = told.asked(tmp_path, "fault", asked)
    assert (result.verdict, result.value) == (Verdict.PASS, pytest.approx(value))


def test_none_that_comes_has_no_pace(tmp_path: Path) -> None:
    result = drill(come=0).asked(tmp_path, "fault", "pods.ready.pace > 1/s")
    assert result.verdict == Verdict.INVALID


def test_what_nobody_was_told_of_is_not_known(tmp_path: Path) -> None:
    result = drill(unwatched=(12, 17)).asked(tmp_path, "fault", "scale_out.pods.p90 < 60s")
    assert result.verdict == Verdict.INVALID
    assert result.reason == "nobody was told of pods for 6.0 s of this phase"


def test_without_its_file_nothing_is_known(tmp_path: Path) -> None:
    told = drill()
    told.scale_out = []
    result = told.asked(tmp_path, "fault", "scale_out.nodes.p90 < 60s")
    assert result.verdict == Verdict.INVALID
    assert "scale-out.jsonl" in result.reason


def test_a_fleet_that_was_late_itself_measures_nothing(tmp_path: Path) -> None:
    told = drill()
    told.fleet_lines["b"] = [fleet_line(second, 2.5 * (second == 14)) for second in range(END + 1)]
    result = told.asked(tmp_path / "a", "fault", "scale_out.nodes.p90 < 60s")
    assert (result.verdict, result.reason) == (
        Verdict.INVALID,
        "fleet-b was kept from the CPU for 2.5 s",
    )
    told.headroom = "none"
    result = told.asked(tmp_path / "b", "fault", "scale_out.nodes.p90 < 60s")
    assert result.verdict == Verdict.PASS


@pytest.mark.parametrize(
    "asked", ["scale_out.nodes.p90 < 60s", "fleet.cpu.count < 10s", "fleet.rss.max < 1GiB"]
)
def test_a_fleet_that_was_not_there_measures_nothing(tmp_path: Path, asked: str) -> None:
    told = drill()
    told.fleet_lines["a"] = [fleet_line(second) for second in range(14)]
    result = told.asked(tmp_path, "fault", asked)
    assert result.verdict == Verdict.INVALID
    assert result.reason == "fleet-a.jsonl has a hole of 7.0 s; the fleet was not there"


def test_a_phase_in_which_none_come_is_not_judged(tmp_path: Path) -> None:
    result = drill().asked(tmp_path, "recovery", "scale_out.nodes.p90 < 60s")
    assert (result.verdict, result.reason) == (
        Verdict.INVALID,
        "no nodes were asked for in this phase",
    )


@pytest.mark.parametrize("headroom", ["required", "none"])
def test_a_fleet_that_was_not_there_is_a_reason_whatever_is_asked(
    tmp_path: Path, headroom: WantedHeadroom
) -> None:
    told = drill()
    told.headroom = headroom
    told.fleet_lines["a"] = [fleet_line(second) for second in range(14)]
    told.objectives = [("fault", "availability > 0%")]
    assert (
        "fault: fleet-a.jsonl has a hole of 7.0 s; the fleet was not there"
        in told.judged(tmp_path).reasons
    )


def test_a_node_that_was_there_before_it_was_asked_for_did_not_come(tmp_path: Path) -> None:
    told = drill()
    there = node(next(FLEET.of_burst(0)).name, "registered", DEMAND - 5.5)
    told.scale_out = sorted([*told.scale_out, there], key=lambda line: line["time"])
    result = told.asked(tmp_path, "fault", "scale_out.nodes.p90 < 60s")
    assert (result.verdict, result.reason) == (
        Verdict.INVALID,
        "node-b-1 was there before it was asked for",
    )


def test_an_observer_that_is_behind_is_found_out(tmp_path: Path) -> None:
    told = drill()
    registered(told, "a", 2)  # of which the observer counts none
    result = told.asked(tmp_path, "fault", "scale_out.nodes.p90 < 60s")
    assert result.verdict == Verdict.INVALID
    assert result.reason == "the API had taken nodes that were not seen"


@pytest.mark.parametrize("late", [2, 4])
def test_nodes_that_come_all_the_time_are_as_late_as_each_is(tmp_path: Path, late: int) -> None:
    told = drill()
    told.fleet_lines["a"] = [
        {**fleet_line(second), "registered": second} for second in range(END + 1)
    ]
    told.scale_out = [
        {**line, "nodes": max(round((line["time"] - at(0)) / 1e9) - late, 0)}
        if line["of"] == "all"
        else line
        for line in told.scale_out
    ]
    for asked, verdict in ((60, Verdict.PASS), (0.5, Verdict.FAIL), (1, Verdict.INVALID)):
        result = told.asked(tmp_path / f"{asked}", "fault", f"scale_out.nodes.p90 < {asked}s")
        if late == 2:
            assert (result.value, result.most) == (pytest.approx(4.6), None)
            assert result.verdict == (Verdict.PASS if asked == 60 else Verdict.FAIL)
            continue
        assert (result.value, result.most) == (pytest.approx(0.6), pytest.approx(4.6))
        assert result.verdict == verdict
        assert verdict != Verdict.INVALID or "up to 4.0 s after" in result.reason


def test_what_bounded_them_is_told(tmp_path: Path) -> None:
    [bound] = drill().judged(tmp_path / "half").bounds
    assert (bound.phase, bound.seconds) == ("fault", pytest.approx(4.6))
    assert list(bound.cores) == ["kube-apiserver", "etcd", "haproxy", "drill"]
    assert bound.words == "neither the machine nor a controller's own limit"
    full = drill()
    for line in full.scrapes.machine:
        line["busy_s"] = 1.9
    [bound] = full.judged(tmp_path / "full").bounds
    assert bound.words == "the machine: 5% of its CPU was left"


@pytest.mark.parametrize(
    ("waited", "said"), [(0.2, "the scheduler's own limit"), (0.05, "neither")]
)
def test_a_controllers_own_limit_may_bound_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited: float, said: str
) -> None:
    asked = {"scheduler.throttled": waited, "controller-manager.throttled": 0.01}
    monkeypatch.setattr(
        bounding, "measure", lambda _, objective, __: Measured(asked[objective.series])
    )
    [bound] = drill().judged(tmp_path).bounds
    assert bound.waited_s == {"controller-manager": 0.01, "scheduler": waited}
    assert bound.words.startswith(said)


def test_each_step_of_those_that_came_is_told(tmp_path: Path) -> None:
    report = drill(come=8).judged(tmp_path)
    assert {step.phase for step in report.scale_out} == {"fault"}
    steps = {step.step: step for step in report.scale_out}
    assert [*steps] == [*STEPS]
    opened, ready = steps["open"], steps["pod_ready"]
    assert (opened.nodes, opened.came) == (ready.nodes, ready.came) == (10, 8)
    assert opened.percentiles_s[49] == pytest.approx(2.6)
    assert ready.percentiles_s[79] == pytest.approx(6.0)
    assert opened.percentiles_s[80:] == [None] * 20


SEVERAL = Fleet(zones=("a", "b"), bursts=tuple(Burst(5, 10.5 + number) for number in range(8)))


def several(last: int = 8) -> JudgedDrill:
    """Of eight bursts of five nodes, so many come, each a little later than the one before it."""
    told = drill()
    told.fleet = SEVERAL
    lines = [counted(second) for second in range(END + 1)]
    for index, burst in enumerate([*SEVERAL.bursts][:last]):
        for number, member in enumerate(SEVERAL.of_burst(index), 1):
            ready = burst.at_s + 0.1 * index + 0.2 * number
            lines += [node(member.name, step, ready) for step in ("registered", "ready", "open")]
    told.scale_out = sorted(lines, key=lambda line: line["time"])
    return told


@pytest.mark.parametrize(("statistic", "value"), [("p50", 1.3), ("p90", 1.7), ("max", 1.7)])
def test_a_burst_has_come_when_its_last_node_has(
    tmp_path: Path, statistic: str, value: float
) -> None:
    result = several().asked(tmp_path, "fault", f"scale_out.bursts.{statistic} < 60s")
    assert result.value == pytest.approx(value, abs=1e-6)


def test_a_burst_that_never_came_whole_is_not_left_out(tmp_path: Path) -> None:
    result = several(last=7).asked(tmp_path, "fault", "scale_out.bursts.p90 < 60s")
    assert (result.verdict, result.reason) == (Verdict.FAIL, "1 of 8 bursts never came whole")


def test_each_burst_is_told_and_where_their_p90_lies(tmp_path: Path) -> None:
    folder = several(last=7).write(tmp_path / "run")
    [opened] = [step for step in judge(folder).scale_out if step.step == "open"]
    first, *_, last = opened.bursts
    assert (first.at_s, first.nodes, first.came, first.max_s) == (0.5, 5, 5, pytest.approx(1.0))
    assert (last.at_s, last.came, last.p50_s) == (7.5, 0, None)
    assert opened.p90_interval_s is not None
    low, high = opened.p90_interval_s
    assert 0.8 < low < 1.7
    assert high is None, "the burst that never came may be drawn several times"
    text = page(folder)
    assert "Each burst of fault: the p90 of its nodes" in text
    assert "95 % interval of p90" in text


def test_the_report_shows_them(tmp_path: Path) -> None:
    text = page(drill(come=8).write(tmp_path / "some"))
    assert "How nodes came" in text
    assert text.count("2 of 10") == len(STEPS)
    assert "Nodes asked for in fault" in text
    assert "Nodes and pods" in text
    assert "How nodes came" not in page(JudgedDrill().write(tmp_path / "none"))


def test_the_report_says_what_is_simulated(tmp_path: Path) -> None:
    told = drill()
    told.fleet = replace(FLEET, images=Images(5e9, mode="on_demand"), overload=Overload(1.8))
    text = page(told.write(tmp_path / "some"))
    assert "Simulated" in text
    images = "images of 5GB by 1.25GB/s of the registry for all nodes and 125MB/s for each"
    assert f"pods start in 1s; {images}, 6.4% of them before containers start; pods use 1.8" in text
    assert "Simulated" not in page(JudgedDrill().write(tmp_path / "none"))


def page(folder: RunFolder) -> str:
    """Return the report's page."""
    return html.write(folder, judge(folder)).read_text()


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        # Of 10 s to 20 s: process a takes 0.5 s of CPU a second, process b 0.1.
        ("fleet.cpu.count < 10s", 6.0),
        ("fleet.cpu.rate < 10cpu", 0.6),
        ("fleet.rss.max < 1GiB", 19e6 + 3e6),
        ("fleet.received_bytes.count < 1MB", 2000.0),
        ("fleet.received_bytes.rate < 1MB/s", 200.0),
    ],
)
def test_what_a_fleet_takes(tmp_path: Path, asked: str, value: float) -> None:
    told = drill()
    for zone, cpu_s in (("a", 0.5), ("b", 0.1)):
        told.fleet_lines[zone] = [
            {
                **fleet_line(second),
                "cpu_s": round(1 + cpu_s * second, 2),
                "rss_bytes": rss(zone, second),
                "received_bytes": 100 * second,
            }
            for second in range(END + 1)
        ]
    result = told.asked(tmp_path, "fault", asked)
    assert (result.verdict, result.value) == (Verdict.PASS, pytest.approx(value))


def rss(zone: str, second: int) -> int:
    """Bytes: one grows until the phase ends, another has most in between."""
    return second * 1_000_000 if zone == "a" else (3_000_000 if second == 15 else 2_000_000)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3.0], 0.5, 3.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0], 0.75, 3.0),
        ([1.0, 2.0, 3.0, 4.0], 0.76, 4.0),
        ([1.0, 2.0, 3.0, 4.0], 1.0, 4.0),
        ([4.0, math.inf, 1.0, 2.0], 0.75, 4.0),
        ([4.0, math.inf, 1.0, 2.0], 0.9, math.inf),
        ([*range(999), math.inf], 99.9 / 100, 998),
    ],
)
def test_a_quantile_is_one_of_the_values(
    values: list[float], share: float, expected: float
) -> None:
    assert quantile(values, share) == expected


def neglected(bound: float, *then: dict[str, Any]) -> JudgedDrill:
    """A pod that is bound to a node that is Ready, and what else is seen of both."""
    told = drill()
    told.scheduled_faults, told.faults = [], []
    told.objectives = [("recovery", "availability > 0%")]
    lines = [node("node-a-0", "ready", bound - 1), pod("node-a-0", "bound", bound), *then]
    told.scale_out = sorted([*told.scale_out, *lines], key=lambda line: line["time"])
    return told


OVERLOADED = replace(FLEET, overload=Overload(2.0))
LATEST = -24.5
"""With 49 s of patience this is due to run in the phase `recovery`, of 20 s to 30 s."""


def test_a_pod_that_no_node_runs_makes_the_drill_invalid(tmp_path: Path) -> None:
    reasons = neglected(LATEST).judged(tmp_path).reasons
    words = "recovery: drill/on-node-a-0 had a node that was Ready for 49 s, and did not run"
    assert words in reasons


@pytest.mark.parametrize(
    ("changed", "seconds"), [({"headroom": "none"}, 139), ({"fleet": OVERLOADED}, 109)]
)
def test_it_may_take_longer_where_the_machine_is_full_or_nodes_hang(
    tmp_path: Path, changed: dict[str, Any], seconds: int
) -> None:
    for bound, is_late in ((LATEST - seconds + 49, True), (LATEST, False)):
        told = neglected(bound)
        for name, value in changed.items():
            setattr(told, name, value)
        words = f"had a node that was Ready for {seconds} s, and did not run"
        said = [
            reason for reason in told.judged(tmp_path / f"{is_late}").reasons if words in reason
        ]
        assert bool(said) == is_late


@pytest.mark.parametrize(
    "images",
    [
        # Eleven pods of the registry's 1.25 GB/s, one of a node's 125 MB/s.
        Images(0.5e9),
        Images(0.5e9, mode="p2p"),
        Images(1e9, mode="on_demand", needed=0.5),
    ],
)
def test_a_pod_may_wait_for_all_images_of_the_fleet(tmp_path: Path, images: Images) -> None:
    soon, late = neglected(LATEST), neglected(LATEST - 4.4 - 4)
    soon.fleet = late.fleet = replace(FLEET, images=images)
    assert not [words for words in soon.judged(tmp_path / "a").reasons if "did not run" in words]
    words = "node-a-0 had a node that was Ready for 57 s, and did not run"
    assert any(words in said for said in late.judged(tmp_path / "b").reasons)


def test_a_pod_whose_image_cannot_be_pulled_may_wait_for_ever(tmp_path: Path) -> None:
    told = neglected(LATEST)
    told.fleet = replace(FLEET, images=Images(1.0, failing=0.01))
    assert not [words for words in told.judged(tmp_path).reasons if "did not run" in words]


@pytest.mark.parametrize(
    "then",
    [
        pod("node-a-0", "running", LATEST + 48),
        pod("node-a-0", "gone", LATEST + 48),
        node("node-a-0", "not_ready", LATEST + 48),
    ],
)
def test_a_pod_that_runs_or_goes_or_whose_node_is_lost_is_nobodys_fault(
    tmp_path: Path, then: dict[str, Any]
) -> None:
    assert not [
        words for words in neglected(LATEST, then).judged(tmp_path).reasons if "Ready" in words
    ]
