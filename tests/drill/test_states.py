"""Faults that begin in a state, and faults that come again and again, in real drills."""

import json
from typing import Any

import pytest
from drills import SHORT, Drills, reasons

from kubedrill.clock import SECOND
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.ledger import Ledger

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

FLOOD = {
    "profile": "secret-flood",
    "as": "flood",
    "rate": "10/s",
    "phases": ["fault"],
}
CHANGES: dict[str, Any] = {
    "load": [*SHORT["load"], FLOOD],
    "slos": {"recovery": ["list.error_rate < 50%"]},
}


def test_one_begins_in_its_state_and_another_comes_again(
    cluster: ClusterRecord, drill: Drills
) -> None:
    faults = [
        {
            "kube-scheduler.pause": {"zone": "a"},
            "when": "objects.secrets >= 30 within 12s",
            "for": "2s",
        },
        {"kube-scheduler.kill": {"zone": "b"}, "at": "15s", "for": "2s", "every": "9s", "times": 2},
    ]
    phases = {"warmup": "1s", "baseline": "2s", "fault": "30s", "recovery": "4s"}
    running = drill("in-a-state", CHANGES | {"faults": faults, "phases": phases})
    _, verdict = running.finish()
    assert [fault["target"] for fault in verdict["faults"]] == [
        "kube-scheduler-a",
        "kube-scheduler-b",
        "kube-scheduler-b",
    ], reasons(verdict)
    assert all(fault["took_effect"] and fault["undone"] for fault in verdict["faults"])
    # A slow machine may be late for all of it, which the judge says.
    told = [why for why in verdict["reasons"] if why.startswith("kube-scheduler")]
    assert [why for why in told if " late; the phases are not what they say" not in why] == []
    awaited, came = running.events("state")
    assert (awaited["event"], came["event"]) == ("awaited", "came")
    assert came["value"] >= 30
    first, second, third = verdict["faults"]
    begun = json.loads(running.folder.schedule.read_text())["faults"][0]["inject"]
    # The first secrets are made when the phase begins: at 10 a second it takes some 3 s.
    assert came["time"] - begun > SECOND
    assert came["time"] <= first["injected_at"]
    assert first["undone_at"] - came["time"] >= 2 * SECOND
    assert first["undone_at"] <= second["injected_at"]
    assert second["undone_at"] <= third["injected_at"]
    assert Ledger(running.folder.ledger).open_entries() == []


def test_one_whose_state_does_not_come_proves_nothing(
    cluster: ClusterRecord, drill: Drills
) -> None:
    faults = [
        {"kube-scheduler.pause": {"zone": "a"}, "when": "objects.secrets >= 900000 within 2s"}
    ]
    running = drill("missed", CHANGES | {"faults": faults})
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    assert "not injected: objects.secrets >= 900000 did not come in time: it was" in reasons(
        verdict
    )
    [fault] = verdict["faults"]
    assert (fault["injected_at"], fault["took_effect"]) == (None, False)
    assert "did not come in time" in running.output()
