"""A generator that did not keep up says why."""

import numpy as np
import pytest
from judged_drill import JudgedDrill, within

from kubedrill.record.sample import Outcome
from kubedrill.record.verdict import Verdict


def reason(drill: JudgedDrill, tmp_path) -> str:
    """Let ten arrivals start late, and return the cause that the judge names."""
    rows = np.flatnonzero(drill.lists(10, 20))
    drill.load["wait_us"][rows[:10]] = 250_001
    (said,) = [reason for reason in drill.judged(tmp_path).reasons if "load list" in reason]
    assert said.startswith("fault: load list: 1.00% of 1000 arrivals started more than 250 ms late")
    return said.rpartition("may; ")[2]


def test_the_event_loop(drill: JudgedDrill, tmp_path) -> None:
    for line in drill.vitals:
        line["lag_max_us"] = 300_000
    said = "its event loop was up to 300 ms late (p99): the machine is too busy"
    assert reason(drill, tmp_path) == said


def test_one_full_core(drill: JudgedDrill, tmp_path) -> None:
    begin = drill.vitals[0]["time"]
    for line in drill.vitals:
        line["cpu_s"] = 0.97 * (line["time"] - begin) / 1e9
    said = "its process used 97% of a core: raise processes, or lower the rate"
    assert reason(drill, tmp_path) == said


def test_too_many_in_flight(drill: JudgedDrill, tmp_path) -> None:
    rows = np.flatnonzero(drill.lists(10, 20))
    drill.load["outcome"][rows[5]] = Outcome.DROPPED
    said = "more than 1,000 were in flight: raise max_in_flight, or lower the rate"
    assert reason(drill, tmp_path) == said


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.NO_CONNECTION, "every connection that it might use was in use: raise connections"),
        (Outcome.NO_DESCRIPTOR, "its file descriptors were used up: raise the hard limit"),
        (Outcome.NO_PORT, "no local port was left: keep connections, or widen net.ipv4."),
        (Outcome.NO_MEMORY, "its machine had no memory left for connections: lower the rate"),
    ],
)
def test_what_is_used_up(drill: JudgedDrill, tmp_path, outcome: Outcome, words: str) -> None:
    rows = np.flatnonzero(drill.lists(10, 20))
    drill.load["outcome"][rows[:2]] = outcome
    drill.load["outcome"][rows[5]] = Outcome.DROPPED  # fewer than of the other
    assert reason(drill, tmp_path).startswith(words)


@pytest.mark.parametrize(("held_back", "named"), [(5, True), (4, False)])
def test_waiting_for_a_connection(drill: JudgedDrill, tmp_path, held_back, named) -> None:
    for line in drill.vitals:
        line["held_back"] = 7
    # The last of them end, and are counted, after the phase.
    drill.load["total_us"][drill.lists(19, 20)] = 3_000_000
    rows = np.flatnonzero(drill.lists(10, 20))
    drill.load["wait_us"][rows[-10:]] = 2_000_000
    for line in drill.vitals[24:]:
        line["held_back"] += held_back
    (said,) = [reason for reason in drill.judged(tmp_path).reasons if "load list" in reason]
    assert ("raise connections, or lower the rate" in said) == named


@pytest.mark.parametrize(
    ("lost", "words"), [(1, ""), (2, "0.20% of 1000 requests were never sent")]
)
def test_what_is_never_sent_beside_the_arrivals(drill: JudgedDrill, tmp_path, lost, words) -> None:
    rows = np.flatnonzero((drill.load["series"] == 1) & within(drill.load, 10, 20))
    drill.load["outcome"][rows[:lost]] = Outcome.NO_DESCRIPTOR
    report = drill.judged(tmp_path)
    if not words:
        assert report.verdict is Verdict.PASS
        return
    assert report.verdict is Verdict.INVALID
    (said,) = report.reasons
    assert said.startswith(f"fault: load list.page: {words}; 0.1% may; its file descriptors")
