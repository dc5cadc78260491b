"""junit.xml as CI servers read it."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from junitparser import JUnitXml, TestCase, TestSuite
from kept import unpack

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Report, Verdict
from kubedrill.report import junit


def suites(folder) -> dict[str, ET.Element]:
    root = ET.parse(junit.write(folder, Report.read(folder.verdict))).getroot()
    assert root.tag == "testsuites"
    for key in ("tests", "failures", "errors"):
        assert int(root.attrib[key]) == sum(int(suite.attrib[key]) for suite in root)
    return {suite.attrib["name"]: suite for suite in root}


def test_a_suite_a_phase_and_a_case_an_objective(drill) -> None:
    found = suites(drill())
    assert list(found) == ["baseline", "fault", "recovery", "validity"]
    names = [case.attrib["name"] for case in found["baseline"].findall("testcase")]
    assert names == ["list.p99 < 1s", "probe.failed == 0"]
    assert found["fault"].attrib["time"] == "60.000"
    assert found["fault"].attrib["timestamp"] == "2026-01-31T12:00:00"
    assert not any(suite.findall("testcase/failure") for suite in found.values())


def test_fail_is_a_failure_and_invalid_an_error_each_with_its_reason(drill) -> None:
    found = suites(
        drill(
            measured={
                "fault": {"availability.writes >= 95%": 0.9341},
                "recovery": {"list.error_rate < 0.1%": None},
            }
        )
    )
    failure = found["fault"].find("testcase/failure")
    assert failure is not None
    assert failure.attrib == {"type": "FAIL", "message": "0.9341 is not >= the threshold"}
    error = found["recovery"].find("testcase/error")
    assert error is not None
    assert error.text == "no samples in this phase"
    assert (found["fault"].attrib["failures"], found["recovery"].attrib["errors"]) == ("1", "1")


def test_a_drill_that_cannot_be_trusted_is_an_error_of_its_own(drill) -> None:
    found = suites(drill(invalid=("interrupted by SIGINT at +130.0 s",)))
    error = found["validity"].find("testcase/error")
    assert error is not None
    assert error.attrib["message"] == "interrupted by SIGINT at +130.0 s"


def test_an_aborted_drill_is_never_all_green(drill) -> None:
    folder = drill()
    report = Report.read(folder.verdict)
    aborted = {
        "verdict": Verdict.FAIL,
        "reasons": ["aborted: availability < 50% for 3s"],
        "aborted": "availability < 50% for 3s",
        "phases": report.phases[:2],
    }
    report.model_copy(update=aborted).write(folder.verdict)
    found = suites(folder)
    assert list(found) == ["baseline", "fault", "recovery", "validity"], "also what never began"
    assert found["recovery"].attrib["time"] == "0.000"
    [failure] = found["validity"].findall("testcase/failure")
    assert failure.attrib["message"] == "aborted: availability < 50% for 3s"


def test_a_drill_that_was_not_aborted_passes_that_case(drill) -> None:
    cases = suites(drill())["validity"].findall("testcase")
    names = [case.attrib["name"] for case in cases]
    assert names == ["the drill can be trusted", "no abort condition held"]
    assert [len(case) for case in cases] == [0, 0]


def test_the_verdict_and_the_versions_are_properties(drill) -> None:
    properties = {
        element.attrib["name"]: element.attrib["value"]
        for element in suites(drill())["fault"].findall("properties/property")
    }
    assert properties["verdict"] == "PASS"
    assert properties["kubernetes"] == "v1.37.2"


def test_characters_that_xml_cannot_hold_are_replaced(drill) -> None:
    found = suites(drill(invalid=("bell \x07, null \x00, <tag> & \ufffe",)))
    error = found["validity"].find("testcase/error")
    assert error is not None
    assert error.text == "bell \ufffd, null \ufffd, <tag> & \ufffd"


KEPT = Path(__file__).parents[1] / "judge" / "kept"
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors"},
    "testsuite": {
        *("name", "timestamp", "hostname", "time"),
        *("tests", "failures", "errors", "skipped"),
    },
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "system-out": set(),
}
"""What Jenkins' schema (junit-10.xsd) lets an element have, of what we write."""
WITHIN = {
    "testsuites": ["testsuite"],
    "testsuite": ["properties", "testcase"],
    "properties": ["property"],
    "testcase": ["failure", "error", "system-out"],
}
"""What it lets stand in it, in this order."""


def elements(top: ET.Element) -> Iterator[ET.Element]:
    return (element for element in top.iter() if isinstance(element.tag, str))


@pytest.mark.parametrize(
    ("name", "failures", "errors"), [("member-lost", 0, 0), ("too-slow", 2, 0), ("let-go", 1, 1)]
)
def test_readers_take_it_of_real_runs(
    name: str, failures: int, errors: int, tmp_path: Path
) -> None:
    unpack(KEPT / f"{name}.tar.xz", tmp_path)
    [run] = (tmp_path / name).iterdir()
    report = Report.read(run / "verdict.json")
    file = junit.write(RunFolder(run), report)
    read = JUnitXml.fromfile(str(file))
    suites = [suite for suite in read if isinstance(suite, TestSuite)]
    cases = [case for suite in suites for case in suite if isinstance(case, TestCase)]
    assert (read.tests, read.failures, read.errors) == (len(cases), failures, errors)
    assert len(cases) == len(report.objectives) + 2
    told = [result.type for case in cases for result in case.result]
    assert sorted(told) == sorted(["FAIL"] * failures + ["INVALID"] * errors)
    read.update_statistics()
    assert (read.tests, read.failures, read.errors) == (len(cases), failures, errors)
    for element in elements(ET.parse(file).getroot()):
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        order = [WITHIN[element.tag].index(child.tag) for child in element]
        assert order == sorted(order)
