"""Look at a cluster of somebody else's, changing nothing, and write the file by which it is adopted."""

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import yaml
from pydantic import ValidationError

from kubedrill.client.flagz import flags_of
from kubedrill.client.prometheus import PrometheusError, asked
from kubedrill.client.prometheus_targets import look_at as scraped_by
from kubedrill.cluster.adopted.access import Access, said_of
from kubedrill.cluster.adopted.definition import AdoptedDefinition
from kubedrill.cluster.adopted.metrics import PrometheusPart
from kubedrill.cluster.adopted.up import reached, system_uid, version
from kubedrill.errors import NotStarted
from kubedrill.reading.wrong import in_parameters
from kubedrill.record.labels import ZONE
from kubedrill.record.metric import APISERVER
from kubedrill.record.prometheus import USUAL, PrometheusSource, PrometheusTold
from kubedrill.record.rights import Right

_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_NODES = "/api/v1/nodes"
_ENDPOINTS = (
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    "?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes"
)


@dataclass(frozen=True, slots=True)
class ClusterLook:
    """What a cluster is found to be. What could not be seen says why, in `unseen`."""

    context: str
    server: str
    version: str
    who: str
    """Who the kubeconfig says that we are, as the API has it."""
    authority: str
    system_uid: str
    nodes: dict[str, int]
    """By zone, how many; "" is no zone."""
    kubelets: dict[str, int]
    """By version, how many nodes have it."""
    apiservers: tuple[str, ...]
    """Where each listens, as the cluster itself knows it."""
    balanced: bool
    """Whether something stands before them: the kubeconfig's server is none of them."""
    metrics: bool
    """Whether the metrics of its only apiserver may be read."""
    flags: dict[str, str]
    """Of the apiserver that answered, as /flagz has them; empty where it does not say."""
    unseen: tuple[str, ...]

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones of its nodes."""
        return tuple(sorted(zone for zone in self.nodes if zone))


def look_at(kubeconfig: str, context: str) -> ClusterLook:
    """Return what a context leads to; NotStarted where that cannot be reached, or not be told from others."""
    with closing(Access(kubeconfig, context)) as access:
        return _look(access)


def look_again(definition: AdoptedDefinition) -> ClusterLook:
    """Return what a cluster that was adopted is now; NotStarted if another one answers."""
    with closing(reached(definition)) as access:
        return _look(access)


def look_at_prometheus(url: str) -> PrometheusTold:
    """Return what a Prometheus scrapes of a cluster, as its series usually are; NotStarted if nothing."""
    try:
        source = PrometheusPart(prometheus=url).source
    except ValidationError as error:
        raise NotStarted(f"--prometheus: {in_parameters(error)}") from None
    return told_by(source, "--prometheus")


def told_by(source: PrometheusSource, where: str) -> PrometheusTold:
    """Return what a Prometheus scrapes of a cluster; NotStarted if nothing, with `where` it is named."""
    with asked(source, where) as api:
        told = scraped_by(api, source)
        if not told.targets:
            raise PrometheusError(
                "it scrapes no control plane whose series are told apart so; write into the cluster's "
                "file how they are: metrics.select"
            )
    return told


def file_of(look: ClusterLook, kubeconfig: str, told: PrometheusTold | None = None) -> str:
    """Return the text of the cluster file that means this cluster and no other.

    `told` is what a Prometheus scrapes of it: of what we cannot read ourselves, that one is asked.
    """
    said: dict[str, Any] = {"provider": "kubeconfig", "context": look.context}
    said |= {"kubeconfig": kubeconfig} if kubeconfig else {}
    said |= {"authority": look.authority, "system_uid": look.system_uid}
    said |= _metrics(look, told)
    said |= {"zones": [*look.zones]} if look.zones else {}
    usual = AdoptedDefinition.unless_said.model_dump(exclude_unset=True)
    limits = yaml.safe_dump({"limits": {**usual, "rate": f"{usual['rate']:g}/s"}}, sort_keys=False)
    return (
        f"# Somebody else's cluster, as it was found at {look.server}, Kubernetes {look.version}.\n"
        "# Every key: docs/your-cluster.md\n"
        f"{yaml.safe_dump(said, sort_keys=False)}"
        "# What no experiment may go beyond here, whatever it asks for; these are low on purpose.\n"
        f"{limits}"
    )


def _metrics(look: ClusterLook, told: PrometheusTold | None) -> dict[str, Any]:
    """Return what the file says of metrics; nothing where nobody tells any."""
    if told is None:
        return {"metrics": "apiserver"} if look.metrics else {}
    own = {"apiserver": True} if look.metrics else {}
    there = {target.kind for target in told.targets}
    absent = {kind: None for kind in USUAL if kind not in there and not (own and kind == APISERVER)}
    return {
        "metrics": {
            "prometheus": told.url,
            **own,
            **({"select": absent} if absent else {}),
        }
    }


def _look(access: Access) -> ClusterLook:
    unseen: list[str] = []
    nodes = _listed(access, _NODES, unseen)
    slices = _listed(access, _ENDPOINTS, unseen)
    addresses = tuple(
        sorted(
            f"{address}:{port['port']}"
            for found in slices
            for endpoint in found.get("endpoints") or ()
            for address in endpoint["addresses"]
            for port in found.get("ports") or ()
        )
    )
    at = access.server.endpoint
    kubelets = (node["status"].get("nodeInfo", {}).get("kubeletVersion", "") for node in nodes)
    return ClusterLook(
        context=access.context,
        server=access.server.url,
        version=version(access),
        who=_who(access),
        authority=access.server.authority,
        system_uid=system_uid(access),
        nodes=dict(Counter(_zone(node) for node in nodes)),
        kubelets=dict(Counter(kubelets)),
        apiservers=addresses,
        balanced=bool(addresses) and f"{at.host}:{at.port}" not in addresses,
        metrics=len(addresses) == 1 and not access.refused([Right("get", path="/metrics")]),
        flags=_flags(access),
        unseen=tuple(unseen),
    )


def _zone(node: dict[str, Any]) -> str:
    return str((node["metadata"].get("labels") or {}).get(ZONE, ""))


def _who(access: Access) -> str:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = access.call("POST", _WHO, review)
    if answer.status != HTTPStatus.CREATED:
        return "unknown"
    return str(json.loads(answer.body)["status"]["userInfo"]["username"])


def _listed(access: Access, path: str, unseen: list[str]) -> list[dict[str, Any]]:
    """Return what a collection holds; where one may not see it, nothing, and why goes to `unseen`."""
    answer = access.call("GET", path)
    if answer.status != HTTPStatus.OK:
        unseen.append(said_of(answer, "GET", path.partition("?")[0]))
        return []
    return [*json.loads(answer.body)["items"]]


def _flags(access: Access) -> dict[str, str]:
    answer = access.call("GET", "/flagz", accept="text/plain")
    page = answer.body.decode(errors="replace") if answer.status == HTTPStatus.OK else ""
    return flags_of(page)
