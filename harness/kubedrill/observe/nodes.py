"""Observe: how many nodes are not ready: nodes.jsonl. Only where somebody asks.

By a watch: while a thousand nodes came, 29 of 181 LISTs of all of them were not answered within 0.9 s.
"""

import json
from collections import deque
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from kubedrill.client.caller import Caller
from kubedrill.client.informer import Object, is_ready, watch_query, watch_seconds
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
TIMEOUT = 900 * MILLISECOND
"""An apiserver that does not answer within this time is given up for another one."""
BEHIND = 2 * SECOND
"""So long an apiserver may know less than another one before it must show that it has not lost etcd: from its
cache it answers all the same."""

NODES = "/api/v1/nodes"
PAGE = f"{NODES}?limit=500"
"""Reading thousands at once would keep the scraper from all else for longer than it may be."""
NOBODY = f"{NODES}?fieldSelector=metadata.name%3Dkubedrill-nobody"
"""A question that costs nothing, answered when the cache that the watch is told from has all of etcd."""
CACHED = f"{NOBODY}&resourceVersion=0"
"""One that is answered at once: up to where does the cache know?"""
_SOON = MILLISECOND
"""So long is waited for what has come already."""


class NodeReadiness(NamedTuple):
    """How a node is."""

    ready: bool
    zone: str
    """"" if it says none."""


class NotTold(Exception):  # noqa: N818 - an answer, not an accident
    """An apiserver does not tell; the message says why."""


class VersionGone(NotTold):
    """It does not know any more what has changed since the version that it was told."""


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
        self._servers = deque(_Server(record, each) for each in record.apiservers)
        self._stream: Stream | None = None
        self._events = Events("json")
        self._version = ""
        """Up to which it is told; "" before everything has been LISTed."""
        self._newest = Newest()
        self.nodes: dict[str, NodeReadiness] = {}
        """By name."""

    def look(self) -> str:
        """Take what has changed; return why it is not known, or ""."""
        try:
            self._take()
        except WireError as broken:
            error = outcome_name(broken.outcome)
        except NotTold as unknown:
            error = str(unknown)
            if isinstance(unknown, VersionGone):
                self._version = ""
        except (ValueError, KeyError, TypeError) as wrong:
            error = f"no answer to GET {NODES}: {wrong}"
        else:
            return ""
        self._leave()
        self._servers.rotate(-1)
        return error

    def close(self) -> None:
        """Close all connections."""
        self._leave()
        for server in self._servers:
            server.caller.close()

    def _take(self) -> None:
        server, *others = self._servers
        for _ in range(2):  # each watch ends after some minutes, in order
            if self._stream is None:
                self._open(server)
            known = server.version(CACHED)
            if others:
                self._newest.ask(others)
            if self._newest.is_behind(known):
                server.version(NOBODY)
            if self._drained():
                return
            self._leave()
        raise NotTold("a watch that ends at once")

    def _open(self, server: "_Server") -> None:
        if not self._version:
            self.nodes, self._version = server.listed()
        query = watch_query(self._version, anew=False, seconds=watch_seconds())
        self._stream, self._events = server.watch(f"{NODES}?{query}"), Events("json")

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
            raise _not_told(event.code)
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


class Newest:
    """Up to where any apiserver knows of the nodes, and since when."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque()
        """(when it was seen, version), ascending; of all that BEHIND has passed since, the last."""
        self._turn = 0

    def ask(self, others: Sequence["_Server"]) -> None:
        """Ask the next one; who does not answer does not know more."""
        self._turn += 1
        try:
            version = others[self._turn % len(others)].version(CACHED)
        except (WireError, NotTold, ValueError, KeyError, TypeError):
            return
        if not self._seen or version > self._seen[-1][1]:
            self._seen.append((now(), version))

    def is_behind(self, version: int) -> bool:
        """Return whether another one knew more BEHIND ago."""
        while len(self._seen) > 1 and now() - self._seen[1][0] >= BEHIND:
            self._seen.popleft()
        seen_at, newest = self._seen[0] if self._seen else (now(), 0)
        return version < newest and now() - seen_at >= BEHIND


class _Server:
    """One apiserver, for one thread."""

    def __init__(self, record: ClusterRecord, serving: Endpoint) -> None:
        # Who may watch nodes already, for what changed besides.
        self._target, token = identity_target(record, AUDITOR, serving)
        self.caller = Caller(self._target, token, user_agent="kubedrill-scraper")

    def version(self, question: str) -> int:
        """Return up to where its cache knows of the nodes; WireError, NotTold."""
        return int(json.loads(self._ask(question))["metadata"]["resourceVersion"])

    def listed(self) -> tuple[dict[str, NodeReadiness], str]:
        """Return all nodes, and at which version they are so; WireError, NotTold."""
        nodes: dict[str, NodeReadiness] = {}
        more = ""
        while True:
            page = json.loads(self._ask(f"{PAGE}{more}"))
            nodes.update(map(readiness, page["items"] or ()))  # of none it is null
            if not (token := page["metadata"].get("continue")):
                return nodes, str(page["metadata"]["resourceVersion"])
            more = f"&continue={quote(token)}"

    def watch(self, path: str) -> Stream:
        """Return a watch, on a connection of its own; WireError, NotTold."""
        request, deadline = self.caller.request("GET", path), now() + TIMEOUT
        stream = Stream(Connection.open(self._target, deadline), request, deadline)
        if stream.status != HTTPStatus.OK:
            stream.close()
            raise _not_told(stream.status)
        return stream

    def _ask(self, path: str) -> bytes:
        answer = self.caller.ask(self.caller.request("GET", path), now() + TIMEOUT)
        if answer.status != HTTPStatus.OK:
            raise _not_told(answer.status)
        return answer.body


def _not_told(status: int) -> NotTold:
    return (VersionGone if status == HTTPStatus.GONE else NotTold)(outcome_name(status))


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
    return metadata["name"], NodeReadiness(is_ready(node), zone)
