"""Several profiles as one, by weight: a mix of your own, or what a kind of workload does to the API.

    locust -f loadprofiles/mixed.py --rate 50 --preset web-release

What it costs the server, and which claims it is for: docs/profiles/mixed.md.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from kubedrill.load.mixing import ARRIVALS, Mixing, MixingParameters, Portion, Profiles, read_mix
from kubedrill.load.user.parameters import Parameters
from kubedrill.record.catalogue import Makes

PROFILES = Profiles(
    Path(__file__).parent,
    (
        "configmap-flood",
        "event-storm",
        "lease-heartbeat",
        "mass-list",
        "namespace-flood",
        "pod-churn",
        "secret-flood",
        "watch-list",
        "watch-storm",
    ),
)


def _of(profile: str, weight: float, **parameters: object) -> Portion:
    return Portion.model_validate({"profile": profile, "weight": weight, "with": parameters})


PRESETS = {
    # Deployments roll, their configuration changes, controllers and dashboards look on.
    "web-release": (
        _of("pod-churn", 1, workload="deployments", replicas=10, lifetime_s=10.0),
        _of("configmap-flood", 1, count=200, size=4096),
        _of("event-storm", 4, distinct=200),
        _of("mass-list", 2, resource="pods", resource_version="0"),
    ),
    # Drivers start executors that live for seconds, and look for them by label.
    "spark-flink": (
        _of("pod-churn", 6, workload="pods", lifetime_s=2.0),
        _of("configmap-flood", 1, size=16_384),
        _of("event-storm", 3),
        _of("mass-list", 1, resource="pods", label_selector="app=driver", resource_version="0"),
    ),
    # Gangs of pods at once; they find each other by leases and secrets.
    "training": (
        _of("pod-churn", 1, workload="jobs", replicas=16, lifetime_s=10.0),
        _of("secret-flood", 1, size=2048),
        _of("lease-heartbeat", 6, nodes=64),
        _of("watch-list", 1, resource="pods", label_selector="app=worker"),
    ),
    # Nodes come by the hundred: heartbeats, pods and events, and everybody reads at first.
    "spot-burst": (
        _of("lease-heartbeat", 10, nodes=1000),
        _of("pod-churn", 4, workload="pods", lifetime_s=5.0),
        _of("event-storm", 8, distinct=1000),
        _of("mass-list", 1, resource="services", resource_version="0"),
    ),
    # One large object a workflow, written at every step; short pods; much polling by label.
    "argo-workflow": (
        _of("configmap-flood", 3, count=50, size=100_000),
        _of("pod-churn", 3, workload="pods", lifetime_s=1.0),
        _of("event-storm", 2),
        _of("mass-list", 2, resource="pods", label_selector="app=workflow"),
    ),
    "batch-jobs": (
        _of("pod-churn", 3, workload="jobs", replicas=4, lifetime_s=5.0),
        _of("event-storm", 3, distinct=500),
        _of("mass-list", 1, resource="jobs", resource_version="0"),
    ),
}


class MixedParameters(MixingParameters):
    """What is mixed."""

    preset: Literal[
        "web-release", "spark-flink", "training", "spot-burst", "argo-workflow", "batch-jobs"
    ] = Field("web-release", description="what a kind of workload does to the API")
    mix: str = Field(
        "",
        description="a mix of your own instead of the preset, as JSON: "
        '[{"profile": "mass-list", "as": "stale", "weight": 1, "with": {}}, ...]',
    )

    @model_validator(mode="after")
    def _can_be_mixed(self) -> "MixedParameters":
        PROFILES.check(self.portions, self)
        return self

    def makes(self) -> Sequence[Makes] | None:
        """Return what the portions make, each by its share."""
        return PROFILES.makes(self.portions, self)

    @property
    def portions(self) -> tuple[Portion, ...]:
        """What is mixed."""
        return read_mix(self.mix) if self.mix else PRESETS[self.preset]


class Mixed(Mixing):
    """Hands each arrival to one of several profiles."""

    profiles = PROFILES
    series = (ARRIVALS,)
    permissions = PROFILES.permissions
    parameters = MixedParameters

    @classmethod
    def permissions_for(cls, given: Parameters) -> dict[str, str]:
        """Return what RBAC must allow for what is mixed."""
        assert isinstance(given, MixedParameters)
        return PROFILES.permissions_of(given.portions, given)
