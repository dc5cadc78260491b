"""Kubeconfig files: whole in themselves, since they hold the certificates."""

import base64
import json
from pathlib import Path

from kubedrill.cluster.local.pki import SERVER_NAME, Pair, write_secret


def holder(who: Pair) -> dict[str, str]:
    """Return the user of a kubeconfig who has a certificate."""
    return {
        "client-certificate-data": _base64(who.certificate),
        "client-key-data": _base64(who.key),
    }


def write_kubeconfig(
    path: Path, cluster: str, server: str, authority: Path, user: dict[str, str], *, name: str = ""
) -> Path:
    """Write a kubeconfig (JSON is YAML) for the API at `server`, an address and port.

    The user is called `name`, by default as the file.
    """
    name = name or path.stem
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {
                    "server": f"https://{server}",
                    "tls-server-name": SERVER_NAME,
                    "certificate-authority-data": _base64(authority),
                },
            }
        ],
        "users": [
            {
                "name": name,
                "user": user,
            }
        ],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": name}}],
        "current-context": cluster,
    }
    write_secret(path, json.dumps(content, indent=1).encode())
    return path


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
