"""The experiment that `make drill` runs, in short: it passes, and fails where it must."""

from pathlib import Path

import pytest
from drills import Drills, reasons

from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.alone]

SHIPPED = Path(__file__).resolve().parents[2] / "experiments" / "etcd-member-kill.yaml"
SEED = ("--set", "seed.pods=100", "--set", "seed.secrets=100")


def phases(*seconds: int) -> list[str]:
    names = ("warmup", "baseline", "fault", "recovery")
    lengths = zip(names, seconds, strict=True)
    return [word for name, length in lengths for word in ("--set", f"phases.{name}={length}s")]


def test_it_passes(cluster: ClusterRecord, drill_file: Drills) -> None:
    shorter = (
        # An outage is as long as ever, and so a larger share of a shorter phase.
        *("--set", "slos.fault[0]=availability.reads >= 60%"),
        *("--set", "slos.fault[1]=availability.writes >= 60%"),
        *("--set", "slos.recovery[2]=availability >= 80%"),
        *("--set", "slos.fault[7]=eventually(etcd.healthy_members == 2) within 6s"),
        *("--set", "slos.recovery[3]=eventually(etcd.healthy_members == 3) within 6s"),
    )
    code, verdict = drill_file(SHIPPED, *SEED, *phases(2, 5, 8, 8), *shorter).finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert len(verdict["objectives"]) == 20
    [fault] = verdict["faults"]
    assert fault["took_effect"]
    assert fault["undone"]


def test_a_tightened_objective_fails(cluster: ClusterRecord, drill_file: Drills) -> None:
    tight = "availability.reads >= 99.999%"
    slos = ("--set", f"slos.fault=[{tight}]", "--set", "slos.recovery=[]")
    code, verdict = drill_file(SHIPPED, *SEED, *phases(2, 4, 5, 4), *slos).finish()
    assert (code, verdict["verdict"]) == (1, "FAIL"), reasons(verdict)
    failed = [one["text"] for one in verdict["objectives"] if one["verdict"] != "PASS"]
    assert failed == [tight]
