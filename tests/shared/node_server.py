"""A stand-in for an API server that LISTs and watches nodes, until it is told to fail."""

import json
import ssl
import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from behaving_server import CHUNKED, BehavingServer, Certificate, head
from watch_server import chunk

LOOK_S = 0.01
Event = tuple[str, int, dict[str, Any]]


def node(
    name: str, status: str | None, zone: str | None = None, version: int = 1
) -> dict[str, Any]:
    """Return a node whose condition Ready has that status; None: it has no such condition."""
    labels = {"topology.kubernetes.io/zone": zone} if zone else {}
    conditions = [{"type": "Ready", "status": status}] if status else []
    metadata = {"name": name, "resourceVersion": str(version), "labels": labels}
    return {"kind": "Node", "metadata": metadata, "status": {"conditions": conditions}}


class NodeStore:
    """What several of these servers tell of, as apiservers of one etcd do."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.version = 1
        self.log: list[Event] = []
        self.oldest = 0
        """A watch from a version before this one is Gone."""

    def write(self, name: str, status: str, zone: str | None = None) -> None:
        self.version += 1
        kind = "MODIFIED" if name in self.nodes else "ADDED"
        self.nodes[name] = node(name, status, zone, self.version)
        self.log.append((kind, self.version, self.nodes[name]))

    def delete(self, name: str) -> None:
        self.version += 1
        gone = self.nodes.pop(name)
        gone["metadata"]["resourceVersion"] = str(self.version)
        self.log.append(("DELETED", self.version, gone))

    def forget(self) -> None:
        """Forget what was written: no watch begins at an older version any more."""
        self.version += 1
        self.oldest = self.version
        self.log.clear()


class NodeServer(BehavingServer):
    """Answers with what its store has; `asked` are the queries that came."""

    def __init__(self, certificate: Certificate, store: NodeStore) -> None:
        self.store = store
        self.asked: list[dict[str, str]] = []
        self.mute = False
        """Whether nothing is answered, nor told."""
        self.status = "200 OK"
        self.lost: int | None = None
        """The version at which it has lost etcd: it answers what it knows, and is told nothing more."""
        self.cached: int | None = None
        """The version that it says from its cache, where nothing of nodes has come since."""
        self.ends = threading.Event()
        """Each watch ends in order, once this is set."""
        self.breaks = threading.Event()
        """Each watch breaks off, once this is set."""
        super().__init__(certificate)

    @property
    def lists(self) -> int:
        return sum("watch" not in query and "fieldSelector" not in query for query in self.asked)

    @property
    def watches(self) -> int:
        return sum("watch" in query for query in self.asked)

    def answer(self, connection: ssl.SSLSocket, request: bytes) -> bool:
        query = parse_qs(urlsplit(request.split()[1].decode()).query)
        self.asked.append({name: values[0] for name, values in query.items()})
        self._wait()
        if self.status != "200 OK":
            connection.sendall(head("Content-Length: 2", status=self.status) + b"{}")
            return True
        if "watch" in query:
            return self._watch(connection, int(query["resourceVersion"][0]))
        if self.lost is not None and "resourceVersion" not in query:
            connection.sendall(head("Content-Length: 2", status="504 Gateway Timeout") + b"{}")
            return True
        items = [] if "fieldSelector" in query else [*self.store.nodes.values()]
        cached = self.cached if "resourceVersion" in query else None
        version = str(self.lost or cached or self.store.version)
        listed = {"metadata": {"resourceVersion": version}, "items": items or None}
        body = json.dumps(listed).encode()
        connection.sendall(head(f"Content-Length: {len(body)}") + body)
        return True

    def _wait(self) -> None:
        while self.mute:
            time.sleep(LOOK_S)

    def _watch(self, connection: ssl.SSLSocket, version: int) -> bool:
        connection.sendall(CHUNKED)
        if version < self.store.oldest:
            self._tell(connection, "ERROR", {"kind": "Status", "status": "Failure", "code": 410})
            return False
        while not self.breaks.is_set():
            self._wait()
            for kind, number, written in [] if self.lost else self._since(version):
                self._tell(connection, kind, written)
                version = number
            if self.ends.is_set():
                connection.sendall(b"0\r\n\r\n")
                return False
            time.sleep(LOOK_S)
        return False

    def _since(self, version: int) -> list[Event]:
        return [entry for entry in self.store.log if entry[1] > version]

    def _tell(self, connection: ssl.SSLSocket, kind: str, told: dict[str, Any]) -> None:
        line = json.dumps({"type": kind, "object": told}, separators=(",", ":")).encode()
        connection.sendall(chunk(line + b"\n"))
