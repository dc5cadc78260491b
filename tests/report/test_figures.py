"""Values and units as people read them."""

import pytest

from kubedrill.report import figures


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (None, "s", "-"),
        (0.0, "s", "0 s"),
        (0.0712, "s", "71 ms"),
        (0.00712, "s", "7.1 ms"),
        (0.9996, "s", "1.00 s"),
        (3.0, "s", "3.00 s"),
        (160.2, "s", "160 s"),
        (5e-6, "s", "5.0 us"),
        (0.983, "ratio", "98.3 %"),
        (1.0, "ratio", "100 %"),
        (0.99999, "ratio", "99.999 %"),
        (0.0001, "ratio", "0.01 %"),
        (5.6e6, "bytes", "5.6 MB"),
        (999_999, "bytes", "1.0 MB"),
        (123, "bytes", "123 B"),
        (5.6e6, "bytes/s", "5.6 MB/s"),
        (1600, "1", "1,600"),
        (2.5, "1", "2.50"),
        (10.0, "1/s", "10.0/s"),
        (0.25, "cpu", "0.25 cores"),
        (123_456.0, "1/s", "123,456/s"),
    ],
)
def test_a_value_reads_as_people_write_it(value: float | None, unit: str, shown: str) -> None:
    assert figures.figure(value, unit) == shown


@pytest.mark.parametrize(
    ("value", "unit", "threshold"),
    [(0.97996, "ratio", 0.98), (2.9996, "s", 3.0), (0.25001, "s", 0.25), (9.996, "1/s", 10.0)],
)
def test_a_value_never_looks_like_the_threshold_it_is_not(
    value: float, unit: str, threshold: float
) -> None:
    shown = figures.figure(value, unit, apart_from=threshold)
    assert shown != figures.figure(threshold, unit)
    assert float(shown.split()[0].removesuffix("/s")) != threshold


def test_offsets_count_from_the_start() -> None:
    assert figures.offset(3_500_000_000, 1_000_000_000) == "+2.5 s"
    assert figures.offset(0, 1_000_000_000) == "-1.0 s"
    assert figures.offset(None, 0) == "-"
