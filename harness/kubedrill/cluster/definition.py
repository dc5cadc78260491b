"""A cluster as a person writes it: `clusters/NAME.yaml`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.reading.types import matching

Zone = Annotated[str, matching("[a-z0-9]{1,8}", "is not a zone's name: 1 to 8 of a-z and 0-9")]
Version = Annotated[str, matching(r"v?[0-9]+\.[0-9]+\.[0-9]+", "is not a version, such as v1.37.2")]
Kind = Literal["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
FlagValue = str | int | float | bool
CHOSEN_LATER = ("leader", "random")


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Versions(_Strict):
    """The versions that the cluster must have; whatever is found if they are not given."""

    kubernetes: Version | None = None
    etcd: Version | None = None


class ClusterDefinition(_Strict):
    """The provider and its settings."""

    provider: Literal["local"]
    zones: Annotated[tuple[Zone, ...], Field(min_length=1, max_length=9)] = ("a", "b", "c")
    """One etcd member, apiserver, controller-manager and scheduler in each."""
    zoning: Literal["auto", "netns", "loopback"] = "auto"
    """netns: a network namespace a zone (root only); loopback: an address a zone; auto: what works."""
    etcd: Literal["all", "stacked"] = "all"
    """The etcd members an apiserver talks to: all of them, or only the one in its own zone."""
    port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    """The load balancer's port on 127.0.0.1; a free one is found if it is not given."""
    load_users: Annotated[int, Field(ge=1, le=1000)] = 8
    """ServiceAccounts for load: as many users as API Priority and Fairness tells apart."""
    flags: dict[Kind, dict[str, FlagValue]] = Field(default_factory=dict)
    """More flags of a component, without the leading dashes; they win over our own.

    `local.flags` says which may be given."""
    versions: Versions = Versions()
