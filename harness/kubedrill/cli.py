"""The commands: parse, call, print. Exit codes: 0 PASS, 1 FAIL, 2 INVALID, 3 nothing was started.

Commands without a verdict: 0 done, 1 something is left to do.
"""

import sys
import traceback
from pathlib import Path
from typing import Any

import click

from kubedrill import __version__
from kubedrill.cli_cluster import cluster
from kubedrill.cli_parts import (
    Commands,
    as_json,
    console,
    example,
    if_interrupted,
    print_json,
)
from kubedrill.errors import CutShort, NotStarted

PARTLY = 1
"""Of commands that give no verdict: something is left to do. Of the others it is FAIL."""
INVALID = 2
NOT_STARTED = 3


overrides = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one key of the file."
)
cluster_name = click.option(
    "--cluster", metavar="NAME", help="Run on clusters/NAME.yaml instead of the file's cluster."
)
experiment_file = click.argument("file", type=click.Path(path_type=Path))
run_folder = click.argument(
    "run", metavar="RUN", type=click.Path(path_type=Path, exists=True, file_okay=False)
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kubedrill")
def cli() -> None:
    """Load and chaos drills that prove, on a real Kubernetes control plane, its service levels.

    \b
    Start with:  kubedrill setup
                 kubedrill run experiments/etcd-member-kill.yaml
    Exit codes:  0 PASS, 1 FAIL, 2 INVALID, 3 nothing was started
    """


@cli.command(
    epilog=example("kubedrill run experiments/etcd-member-kill.yaml --set phases.fault=30s")
)
@experiment_file
@cluster_name
@overrides
@click.option("--keep-cluster", is_flag=True, help="Leave the cluster that this drill brings up.")
@click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Where the run folder is made.",
)
def run(
    file: Path, cluster: str | None, overrides: tuple[str, ...], keep_cluster: bool, reports: Path
) -> int:
    """Run one drill and give its verdict.

    A cluster that is already up is used and left as it was; otherwise one is brought up and
    destroyed afterwards.
    """
    from kubedrill import run as drill
    from kubedrill.catalogue import read_experiment

    experiment, catalogue = read_experiment(file, overrides, cluster)
    order = drill.Order(file, experiment, catalogue, reports, keep_cluster)
    return drill.run(order, console()).verdict.exit_code


@cli.command(epilog=example("kubedrill plan experiments/etcd-member-kill.yaml"))
@experiment_file
@cluster_name
@overrides
@as_json
def plan(file: Path, cluster: str | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Say what a drill would do: targets, blast radius, minutes, objectives. Changes nothing."""
    from kubedrill import cluster as clusters
    from kubedrill import experiment as stage
    from kubedrill.catalogue import read_experiment

    experiment, catalogue = read_experiment(file, overrides, cluster)
    planned = stage.plan(experiment, catalogue, clusters.find(experiment.cluster))
    if as_json:
        print_json(planned.as_dict())
    else:
        stage.render(planned, console())


@cli.command(epilog=example("kubedrill validate experiments/*.yaml"))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@overrides
@as_json
def validate(files: tuple[Path, ...], overrides: tuple[str, ...], as_json: bool) -> int:
    """Check experiment files; exit 0 if all are right, 3 if not."""
    from kubedrill.catalogue import read_experiment

    errors: dict[str, list[str]] = {}
    for file in files:
        errors[str(file)] = []
        try:
            read_experiment(file, overrides)
        except NotStarted as error:
            errors[str(file)] = str(error).splitlines()
    if as_json:
        print_json(errors)
    else:
        for name, lines in errors.items():
            click.echo("\n".join(lines) or f"{name}: ok", err=bool(lines))
    return NOT_STARTED if any(errors.values()) else 0


@cli.command(epilog=example("kubedrill expand experiments/etcd-member-kill.yaml > chaos.json"))
@experiment_file
@overrides
@click.option("--run", "run_path", metavar="RUN", help="The run folder that the actions refer to.")
def expand(file: Path, overrides: tuple[str, ...], run_path: str | None) -> None:
    """Print the native Chaos Toolkit experiment."""
    from kubedrill import experiment as stage
    from kubedrill.catalogue import read_experiment

    experiment, catalogue = read_experiment(file, overrides)
    print_json(stage.expand(experiment, catalogue, run_path or f"reports/{file.stem}/latest"))


@cli.command(epilog=example("kubedrill setup"))
def setup() -> None:
    """Find, download or build the binaries of the control plane."""
    from kubedrill.cluster.local.setup import ensure

    with if_interrupted("what is whole stays; do it again for the rest"):
        ensure(console())


@cli.command(epilog=example("kubedrill judge reports/etcd-member-kill/latest"))
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
    return report.verdict.exit_code


@cli.command(epilog=example("kubedrill report reports/etcd-member-kill/latest"))
@run_folder
def report(run: Path) -> None:
    """Write report.html and junit.xml of a judged run again."""
    from kubedrill.record.folder import RunFolder
    from kubedrill.report import html, junit

    folder = RunFolder(run.resolve())
    if not folder.verdict.exists():
        raise NotStarted(f"{run}: has no verdict.json; run: kubedrill judge {run}")
    click.echo(html.write(folder))
    click.echo(junit.write(folder))


@cli.command(epilog=example("kubedrill heal"))
@click.option(
    "--reports",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports"),
    show_default=True,
    help="Runs made elsewhere are known too.",
)
def heal(reports: Path) -> int:
    """Undo what is left of any drill that was killed; exit 0 if nothing is left, 1 if something is."""
    from kubedrill import heal as healing

    with if_interrupted("something may be left; do it again"):
        healed = healing.heal(reports, click.echo)
    if healed == healing.Healed(undone=0, left=0):
        click.echo("nothing is left to undo")
    return PARTLY if healed.left else 0


@cli.command(epilog=example("kubedrill worker --master 10.0.0.5:5557"))
@click.option(
    "--master", metavar="HOST:PORT", required=True, help="Where the load's master listens."
)
def worker(master: str) -> None:
    """Take part in a drill that is run on another machine, and end with it.

    Come before it or after it has begun to wait; it says how many workers it expects.
    """
    from kubedrill.catalogue import assemble
    from kubedrill.load.worker import work

    work(master, assemble())


@cli.command("list", epilog=example("kubedrill list"))
@as_json
def list_experiments(as_json: bool) -> None:
    """The experiments at hand, with what each proves."""
    from kubedrill.catalogue import experiments

    _print_rows(experiments(), as_json)


@cli.command(epilog=example("kubedrill faults"))
@as_json
def faults(as_json: bool) -> None:
    """The faults, their arguments, and what each needs of a cluster."""
    from kubedrill.catalogue import fault_rows

    _print_rows(fault_rows(), as_json)


@cli.command(epilog=example("kubedrill profiles mass-list"))
@click.argument("name", required=False)
@as_json
def profiles(name: str | None, as_json: bool) -> None:
    """The load profiles, or the parameters of one of them and what it must be allowed to do."""
    from kubedrill import catalogue

    if name is None:
        _print_rows(catalogue.profile_rows(), as_json)
        return
    profile = catalogue.profile(name)
    _print_rows(catalogue.parameter_rows(profile), as_json)
    if not as_json:
        click.echo(f"RBAC must allow: {catalogue.permissions(profile)}")


@cli.command(epilog=example("kubedrill schema experiment > experiment.schema.json"))
@click.argument("what", type=click.Choice(["experiment", "verdict"]))
def schema(what: str) -> None:
    """Print the JSON Schema of experiment files or of verdict.json."""
    from kubedrill import experiment as stage
    from kubedrill.record.verdict import Report

    print_json(stage.json_schema() if what == "experiment" else Report.model_json_schema())


cli.add_command(cluster)


def main() -> None:
    """Run the command line; every error before a start is one message and exit code 3."""
    try:
        result = cli.main(standalone_mode=False)
    except NotStarted as error:
        click.echo(str(error), err=True)
        sys.exit(NOT_STARTED)
    except CutShort as error:
        click.echo(str(error), err=True)
        sys.exit(PARTLY)
    except click.ClickException as error:
        error.show()
        sys.exit(NOT_STARTED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted before anything was started", err=True)
        sys.exit(NOT_STARTED)
    except Exception:  # noqa: BLE001 - Python's own exit code for it, 1, would read as FAIL
        traceback.print_exc()
        sys.exit(INVALID)
    sys.exit(result if isinstance(result, int) else 0)


def _print_rows(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(*rows[0]) if rows else Table("none")
    for row in rows:
        table.add_row(*(str(cell) for cell in row.values()))
    console().print(table)
