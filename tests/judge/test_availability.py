"""Availability, every definition by a table worked out by hand."""

import numpy as np
import pytest
from judged_drill import JudgedDrill
from judged_scrapes import at

from kubedrill.judge.availability import shares
from kubedrill.record.sample import PROBE_DTYPE, Outcome, Records
from kubedrill.record.schedule import Phase, ProbeRates, Probing
from kubedrill.record.verdict import AvailabilityResult, Verdict

BALANCED = {"path": "balancer", "connection": "fresh", "level": "prober"}


def probes(lost: set[float], length: int, every: float = 0.5) -> Records:
    """Make a probe every half second of `length`, those due at a second of `lost` failing."""
    due = np.arange(0, length, every)
    made = np.zeros(len(due), PROBE_DTYPE)
    made["intended"] = [at(time) for time in due]
    made["outcome"] = [503 if time in lost else 200 for time in due]
    return made


@pytest.mark.parametrize(
    ("lost", "length", "expected"),
    [
        (set(), 10, (1.0, 1.0, 1.0, 1.0)),
        ({3.0}, 10, (19 / 20, 9 / 10, 1.0, 1.0)),
        ({3.0, 3.5}, 10, (18 / 20, 9 / 10, 1.0, 1.0)),
        ({3.5, 4.0}, 10, (18 / 20, 8 / 10, 1.0, 1.0)),
        # The whole second minute, and one probe of the third.
        ({60 + n / 2 for n in range(121)}, 180, (239 / 360, 119 / 180, 2 / 3, 1.0)),
        # The last window is shorter: 90 s are two minutes, of which the second has no answer.
        ({60 + n / 2 for n in range(60)}, 90, (120 / 180, 60 / 90, 1 / 2, 1.0)),
        ({n / 2 for n in range(20)}, 10, (0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_definitions(lost: set[float], length: int, expected: tuple[float, ...]) -> None:
    found = shares(probes(lost, length), Phase("any", at(0), at(length)))
    names = ("probes", "seconds", "minutes", "5 minutes")
    assert found == pytest.approx(dict(zip(names, expected, strict=True)))


def test_five_minutes_count_from_the_phases_start() -> None:
    lost = {n / 2 for n in range(600)}
    found = shares(probes(lost, 600), Phase("any", at(0), at(600)))
    assert (found["5 minutes"], found["minutes"]) == (0.5, 0.5)


def test_without_probes_nothing_is_known() -> None:
    found = shares(probes(set(), 0), Phase("any", at(0), at(10)))
    assert set(found.values()) == {None}


@pytest.mark.parametrize(
    ("text", "lost", "value"),
    [
        # 10 s: 100 probes a verb fresh, 50 kept, 20 for each apiserver and for the victim.
        ("availability.reads >= 1%", {**BALANCED, "verb": "read"}, 0.8),
        ("availability.writes >= 1%", {**BALANCED, "verb": "write"}, 0.8),
        ("availability >= 1%", {**BALANCED, "verb": "write"}, 0.8),
        ("availability >= 1%", {**BALANCED, "verb": "read"}, 0.8),
        ("availability.reads >= 1%", {**BALANCED, "verb": "write"}, 1.0),
        ("availability >= 1%", {"path": "balancer", "connection": "kept"}, 1.0),
        ("availability >= 1%", {"level": "load"}, 1.0),
        ("availability >= 1%", {"path": "apiserver-a"}, 1.0),
        ("availability.kept >= 1%", {"path": "balancer", "connection": "kept"}, 0.8),
        ("availability.kept >= 1%", BALANCED, 1.0),
        ("availability.kept >= 1%", {"verb": "stale-read"}, 1.0),
        ("availability.victim >= 1%", {"level": "load", "verb": "write"}, 0.8),
        ("availability.victim >= 1%", {"level": "prober"}, 1.0),
        ("availability.apiserver-a >= 1%", {"path": "apiserver-a", "verb": "read"}, 0.8),
        ("availability.apiserver-a >= 1%", {"path": "apiserver-b"}, 1.0),
        ("availability.apiserver-a >= 1%", {"path": "balancer"}, 1.0),
    ],
)
def test_each_objective_means_its_own_probes(
    drill: JudgedDrill, tmp_path, text: str, lost: dict[str, str], value: float
) -> None:
    assert drill.fail(13, 15, **lost) > 0
    drill.fail(5, 10)  # another phase's
    assert drill.asked(tmp_path, "fault", text).value == pytest.approx(value)


def test_reads_and_writes_are_not_averaged(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(13, 14, **BALANCED, verb="read")
    drill.fail(13, 16, **BALANCED, verb="write")
    found = drill.asked(tmp_path, "fault", "availability >= 75%")
    assert (found.value, found.verdict) == (pytest.approx(0.7), Verdict.FAIL)
    assert found.reason == "70% is not at least 75%"


@pytest.mark.parametrize(
    ("text", "probing"),
    [
        ("availability.victim >= 0%", {"victim": 0.0}),
        ("availability.apiserver-a >= 0%", {"apiserver": 0.0}),
        ("availability.apiserver-z >= 0%", {}),
        ("availability >= 0%", {"fresh": 0.0}),
        ("unavailable.longest < 1h", {"fresh": 0.0, "kept": 0.0}),
        ("degraded.longest < 1h", {"fresh": 0.0}),
    ],
)
def test_without_its_probes_an_objective_is_invalid(
    tmp_path, text: str, probing: dict[str, float]
) -> None:
    found = JudgedDrill(probing=Probing(rates=ProbeRates(**probing))).asked(tmp_path, "fault", text)
    assert (found.value, found.verdict) == (None, Verdict.INVALID)
    assert found.reason == "no sample in this phase"


def test_one_verb_without_probes_is_no_availability(drill: JudgedDrill, tmp_path) -> None:
    drill.probes = drill.probes[~drill.lane(**BALANCED, verb="write")]
    assert drill.asked(tmp_path, "fault", "availability >= 0%").value is None


def test_what_was_cut_is_neither_answered_nor_lost(drill: JudgedDrill, tmp_path) -> None:
    drill.probes["outcome"][drill.lane(**BALANCED)] = Outcome.CUT
    drill.fail(13, 14, **BALANCED, verb="write")
    found = drill.asked(tmp_path, "fault", "availability.writes >= 0%")
    assert found.value == 0.0
    assert drill.asked(tmp_path, "fault", "availability.reads >= 0%").value is None


def test_every_lane_stands_in_the_report(drill: JudgedDrill, tmp_path) -> None:
    drill.fail(12, 14, total_s=0.5, path="apiserver-b", verb="write")
    rows = drill.judged(tmp_path).availability
    lanes, phases, definitions = 13, 4, 4
    assert len(rows) == lanes * phases * definitions
    row = _row(rows, "fault", "apiserver-b", "write")
    assert (row.probes, row.failed, row.value) == (20, 4, 0.8)
    assert row.errors == {"timeout": 4}
    assert row.latency_s["p99"] == 0.5
    # From the first lost one on, to the first answer after the four: 2 s and 5 ms.
    assert row.longest_outage_s == pytest.approx(2.005)
    other = _row(rows, "fault", "apiserver-a", "write")
    assert (other.failed, other.value, other.longest_outage_s) == (0, 1.0, 0.0)


def _row(rows: list[AvailabilityResult], phase: str, path: str, verb: str) -> AvailabilityResult:
    wanted = (phase, path, verb, "probes")
    [row] = [row for row in rows if (row.phase, row.path, row.verb, row.definition) == wanted]
    return row
