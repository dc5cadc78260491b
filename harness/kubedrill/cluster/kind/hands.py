"""What gets at the processes of a cluster of kind's: kubelet's own, in a node, and the engine's."""

import subprocess
from collections.abc import Callable
from typing import Literal, Protocol

from kubedrill.cluster.kind.agent import Agent
from kubedrill.cluster.kind.engine import ContainerEngine
from kubedrill.cluster.kind.sightings import SeenProcess
from kubedrill.cluster.requests import RequestRefused

Signal = Literal["KILL", "TERM", "STOP", "CONT"]


class Hand(Protocol):
    """Gets at one component. Nothing is waited for: what comes of it is seen."""

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
    """What kubelet runs from a manifest. RequestRefused where nobody is in the node."""

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
        except OSError as error:
            raise RequestRefused(f"nobody is told to {' '.join(words)}: {error}") from None


class OfEngine:
    """What is the first process of a container. The engine starts anew nothing that it was told to end."""

    def __init__(self, engine: ContainerEngine, container: str) -> None:
        self._engine = engine
        self._container = container

    def signal(self, seen: SeenProcess, signal: Signal) -> None:  # noqa: ARG002
        """Have the engine send it."""
        self._ask("kill", "--signal", signal, self._container)

    def keep_down(self) -> None:
        """Do nothing: it stays down."""

    def let_up(self) -> None:
        """Start the container; one that runs is left so."""
        self._ask("start", self._container)

    def hurry(self) -> None:
        """Start it."""
        self.let_up()

    def _ask(self, *arguments: str) -> None:
        subprocess.Popen(
            self._engine.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
