"""Kubeconfig files: whole in themselves, since they hold the certificates."""

import base64
from dataclasses import dataclass
from pathlib import Path

from kubedrill.record.files import write_json


@dataclass(frozen=True, slots=True)
class Server:
    """The API of a cluster, as a kubeconfig tells of it."""

    cluster: str
    """What the cluster is called there."""
    address: str
    """Host and port."""
    authority: Path
    """The certificate that its own is proven by."""
    name: str
    """The name in its certificate."""


def holder(certificate: Path, key: Path) -> dict[str, str]:
    """Return the user of a kubeconfig who has a certificate."""
    return {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}


def write_kubeconfig(path: Path, server: Server, user: dict[str, str], name: str = "") -> Path:
    """Write a kubeconfig (JSON is YAML) that only its owner can read.

    The user is called `name`, by default as the file.
    """
    name = name or path.stem
    cluster = {
        "server": f"https://{server.address}",
        "tls-server-name": server.name,
        "certificate-authority-data": _base64(server.authority),
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": server.cluster, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [
            {"name": server.cluster, "context": {"cluster": server.cluster, "user": name}}
        ],
        "current-context": server.cluster,
    }
    write_json(path, content, mode=0o600)
    return path


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
