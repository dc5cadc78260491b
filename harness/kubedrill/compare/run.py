"""Compare: play all arms of an experiment, one drill after the other: `kubedrill run FILE`."""

from functools import partial
from pathlib import Path

from rich.console import Console
from rich.text import Text

from kubedrill import run as drills
from kubedrill.compare.arms import Arm, Comparison
from kubedrill.compare.console import print_verdict
from kubedrill.compare.judging import WRITERS, judge
from kubedrill.compare.order import Play
from kubedrill.compare.record import Variants, seal
from kubedrill.compare.verdict import ComparisonReport
from kubedrill.errors import NotStarted
from kubedrill.order import Leavings, Order, check_before, writing_to
from kubedrill.reading.yaml_nodes import dump
from kubedrill.record.folder import RunFolder
from kubedrill.record.verdict import Report
from kubedrill.report.files import asked_for, write_all
from kubedrill.scraped import check_told
from kubedrill.signals import Signals
from kubedrill.words import why_not


def run(
    comparison: Comparison, leaves: Leavings, console: Console, signals: Signals | None = None
) -> ComparisonReport:
    """Play every arm and return the verdict on all of them; NotStarted if nothing was started.

    Each play is a drill of its own. When one is ended by hand, or cannot be started, those after it are
    not played, and the comparison is INVALID.
    """
    signals = Signals()
    signals.install()
    check_all(comparison, leaves)
    folder = _open_folder(comparison, leaves.reports)
    variants, told = Variants.of(comparison), dict[Play, Report]()
    for number, play in enumerate(comparison.plays, 1):
        arm = comparison.arm(play.arm)
        heading = f"{number} of {len(comparison.plays)}: {play} ({arm.key}: {arm.written})"
        console.rule(Text(heading), style="dim")
        order = _order(comparison, arm, leaves, folder.path)
        try:
            told[play] = drills.run(order, console, signals)
        except NotStarted as error:
            if not told:
                folder.remove()
                raise
            variants = variants.not_played(f"{play} could not be started: {error}")
            break
        variants = variants.played(play, f"{arm.name}/{told[play].run}")
        variants.write(folder)
        if signals.received:
            variants = variants.not_played(f"interrupted by {signals.received}")
            break
    variants.write(folder)
    return conclude(folder, variants, told, leaves.page, console)


def conclude(
    folder: RunFolder, variants: Variants, told: dict[Play, Report], page: bool, console: Console
) -> ComparisonReport:
    """Close the evidence, judge it, write the reports, show the verdict."""
    if why := why_not(partial(seal, folder, variants)):
        console.print(f"manifest.json: not written: {why}", style="bold red")
    report = judge(folder, told)
    for unwritten in write_all(folder, report, asked_for(WRITERS, page)):
        console.print(unwritten, style="bold red")
    print_verdict(report, folder, console)
    return report


def check_all(comparison: Comparison, leaves: Leavings, *, begins: bool = True) -> None:
    """Check all that can be checked before the first play, as `check_before`; NotStarted names the arm."""
    for arm in comparison.arms:
        try:
            check_before(_order(comparison, arm, leaves), begins=begins)
        except NotStarted as error:
            raise NotStarted(f'arm "{arm.name}": {error}') from None
    for arm in comparison.arms:
        check_told(arm.experiment, arm.catalogue, comparison.related(arm.name))


def _order(comparison: Comparison, arm: Arm, leaves: Leavings, parent: Path | None = None) -> Order:
    return Order(comparison.file, arm.experiment, arm.catalogue, leaves, arm.name, parent)


def _open_folder(comparison: Comparison, reports: Path) -> RunFolder:
    """Make the comparison's folder; NotStarted if it cannot be written."""
    with writing_to(reports):
        folder = RunFolder.create_empty(reports.resolve(), comparison.file.stem)
        folder.experiment_yaml.write_text(dump(comparison.text), encoding="utf-8")
        Variants.of(comparison).write(folder)
    return folder
