"""Report: the verdict for CI servers, `junit.xml`: a suite a phase, a case an objective."""

import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from kubedrill.record.files import write_whole
from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import ObjectiveResult, Report, Verdict
from kubedrill.report import sentences

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""

VALIDITY = "validity"
"""The suite that says whether the drill itself can be trusted, and came to its end."""


def write(folder: RunFolder, report: Report) -> Path:
    """Write `junit.xml` of a verdict and return its path."""
    root = ET.Element("testsuites", name=_clean(report.experiment))
    for phase in sentences.phases_asked(report):
        objectives = [objective for objective in report.objectives if objective.phase == phase]
        if objectives:
            root.append(_phase(report, phase, objectives))
    root.append(_validity(report))
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.attrib[key]) for suite in root)))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    write_whole(folder.junit, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')
    return folder.junit


def _phase(report: Report, phase: str, objectives: list[ObjectiveResult]) -> ET.Element:
    begun = next((known for known in report.phases if known.name == phase), None)
    length_s = begun.seconds if begun else 0.0
    suite = _suite(report, phase, length_s, begun.date if begun else _date_of(report.run))
    for objective in objectives:
        case = _case(suite, f"{report.experiment}.{phase}", objective.text)
        _result(case, objective.verdict, objective.reason)
        shown = f"{objective.words}\nmeasured: {sentences.measured(objective)}"
        ET.SubElement(case, "system-out").text = _clean(shown)
    return _counted(suite)


def _validity(report: Report) -> ET.Element:
    length_s = sum(phase.seconds for phase in report.phases)
    date = report.phases[0].date if report.phases else _date_of(report.run)
    suite = _suite(report, VALIDITY, length_s, date)
    name = f"{report.experiment}.{VALIDITY}"
    case = _case(suite, name, "the drill can be trusted")
    if report.verdict is Verdict.INVALID:
        _result(case, Verdict.INVALID, "\n".join(report.reasons))
    case = _case(suite, name, "no abort condition held")
    if report.aborted:
        _result(case, Verdict.FAIL, f"aborted: {report.aborted}")
    return _counted(suite)


def _suite(report: Report, name: str, length_s: float, date: str) -> ET.Element:
    suite = ET.Element("testsuite", name=_clean(name), time=f"{length_s:.3f}", hostname="localhost")
    # The schema knows no fractions and no zone.
    suite.set("timestamp", date[:19])
    properties = ET.SubElement(suite, "properties")
    versions = report.settings.get("versions", {})
    known = {"run": report.run, "verdict": report.verdict.value, "claim": report.claim, **versions}
    for key, value in known.items():
        ET.SubElement(properties, "property", name=_clean(str(key)), value=_clean(str(value)))
    return suite


def _date_of(run: str) -> str:
    """Return the date in a run's name, `20260131T120000Z`."""
    name = run.partition("-")[0]
    try:
        return datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).isoformat()
    except ValueError:
        return "1970-01-01T00:00:00"


def _case(suite: ET.Element, classname: str, name: str) -> ET.Element:
    return ET.SubElement(
        suite, "testcase", classname=_clean(classname), name=_clean(name), time="0"
    )


def _result(case: ET.Element, verdict: Verdict, reason: str) -> None:
    kind = {Verdict.FAIL: "failure", Verdict.INVALID: "error"}.get(verdict)
    if kind is None:
        return
    first = reason.partition("\n")[0]
    element = ET.SubElement(case, kind, type=verdict.value, message=_clean(first))
    element.text = _clean(reason)


def _counted(suite: ET.Element) -> ET.Element:
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", "0")
    return suite


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
