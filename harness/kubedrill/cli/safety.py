"""The commands that hold drills back: stop, freeze, thaw."""

from datetime import UTC, datetime, timedelta

import click

from kubedrill.cli.parts import PARTLY, Done, example, if_interrupted, who
from kubedrill.words import shown

why_option = click.option(
    "--why", required=True, metavar="TEXT", help="The reason, for whoever is held back by it."
)


def _until(_: click.Context, __: click.Parameter, text: str) -> datetime:
    """Read a duration from now, or a moment; without a time zone it is of this machine's."""
    from kubedrill.reading.units import UnitError, parse_duration

    now = datetime.now(UTC)
    try:
        moment = now + timedelta(seconds=parse_duration(text))
    except (UnitError, OverflowError):
        try:
            moment = datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise click.BadParameter(
                f'"{shown(text)}" is no moment: write 2h, 2031-05-01 or 2031-05-01T18:00'
            ) from None
    if moment <= now:
        raise click.BadParameter(f"{shown(text)} is over")
    return moment


@click.command(epilog=example('kubedrill stop local-3az --why "the pager went off"'))
@click.argument("cluster", metavar="CLUSTER")
@click.option("--why", default="no reason given", metavar="TEXT", help="It stands in the verdict.")
def stop(cluster: str, why: str) -> int:
    """End the drill that runs on CLUSTER, in order.

    All is undone, and it is INVALID. Waits for its end. Exit 0 if all that it broke is undone, 1 if not,
    3 if no drill runs there, or if it is another user's.
    """
    from kubedrill.record.stopping import StopRequest
    from kubedrill.undo import stop as stopping

    with if_interrupted("the drill was asked to stop, and does; nobody waits for it any more"):
        undone = stopping.stop(cluster, StopRequest(by=who(), why=shown(why)), click.echo)
    return Done(0 if undone else PARTLY)


@click.command(epilog=example('kubedrill freeze local-3az --until 4h --why "release"'))
@click.argument("cluster", metavar="[CLUSTER]", default="")
@click.option(
    "--until",
    required=True,
    callback=_until,
    metavar="WHEN",
    help="For how long (4h), or a moment (2031-05-01T18:00), here of this machine's time zone.",
)
@why_option
def freeze(cluster: str, until: datetime, why: str) -> int:
    """Hold drills on CLUSTER back, or on any.

    None begins, and none that runs injects anything more. What is in force already stays
    until its own undo; `kubedrill stop` ends it at once.
    """
    from kubedrill.cluster import freeze as stage

    wanted = stage.Freeze(until=until, why=shown(why), by=who())
    stage.freeze(cluster or stage.EVERY, wanted)
    click.echo(f"{cluster or 'every cluster'} is frozen until {until:%Y-%m-%d %H:%M} UTC")
    return Done(0)


@click.command(epilog=example("kubedrill thaw local-3az"))
@click.argument("cluster", metavar="[CLUSTER]", default="")
def thaw(cluster: str) -> int:
    """Lift the freeze of CLUSTER, or the one of every cluster."""
    from kubedrill.cluster import freeze as stage

    there = stage.thaw(cluster or stage.EVERY)
    click.echo(f"{cluster or 'every cluster'} {'is thawed' if there else 'was not frozen'}")
    return Done(0)
