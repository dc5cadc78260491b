"""A drill's processes: how each is started, standing in the ledger first, and how all are ended."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kubedrill.cluster.state import cluster_folder, state_folder
from kubedrill.process.child import Child
from kubedrill.process.environment import hand_on_operators
from kubedrill.record.cluster import private_folder
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.undo.clearing import ENDING_S

CHILDREN = {
    "prober": "kubedrill.observe.prober",
    "scraper": "kubedrill.observe.scraper",
    "faults": "kubedrill.faults",
}
AUDITOR = {"auditor": "kubedrill.observe.auditor"}
"""Besides, where an objective is about what it finds."""
REQUESTS = {"requests": "kubedrill.observe.requests"}
"""Besides, where the apiservers log who asks what."""
SCALE_OUT = {"scale-out": "kubedrill.observe.scale_out"}
"""Besides, where there is a fleet, or an objective is about how nodes come."""
OPERATORS = ("faults", "watchdog")
"""The roles of those that break and undo."""
PLAN = "plan"
"""The role of who executes the emergency plan, where there is one: its commands are always those of whoever
began the drill."""
EMERGENCY = "kubedrill.emergency"
FLEET = "kubedrill.fleet"
AUTOSCALER = "kubedrill.fleet.autoscaling"
DEMAND = "kubedrill.seed.demanding"
"""Besides, where pods are wanted while the drill runs."""


def observing(*, audited: bool, counted: bool, logged: bool) -> dict[str, str]:
    """Return the module of each that watches, and of the faults, by its role; `counted`: nodes are, too."""
    besides = (AUDITOR if audited else {}) | (SCALE_OUT if counted else {})
    return besides | (REQUESTS if logged else {}) | CHILDREN


def command_of(module: str, folder: RunFolder) -> list[str]:
    """Return the command of one of a drill's own processes."""
    return [sys.executable, "-m", module, "--run", str(folder.path)]


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts processes of the drill of one run folder."""

    folder: RunFolder
    ledger: Ledger
    cluster_name: str
    engine: bool
    """Whether they may know of a container engine."""
    commands: bool = False
    """Whether those that break and undo run commands of whoever began the drill."""

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
            {
                "KUBEDRILL_STATE": str(state_folder()),
                **(hand_on_operators() if self._runs_commands(role) else {}),
                **(environment or {}),
            },
            pass_fds,
            private=private_folder(cluster_folder(self.cluster_name), self.folder.run),
            engine=self.engine,
        )

    def _runs_commands(self, role: str) -> bool:
        """Whether a process runs commands of whoever began the drill."""
        return role == PLAN or (self.commands and role in OPERATORS)


def end(children: Sequence[Child], note: Callable[[str], None]) -> None:
    """End processes, the last first, and kill those that do not in time, which is told to `note`."""
    for child in reversed(children):
        child.end()
    deadline = time.monotonic() + ENDING_S
    for child in reversed(children):
        if child.wait(max(0.0, deadline - time.monotonic())) is None:
            note(f"{child.role} did not end in time and was killed")
            child.kill()
