"""The commands that compare runs: compare, changes, baseline."""

from pathlib import Path

import click

from kubedrill.cli.parts import (
    Commands,
    Done,
    Given,
    as_json,
    console,
    example,
    print_json,
    reports_folder,
)
from kubedrill.errors import NotStarted
from kubedrill.words import counted, shown

_LEAST, _MOST = 0.8, 0.99
"""Below, alarms are a habit; above, 9,999 resamples have too few so far out."""
_SIDES = 2


def _confidence(_: click.Context, __: click.Parameter, text: str) -> float:
    from kubedrill.reading.units import UnitError, parse_share

    try:
        value = parse_share(text)
    except UnitError as error:
        raise click.BadParameter(str(error)) from None
    if not _LEAST <= value <= _MOST:
        raise click.BadParameter(f"must be from {_LEAST:.0%} to {_MOST:.0%}, not {shown(text)}")
    return value


threshold_option = click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="[MEASURE=]SIZE",
    help="From when on a change is worth speaking of: 10% of the baseline, or list.p99=5%.",
)
confidence_option = click.option(
    "--confidence",
    default="95%",
    show_default=True,
    callback=_confidence,
    metavar="SHARE",
    help="How sure an answer must be, all measures together.",
)
measure_option = click.option(
    "--measure", "measures", multiple=True, metavar="NAME", help="This measure, and no others."
)


@click.command(epilog=example("kubedrill compare release=2.3 release=2.4"))
@click.argument("sides", nargs=-1, required=True, metavar="[BASELINE] CANDIDATE")
@click.option(
    "--baseline", metavar="NAME", help="The baseline is that of `kubedrill baseline set NAME`."
)
@click.option("--experiment", default="", metavar="NAME", help="Only runs of this experiment.")
@threshold_option
@confidence_option
@measure_option
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(["version", "machine"]),
    help="Compare though kubedrill's version, or the machine, is not the same.",
)
@click.option(
    "--acknowledged",
    metavar="FILE",
    type=Given(),
    help="Known changes, which alarm no more; acknowledged.yaml in the reports folder if it is there.",
)
@reports_folder("Where runs are looked for, by label, experiment and baseline.")
@as_json
def compare(
    sides: tuple[str, ...],
    *,
    baseline: str | None,
    experiment: str,
    thresholds: tuple[str, ...],
    confidence: float,
    measures: tuple[str, ...],
    allowed: tuple[str, ...],
    acknowledged: Path | None,
    reports: Path,
    as_json: bool,
) -> int:
    """Compare sets of runs, before a release.

    A side is a list with commas: run folders, folders of runs, an experiment's or a baseline's name, and
    labels that its runs must carry. Exit 0 if nothing is worse, 1 if something is, 2 if the runs cannot
    tell, or cannot be compared.
    """
    from kubedrill.regression.baselines import check_known
    from kubedrill.regression.comparing import Inquiry
    from kubedrill.regression.comparing import compare as compared
    from kubedrill.regression.console import print_answer
    from kubedrill.regression.deciding import Terms
    from kubedrill.regression.margins import Margins

    both = [*filter(None, [baseline]), *sides]
    if len(both) != _SIDES:
        raise NotStarted("two sides are compared: BASELINE CANDIDATE, or --baseline NAME CANDIDATE")
    if baseline:
        check_known(baseline, reports)
    usual = reports / "acknowledged.yaml"
    inquiry = Inquiry(
        reports,
        experiment,
        Terms(confidence, Margins.read(thresholds)),
        measures,
        allowed,
        acknowledged or (usual if usual.exists() else None),
    )
    report = compared(both[0], both[1], inquiry)
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        print_answer(report, console())
    return Done(report.exit_code)


@click.command(epilog=example("kubedrill changes etcd-member-kill"))
@click.argument("runs", metavar="RUNS")
@threshold_option
@confidence_option
@measure_option
@reports_folder("Where runs are looked for.")
@as_json
def changes(
    runs: str,
    thresholds: tuple[str, ...],
    confidence: float,
    measures: tuple[str, ...],
    reports: Path,
    *,
    as_json: bool,
) -> None:
    """Say where measures changed in the course of many runs.

    RUNS is an experiment's name, or what else names a side of `kubedrill compare`.
    """
    from kubedrill.regression.changes import changes_of
    from kubedrill.regression.comparing import Inquiry
    from kubedrill.regression.console import print_history
    from kubedrill.regression.deciding import Terms
    from kubedrill.regression.margins import Margins

    terms = Terms(confidence, Margins.read(thresholds))
    report = changes_of(runs, Inquiry(reports, terms=terms, measures=measures))
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        print_history(report, console())


@click.group(cls=Commands)
def baseline() -> None:
    """Keep runs by a name, to compare with."""


@baseline.command("set", epilog=example("kubedrill baseline set release-2.3 release=2.3"))
@click.argument("name")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@reports_folder("Where the runs stand, and the file that is written.")
def baseline_set(name: str, runs: tuple[str, ...], reports: Path) -> int:
    """Keep runs by a name: folders, or what else names a side."""
    from kubedrill.regression.baselines import set_baseline

    kept = set_baseline(name, runs, reports)
    click.echo(f"{name}: {counted(len(kept.runs), 'run')} of {kept.experiment}")
    return Done(0)


@baseline.command("list", epilog=example("kubedrill baseline list"))
@reports_folder("Where they are kept.")
@as_json
def baseline_list(reports: Path, as_json: bool) -> None:
    """The names, and the runs of each."""
    from kubedrill.regression.baselines import read_baselines

    known = read_baselines(reports)
    if as_json:
        print_json(known.model_dump(mode="json")["baselines"])
        return
    for name, kept in known.baselines.items():
        click.echo(f"{name}: {counted(len(kept.runs), 'run')} of {kept.experiment}")
    if not known.baselines:
        click.echo("no baseline is kept")


@baseline.command("remove", epilog=example("kubedrill baseline remove release-2.3"))
@click.argument("name")
@reports_folder("Where it is kept.")
def baseline_remove(name: str, reports: Path) -> int:
    """Forget a name; its runs stay."""
    from kubedrill.regression.baselines import remove_baseline

    remove_baseline(name, reports)
    click.echo(f"{name}: forgotten")
    return Done(0)
