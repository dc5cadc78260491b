"""What was cut when the load ended: counted, shown, and a bound where nobody knows more."""

import numpy as np
import pytest
from judged_drill import JudgedDrill, within

from kubedrill.judge.requests import Bounds, statistic
from kubedrill.record.objective import holds_between, parse
from kubedrill.record.sample import LOAD_DTYPE, Outcome, Records
from kubedrill.record.verdict import Verdict
from kubedrill.report import sentences

INF = float("inf")


def rows(*parts: tuple[int, float, int]) -> Records:
    """Make records of (how many, total in seconds, outcome)."""
    made = np.zeros(sum(count for count, _, _ in parts), LOAD_DTYPE)
    made["total_us"] = np.repeat([round(s * 1e6) for _, s, _ in parts], [n for n, _, _ in parts])
    made["outcome"] = np.repeat([outcome for _, _, outcome in parts], [n for n, _, _ in parts])
    return made


@pytest.mark.parametrize(
    ("parts", "name", "least", "most"),
    [
        # 41 deletions are through after 3 s at most, 39 were cut when they were 2 s old.
        ([(41, 3.0, 200), (39, 2.0, Outcome.CUT)], "p50", 3.0, 3.0),
        ([(41, 3.0, 200), (39, 2.0, Outcome.CUT)], "p99", 3.0, INF),
        ([(41, 3.0, 200), (39, 20.0, Outcome.CUT)], "p99", 20.0, INF),
        ([(41, 3.0, 200), (39, 2.0, Outcome.CUT)], "mean", (41 * 3 + 39 * 2) / 80, INF),
        ([(41, 3.0, 200), (39, 2.0, Outcome.CUT)], "max", 3.0, INF),
        # One of a hundred is beyond what a p99 looks at, whatever became of it.
        ([(99, 3.0, 200), (1, 2.0, Outcome.CUT)], "p99", 3.0, 3.0),
        ([(99, 3.0, 200), (1, 2.0, Outcome.CUT)], "p99.9", 3.0, INF),
        # Cut before it was as old as those that ended: it may have been among the quick ones or not.
        ([(50, 1.0, 200), (40, 3.0, 200), (10, 0.5, Outcome.CUT)], "p50", 1.0, 1.0),
        ([(45, 1.0, 200), (45, 3.0, 200), (10, 0.5, Outcome.CUT)], "p50", 1.0, 3.0),
        # Nothing is through: they are at least as slow as they are old.
        ([(10, 4.0, Outcome.CUT)], "p50", 4.0, INF),
        # An arrival at the planned end has failed, and is at least so slow.
        ([(99, 0.1, 200), (1, 5.0, Outcome.UNANSWERED)], "max", 5.0, INF),
        ([(99, 0.1, 200), (1, 5.0, Outcome.UNANSWERED)], "error_rate", 0.01, 0.01),
        ([(99, 0.1, 200), (1, 5.0, Outcome.UNANSWERED)], "rate", 9.9, 9.9),
        ([(41, 3.0, 200), (39, 2.0, Outcome.CUT)], "count", 80, 80),
        ([(41, 3.0, 200), (39, 2.0, Outcome.CUT)], "failed", 0, 39),
        ([(38, 3.0, 200), (2, 1.0, 503), (10, 2.0, Outcome.CUT)], "error_rate", 0.04, 0.24),
        ([(40, 3.0, 200), (10, 2.0, Outcome.CUT)], "rate", 4.0, 5.0),
    ],
)
def test_a_number_is_known_or_has_bounds(
    parts: list[tuple[int, float, int]], name: str, least: float, most: float
) -> None:
    found = statistic(rows(*parts), name, 10)
    assert found == Bounds(pytest.approx(least), pytest.approx(most))


@pytest.mark.parametrize("name", ["p50", "p90", "p99", "p99.9", "max", "mean"])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_would_have_come_of_what_was_cut_is_within_the_bounds(
    name: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    true = np.sort(random.lognormal(size=200))
    age = np.where(random.random(200) < random.choice([0.005, 0.05, 0.5]), true / 2, true)
    seen = rows(*((1, s, 200 if s == t else Outcome.CUT) for s, t in zip(age, true, strict=True)))
    found = statistic(seen, name, 10)
    whole = statistic(rows(*((1, t, 200) for t in true)), name, 10)
    assert found is not None
    assert whole is not None
    assert found.least <= whole.least <= found.most


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("list.p99 < 12s", None),
        ("list.p99 < 3s", False),
        ("list.p99 < 2s", False),
        ("list.p99 <= 3s", None),
        ("list.p99 > 2s", True),
        ("list.p99 >= 3s", True),
        ("list.p99 >= 4s", None),
        ("list.p99 == 4s", None),
        ("list.p99 == 2s", False),
    ],
)
def test_a_threshold_within_the_bounds_is_neither_met_nor_missed(
    text: str, held: bool | None
) -> None:
    assert holds_between(parse(text), 3.0, INF) is held


@pytest.mark.parametrize(
    ("text", "verdict", "reason"),
    [
        (
            "list.page.p99 < 12s",
            Verdict.INVALID,
            "only known to be at least 2s; 300 of 1,000 requests were cut when the load ended",
        ),
        (
            "list.page.p99 < 1s",
            Verdict.FAIL,
            "at least 2s is not below 1s; 300 of 1,000 requests were cut when the load ended",
        ),
        ("list.page.p50 < 12s", Verdict.PASS, ""),
        (
            "list.page.error_rate < 1%",
            Verdict.INVALID,
            "only known to be 0% to 30%; 300 of 1,000 requests were cut when the load ended",
        ),
    ],
)
def test_deletions_that_are_not_through_bound_what_is_asked_of_them(
    drill: JudgedDrill, tmp_path, text: str, verdict: Verdict, reason: str
) -> None:
    pages = (drill.load["series"] == 1) & within(drill.load, 27, 30)
    drill.load["outcome"][pages], drill.load["total_us"][pages] = Outcome.CUT, 2_000_000
    found = drill.asked(tmp_path, "recovery", text)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.at_least is (verdict is not Verdict.PASS)


def test_what_was_cut_is_counted_and_shown(drill: JudgedDrill, tmp_path) -> None:
    pages = (drill.load["series"] == 1) & within(drill.load, 27, 30)
    drill.load["outcome"][pages], drill.load["total_us"][pages] = Outcome.CUT, 2_000_000
    report = drill.judged(tmp_path)
    [row] = [row for row in report.load if (row.phase, row.name) == ("recovery", "list.page")]
    assert (row.requests, row.cut, row.errors) == (1000, 300, {})
    assert (row.latency_s["p50"], row.latency_s["p99"]) == (0.02, 2.0)
    assert row.at_least == ["p90", "p99", "p99.9", "max", "mean"]
    lines = list(sentences.load_lines(report))
    assert lines[1] == (
        "list.page: 2,500 requests, 0 failed, 300 cut at the end, p99 >= 2.00 s (in recovery)"
    )


def test_a_load_whose_every_request_fails_in_one_way_says_so(drill: JudgedDrill, tmp_path) -> None:
    lists = drill.lists(10, 20)
    drill.load["outcome"][lists], drill.load["total_us"][lists] = 404, 300
    why = (
        "each of 1,000 requests failed as http 404: the API knows of no such resource; "
        "is its CustomResourceDefinition installed?"
    )
    for text in ("list.p99 < 1s", "list.error_rate < 1%", "list.rate >= 9/s"):
        found = drill.asked(tmp_path / text[:10].replace("/", ""), "fault", text)
        assert found.verdict is Verdict.FAIL
        assert found.reason.endswith(why)
    drill.load["outcome"][np.flatnonzero(lists)[0]] = 503
    found = drill.asked(tmp_path / "two", "fault", "list.error_rate < 1%")
    assert found.reason == "100% is not below 1%"
