"""The measurers: one for each source of series, in one file; none of them ends in a traceback."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from judged_drill import JudgedDrill

from kubedrill.catalogue import read_experiment
from kubedrill.errors import NotStarted
from kubedrill.judge import judge
from kubedrill.judge.ending import read_ending
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import MEASURERS, Measured, measures
from kubedrill.judge.objectives import evaluate
from kubedrill.record.lines import MissingEvidence
from kubedrill.record.objective import parse
from kubedrill.record.series import BUILT_IN, Series, declare, find_series, spelled
from kubedrill.record.verdict import ObjectiveResult, Verdict

LOADS = ["list", "list.page"]
OF_ZONES = ("availability.apiserver-{}", "zone.{}.state", "zone.{}.state.max")
OF_AGENTS = ("agent.kubelet.requests", "agent.kubelet.requests.rate")
NAMED = [
    *spelled(LOADS),
    *(name.format(zone) for name in OF_ZONES for zone in "abc"),
    *OF_AGENTS,
]
"""All that the file of an experiment with this load may name on a cluster with these zones."""

UNITS = {"s": "s", "ratio": "%", "1/s": "/s", "bytes": "B", "bytes/s": "B/s", "cpu": "cpu", "1": ""}
SHIPPED = Path(__file__).parents[2] / "experiments" / "etcd-member-kill.yaml"

QUEUE = '''
"""Judge: how many requests wait in a queue that the harness does not know."""

from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase
from kubedrill.record.series import Series, declare

declare(Series("queue.depth", {None: "1", "max": "1"}, "requests that wait", "gauge", "queue"))


@measures("queue")
def depth(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    waiting = evidence.folder.path / "queue.txt"
    return Measured(float(waiting.read_text()))
'''


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Whatever a test registers is gone after it."""
    with patch.dict(MEASURERS), patch.dict(BUILT_IN):
        yield


def series_of(left: str) -> Series:
    """The series of what stands left of an operator."""
    found = find_series(left, LOADS) or find_series(parse(f"{left} < 1s").series, LOADS)
    assert found is not None
    return found


def objective_on(left: str) -> str:
    """An objective on what may stand left of an operator, in its unit."""
    series = series_of(left)
    statistic = None if left == series.name else left.removeprefix(f"{series.name}.")
    return f"{left} >= 0{UNITS[series.statistics[statistic]]}"


def asked(tmp_path: Path, text: str) -> list[ObjectiveResult]:
    """What becomes of an objective in a healthy drill, and of another beside it."""
    drill = JudgedDrill(objectives=[("baseline", text), ("baseline", "probe.failed == 0")])
    return drill.judged(tmp_path).objectives


def test_each_source_that_can_be_named_has_a_measurer_and_each_measurer_a_source() -> None:
    assert {series_of(left).source for left in NAMED} == set(MEASURERS)


def test_whatever_validate_accepts_is_measured(tmp_path: Path) -> None:
    folder = JudgedDrill().write(tmp_path)
    evidence = Evidence.read(folder, *read_ending(folder))
    phase = evidence.schedule.phase("fault")
    for left in NAMED:
        series = evidence.series(series_of(left).name)
        assert series == series_of(left), left
        found = MEASURERS[series.source](evidence, parse(objective_on(left)), phase)
        assert found.value is not None or found.reason, left
    assert evidence.series("nodes.drained") is None


def test_a_series_in_a_file_of_its_own_is_named_and_measured(tmp_path: Path) -> None:
    overrides = ["slos={baseline: [queue.depth <= 3]}"]
    with pytest.raises(NotStarted, match=r'unknown series "queue\.depth"'):
        read_experiment(SHIPPED, overrides)
    file = tmp_path / "queue_depth.py"
    file.write_text(QUEUE)
    found = importlib.util.spec_from_file_location("queue_depth", file)
    assert found
    assert found.loader
    found.loader.exec_module(importlib.util.module_from_spec(found))
    experiment, _ = read_experiment(SHIPPED, overrides)
    assert experiment.objectives[0].objective.series == "queue.depth"

    drill = JudgedDrill(objectives=[("baseline", "queue.depth <= 3")])
    folder = drill.write(tmp_path)
    evidence = Evidence.read(folder, *read_ending(folder))
    (folder.path / "queue.txt").write_text("4")
    result = evaluate(evidence, evidence.schedule.objectives[0], [])
    assert (result.value, result.verdict) == (4.0, Verdict.FAIL)
    assert result.reason == "4 is not at most 3"
    assert (
        result.words
        == "In baseline, queue.depth (requests that wait) is at most 3, at every scrape."
    )


def test_a_name_or_a_source_that_is_taken_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a series etcd\.fsync already"):
        declare(Series("etcd.fsync", {None: "s"}, "x", "gauge", "queue"))
    with pytest.raises(ValueError, match="probes has a measurer already"):
        measures("probes")(lambda evidence, objective, phase: Measured(0.0))


def test_a_series_that_nothing_measures_is_invalid(tmp_path: Path) -> None:
    declare(Series("nodes.drained", {None: "1"}, "nodes that are drained", "gauge", "nodes"))
    nodes, probes = asked(tmp_path, "nodes.drained == 0")
    assert (nodes.verdict, nodes.value) == (Verdict.INVALID, None)
    assert nodes.reason == "nothing measures nodes.drained"
    assert probes.verdict is Verdict.PASS


def test_a_measurer_that_raises_costs_its_objective_and_says_where(tmp_path: Path) -> None:
    def broken(evidence: Evidence, objective: object, phase: object) -> Measured:
        raise ZeroDivisionError("nothing is\nbelow the line")

    declare(Series("nodes.drained", {None: "1"}, "nodes that are drained", "gauge", "nodes"))
    measures("nodes")(broken)
    nodes, probes = asked(tmp_path, "nodes.drained == 0")
    line = broken.__code__.co_firstlineno + 1
    assert (nodes.verdict, nodes.value) == (Verdict.INVALID, None)
    assert nodes.reason == (
        "was not measured: ZeroDivisionError: nothing is below the line "
        f"(test_measurers.py:{line}, in broken)"
    )
    assert probes.verdict is Verdict.PASS


def test_a_measurer_that_finds_its_file_missing_names_it(tmp_path: Path) -> None:
    def without(evidence: Evidence, objective: object, phase: object) -> Measured:
        raise MissingEvidence(evidence.folder.path / "nodes.jsonl")

    declare(Series("nodes.drained", {None: "1"}, "nodes that are drained", "gauge", "nodes"))
    measures("nodes")(without)
    assert asked(tmp_path, "nodes.drained == 0")[0].reason == "nodes.jsonl: is missing"


def test_of_a_load_whose_files_say_nothing_nothing_is_measured(tmp_path: Path) -> None:
    drill = JudgedDrill(objectives=[("baseline", "list.page.p99 < 1s")])
    folder = drill.write(tmp_path)
    (folder.samples / "load-list.json").unlink()
    report = judge(folder)
    assert report.objectives[0].verdict is Verdict.INVALID
    assert any("samples/load-list.json: is missing" in reason for reason in report.reasons)


@pytest.mark.parametrize("text", ["scheduler.cpu.rate < 1cpu", "scheduler.restarts == 0"])
def test_of_components_that_a_cluster_has_none_of_nobody_says_0(tmp_path: Path, text: str) -> None:
    found, _ = asked(tmp_path, text)
    assert (found.verdict, found.reason) == (
        Verdict.INVALID,
        "the cluster has no kube-scheduler",
    )
