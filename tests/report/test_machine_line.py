"""The line on the machine: its figures beside the reference machine's, what was waited for, who shares it."""

import json
from typing import Any

import pytest
from judged_drill import JudgedDrill
from judged_scrapes import CALIBRATION

from kubedrill.judge import judge
from kubedrill.record.machine import Calibration
from kubedrill.report import html, machine


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ({}, []),
        (
            {"waited_s": 6.2, "flushed_bytes": 812_000_000},
            ["waited 6.20 s for 812 MB that were not yet on the disk; 1.0 MB are left"],
        ),
        (
            {"shared": True},
            ["shared on purpose (KUBEDRILL_SHARED_MACHINE): what others take of it is not judged"],
        ),
    ],
)
def test_its_figures_stand_beside_the_reference_machines(
    said: dict[str, Any], lines: list[str]
) -> None:
    first = "2 cores; work 25 ms CPU (23 ms on the reference machine); fsync p99 2 ms in reports (0.5 ms); "
    calibration = Calibration.model_validate_json(json.dumps({**CALIBRATION, **said}))
    assert list(machine.lines(calibration)) == [f"{first}others 1% of the CPU", *lines]


def test_a_quota_is_said() -> None:
    calibration = Calibration.model_validate_json(json.dumps({**CALIBRATION, "cpus": 1.2}))
    assert machine.in_words(calibration).startswith("a CPU quota of 1.2 of 2 cores; work 25 ms CPU")


def test_the_report_has_it(tmp_path) -> None:
    folder = JudgedDrill().write(tmp_path)
    page = html.write(folder, judge(folder)).read_text()
    assert "work 25 ms CPU (23 ms on the reference machine)" in page
