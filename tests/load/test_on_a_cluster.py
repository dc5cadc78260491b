"""Every LIST mode against a real control plane, each answer counted."""

import json
import ssl
import time
import urllib.error
import urllib.request
import uuid
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from load_stage import stage_on

from kubedrill.client.caller import Caller
from kubedrill.figures.traces import read_load
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.resources import BUILT_IN, CLUSTER_WIDE, path_of
from kubedrill.wire.target import identity_target

CONFIGMAPS = 40


def call(cluster: ClusterRecord, method: str, path: str, value: object = None) -> None:
    admin = cluster.identities["admin"]
    context = ssl.create_default_context(cafile=cluster.ca_file)
    context.load_cert_chain(admin.certificate, admin.key)
    context.check_hostname = False
    url = f"https://{cluster.balancer.host}:{cluster.balancer.port}{path}"
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    urllib.request.urlopen(request, timeout=60, context=context).close()


@pytest.fixture(scope="module")
def namespace(cluster):
    """A namespace with 40 configmaps of 4 KB: more than the server leaves uncompressed."""
    name = f"load-{uuid.uuid4().hex[:8]}"
    call(cluster, "POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    for number in range(CONFIGMAPS):
        configmap = {"metadata": {"name": f"one-{number}"}, "data": {"x": "x" * 4096}}
        call(cluster, "POST", f"/api/v1/namespaces/{name}/configmaps", configmap)
    yield name
    call(cluster, "DELETE", f"/api/v1/namespaces/{name}")


@pytest.mark.cluster
@pytest.mark.parametrize("encoding", ["json", "protobuf"])
@pytest.mark.parametrize("mode", [{}, {"resource_version": "0"}, {"limit": 10}])
def test_configmaps(cluster, namespace, tmp_path: Path, mode, encoding):
    stage = stage_on(cluster, tmp_path / "reports")
    given = {**mode, "resource": "configmaps", "namespace": namespace, "encoding": encoding}
    played = stage.play(rate=10, seconds=2, **given)
    lists, pages = played.records(), played.records("list.page")
    assert played.status == 0, played.log
    assert played.outcomes() == {200: 20}
    assert len(pages) == (100 if mode == {"limit": 10} else 0)
    assert lists["bytes"].min() > CONFIGMAPS * 4096
    if len(pages):
        assert lists["bytes"].sum() == pages["bytes"].sum()


@pytest.mark.cluster
def test_which_apiserver_answered(cluster, tmp_path: Path):
    stage = stage_on(cluster, tmp_path / "reports")
    played = stage.play(rate=100, seconds=2, resource="namespaces")
    _, sidecar = read_load(stage.folder, "load-list")
    assert sorted(sidecar.targets[1:]) == [f"apiserver-{zone}" for zone in cluster.zones]
    assert played.outcomes() == {200: 200}
    # Eight users' connections, handed out in turn by the balancer.
    answered = np.bincount(played.records()["target"], minlength=4)
    assert answered[0] == 0
    assert (answered[1:] > 20).all()


@pytest.mark.cluster
@pytest.mark.parametrize("resource", ["pods", "secrets", "deployments", "nodes"])
def test_other_resources(cluster, tmp_path: Path, resource):
    stage = stage_on(cluster, tmp_path / "reports")
    played = stage.play(rate=10, seconds=1, resource=resource, resource_version="0")
    assert played.outcomes() == {200: 10}


@pytest.mark.cluster
def test_built_in_resources_are_what_the_server_says(cluster):
    target, token = identity_target(cluster, "admin")
    with closing(Caller(target, token)) as api:
        found = {
            group: json.loads(api.call("GET", path_of("", group, "").rstrip("/")).body)
            for group in {group for group, _ in BUILT_IN.values()}
        }
        kinds = {
            name: json.loads(api.call("GET", f"{path_of(name, group, '')}?limit=1").body)["kind"]
            for name, (group, _) in BUILT_IN.items()
        }
    assert kinds == {name: kind for name, (_, kind) in BUILT_IN.items()}
    for name, (group, _) in BUILT_IN.items():
        (here,) = [resource for resource in found[group]["resources"] if resource["name"] == name]
        assert here["namespaced"] == (name not in CLUSTER_WIDE), name


@pytest.mark.cluster
@pytest.mark.parametrize(
    "given",
    [
        {"form": "metadata"},
        {"form": "metadata", "encoding": "protobuf"},
        {"form": "table"},
        {"gzip": True},
        {"gzip": True, "encoding": "protobuf"},
        {"resource_version": "exact"},
        {"field_selector": "metadata.name=one-3"},
        {"label_selector": "app=nothing"},
    ],
)
def test_forms_and_selections(cluster, namespace, tmp_path: Path, given):
    stage = stage_on(cluster, tmp_path / "reports")
    asked = {"resource": "configmaps", "namespace": namespace, **given}
    played = stage.play(rate=10, seconds=1, **asked)
    assert played.outcomes() == {200: 10}
    selected = "field_selector" in given or "label_selector" in given
    small = selected or "form" in given or "gzip" in given
    assert (played.records()["bytes"].max() < 30_000) == small


@pytest.fixture(scope="module")
def widgets(cluster, namespace):
    """A custom resource with seven objects."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    spec = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]}
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    content = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": spec,
    }
    call(cluster, "POST", crds, content)
    path = f"/apis/example.com/v1/namespaces/{namespace}/widgets"
    until_served(cluster, path)
    for number in range(7):
        widget = {
            "metadata": {"name": f"one-{number}"},
            "apiVersion": "example.com/v1",
            "kind": "Widget",
        }
        call(cluster, "POST", path, widget)
    yield
    call(cluster, "DELETE", f"{crds}/widgets.example.com")


def until_served(cluster: ClusterRecord, path: str) -> None:
    """Wait until every apiserver knows of a resource; each learns of it by itself."""
    answered = 0
    deadline = time.monotonic() + 60
    while answered < 20 and time.monotonic() < deadline:
        try:
            call(cluster, "GET", path)
            answered += 1
        except urllib.error.HTTPError:
            answered = 0
            time.sleep(0.2)


@pytest.mark.cluster
@pytest.mark.parametrize("given", [{}, {"limit": 3}, {"form": "metadata", "encoding": "protobuf"}])
def test_custom_resources(cluster, widgets, tmp_path: Path, given):
    stage = stage_on(cluster, tmp_path / "reports")
    asked = {"resource": "widgets", "api": "example.com/v1", **given}
    played = stage.play(rate=10, seconds=1, **asked)
    assert played.outcomes() == {200: 10}
    assert len(played.records("list.page")) == (30 if "limit" in given else 0)
