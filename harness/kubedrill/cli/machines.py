"""The commands that prepare or lend a machine: setup, worker."""

import click

from kubedrill.cli.parts import Done, console, example, if_interrupted


@click.command(epilog=example("kubedrill setup"))
@click.option(
    "--with",
    "extra",
    type=click.Choice(["kubemark"]),
    multiple=True,
    help="Get this, too: the kubelet without containers that a fleet's nodes are compared with.",
)
def setup(extra: tuple[str, ...]) -> int:
    """Find, download or build the binaries of the control plane."""
    from kubedrill.cluster.local.setup import ensure

    with if_interrupted("what is whole stays; do it again for the rest"):
        ensure(console(), extra)
    return Done(0)


@click.command(epilog=example("kubedrill worker --master 10.0.0.5:5557"))
@click.option(
    "--master", metavar="HOST:PORT", required=True, help="Where the load's master listens."
)
@click.option(
    "--api",
    metavar="HOST:PORT",
    default="",
    help="Where the API is found from here, if not where the master finds it; or in-cluster, as pods do.",
)
def worker(master: str, api: str) -> None:
    """Take part in a drill that is run on another machine.

    Ends with it. Come before it or after it has begun to wait; it says how many workers it expects.
    """
    from kubedrill.catalogue import profiles
    from kubedrill.load.worker import work

    work(master, api, profiles())
