"""What gets at a node of kind's, at its kubelet, and at what that runs."""

from collections.abc import Callable
from contextlib import suppress

from kubedrill.cluster.containers import NodeContainer
from kubedrill.cluster.engine import ContainerEngine, EngineFailed
from kubedrill.cluster.hands import OfEngine, Signal
from kubedrill.cluster.kind.agent import Agent
from kubedrill.cluster.requests import RequestRefused
from kubedrill.cluster.sightings import SeenProcess

INIT = ("systemd",)
"""What a node begins with."""
AS_A_WHOLE: dict[Signal, str] = {"KILL": "kill", "TERM": "stop", "STOP": "pause", "CONT": "unpause"}
"""What the engine does to a container as it would be done to a process."""


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


class Kubelet(InNode):
    """kubelet itself, which systemd starts anew when it has ended."""

    def keep_down(self) -> None:
        """Have systemd stop it: it starts it no more."""
        self._tell("end")

    def let_up(self) -> None:
        """Have systemd start it; one that runs is left so."""
        self._tell("begin")

    def hurry(self) -> None:
        """Have it started now: systemd gives up what ends too often."""
        self._tell("begin")


class NodeMachine(OfEngine):
    """A node, as the container that it is. In a network of ours it keeps its address."""

    def __init__(self, engine: ContainerEngine, node: NodeContainer, network: str) -> None:
        super().__init__(engine, node.id, INIT)
        self._node = node
        self._network = network

    def signal(self, seen: SeenProcess, signal: Signal) -> None:  # noqa: ARG002
        """Have the engine do that to all that runs in it."""
        self._tell(AS_A_WHOLE[signal], self._container)

    def let_up(self) -> None:
        """Start it with the address that it had; one that runs is left so. RequestRefused if it cannot."""
        try:
            self._start()
        except EngineFailed as error:
            raise RequestRefused(str(error)) from None

    def be_free(self) -> None:
        """Let it run, and go on, whatever was done to it; EngineFailed."""
        if self._state() == "paused":
            self._engine.ask("unpause", self._container)
        self._start()

    def _start(self) -> None:
        # In a network that is not ours we stop none.
        if not self._network or self._state() in {"running", "paused"}:
            return
        ask, network, address = self._engine.ask, self._network, self._node.address
        # One who was killed may have taken it out, and not put it back.
        with suppress(EngineFailed):
            ask("network", "disconnect", network, self._container)
        ask("network", "connect", "--ip", address, network, self._container)
        ask("start", self._container)

    def _state(self) -> str:
        return self._engine.ask("inspect", "--format", "{{.State.Status}}", self._container).strip()
