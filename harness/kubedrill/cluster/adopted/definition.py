"""A cluster that somebody else runs, as a person writes it: `clusters/NAME.yaml`, by `cluster adopt`."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.cluster.adopted.components import ComponentCommands
from kubedrill.cluster.adopted.metrics import PrometheusPart, WantedMetrics
from kubedrill.reading.types import matching
from kubedrill.record.limits import LimitsPart
from kubedrill.record.metric import APISERVER
from kubedrill.record.prometheus import PrometheusSource

Zone = Annotated[
    str,
    matching(
        r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", "is no value of a label, as a zone is"
    ),
]


class AdoptedDefinition(BaseModel):
    """A cluster of a kubeconfig's context, and what it cannot be mistaken by."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    unless_said: ClassVar[LimitsPart] = LimitsPart(
        nodes=1, rate=50.0, clients=100, objects=1000, bytes=20_000_000
    )
    """The limits of a file that says nothing else: a flood must not fill somebody's etcd by accident."""

    provider: Literal["kubeconfig"]
    context: Annotated[str, Field(min_length=1)]
    """As the kubeconfig names it; its current context is never asked for."""
    kubeconfig: str = ""
    """The file; as kubectl finds it (KUBECONFIG, ~/.kube/config) if none is named."""
    authority: Annotated[str, matching("sha256:[0-9a-f]{64}", "is no sha256: and 64 hex digits")]
    """Of the certificate authority that its server is proven by."""
    system_uid: Annotated[str, matching("[0-9a-f-]{36}", "is no UID of a namespace")]
    """Of its namespace kube-system: no other cluster has it."""
    metrics: WantedMetrics = "none"
    """Whose metrics are read: the apiserver's own, where there is one and not several behind a balancer;
    nobody's; or those that a Prometheus has scraped."""
    zones: Annotated[tuple[Zone, ...], Field(max_length=9)] = ()
    """Of its nodes, by their label topology.kubernetes.io/zone."""
    components: dict[str, ComponentCommands] = {}
    """By name, KIND-ZONE, the commands for what is to be broken of its control plane."""
    load_users: Annotated[int, Field(ge=1, le=1000)] = 8
    """ServiceAccounts for load: as many users as API Priority and Fairness tells apart."""

    @property
    def pages(self) -> tuple[str, ...]:
        """The kinds of components whose own pages of metrics are read."""
        told = self.metrics
        own = told.apiserver if isinstance(told, PrometheusPart) else told == "apiserver"
        return (APISERVER,) if own else ()

    @property
    def prometheus(self) -> PrometheusSource | None:
        """Who is asked about the others; None if nobody is."""
        if not isinstance(self.metrics, PrometheusPart):
            return None
        return self.metrics.source

    @property
    def observed(self) -> tuple[str, ...]:
        """The kinds of components whose metrics are known, from whomever."""
        return (*self.pages, *(self.prometheus.select if self.prometheus else ()))
