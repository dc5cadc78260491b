"""The commands for what drills leave: judge, report, heal."""

from pathlib import Path

import click

from kubedrill.cli.parts import PARTLY, Done, as_json, console, example, if_interrupted
from kubedrill.errors import NotStarted

run_folder = click.argument(
    "run", metavar="RUN", type=click.Path(path_type=Path, exists=True, file_okay=False)
)


@click.command(epilog=example("kubedrill judge reports/etcd-member-kill/latest"))
@run_folder
@as_json
def judge(run: Path, as_json: bool) -> int:
    """Judge a run again from its files alone; the exit code is the verdict's."""
    from kubedrill.judge import judge as judge_run
    from kubedrill.record.folder import RunFolder
    from kubedrill.report.console import print_verdict

    folder = RunFolder(run.resolve())
    report = judge_run(folder)
    report.write(folder.verdict)
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        print_verdict(report, folder, console())
    return Done(report.verdict.exit_code)


@click.command(epilog=example("kubedrill report reports/etcd-member-kill/latest"))
@run_folder
def report(run: Path) -> int:
    """Write report.html and junit.xml of a judged run again."""
    from kubedrill.record.folder import RunFolder
    from kubedrill.report import html, junit

    folder = RunFolder(run.resolve())
    if not folder.verdict.exists():
        raise NotStarted(f"{run}: has no verdict.json; run: kubedrill judge {run}")
    for written in (html.write(folder), junit.write(folder)):
        click.echo(written)
    return Done(0)


@click.command(epilog=example("kubedrill heal"))
@click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Runs made elsewhere are known too.",
)
@click.option(
    "--acknowledge",
    "acknowledged",
    metavar="RUN",
    type=click.Path(path_type=Path),
    help="Say what stays behind of this run, which can never be undone, and forget it.",
)
def heal(reports: Path, acknowledged: Path | None) -> int:
    """Undo what is left of any drill that was killed; exit 0 if nothing is left, 1 if something is."""
    from kubedrill import heal as healing

    with if_interrupted("something may be left; do it again"):
        if acknowledged is not None:
            healing.acknowledge(acknowledged, click.echo)
            return Done(0)
        healed = healing.heal(reports, click.echo)
    if healed == healing.Healed(undone=0, left=0):
        click.echo("nothing is left to undo")
    return Done(PARTLY if healed.left else 0)
