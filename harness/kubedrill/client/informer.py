"""Client: an informer whose objects are looked at: each as it is now, and which are gone."""

import json
import random
import threading
from collections.abc import Callable
from typing import Any, Protocol

from kubedrill.client.clientgo import OK, Ended, Sleep
from kubedrill.client.list_metadata import HEAD, version_protobuf
from kubedrill.client.reflector import Following, Reflector
from kubedrill.client.watching import MEDIA, Encoding, EventKind, Watch, WatchEvent
from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response
from kubedrill.wire.stream import Streaming

Object = dict[str, Any]

WATCH_S = 300
"""The server ends a watch after so many seconds, up to twice that: client-go's figure."""
TIMEOUT = 60 * SECOND
"""Of a LIST, and of the answer's head of a watch."""
_LIST = {"json": "application/json", "protobuf": "application/vnd.kubernetes.protobuf"}


class Asking(Protocol):
    """Sends the requests of one client; WireError where no whole answer comes."""

    def request(self, method: str, path: str, accept: str = "application/json") -> bytes:
        """Return the bytes of a request."""
        ...

    def exchange(self, request: bytes, deadline: int) -> Response:
        """Send a request and return its answer, with its body, until `deadline` (monotonic ns)."""
        ...

    def stream(self, request: bytes, deadline: int) -> Streaming:
        """Send a request and return its answer as it comes, once its head has come."""
        ...

    def end(self, stream: Streaming) -> None:
        """Close what `stream` returned."""
        ...


class Taking(Protocol):
    """Looks at the objects of a collection."""

    def begin(self) -> None:
        """Take that everything there is will be put now, from the beginning."""
        ...

    def put(self, found: Object) -> None:
        """Take an object as it is now."""
        ...

    def gone(self, found: Object) -> None:
        """Take an object as it was when it was deleted."""
        ...

    def all_found(self) -> None:
        """Everything that is there has been put since it was begun: what was not is gone."""
        ...


def conditions(found: Object) -> dict[str, str]:
    """Return the status of each condition of an object, by its type."""
    return {each["type"]: each["status"] for each in found.get("status", {}).get("conditions", ())}


def is_ready(found: Object) -> bool:
    """Return whether a node or a pod says that it is Ready."""
    return conditions(found).get("Ready") == "True"


def watch_query(version: str, anew: bool, seconds: int) -> str:
    """Return what a watch asks for; `anew`: that it begins with every object."""
    query = f"watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}"
    if anew:
        query += "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    return query + (f"&resourceVersion={version}" if version else "")


def watch_seconds(least: int = WATCH_S) -> int:
    """Return for how long a watch is asked for: from `least` on, up to twice that, as client-go does."""
    return random.randint(least, 2 * least)  # noqa: S311 - jitter


class CollectionInformer(Reflector):
    """Keeps up with a collection; who takes nothing has it in protobuf, and nothing is decoded."""

    def __init__(
        self,
        asking: Asking,
        path: str,
        taking: Taking | None = None,
        *,
        selector: str = "",
        sleep: Sleep,
        watch_s: int = WATCH_S,
    ) -> None:
        """`selector`: of the query, `fieldSelector=spec.nodeName%3Da`; `watch_s`: as watch_seconds has it."""
        super().__init__(streams=True, sleep=sleep)
        self._asking = asking
        self._path = path
        self._taking = taking
        self._selector = f"{selector}&" if selector else ""
        self._watch_s = watch_s
        self._encoding: Encoding = "protobuf" if taking is None else "json"

    def listing(self, version: str) -> Callable[[], str | Ended]:
        """Return what LISTs all."""
        at_least = f"resourceVersion={version}" if version else ""
        path = f"{self._path}?{self._selector}{at_least}"
        request = self._asking.request("GET", path, _LIST[self._encoding])
        return lambda: self._list_once(request)

    def watching(self, version: str, anew: bool) -> Callable[[], Watch | Ended]:
        """Return what opens a watch."""
        seconds, started = watch_seconds(self._watch_s), now()
        path = f"{self._path}?{self._selector}{watch_query(version, anew, seconds)}"
        request = self._asking.request("GET", path, MEDIA[self._encoding])
        until = started + seconds * SECOND + TIMEOUT
        return lambda: self._open_once(request, started, until)

    def close(self, watch: Watch) -> None:
        """Close a watch."""
        self._asking.end(watch.stream)

    def take_all(self, watch: Watch) -> Ended:
        """Take every object, until the bookmark behind the last one."""
        if self._taking is not None:
            self._taking.begin()
        return super().take_all(watch)

    def found(self, event: WatchEvent) -> None:
        """Put what is there; it may be deleted before all has come."""
        self.took(event)

    def found_all(self) -> None:
        """Say that all has been put."""
        if self._taking is not None:
            self._taking.all_found()

    def took(self, event: WatchEvent) -> None:
        """Put what has changed, or say that it is gone."""
        if self._taking is None or event.kind is EventKind.BOOKMARK:
            return
        found = json.loads(event.raw)["object"]
        if event.kind is EventKind.DELETED:
            self._taking.gone(found)
        else:
            self._taking.put(found)

    def _list_once(self, request: bytes) -> str | Ended:
        try:
            answer = self._asking.exchange(request, now() + TIMEOUT)
        except WireError as error:
            return Ended(error.outcome)
        if answer.status != OK:
            return Ended(answer.status, answer.body, answer.retry_after)
        try:
            return self._take_list(answer.body)
        except (ValueError, KeyError, TypeError):
            return Ended(Outcome.MALFORMED)

    def _take_list(self, body: bytes) -> str:
        """Put each of a list, and return its version; ValueError if it is none."""
        if self._taking is None:
            return version_protobuf(body[:HEAD])
        listed = json.loads(body)
        self._taking.begin()
        for found in listed["items"] or ():
            self._taking.put(found)
        self._taking.all_found()
        return str(listed["metadata"]["resourceVersion"])

    def _open_once(self, request: bytes, started: int, until: int) -> Watch | Ended:
        due = now()
        try:
            stream = self._asking.stream(request, due + TIMEOUT)
        except WireError as error:
            return Ended(error.outcome)
        if stream.status == OK:
            watch = Watch(stream, self._encoding, started, due)
            watch.until = until
            return watch
        try:
            return Ended(stream.status, stream.receive(due + TIMEOUT), stream.retry_after)
        except WireError as error:
            return Ended(error.outcome)
        finally:
            self._asking.end(stream)


class ToldInformer(CollectionInformer):
    """Keeps up with a collection, and knows whether it does just now."""

    def __init__(
        self, asking: Asking, path: str, taking: Taking, *, selector: str = "", sleep: Sleep
    ) -> None:
        super().__init__(asking, path, taking, selector=selector, sleep=sleep)
        self.begun = threading.Event()
        """Set when all that is there was taken."""
        self.is_told = False
        """Whether a watch is open that tells what changes."""

    def follow(self, watch: Watch) -> Following:
        """Take what changes, until the watch ends."""
        self.is_told = True
        self.begun.set()
        try:
            return (yield from super().follow(watch))
        finally:
            self.is_told = False
