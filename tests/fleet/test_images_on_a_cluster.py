"""Images that hollow nodes pull, as the API tells of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fleet_observers import start_fleet, until

from kubedrill.fleet.removing import remove
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.fleet import Fleet, Images, PodTimes
from kubedrill.record.folder import RunFolder
from kubedrill.seed import namespace_of, seed, sweep

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Ask = Callable[..., Any]


@contextmanager
def one_node(folder: RunFolder, images: Images) -> Iterator[str]:
    """Play one node that pulls images, and return where its pods may be made."""
    fleet = Fleet(("b",), 1, pods=PodTimes(0.2, 0.1), images=images)
    child = start_fleet(folder, fleet, "b")
    try:
        seed(ClusterRecord.read(folder.cluster), folder.run, {"secrets": 1})
        yield f"/api/v1/namespaces/{namespace_of(folder.run)}"
    finally:
        child.kill()
        remove(str(folder.cluster), folder.run)
        sweep(str(folder.cluster), folder.run)


def pod(name: str, policy: str) -> dict[str, Any]:
    container = {"name": "main", "image": "drilled:1", "imagePullPolicy": policy}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


def told(ask: Ask, namespace: str, name: str) -> list[tuple[str, str, str]]:
    """Return the Events of its images, in their order."""
    found = ask(f"{namespace}/events?fieldSelector=involvedObject.name%3D{name}")["items"]
    ours = [each for each in found if each["source"].get("component") == "kubelet"]
    ours.sort(key=lambda each: int(each["metadata"]["resourceVersion"]))
    of_images = {"Pulling", "Pulled", "Failed", "BackOff"}
    return [
        (each["reason"], each["message"], each["type"])
        for each in ours
        if each["reason"] in of_images
    ]


def test_an_image_is_pulled_once_and_is_there_from_then_on(folder: RunFolder, ask: Ask) -> None:
    slow = Images(2e6, node_link=1e6, registry_link=1e9)
    with one_node(folder, slow) as namespace:

        def runs(name: str) -> bool:
            return bool(ask(f"{namespace}/pods/{name}")["status"]["phase"] == "Running")

        def waits() -> bool:
            [status] = ask(f"{namespace}/pods/first")["status"].get("containerStatuses", [{}])
            return bool(status.get("state") == {"waiting": {"reason": "ContainerCreating"}})

        ask(f"{namespace}/pods", "POST", pod("first", "IfNotPresent"))
        until(waits, "it waits for its image")
        until(lambda: runs("first"), "it has come")
        until(lambda: len(told(ask, namespace, "first")) == 2, "it is told")
        [(begins, _, _), (pulled, message, _)] = told(ask, namespace, "first")
        assert (begins, pulled) == ("Pulling", "Pulled")
        assert message.startswith('Successfully pulled image "drilled:1" in ')
        assert message.endswith("Image size: 2000000 bytes.")
        for name, policy in (("second", "IfNotPresent"), ("always", "Always")):
            ask(f"{namespace}/pods", "POST", pod(name, policy))
            until(lambda name=name: runs(name), "it runs")
            until(lambda name=name: told(ask, namespace, name)[-1:], "it is told")
        [(_, message, _)] = told(ask, namespace, "second")
        assert "already present on machine" in message
        until(lambda: len(told(ask, namespace, "always")) == 2, "it was asked for, and was there")


def test_a_pod_whose_image_cannot_be_pulled_says_so(folder: RunFolder, ask: Ask) -> None:
    with one_node(folder, Images(2e6, failing=1.0)) as namespace:
        ask(f"{namespace}/pods", "POST", pod("broken", "IfNotPresent"))

        def reason() -> str:
            [status] = ask(f"{namespace}/pods/broken")["status"].get("containerStatuses", [{}])
            return str(status.get("state", {}).get("waiting", {}).get("reason", ""))

        until(lambda: reason() == "ErrImagePull", "it has failed")
        until(lambda: reason() == "ImagePullBackOff", "it is backed off from")
        assert ask(f"{namespace}/pods/broken")["status"]["phase"] == "Pending"
        found = told(ask, namespace, "broken")
        assert {kind for reason, _, kind in found if reason == "Failed"} == {"Warning"}
        said = [message for _, message, _ in found]
        assert 'Back-off pulling image "drilled:1"' in said
        assert {"Error: ErrImagePull", "Error: ImagePullBackOff"} <= {*said}
