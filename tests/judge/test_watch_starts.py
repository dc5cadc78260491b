"""How many watches were opened: an apiserver counts those that have ended, and says how many are open."""

from pathlib import Path

import pytest
from judged_drill import JudgedDrill

from kubedrill.record.verdict import Verdict

OPEN = 'apiserver_longrunning_requests{verb="WATCH",resource="pods"}'
ENDED = 'apiserver_request_total{verb="WATCH",code="200"}'


def served(open_now: list[float], ended: list[float]) -> JudgedDrill:
    """What the apiserver of zone a says at 10 s, 15 s and 20 s; the others have 5 watches all the time."""
    drill = JudgedDrill()
    for page in drill.scrapes.pages:
        if page.component.startswith("kube-apiserver"):
            page.values |= {OPEN: 5.0, ENDED: 100.0}
    for page, now, over in zip(
        drill.scrapes.of("kube-apiserver-a", 10, 21), open_now, ended, strict=True
    ):
        page.values |= {OPEN: now, ENDED: over}
    return drill


@pytest.mark.parametrize(
    ("open_now", "ended", "started"),
    [
        ([5, 5, 5], [100, 100, 100], 0),
        ([5, 25, 25], [100, 100, 100], 20),
        ([5, 25, 5], [100, 100, 130], 30),
        ([5, 7, 7], [100, 100, 110], 12),
        ([5, 3, 4], [100, 0, 0], 4),  # begun anew: the three that are open then, and one more
    ],
)
def test_they_are_those_that_are_open_and_those_that_ended(
    tmp_path: Path, open_now: list[float], ended: list[float], started: float
) -> None:
    drill = served(open_now, ended)
    result = drill.asked(tmp_path / "n", "fault", "apiserver.watch_starts < 999")
    assert (result.verdict, result.value) == (Verdict.PASS, started)
    result = drill.asked(tmp_path / "rate", "fault", "apiserver.watch_starts.rate < 999/s")
    assert result.value == pytest.approx(started / 10)


def test_what_no_apiserver_says_is_not_known(tmp_path: Path) -> None:
    result = JudgedDrill().asked(tmp_path, "fault", "apiserver.watch_starts < 9")
    assert result.verdict == Verdict.INVALID
    assert "how many watches are open" in result.reason
