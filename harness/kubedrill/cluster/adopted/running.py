"""Run a command that the file of somebody else's cluster gives: as its operator, for so long at most."""

from collections.abc import Callable, Sequence

from kubedrill.cluster.handle import HandleError
from kubedrill.process import running
from kubedrill.process.running import CommandEnd, NotRun


def run(
    command: Sequence[str], limit_s: float, begun: Callable[[int], None] = lambda _: None
) -> CommandEnd:
    """Run a command as `running.run` does; HandleError if there is no such program."""
    try:
        return running.run(command, limit_s, begun)
    except NotRun as error:
        raise HandleError(str(error)) from None
