"""What gets at what kubelet runs, in a node of kind's."""

from collections.abc import Callable

from kubedrill.cluster.engine import EngineFailed
from kubedrill.cluster.hands import Signal
from kubedrill.cluster.kind.agent import Agent
from kubedrill.cluster.requests import RequestRefused
from kubedrill.cluster.sightings import SeenProcess


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
