"""What a phase spends of a month's budget of downtime, as each definition counts it."""

from pathlib import Path

import pytest
from judged_drill import JudgedDrill

FRESH = {"path": "balancer", "connection": "fresh", "level": "prober"}
MONTH_S = 1296.0
"""0.05 % of 30 days."""


def test_each_definition_counts_the_same_outage_otherwise(
    drill: JudgedDrill, tmp_path: Path
) -> None:
    assert drill.fail(12, 13.4, **FRESH, verb="write") == 14
    drill.fail(12, 12.3, **FRESH, verb="read")
    report = drill.judged(tmp_path)
    spent = {row.definition: row for row in report.budget if row.phase == "fault"}
    down = {name: row.unavailable_s for name, row in spent.items()}
    assert down.pop("longest outage") < 0.5, "kept connections went on"
    assert down == {
        "failed probes": pytest.approx(1.4),  # of ten seconds, 14 of 100 writes
        "seconds with any failed": 2.0,
        "seconds with most failed": 1.0,
        "seconds with all failed": 1.0,
    }
    assert all(row.spent == pytest.approx(row.unavailable_s / MONTH_S) for row in spent.values())
    calm = [row.unavailable_s for row in report.budget if row.phase == "recovery"]
    assert calm == [0.0] * 5


def test_what_was_not_probed_has_spent_nothing_that_is_known(
    drill: JudgedDrill, tmp_path: Path
) -> None:
    drill.probes = drill.probes[~drill.lane(**FRESH, verb="write")]
    assert drill.judged(tmp_path).budget == []
