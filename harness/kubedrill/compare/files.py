"""Compare: the files made of a comparison's verdict, each written whatever becomes of the others."""

from functools import partial

from kubedrill.compare import html, junit
from kubedrill.compare.verdict import ComparisonReport
from kubedrill.record.folder import RunFolder
from kubedrill.report.files import written


def write_all(folder: RunFolder, report: ComparisonReport) -> list[str]:
    """Write `verdict.json`, and its reports; return in words what could not be written."""
    verdict = written(folder.verdict, partial(report.write, folder.verdict))
    return [*filter(None, [verdict]), *write_reports(folder, report)]


def write_reports(folder: RunFolder, report: ComparisonReport) -> list[str]:
    """Write `report.html` and `junit.xml` of a verdict; return in words what could not be written."""
    writers = {folder.report: html.write, folder.junit: junit.write}
    words = (written(path, partial(write, folder, report)) for path, write in writers.items())
    return [*filter(None, words)]
