"""Changes of level in a series, and in the course of an experiment's runs."""

from pathlib import Path

import numpy as np
import pytest
from sets_of_runs import STEADY, Recorded, write_set
from sets_of_runs import typed as kubedrill

from kubedrill.regression.change_points import SHORTEST, change_points
from kubedrill.regression.changes import changes_of
from kubedrill.regression.comparing import Inquiry
from kubedrill.regression.verdict import Shift

START_DAY = "2026-01-{:02}T12:00:00.000Z"


def indexes(values: list[float], risk: float = 0.05) -> list[int]:
    return [point.index for point in change_points(np.array(values), risk)]


def test_changes_are_found_where_they_are() -> None:
    drawn = np.random.default_rng(3)
    noise = drawn.normal(0, 0.1, 40)
    levels = np.repeat([1.0, 2.0, 1.5], [10, 20, 10])
    assert indexes([*(levels + noise)]) == [10, 30]
    assert indexes([*(1 + noise)]) == []
    came_and_went = np.repeat([1.0, 2.0, 1.0], [8, 8, 8])
    assert indexes([*(came_and_went + noise[:24])]) == [8, 16]
    assert indexes([1.0] * 40) == []
    assert indexes([1.0, 2.0] * (SHORTEST - 1)) == []


def test_series_without_a_change_have_few() -> None:
    drawn = np.random.default_rng(4)
    found = sum(bool(indexes([*drawn.standard_t(3, 20)])) for _ in range(100))
    assert found <= 11  # 5 of 100, and some standard deviations more


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Sixteen runs as they should be, and then sixteen that are slower, of another release."""
    for day, release in enumerate(("2.3", "2.3", "2.4", "2.4"), 1):
        slower = 1.2 if release == "2.4" else 1.0
        write_set(
            tmp_path,
            day,
            slower,
            recorded=Recorded({"release": release}),
            begun=START_DAY.format(day),
        )
    return tmp_path


def test_the_first_run_of_a_new_level_is_named_with_what_it_recorded(reports: Path) -> None:
    report = changes_of("kill", Inquiry(reports))
    assert len(report.runs) == 4 * len(STEADY)
    assert {change.run for change in report.changes} == {"kill/20260103T120000Z"}
    assert {(change.name, change.change) for change in report.changes} == {
        ("list.p50", Shift.WORSE),
        ("list.p99", Shift.WORSE),
    }
    for change in report.changes:
        assert change.effect == pytest.approx(1.2)
        assert [told.what for told in change.differs] == ["release"]


def test_what_is_printed(reports: Path) -> None:
    done = kubedrill("changes", "kill", "--measure", "list.p99", "--reports", reports)
    assert done.returncode == 0, done.stdout
    first, _, _, row, more, *_ = done.stdout.splitlines()
    assert first == "kill: 32 runs, 3 changes of level"
    assert row.split() == [
        *("kill/20260103T120000Z", "baseline", "list.p99"),
        *("20", "ms", "24", "ms", "x1.200", "WORSE"),
    ]
    assert more.split() == ["release:", "2.4", "after", "2.3"]
    assert kubedrill("changes", "kill", "--threshold", "30%", "--reports", reports).stdout == (
        "kill: 32 runs, 0 changes of level\n"
    )


def test_few_runs_and_other_experiments_are_told(tmp_path: Path) -> None:
    other = Recorded(drill={"objectives": [("baseline", "list.p99 < 2s")]})
    write_set(tmp_path, 1, recorded=other, multiples=STEADY[:2], begun=START_DAY.format(1))
    write_set(tmp_path, 2, multiples=STEADY[:4], begun=START_DAY.format(2))
    report = changes_of("kill", Inquiry(tmp_path))
    assert report.too_few
    assert [unused.run for unused in report.unused] == [
        f"kill/20260101T12000{n}Z" for n in range(2)
    ]
    assert report.unused[0].why.startswith("its experiment was another: slos.baseline: ")
    done = kubedrill("changes", "kill", "--reports", tmp_path)
    assert done.returncode == 0
    assert "kill: 4 runs, too few for a change to be seen: 10 are needed at least" in done.stdout
    assert kubedrill("changes", "nix", "--reports", tmp_path).returncode == 3
