"""Waiting until the whole cluster works: every server ready, every leader chosen."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kubedrill.client import well
from kubedrill.client.caller import Caller
from kubedrill.cluster.files import Components, Files
from kubedrill.cluster.local.haproxy import BalancerSilent, servers_up
from kubedrill.cluster.state import ClusterFailed
from kubedrill.record.cluster import Component
from kubedrill.record.lines import read_whole
from kubedrill.wire.errors import WireError

_PAUSE_S = 0.05
_MOST_RESTARTS = 6
"""A component that exited this often does not come up; one that is merely early exits once or twice."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something to wait for; `component` is the one to blame while it is not so."""

    component: str
    what: str
    holds: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Wait:
    """Waits for checks, up to a deadline, while no component gives up."""

    folder: Path
    until: float
    """On time.monotonic()."""

    def for_any(self, checks: Iterable[Check]) -> Check:
        """Return the first check that holds; ClusterFailed if none does in time."""
        waiting = list(checks)
        while True:
            for check in waiting:
                if check.holds():
                    return check
            self._pause(waiting[0])

    def for_all(self, checks: Iterable[Check]) -> None:
        """Return when every check has held once; ClusterFailed if one does not in time."""
        waiting = list(checks)
        while waiting := [check for check in waiting if not check.holds()]:
            self._pause(waiting[0])

    def _pause(self, late: Check) -> None:
        for name, restarts in _restarts(self.folder).items():
            if restarts >= _MOST_RESTARTS:
                raise self._failed(name, f"exited {restarts} times")
        if time.monotonic() > self.until:
            raise self._failed(late.component, f"is not {late.what} in time")
        time.sleep(_PAUSE_S)

    def _failed(self, component: str, problem: str) -> ClusterFailed:
        log = Files(self.folder).log(component)
        lines = (
            log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        )
        shown = "".join(f"\n    {line[:300]}" for line in lines[-8:]) or " nothing"
        return ClusterFailed(
            f"cluster {self.folder.name} did not come up: {component} {problem}; its log ends:{shown}"
        )


def answers(component: Component, api: Caller) -> Check:
    """Return the check that a component says that it is well."""
    return Check(component.name, "ready", lambda: well.ask(api, well.PAGES[component.kind]).well)


def leads(component: Component, api: Caller) -> Check:
    """Return the check that some component of this kind holds the leader's Lease."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{component.kind}"

    def holds() -> bool:
        try:
            answer = api.call("GET", path)
        except WireError:
            return False
        return answer.status == 200 and bool(json.loads(answer.body)["spec"].get("holderIdentity"))

    return Check(component.name, "led", holds)


def guards(component: Component, load: Caller) -> Check:
    """Return the check that an apiserver keeps load away from what is not its own.

    An apiserver learns of an admission policy a moment after it was made, each by itself.
    """
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "guard-"}}

    def holds() -> bool:
        try:
            answer = load.call("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", config)
        except WireError:
            return False
        return answer.status == 422

    return Check(component.name, "guarding", holds)


def balances(folder: Path, servers: int) -> Check:
    """Return the check that the load balancer sends requests to all servers."""

    def holds() -> bool:
        try:
            return len(servers_up(folder)) == servers
        except BalancerSilent:
            return False

    return Check("haproxy", f"balancing over {servers} servers", holds)


def _restarts(folder: Path) -> dict[str, int]:
    path = Files(folder).components
    if not path.exists():
        return {}
    known = read_whole(path, Components).components
    return {name: state.restarts for name, state in known.items()}
