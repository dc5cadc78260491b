"""Rates that change: what each shape means, what is wrong said with its line, and read back the same."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.errors import BadFile
from kubedrill.experiment import Experiment, to_yaml
from kubedrill.reading.arrivals import Arrivals

Read = Callable[..., Experiment]


@pytest.mark.parametrize(
    ("rate", "points"),
    [
        ("{ramp: {from: 1/s, to: 40/s, over: 2m}}", ((0, 1), (120, 40))),
        ("{ramp: {from: 0/s, to: 60/m, over: 1s}}", ((0, 0), (1, 1))),
        (
            "{steps: {rates: [5/s, 10/s, 20/s], each: 30s}}",
            ((0, 5), (30, 5), (30, 10), (60, 10), (60, 20)),
        ),
        ("{steps: {rates: [5/s], each: 30s}}", ((0, 5),)),
        (
            "{spike: {base: 2/s, peak: 30/s, at: 40s, for: 10s}}",
            ((0, 2), (40, 2), (40, 30), (50, 30), (50, 2)),
        ),
        ("{spike: {base: 2/s, peak: 30/s, at: 0s, for: 1s}}", ((0, 30), (1, 30), (1, 2))),
        ("{points: [[0s, 5/s], [500ms, 9/s]]}", ((0, 5), (0.5, 9))),
        ("{recorded: {file: day.csv}}", ((0, 3), (60, 12.5))),
        ("{recorded: {file: day.csv, scale: 2}}", ((0, 6), (60, 25))),
    ],
)
def test_shapes(
    reading: Read, small: str, rate: str, points: tuple[tuple[float, float], ...], tmp_path: Path
) -> None:
    (tmp_path / "day.csv").write_text("seconds,rate,comment\n1000,3,night\n1060,12.5,day\n")
    long = small.replace("fault: 20s", "fault: 2m")
    experiment = reading(long.replace("rate: 10/s", f"rate: {rate}"))
    assert experiment.loads[0].arrivals == Arrivals(points)
    again = reading(to_yaml(experiment))
    assert again.loads == experiment.loads


def test_spacing_and_bursts(reading: Read, small: str) -> None:
    more = "rate: 10/s\n    spacing: poisson\n    burst: 5"
    experiment = reading(small.replace("rate: 10/s", more))
    assert experiment.loads[0].arrivals == Arrivals(((0.0, 10.0),), "poisson", 5)
    assert reading(to_yaml(experiment)).loads == experiment.loads


SHAPES = "ramp, steps, spike, recorded, points"


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("{}", f"7: load[0].rate: needs one of {SHAPES}"),
        (
            "{points: [[0s, 1/s]], ramp: {from: 1/s, to: 2/s, over: 3s}}",
            f"7: load[0].rate: needs one of {SHAPES}",
        ),
        ("{ram: {}}", '7: unknown key "ram"; did you mean "ramp"?'),
        ("{ramp: {from: 1/s, over: 1s}}", '7: missing key "to" in load[0].rate.ramp'),
        ("{ramp: {frm: 1/s, to: 2/s, over: 1s}}", '7: unknown key "frm"; did you mean "from"?'),
        (
            "{ramp: {from: 1, to: 2/s, over: 1s}}",
            "7: load[0].rate.ramp.from: 1 has no unit; write 1/s",
        ),
        (
            "{ramp: {from: 0/s, to: 0/s, over: 1s}}",
            "7: load[0].rate: the rate is 0/s all the time",
        ),
        ("{steps: {rates: [], each: 1s}}", "7: load[0].rate.steps.rates must not be empty"),
        ("{points: [[1s, 1/s]]}", "7: load[0].rate: the first point of a rate must be at 0s"),
        (
            "{points: [[0s, 1/s], [9s, 1/s], [5s, 1/s]]}",
            "7: load[0].rate: the points of a rate must be in the order of time",
        ),
        ("{recorded: {file: none.csv}}", "none.csv: no such file"),
        (
            "{recorded: {file: bad.csv}}",
            'bad.csv:3: seconds and rate must be two numbers, and "fast" is none',
        ),
        (
            "{recorded: {file: less.csv}}",
            "less.csv:2: seconds and rate are numbers from 0 on, not -1",
        ),
        ("{recorded: {file: empty.csv}}", "empty.csv:1: has no rows"),
        ("[1/s]", "7: load[0].rate: must be text such as 10/s"),
        (
            "10/s\n    spacing: random",
            '8: load[0].spacing cannot be the text "random"; known: paced, poisson',
        ),
        ("10/s\n    burst: 0", "8: load[0].burst must be at least 1, not 0"),
    ],
)
def test_what_is_wrong(reading: Read, small: str, rate: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("seconds,rate\n0,1\n1,fast\n")
    (tmp_path / "less.csv").write_text("seconds,rate\n0,-1\n")
    (tmp_path / "empty.csv").write_text("seconds,rate\n")
    with pytest.raises(BadFile) as error:
        reading(small.replace("rate: 10/s", f"rate: {rate}"))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbfseconds,rate\r\n0,1\r\n60,2.5\r\n", None),
        (b'"rate","comment","seconds"\n"1","a, b","0"\n\n2,,60\n', None),
        (b"", "day.csv:1: is empty; its first line must name the columns seconds and rate"),
        (
            b"seconds;rate\n0;1\n",
            "day.csv:1: needs the columns seconds and rate, separated by commas, not by semicolons",
        ),
        (
            b"seconds\trate\n0\t1\n",
            "day.csv:1: needs the columns seconds and rate, separated by commas, not by tabs",
        ),
        (b"0,1\n60,2\n", "day.csv:1: needs the columns seconds and rate, not 0,1"),
        (
            b"seconds,rate,rate\n0,1,2\n",
            "day.csv:1: needs the columns seconds and rate, not seconds,rate,rate",
        ),
        (b"seconds,rate\n0,1,5\n", "day.csv:2: has 3 values, not 2; write decimals with a point"),
        (b"seconds,rate\n0\n", "day.csv:2: has 1 values, not 2"),
        (b"seconds,rate\n0,\n", 'day.csv:2: seconds and rate must be two numbers, and "" is none'),
        (
            b"seconds,rate\n0,nan\n",
            'day.csv:2: seconds and rate must be two numbers, and "nan" is none',
        ),
        (
            b"seconds,rate\n0,1e999\n",
            'day.csv:2: seconds and rate must be two numbers, and "1e999" is none',
        ),
        (
            "seconds,rate\n0,\u0661\n".encode(),
            'day.csv:2: seconds and rate must be two numbers, and "\u0661" is none',
        ),
        (
            b"seconds,rate\n0," + b"1" * 200_000,
            "day.csv:2: no CSV: field larger than field limit (131072)",
        ),
        (b'seconds,rate\n0,"1', "day.csv:2: no CSV: unexpected end of data"),
        (b"seconds,rate\n0,\xff\n", "day.csv:2: not UTF-8: byte 0xff at offset 15"),
        (b"seconds,rate\n0,1\n9,999999\n", "the rate must be at most 100000/s, not 999999/s"),
        (b"seconds,rate\n9,1\n0,2\n", "the points of a rate must be in the order of time"),
        (b"#" * (17 * 1024 * 1024), "day.csv:1: larger than 16,384 KiB; no such file of ours is"),
    ],
)
def test_recorded_series(
    reading: Read, small: str, tmp_path: Path, content: bytes, said: str | None
) -> None:
    (tmp_path / "day.csv").write_bytes(content)
    recorded = small.replace("rate: 10/s", "rate: {recorded: {file: day.csv}}")
    if said is None:
        assert reading(recorded).loads[0].arrivals.points[0] == (0, 1)
        return
    with pytest.raises(BadFile) as error:
        reading(recorded)
    assert "x.yaml:7: load[0].rate: " in str(error.value)
    assert said in str(error.value)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("/dev/zero", "/dev/zero: is a device, not a file"),
        ("pipe", "pipe: is a pipe, not a file"),
        (".", "is a directory; name one of the files in it"),
        ("x" * 1000, "cannot be read: File name too long"),
        ("x" * 1001, "load[0].rate.recorded.file must have at most 1000 characters, not 1001"),
    ],
)
def test_a_recorded_series_is_a_file(
    reading: Read, small: str, tmp_path: Path, file: str, said: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadFile) as error:
        reading(small.replace("rate: 10/s", f"rate: {{recorded: {{file: {file}}}}}"))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ("[[0s]]", "load[0].rate.points[0] must have 2 in it, not 1"),
        ("[[]]", "load[0].rate.points[0] must have 2 in it, not 0"),
        ("[[0s, 1/s, 2/s]]", "load[0].rate.points[0] must have at most 2 in it, not 3"),
        ("[0s]", 'load[0].rate.points[0] must be a list, not the text "0s"'),
    ],
)
def test_points_are_pairs(reading: Read, small: str, points: str, said: str) -> None:
    with pytest.raises(BadFile) as error:
        reading(small.replace("rate: 10/s", f"rate: {{points: {points}}}"))
    assert f"x.yaml:7: {said}" in str(error.value)


def test_a_closed_loop(reading: Read, small: str) -> None:
    closed = "closed_loop: {clients: 20, pause: 500ms}"
    experiment = reading(small.replace("rate: 10/s", closed))
    assert experiment.loads[0].arrivals == Arrivals.closed(20, 0.5)
    assert reading(to_yaml(experiment)).loads == experiment.loads


@pytest.mark.parametrize("keys", ["phases: []", "rate: 1/s\n    closed_loop: {clients: 1}"])
def test_open_or_closed(reading: Read, small: str, keys: str) -> None:
    with pytest.raises(BadFile, match="needs a rate, such as 10/s, or a closed_loop, not both"):
        reading(small.replace("rate: 10/s", keys))


@pytest.mark.parametrize("key", ["spacing: paced", "spacing: poisson", "burst: 1", "burst: 5"])
def test_a_closed_loop_has_no_times(reading: Read, small: str, key: str) -> None:
    with pytest.raises(BadFile, match="in a closed_loop answers do, leave it out"):
        reading(small.replace("rate: 10/s", f"closed_loop: {{clients: 1}}\n    {key}"))
