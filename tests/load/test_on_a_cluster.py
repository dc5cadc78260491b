"""Every LIST mode against a real control plane, each answer counted."""

import json
import ssl
import urllib.request
import uuid
from pathlib import Path

import pytest
from load_stage import Stage

from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder

CONFIGMAPS = 25


def call(cluster: ClusterRecord, method: str, path: str, value: object = None) -> None:
    admin = cluster.identities["admin"]
    context = ssl.create_default_context(cafile=cluster.ca_file)
    context.load_cert_chain(admin.certificate, admin.key)
    context.check_hostname = False
    url = f"https://{cluster.balancer.host}:{cluster.balancer.port}{path}"
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    urllib.request.urlopen(request, timeout=10, context=context).close()


@pytest.fixture(scope="module")
def namespace(cluster):
    """A namespace with 25 configmaps of 4 KB."""
    name = f"load-{uuid.uuid4().hex[:8]}"
    call(cluster, "POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    for number in range(CONFIGMAPS):
        one = {"metadata": {"name": f"one-{number}"}, "data": {"x": "x" * 4096}}
        call(cluster, "POST", f"/api/v1/namespaces/{name}/configmaps", one)
    yield name
    call(cluster, "DELETE", f"/api/v1/namespaces/{name}")


@pytest.mark.cluster
@pytest.mark.parametrize("encoding", ["json", "protobuf"])
@pytest.mark.parametrize("mode", [{}, {"resource_version": "0"}, {"limit": 10}])
def test_configmaps(cluster, namespace, tmp_path: Path, mode, encoding):
    folder = RunFolder.create(tmp_path / "reports", "test")
    cluster.write(folder.cluster)
    given = {**mode, "resource": "configmaps", "namespace": namespace, "encoding": encoding}
    played = Stage(folder).play(rate=10, seconds=2, **given)
    lists, pages = played.records(), played.records("list.page")
    assert played.status == 0, played.log
    assert played.outcomes() == {200: 20}
    assert len(pages) == (60 if mode == {"limit": 10} else 0)
    assert lists["bytes"].min() > CONFIGMAPS * 4096
    if len(pages):
        assert lists["bytes"].sum() == pages["bytes"].sum()


@pytest.mark.cluster
@pytest.mark.parametrize("resource", ["pods", "secrets", "deployments", "nodes"])
def test_other_resources(cluster, tmp_path: Path, resource):
    folder = RunFolder.create(tmp_path / "reports", "test")
    cluster.write(folder.cluster)
    played = Stage(folder).play(rate=10, seconds=1, resource=resource, resource_version="0")
    assert played.outcomes() == {200: 10}
