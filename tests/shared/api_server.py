"""A stand-in for an API server that keeps what is made, and fails as it is told to."""

import json
import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from behaving_server import BEHAVIOURS, BehavingServer, Certificate, head

COLLECTIONS = {
    "namespaces",
    "pods",
    "secrets",
    "configmaps",
    "events",
    "customresourcedefinitions",
    "networkpolicies",
}
Object = dict[str, Any]
Failure = str | int | None
"""A behaviour after what was asked for has been done, or a status instead of it."""


class ApiServer(BehavingServer):
    """Objects by their paths; Deployments are observed by a controller that takes its time."""

    def __init__(self, certificate: Certificate) -> None:
        self.objects: dict[str, Object] = {}
        self.asked: list[tuple[float, str, str]] = []
        """(monotonic s, method, path) of each request."""
        self.fails: Callable[[str, str], Failure] = lambda method, path: None
        self.controller_s = 0.0
        """How long each generation of a Deployment waits to be observed."""
        self.patient = False
        """Whether a namespace that is deleted stays until all in it has been."""
        self._version = 0
        self._observed: dict[str, list[float]] = {}
        self._leaving: set[str] = set()
        self._lock = threading.Lock()
        super().__init__(certificate)

    def paths(self, method: str) -> list[str]:
        return [path for _, verb, path in self.asked if verb == method]

    def named(self, part: str) -> list[Object]:
        return [stored for path, stored in list(self.objects.items()) if part in path]

    def answer(self, connection: ssl.SSLSocket, request: bytes) -> bool:
        lines, _, body = request.partition(b"\r\n\r\n")
        length = int(lines.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        while len(body) < length:
            body += connection.recv(65536)
        method, target, _ = lines.partition(b"\r\n")[0].decode().split()
        path = urlsplit(target).path
        failure = self.fails(method, path)
        with self._lock:
            self.asked.append((time.monotonic(), method, path))
            if isinstance(failure, int):
                status, answer = failure, {}
            else:
                status, answer = self._do(method, path, json.loads(body) if body else {})
        if isinstance(failure, str):
            return BEHAVIOURS[failure](connection)
        text = json.dumps(answer, separators=(",", ":")).encode()
        words = f"{status} {HTTPStatus(status).phrase}"
        connection.sendall(head(f"Content-Length: {len(text)}", status=words) + text)
        return True

    def _do(self, method: str, path: str, given: Object) -> tuple[int, Object]:
        if path.endswith(("/binding", "/status")):
            return (201 if method == "POST" else 200), {}
        if method == "GET" and path.endswith("/serviceaccounts/default"):
            return 200, {}
        if method == "POST":
            return self._create(f"{path}/{given['metadata']['name']}", given)
        if path.rpartition("/")[2] in COLLECTIONS:
            return self._list(path)
        if path not in self.objects:
            return 404, {}
        return getattr(self, f"_{method.lower()}")(path, given)

    def _create(self, path: str, given: Object) -> tuple[int, Object]:
        if path in self.objects:
            return 409, {}
        self._observed[path] = [time.monotonic() + self.controller_s]
        return 201, self._keep(path, given)

    def _keep(self, path: str, given: Object) -> Object:
        self._version += 1
        given["metadata"]["resourceVersion"] = str(self._version)
        self.objects[path] = given
        return given

    def _list(self, path: str) -> tuple[int, Object]:
        items = [stored for at, stored in self.objects.items() if at.rpartition("/")[0] == path]
        return 200, {"metadata": {}, "items": items}

    def _get(self, path: str, given: Object) -> tuple[int, Object]:
        seen = sum(at <= time.monotonic() for at in self._observed[path])
        status = {"observedGeneration": seen} if seen else {}
        return 200, {**self.objects[path], "status": status}

    def _put(self, path: str, given: Object) -> tuple[int, Object]:
        known = self.objects[path]["metadata"]["resourceVersion"]
        if given["metadata"].get("resourceVersion") not in {None, "", known}:
            return 409, {}
        return 200, self._keep(path, given)

    def _patch(self, path: str, given: Object) -> tuple[int, Object]:
        self._observed[path].append(time.monotonic() + self.controller_s)
        return 200, self._keep(path, {**self.objects[path], **given})

    def _delete(self, path: str, given: Object) -> tuple[int, Object]:
        within = [at for at in self.objects if at.startswith(f"{path}/")]
        if within and self.patient:
            self._leaving.add(path)
            return 200, {}
        for at in (path, *within):
            del self.objects[at]
        namespace = "/".join(path.split("/")[:5])
        if namespace in self._leaving and not any(
            namespace in at for at in self.objects if at != namespace
        ):
            del self.objects[namespace]
        return 200, {}
