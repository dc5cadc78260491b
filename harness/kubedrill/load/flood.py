"""Load: floods of objects of one kind, made at a rate, and updated again where a count is given."""

import base64
import random
from abc import abstractmethod
from collections.abc import Sequence

from pydantic import Field, model_validator

from kubedrill.load.template import Object, Template, compact, head, placeholder
from kubedrill.load.user import Arrival, Parameters, RequestSeries, Result
from kubedrill.load.writing import OBJECT_BYTES, WritingUser, namespaces
from kubedrill.record.catalogue import Makes

LARGEST = 2 * 1024 * 1024
"""Bytes; the API takes 1 MiB of data in an object, and says so when there are more."""


class FloodParameters(Parameters):
    """What to make, and how many."""

    count: int = Field(
        0,
        ge=0,
        le=10_000_000,
        description="objects; arrivals beyond that update them, from the first on; "
        "0: each arrival makes a new one",
    )
    size: int = Field(
        1024,
        ge=0,
        le=LARGEST,
        description="bytes of data in each; the API takes 1048576 and refuses more (422)",
    )
    namespaces: int = Field(
        1, ge=1, le=10_000, description="namespaces, made before the load, filled in turn"
    )
    immutable: bool = Field(False, description="make objects that cannot be changed again")

    def makes(self) -> Sequence[Makes]:
        """Return one an arrival, until there are `count`."""
        made = Makes(self.size + OBJECT_BYTES, each=1, most=self.count or None)
        return namespaces(self.namespaces), made

    @model_validator(mode="after")
    def _updates(self) -> "FloodParameters":
        if self.immutable and self.count:
            raise ValueError(
                "arrivals beyond count update objects, which immutable ones refuse; "
                "leave count or immutable out"
            )
        return self


class Flood(WritingUser):
    """POSTs one object an arrival; PUTs where `count` have been made."""

    abstract = True
    resource: str
    series = (RequestSeries("create", "POST", "transaction"),)
    parameters = FloodParameters

    @abstractmethod
    def content(self, data: bytes) -> Object:
        """Return the object's fields beside its metadata."""

    def prepare(self) -> None:
        """Make the namespaces, and a request for each of them."""
        given = self.given
        assert isinstance(given, FloodParameters)
        self._count = given.count
        name = placeholder(self.name_length)
        data = random.Random(given.size).randbytes(given.size)  # noqa: S311 - for bulk, not for secrecy
        made = {"apiVersion": "v1", **self.content(data), "metadata": self.metadata(name)}
        if given.immutable:
            made["immutable"] = True
        paths = [
            f"/api/v1/namespaces/{namespace}/{self.resource}"
            for namespace in self.make_namespaces(given.namespaces)
        ]
        body = compact(made)
        self._body = Template(body, self.name_length)
        self._creates = [self._head("POST", path, body) for path in paths]
        self._updates = [self._head("PUT", f"{path}/{name}", body) for path in paths]

    def transact(self, arrival: Arrival) -> Result:
        """Make or update one object."""
        again, number = self.next_turn(self._count)
        requests = self._updates if again else self._creates
        name = self.name(number)
        request = requests[number % len(requests)].named(name) + self._body.named(name)
        response = self.send(request, arrival.deadline)
        return Result.of(response, response.status)

    def _head(self, method: str, path: str, body: bytes) -> Template:
        return Template(head(self.identity, method, path, body), self.name_length)


def encoded(data: bytes) -> str:
    """Return bytes as text: base64, as secrets hold them."""
    return base64.b64encode(data).decode()


def text(data: bytes) -> str:
    """Return as many letters as there are bytes, for what holds text."""
    return encoded(data)[: len(data)]
