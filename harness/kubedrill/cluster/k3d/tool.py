"""k3d itself: which one is there, what it is told, and what it makes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubedrill.cluster.engine import ContainerEngine
from kubedrill.cluster.k3d.definition import K3dDefinition
from kubedrill.cluster.tools import (
    CREATE_S,
    KnownVersions,
    Version,
    found_tool,
    make,
    told,
    with_engine,
)
from kubedrill.errors import NotStarted
from kubedrill.record.labels import ZONE
from kubedrill.wire.pki import write_secret

VERSIONS = KnownVersions(least=(5, 5, 0), broken={})
"""Older ones do not read the config `k3d.io/v1alpha5`."""
_WITHOUT = ("traefik", "servicelb", "metrics-server", "local-storage")
"""What k3s brings along, and no drill needs: each takes its share of a small machine."""


def program() -> tuple[str, Version]:
    """Return where k3d is, and its version; NotStarted if it is not there, or of one that is of no use."""
    return found_tool("k3d", "see k3d.io", VERSIONS)


def configuration(definition: K3dDefinition, name: str) -> str:
    """Return what k3d is told to make."""
    options = definition.config.get("options", {})
    k3s: Mapping[str, Any] = options.get("k3s") or {}
    arguments = [_argument(f"--disable={name}") for name in _WITHOUT]
    labels = [
        {"label": f"{ZONE}={zone}", "nodeFilters": [f"server:{number}"]}
        for number, zone in enumerate(definition.zones)
    ]
    labels += [
        {
            "label": f"{ZONE}={definition.zones[number % len(definition.zones)]}",
            "nodeFilters": [f"agent:{number}"],
        }
        for number in range(definition.agents)
    ]
    said: dict[str, Any] = {
        "apiVersion": "k3d.io/v1alpha5",
        "kind": "Simple",
        "metadata": {"name": name},
        "servers": definition.servers,
        "agents": definition.agents,
        **({"image": definition.image} if definition.image else {}),
        # With a subnet k3d gives servers addresses that stay: etcd's members know each other by them.
        "subnet": "auto",
        "kubeAPI": {"host": "127.0.0.1", "hostIP": "127.0.0.1"},
        **definition.config,
        "options": {
            **options,
            "k3d": {"wait": True, "timeout": f"{CREATE_S:g}s", "disableRollback": True},
            "k3s": {
                **k3s,
                "extraArgs": [*arguments, *k3s.get("extraArgs", [])],
                "nodeLabels": [*labels, *k3s.get("nodeLabels", [])],
            },
            "kubeconfig": {"updateDefaultKubeconfig": False, "switchCurrentContext": False},
        },
    }
    return yaml.safe_dump(said, sort_keys=False)


def _argument(text: str) -> dict[str, Any]:
    return {"arg": text, "nodeFilters": ["server:*"]}


@dataclass(frozen=True, slots=True)
class K3dTool:
    """One program, the engine that it is to use, and the folder of our cluster. NotStarted where it fails."""

    program: str
    engine: ContainerEngine
    folder: Path

    def clusters(self) -> list[str]:
        """Return the names of all clusters that it knows of."""
        said = self._run("cluster", "list", "-o", "json")
        try:
            return [str(cluster["name"]) for cluster in json.loads(said) or ()]
        except (ValueError, KeyError, TypeError):
            raise NotStarted(
                f"{self.program} cluster list says no clusters: {said[:100]}"
            ) from None

    def create(self, definition: K3dDefinition, name: str) -> None:
        """Make a cluster; ClusterFailed if that does not come."""
        config = self.folder / "k3d.yaml"
        config.write_text(configuration(definition, name), encoding="utf-8")
        command = [self.program, "cluster", "create", "--config", str(config)]
        make(command, name, self.folder, self._environment())

    def delete(self, name: str) -> None:
        """Delete a cluster."""
        self._run("cluster", "delete", name)

    def export_kubeconfig(self, name: str) -> None:
        """Write the kubeconfig of a cluster that is up to our folder."""
        write_secret(kubeconfig(self.folder), self._run("kubeconfig", "get", name).encode())

    def _run(self, *arguments: str) -> str:
        return told([self.program, *arguments], self._environment())

    def _environment(self) -> dict[str, str]:
        # What it deletes it takes out of what it believes to be the user's kubeconfig.
        return with_engine(self.engine, **self._socket(), KUBECONFIG=str(kubeconfig(self.folder)))

    def _socket(self) -> dict[str, str]:
        """Return where k3d, which speaks to docker alone, finds podman instead."""
        if self.engine.name != "podman":
            return {}
        said = self.engine.ask("info", "--format", "{{.Host.RemoteSocket.Path}}").strip()
        path = said.removeprefix("unix://")
        return {"DOCKER_HOST": f"unix://{path}", "DOCKER_SOCK": path}


def kubeconfig(folder: Path) -> Path:
    """Return where the administrator's kubeconfig of a cluster is; k3d writes to no other."""
    return folder / "k3d.kubeconfig"
