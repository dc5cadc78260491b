"""A suite's file: what it may say, and that what is wrong is told with file and line."""

from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml
from commanding import kubedrill

from kubedrill.compare.arms import Comparison
from kubedrill.errors import NotStarted
from kubedrill.suite.read import is_suite, json_schema, read_suite
from kubedrill.suite.schema import DEFINITIONS, GatesPart

Write = Callable[[str], Path]
SUITE = """\
title: What is played each night
why: It must hold tomorrow, too.
gates:
  budget: {most: 50%, over: 168h}
  windows: [{days: [sat, sun], from: "22:00", to: "04:00", zone: Europe/Berlin}]
  commands: {no-release: [./no-release, prod]}
  wait: 30m
  otherwise: skip
drills:
  - experiment: first
  - experiment: ../experiments/second.yaml
    as: slow
    cluster: local-3az
    set: {phases.baseline: 8s, "load[0].rate": 10/s}
    scale: 0.5
    gates: {healthy: false}
notify:
  - {webhook: HOOK, shape: slack, on: [fail, invalid]}
"""


def test_it_says_what_is_played_and_when(write: Write, project: Path) -> None:
    suite = read_suite(write(SUITE))
    assert (suite.name, suite.title) == ("nightly", "What is played each night")
    first, slow = suite.drills
    assert (first.name, first.file) == ("first", project / "experiments" / "first.yaml")
    assert (slow.name, slow.file.resolve()) == ("slow", project / "experiments" / "second.yaml")
    assert first.gates.otherwise == "skip"
    assert (first.gates.wait, first.gates.budget and first.gates.budget.most) == (1800, 0.5)
    assert slow.gates == GatesPart(healthy=False)
    assert not isinstance(slow.plays, Comparison)
    experiment, _ = slow.plays
    assert [phase.seconds for phase in experiment.phases] == [2, 8]
    assert experiment.scale == 0.5
    [hook] = suite.notify
    assert (hook.webhook, hook.on) == ("HOOK", ("fail", "invalid"))


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("experiment: first", "experiment: frst", 10, 'unknown experiment "frst"; did you mean'),
        ("second.yaml", "secnd.yaml", 11, "there is no file"),
        ("as: slow", "as: first", 11, "there is a drill first before it; give it as: NAME"),
        ("cluster: local-3az", "cluster: local-3ax", 13, 'did you mean "local-3az"'),
        ("phases.baseline: 8s", "phases.baselin: 8s", 14, 'did you mean "baseline"'),
        ("phases.baseline: 8s", "phases.baseline: 0s", 14, "must be more than 0s"),
        ("scale: 0.5", "scale: 11", 15, "scale"),
        ("most: 50%", "most: 150%", 4, "must be at most 100%"),
        ("most: 50%", "most: 50%, definition: downtime", 4, "longest outage"),
        ("wait: 30m", "not_labelled: {namespace: shop, label: x}", 7, "is no label: key=value"),
        ("wait: 30m", "not_labelled: {namespace: A, label: x=y}", 7, "is no namespace"),
        ("wait: 30m", "wait: 2h", 7, "must be at most 1h"),
        ("otherwise: skip", "otherwise: go", 8, "stop"),
        ("otherwise: skip", "otherwize: skip", 8, 'did you mean "otherwise"'),
        ("Europe/Berlin", "Europe/Berlim", 5, 'no time zone "Europe/Berlim"'),
        ("[./no-release, prod]", "[]", 6, "must not be empty"),
        ("webhook: HOOK", "webhook: https://h/x", 18, "is no name of a variable"),
        ("shape: slack", "shape: teams", 18, "slack"),
        ("on: [fail, invalid]", "on: [failed]", 18, "fail"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(
    write: Write, before: str, after: str, line: int, said: str
) -> None:
    assert before in SUITE
    file = write(SUITE.replace(before, after))
    with pytest.raises(NotStarted) as raised:
        read_suite(file)
    told = str(raised.value).splitlines()
    assert any(f"nightly.yaml:{line}: " in words and said in words for words in told), told


def test_what_is_wrong_with_an_experiment_is_told_at_its_own_line(
    write: Write, project: Path
) -> None:
    text = (project / "experiments" / "first.yaml").read_text()
    (project / "experiments" / "first.yaml").write_text(text.replace("list.p99", "lists.p99"))
    file = write(SUITE.replace("cluster: local-3az", "cluster: nix"))
    with pytest.raises(NotStarted) as raised:
        read_suite(file)
    told = str(raised.value)
    assert "first.yaml:" in told
    assert "nightly.yaml:13: " in told, "of all drills, not of the first alone"


def test_a_name_that_could_be_no_folders_is_refused(write: Write) -> None:
    file = write(SUITE)
    other = file.rename(file.with_name("Every Night.yaml"))
    with pytest.raises(NotStarted, match="Every Night, is that of its reports"):
        read_suite(other)


def test_variants_are_all_played(write: Write, project: Path) -> None:
    with (project / "experiments" / "first.yaml").open("a") as file:
        file.write(
            "variants:\n  arms: {half: {'load[0].rate': 2/s}, whole: {'load[0].rate': 5/s}}\n"
            "  slos: {baseline: [half.list.rate < 1 * whole.list.rate]}\n"
        )
    plays = read_suite(write(SUITE)).drills[0].plays
    assert isinstance(plays, Comparison)
    assert [arm.name for arm in plays.arms] == ["half", "whole"]


def test_validate_knows_suites(write: Write) -> None:
    file = write(SUITE)
    assert is_suite(file)
    assert kubedrill("validate", file).stdout == f"{file}: ok\n"
    refused = kubedrill("validate", file, "--scale", "2")
    assert (refused.returncode, "are for experiments" in refused.stderr) == (3, True)
    wrong = kubedrill("validate", write(SUITE.replace("title:", "titel:")))
    assert (wrong.returncode, 'did you mean "title"' in wrong.stderr) == (3, True)


def test_an_experiment_and_a_cluster_are_no_suites(project: Path) -> None:
    assert not is_suite(project / "experiments" / "first.yaml")
    assert not is_suite(project / "clusters" / "local-3az.yaml")
    assert not is_suite(project / "missing.yaml")


def test_its_schema_takes_what_is_right_and_nothing_else(write: Write) -> None:
    schema = json_schema()
    good = yaml.safe_load(SUITE.replace("on: ", '"on": '))
    jsonschema.validate(good, schema)
    for wrong in ({"drills": []}, {"gates": {"wait": 3}}, {"unknown": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(good | wrong, schema)
    assert schema["$defs"]["GatesPart"]["properties"]["wait"]["default"] == "0s"


def test_definitions_are_those_of_the_judge(tmp_path: Path) -> None:
    from judged_drill import JudgedDrill

    report = JudgedDrill().judged(tmp_path)
    assert {spent.definition for spent in report.budget} == {*DEFINITIONS}
