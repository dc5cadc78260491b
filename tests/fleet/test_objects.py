"""What a hollow node writes of itself and of its pods."""

import time
from itertools import islice
from math import log
from statistics import median, stdev
from typing import Any

import pytest

from kubedrill.client.protobuf import enveloped, field
from kubedrill.client.protobuf import number as number_of
from kubedrill.fleet import objects
from kubedrill.fleet.objects import Conditions, address, boot_id, lease, node, pod_address
from kubedrill.fleet.objects import status_patch as status_patch_of_node
from kubedrill.fleet.pod_objects import PodShape, PodState, is_over, status_patch
from kubedrill.fleet.simulated import boot_time, start_times
from kubedrill.fleet.talk import Counts
from kubedrill.record.autoscaler import Autoscaler
from kubedrill.record.fleet import Member, PodTimes
from kubedrill.record.labels import RUN

MEMBER = Member("node-b-300", "b", 300)


def test_addresses_are_each_nodes_and_each_pods_own() -> None:
    assert address(MEMBER) == "10.64.1.44"
    assert pod_address(MEMBER, 3) == "10.129.44.3"
    members = [Member("", "a", number) for number in range(20_000)]
    assert len({address(member) for member in members}) == 20_000
    pods = {pod_address(member, slot) for member in members[:300] for slot in range(110)}
    assert len(pods) == 300 * 110


def test_a_node_says_where_it_is_and_whose() -> None:
    made = node(MEMBER, "r1", Conditions().written())
    labels = made["metadata"]["labels"]
    assert labels["topology.kubernetes.io/zone"] == "b"
    assert labels[RUN] == "r1"
    # Admission refuses other labels of these domains from a node.
    own = {name for name in labels if name.partition("/")[0].endswith(("kubernetes.io", "k8s.io"))}
    assert {name.partition("/")[2] for name in own} == {"arch", "os", "hostname", "region", "zone"}


def test_a_condition_keeps_the_time_since_which_it_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    at = iter(["t1", "t2", "t3"])
    monkeypatch.setattr(objects, "stamp", lambda: next(at))
    conditions = Conditions()

    def ready() -> tuple[str, str, str]:
        [found] = [each for each in conditions.written() if each["type"] == "Ready"]
        return found["status"], found["lastTransitionTime"], found["lastHeartbeatTime"]

    assert ready() == ("False", "t1", "t1")
    conditions.ready = True
    assert ready() == ("True", "t2", "t2")
    assert ready() == ("True", "t2", "t3")


def test_pressure_is_a_condition_of_its_own() -> None:
    conditions = Conditions()
    conditions.pressures = ("DiskPressure",)
    statuses = {each["type"]: each["status"] for each in conditions.written()}
    assert statuses == {
        "MemoryPressure": "False",
        "DiskPressure": "True",
        "PIDPressure": "False",
        "Ready": "False",
    }


def test_what_has_changed_of_its_conditions_is_told_once() -> None:
    conditions = Conditions()
    conditions.written()
    fine = ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID")
    assert (conditions.changed(), conditions.changed()) == (fine, ())
    conditions.ready, conditions.pressures = True, ("MemoryPressure",)
    conditions.written()
    assert conditions.changed() == ("NodeHasInsufficientMemory", "NodeReady")
    conditions.written()
    assert conditions.changed() == ()


def test_images_are_named_where_there_are_others() -> None:
    assert "images" not in objects.status_patch([])["status"]
    patch = objects.status_patch([], images=frozenset({"b", "a"}))
    assert patch["status"]["images"] == [{"names": ["a"]}, {"names": ["b"]}]


def test_a_lease_is_its_nodes() -> None:
    made = enveloped(lease("n", "u", "7"))
    metadata, spec = field(made, 1), field(made, 2)
    assert [field(metadata, number) for number in (1, 3, 6)] == [b"n", b"kube-node-lease", b"7"]
    assert [field(field(metadata, 13), number) for number in (1, 3, 4)] == [b"Node", b"n", b"u"]
    assert (field(spec, 1), number_of(spec, 2)) == (b"n", 40)
    renewed = field(spec, 4)
    at = number_of(renewed, 1) + number_of(renewed, 2) / 1e9
    assert abs(at - time.time()) < 60
    assert field(field(enveloped(lease("n", "u")), 1), 6) == b"", "the API gives it its version"


def pod(**more: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "pause"}
    spec = {"containers": [container], "serviceAccountName": "default", **more.pop("spec", {})}
    metadata = {"name": "p", "namespace": "ns", "uid": "u", "generation": 2, **more}
    return {"metadata": metadata, "spec": spec, "status": {"qosClass": "Burstable"}}


PROJECTED = {
    "projected": {
        "sources": [
            {"serviceAccountToken": {"path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt"}},
            {"secret": {"name": "projected"}},
        ]
    }
}


def test_what_a_pod_uses_is_found_wherever_it_is_named() -> None:
    container = {
        "name": "main",
        "image": "pause",
        "envFrom": [{"configMapRef": {"name": "from"}}, {"secretRef": {"name": "all"}}],
        "env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "one", "key": "k"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "two", "key": "k"}}},
            {"name": "C", "value": "plain"},
        ],
    }
    spec = {
        "containers": [container, {**container, "name": "again"}],
        "volumes": [
            PROJECTED,
            {"secret": {"secretName": "mounted"}},
            {"configMap": {"name": "files"}},
            {"emptyDir": {}},
        ],
        "imagePullSecrets": [{"name": "pull"}],
    }
    shape = PodShape.of(pod(spec=spec))
    assert shape.account == "default"
    found = {(kind, name) for kind, _, name in shape.references}
    assert len(shape.references) == len(found)
    read = {name for _, _, name in set(shape.references) - shape.mounted}
    assert read == {"from", "all", "one", "two"}, "when containers start, and not again"
    assert found == {
        *(("configmaps", name) for name in ("kube-root-ca.crt", "files", "from", "two")),
        *(("secrets", name) for name in ("projected", "mounted", "all", "one", "pull")),
    }


@pytest.mark.parametrize(
    ("probes", "seconds"),
    [
        ({}, 0),
        ({"readinessProbe": {}}, 0),
        ({"livenessProbe": {"initialDelaySeconds": 90}}, 0),
        ({"readinessProbe": {"initialDelaySeconds": 15, "periodSeconds": 5}}, 15),
        ({"readinessProbe": {"initialDelaySeconds": 16, "periodSeconds": 5}}, 20),
        ({"startupProbe": {"initialDelaySeconds": 3}, "readinessProbe": {}}, 10),
        ({"readinessProbe": {"successThreshold": 3, "periodSeconds": 2}}, 4),
    ],
)
def test_a_pod_is_ready_when_its_probes_would_say_so(
    probes: dict[str, Any], seconds: float
) -> None:
    containers = [{"name": "a", "image": "pause"}, {"name": "b", "image": "pause", **probes}]
    assert PodShape.of(pod(spec={"containers": containers})).probed_s == seconds


def test_pods_of_daemon_sets_are_known() -> None:
    owners = [{"kind": "DaemonSet", "controller": True}]
    assert not PodShape.of(pod()).of_daemon
    assert PodShape.of(pod(ownerReferences=owners)).of_daemon


def test_a_pod_without_a_token_asks_for_none() -> None:
    assert PodShape.of(pod()).account == ""


@pytest.mark.parametrize(
    ("annotation", "ends"),
    [
        ({}, None),
        ({"drill.kubedrill.io/runs-for": "2.5"}, (2.5, 0)),
        ({"drill.kubedrill.io/fails-after": "3"}, (3.0, 1)),
        ({"drill.kubedrill.io/runs-for": "soon"}, None),
    ],
)
def test_a_pod_may_say_when_it_ends(
    annotation: dict[str, str], ends: tuple[float, int] | None
) -> None:
    assert PodShape.of(pod(annotations=annotation)).ends == ends


@pytest.mark.parametrize(
    ("state", "phase", "ready", "container"),
    [
        (PodState("waiting"), "Pending", "False", "waiting"),
        (PodState("running", ready=True, running_at="u"), "Running", "True", "running"),
        (PodState("ended", ended_at="v"), "Succeeded", "False", "terminated"),
        (PodState("ended", 1, ended_at="v"), "Failed", "False", "terminated"),
    ],
)
def test_its_status_says_how_it_is(state: PodState, phase: str, ready: str, container: str) -> None:
    shape = PodShape.of(pod())
    state.started_at, state.generation = "t", 2
    patch = status_patch(shape, state, "10.64.0.1", "10.128.0.1")
    assert patch["metadata"] == {"uid": "u"}
    status = patch["status"]
    assert (status["phase"], status["observedGeneration"]) == (phase, 2)
    conditions = {each["type"]: each for each in status["conditions"]}
    assert (conditions["Ready"]["status"], conditions["ContainersReady"]["status"]) == (
        ready,
        ready,
    )
    assert conditions["PodScheduled"]["status"] == "True"
    # A patch leaves what it does not name as it is: what is True has no reason any more.
    assert {each["reason"] for each in conditions.values() if each["status"] == "True"} <= {
        None,
        *(["PodCompleted"] if phase == "Succeeded" else []),
    }
    assert all(each["reason"] for each in conditions.values() if each["status"] == "False")
    assert [*status["containerStatuses"][0]["state"]] == [container]
    assert ("podIP" in status) == (phase != "Pending")
    assert is_over({"status": status}) == (phase in {"Succeeded", "Failed"})


def test_a_pod_whose_machine_was_off_runs_still_and_its_containers_are_started_anew() -> None:
    shape = PodShape.of(pod())
    state = PodState("lost", started_at="t", running_at="u", restarts=1, lost=("u", "v"))

    def status() -> tuple[dict[str, Any], dict[str, Any]]:
        found = status_patch(shape, state, "10.64.0.1", "10.128.0.1")["status"]
        conditions = {each["type"]: each for each in found["conditions"]}
        assert conditions["Ready"]["status"] == ("True" if state.ready else "False")
        assert found["phase"] == "Running"
        return found["containerStatuses"][0], conditions["Ready"]

    container, ready = status()
    lost = container["state"]["terminated"]
    assert (lost["exitCode"], lost["reason"], lost["startedAt"]) == (255, "Unknown", "u")
    assert lost["finishedAt"] == ready["lastTransitionTime"] == "v"
    assert ready["reason"] == "ContainersNotReady"
    assert (container["restartCount"], container["lastState"]) == (1, {})
    state.waiting["main"] = ("ErrImagePull", "no")
    container, _ = status()
    assert container["state"] == {"waiting": {"reason": "ErrImagePull", "message": "no"}}
    assert container["lastState"] == {"terminated": lost}
    state.waiting.clear()
    state.state, state.ready, state.running_at, state.restarts = "running", True, "w", 2
    container, ready = status()
    assert container["state"] == {"running": {"startedAt": "w"}}
    assert (container["restartCount"], container["lastState"]) == (2, {"terminated": lost})
    assert container["containerID"] != lost["containerID"]
    assert ready["lastTransitionTime"] == "w"


@pytest.mark.parametrize(
    ("policy", "anew"), [("Always", True), ("OnFailure", True), ("Never", False)]
)
def test_a_pod_says_whether_its_containers_are_started_anew(policy: str, anew: bool) -> None:
    assert PodShape.of(pod(spec={"restartPolicy": policy})).is_restarted is anew


def test_a_node_that_was_started_anew_says_so() -> None:
    boots = {boot_id(MEMBER, boots) for boots in range(3)}
    assert len(boots) == 3
    made = node(MEMBER, "r1", [])["status"]["nodeInfo"]["bootID"]
    assert made in boots
    again = boot_id(MEMBER, 1)
    assert status_patch_of_node([], again)["status"]["nodeInfo"] == {"bootID": again}
    assert "nodeInfo" not in status_patch_of_node([])["status"]


def test_a_sandbox_is_there_before_the_containers_are() -> None:
    state = PodState(started_at="t", sandbox_at="s", generation=1)
    patch = status_patch(PodShape.of(pod()), state, "10.64.0.1", "10.128.0.1")
    found = {each["type"]: each for each in patch["status"]["conditions"]}
    sandbox = found["PodReadyToStartContainers"]
    assert (sandbox["status"], sandbox["lastTransitionTime"]) == ("True", "s")
    assert found["Ready"]["status"] == "False"


@pytest.mark.parametrize(
    ("status", "failed", "forbidden"),
    [
        (200, 0, 0),
        (404, 0, 0),
        (409, 0, 0),
        (403, 0, 1),
        (401, 1, 0),
        (429, 1, 0),
        (500, 1, 0),
        (503, 1, 0),
    ],
)
def test_answers_are_counted(status: int, failed: int, forbidden: int) -> None:
    counts = Counts()
    counts.answered(status)
    assert (counts.failed, counts.forbidden) == (failed, forbidden)


def test_pods_of_a_node_take_as_long_in_every_run() -> None:
    first, again, other = (
        [*islice(start_times(node, PodTimes(1.0, 0.3)), 500)]
        for node in ("node-a-0", "node-a-0", "node-b-1")
    )
    assert first == again != other
    assert 0.9 < median(first) < 1.1
    assert 0.25 < stdev(map(log, first)) < 0.35


def test_a_node_that_keeps_apart_says_so() -> None:
    assert "spec" not in node(MEMBER, "r1", [])
    made = node(MEMBER, "r1", [], apart=True)
    assert made["spec"]["taints"] == [
        {"key": "kubedrill.io/fleet", "value": "hollow", "effect": "NoSchedule"}
    ]
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    assert made["metadata"]["labels"][label] == ""


def test_a_machine_takes_as_long_to_start_as_its_provider_does_the_same_in_every_run() -> None:
    names = [f"node-a-{number}" for number in range(400)]
    times = [boot_time(name, Autoscaler(400, boot_s=40.0, spread=0.3)) for name in names]
    assert times == [boot_time(name, Autoscaler(400, boot_s=40.0)) for name in names]
    assert 37 < median(times) < 43
    assert 0.25 < stdev(map(log, times)) < 0.35
    assert boot_time("node-a-0", Autoscaler(400)) == 0.0
