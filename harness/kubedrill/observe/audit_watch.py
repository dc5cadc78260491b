"""Observe: one client's watch on all keys of the auditor, opened again where it ended."""

import json
import threading

from kubedrill.client.watching import EventKind, Events, WatchEvent
from kubedrill.clock import MILLISECOND, SECOND, now
from kubedrill.observe.audited import (
    KEYS,
    SELECTED,
    TIMEOUT,
    AuditLog,
    Client,
    Route,
    shown,
)
from kubedrill.record.audit import Told, WatchEnded, Watching
from kubedrill.record.cluster import AUDITOR, ClusterRecord
from kubedrill.record.sample import Outcome, outcome_name
from kubedrill.wire.connection import Connection
from kubedrill.wire.errors import WireError
from kubedrill.wire.request import prepare
from kubedrill.wire.stream import Stream
from kubedrill.wire.target import identity_target

SILENT = 5 * SECOND
"""Of a watch of what is written each second: its connection leads nowhere any more."""
LOOK = 200 * MILLISECOND
PAUSE_S = 0.5
_GONE = 410


class KeyWatch:
    """Takes every event from one version on, by one watch after the other."""

    def __init__(self, record: ClusterRecord, route: Route, log: AuditLog) -> None:
        self._client = Client(record, route, log)
        self._log = log
        self._name = route.name
        self._target, self._token = identity_target(record, AUDITOR, route.endpoint)
        self.version: int | None = None
        """The last one that it was told of; None before it has listed."""

    def run(self, ended: threading.Event) -> None:
        """Watch until `ended` is set."""
        while not ended.is_set():
            if self.version is None:
                listed = self._client.list()
                self.version = listed.version if listed else None
            if self.version is None or not self._watch(self.version, ended):
                ended.wait(PAUSE_S)
        self._client.close()

    def _watch(self, version: int, ended: threading.Event) -> bool:
        """Take the events of one watch until it ends; whether it was opened."""
        try:
            stream = self._open(version)
        except WireError:
            return False
        if stream.status != 200:
            stream.close()
            if stream.status == _GONE:
                self.version = None
            return False
        self._log.add(Watching, self._name, since=version)
        try:
            why = self._take(stream, ended)
        except WireError as error:
            why = outcome_name(error.outcome)
        except (KeyError, TypeError, ValueError):
            why = "malformed"
        finally:
            stream.close()
        self._log.add(WatchEnded, self._name, why=why)
        return True

    def _open(self, version: int) -> Stream:
        deadline = now() + TIMEOUT
        query = f"watch=1&allowWatchBookmarks=true&resourceVersion={version}&{SELECTED}"
        request = prepare(
            "GET",
            f"{KEYS}?{query}",
            self._target.server_name,
            token=self._token,
            user_agent="kubedrill-auditor",
        )
        return Stream(Connection.open(self._target, deadline), request, deadline)

    def _take(self, stream: Stream, ended: threading.Event) -> str:
        events, heard = Events("json"), now()
        while not ended.is_set():
            try:
                data = stream.receive(now() + LOOK)
            except WireError as error:
                if error.outcome != Outcome.TIMEOUT:
                    raise
                if now() - heard > SILENT:
                    return "silent"
                continue
            if not data:
                return "in order"
            heard = now()
            for event in events.feed(data):
                if event.kind is EventKind.ERROR:
                    self.version = None if event.code == _GONE else self.version
                    return f"http {event.code}"
                self._note(event)
        return "ended"

    def _note(self, event: WatchEvent) -> None:
        content = json.loads(event.raw)["object"]
        version, value = int(content["metadata"]["resourceVersion"]), ""
        if event.kind is not EventKind.BOOKMARK:
            version, value = shown(content)
        key = content["metadata"].get("name", "")
        kind = event.kind.name
        self._log.add(Told, self._name, kind=kind, key=key, version=version, value=value)
        # What is older is told, and is no place to go on from.
        self.version = max(version, self.version or 0)
