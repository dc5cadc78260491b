"""The commands for what drills leave: judge, report, heal."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from kubedrill.cli.actions import Tell, teller
from kubedrill.cli.parts import (
    INVALID,
    PARTLY,
    Done,
    Given,
    as_json,
    console,
    example,
    if_interrupted,
    reports_folder,
)
from kubedrill.errors import NotStarted

if TYPE_CHECKING:
    from kubedrill.record.folder import RunFolder
    from kubedrill.record.verdict import Judged

JudgedReport = TypeVar("JudgedReport", bound="Judged")

run_folder = click.argument(
    "run", metavar="RUN", type=click.Path(path_type=Path, exists=True, file_okay=False)
)


@click.command(epilog=example("kubedrill judge reports/etcd-member-kill/latest"))
@run_folder
@as_json
@click.option(
    "--slos",
    metavar="FILE",
    type=Given(),
    help="Judge by the objectives of this file, `slos:` alone, instead; writes beside, as verdict.FILE.json.",
)
def judge(run: Path, as_json: bool, slos: Path | None) -> int:
    """Judge a run again from its files alone, and write its reports.

    The exit code is the verdict's.
    """
    from kubedrill import judging
    from kubedrill.compare.record import variants_file
    from kubedrill.record.folder import RunFolder
    from kubedrill.report.console import print_verdict
    from kubedrill.report.files import write_all
    from kubedrill.suite.record import suite_file

    folder = RunFolder(run.resolve(), _name_of(slos) if slos else "")
    if suite_file(folder).exists():
        return _judge_suite(folder, slos, as_json)
    if variants_file(folder).exists():
        return _judge_comparison(folder, slos, as_json)
    report = judging.judge(folder, slos)
    unwritten = write_all(folder, report)
    return _judged(report, unwritten, lambda: print_verdict(report, folder, console()), as_json)


def _judged(
    report: "Judged", unwritten: Iterable[str], show: Callable[[], None], as_json: bool
) -> int:
    """Say which reports could not be written, and show the verdict."""
    for words in unwritten:
        click.echo(words, err=True)
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        show()
    return Done(report.verdict.exit_code)


def _judge_comparison(folder: "RunFolder", slos: Path | None, as_json: bool) -> int:
    """Judge all runs of a comparison, each from its files, and what relates them."""
    from kubedrill.compare.console import print_verdict
    from kubedrill.compare.judging import WRITERS, judge_all
    from kubedrill.report.files import write_all

    if slos is not None:
        raise NotStarted(f"{folder.path}: has several runs; judge one of them by other objectives")
    report, unwritten = judge_all(folder)
    unwritten = [*unwritten, *write_all(folder, report, WRITERS)]
    return _judged(report, unwritten, lambda: print_verdict(report, folder, console()), as_json)


def _judge_suite(folder: "RunFolder", slos: Path | None, as_json: bool) -> int:
    """Judge all drills of a suite, each from its files."""
    from kubedrill.report.files import write_all
    from kubedrill.suite.console import print_verdict
    from kubedrill.suite.judging import WRITERS, judge

    if slos is not None:
        raise NotStarted(f"{folder.path}: is a suite; judge one of its runs by other objectives")
    report = judge(folder)
    unwritten = write_all(folder, report, WRITERS)
    return _judged(report, unwritten, lambda: print_verdict(report, folder, console()), as_json)


def _name_of(slos: Path) -> str:
    """Return what is made by other objectives is called after."""
    return re.sub(r"[^\w-]+", "-", slos.stem).strip("-") or "slos"


@click.command(epilog=example("kubedrill report reports/etcd-member-kill/latest"))
@run_folder
@click.option(
    "--github",
    "experiment",
    metavar="FILE",
    type=Given(),
    help="In a step of GitHub Actions: write its summary, and annotate FILE, the experiment.",
)
def report(run: Path, experiment: Path | None) -> int:
    """Write report.html and junit.xml of a judged run again.

    Where its evidence is not what it was when the drill had ended, or its schedule not that of its
    experiment file, it is judged again first, and is INVALID: exit 2. Exit 1 if one of them could not
    be written.
    """
    from kubedrill import judging
    from kubedrill.compare.record import variants_file
    from kubedrill.record.folder import RunFolder
    from kubedrill.record.verdict import Report
    from kubedrill.report.files import write_all, write_reports
    from kubedrill.report.github import of_drill
    from kubedrill.suite.record import suite_file

    folder, tell = RunFolder(run.resolve()), teller(experiment)
    if suite_file(folder).exists():
        return _report_suite(folder)
    if variants_file(folder).exists():
        return _report_comparison(folder, run, tell)
    if changed := judging.changes(folder):
        anew = judging.judge(folder)
        return _changed([*changed, *write_all(folder, anew)], lambda: tell(of_drill(folder, anew)))
    found = _verdict(folder, run, Report)
    unwritten = write_reports(folder, found)
    tell(of_drill(folder, found))
    return _reported(folder, unwritten)


def _verdict(folder: "RunFolder", run: Path, kind: type["JudgedReport"]) -> "JudgedReport":
    """Read a run's verdict; NotStarted if it has none."""
    try:
        return kind.read(folder.verdict)
    except FileNotFoundError:
        raise NotStarted(f"{run}: has no verdict.json; run: kubedrill judge {run}") from None
    except (OSError, ValueError):
        message = f"{folder.verdict}: is no verdict; run: kubedrill judge {run}"
        raise NotStarted(message) from None


def _changed(words: Iterable[str], tell: Callable[[], None]) -> int:
    """Say what was changed since the drill had ended, of what was judged anew for it."""
    for line in words:
        click.echo(line, err=True)
    tell()
    return Done(INVALID)


def _reported(folder: "RunFolder", unwritten: list[str]) -> int:
    for words in unwritten:
        click.echo(words, err=True)
    for path in (folder.report, folder.junit):
        if path.is_file():
            click.echo(path)
    return Done(PARTLY if unwritten else 0)


def _report_suite(folder: "RunFolder") -> int:
    """As `report`, of a suite; each drill is judged from its files, and its own reports stay as they are."""
    from kubedrill.report.files import write_all
    from kubedrill.suite.judging import WRITERS, judge

    return _reported(folder, write_all(folder, judge(folder), WRITERS))


def _report_comparison(folder: "RunFolder", run: Path, tell: Tell) -> int:
    """As `report`, of a comparison; the reports of its runs stay as they are."""
    from kubedrill.compare.github import of_comparison
    from kubedrill.compare.judging import WRITERS, judge, stale
    from kubedrill.compare.verdict import ComparisonReport
    from kubedrill.report.files import write_all, write_reports

    if broken := stale(folder):
        anew = judge(folder)
        words = [*broken, *write_all(folder, anew, WRITERS)]
        return _changed(words, lambda: tell(of_comparison(folder, anew)))
    found = _verdict(folder, run, ComparisonReport)
    unwritten = write_reports(folder, found, WRITERS)
    tell(of_comparison(folder, found))
    return _reported(folder, unwritten)


@click.command(epilog=example("kubedrill heal"))
@reports_folder("Runs made elsewhere are known too.")
@click.option(
    "--acknowledge",
    "acknowledged",
    metavar="RUN",
    type=Given(),
    help="Say what stays behind of this run, which can never be undone, and forget it.",
)
@click.option(
    "--cluster",
    metavar="NAME",
    help="Undo what a drill has left in this adopted cluster that was run on another machine.",
)
def heal(reports: Path, acknowledged: Path | None, cluster: str | None) -> int:
    """Undo what is left of any drill that was killed.

    Exit 0 if nothing is left, 1 if something is.
    """
    from kubedrill.undo import heal as healing

    with if_interrupted("something may be left; do it again"):
        if cluster is not None:
            from kubedrill.undo.elsewhere import heal_cluster

            return Done(0 if heal_cluster(cluster, reports, click.echo) else PARTLY)
        if acknowledged is not None:
            healing.acknowledge(acknowledged, click.echo)
            return Done(0)
        healed = healing.heal(reports, click.echo)
    if healed == healing.Healed(undone=0, left=0):
        click.echo("nothing is left to undo")
    return Done(PARTLY if healed.left else 0)
