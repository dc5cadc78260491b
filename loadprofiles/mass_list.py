"""Full LISTs of one resource, from the watch cache or consistent, whole or in pages.

    locust -f loadprofiles/mass_list.py --rate 10 --resource pods --encoding protobuf

What it costs the server, and which claims it is for: docs/profiles/mass-list.md.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from gevent.lock import BoundedSemaphore
from pydantic import Field, model_validator

from kubedrill.client.list_metadata import HEAD
from kubedrill.client.watching import Encoding
from kubedrill.clock import SECOND, now
from kubedrill.load.collections import CollectionParameters
from kubedrill.load.lists import Asked, BodyTail, Expected, Form, accept, version_in
from kubedrill.load.user import Arrival, KubernetesUser, RequestSeries, Result
from kubedrill.record.resources import BUILT_IN
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError

PAGE, VERSION = 1, 2
"""Indices of the series beside the arrivals'."""
GONE = 410
"""A continue token, or an exact resourceVersion, that the server no longer has the data for."""


class MassListParameters(CollectionParameters):
    """What to LIST, and how."""

    resource_version: Literal["unset", "0", "exact"] = Field(
        "unset",
        description='"unset": consistent, the most recent; "0": whatever the watch cache holds; '
        '"exact": the state at the time when the load began',
    )
    limit: int = Field(
        0, ge=0, le=100_000, description="objects a page, continued to the end; 0: in one piece"
    )
    on_expired: Literal["full", "restart", "fail"] = Field(
        "full",
        description='what follows a page that is Gone (410): "full": the whole list in one piece, as '
        'client-go does; "restart": the first page again; "fail"',
    )
    encoding: Asked = Field(
        "json",
        description='what the server is asked for; "either": protobuf, and JSON where the server has '
        "none, as client-go asks",
    )
    form: Form = Field(
        "full", description="whole objects, their metadata only, or a table as kubectl shows it"
    )
    gzip: bool = Field(False, description="let the server compress answers above 128 KB")

    @model_validator(mode="after")
    def _one_request(self) -> "MassListParameters":
        if self.resource_version == "0" and self.limit:
            raise ValueError(
                'limit is ignored by the server with resource_version "0": "from the cache" and "in '
                'pages" are two different requests; leave one of them out'
            )
        if self.encoding == "protobuf" and not self.has_protobuf:
            what = "tables" if self.form == "table" else "custom resources"
            raise ValueError(
                f'the server has no protobuf for {what}; take encoding: "json", or "either"'
            )
        return self

    @property
    def has_protobuf(self) -> bool:
        """Whether the server can encode what is asked for as protobuf."""
        return self.form == "metadata" or (self.form == "full" and not self.api)

    @property
    def answered(self) -> Encoding:
        """The encoding in which the answer comes."""
        if self.encoding == "either":
            return "protobuf" if self.has_protobuf else "json"
        return self.encoding


@dataclass(slots=True)
class Exact:
    """The version that all users ask for."""

    version: str = ""
    asking: BoundedSemaphore = field(default_factory=BoundedSemaphore)


class MassList(KubernetesUser):
    """LISTs everything, each time an arrival is due."""

    series = (
        RequestSeries("list", "LIST", "transaction"),
        RequestSeries("list.page", "LIST", "part"),
        RequestSeries("list.version", "LIST", "part"),
    )
    parameters = MassListParameters
    permissions: ClassVar = {"{resource}": "list"}

    def prepare(self) -> None:
        """Make the bytes of the request, and what its answer must look like."""
        given = self.given
        assert isinstance(given, MassListParameters)
        self._given = given
        kind = "" if given.api else BUILT_IN[given.resource][1]
        self._expected = Expected(
            given.group_version, kind.encode("ascii"), given.answered, given.form
        )
        self._version = ""
        self._exact: Exact | None = None
        if given.resource_version == "exact":
            self._exact = self.process.shared.setdefault(f"mass-list {given.path}", Exact())
            self._learn_version(self._exact, "")
        self._prepare_requests()

    def transact(self, arrival: Arrival) -> Result:
        """LIST once, all of it."""
        exact = self._exact
        if exact is not None and self._version != exact.version:
            self._prepare_requests()  # what was asked for until now is gone
        version = self._version
        result = self._list_pages(arrival) if self._given.limit else self._list(arrival.deadline)
        if exact is not None and result.outcome == GONE:
            self._learn_version(exact, version)  # the next arrival asks for what is still there
        return result

    def _list(self, deadline: int) -> Result:
        response = self.send(self._whole, deadline, HEAD)
        return Result.of(response, self._expected.judge(response))

    def _list_pages(self, arrival: Arrival) -> Result:
        """LIST page after page; timed as one, and each page beside it."""
        request, due, started = self._first, arrival.due, arrival.started
        size = first_byte = 0
        expired = False
        while True:
            page, token = self._page(request, arrival.deadline)
            self.record(PAGE, due, started, page)
            size += page.size
            first_byte = first_byte or page.first_byte
            due = started = now()
            if page.outcome == GONE and not expired and self._given.on_expired != "fail":
                expired = True  # a second time would be a server that forgets at once
                request = self._whole if self._given.on_expired == "full" else self._first
            elif token:
                request = self._request(limit=str(self._given.limit), **{"continue": token})
            else:
                return Result(page.outcome, first_byte, page.end, size, page.target)

    def _page(self, request: bytes, deadline: int) -> tuple[Result, str]:
        """Return what came of one page, and the token of the next one ("": none)."""
        ending = BodyTail()
        each = ending.take if self._expected.unstructured else None
        try:
            response = self.send(request, deadline, HEAD, each)
        except WireError as error:
            return Result.failed(error), ""
        outcome = self._expected.judge(response)
        if not 200 <= outcome < 300:
            return Result.of(response, outcome), ""
        try:
            token = self._expected.token(response.head, ending.last)
        except ValueError:
            return Result.of(response, Outcome.MALFORMED), ""
        return Result.of(response, outcome), token

    def _prepare_requests(self) -> None:
        self._version = self._exact.version if self._exact else ""
        version = {"unset": {}, "0": {"resourceVersion": "0"}}.get(
            self._given.resource_version,
            {"resourceVersion": self._version, "resourceVersionMatch": "Exact"},
        )
        self._whole = self._request(**version)
        self._first = self._request(limit=str(self._given.limit), **version)

    def _request(self, **query: str) -> bytes:
        headers = {"Accept-Encoding": "gzip"} if self._given.gzip else {}
        media = accept(self._given.encoding, self._given.form)
        return self.identity.request("GET", self._given.asking(query), media, headers)

    def _learn_version(self, exact: Exact, gone: str) -> None:
        """Ask for the most recent resourceVersion, once for all who miss the one that is gone.

        What fails here fails again in the load.
        """
        metadata = accept("json", "metadata")
        request = self.identity.request("GET", f"{self._given.path}?limit=1", metadata)
        with exact.asking:
            if exact.version != gone:
                return  # somebody else has asked meanwhile
            due = now()
            try:
                response = self.send_part(VERSION, request, due, due + 5 * SECOND, HEAD)
                exact.version = version_in(response.head)
            except (WireError, ValueError):
                exact.version = exact.version or "1"
