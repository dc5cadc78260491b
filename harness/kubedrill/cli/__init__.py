"""The commands: parse, call, print. Exit codes: 0 PASS, 1 FAIL, 2 INVALID, 3 nothing was started.

Commands without a verdict: 0 done, 1 something is left to do.
"""

import sys
import traceback

import click

from kubedrill import __version__
from kubedrill.cli import catalogues, clusters, drills, machines, runs
from kubedrill.cli.parts import INVALID, NOT_STARTED, PARTLY, Commands
from kubedrill.errors import CutShort, NotStarted


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kubedrill")
def cli() -> None:
    """Load and chaos drills that prove, on a real Kubernetes control plane, its service levels.

    \b
    Start with:  kubedrill setup
                 kubedrill run experiments/etcd-member-kill.yaml
    Exit codes:  0 PASS, 1 FAIL, 2 INVALID, 3 nothing was started
    """


for command in (
    drills.run,
    drills.plan,
    drills.validate,
    drills.expand,
    machines.setup,
    machines.worker,
    runs.judge,
    runs.report,
    runs.heal,
    catalogues.list_experiments,
    catalogues.faults,
    catalogues.profiles,
    catalogues.schema,
    clusters.cluster,
):
    cli.add_command(command)


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
