"""The commands for what drills leave: judge, report, heal."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
    for unwritten in write_all(folder, report):
        click.echo(unwritten, err=True)
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        print_verdict(report, folder, console())
    return Done(report.verdict.exit_code)


def _judge_comparison(folder: "RunFolder", slos: Path | None, as_json: bool) -> int:
    """Judge all runs of a comparison, each from its files, and what relates them."""
    from kubedrill.compare.console import print_verdict
    from kubedrill.compare.judging import WRITERS, judge_all
    from kubedrill.report.files import write_all

    if slos is not None:
        raise NotStarted(f"{folder.path}: has several runs; judge one of them by other objectives")
    report, unwritten = judge_all(folder)
    for words in (*unwritten, *write_all(folder, report, WRITERS)):
        click.echo(words, err=True)
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        print_verdict(report, folder, console())
    return Done(report.verdict.exit_code)


def _judge_suite(folder: "RunFolder", slos: Path | None, as_json: bool) -> int:
    """Judge all drills of a suite, each from its files."""
    from kubedrill.report.files import write_all
    from kubedrill.suite.console import print_verdict
    from kubedrill.suite.judging import WRITERS, judge

    if slos is not None:
        raise NotStarted(f"{folder.path}: is a suite; judge one of its runs by other objectives")
    report = judge(folder)
    for words in write_all(folder, report, WRITERS):
        click.echo(words, err=True)
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        print_verdict(report, folder, console())
    return Done(report.verdict.exit_code)


def _name_of(slos: Path) -> str:
    """Return what is made by other objectives is called after."""
    return re.sub(r"[^\w-]+", "-", slos.stem).strip("-") or "slos"


@click.command(epilog=example("kubedrill report reports/etcd-member-kill/latest"))
@run_folder
def report(run: Path) -> int:
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
    from kubedrill.suite.record import suite_file

    folder = RunFolder(run.resolve())
    if suite_file(folder).exists():
        return _report_suite(folder)
    if variants_file(folder).exists():
        return _report_comparison(folder, run)
    if changed := judging.changes(folder):
        for words in (*changed, *write_all(folder, judging.judge(folder))):
            click.echo(words, err=True)
        return Done(INVALID)
    try:
        report = Report.read(folder.verdict)
    except FileNotFoundError:
        raise NotStarted(f"{run}: has no verdict.json; run: kubedrill judge {run}") from None
    except (OSError, ValueError):
        message = f"{folder.verdict}: is no verdict; run: kubedrill judge {run}"
        raise NotStarted(message) from None
    return _reported(folder, write_reports(folder, report))


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


def _report_comparison(folder: "RunFolder", run: Path) -> int:
    """As `report`, of a comparison; the reports of its runs stay as they are."""
    from kubedrill.compare.judging import WRITERS, judge, stale
    from kubedrill.compare.verdict import ComparisonReport
    from kubedrill.report.files import write_all, write_reports

    if broken := stale(folder):
        for words in (*broken, *write_all(folder, judge(folder), WRITERS)):
            click.echo(words, err=True)
        return Done(INVALID)
    try:
        report = ComparisonReport.read(folder.verdict)
    except (OSError, ValueError):
        message = f"{folder.verdict}: is no verdict; run: kubedrill judge {run}"
        raise NotStarted(message) from None
    return _reported(folder, write_reports(folder, report, WRITERS))


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
