"""Full LISTs of one resource, from the watch cache or consistent, whole or in pages.

    locust -f loadprofiles/mass_list.py --rate 10 --resource pods --encoding protobuf

What it costs the server, and which claims it is for: docs/profiles/mass-list.md.
"""

from typing import Literal
from urllib.parse import quote, urlencode

from pydantic import Field, model_validator

from kubedrill.load.continuing import HEAD, token_json, token_protobuf
from kubedrill.load.user import Arrival, KubernetesUser, Parameters, Result, Series
from kubedrill.record.clock import now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response

CORE, APPS, BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"

RESOURCES = {
    "configmaps": (CORE, "ConfigMapList"),
    "daemonsets": (APPS, "DaemonSetList"),
    "deployments": (APPS, "DeploymentList"),
    "endpoints": (CORE, "EndpointsList"),
    "events": (CORE, "EventList"),
    "jobs": (BATCH, "JobList"),
    "namespaces": (CORE, "NamespaceList"),
    "nodes": (CORE, "NodeList"),
    "persistentvolumeclaims": (CORE, "PersistentVolumeClaimList"),
    "persistentvolumes": (CORE, "PersistentVolumeList"),
    "pods": (CORE, "PodList"),
    "replicasets": (APPS, "ReplicaSetList"),
    "secrets": (CORE, "SecretList"),
    "serviceaccounts": (CORE, "ServiceAccountList"),
    "services": (CORE, "ServiceList"),
    "statefulsets": (APPS, "StatefulSetList"),
}
"""Where each resource stands in the API, and the kind of its lists."""

CLUSTER_WIDE = {"namespaces", "nodes", "persistentvolumes"}

Resource = Literal[
    "configmaps",
    "daemonsets",
    "deployments",
    "endpoints",
    "events",
    "jobs",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "replicasets",
    "secrets",
    "serviceaccounts",
    "services",
    "statefulsets",
]

ACCEPT = {"json": "application/json", "protobuf": "application/vnd.kubernetes.protobuf"}


class MassListParameters(Parameters):
    """What to LIST, and how."""

    resource: Resource = Field("pods", description="what to list, by its plural name")
    namespace: str = Field(
        "", pattern=r"^[a-z0-9-]{0,63}$", description="one namespace; empty: all namespaces"
    )
    resource_version: Literal["unset", "0"] = Field(
        "unset",
        description='"unset": consistent, the most recent; "0": whatever the watch cache holds',
    )
    limit: int = Field(
        0, ge=0, le=100_000, description="objects a page, continued to the end; 0: in one piece"
    )
    encoding: Literal["json", "protobuf"] = Field(
        "json", description="what the server is asked for"
    )

    @model_validator(mode="after")
    def _one_request(self) -> "MassListParameters":
        if self.resource_version == "0" and self.limit:
            raise ValueError(
                'limit is ignored by the server with resource_version "0": "from the cache" and "in '
                'pages" are two different requests; leave one of them out'
            )
        if self.namespace and self.resource in CLUSTER_WIDE:
            raise ValueError(f"{self.resource} are in no namespace; leave namespace empty")
        return self


class MassList(KubernetesUser):
    """LISTs everything, each time an arrival is due."""

    series = (Series("list", "LIST", "transaction"), Series("list.page", "LIST", "page"))
    parameters = MassListParameters

    def prepare(self) -> None:
        """Make the bytes of the request, and what its answer must look like."""
        given = self.given
        assert isinstance(given, MassListParameters)
        base, kind = RESOURCES[given.resource]
        within = f"/namespaces/{given.namespace}" if given.namespace else ""
        self._path = f"{base}{within}/{given.resource}"
        self._accept = ACCEPT[given.encoding]
        self._protobuf = given.encoding == "protobuf"
        self._kind = kind.encode("ascii")
        self._json_start = b'{"kind":"' + self._kind + b'"'
        self._limit = given.limit
        query = {"resourceVersion": "0"} if given.resource_version == "0" else {}
        self._request = self._list({"limit": str(given.limit)} if given.limit else query)

    def transact(self, arrival: Arrival) -> Result:
        """LIST once, all of it."""
        if self._limit:
            return self._list_pages(arrival)
        response = self.send(self._request, arrival.deadline, HEAD)
        return Result.of(response, self._judge(response))

    def _list_pages(self, arrival: Arrival) -> Result:
        """LIST page after page; timed as one, and each page beside it."""
        request, due, started = self._request, arrival.due, arrival.started
        size = first_byte = 0
        while True:
            page, token = self._page(request, arrival.deadline)
            self.record(1, due, started, page)
            size += page.size
            first_byte = first_byte or page.first_byte
            if not token:
                return Result(page.outcome, first_byte, page.end, size)
            request = self._list({"limit": str(self._limit), "continue": token})
            due = started = now()

    def _page(self, request: bytes, deadline: int) -> tuple[Result, str]:
        """Return what came of one page, and the token of the next one ("": none)."""
        try:
            response = self.send(request, deadline, HEAD)
        except WireError as error:
            return Result(error.outcome, error.first_byte, now(), 0), ""
        outcome = self._judge(response)
        if not 200 <= outcome < 300:
            return Result.of(response, outcome), ""
        try:
            token = (token_protobuf if self._protobuf else token_json)(response.head)
        except ValueError:
            return Result.of(response, Outcome.MALFORMED), ""
        return Result.of(response, outcome), token

    def _list(self, query: dict[str, str]) -> bytes:
        path = f"{self._path}?{urlencode(query, quote_via=quote)}" if query else self._path
        return self.identity.request("GET", path, self._accept)

    def _judge(self, response: Response) -> int:
        """Return the status, or MALFORMED for a body that is not the list that was asked for."""
        if not 200 <= response.status < 300:
            return response.status
        if self._protobuf:
            good = response.head.startswith(b"k8s\0") and self._kind in response.head[:64]
        else:
            good = response.head.startswith(self._json_start) and response.tail.endswith(
                (b"}\n", b"}")
            )
        return response.status if good else Outcome.MALFORMED
