"""A drill that waits until its load is steady."""

import pytest
from drills import Drills, reasons

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

PHASES = {"baseline": "3s", "fault": "2s"}


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_the_drill_begins_when_its_load_is_steady(drill: Drills) -> None:
    warmup = {"until_steady": "p50 within 100% over 2 windows of 2s", "at_most": "2m"}
    running = drill("steady", {"warmup": warmup, "phases": PHASES}, "--label", "release=2.4")
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert verdict["labels"] == {"release": "2.4"}
    [said] = [each["name"] for each in running.events("note") if "steady after" in each["name"]]
    assert "windows: p50 of list " in said
    samples = running.folder.samples.glob("*load-*")
    assert {path.name.partition(".")[0] for path in samples} == {"load-list"}


def test_a_load_that_does_not_become_steady_makes_it_invalid(drill: Drills) -> None:
    warmup = {"until_steady": "p99 within 0.1% over 6 windows of 1s", "at_most": "7s"}
    running = drill("unsteady", {"warmup": warmup, "phases": PHASES})
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert "the load was not steady within 7s (p99 within 0.1% over 6 windows" in reasons(verdict)
