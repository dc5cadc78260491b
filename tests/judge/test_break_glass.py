"""Whether who must get in when nobody else does got in: by one way at least, and for how long by none."""

from pathlib import Path

import pytest
from judged_drill import JudgedDrill

from kubedrill.record.cluster import BREAK_GLASS, Identity
from kubedrill.record.series import EXEMPT
from kubedrill.report import sentences

WAYS = ("balancer", "apiserver-a", "apiserver-b", "apiserver-c")
ALL = "break_glass.availability == 100%"
LONGEST = "break_glass.locked_out.longest < 3s"


@pytest.fixture
def drill() -> JudgedDrill:
    """A drill on a cluster that has the identity: 30 s, the fault from 10 s to 20 s."""
    return JudgedDrill(identities={BREAK_GLASS: Identity(BREAK_GLASS)})


def test_it_gets_in_all_the_time(drill: JudgedDrill, tmp_path: Path) -> None:
    assert drill.asked(tmp_path, "fault", ALL).value == 1.0
    assert drill.asked(tmp_path, "fault", LONGEST).value == 0.0
    assert "break-glass always got in" in [*sentences.availability_lines(drill.judged(tmp_path))]


def test_one_way_that_leads_in_is_enough(drill: JudgedDrill, tmp_path: Path) -> None:
    for way in WAYS[:3]:
        drill.fail(12, 16, level=EXEMPT, path=way)
    assert drill.asked(tmp_path, "fault", ALL).value == 1.0
    longest = drill.asked(tmp_path, "fault", LONGEST).value
    assert longest is not None
    assert 0 < longest < 1.1  # until the only open way was tried again: once a second


def test_where_no_way_leads_in_it_is_locked_out(drill: JudgedDrill, tmp_path: Path) -> None:
    drill.fail(12, 16, level=EXEMPT)
    found = drill.asked(tmp_path, "fault", ALL)
    assert (found.value, found.verdict) == (pytest.approx(0.6), "FAIL")
    found = drill.asked(tmp_path, "fault", LONGEST)
    assert found.value is not None
    assert 3.5 < found.value < 4.5
    assert found.verdict == "FAIL"
    lines = [*sentences.availability_lines(drill.judged(tmp_path))]
    assert [line for line in lines if line.startswith("break-glass")] == [
        f"break-glass got in during 60.0 % of fault's seconds; locked out for {found.value:.2f} s at most"
    ]
    # Others are not measured by it.
    assert drill.asked(tmp_path, "fault", "probe.failed == 0").value == 0


def test_what_the_others_suffer_is_not_its_trouble(drill: JudgedDrill, tmp_path: Path) -> None:
    drill.fail(12, 16, level="prober")
    drill.fail(12, 16, level="load")
    assert drill.asked(tmp_path, "fault", ALL).value == 1.0


@pytest.mark.parametrize("text", [ALL, LONGEST])
def test_a_cluster_without_it_says_so(text: str, tmp_path: Path) -> None:
    drill = JudgedDrill()
    found = drill.asked(tmp_path, "fault", text)
    assert (found.verdict, found.value) == ("INVALID", None)
    assert found.reason == "the cluster has no identity break-glass"
    lines = [*sentences.availability_lines(drill.judged(tmp_path))]
    assert lines[-1].startswith("break-glass was not tried")
