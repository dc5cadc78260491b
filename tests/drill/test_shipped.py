"""The experiment that `make drill` runs, in short: all of it holds, and it fails where it must."""

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


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_all_holds_but_what_is_tightened(cluster: ClusterRecord, drill_file: Drills) -> None:
    tight = "list.p99 < 1us"
    changes = (
        # An outage is as long as ever, and so a larger share of a shorter phase.
        *("--set", "slos.fault[0]=availability.reads >= 60%"),
        *("--set", "slos.fault[1]=availability.writes >= 60%"),
        *("--set", "slos.recovery[2]=availability >= 80%"),
        *("--set", "slos.fault[7]=eventually(etcd.healthy_members == 2) within 6s"),
        *("--set", "slos.recovery[3]=eventually(etcd.healthy_members == 3) within 6s"),
        *("--set", f"slos.recovery[0]={tight}"),
        # It needs more time than this drill has.
        *("--set", "abort=[]"),
    )
    code, verdict = drill_file(SHIPPED, *SEED, *phases(2, 5, 8, 12), *changes).finish()
    assert (code, verdict["verdict"]) == (1, "FAIL"), reasons(verdict)
    assert len(verdict["objectives"]) == 26
    missed = [
        objective["text"] for objective in verdict["objectives"] if objective["verdict"] != "PASS"
    ]
    assert missed == [tight]
    [fault] = verdict["faults"]
    assert fault["took_effect"]
    assert fault["undone"]
