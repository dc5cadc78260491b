from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubedrill.reading.units import (
    UNITS,
    UnitError,
    format_bandwidth,
    format_duration,
    format_rate,
    format_share,
    format_size,
    parse_bandwidth,
    parse_duration,
    parse_quantity,
    parse_rate,
    parse_share,
    parse_size,
    show,
    show_as,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10.0),
        ("250ms", 0.25),
        ("1m30s", 90.0),
        ("1.5h", 5400.0),
        ("7us", 7e-6),
        ("0s", 0.0),
        (" 2m ", 120.0),
        ("0.1s", 0.1),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("10", '"10" is not a duration: 250ms, 10s, 1m30s'),
        ("10 s", '"10 s" is not a duration: 250ms, 10s, 1m30s; did you mean "10s"?'),
        ("ten", '"ten" is not a duration: 250ms, 10s, 1m30s'),
        ("-3s", '"-3s" is not a duration: 250ms, 10s, 1m30s'),
        ("3 days", '"3 days" is not a duration: 250ms, 10s, 1m30s'),
        ("1e3s", '"1e3s" is not a duration: 250ms, 10s, 1m30s'),
        ("9" * 400 + "s", f'"{"9" * 57}..." is not a duration: 250ms, 10s, 1m30s'),
        (
            "\u0661\u0660s",
            '"\u0661\u0660s" is not a duration: 250ms, 10s, 1m30s; write its digits as 0 to 9',
        ),
        (
            "\uff11\uff10s",
            '"\uff11\uff10s" is not a duration: 250ms, 10s, 1m30s; write its digits as 0 to 9',
        ),
        (
            "1,5s",
            '"1,5s" is not a duration: 250ms, 10s, 1m30s; write a decimal point, and no other separator',
        ),
        ("10s\x1b[2J", '"10s\\x1b[2J" is not a duration: 250ms, 10s, 1m30s'),
        ("", '"" is not a duration: 250ms, 10s, 1m30s'),
        (60, "60 has no unit; write 60s"),
        (1.5, "1.5 has no unit; write 1.5s"),
        (True, "must be text such as 10s"),
        (None, "must be text such as 10s"),
        (["10s"], "must be text such as 10s"),
    ],
)
def test_what_is_no_duration_says_what_is(value: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_duration(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "rate"), [("10/s", 10.0), ("600/m", 10.0), ("1.5/s", 1.5), ("36/h", 0.01)]
)
def test_rates(text: str, rate: float) -> None:
    assert parse_rate(text) == pytest.approx(rate, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("10", '"10" is not a rate: 10/s, 600/m'),
        ("10 per second", '"10 per second" is not a rate: 10/s, 600/m; did you mean "10/s"?'),
        ("10/d", '"10/d" is not a rate: 10/s, 600/m'),
        ("10ms", '"10ms" is not a rate: 10/s, 600/m'),
        (10, "10 has no unit; write 10/s"),
        (None, "must be text such as 10/s"),
    ],
)
def test_what_is_no_rate_says_what_is(value: object, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_rate(value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("99.9%", 0.999, "ratio"),
        ("250ms", 0.25, "s"),
        ("6MiB", 6 * 2**20, "bytes"),
        ("512kB", 512_000, "bytes"),
        ("5MB/s", 5e6, "bytes/s"),
        ("3", 3.0, "1"),
        ("1.5cpu", 1.5, "cpu"),
        ("10 ms", 0.01, "s"),
    ],
)
def test_quantities_are_exact_in_base_units(text: str, value: float, unit: str) -> None:
    quantity = parse_quantity(text)
    assert (quantity.value, quantity.unit) == (value, unit)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1furlong", 'unknown unit "furlong" in "1furlong"; known: %, /h, /m, /s, B,'),
        ("s", '"s" is not a number with a unit'),
        ("1.s", '"1.s" is not a number with a unit'),
        ("-1s", '"-1s" is not a number with a unit'),
        ("1 s s", '"1 s s" is not a number with a unit'),
    ],
)
def test_what_is_no_quantity(text: str, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *[
            ("1sec", "s"),
            ("1 seconds", "s"),
            ("5min", "m"),
            ("2hrs", "h"),
            ("7msec", "ms"),
            ("3\u00b5s", "us"),
        ],
        *[("1S", "s"), ("1MS", "ms"), ("10rps", "/s"), ("10 per second", "/s"), ("10/min", "/m")],
        *[
            ("1gb", "GB"),
            ("1KB", "kB"),
            ("1mib", "MiB"),
            ("512Mi", "MiB"),
            ("4G", "GB"),
            ("5mb/s", "MB/s"),
        ],
        *[("2cores", "cpu"), ("99percent", "%"), ("99\uff05", "%"), ("1mss", "ms")],
    ],
)
def test_what_people_write_for_a_unit(text: str, unit: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(text)
    assert str(caught.value).endswith(f'; did you mean "{unit}"?')


@pytest.mark.parametrize(
    ("read", "text", "meant"),
    [
        (parse_duration, "20sec", "20s"),
        (parse_duration, "1min30sec", "1m30s"),
        (parse_duration, "1 min 30 sec", "1m30s"),
        (parse_duration, "5M", "5m"),
        (parse_rate, "10rps", "10/s"),
        (parse_rate, "600 / minute", None),
        (parse_rate, "10/sec", "10/s"),
        (parse_duration, "-3sec", None),
    ],
)
def test_what_it_would_be_with_units_of_ours(
    read: Callable[[str], float], text: str, meant: str | None
) -> None:
    with pytest.raises(UnitError) as caught:
        read(text)
    assert ("did you mean" in str(caught.value)) == (meant is not None)
    assert meant is None or str(caught.value).endswith(f'; did you mean "{meant}"?')


@given(st.floats(min_value=0, max_value=1e9).filter(lambda x: x == 0 or x > 1e-9))
def test_a_formatted_duration_reads_back_exactly(seconds: float) -> None:
    seconds = round(seconds, 9)
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_a_formatted_rate_reads_back_exactly(rate: float) -> None:
    assert parse_rate(format_rate(rate)) == rate


@given(st.integers(min_value=1, max_value=10**12))
def test_a_formatted_size_reads_back_exactly(size: int) -> None:
    assert parse_size(format_size(float(size))) == size
    assert parse_bandwidth(format_bandwidth(float(size))) == size


@given(st.floats(min_value=0.001, max_value=1))
def test_a_formatted_share_reads_back_exactly(share: float) -> None:
    share = round(share, 6)
    assert parse_share(format_share(share)) == share


@pytest.mark.parametrize(
    ("size", "text"),
    [(5e9, "5GB"), (1.25e9, "1.25GB"), (2**20, "1.048576MB"), (1500, "1.5kB"), (7, "7B")],
)
def test_sizes_are_written_in_the_largest_unit(size: float, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("parse", "value", "message"),
    [
        (parse_size, 5, "5 has no unit; write 5MB"),
        (parse_size, "5s", '"5s" is not a size: 512kB, 6MiB'),
        (parse_bandwidth, "5MB", '"5MB" is not bytes a second: 5MiB/s'),
        (parse_share, "5/s", '"5/s" is not a share: 99.9%'),
        (parse_share, 0.5, "0.5 has no unit; write 0.5%"),
        (parse_size, True, "must be text such as 10MB"),
    ],
)
def test_what_is_of_another_unit_says_what_is_wanted(
    parse: Callable[[object], float], value: object, message: str
) -> None:
    with pytest.raises(UnitError) as caught:
        parse(value)
    assert str(caught.value) == message


@given(st.decimals(min_value=0, max_value=10**6, places=3), st.sampled_from(sorted(UNITS)))
def test_a_threshold_is_shown_as_it_was_written(number: Decimal, unit: str) -> None:
    text = f"{number:f}".rstrip("0").rstrip(".") + unit
    assert show_as(parse_quantity(text).value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "s", "0s"),
        (0.0712, "s", "71.2ms"),
        (0.00004, "s", "40us"),
        (12.3456, "s", "12.35s"),
        (0.9995, "ratio", "99.95%"),
        (5.6e6, "bytes", "5.6MB"),
        (5.6e9, "bytes/s", "5.6GB/s"),
        (999, "bytes", "999B"),
        (10, "1/s", "10/s"),
        (1.25, "cpu", "1.25cpu"),
        (3, "1", "3"),
    ],
)
def test_values_are_shown_as_people_read_them(value: float, unit: str, text: str) -> None:
    assert show(value, unit) == text
