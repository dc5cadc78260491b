"""The commands for clusters: up, down, status, env."""

from typing import TYPE_CHECKING

import click

from kubedrill.cli.parts import (
    Commands,
    Done,
    as_json,
    console,
    example,
    if_interrupted,
    print_json,
)
from kubedrill.errors import NotStarted
from kubedrill.record.fleet import MOST_NODES
from kubedrill.words import are, counted

if TYPE_CHECKING:
    from kubedrill.record.cluster import ClusterRecord


@click.group(cls=Commands)
def cluster() -> None:
    """Bring a cluster up or down, or look at it."""


def _known(name: str) -> str:
    """Return the name if a cluster has it: one with a file, or one of which something is there."""
    from kubedrill import cluster as stage
    from kubedrill import places

    there = stage.names()
    if name not in there:
        places.cluster_file(name, also=there)
    return name


@cluster.command("up", epilog=example("kubedrill cluster up local-3az"))
@click.argument("name")
@click.option(
    "--nodes", type=click.IntRange(0, MOST_NODES), default=0, help="so many hollow nodes in it"
)
def cluster_up(name: str, nodes: int) -> int:
    """Bring up clusters/NAME.yaml and leave it running."""
    from kubedrill import cluster as stage
    from kubedrill import places, standing
    from kubedrill.signals import Interrupted, Signals

    definition = stage.load_definition(places.cluster_file(name))
    stage.check(definition, name)
    standing.check(nodes)
    signals = Signals()
    signals.install()
    try:
        with stage.lock(name), signals.may_interrupt():
            record = stage.up(definition, name)
            if nodes:
                stand_or_go(record, nodes)
    except Interrupted as signal:
        raise NotStarted(f"ended by {signal}: what there was of {name} is gone again") from None
    click.echo(f"{name} is up: {record.balancer.host}:{record.balancer.port}")
    if not record.foreign:
        click.echo(f'for kubectl: eval "$(kubedrill cluster env {name})"')
    return Done(0)


def stand_or_go(record: "ClusterRecord", nodes: int) -> None:
    """Give a cluster nodes; where they do not come, it goes."""
    from kubedrill import cluster as stage
    from kubedrill import standing

    try:
        standing.stand(record, nodes)
    except BaseException:
        stage.down(record.name)
        raise
    click.echo(f"{counted(nodes, 'hollow node')} in it {are(nodes)} Ready")


@cluster.command("down", epilog=example("kubedrill cluster down local-3az"))
@click.argument("name")
def cluster_down(name: str) -> int:
    """Destroy a cluster: no process, namespace, port or data is left."""
    from kubedrill import cluster as stage

    with stage.lock(_known(name)), if_interrupted(f"something may be left of {name}; do it again"):
        stage.down(name)
    click.echo(f"{name} is down")
    return Done(0)


@cluster.command("status", epilog=example("kubedrill cluster status local-3az"))
@click.argument("name", required=False)
@as_json
def cluster_status(name: str | None, as_json: bool) -> None:
    """Show the components of one cluster, or of all that are up."""
    from kubedrill import cluster as stage

    statuses = [
        stage.status(known) for known in (stage.names() if name is None else [_known(name)])
    ]
    if as_json:
        print_json([status.as_dict() for status in statuses])
        return
    for status in statuses:
        console().print(status.shown())
        if status.why:
            click.echo(status.why)
    if not statuses:
        click.echo("no cluster is up")


@cluster.command("env", epilog=example('eval "$(kubedrill cluster env local-3az)"'))
@click.argument("name")
def cluster_env(name: str) -> None:
    """Print the shell line that points kubectl at a cluster."""
    from kubedrill import cluster as stage

    click.echo(stage.env(_known(name)))
