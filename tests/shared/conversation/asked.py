"""What nodes have asked, as the API's audit log has it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "userGroups": ["system:nodes"]}, {"level": "None"}],
}
USER = "system:node:"
BEGINS, RESUMED = "from the beginning", "resumed"
"""What watches begin with: every object, or what is written from now on."""
EVENT = '{"kind":"Event"'
"""What a line of the audit log begins with, among what an apiserver says besides."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a node."""

    node: str
    at: float
    """When the API got it, s since the epoch."""
    row: str
    """What it asked: verb, resource, what was selected, and how it was answered if not well."""
    seconds: int
    """For how long a watch was asked for."""


def asked(folder: Path) -> list[Asked]:
    """Return what nodes have asked of the apiservers of a cluster, in order."""
    found = {}
    for log in sorted((folder / "logs").glob("kube-apiserver-*.log")):
        for event in _events(log):
            found.setdefault(event["auditID"], event)  # a watch has a line for its end, too
    return sorted(map(_asked, found.values()), key=lambda each: each.at)


def _events(log: Path) -> Iterator[Any]:
    with log.open(errors="replace") as lines:
        for line in lines:
            if line.startswith(EVENT) and line.endswith("\n"):
                event = json.loads(line)
                if event["user"]["username"].startswith(USER):
                    yield event


def _asked(event: Any) -> Asked:
    node = event["user"]["username"].removeprefix(USER)
    query = {key: of[0] for key, of in parse_qs(urlsplit(event["requestURI"]).query).items()}
    at = datetime.fromisoformat(event["requestReceivedTimestamp"])
    seconds = int(query.get("timeoutSeconds", 0))
    return Asked(node, at.timestamp(), _row(event, node, query), seconds)


def _row(event: Any, node: str, query: dict[str, str]) -> str:
    what = event["objectRef"]
    resource = "/".join(filter(None, [what["resource"], what.get("subresource")]))
    words = [event["verb"], resource, _selector(query, node)]
    if event["verb"] == "watch":
        words.append(BEGINS if "sendInitialEvents" in query else RESUMED)
    code = event.get("responseStatus", {}).get("code", 200)
    return " ".join([*filter(None, words), *([] if code < 300 else [str(code)])])


def _selector(query: dict[str, str], node: str) -> str:
    selector = query.get("fieldSelector", "")
    key, _, value = selector.partition("=")
    if value == node:
        return f"{key}=NODE"
    return f"{key}=NAME" if key == "metadata.name" else selector
