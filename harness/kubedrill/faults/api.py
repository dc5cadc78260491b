"""Faults: objects of the API, written through one apiserver and read through another."""

import json
from collections.abc import Callable, Iterator, Mapping
from http.client import CONFLICT, NOT_FOUND, OK
from typing import Any, NamedTuple
from urllib.parse import urlencode

from kubedrill.client.caller import Caller
from kubedrill.cluster.handle import HandleError
from kubedrill.record.cluster import INJECTOR, ClusterRecord, Endpoint
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response
from kubedrill.wire.target import identity_target

Object = dict[str, Any]

ASK_S = 5.0
"""An apiserver that does not answer within this time is passed over."""

PAGE = 500
"""Objects that are asked for at once."""

MOST_CONFLICTS = 20
"""So often an object may change between reading and writing it; a node's status changes every 10 s."""


class ApiAnswer(NamedTuple):
    """What an apiserver said."""

    server: str
    status: int
    said: Object

    def words(self) -> str:
        """Return its reason."""
        return str(self.said.get("message", self.status))


class Api:
    """The apiservers of a cluster, each by its name, as who may do what faults on objects do, and no more."""

    def __init__(self, record: ClusterRecord) -> None:
        parts = record.of_kind("kube-apiserver")
        self._record = record
        # Nothing is injected where there is no injector, but what an earlier version did there is undone.
        self._identity = INJECTOR if INJECTOR in record.identities else "admin"
        self._servers: dict[str, Endpoint] = {part.name: part.serving for part in parts} or {
            "the API": record.balancer
        }
        self._callers: dict[str, Caller] = {}

    def close(self) -> None:
        """Close its connections."""
        for caller in self._callers.values():
            caller.close()

    def read(self, path: str, beside: str = "") -> ApiAnswer:
        """Return an object, 404 if it is not there, from another apiserver than one if another answers."""
        answer = self._call("GET", path, beside=beside)
        if answer.status not in {OK, NOT_FOUND}:
            raise HandleError(f"GET {path}: {answer.words()}")
        return answer

    def listed(self, path: str, **selectors: str) -> Iterator[Object]:
        """Yield the objects of a collection, page by page; selectors that are empty say nothing."""
        asked = {name: value for name, value in selectors.items() if value} | {"limit": str(PAGE)}
        while True:
            answer = self._call("GET", f"{path}?{urlencode(asked)}")
            if answer.status != OK:
                raise HandleError(f"LIST {path}: {answer.words()}")
            yield from answer.said["items"]
            if not (token := answer.said["metadata"].get("continue")):
                return
            asked["continue"] = token

    def write(self, method: str, path: str, content: Object) -> ApiAnswer:
        """Send a change to the first apiserver that takes it, whatever it then says."""
        return self._call(method, path, content)

    def amend(self, path: str, change: Callable[[Object], bool]) -> str:
        """Read an object, change it, and write it back, unless it has changed meanwhile: then again.

        `change` says whether there was anything to change. Return who took it; "" if nothing was written.
        """
        for _ in range(MOST_CONFLICTS):
            found = self.read(path)
            if found.status == NOT_FOUND or not change(found.said):
                return ""
            answer = self.write("PUT", path, found.said)
            if answer.status == OK:
                return answer.server
            if answer.status not in {CONFLICT, NOT_FOUND}:
                raise HandleError(f"PUT {path}: {answer.words()}")
        raise HandleError(f"PUT {path}: somebody else changes it all the time")

    def _call(
        self, method: str, path: str, content: Object | None = None, beside: str = ""
    ) -> ApiAnswer:
        why = ""
        for server in sorted(self._servers, key=lambda name: name == beside):
            try:
                response = self._caller(server).call(method, path, content)
            except WireError as error:
                why = f"{server}: {error}"
                self._callers.pop(server).close()
                continue
            return ApiAnswer(server, response.status, _object(response))
        raise HandleError(f"no apiserver answers {method} {path} ({why})")

    def _caller(self, server: str) -> Caller:
        if server not in self._callers:
            target, token = identity_target(self._record, self._identity, self._servers[server])
            self._callers[server] = Caller(target, token, ASK_S, "kubedrill-faults")
        return self._callers[server]


def uid(found: Mapping[str, Any]) -> str:
    """Return which object it is, of all that had or will have its name; "" if it is none."""
    return str(found.get("metadata", {}).get("uid", ""))


def _object(response: Response) -> Object:
    try:
        said = json.loads(response.body)
    except ValueError:
        return {"message": f"{response.status} {response.body[:200]!r}"}
    return said if isinstance(said, dict) else {}
