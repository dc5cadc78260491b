"""An experiment with variants: every arm a drill of its own, one verdict on all of them."""

import json
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commanding import kubedrill
from drills import Drills, RunningDrill, reasons

from kubedrill.cluster import cluster_folder
from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord

pytestmark = pytest.mark.cluster

TWICE_THE_RATE: dict[str, Any] = {
    "phases": {"warmup": "1s", "baseline": "5s"},
    "variants": {
        "arms": {"half": {"load[0].rate": "5/s"}, "whole": {"load[0].rate": "10/s"}},
        "repeat": 1,
        "slos": {"baseline": ["half.list.rate <= 60% * whole.list.rate"]},
    },
}


@pytest.mark.breaks
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
@pytest.mark.usefixtures("cluster")
def test_all_arms_are_played_and_related(drill: Drills) -> None:
    running = drill("variants", TWICE_THE_RATE)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    [relation] = verdict["relations"]
    [only] = relation["rounds"]
    assert (only["left"]["arm"], only["right"]["arm"]) == ("half", "whole")
    assert only["ratio"] == pytest.approx(0.5, abs=0.05)
    runs = [running.folder.path / play["run"] for play in verdict["plays"]]
    assert [run.parent.name for run in runs] == ["half", "whole"]
    reports = [json.loads((run / "verdict.json").read_text()) for run in runs]
    assert [report["experiment"] for report in reports] == ["variants.half", "variants.whole"]
    assert [report["load"][-1]["offered"] for report in reports] == [5, 10]
    assert judged_again(running.folder.path) == verdict


def judged_again(folder: Path, code: int = 0) -> dict[str, Any]:
    judged = kubedrill("judge", folder, "--json")
    assert judged.returncode == code, judged.stderr
    return json.loads(judged.stdout)


@pytest.mark.breaks
def test_ctrl_c_leaves_the_other_arms_unplayed(cluster: ClusterRecord, drill: Drills) -> None:
    running = drill("variants", TWICE_THE_RATE)
    running.wait_for("the first arm's load", lambda: began(running, "half"))
    running.process.send_signal(signal.SIGINT)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert "whole-1 was not played: interrupted by SIGINT" in verdict["reasons"]
    assert "half-1 is INVALID: interrupted by SIGINT" in reasons(verdict)
    assert [bool(play["run"]) for play in verdict["plays"]] == [True, False]
    assert not list(running.folder.path.glob("whole/*"))
    assert cluster.stands()


def began(running: RunningDrill, arm: str) -> bool:
    """Whether the baseline of an arm has begun."""
    timelines = running.folder.path.glob(f"{arm}/2*/timeline.jsonl")
    return any('"name":"baseline"' in path.read_text() for path in timelines)


@pytest.mark.breaks
def test_a_runner_killed_between_two_plays_leaves_what_says_so_and_nothing_broken(
    cluster: ClusterRecord, drill: Drills
) -> None:
    running = drill("variants", TWICE_THE_RATE)
    # Written when the first play is over, its cluster cleared and its verdict given.
    running.wait_for("the first play's end", lambda: "half/2" in variants(running))
    running.process.kill()
    running.process.wait()
    left = kubedrill("heal")
    assert left.returncode == 0, left.stdout
    assert "nothing" in kubedrill("heal").stdout
    assert cluster.stands()
    states = handle_of(cluster).components().values()
    assert {component.state for component in states} == {"running"}
    verdict = judged_again(running.folder.path, code=2)
    assert verdict["verdict"] == "INVALID"
    assert "whole-1 was not played: kubedrill was killed before" in verdict["reasons"]
    assert [bool(play["run"]) for play in verdict["plays"]] == [True, False]
    [relation] = verdict["relations"]
    assert relation["verdict"] == "INVALID"


def variants(running: RunningDrill) -> str:
    """Return variants.json so far."""
    file = running.folder.path / "variants.json"
    return file.read_text() if file.exists() else ""


GOAWAY = "cluster.flags.kube-apiserver.goaway-chance"


@pytest.mark.own
def test_each_arm_has_a_cluster_with_the_flags_that_it_says(drill: Drills, tmp_path: Path) -> None:
    changes = {
        "cluster": "one-zone",
        "phases": {"warmup": "1s", "baseline": "5s"},
        "variants": {
            "arms": {"often": {GOAWAY: 0.02}, "never": {GOAWAY: None}},
            "repeat": 1,
            "slos": {"baseline": ["often.list.count == never.list.count"]},
        },
    }
    state = tmp_path / "state"
    running = drill("flags", changes, state=state)
    seen = {}
    for arm in ("often", "never"):
        running.wait_for(f"the load of {arm}", partial(began, running, arm), timeout_s=120)
        seen[arm] = [word for word in apiserver(state) if "goaway" in word]
    assert seen == {"often": ["--goaway-chance=0.02"], "never": []}
    _, verdict = running.finish()
    runs = {play["arm"]: running.folder.path / play["run"] for play in verdict["plays"]}
    told = {arm: json.loads((run / "verdict.json").read_text()) for arm, run in runs.items()}
    flags = {arm: run["settings"]["cluster"]["flags"] for arm, run in told.items()}
    assert flags == {"often": {"kube-apiserver": {"goaway-chance": 0.02}}, "never": {}}
    assert "differ" not in reasons(verdict)
    assert not cluster_folder("one-zone", state).exists()


def apiserver(state: Path) -> list[str]:
    """Return the command line of the apiserver of the cluster that is up there."""
    up = ClusterRecord.read(cluster_folder("one-zone", state) / "cluster.json")
    pid = handle_of(up).components()["kube-apiserver-a"].pid
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


@pytest.mark.parametrize("arguments", [[], ["--keep-cluster"]])
def test_a_changed_cluster_is_not_looked_for_among_those_that_stay(
    arguments: list[str], cluster: ClusterRecord, drill: Drills
) -> None:
    running = drill("changed", {}, "--set", f"{GOAWAY}=0.02", *arguments)
    assert running.process.wait(60) == 3
    assert "is to be this drill's alone, and" in running.output()
    assert not running.reports.exists()
    assert cluster.stands()
