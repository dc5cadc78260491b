"""Kubeconfig files: whole in themselves, since they hold the certificates."""

import base64
import json
from pathlib import Path

from kubedrill.cluster.local.pki import SERVER_NAME, Pair, write_secret


def write_kubeconfig(path: Path, cluster: str, server: str, authority: Path, who: Pair) -> Path:
    """Write a kubeconfig (JSON is YAML) for the API at `server`, an address and port."""
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
                "name": path.stem,
                "user": {
                    "client-certificate-data": _base64(who.certificate),
                    "client-key-data": _base64(who.key),
                },
            }
        ],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": path.stem}}],
        "current-context": cluster,
    }
    write_secret(path, json.dumps(content, indent=1).encode())
    return path


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
