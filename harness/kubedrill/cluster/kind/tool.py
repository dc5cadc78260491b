"""kind itself: which one is there, what it is told, and what it makes."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.kind.engine import ContainerEngine, EngineFailed, output
from kubedrill.cluster.state import MARK, ClusterFailed
from kubedrill.errors import NotStarted
from kubedrill.record.labels import ZONE
from kubedrill.words import printable

_VERSION = re.compile(r"\bv(\d+)\.(\d+)\.(\d+)")
LEAST = (0, 20, 0)
"""Older ones write a config that kubeadm of today does not read."""
_NO_CONFIG = (
    "its load balancer loses its config when its container restarts, and the API is gone then"
)
BROKEN = {(0, 32, 0): _NO_CONFIG}
NEWER = {(1, 37): (0, 33, 0)}
"""Which Kubernetes needs at least which kind."""
CREATE_S = 900.0
"""It pulls an image of 1 GB, and waits for nothing afterwards."""
CALL_S = 60.0
Version = tuple[int, int, int]


def program() -> tuple[str, Version]:
    """Return where kind is, and its version; NotStarted if it is not there, or of one that is of no use."""
    found = shutil.which("kind")
    if found is None:
        raise NotStarted(
            "kind was not found; to install it: go install sigs.k8s.io/kind@latest, or see kind.sigs.k8s.io"
        )
    known = version(found)
    check_version(known)
    return found, known


def version(program: str) -> Version:
    """Return which version of kind a program is; NotStarted if it does not say."""
    said = _said([program, "version"])
    if (known := _VERSION.search(said)) is None:
        raise NotStarted(f"{program} version does not say which it is: {printable(said[:100])}")
    return int(known[1]), int(known[2]), int(known[3])


def check_version(found: Version) -> None:
    """Raise NotStarted for a version of kind that is known to be of no use."""
    said = ".".join(map(str, found))
    if found < LEAST:
        least = ".".join(map(str, LEAST))
        raise NotStarted(f"kind {said} is too old; take {least} or later")
    if why := BROKEN.get(found):
        raise NotStarted(f"kind {said} is known to be broken: {why}; take another version")


def check_kubernetes(found: Version, kubernetes: str) -> None:
    """Raise NotStarted where nodes of a Kubernetes need a newer kind."""
    known = _VERSION.search(kubernetes)
    if known is None:
        return
    is_of = (int(known[1]), int(known[2]))
    for since, least in NEWER.items():
        if is_of >= since and found < least:
            said, wanted = (".".join(map(str, which)) for which in (found, least))
            raise NotStarted(
                f"Kubernetes {kubernetes} needs kind {wanted} or later, and kind {said} is here; "
                "take a newer kind, or an older `image:`"
            )


def configuration(definition: KindDefinition, name: str) -> str:
    """Return what kind is told to make."""
    planes = [{"role": "control-plane", "labels": {ZONE: zone}} for zone in definition.zones]
    workers = [
        {"role": "worker", "labels": {ZONE: definition.zones[number % len(definition.zones)]}}
        for number in range(definition.workers)
    ]
    networking = {"apiServerAddress": "127.0.0.1", **definition.config.get("networking", {})}
    said: dict[str, Any] = {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": name,
        **definition.config,
        "networking": networking,
        "nodes": [*planes, *workers],
    }
    return yaml.safe_dump(said, sort_keys=False)


@dataclass(frozen=True, slots=True)
class KindTool:
    """One program, and the engine that it is to use. NotStarted where it fails."""

    program: str
    engine: ContainerEngine

    def clusters(self) -> list[str]:
        """Return the names of all clusters that it knows of."""
        return self._run("get", "clusters").split()

    def create(self, definition: KindDefinition, name: str, folder: Path, network: str) -> None:
        """Make a cluster; ClusterFailed if that does not come. Its kubeconfig goes to `folder` alone."""
        config, log = folder / "kind.yaml", folder / "logs" / "kind.log"
        config.write_text(configuration(definition, name), encoding="utf-8")
        command = [self.program, "create", "cluster", "--config", str(config), "--retain"]
        command += ["--kubeconfig", str(kubeconfig(folder))]
        command += ["--image", definition.image] if definition.image else []
        with log.open("ab") as said:
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    env=self._environment(
                        KIND_EXPERIMENTAL_DOCKER_NETWORK=network,
                        KIND_EXPERIMENTAL_PODMAN_NETWORK=network,
                        **{MARK: str(folder)},
                    ),
                    timeout=CREATE_S,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                late = f"kind has not made {name} within {CREATE_S:g} s; see {log}"
                raise ClusterFailed(late) from None
        if done.returncode != 0:
            raise ClusterFailed(f"kind could not make {name}:{_end(log)}")

    def delete(self, name: str, folder: Path) -> None:
        """Delete a cluster; one that is not there is left so."""
        self._run("delete", "cluster", "--name", name, "--kubeconfig", str(kubeconfig(folder)))

    def export_kubeconfig(self, name: str, folder: Path) -> None:
        """Write the kubeconfig of a cluster that is up to a folder, and to no other."""
        self._run("export", "kubeconfig", "--name", name, "--kubeconfig", str(kubeconfig(folder)))

    def _run(self, *arguments: str) -> str:
        return _said([self.program, *arguments], self._environment())

    def _environment(self, **more: str) -> dict[str, str]:
        host = {"DOCKER_HOST": self.engine.host} if self.engine.host else {}
        return {**os.environ, "KIND_EXPERIMENTAL_PROVIDER": self.engine.name, **host, **more}


def kubeconfig(folder: Path) -> Path:
    """Return where the administrator's kubeconfig of a cluster is; kind writes to no other."""
    return folder / "kind.kubeconfig"


def make_network(engine: ContainerEngine, name: str) -> str:
    """Make a network whose addresses can be given again; NotStarted if none is free.

    Without a subnet of its own the engine would give a node that is started anew whichever is free.
    """
    said = ""
    for number in range(_SUBNETS):
        try:
            engine.ask("network", "create", "--subnet", f"198.19.{number}.0/24", name)
        except EngineFailed as error:
            said = str(error)
        else:
            return name
    raise NotStarted(f"{engine.name} gave no network for the cluster: {said}")


_SUBNETS = 64
"""Of 198.18.0.0/15, which is for benchmarks (RFC 2544), and routed nowhere."""


def _said(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Return what kind prints; NotStarted says what it said where it failed."""
    try:
        return output(command, " ".join(command[:3]), CALL_S, environment=environment)
    except EngineFailed as error:
        raise NotStarted(str(error)) from None


def _end(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "".join(f"\n    {line[:300]}" for line in lines[-8:])
