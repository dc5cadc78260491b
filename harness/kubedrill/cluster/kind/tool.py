"""kind itself: which one is there, what it is told, and what it makes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubedrill.cluster.engine import ContainerEngine, EngineFailed
from kubedrill.cluster.kind.definition import KindDefinition
from kubedrill.cluster.tools import (
    KnownVersions,
    Version,
    dotted,
    found_tool,
    make,
    parsed,
    told,
    with_engine,
)
from kubedrill.errors import NotStarted
from kubedrill.record.labels import ZONE

_NO_CONFIG = (
    "its load balancer loses its config when its container restarts, and the API is gone then"
)
VERSIONS = KnownVersions(least=(0, 20, 0), broken={(0, 32, 0): _NO_CONFIG})
"""Older ones write a config that kubeadm of today does not read."""
NEWER = {(1, 37): (0, 33, 0)}
"""Which Kubernetes needs at least which kind."""


def program() -> tuple[str, Version]:
    """Return where kind is, and its version; NotStarted if it is not there, or of one that is of no use."""
    how = "go install sigs.k8s.io/kind@latest, or see kind.sigs.k8s.io"
    return found_tool("kind", how, VERSIONS)


def check_kubernetes(found: Version, kubernetes: str) -> None:
    """Raise NotStarted where nodes of a Kubernetes need a newer kind."""
    known = parsed(kubernetes)
    for since, least in NEWER.items():
        if known and known >= since and found < least:
            raise NotStarted(
                f"Kubernetes {kubernetes} needs kind {dotted(least)} or later, and kind {dotted(found)} is "
                "here; take a newer kind, or an older `image:`"
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
        config = folder / "kind.yaml"
        config.write_text(configuration(definition, name), encoding="utf-8")
        command = [self.program, "create", "cluster", "--config", str(config), "--retain"]
        command += ["--kubeconfig", str(kubeconfig(folder))]
        command += ["--image", definition.image] if definition.image else []
        networks = {
            f"KIND_EXPERIMENTAL_{engine}_NETWORK": network for engine in ("DOCKER", "PODMAN")
        }
        make(command, name, folder, self._environment(**networks))

    def delete(self, name: str, folder: Path) -> None:
        """Delete a cluster; one that is not there is left so."""
        self._run("delete", "cluster", "--name", name, "--kubeconfig", str(kubeconfig(folder)))

    def export_kubeconfig(self, name: str, folder: Path) -> None:
        """Write the kubeconfig of a cluster that is up to a folder, and to no other."""
        self._run("export", "kubeconfig", "--name", name, "--kubeconfig", str(kubeconfig(folder)))

    def _run(self, *arguments: str) -> str:
        return told([self.program, *arguments], self._environment())

    def _environment(self, **more: str) -> dict[str, str]:
        return with_engine(self.engine, KIND_EXPERIMENTAL_PROVIDER=self.engine.name, **more)


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
