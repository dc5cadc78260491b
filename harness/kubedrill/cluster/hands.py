"""What gets at the processes of a cluster's containers: whoever is in a node, and the engine that runs it."""

import os
import signal as signals
import subprocess
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Literal, Protocol

from kubedrill.cluster.engine import ContainerEngine, EngineFailed
from kubedrill.cluster.requests import RequestRefused
from kubedrill.cluster.sightings import SeenProcess, in_container

Signal = Literal["KILL", "TERM", "STOP", "CONT"]


class Hand(Protocol):
    """Gets at one component. Nothing is waited for: what comes of it is seen. RequestRefused if it cannot."""

    @property
    def starts_by_itself(self) -> bool:
        """Whether somebody else starts what has ended."""
        ...

    def signal(self, seen: SeenProcess, signal: Signal) -> None:
        """Send its process a signal."""
        ...

    def keep_down(self) -> None:
        """See to it that nobody starts it anew, once it has ended."""
        ...

    def let_up(self) -> None:
        """Have it started anew by whoever does that."""
        ...

    def hurry(self) -> None:
        """Have it started now, where whoever does that waits."""
        ...


class OfEngine:
    """What a container is there for: it ends with its processes of these `names`.

    `restarts` is the engine's policy for it: by which it starts what has ended, though nobody told it to end
    that. "": it starts nothing.
    """

    starts_by_itself = False

    def __init__(
        self, engine: ContainerEngine, container: str, names: Collection[str], restarts: str = ""
    ) -> None:
        self._engine = engine
        self._container = container
        self._names = names
        self._restarts = restarts

    def signal(self, seen: SeenProcess, signal: Signal) -> None:  # noqa: ARG002
        """End the container, or signal those in it: a master, and who works for it."""
        if signal == "KILL":
            self._tell("kill", self._container)
            return
        for found in self._processes():
            try:
                os.kill(found.pid, getattr(signals, f"SIG{signal}"))
            except PermissionError:
                words = f"kill -{signal} {found.inside}"
                self._tell("exec", self._container, "sh", "-c", words)
            except ProcessLookupError:
                pass  # it has just ended

    def keep_down(self) -> None:
        """Let the engine start it no more."""
        self._let_restart("no")

    def let_up(self) -> None:
        """Start the container; one that runs is left so."""
        self._let_restart(self._restarts)
        self._tell("start", self._container)

    def hurry(self) -> None:
        """Start it."""
        self.let_up()

    def proceed(self) -> None:
        """Let those go on that stand still."""
        for found in self._processes():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(found.pid, signals.SIGCONT)

    def _processes(self) -> list[SeenProcess]:
        return in_container(self._container, self._names)

    def _let_restart(self, policy: str) -> None:
        """Change the engine's policy; what it is told besides must find it changed, so this waits."""
        if not self._restarts:
            return
        try:
            self._engine.ask("update", "--restart", policy, self._container)
        except EngineFailed as error:
            raise RequestRefused(str(error)) from None

    def _tell(self, *arguments: str) -> None:
        try:
            subprocess.Popen(
                self._engine.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise RequestRefused(f"the engine is not told to {arguments[0]}: {error}") from None


def give_back(engine: ContainerEngine, hands: Mapping[str, OfEngine], restarts: str = "") -> None:
    """Let containers run, whatever was done to them; EngineFailed. `hands` are by their ids."""
    if not hands:
        return
    for hand in hands.values():
        hand.proceed()
    if restarts:
        engine.ask("update", "--restart", restarts, *hands)
    engine.ask("start", *hands)
