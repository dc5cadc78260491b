"""A drill's processes: how each is started, standing in the ledger first, and how all are ended."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubedrill.cluster.state import cluster_folder, state_folder
from kubedrill.process.child import Child
from kubedrill.record.cluster import private_folder
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.undo.clearing import ENDING_S


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts processes of the drill of one run folder."""

    folder: RunFolder
    ledger: Ledger
    cluster_name: str
    engine: bool
    """Whether they may know of a container engine."""

    def start(
        self, role: str, command: list[str], environment: dict[str, str] | None = None
    ) -> Child:
        """Start a process that stands in the ledger before it is there."""
        unknown = {"pid": None, "started": None}
        undo = ("kubedrill.process.child", "kill_process")
        entry = self.ledger.intend("process", role, undo, unknown)
        child = self.start_unnoted(role, command, environment)
        self.ledger.learn(entry, {"pid": child.pid, "started": child.started})
        return child

    def start_unnoted(
        self,
        role: str,
        command: list[str],
        environment: dict[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Child:
        """Start a process that nobody has to end: the watchdog."""
        return Child.start(
            role,
            command,
            self.folder.logs / f"{role}.log",
            # Said, since by default it is found from the user's home folder.
            {"KUBEDRILL_STATE": str(state_folder()), **(environment or {})},
            pass_fds,
            private=private_folder(cluster_folder(self.cluster_name), self.folder.run),
            engine=self.engine,
        )


def end(children: Sequence[Child], note: Callable[[str], None]) -> None:
    """End processes, the last first, and kill those that do not in time, which is told to `note`."""
    for child in reversed(children):
        child.end()
    deadline = time.monotonic() + ENDING_S
    for child in reversed(children):
        if child.wait(max(0.0, deadline - time.monotonic())) is None:
            note(f"{child.role} did not end in time and was killed")
            child.kill()
