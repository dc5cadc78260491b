"""Compare: the verdict for CI servers, `junit.xml`: a suite a phase, and one of the runs."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from kubedrill.compare import sentences
from kubedrill.compare.verdict import ComparisonReport, RelationResult
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

RUNS = "variants"
"""The suite of which each run is a case."""


def write(folder: RunFolder, report: ComparisonReport) -> Path:
    """Write `junit.xml` of a verdict and return its path."""
    phases = dict.fromkeys(relation.phase for relation in report.relations)
    suites = [
        _phase(report, phase, [known for known in report.relations if known.phase == phase])
        for phase in phases
    ]
    write_suites(folder.junit, report.experiment, [*suites, _runs(report), _validity(report)])
    return folder.junit


def _phase(report: ComparisonReport, phase: str, relations: Sequence[RelationResult]) -> ET.Element:
    made = _suite(report, phase)
    for relation in relations:
        added = case(made, f"{report.experiment}.{phase}", relation.text)
        tell(added, relation.verdict, relation.reason)
        rounds = "\n".join(
            f"round {number.round}: {sentences.compared(number, relation)}"
            for number in relation.rounds
        )
        ET.SubElement(added, "system-out").text = clean(f"{relation.words}\n{rounds}")
    return counted(made)


def _runs(report: ComparisonReport) -> ET.Element:
    made = _suite(report, RUNS)
    for play in report.plays:
        added = case(made, f"{report.experiment}.{RUNS}", play.name)
        tell(added, play.verdict, "\n".join(play.reasons))
    return counted(made)


def _validity(report: ComparisonReport) -> ET.Element:
    made = _suite(report, VALIDITY)
    trusted = case(made, f"{report.experiment}.{VALIDITY}", "the comparison can be trusted")
    if report.verdict is Verdict.INVALID:
        tell(trusted, Verdict.INVALID, "\n".join(report.reasons))
    return counted(made)


def _suite(report: ComparisonReport, name: str) -> ET.Element:
    known = {"run": report.run, "verdict": report.verdict.value, "claim": report.claim}
    return suite(name, 0.0, date_of(report.run), known)
