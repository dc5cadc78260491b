"""The commands for drills on a schedule: suite, and confirm of their emergency plans."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubedrill.cli.parts import PARTLY, Done, Given, console, example, reports_folder, who
from kubedrill.cli.told import keep_index, labels, notify
from kubedrill.errors import NotStarted
from kubedrill.words import did_you_mean, shown

if TYPE_CHECKING:
    from kubedrill.record.webhook import WebhookPart


@click.command(epilog=example("kubedrill suite suites/nightly.yaml"))
@click.argument("file", type=Given())
@click.option(
    "--no-page", is_flag=True, help="Write no report.html of the drills, nor of the suite."
)
@labels
@notify
@reports_folder("Where the run folders are made, and that of the suite, suites/NAME/START.")
def suite(
    file: Path,
    *,
    no_page: bool,
    labels: tuple[str, ...],
    hooks: "list[WebhookPart]",
    reports: Path,
) -> int:
    """Play drills in their order, each when its gates are open.

    All of it is checked before the first. The exit code is that of the worst verdict: 0 PASS, 1 FAIL,
    2 INVALID, also where not all were played; 3 if nothing was started.
    """
    from dataclasses import replace

    from kubedrill.order import Leavings
    from kubedrill.reading.label import read_labels
    from kubedrill.suite import run as playing
    from kubedrill.suite.read import read_suite

    wanted = read_suite(file)
    wanted = replace(wanted, notify=(*wanted.notify, *hooks))
    leaves = Leavings(reports, page=not no_page, labels=read_labels(labels))
    report = playing.run(wanted, leaves, console())
    if not no_page:
        keep_index(reports)
    return Done(report.verdict.exit_code)


@click.command(epilog=example("kubedrill confirm reports/etcd-member-kill/latest tell-users"))
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("step")
@click.option("--note", default="", metavar="TEXT", help="It stands in the report.")
def confirm(run: Path, step: str, note: str) -> int:
    """Say that a person's step of a drill's emergency plan is done.

    Exit 0 once the drill has taken it, 1 if it does not, 3 if it does not wait for that.
    """
    from kubedrill import confirmed
    from kubedrill.record.confirming import Confirmation
    from kubedrill.record.folder import RunFolder

    folder = RunFolder(run.resolve())
    waiting = confirmed.awaited(folder)
    if step not in waiting:
        near = did_you_mean(step, waiting) if waiting else "; it waits for nobody just now"
        raise NotStarted(f'{run}: does not wait for "{shown(step)}" to be confirmed{near}')
    if not confirmed.confirm(folder, step, Confirmation(by=who(), note=shown(note, 300))):
        click.echo("the drill has not taken it; has it ended?", err=True)
        return Done(PARTLY)
    click.echo(f"{step} is confirmed")
    return Done(0)
