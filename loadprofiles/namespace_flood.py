"""Namespaces made at a rate, each with what a tenant has: secrets, configmaps, a quota; and deleted again.

    locust -f loadprofiles/namespace_flood.py --rate 10 --secrets 2

What it costs the server, and which claims it is for: docs/profiles/floods.md.
"""

import random
from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field

from kubedrill.clock import now
from kubedrill.load.flood import encoded, text
from kubedrill.load.template import Object, Template, compact, head, placeholder
from kubedrill.load.user import Arrival, Parameters, RequestSeries, Result
from kubedrill.load.writing import (
    IN_A_NAMESPACE,
    NAMESPACE_BYTES,
    NOT_FOUND,
    OBJECT_BYTES,
    OK,
    WritingUser,
)
from kubedrill.record.catalogue import Makes

NAMESPACES = "/api/v1/namespaces"
CREATE, PART, ACCOUNT, GONE, DELETE, LOOK = range(6)
"""The series, by index."""


class NamespaceFloodParameters(Parameters):
    """What each namespace holds, and what becomes of it."""

    secrets: int = Field(1, ge=0, le=1000, description="secrets in each namespace")
    configmaps: int = Field(0, ge=0, le=1000, description="configmaps in each namespace")
    size: int = Field(1024, ge=0, le=1024 * 1024, description="bytes of data in each of them")
    quota: bool = Field(False, description="a ResourceQuota in each namespace")
    account: Literal["ignore", "await"] = Field(
        "ignore",
        description='"await": the arrival ends when the default service account is there, without '
        "which no pod starts",
    )
    delete: Literal["keep", "await"] = Field(
        "keep",
        description='"await": each namespace is deleted when it is complete, timed until it is gone',
    )

    def makes(self) -> Sequence[Makes]:
        """Return the namespaces, and what is in each."""
        data = self.secrets + self.configmaps
        return (
            Makes(NAMESPACE_BYTES, each=IN_A_NAMESPACE + self.quota),
            Makes(self.size + OBJECT_BYTES, each=data),
        )


class NamespaceFlood(WritingUser):
    """Makes a namespace and its contents, each time an arrival is due."""

    series = (
        RequestSeries("create", "POST", "transaction"),
        RequestSeries("create.request", "POST", "part"),
        RequestSeries("create.account", "GET", "part"),
        RequestSeries("create.gone", "DELETE", "part"),
        RequestSeries("create.delete", "DELETE", "part"),
        RequestSeries("create.look", "GET", "part"),
    )
    permissions: ClassVar = {
        "namespaces": "create, get, delete",
        "secrets": "create",
        "configmaps": "create",
        "resourcequotas": "create",
        "serviceaccounts": "get",
    }
    parameters = NamespaceFloodParameters

    def prepare(self) -> None:
        """Make the requests, each with the namespace's name left open."""
        given = self.given
        assert isinstance(given, NamespaceFloodParameters)
        self._given = given
        self._length = len(self.namespace_name(0))
        open_name = placeholder(self._length)
        self._namespace = f"{NAMESPACES}/{open_name}"
        self._creates = [self._request("POST", NAMESPACES, self.namespace_object(open_name))]
        self._creates += [self._create(kind, made) for kind, made in self._contents()]
        self._look = self._request("GET", f"{self._namespace}/serviceaccounts/default")
        self._delete = self._request("DELETE", self._namespace)
        self._look_for_it = self._request("GET", self._namespace)

    def namespace_name(self, number: int) -> str:
        """Return the name of a namespace of an arrival: of one length, whatever the number."""
        return f"{self.prefix}-n{number:08}"

    def transact(self, arrival: Arrival) -> Result:
        """Make one namespace, all that is in it, and delete it where asked to."""
        name = self.namespace_name(self.next_turn()[1]).encode("ascii")
        due, size, first_byte = arrival.due, 0, 0
        for request in self._creates:
            response = self.send_part(PART, request.named(name), due, arrival.deadline)
            size += response.size
            first_byte = first_byte or response.first_byte
            due = now()
            if not 200 <= response.status < 300:
                return Result(response.status, first_byte, response.end, size)
        outcome = OK
        if self._given.account == "await":
            result = self._until(self._look, OK, name, arrival)
            self.record(ACCOUNT, due, due, result)
            outcome = result.outcome
        if self._given.delete == "await":
            self.beside(GONE, partial(self._go, name))
        return Result(outcome, first_byte, now(), size)

    def _go(self, name: bytes, arrival: Arrival) -> Result:
        """Delete a namespace, and wait until it is gone."""
        request = self._delete.named(name)
        response = self.send_part(DELETE, request, arrival.due, arrival.deadline)
        if not 200 <= response.status < 300:
            return Result.of(response, response.status)
        return self._until(self._look_for_it, NOT_FOUND, name, arrival)

    def _until(self, request: Template, status: int, name: bytes, arrival: Arrival) -> Result:
        """Ask until the answer has that status; it counts as 200 then."""
        return self.look_until(
            LOOK, request.named(name), lambda answer: answer.status == status, arrival.deadline
        )

    def _contents(self) -> Iterator[tuple[str, Object]]:
        given = self._given
        data = random.Random(given.size).randbytes(given.size)  # noqa: S311 - for bulk, not for secrecy
        for number in range(given.secrets):
            value = {"kind": "Secret", "type": "Opaque", "data": {"value": encoded(data)}}
            yield "secrets", {**value, "metadata": self.metadata(f"secret-{number}")}
        for number in range(given.configmaps):
            value = {"kind": "ConfigMap", "data": {"value": text(data)}}
            yield "configmaps", {**value, "metadata": self.metadata(f"configmap-{number}")}
        if given.quota:
            hard = {"pods": "100", "secrets": "2000", "configmaps": "2000"}
            value = {"kind": "ResourceQuota", "spec": {"hard": hard}}
            yield "resourcequotas", {**value, "metadata": self.metadata("quota")}

    def _create(self, kind: str, made: Object) -> Template:
        return self._request("POST", f"{self._namespace}/{kind}", {"apiVersion": "v1", **made})

    def _request(self, method: str, path: str, made: Object | None = None) -> Template:
        body = b"" if made is None else compact(made)
        return Template(head(self.identity, method, path, body) + body, self._length)
