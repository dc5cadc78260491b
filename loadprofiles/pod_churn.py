"""Pods through their whole life by the API, or Deployments and Jobs rolled out: a release's peak.

    locust -f loadprofiles/pod_churn.py --rate 20 --workload pods

What it costs the server, and which claims it is for: docs/profiles/pod-churn.md.
"""

from typing import Literal

from pydantic import Field, model_validator

from kubedrill.load.template import Object, Template, compact, head, placeholder
from kubedrill.load.user import Arrival, Parameters, Result, Series
from kubedrill.load.writing import WritingUser
from kubedrill.record.clock import now

MERGE = "application/merge-patch+json"
IMAGE = "registry.k8s.io/pause:3.10"
SERIES = ("create", "bind", "status", "rollout", "delete")
"""The steps, each with a series of its own after the arrivals'."""
VERBS = {
    "create": "POST",
    "bind": "POST",
    "status": "PATCH",
    "rollout": "PATCH",
    "delete": "DELETE",
}
ACCOUNT_WAIT_S = 30
OK = 200


class PodChurnParameters(Parameters):
    """What lives and dies."""

    workload: Literal["pods", "deployments", "jobs"] = Field(
        "pods",
        description='"pods": created, bound, reported as running, deleted, all from here; '
        '"deployments", "jobs": created, rolled out (deployments), deleted; the cluster\'s controllers '
        "make their pods",
    )
    replicas: int = Field(
        1, ge=1, le=1000, description="pods of each deployment, or at once of each job"
    )
    lifetime_s: float = Field(
        0.0, ge=0, le=3600, description="seconds between the last step and the deletion"
    )
    keep: bool = Field(False, description="delete nothing: what is there grows")
    pod_bytes: int = Field(
        1000, ge=0, le=200_000, description="bytes of an annotation of each pod, to give it a size"
    )
    namespaces: int = Field(
        1, ge=1, le=1000, description="namespaces, made before the load, filled in turn"
    )

    @model_validator(mode="after")
    def _pods_alone(self) -> "PodChurnParameters":
        if self.workload == "pods" and self.replicas != 1:
            raise ValueError("replicas are of deployments and jobs; with pods, raise the rate")
        if self.lifetime_s >= self.timeout_s:
            raise ValueError(
                "lifetime_s must be less than timeout_s, which holds for the whole life"
            )
        return self


class PodChurn(WritingUser):
    """Makes one workload, takes it through its life and deletes it, each time an arrival is due."""

    series = (
        Series("churn", "POST", "transaction"),
        *(Series(f"churn.{step}", VERBS[step], "page") for step in SERIES),
    )
    parameters = PodChurnParameters

    def prepare(self) -> None:
        """Make the namespaces, and for each of them the requests of every step."""
        given = self.given
        assert isinstance(given, PodChurnParameters)
        self._given = given
        namespaces = self.make_namespaces(given.namespaces)
        for namespace in namespaces:
            self._await_account(namespace)
        self._steps = [self._steps_in(namespace) for namespace in namespaces]

    def transact(self, arrival: Arrival) -> Result:
        """Take one workload through its life; a step that fails ends it, but for its deletion."""
        _, number = self.next_turn()
        name, steps = self.name(number), self._steps[number % len(self._steps)]
        due, size, first_byte, outcome = arrival.due, 0, 0, OK
        for step, request in steps:
            if step == "delete":
                self.rest(arrival, self._given.lifetime_s)
                due = now()
            elif not 200 <= outcome < 300:
                continue
            started = now() if size else arrival.started
            response = self.send(request.named(name), arrival.deadline)
            self.record(1 + SERIES.index(step), due, started, Result.of(response, response.status))
            size += response.size
            first_byte = first_byte or response.first_byte
            if 200 <= outcome < 300 and not 200 <= response.status < 300:
                outcome = response.status
            due = now()
        return Result(outcome, first_byte, now(), size)

    def _await_account(self, namespace: str) -> None:
        # Admission refuses pods until the namespace's default account is there.
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
        self.await_there(path, ACCOUNT_WAIT_S)

    def _steps_in(self, namespace: str) -> list[tuple[str, Template]]:
        name = placeholder(self.name_length)
        steps = self._pod_steps if self._given.workload == "pods" else self._workload_steps
        found = steps(namespace, name)
        return found[:-1] if self._given.keep else found

    def _pod_steps(self, namespace: str, name: str) -> list[tuple[str, Template]]:
        pods = f"/api/v1/namespaces/{namespace}/pods"
        pod = {"apiVersion": "v1", "kind": "Pod", **self._pod(name, {"schedulerName": "none"})}
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": "kubedrill"},
        }
        ready = [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")]
        running = {"status": {"phase": "Running", "conditions": ready}}
        return [
            ("create", self._request("POST", pods, pod)),
            ("bind", self._request("POST", f"{pods}/{name}/binding", binding)),
            ("status", self._request("PATCH", f"{pods}/{name}/status", running, MERGE)),
            ("delete", self._request("DELETE", f"{pods}/{name}?gracePeriodSeconds=0")),
        ]

    def _workload_steps(self, namespace: str, name: str) -> list[tuple[str, Template]]:
        if self._given.workload == "jobs":
            group, kind = "batch/v1", "Job"
            # Its pods run nowhere, so nothing is gained from finalizers that count them.
            pod = self._pod(name, {"schedulerName": "none", "restartPolicy": "Never"})
            count = self._given.replicas
            spec = {"parallelism": count, "completions": count, "template": pod}
        else:
            group, kind = "apps/v1", "Deployment"
            selector = {"app": name}
            pod = self._pod(name, {"schedulerName": "none"}, selector)
            at_once = {"rollingUpdate": {"maxUnavailable": "100%", "maxSurge": 0}}
            spec = {"replicas": self._given.replicas, "selector": {"matchLabels": selector}}
            spec |= {"template": pod, "strategy": at_once}
        path = f"/apis/{group}/namespaces/{namespace}/{self._given.workload}"
        made = {"apiVersion": group, "kind": kind, "metadata": self.metadata(name), "spec": spec}
        again = {"metadata": {"annotations": {"kubedrill.io/release": "2"}}}
        rollout = {"spec": {"template": again}}
        steps = [("create", self._request("POST", path, made))]
        if kind == "Deployment":
            steps.append(("rollout", self._request("PATCH", f"{path}/{name}", rollout, MERGE)))
        gone = f"{path}/{name}?propagationPolicy=Background"
        return [*steps, ("delete", self._request("DELETE", gone))]

    def _pod(self, name: str, spec: Object, labels: Object | None = None) -> Object:
        metadata = self.metadata(name, annotations={"kubedrill.io/padding": self._padding()})
        metadata["labels"] = {**self.labels, **(labels or {})}
        requests = {"cpu": "10m", "memory": "16Mi"}
        container = {"name": "main", "image": IMAGE, "resources": {"requests": requests}}
        return {
            "metadata": metadata,
            "spec": {"automountServiceAccountToken": False, "containers": [container], **spec},
        }

    def _padding(self) -> str:
        return "kubedrill " * (self._given.pod_bytes // 10)

    def _request(
        self, method: str, path: str, made: Object | None = None, content: str = "application/json"
    ) -> Template:
        body = b"" if made is None else compact(made)
        begin = head(self.identity, method, path, body, content_type=content)
        return Template(begin + body, self.name_length)
