"""What gets at the processes of a cluster of kind's: kubelet's own, in a node, and the engine's."""

import os
import signal as signals
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Protocol

from kubedrill.cluster.kind.agent import Agent
from kubedrill.cluster.kind.engine import ContainerEngine, EngineFailed
from kubedrill.cluster.kind.sightings import SeenProcess, of_balancer
from kubedrill.cluster.requests import RequestRefused

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


class InNode:
    """What kubelet runs from a manifest."""

    starts_by_itself = True

    def __init__(self, agent: Callable[[], Agent], kind: str) -> None:
        self._agent = agent
        self._kind = kind

    def signal(self, seen: SeenProcess, signal: Signal) -> None:
        """Send it from within the node, where its processes are ours to hit."""
        self._tell("signal", signal, str(seen.inside))

    def keep_down(self) -> None:
        """Take its manifest away, before kubelet sees that it has ended."""
        self._tell("away", self._kind)

    def let_up(self) -> None:
        """Give the manifest back."""
        self._tell("back", self._kind)

    def hurry(self) -> None:
        """Restart kubelet, which starts at once what it has not seen end: it waits up to 5 min otherwise."""
        self._tell("kubelet")

    def _tell(self, *words: str) -> None:
        try:
            self._agent().tell(*words)
        except (OSError, EngineFailed) as error:
            raise RequestRefused(f"nobody is told to {' '.join(words)}: {error}") from None


class OfEngine:
    """The balancer, in a container of its own. The engine starts nothing that it was told to end."""

    starts_by_itself = False

    def __init__(self, engine: ContainerEngine, container: str) -> None:
        self._engine = engine
        self._container = container

    def signal(self, seen: SeenProcess, signal: Signal) -> None:  # noqa: ARG002
        """End the container, or signal all that balances in it: a master, and who works for it."""
        if signal == "KILL":
            self._ask("kill", self._container)
            return
        for found in of_balancer(self._container):
            try:
                os.kill(found.pid, getattr(signals, f"SIG{signal}"))
            except PermissionError:
                words = f"kill -{signal} {found.inside}"
                self._ask("exec", self._container, "sh", "-c", words)
            except ProcessLookupError:
                pass  # it has just ended

    def keep_down(self) -> None:
        """Do nothing: it stays down."""

    def let_up(self) -> None:
        """Start the container; one that runs is left so."""
        self._ask("start", self._container)

    def hurry(self) -> None:
        """Start it."""
        self.let_up()

    def give_back(self) -> None:
        """Let it run, whatever was done to it; EngineFailed."""
        for found in of_balancer(self._container):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(found.pid, signals.SIGCONT)
        self._engine.ask("start", self._container)

    def _ask(self, *arguments: str) -> None:
        try:
            subprocess.Popen(
                self._engine.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise RequestRefused(f"the engine is not told to {arguments[0]}: {error}") from None
