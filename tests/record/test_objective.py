import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubedrill.record.metric import METRICS
from kubedrill.record.objective import (
    OPERATORS,
    ObjectiveError,
    check,
    holds,
    parse,
)
from kubedrill.record.series import BUILT_IN, find_series, reserved, spelled
from kubedrill.record.wording import words

EVENTUALLY = "and a limit after them: eventually(etcd.healthy_members == 3) within 10s"
UNIT_OF = {
    "s": "ms",
    "ratio": "%",
    "bytes": "MiB",
    "bytes/s": "kB/s",
    "1": "",
    "1/s": "/s",
    "cpu": "cpu",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("list.p99 < 1s", ("list", "p99", "<", 1.0, "s")),
        ("list.p99.9<=250ms", ("list", "p99.9", "<=", 0.25, "s")),
        ("  list.error_rate  <  0.1% ", ("list", "error_rate", "<", 0.001, "ratio")),
        ("list.rate >= 9.9/s", ("list", "rate", ">=", 9.9, "1/s")),
        ("my-list.count == 7", ("my-list", "count", "==", 7.0, "1")),
        ("probe.failed == 0", ("probe", "failed", "==", 0.0, "1")),
        ("probe.read.p99 < 1s", ("probe.read", "p99", "<", 1.0, "s")),
        ("availability >= 99.95%", ("availability", None, ">=", 0.9995, "ratio")),
        ("availability.writes >= 95%", ("availability.writes", None, ">=", 0.95, "ratio")),
        ("unavailable.longest < 3s", ("unavailable", "longest", "<", 3.0, "s")),
        ("fault.time_to_detect < 5s", ("fault.time_to_detect", None, "<", 5.0, "s")),
        ("etcd.healthy_members == 3", ("etcd.healthy_members", None, "==", 3.0, "1")),
        ("etcd.healthy_members.min >= 2", ("etcd.healthy_members", "min", ">=", 2.0, "1")),
        ("etcd.elections == 0", ("etcd.elections", "count", "==", 0.0, "1")),
        ("etcd.fsync.p99 < 10ms", ("etcd.fsync", "p99", "<", 0.01, "s")),
        ("apiserver.cpu < 2m", ("apiserver.cpu", "count", "<", 120.0, "s")),
        ("my-list.cpu.rate < 1.5cpu", ("my-list.cpu", "rate", "<", 1.5, "cpu")),
        ("apiserver.cpu.rate < 1.5cpu", ("apiserver.cpu", "rate", "<", 1.5, "cpu")),
        ("apiserver.rss < 2GiB", ("apiserver.rss", None, "<", 2.0**31, "bytes")),
        (
            "controller-manager.restarts == 0",
            ("controller-manager.restarts", "count", "==", 0.0, "1"),
        ),
        ("staleness.max < 2s", ("staleness", "max", "<", 2.0, "s")),
        ("availability.apiserver-b >= 50%", ("availability.apiserver-b", None, ">=", 0.5, "ratio")),
    ],
)
def test_what_an_objective_says(text: str, expected: tuple[object, ...]) -> None:
    objective = parse(text)
    check(objective, ["list", "my-list"])
    assert expected == (
        objective.series,
        objective.statistic,
        objective.operator,
        objective.threshold,
        objective.unit,
    )
    assert objective.eventually_s is None
    assert objective.text == text.strip()


def test_eventually_has_a_limit() -> None:
    objective = parse("eventually(etcd.healthy_members == 3) within 1m30s")
    check(objective, [])
    assert (objective.series, objective.threshold, objective.eventually_s) == (
        "etcd.healthy_members",
        3.0,
        90.0,
    )
    assert objective.text == "eventually(etcd.healthy_members == 3) within 1m30s"


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", '"" has no series; write it as list.p99 < 1s', 1),
        ("< 1s", '"< 1s" has no series; write it as list.p99 < 1s', 1),
        ("list.p99", 'no operator after "list.p99"; known: < <= > >= ==', 9),
        ("list.p99 1s", 'no operator after "list.p99"; known: < <= > >= ==', 10),
        *[
            (f"list.p99 {written} 1s", f'unknown operator "{written}"; write {meant}', 10)
            for written, meant in (
                ("=>", ">="),
                ("=", "=="),
                ("=<", "<="),
                ("\u2264", "<="),
                ("\u2265", ">="),
                ("\uff1c", "<"),
                ("\uff1e", ">"),
                ("\uff1c\uff1d", "<="),
                ("\uff1d", "=="),
            )
        ],
        ("list.p99 \u2013 1s", 'unknown operator "\u2013"; known: < <= > >= ==', 10),
        ("list.p99 <> 1s", 'unknown operator "<>"; known: < <= > >= ==', 10),
        ("list.p99 != 1s", 'unknown operator "!="; known: < <= > >= ==', 10),
        (
            "list.p99 < ",
            '"" is not a number with a unit, such as 250ms, 99.9%, 10/s, 6MiB',
            12,
        ),
        (
            "list.p99 < 1s or so",
            '"1s or so" is not a number with a unit, such as 250ms, 99.9%, 10/s, 6MiB',
            12,
        ),
        (
            "eventually(etcd.healthy_members == 3)",
            "eventually(...) needs a limit: eventually(...) within 10s",
            37,
        ),
        (
            "eventually(etcd.healthy_members == 3) within 10",
            '"10" is not a duration: 250ms, 10s, 1m30s',
            46,
        ),
        ("eventually(etcd.healthy_members 3) within 10s", None, 33),
        *[
            (f"eventually{rest}", f"eventually(...) needs both brackets, {EVENTUALLY}", column)
            for rest, column in (
                ("(etcd.healthy_members == 3", 37),
                ("(etcd.healthy_members == 3 within 10s", 48),
                (" etcd.healthy_members == 3 within 10s", 12),
                ("(etcd.healthy_members == 3)) within 10s", 50),
                ("", 11),
            )
        ],
        (
            "eventually(etcd.healthy_members == 3) within 0s",
            "within 0s is from the phase's begin on; leave eventually(...) out, or give it time",
            46,
        ),
        (
            f"list.p99 < {'1' * 190}s",
            f'"list.p99 < {"1" * 46}..." is longer than 200 characters',
            200,
        ),
        (f"{' ' * 200_000}list.p99 < 1s", None, 200),
    ],
)
def test_what_is_no_objective(text: str, message: str | None, column: int) -> None:
    with pytest.raises(ObjectiveError) as caught:
        parse(text)
    assert caught.value.column == column
    assert message is None or str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("list.p99 < 1", "list.p99 takes a duration: 250ms, 10s, 1m30s; write 1s"),
        ("list.p99 < 1%", 'list.p99 takes a duration: 250ms, 10s, 1m30s; not "%"'),
        ("availability >= 98", "availability takes a share: 99.9%; write 98%"),
        ("availability >= 0.98", "availability takes a share: 99.9%; write 98%"),
        ("list.rate >= 10", "list.rate takes a rate: 10/s, 600/m; write 10/s"),
        ("probe.failed == 0%", 'probe.failed takes a plain number: 3; not "%"'),
        (
            "apiserver.cpu < 1cpu",
            'apiserver.cpu takes a duration: 250ms, 10s, 1m30s; not "cpu"; apiserver.cpu.rate takes it',
        ),
        (
            "apiserver.cpu.count < 3",
            "apiserver.cpu.count takes a duration: 250ms, 10s, 1m30s; write 3s",
        ),
        ("etcd.elections.rate < 1%", 'etcd.elections.rate takes a rate: 10/s, 600/m; not "%"'),
        ("x" * 150 + " < 1s", 'unknown series "' + "x" * 57 + '..."; known: '),
        ("apiserver.rss < 1s", 'apiserver.rss takes a size: 512kB, 6MiB; not "s"'),
        (
            "list < 1s",
            "list needs a statistic: p50, p90, p95, p99, p99.9, max, mean, rate, error_rate, count",
        ),
        ("list.cpu < 1s", "list.cpu needs a statistic: count, rate"),
        ("list.page.cpu.rate < 1cpu", 'unknown series "list.page.cpu.rate"'),
        ("list.p98 < 1s", 'list has no "p98"; did you mean "p99"?'),
        ("list.longest < 1s", 'list has no "longest"; known: count, error_rate, max, mean, '),
        ("availability.p99 > 1%", 'availability takes no statistic; drop ".p99"'),
        ("lst.p99 < 1s", 'unknown series "lst.p99"; did you mean "list"?'),
        ("list.p9 < 1s", 'list has no "p9"; did you mean "p99"?'),
        ("list.maxx < 1s", 'unknown series "list.maxx"; did you mean "list.max"?'),
        ("availability.reeds > 1%", 'unknown series "availability.reeds"; did you mean '),
        (
            "etcd.helthy_members == 3",
            'unknown series "etcd.helthy_members"; did you mean "etcd.healthy_members"?',
        ),
        ("availability.apiserver- > 1%", 'unknown series "availability.apiserver-"'),
        (
            "eventually(list.p99 < 1s) within 10s",
            "eventually(...) is for gauges, such as etcd.healthy_members; list is none",
        ),
        (
            "eventually(etcd.elections == 1) within 10s",
            "eventually(...) is for gauges, such as etcd.healthy_members; etcd.elections is none",
        ),
    ],
)
def test_series_statistic_and_unit_must_fit(text: str, message: str) -> None:
    with pytest.raises(ObjectiveError) as caught:
        check(parse(text), ["list", "list.page"])
    assert str(caught.value).startswith(message)


def test_a_load_that_is_not_there_is_no_series() -> None:
    with pytest.raises(ObjectiveError, match=r'unknown series "list\.p99"; known: apiserver'):
        check(parse("list.p99 < 1s"), [])


@given(
    st.sampled_from(spelled(["list", "other-load"])),
    st.sampled_from(sorted(OPERATORS)),
    st.integers(0, 10**6),
)
def test_everything_that_may_be_measured_parses_checks_and_reads_in_words(
    left: str, operator: str, number: int
) -> None:
    loads = ["list", "other-load"]
    name = left
    series = find_series(name, loads)
    if series is None:
        name, statistic = re.fullmatch(r"(.+?)\.(p99\.9|[^.]+)", left).groups()
        series = find_series(name, loads)
        assert series is not None
        unit = series.statistics[statistic]
    else:
        unit = series.statistics[None]
    number = number % 101 if unit == "ratio" else number
    text = f"{left} {operator} {number}{UNIT_OF[unit]}"
    objective = parse(text)
    check(objective, loads)
    assert parse(objective.text) == objective
    sentence = words(objective, "baseline")
    assert sentence.startswith("In baseline, ")
    assert f"{number}{UNIT_OF[unit]}" in sentence
    assert OPERATORS[operator][1] in sentence


def test_the_cpu_of_a_load_in_words() -> None:
    said = words(parse("list.cpu.rate < 0.5cpu"), "baseline")
    assert said == (
        "In baseline, the rate of list.cpu (the CPU that the load list's own processes use) is "
        "below 0.5cpu."
    )


@given(st.text(max_size=40))
def test_any_text_parses_or_says_why_not(text: str) -> None:
    try:
        said, column = parse(text).text, 1
    except ObjectiveError as error:
        said, column = str(error), error.column
    assert said
    assert 1 <= column <= max(len(text), 1) + 1


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
        ("==", False, True, False),
    ],
)
def test_what_holds(operator: str, below: bool, equal: bool, above: bool) -> None:
    objective = parse(f"list.p99 {operator} 99.9%")
    assert [holds(objective, value) for value in (0.998, 0.999, 0.9991)] == [below, equal, above]


def test_not_a_number_meets_no_threshold() -> None:
    for operator in OPERATORS:
        assert not holds(parse(f"list.p99 {operator} 1s"), float("nan"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "list.p99 < 1s",
            "In fault, the 99th percentile of the latency of the load list is below 1s.",
        ),
        (
            "eventually(etcd.healthy_members == 3) within 10s",
            (
                "In fault, etcd.healthy_members (members whose /health says true, asked every second) is "
                "exactly 3 within 10s and stays so until the phase ends."
            ),
        ),
        (
            "etcd.healthy_members >= 2",
            (
                "In fault, etcd.healthy_members (members whose /health says true, asked every second) is "
                "at least 2, at every scrape."
            ),
        ),
        (
            "unavailable.longest < 3000ms",
            (
                "In fault, the longest outage in which no probe through the load balancer was answered "
                "is below 3000ms."
            ),
        ),
        (
            "etcd.elections <= 1",
            "In fault, etcd.elections (leader changes that a member saw) over the phase is at most 1.",
        ),
    ],
)
def test_an_objective_in_words(text: str, sentence: str) -> None:
    assert words(parse(text), "fault") == sentence


def test_a_multiple_of_an_even_share_need_not_be_whole() -> None:
    check(parse("list.spread >= 1.4"), ["list"])


def test_no_load_can_hide_a_built_in_series() -> None:
    for name in (*BUILT_IN, *METRICS):
        assert name.partition(".")[0] in reserved()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("availability >= 101%", "a share is at most 100%"),
        ("list.error_rate < 100.1%", "a share is at most 100%"),
        ("etcd.elections == 0.5", "is a whole number"),
        ("etcd.healthy_members >= 2.5", "is a whole number"),
        ("probe.failed <= 0.1", "is a whole number"),
    ],
)
def test_a_threshold_that_no_measurement_has(text: str, said: str) -> None:
    with pytest.raises(ObjectiveError, match=said):
        check(parse(text), ["list"])
