"""The container engine that nodes run on: its own command line, asked for one thing at a time."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from kubedrill.errors import NotStarted
from kubedrill.words import printable

EngineName = Literal["docker", "podman"]
WantedEngine = Literal["auto", EngineName]
"""auto: that which answers, docker first."""
ENGINES: tuple[EngineName, ...] = ("docker", "podman")
CALL_S = 15.0


class ContainerLabels(NamedTuple):
    """Labels by which a tool knows its containers: that of their cluster, that of what they are in it."""

    cluster: str
    role: str


class EngineFailed(Exception):  # noqa: N818 - an answer, not an accident
    """The engine did not do what it was asked for; the message has its words."""


def output(
    command: Sequence[str],
    what: str,
    timeout_s: float,
    *,
    given: str = "",
    environment: Mapping[str, str] | None = None,
) -> str:
    """Return what a command prints; EngineFailed has its last words, and `what` it is called."""
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailed(f"{what}: {error}") from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise EngineFailed(f"{what}: {printable(said)}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class EngineContainer:
    """One container of a cluster, as it is now."""

    id: str
    name: str
    role: str
    address: str
    """In the network of its cluster; "" while it does not run."""
    state: str
    """As the engine has it: running, paused, exited, ..."""
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """One engine that is up."""

    name: EngineName
    host: str = ""
    """Where docker listens, as the user's context says: a drill has a home of its own, and so no contexts."""

    def command(self, *arguments: str) -> list[str]:
        """Return what asks it for something."""
        return [self.name, *(("--host", self.host) if self.host else ()), *arguments]

    def ask(self, *arguments: str, given: str = "") -> str:
        """Return what it prints; EngineFailed."""
        what = f"{self.name} {arguments[0]}"
        return output(self.command(*arguments), what, CALL_S, given=given)

    def within(self, container: str) -> tuple[str, ...]:
        """Return what to put before a command so that it runs in a container, with our standard input."""
        return tuple(self.command("exec", "-i", container))

    def execute(self, container: str, *command: str, given: str = "") -> str:
        """Run a command in a container, and return what it prints; EngineFailed."""
        return self.ask("exec", "-i", container, *command, given=given)

    def containers(self, labels: ContainerLabels, cluster: str) -> list[EngineContainer]:
        """Return the containers of a cluster, by name; none if there is no such cluster. EngineFailed."""
        label = f"label={labels.cluster}={cluster}"
        ids = self.ask("ps", "-aq", "--no-trunc", "--filter", label).split()
        if not ids:
            return []
        found = json.loads(self.ask("inspect", "--type", "container", *ids))
        return sorted((_container(told, labels) for told in found), key=_in_order)


def found_engine(wanted: WantedEngine, tool: str) -> ContainerEngine:
    """Return the engine that a tool is to use; NotStarted if none is up: it starts none."""
    said = {name: _obstacle(name) for name in (ENGINES if wanted == "auto" else (wanted,))}
    for name, why in said.items():
        if not why:
            return ContainerEngine(name, _host(name))
    raise NotStarted(
        f"no container engine is up, which {tool} needs: {'; '.join(said.values())}; start one"
    )


def _obstacle(name: EngineName) -> str:
    """Return why an engine cannot be used; "" if it can."""
    if not shutil.which(name):
        return f"{name} was not found"
    try:
        ContainerEngine(name).ask("ps", "-q")
    except EngineFailed as error:
        return str(error)
    return ""


def _host(name: EngineName) -> str:
    """Return where an engine listens; "" where it is a program of its own, or says nothing of that."""
    if name != "docker":
        return ""
    with suppress(EngineFailed):
        return (
            ContainerEngine(name)
            .ask("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
            .strip()
        )
    return ""


def _container(told: dict[str, Any], labels: ContainerLabels) -> EngineContainer:
    networks = told["NetworkSettings"].get("Networks") or {}
    known = told["Config"].get("Labels") or {}
    addresses = [network.get("IPAddress") or "" for network in networks.values()]
    return EngineContainer(
        id=told["Id"],
        name=told["Name"].removeprefix("/"),
        role=known.get(labels.role, ""),
        address=next(filter(None, addresses), ""),
        state=told["State"]["Status"],
        labels=known,
    )


def _in_order(container: EngineContainer) -> tuple[int, str]:
    """Order as tools count: NAME, NAME2, ... NAME10."""
    return len(container.name), container.name


def of_role(containers: Sequence[EngineContainer], role: str) -> list[EngineContainer]:
    """Return those of a role."""
    return [container for container in containers if container.role == role]
