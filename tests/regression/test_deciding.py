"""From values to answers: what is BETTER, WORSE and SAME, and what the runs leave open."""

from collections.abc import Sequence

import pytest
from sets_of_runs import STEADY

from kubedrill.regression.deciding import FEWEST, Terms, decide, overall, too_few
from kubedrill.regression.margins import Margins
from kubedrill.regression.measures import Measure, RunValue
from kubedrill.regression.verdict import MeasureResult, Shift

P99 = Measure("baseline", "list.p99", "s", True)
RATE = Measure("baseline", "list.rate", "1/s", False)
READS = Measure("fault", "availability.reads", "ratio", False)
ELECTIONS = Measure("fault", "etcd.elections", "1", True)
OUTAGE = Measure("fault", "unavailable.longest", "s", True)
NOISY = (0.6, 1.5, 0.8, 1.3, 1.0, 0.7, 1.4, 1.1)


def result(
    measure: Measure,
    baseline: Sequence[float | None],
    candidate: Sequence[float | None],
    terms: Terms | None = None,
    at_least: tuple[bool, bool] = (False, False),
) -> MeasureResult:
    sides = (
        {measure: [RunValue(value, cut) for value in values]}
        for values, cut in zip((baseline, candidate), at_least, strict=True)
    )
    [found] = decide(*sides, terms or Terms())
    return found


def times(factor: float, values: Sequence[float] = STEADY) -> list[float]:
    return [factor * value for value in values]


ANSWERS = [
    (P99, times(1), times(1.2), Shift.WORSE),
    (P99, times(1), times(2), Shift.WORSE),
    (P99, times(1), times(1 / 1.2), Shift.BETTER),
    (P99, times(1), times(1.004), Shift.SAME),
    (P99, times(1), times(1.05), Shift.SAME),
    (P99, times(1), times(1.09), Shift.NOT_ENOUGH),
    (P99, times(1, NOISY), times(1, NOISY[::-1]), Shift.NOT_ENOUGH),
    (P99, times(1, NOISY), times(1.2, NOISY), Shift.NOT_ENOUGH),
    (RATE, times(100), times(80), Shift.WORSE),
    (RATE, times(100), times(120), Shift.BETTER),
    (RATE, [100.0] * 8, [100.0] * 8, Shift.SAME),
    (READS, [1.0] * 8, [0.98] * 8, Shift.WORSE),
    (READS, [1.0] * 8, [0.9995] * 8, Shift.SAME),
    (READS, [0.98] * 8, [1.0] * 8, Shift.BETTER),
    (ELECTIONS, [0.0] * 8, [0.0] * 8, Shift.SAME),
    (ELECTIONS, [1.0] * 8, [1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0], Shift.SAME),
    (ELECTIONS, [1.0] * 8, [3.0] * 8, Shift.WORSE),
    (OUTAGE, [0.0] * 8, [0.0] * 8, Shift.SAME),
    (OUTAGE, [0.0] * 8, times(1.2), Shift.WORSE),
    (OUTAGE, [0.0] * 7 + [0.1], [0.0] * 8, Shift.NOT_ENOUGH),
]


@pytest.mark.parametrize(("measure", "baseline", "candidate", "change"), ANSWERS)
def test_answers(measure: Measure, baseline: list[float], candidate: list[float], change) -> None:
    found = result(measure, baseline, candidate)
    assert found.change is change, found
    assert bool(found.reason) == (change is Shift.NOT_ENOUGH)


def test_the_effect_is_a_ratio_with_its_interval() -> None:
    found = result(P99, times(0.02), times(0.024))
    assert (found.scale, found.threshold) == ("ratio", 0.1)
    assert found.effect == pytest.approx(1.2)
    assert found.low is not None
    assert found.high is not None
    assert 1.18 < found.low < 1.2 < found.high < 1.22
    assert found.baseline_mean == pytest.approx(0.02, rel=0.001)


@pytest.mark.parametrize("factor", [1.0, 3.0])
@pytest.mark.parametrize("runs", range(1, FEWEST))
def test_few_runs_say_nothing_whatever_they_say(runs: int, factor: float) -> None:
    for sides in ((times(1)[:runs], times(factor)), (times(1), times(factor)[:runs])):
        found = result(P99, *sides)
        assert found.change is Shift.NOT_ENOUGH
        assert f"{runs} of the {FEWEST} runs" in found.reason


def test_what_was_not_measured_in_a_run_is_not_known() -> None:
    found = result(P99, times(1), [*times(1)[:7], None])
    assert (found.change, found.reason) == (
        Shift.NOT_ENOUGH,
        "not known in 1 of 8 runs of the candidate",
    )


@pytest.mark.parametrize(
    ("factor", "at_least", "change"),
    [
        (2.0, (False, True), Shift.WORSE),
        (2.0, (True, False), Shift.NOT_ENOUGH),
        (1.0, (False, True), Shift.NOT_ENOUGH),
        (0.5, (False, True), Shift.NOT_ENOUGH),
        (0.5, (True, False), Shift.NOT_ENOUGH),
    ],
)
def test_what_is_only_at_least_so_much(factor: float, at_least, change: Shift) -> None:
    assert result(P99, times(1), times(factor), at_least=at_least).change is change


@pytest.mark.parametrize(
    ("text", "factor", "change"),
    [
        ("25%", 1.2, Shift.SAME),
        ("list.p99=25%", 1.2, Shift.SAME),
        ("baseline: list.p99=25%", 1.2, Shift.SAME),
        ("list.p99=3%", 1.06, Shift.WORSE),
        ("list.p50=3%", 1.06, Shift.SAME),
    ],
)
def test_thresholds_are_ones_own(text: str, factor: float, change: Shift) -> None:
    terms = Terms(margins=Margins.read([text]))
    assert result(P99, times(1), times(factor), terms).change is change


def test_a_threshold_of_a_share_is_in_points() -> None:
    terms = Terms(margins=Margins.read(["availability.reads=3%"]))
    assert result(READS, [1.0] * 8, [0.98] * 8, terms).change is Shift.SAME


def test_many_measures_need_more_of_each_to_alarm() -> None:
    """What a measure alone would alarm for is, among 40, what chance does to some."""
    low, high = times(1), [*times(1.15)[:6], 1.0, 1.01]
    assert result(P99, low, high).change is Shift.WORSE
    others = [Measure("baseline", f"list{n}.p99", "s", True) for n in range(39)]
    sides = (
        {P99: [*map(RunValue, values)], **{each: [*map(RunValue, times(1))] for each in others}}
        for values in (low, high)
    )
    first, *rest = decide(*sides, Terms())
    assert first.change is Shift.NOT_ENOUGH
    assert "chance may have done it" in first.reason
    assert {each.change for each in rest} == {Shift.SAME}


def test_that_too_few_runs_could_never_alarm_is_said() -> None:
    assert too_few((5, 5), 6, Terms()) == ""
    assert too_few((8, 8), 30, Terms()) == ""
    words = too_few((5, 5), 7, Terms())
    assert words.startswith(
        "of 7 measures none alone can be told to be worse by 5 and 5 runs; 6 a side"
    )


@pytest.mark.parametrize(
    ("changes", "change"),
    [
        ("SAME SAME", Shift.SAME),
        ("SAME BETTER", Shift.BETTER),
        ("BETTER NOT_ENOUGH", Shift.NOT_ENOUGH),
        ("NOT_ENOUGH WORSE BETTER", Shift.WORSE),
        ("", Shift.NOT_ENOUGH),
    ],
)
def test_the_gravest_counts(changes: str, change: Shift) -> None:
    usual = result(P99, times(1), times(1))
    results = [usual.model_copy(update={"change": Shift[name]}) for name in changes.split()]
    assert overall(results) is change


def test_what_is_known_is_no_alarm_and_hides_none() -> None:
    worse = result(P99, times(1), times(2))
    known = worse.model_copy(update={"acknowledged": "wanted"})
    same, unclear = result(P99, times(1), times(1)), result(P99, times(1), times(1.09))
    assert overall([known, same]) is Shift.KNOWN
    assert overall([known, worse]) is Shift.WORSE
    assert overall([known, unclear]) is Shift.NOT_ENOUGH
