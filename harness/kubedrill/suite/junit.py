"""Suite: the verdict for CI servers, `junit.xml`: a case a drill, and one for the suite's own end."""

from pathlib import Path
from xml.etree import ElementTree as ET

from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Verdict
from kubedrill.report.junit import (
    VALIDITY,
    case,
    clean,
    counted,
    date_of,
    suite,
    tell,
    write_suites,
)
from kubedrill.suite.verdict import SuiteDrillResult, SuiteReport

DRILLS = "drills"
"""The suite, as JUnit has the word, of which each drill is a case."""


def write(folder: RunFolder, report: SuiteReport) -> Path:
    """Write `junit.xml` of a verdict and return its path."""
    made = _suite(report, DRILLS)
    for drill in report.drills:
        _add(made, report, drill)
    write_suites(folder.junit, report.experiment, [_counted(made), _validity(report)])
    return folder.junit


def _add(made: ET.Element, report: SuiteReport, drill: SuiteDrillResult) -> None:
    added = case(made, f"{report.experiment}.{DRILLS}", drill.name)
    if drill.verdict is not None:
        tell(added, drill.verdict, "\n".join(drill.reasons))
    elif drill.word in ("skipped", "not played"):
        ET.SubElement(added, "skipped", message=clean(f"{drill.word}: {drill.why}"))
    else:
        tell(added, Verdict.INVALID, drill.why)
    ET.SubElement(added, "system-out").text = clean(drill.run or drill.word)


def _counted(made: ET.Element) -> ET.Element:
    counted(made).set("skipped", str(len(made.findall("testcase/skipped"))))
    return made


def _validity(report: SuiteReport) -> ET.Element:
    made = _suite(report, VALIDITY)
    whole = case(made, f"{report.experiment}.{VALIDITY}", "the suite came to its end")
    words = {drill.word for drill in report.drills}
    if not report.drills or {"not played", "killed"} & words:
        tell(whole, Verdict.INVALID, "\n".join(report.reasons))
    return counted(made)


def _suite(report: SuiteReport, name: str) -> ET.Element:
    known = {"run": report.run, "verdict": report.verdict.value}
    return suite(name, 0.0, date_of(report.run), known)
