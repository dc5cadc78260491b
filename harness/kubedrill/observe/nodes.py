"""Observe: how many nodes are not ready: nodes.jsonl. Only where somebody asks.

By a watch: a LIST of a thousand nodes each second takes a twentieth of two cores, and is not answered
in time when it matters, while they come.
"""

import json
from collections import deque
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from kubedrill.client.caller import Caller
from kubedrill.client.informer import Object, conditions, watch_query, watch_seconds
from kubedrill.client.watching import EventKind, Events, WatchEvent
from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.observe.in_turn import Looks
from kubedrill.record.cluster import AUDITOR, ClusterRecord, Endpoint
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import ZONE
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import Outcome, outcome_name
from kubedrill.record.watched import NodeLook
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.stream import Stream
from kubedrill.wire.target import identity_target

EVERY_S = 1.0
TIMEOUT = 1500 * MILLISECOND
"""An apiserver that does not answer within this time is given up for another one."""
LIST_TIMEOUT = 10 * SECOND
"""Thousands of nodes are many MB; they are asked for once."""
SILENT = 5 * SECOND
"""So long after an apiserver has told what it knew it is not known any more how the nodes are."""

NODES = "/api/v1/nodes"
NOBODY = f"{NODES}?resourceVersion=0&fieldSelector=metadata.name%3Dkubedrill-nobody"
"""A question to the same cache that costs nothing: who answers has told of the nodes what it knew before."""
_SOON = MILLISECOND
"""So long is waited for what has come already."""


class NodeReadiness(NamedTuple):
    """How a node is."""

    ready: bool
    zone: str
    """"" if it says none."""


class NotTold(Exception):  # noqa: N818 - an answer, not an accident
    """An apiserver does not tell."""

    def __init__(self, status: int) -> None:
        super().__init__(outcome_name(status))
        self.status = status


class Nodes(Looks["ToldNodes"]):
    """Notes each second how the nodes are."""

    def __init__(self, folder: RunFolder, record: ClusterRecord) -> None:
        super().__init__(ToldNodes(record), JsonLines(folder.nodes))

    def _look(self) -> NodeLook:
        begun = now()
        error = self._asked.look()
        found = {} if error else self._asked.nodes
        return NodeLook(
            time=begun,
            took_us=(now() - begun) // 1000,
            nodes=len(found),
            not_ready=tuple(name for name, node in found.items() if not node.ready),
            zones=by_zone(found.values()),
            error=error,
        )


class ToldNodes:
    """All nodes, as one apiserver tells of them: the next one after one that does not answer."""

    def __init__(self, record: ClusterRecord) -> None:
        # Who may watch nodes already, for what changed besides.
        self._servers = deque(_Server(record, each) for each in record.apiservers)
        self._stream: Stream | None = None
        self._events = Events("json")
        self._version = ""
        """Up to which it is told; "" before everything has been LISTed."""
        self._known_at = 0
        self.nodes: dict[str, NodeReadiness] = {}
        """By name."""

    def look(self) -> str:
        """Take what has changed; return why it is not known, or ""."""
        try:
            self._take(now() + TIMEOUT)
        except WireError as broken:
            error = outcome_name(broken.outcome)
        except NotTold as told_not:
            error = str(told_not)
            if told_not.status == HTTPStatus.GONE:
                self._version = ""
        except (ValueError, KeyError, TypeError) as wrong:
            error = f"no answer to GET {NODES}: {wrong}"
        else:
            self._known_at = now()
            return ""
        self._leave()
        self._servers.rotate(-1)
        return error if not self._known_at or now() - self._known_at > SILENT else ""

    def close(self) -> None:
        """Close all connections."""
        self._leave()
        for server in self._servers:
            server.caller.close()

    def _take(self, deadline: int) -> None:
        server = self._servers[0]
        if self._stream is None:
            self._open(server, deadline)
        server.ask(NOBODY, deadline)
        while not self._drained():
            self._leave()  # each watch ends after some minutes, in order
            self._open(server, deadline)

    def _open(self, server: "_Server", deadline: int) -> None:
        if not self._version:
            listed = json.loads(server.ask(f"{NODES}?resourceVersion=0", now() + LIST_TIMEOUT))
            self.nodes = dict(map(readiness, listed["items"] or ()))
            self._version = str(listed["metadata"]["resourceVersion"])
        query = watch_query(self._version, anew=False, seconds=watch_seconds())
        self._stream, self._events = server.watch(f"{NODES}?{query}", deadline), Events("json")

    def _drained(self) -> bool:
        """Take what has come; return whether the watch goes on."""
        assert self._stream is not None
        while True:
            try:
                data = self._stream.receive(now() + _SOON)
            except WireError as error:
                if error.outcome == Outcome.TIMEOUT:
                    return True
                raise
            if not data:
                return False
            for event in self._events.feed(data):
                self._put(event)

    def _put(self, event: WatchEvent) -> None:
        if event.kind is EventKind.ERROR:
            raise NotTold(event.code)
        self._version = event.version
        if event.kind is EventKind.BOOKMARK:
            return
        name, found = readiness(json.loads(event.raw)["object"])
        if event.kind is EventKind.DELETED:
            self.nodes.pop(name, None)
        else:
            self.nodes[name] = found

    def _leave(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class _Server:
    """One apiserver, for one thread."""

    def __init__(self, record: ClusterRecord, serving: Endpoint) -> None:
        self._target, token = identity_target(record, AUDITOR, serving)
        self.caller = Caller(self._target, token, user_agent="kubedrill-scraper")

    def ask(self, path: str, deadline: int) -> bytes:
        """Return the answer to a GET; WireError, NotTold."""
        answer = self.caller.ask(self.caller.request("GET", path), deadline)
        if answer.status != HTTPStatus.OK:
            raise NotTold(answer.status)
        return answer.body

    def watch(self, path: str, deadline: int) -> Stream:
        """Return a watch, on a connection of its own; WireError, NotTold."""
        request = self.caller.request("GET", path)
        stream = Stream(Connection.open(self._target, deadline), request, deadline)
        if stream.status != HTTPStatus.OK:
            stream.close()
            raise NotTold(stream.status)
        return stream


def by_zone(nodes: Iterable[NodeReadiness]) -> dict[str, tuple[int, int]]:
    """Return how many nodes of each zone are ready, and how many there are."""
    zones: dict[str, tuple[int, int]] = {}
    for node in nodes:
        ready, there = zones.get(node.zone, (0, 0))
        zones[node.zone] = ready + node.ready, there + 1
    return zones


def readiness(node: Object) -> tuple[str, NodeReadiness]:
    """Return a node's name, and how it is; KeyError, TypeError if it is none."""
    metadata = node["metadata"]
    zone = metadata.get("labels", {}).get(ZONE, "")
    return metadata["name"], NodeReadiness(conditions(node).get("Ready") == "True", zone)
