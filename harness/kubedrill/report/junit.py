"""Report: the verdict for CI servers, `junit.xml`: a suite a phase, a case an objective."""

import re
from collections.abc import Mapping, Sequence
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
    suites = []
    for phase in sentences.phases_asked(report):
        objectives = [objective for objective in report.objectives if objective.phase == phase]
        if objectives:
            suites.append(_phase(report, phase, objectives))
    if report.plan:
        suites.append(_plan(report))
    write_suites(folder.junit, report.experiment, [*suites, _validity(report)])
    return folder.junit


def write_suites(path: Path, name: str, suites: Sequence[ET.Element]) -> None:
    """Write suites that are `counted` as one file."""
    root = ET.Element("testsuites", name=clean(name))
    root.extend(suites)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.attrib[key]) for suite in root)))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    write_whole(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')


def _phase(report: Report, phase: str, objectives: list[ObjectiveResult]) -> ET.Element:
    begun = next((known for known in report.phases if known.name == phase), None)
    length_s = (begun.end - begun.start) / 1e9 if begun else 0.0
    made = _suite(report, phase, length_s, begun.date if begun else date_of(report.run))
    for objective in objectives:
        added = case(made, f"{report.experiment}.{phase}", objective.text)
        tell(added, objective.verdict, objective.reason)
        shown = f"{objective.words}\nmeasured: {sentences.measured(objective)}"
        ET.SubElement(added, "system-out").text = clean(shown)
    return counted(made)


def _plan(report: Report) -> ET.Element:
    made = _suite(report, "plan", 0.0, date_of(report.run))
    for step in report.plan:
        added = case(made, f"{report.experiment}.plan", step.name)
        tell(added, step.verdict, step.reason)
        ET.SubElement(added, "system-out").text = clean(f"{step.does}\n{step.proof}")
    return counted(made)


def _validity(report: Report) -> ET.Element:
    length_s = sum(phase.end - phase.start for phase in report.phases) / 1e9
    date = report.phases[0].date if report.phases else date_of(report.run)
    made = _suite(report, VALIDITY, length_s, date)
    name = f"{report.experiment}.{VALIDITY}"
    trusted = case(made, name, "the drill can be trusted")
    if report.verdict is Verdict.INVALID:
        tell(trusted, Verdict.INVALID, "\n".join(report.reasons))
    whole = case(made, name, "no abort condition held")
    if report.aborted:
        tell(whole, Verdict.FAIL, f"aborted: {report.aborted}")
    return counted(made)


def _suite(report: Report, name: str, length_s: float, date: str) -> ET.Element:
    versions = report.settings.get("versions", {})
    known = {"run": report.run, "verdict": report.verdict.value, "claim": report.claim, **versions}
    return suite(name, length_s, date, known)


def suite(name: str, length_s: float, date: str, known: Mapping[str, object]) -> ET.Element:
    """Return a suite without cases; `known` are its properties."""
    made = ET.Element("testsuite", name=clean(name), time=f"{length_s:.3f}", hostname="localhost")
    # The schema knows no fractions and no zone.
    made.set("timestamp", date[:19])
    properties = ET.SubElement(made, "properties")
    for key, value in known.items():
        ET.SubElement(properties, "property", name=clean(str(key)), value=clean(str(value)))
    return made


def date_of(run: str) -> str:
    """Return the date in a run's name, `20260131T120000Z`."""
    name = run.partition("-")[0]
    try:
        return datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).isoformat()
    except ValueError:
        return "1970-01-01T00:00:00"


def case(suite: ET.Element, classname: str, name: str) -> ET.Element:
    """Add a case to a suite."""
    return ET.SubElement(suite, "testcase", classname=clean(classname), name=clean(name), time="0")


def tell(case: ET.Element, verdict: Verdict, reason: str) -> None:
    """Say in a case what came of it; INVALID is an error, not a failure."""
    kind = {Verdict.FAIL: "failure", Verdict.INVALID: "error"}.get(verdict)
    if kind is None:
        return
    first = reason.partition("\n")[0]
    element = ET.SubElement(case, kind, type=verdict.value, message=clean(first))
    element.text = clean(reason)


def counted(suite: ET.Element) -> ET.Element:
    """Return a suite with its numbers, all cases being in it."""
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", "0")
    return suite


def clean(text: str) -> str:
    """Return a text as XML can hold it."""
    return _NOT_XML.sub("\ufffd", text)
