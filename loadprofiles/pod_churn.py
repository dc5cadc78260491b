"""Pods through their whole life by the API, or Deployments and Jobs rolled out: a release's peak.

    locust -f loadprofiles/pod_churn.py --rate 20 --workload pods

What it costs the server, and which claims it is for: docs/profiles/pod-churn.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from kubedrill.clock import SECOND, now
from kubedrill.load.template import Object, Template, compact, head, placeholder
from kubedrill.load.user import Arrival, Parameters, RequestSeries, Result
from kubedrill.load.writing import OBJECT_BYTES, OK, WritingUser, namespaces
from kubedrill.record.catalogue import Makes
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response

MERGE = "application/merge-patch+json"
IMAGE = "registry.k8s.io/pause:3.10"
STEPS = {
    "create": "POST",
    "bind": "POST",
    "status": "PATCH",
    "observed": "GET",
    "rollout": "PATCH",
    "patch": "PATCH",
    "look": "GET",
    "delete": "DELETE",
}
"""What has a series of its own after the arrivals', and its verb."""
SERIES = tuple(STEPS)
ACCOUNT_WAIT_S = 30
NODE = b"kubedrill-000000000"
"""No node of that name is there; the digits are of when pods were bound."""
NODE_S, LIVES_S = 10, 25
"""So long pods are bound to one name; so long each of them lives at least.

The pod garbage collector deletes all pods of a node 40 s after it saw first that the node is not there
(`quarantineTime`, pkg/controller/podgc): with one name for all, those that were bound just now.
"""
STATUS = 32 * 1024
"""Bytes of a Deployment that has no padding: its status stands at the end."""
POD_BYTES = 2700
"""What a pod, or what has its template, is beside its padding, about: `status`, and `managedFields`.

In etcd of 1.37.2 a pod has 1,730, one of a Job 1,960, a Job 2,050, a ReplicaSet 2,310, a Deployment 2,600.
"""
_OBSERVED = re.compile(rb'"status":\{"observedGeneration":(\d+)')


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
        if self.workload == "pods" and self.lifetime_s > LIVES_S:
            raise ValueError(
                f"lifetime_s must be {LIVES_S} or less with pods: no node stands behind them, and the pod "
                "garbage collector may delete them after that; take deployments or jobs"
            )
        return self

    def makes(self) -> Sequence[Makes]:
        """Return the workloads, and what the cluster's controllers make for them."""
        there, pod = namespaces(self.namespaces), self.pod_bytes + POD_BYTES
        match self.workload:
            case "pods":
                return there, Makes(pod, each=1)
            case "jobs":  # and its pods; of each an Event
                padded, events = 1 + self.replicas, self.replicas
            case _:  # two ReplicaSets, and their pods; of these an Event, and of those that go
                padded, events = 3 + 2 * self.replicas, 3 + 3 * self.replicas
        return there, Makes(pod, each=padded), Makes(OBJECT_BYTES, each=events)


class Life(NamedTuple):
    """One workload's, in requests."""

    name: bytes
    templates: Mapping[str, Template]
    deadline: int

    def request(self, step: str) -> bytes:
        """Return what is sent at a step."""
        sent = self.templates[step].named(self.name)
        return sent.replace(NODE, _node()) if step == "bind" else sent


class PodChurn(WritingUser):
    """Makes one workload, takes it through its life and deletes it, each time an arrival is due."""

    series = (
        RequestSeries("churn", "POST", "transaction"),
        *(RequestSeries(f"churn.{step}", verb, "part") for step, verb in STEPS.items()),
    )
    parameters = PodChurnParameters
    permissions: ClassVar = {
        "namespaces": "create",
        "serviceaccounts": "get",
        "pods": "create, delete",
        "pods/binding": "create",
        "pods/status": "patch",
        "deployments.apps": "create, get, patch, delete",
        "jobs.batch": "create, delete",
    }

    def prepare(self) -> None:
        """Make the namespaces, and for each of them the requests of every step."""
        given = self.given
        assert isinstance(given, PodChurnParameters)
        self._given = given
        namespaces = self.make_namespaces(given.namespaces)
        for namespace in namespaces:
            self._await_account(namespace)
        make = self._pod_requests if given.workload == "pods" else self._workload_requests
        name = placeholder(self.name_length)
        self._templates = [make(namespace, name) for namespace in namespaces]
        steps: dict[str, tuple[Callable[[Life, int], Result], ...]] = {
            "pods": (partial(self._send, "bind"), partial(self._send, "status")),
            "deployments": (self._observe, self._roll_out),
            "jobs": (),
        }
        self._steps = steps[given.workload]

    def transact(self, arrival: Arrival) -> Result:
        """Take one workload through its life; a step that fails ends it, but for its deletion."""
        _, number = self.next_turn()
        templates = self._templates[number % len(self._templates)]
        life = Life(self.name(number), templates, arrival.deadline)
        made = self._send("create", life, arrival.due)
        if 400 <= made.outcome < 500 or made.outcome == Outcome.REFUSED:
            return made  # there is nothing to delete
        lived = self._live(life, made)
        if self._given.keep:
            return lived
        gone = self._delete(arrival, life, lived)
        whole = _joined(lived, gone) if lived.outcome == OK else lived
        late = whole.outcome == OK and whole.end > arrival.deadline
        return whole._replace(outcome=Outcome.TIMEOUT) if late else whole

    def _live(self, life: Life, made: Result) -> Result:
        """Take the steps between creation and deletion; return all so far as one."""
        whole = _joined(Result(OK, 0, 0, 0), made)
        for step in self._steps:
            if whole.outcome != OK:
                break
            whole = _joined(whole, step(life, now()))
        return whole

    def _delete(self, arrival: Arrival, life: Life, lived: Result) -> Result:
        """Delete the workload, whatever became of it and however late it is."""
        if lived.outcome == OK:
            self.rest(arrival, min(self._given.lifetime_s, max(life.deadline - now(), 0) / SECOND))
        due = now()
        return self._send("delete", life._replace(deadline=due + self.timeout), due)

    def _send(self, step: str, life: Life, due: int) -> Result:
        """Send what is sent at a step; what fails is a result, too."""
        series = 1 + SERIES.index(step)
        try:
            response = self.send_part(series, life.request(step), due, life.deadline)
        except WireError as error:
            return Result.failed(error)
        return Result.of(response, response.status)

    def _observe(self, life: Life, due: int) -> Result:
        """Wait until the controller has made the first ReplicaSet: a change before that rolls nothing out."""
        result = self._look_for(1, life)
        self.record(1 + SERIES.index("observed"), due, due, result)
        return result

    def _roll_out(self, life: Life, due: int) -> Result:
        """Change the pods' template, and wait until the controller has made the ReplicaSet for it."""
        result = self._send("patch", life, due)
        if result.outcome == OK:
            result = _joined(result, self._look_for(2, life))
        self.record(1 + SERIES.index("rollout"), due, due, result)
        return result

    def _look_for(self, generation: int, life: Life) -> Result:
        """Wait until the controller has done what that generation of the Deployment asks for."""

        def done(response: Response) -> bool:
            found = _OBSERVED.search(response.head) if response.status == OK else None
            return found is not None and int(found[1]) >= generation

        look, keep = 1 + SERIES.index("look"), self._given.pod_bytes + STATUS
        return self.look_until(look, life.request("look"), done, life.deadline, keep)

    def _await_account(self, namespace: str) -> None:
        # Admission refuses pods until the namespace's default account is there.
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
        self.await_there(path, ACCOUNT_WAIT_S)

    def _pod_requests(self, namespace: str, name: str) -> dict[str, Template]:
        pods = f"/api/v1/namespaces/{namespace}/pods"
        pod = {"apiVersion": "v1", "kind": "Pod", **self._pod(name, {"schedulerName": "none"})}
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name},
            "target": {"apiVersion": "v1", "kind": "Node", "name": NODE.decode()},
        }
        ready = [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")]
        running = {"status": {"phase": "Running", "conditions": ready}}
        return {
            "create": self._request("POST", pods, pod),
            "bind": self._request("POST", f"{pods}/{name}/binding", binding),
            "status": self._request("PATCH", f"{pods}/{name}/status", running, MERGE),
            "delete": self._request("DELETE", f"{pods}/{name}?gracePeriodSeconds=0"),
        }

    def _workload_requests(self, namespace: str, name: str) -> dict[str, Template]:
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
        deployment = f"{path}/{name}"
        return {
            "create": self._request("POST", path, made),
            "look": self._request("GET", deployment),
            "patch": self._request("PATCH", deployment, {"spec": {"template": again}}, MERGE),
            "delete": self._request("DELETE", f"{deployment}?propagationPolicy=Background"),
        }

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


def _node() -> bytes:
    """Return the name to which pods are bound now."""
    return f"kubedrill-{now() // (NODE_S * SECOND):09}".encode("ascii")


def _joined(before: Result, after: Result) -> Result:
    """Return two results as one; what succeeds is 200."""
    outcome = OK if 200 <= after.outcome < 300 else after.outcome
    first_byte = before.first_byte or after.first_byte
    return Result(outcome, first_byte, after.end, before.size + after.size)
