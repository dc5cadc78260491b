"""Outages by the issue's definition: first failed probe's start to the completion of the next answer."""

import numpy as np
import pytest
from judged_drill import JudgedDrill
from judged_scrapes import START, at

from kubedrill.record.sample import Outcome
from kubedrill.record.verdict import Verdict

FRESH = {"path": "balancer", "connection": "fresh", "level": "prober"}
BALANCED = {"path": "balancer", "level": "prober"}


def first_due(drill: JudgedDrill, begin: float, **wanted: str) -> float:
    """Return when the first probe of these lanes at or after `begin` was due, in seconds."""
    due = drill.probes["intended"][drill.lane(**wanted)]
    return float(due[due >= at(begin)].min() - START) / 1e9


def test_an_outage_ends_with_the_next_answer(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(12, 14, **BALANCED, verb="read")
    begin, end = (first_due(drill, when, **BALANCED, verb="read") for when in (12, 14))
    found = drill.asked(tmp_path, "fault", "unavailable.longest < 3s")
    assert found.value == pytest.approx(end + 0.005 - begin)
    assert found.value == pytest.approx(2.0, abs=0.15)
    assert found.verdict is Verdict.PASS


def test_it_ends_when_the_answer_is_whole_not_when_it_was_due(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(12, 14, **BALANCED, verb="read")
    drill.probes["total_us"][drill.lane(**BALANCED, verb="read")] = 900_000
    begin, end = (first_due(drill, when, **BALANCED, verb="read") for when in (12, 14))
    found = drill.asked(tmp_path, "fault", "unavailable.longest < 3s")
    assert found.value == pytest.approx(end + 0.9 - begin)


@pytest.mark.parametrize("verb", ["read", "write"])
def test_fresh_and_kept_connections_count_together(drill: JudgedDrill, tmp_path, verb: str) -> None:
    drill.fail(12, 14, **FRESH, verb=verb)
    begin, end = first_due(drill, 12, **FRESH, verb=verb), 0.2
    found = drill.asked(tmp_path, "fault", "unavailable.longest < 1s")
    assert begin < 12.1
    assert 0 < (found.value or 0) <= end + 0.005, "a kept connection answers 5 times a second"


def test_reads_do_not_mend_the_outage_of_writes(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(12, 15, **BALANCED, verb="write")
    found = drill.asked(tmp_path, "fault", "unavailable.longest < 1s")
    assert found.value == pytest.approx(3.0, abs=0.15)
    assert found.verdict is Verdict.FAIL
    assert found.reason == f"{found.value:.4g}s is not below 1s"


@pytest.mark.parametrize(
    "wanted", [{"level": "load"}, {"path": "apiserver-a"}, {"verb": "stale-read"}]
)
def test_other_probes_make_no_outage(drill: JudgedDrill, tmp_path, wanted: dict[str, str]) -> None:
    assert drill.fail(12, 15, **wanted) > 0
    assert drill.asked(tmp_path, "fault", "unavailable.longest < 1s").value == 0.0
    assert drill.asked(tmp_path, "fault", "degraded.longest < 1s").value == 0.0


def test_it_counts_whole_where_it_begins_and_from_its_start_in_a_later_phase(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.fail(18, 22, **BALANCED)
    texts = [(phase, "unavailable.longest < 9s") for phase in ("baseline", "fault", "recovery")]
    drill.objectives = texts
    values = [objective.value for objective in drill.judged(tmp_path).objectives]
    assert values == [0.0, pytest.approx(4.0, abs=0.15), pytest.approx(2.0, abs=0.15)]


def test_a_phase_that_is_entirely_down_has_an_outage(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(8, 25, **BALANCED)
    texts = [(phase, "unavailable.longest < 3s") for phase in ("baseline", "fault", "recovery")]
    drill.objectives = [*texts, ("fault", "degraded.longest < 3s")]
    report = drill.judged(tmp_path)
    values = [objective.value for objective in report.objectives]
    assert values == [pytest.approx(length, abs=0.25) for length in (17, 15, 5, 11)]
    assert {objective.verdict for objective in report.objectives} == {Verdict.FAIL}
    rows = {
        (row.phase, row.path, row.connection, row.verb, row.level): row
        for row in report.availability
    }
    lane = rows["fault", "balancer", "fresh", "read", "prober"]
    assert (lane.value, lane.longest_outage_s) == (0.0, pytest.approx(15, abs=0.25))


def test_of_several_the_longest(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(11, 12, **BALANCED)
    drill.fail(13, 15, **BALANCED)
    drill.fail(16, 17, **BALANCED)
    found = drill.asked(tmp_path, "fault", "unavailable.longest < 9s")
    assert found.value == pytest.approx(2.0, abs=0.15)


def test_one_that_nothing_ends_lasts_to_the_end_of_the_last_probe(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.fail(25, 30, **BALANCED)
    found = drill.asked(tmp_path, "recovery", "unavailable.longest < 1s")
    assert found.value == pytest.approx(30 + 1.0 - 25, abs=0.25)


def test_a_probe_cut_by_the_end_is_no_outage(drill: JudgedDrill, tmp_path) -> None:
    last = np.flatnonzero(drill.lane(**BALANCED, verb="write"))[-3:]
    drill.probes["outcome"][last] = Outcome.CUT
    assert drill.asked(tmp_path, "recovery", "unavailable.longest < 1ns").value == 0.0


def test_degraded_runs_from_the_first_failing_probe_to_the_end_of_the_last(
    drill: JudgedDrill, tmp_path
) -> None:
    drill.fail(12, 12.3, total_s=0.2, **FRESH, verb="read")
    drill.fail(16, 16.3, total_s=0.5, **FRESH, verb="write")
    begin = first_due(drill, 12, **FRESH, verb="read")
    lost = drill.lane(**FRESH, verb="write") & (drill.probes["outcome"] != 200)
    end = float(drill.probes["intended"][lost].max() - START) / 1e9 + 0.5
    found = drill.asked(tmp_path, "fault", "degraded.longest < 1s")
    assert found.value == pytest.approx(end - begin)
    assert found.value == pytest.approx(4.7, abs=0.15)
    assert found.verdict is Verdict.FAIL


def test_degraded_is_of_its_phase_and_of_fresh_connections(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(9, 9.5, **FRESH)
    drill.fail(12, 13, path="balancer", connection="kept", level="prober")
    drill.fail(21, 21.5, **FRESH)
    assert drill.asked(tmp_path, "fault", "degraded.longest < 1s").value == 0.0
