"""The commands for experiments, by file or by name: run, plan, validate, expand."""

import math
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubedrill import places
from kubedrill.cli.parts import (
    NOT_STARTED,
    Done,
    Given,
    as_json,
    console,
    example,
    print_json,
    reports_folder,
)
from kubedrill.cli.told import keep_index, labels, notify
from kubedrill.errors import NotStarted
from kubedrill.words import shown

if TYPE_CHECKING:
    from kubedrill.compare.arms import Options
    from kubedrill.experiment import Experiment
    from kubedrill.order import Leavings
    from kubedrill.record.catalogue import Catalogue
    from kubedrill.record.verdict import Judged
    from kubedrill.record.webhook import WebhookPart

overrides = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one key of the file."
)
cluster_name = click.option(
    "--cluster", metavar="NAME", help="On clusters/NAME.yaml instead of the file's cluster."
)
LEAST, MOST = 0.01, 10.0
"""A scale beyond these is a typing error."""


def _scale(_: click.Context, __: click.Parameter, text: str) -> float:
    try:
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not LEAST <= value <= MOST:  # not a number is neither
        raise click.BadParameter(
            f'must be a number from {LEAST:g} to {MOST:g}, not "{shown(text)}"'
        )
    return value


scale = click.option(
    "--scale",
    default="1",
    callback=_scale,
    metavar="FACTOR",
    help="Multiply rates, clients of closed loops and seeds: 0.5 for a machine half as fast.",
)
variant = click.option(
    "--variant", metavar="NAME", help="One variant alone, of an experiment that has some."
)
experiment_file = click.argument("file", type=Given())


def _one_drill(file: Path, variant: str | None, asked: "Options") -> "tuple[Experiment, Catalogue]":
    """Read the one drill that is meant: the file's, or that of one of its variants."""
    from kubedrill.catalogue import read_experiment
    from kubedrill.compare.arms import read_arm

    if variant is None:
        return read_experiment(file, asked.overrides, asked.on, asked.scale)
    arm = read_arm(file, variant, asked)
    return arm.experiment, arm.catalogue


def _listening(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """Read `9464`, `0.0.0.0:9464` or `[::1]:9464`: an address, of this machine alone if none is given."""
    if text is None:
        return None
    host, port = text.rpartition(":")[::2]
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535):
        raise click.BadParameter(f'"{shown(text)}" is no port: write 9464, or HOST:9464')
    return host.strip("[]") or "127.0.0.1", int(port)


@click.command(epilog=example("kubedrill run etcd-member-kill --set phases.fault=30s"))
@experiment_file
@cluster_name
@overrides
@scale
@variant
@click.option("--keep-cluster", is_flag=True, help="Leave the cluster that this drill brings up.")
@labels
@click.option(
    "--no-page",
    is_flag=True,
    help="Write no report.html, which takes seconds; `kubedrill report` makes it later.",
)
@click.option(
    "--metrics-port",
    "metrics",
    callback=_listening,
    metavar="[HOST:]PORT",
    help="Show its figures there while it runs, for a Prometheus.",
)
@notify
@reports_folder("Where the run folder is made.")
def run(
    file: Path,
    cluster: str | None,
    overrides: tuple[str, ...],
    scale: float,
    variant: str | None,
    *,
    labels: tuple[str, ...],
    keep_cluster: bool,
    no_page: bool,
    metrics: tuple[str, int] | None,
    hooks: "list[WebhookPart]",
    reports: Path,
) -> int:
    """Run one drill, or all variants of it, and give the verdict.

    A cluster that is already up is used and left as it was; otherwise one is brought up and
    destroyed afterwards.
    """
    from kubedrill import notifying
    from kubedrill.compare.arms import Options
    from kubedrill.order import Leavings
    from kubedrill.reading.label import read_labels

    file, asked = places.experiment_file(file), Options(overrides, cluster, scale)
    told = read_labels(labels)
    notifying.check(hooks)
    with ExitStack() as stack:
        page = None
        if metrics is not None:
            from kubedrill.report.live_page import LivePage

            page = stack.enter_context(LivePage(*metrics))
            click.echo(f"metrics  {page.address}", err=True)
        report = _play(
            file, variant, asked, Leavings(reports, keep_cluster, not no_page, page, told)
        )
    if not no_page:
        keep_index(reports)
    notifying.notify(hooks, notifying.drill_ended(report, reports), console().print)
    return Done(report.verdict.exit_code)


def _play(file: Path, variant: str | None, asked: "Options", leaves: "Leavings") -> "Judged":
    """Run the drills that are meant; return their verdict."""
    from kubedrill import run as drill
    from kubedrill.compare import run as compared
    from kubedrill.compare.arms import read_comparison
    from kubedrill.order import Order

    if variant is None and (comparison := read_comparison(file, asked)):
        return compared.run(comparison, leaves, console())
    experiment, catalogue = _one_drill(file, variant, asked)
    order = Order(file, experiment, catalogue, leaves, variant or "")
    return drill.run(order, console())


@click.command(epilog=example("kubedrill plan etcd-member-kill"))
@experiment_file
@cluster_name
@overrides
@scale
@variant
@as_json
def plan(
    file: Path,
    cluster: str | None,
    overrides: tuple[str, ...],
    scale: float,
    variant: str | None,
    *,
    as_json: bool,
) -> None:
    """Say what a drill would do, and what is away when.

    Targets, minutes and objectives; changes nothing. Of an experiment with variants, what differs between
    them; of one of them, all.
    """
    from kubedrill.compare import plan as compared
    from kubedrill.compare.arms import Options, read_comparison
    from kubedrill.experiment import render
    from kubedrill.planning import planned

    file, asked = places.experiment_file(file), Options(overrides, cluster, scale)
    if variant is None and (comparison := read_comparison(file, asked)):
        if as_json:
            print_json(compared.as_dict(comparison))
        else:
            compared.render(comparison, console())
        return
    experiment, catalogue = _one_drill(file, variant, asked)
    drill = planned(experiment, catalogue, file)
    if as_json:
        print_json(drill.as_dict())
    else:
        render(drill, console())


@click.command(epilog=example("kubedrill validate etcd-member-kill local-3az"))
@click.argument("files", nargs=-1, required=True, type=Given())
@click.option(
    "--cluster",
    metavar="NAME",
    help="Check for clusters/NAME.yaml, and ask its Prometheus, if it has one, what can be measured.",
)
@overrides
@scale
@as_json
def validate(
    files: tuple[Path, ...],
    cluster: str | None,
    overrides: tuple[str, ...],
    scale: float,
    as_json: bool,
) -> int:
    """Check files of experiments, of clusters and of suites.

    Exit 0 if all are right, 3 if not. Nobody is asked anything but with --cluster.
    """
    from kubedrill.compare.arms import Options

    errors: dict[str, list[str]] = {}
    for file in files:
        errors[str(file)] = []
        try:
            path = places.experiment_file(file, "clusters")
            _check(path, Options(overrides, cluster, scale))
        except NotStarted as error:
            errors[str(file)] = str(error).splitlines()
    if as_json:
        print_json(errors)
    else:
        for name, lines in errors.items():
            click.echo("\n".join(lines) or f"{name}: ok", err=bool(lines))
    return Done(NOT_STARTED if any(errors.values()) else 0)


def _check(file: Path, asked: "Options") -> None:
    """Check a file, and on the cluster that is named what can be measured there; NotStarted."""
    from kubedrill.catalogue import check_file
    from kubedrill.compare.arms import Options, read_comparison
    from kubedrill.scraped import check_told
    from kubedrill.suite.read import is_suite, read_suite

    if is_suite(file):
        if asked != Options():
            raise NotStarted(
                f"{file}: --set, --cluster and --scale are for experiments, and this is a suite"
            )
        read_suite(file)
        return
    comparison = read_comparison(file, asked)
    if comparison is None:
        read = check_file(file, asked.overrides, asked.on, asked.scale)
        if read and asked.on:
            check_told(*read)
        return
    for arm in comparison.arms if asked.on else ():
        check_told(arm.experiment, arm.catalogue, comparison.related(arm.name))


@click.command(epilog=example("kubedrill expand etcd-member-kill > chaos.json"))
@experiment_file
@overrides
@scale
@variant
@click.option(
    "--run",
    "run_path",
    metavar="RUN",
    help="The run folder that the actions refer to; without it, each `chaos run` makes its own.",
)
def expand(
    file: Path,
    overrides: tuple[str, ...],
    scale: float,
    variant: str | None,
    run_path: str | None,
) -> None:
    """Print the native Chaos Toolkit experiment."""
    from kubedrill import experiment as stage
    from kubedrill.compare.arms import Options, read_comparison

    file, asked = places.experiment_file(file), Options(overrides, scale=scale)
    if variant is None and (comparison := read_comparison(file, asked)):
        names = ", ".join(arm.name for arm in comparison.arms)
        raise NotStarted(f"{file}: has the variants {names}; say which, with --variant")
    experiment, catalogue = _one_drill(file, variant, asked)
    if run_path is None:
        print_json(stage.expand_alone(experiment, catalogue, f"reports/{file.stem}.chaos"))
    else:
        print_json(stage.expand(experiment, catalogue, run_path))
