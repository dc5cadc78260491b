"""An experiment with variants: every arm a drill of its own, one verdict on all of them."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from drills import Drills, RunningDrill, reasons

from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

TWICE_THE_RATE: dict[str, Any] = {
    "phases": {"warmup": "1s", "baseline": "5s"},
    "variants": {
        "arms": {"half": {"load[0].rate": "5/s"}, "whole": {"load[0].rate": "10/s"}},
        "repeat": 1,
        "slos": {"baseline": ["half.list.rate <= 60% * whole.list.rate"]},
    },
}


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
    told = [json.loads((run / "verdict.json").read_text()) for run in runs]
    assert [one["experiment"] for one in told] == ["variants.half", "variants.whole"]
    assert [one["load"][-1]["offered"] for one in told] == [5, 10]
    assert judged_again(running.folder.path) == verdict


def judged_again(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "kubedrill", "judge", str(folder), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_ctrl_c_leaves_the_other_arms_unplayed(cluster: ClusterRecord, drill: Drills) -> None:
    running = drill("variants", TWICE_THE_RATE)
    running.wait_for("the first arm's load", lambda: began(running, "baseline"))
    running.process.send_signal(signal.SIGINT)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert "whole-1 was not played: interrupted by SIGINT" in verdict["reasons"]
    assert "half-1 is INVALID: interrupted by SIGINT" in reasons(verdict)
    assert [bool(play["run"]) for play in verdict["plays"]] == [True, False]
    assert not list(running.folder.path.glob("whole/*"))
    assert cluster.stands()


def began(running: RunningDrill, phase: str) -> bool:
    """Whether the first arm's phase has begun."""
    timelines = running.folder.path.glob("half/2*/timeline.jsonl")
    return any(f'"name":"{phase}"' in path.read_text() for path in timelines)
