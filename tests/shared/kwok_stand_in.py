"""Stands in for the program KWOK: lets nodes be Ready that have the labels it is told; nothing else."""

import argparse
import time
from datetime import UTC, datetime
from typing import Any

from kubernetes import client, config

LOOK_S = 0.2


def main() -> None:
    """Look for nodes, until this process is ended from without."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--manage-nodes-with-label-selector", required=True, dest="selector")
    given, _ = parser.parse_known_args()
    config.load_kube_config(given.kubeconfig)
    api: Any = client.CoreV1Api()
    while True:
        for node in api.list_node(label_selector=given.selector).items:
            if not any(each.type == "Ready" for each in node.status.conditions or ()):
                api.patch_node_status(node.metadata.name, {"status": {"conditions": [_ready()]}})
        time.sleep(LOOK_S)


def _ready() -> dict[str, str]:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"reason": "KubeletReady", "message": "", "lastHeartbeatTime": at}
    return {"type": "Ready", "status": "True", "lastTransitionTime": at, **told}


if __name__ == "__main__":
    main()
