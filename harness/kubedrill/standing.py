"""Nodes that a cluster has without a drill: `cluster up --nodes`."""

from pathlib import Path

from kubedrill.children import command_of
from kubedrill.cluster.state import MARK
from kubedrill.errors import NotStarted
from kubedrill.fleet.estimate import too_large
from kubedrill.hosting import room
from kubedrill.process.child import Child, ChildFailed
from kubedrill.record.cluster import NODE_AUTHORITY, ClusterRecord
from kubedrill.record.fleet import Fleet, patience_s
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import write_typed

NAME = "standing"
"""What the nodes' names begin with, and as which run they are labelled."""


def check(nodes: int) -> None:
    """Raise NotStarted, with the estimate, if this machine cannot hold so many."""
    if why := too_large(Fleet(nodes=nodes), "none", room()):
        raise NotStarted(why)


def stand(record: ClusterRecord, nodes: int) -> None:
    """Give a cluster that has just come up so many nodes; return when they are Ready. NotStarted if not."""
    if why := record.lacking(NODE_AUTHORITY, "a fleet"):
        raise NotStarted(why)
    folder = RunFolder(Path(record.folder) / "fleet" / NAME)
    folder.logs.mkdir(parents=True)
    record.write(folder.cluster)
    fleet = Fleet(nodes=nodes, prefix=NAME).within(record.zones)
    write_typed(folder.fleet, fleet)
    command = command_of("kubedrill.fleet.keeping", folder)
    keeper = Child.start("fleet", command, folder.logs / "fleet.log", {MARK: record.folder})
    try:
        keeper.wait_ready(patience_s(fleet))
    except BaseException as error:
        keeper.kill()
        if isinstance(error, ChildFailed):
            raise NotStarted(str(error)) from None
        raise
