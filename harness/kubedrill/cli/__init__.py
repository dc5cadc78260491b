"""The commands: parse, call, print. Exit codes: 0 PASS, 1 FAIL, 2 INVALID, 3 nothing was started.

Commands without a verdict: 0 done, 1 something is left to do.
"""

import io
import sys
import traceback

import click

from kubedrill import __version__, places
from kubedrill.cli import (
    adopted,
    catalogues,
    clusters,
    comparing,
    drills,
    history,
    machines,
    projects,
    runs,
    safety,
    scheduled,
)
from kubedrill.cli.parts import INVALID, NOT_STARTED, PARTLY, Commands
from kubedrill.cli.streams import Streams
from kubedrill.errors import CutShort, NotStarted
from kubedrill.words import shown

LONGEST = 300
"""Characters of a line of what click says: it repeats arguments whole."""


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kubedrill")
@click.pass_context
def cli(context: click.Context) -> None:
    """Load and chaos drills that prove, on a real Kubernetes control plane, its service levels.

    \b
    Start with:  kubedrill setup
                 kubedrill run etcd-member-kill
    Exit codes:  0 PASS, 1 FAIL, 2 INVALID, 3 nothing was started
    """
    if context.invoked_subcommand != "heal":
        _remind()


def _remind() -> None:
    """Say in a line if a dead drill has left something; no command fails for what this meets."""
    from kubedrill.undo.registry import reminder

    try:
        left = reminder()
    except NotStarted:
        return  # the state folder is of no use: a command that needs it says so
    except Exception as error:  # noqa: BLE001 - what cannot be looked up is `heal`'s to explain
        left = f"cannot tell whether a dead drill has left something ({error}); run: kubedrill heal"
    if left:
        click.echo(left, err=True)


for command in (
    drills.run,
    drills.plan,
    drills.validate,
    drills.expand,
    scheduled.suite,
    scheduled.confirm,
    projects.init,
    projects.new,
    projects.completion,
    machines.setup,
    machines.worker,
    runs.judge,
    runs.report,
    comparing.compare,
    comparing.changes,
    comparing.baseline,
    runs.heal,
    history.history,
    history.index,
    catalogues.list_experiments,
    catalogues.faults,
    catalogues.profiles,
    catalogues.schema,
    clusters.cluster,
    safety.stop,
    safety.freeze,
    safety.thaw,
):
    cli.add_command(command)
for command in (adopted.adopt, adopted.inspect, adopted.rbac):
    clusters.cluster.add_command(command)


def main() -> None:
    """Run the command line; every error before a start is one message and exit code 3."""
    streams = Streams()
    sys.exit(streams.exit_code(_result()))


def _result() -> object:
    """Return what the command returned: its exit code, or nothing; or that of the error that ended it."""
    try:
        return cli.main(standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - Python's own code, 1, would read as FAIL
        return _told(error)


def _told(error: BaseException) -> int:
    """Say what ended a command, and return its exit code."""
    from kubedrill.record.lines import BadEvidence

    if isinstance(error, click.Abort) and isinstance(error.__cause__, EOFError):
        error = (
            error.__cause__
        )  # click takes the end of any file for the end of what a person types
    match error:
        case click.Abort() | KeyboardInterrupt():
            words, code = "interrupted before anything was started", NOT_STARTED
        case click.ClickException():
            said = io.StringIO()
            error.show(said)
            lines = said.getvalue().splitlines()
            words, code = "\n".join(shown(line, LONGEST) for line in lines), NOT_STARTED
        case NotStarted():
            words, code = str(error), NOT_STARTED
        case BadEvidence():
            words, code = str(error), NOT_STARTED
        case CutShort():
            words, code = str(error), PARTLY
        case _ if not places.working_directory_stands():
            words = "the working directory was deleted; change to one that exists"
            code = NOT_STARTED
        case _:
            words, code = "".join(traceback.format_exception(error)), INVALID
    click.echo(words, err=True)
    return code
