"""Workers of a load as pods: what is asked of the API for them, and what is said where they do not come."""

from typing import Any

import pytest

from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.remote import RemoteWorkers, WorkerPods
from kubedrill.record.schedule import ScheduledLoad
from kubedrill.seed.workers import objects, obstacles

RUN = "20261201T000000Z"
NAMESPACE = f"kubedrill-{RUN.lower()}-workers"
PROFILE = "class Lists: ...\n"


def made(**given: Any) -> dict[str, dict[str, Any]]:
    """Return what is made for three workers, by its collection."""
    pods = WorkerPods("registry.example.com/kubedrill:1.0", "10.0.0.5", **given)
    workers = RemoteWorkers(3, "0.0.0.0:5557", 60, pods)
    load = ScheduledLoad("list", "mass-list", Arrivals.constant(9), workers=workers)
    return dict(objects(RUN, load, "mass_list.py", PROFILE))


def test_each_worker_is_a_pod_of_one_job_with_the_drills_own_profile() -> None:
    found = made()
    data = found[f"/api/v1/namespaces/{NAMESPACE}/configmaps"]
    job = found[f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"]
    assert data["data"] == {"mass_list.py": PROFILE}
    assert {each["metadata"]["labels"]["kubedrill.io/run"] for each in found.values()} == {RUN}
    assert (job["spec"]["parallelism"], job["spec"]["completions"]) == (3, 3)
    assert job["spec"]["backoffLimit"] == 0
    pod = job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    said = " ".join(container["command"])
    assert said == "kubedrill worker --master 10.0.0.5:5557 --api in-cluster"
    [volume], [mount] = pod["volumes"], container["volumeMounts"]
    assert volume["configMap"]["name"] == data["metadata"]["name"]
    assert mount["mountPath"] == f"{container['workingDir']}/loadprofiles/mass_list.py"
    assert container["resources"]["requests"] == {"cpu": "1", "memory": "512Mi"}
    assert container["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]


def test_where_they_run_and_how_they_find_the_api_can_be_said() -> None:
    found = made(api="k-lb:6443", host_network=True, node_selector={"pool": "load"}, cpu="2")
    pod = found[f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"]["spec"]["template"]["spec"]
    assert (pod["hostNetwork"], pod["nodeSelector"]) == (True, {"pool": "load"})
    assert pod["containers"][0]["command"][-1] == "k-lb:6443"
    assert pod["containers"][0]["resources"]["requests"]["cpu"] == "2"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({}, []),
        ({"containerStatuses": [{"state": {"running": {}}}]}, []),
        ({"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}, []),
        (
            {
                "containerStatuses": [
                    {"state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}}
                ]
            },
            ["ErrImagePull: no"],
        ),
        ({"containerStatuses": [{"state": {"terminated": {"reason": "Error"}}}]}, ["Error"]),
        (
            {"conditions": [{"reason": "Unschedulable", "message": "0/3 nodes are available"}]},
            ["no node takes it: 0/3 nodes are available"],
        ),
    ],
)
def test_what_keeps_a_pod_from_running_is_told(status: dict[str, Any], words: list[str]) -> None:
    assert list(obstacles([{"status": status}])) == words
