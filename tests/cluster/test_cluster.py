"""The shared cluster: who may do what, what its parts say, what happens when one of them dies."""

import json
import os
import signal
import socket
import ssl
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest
import requests
from json_lines import read_lines

from kubedrill import cluster as stage
from kubedrill.cluster import etcd
from kubedrill.cluster.files import Files
from kubedrill.cluster.handle import HandleError
from kubedrill.cluster.provider import handle_of
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.namespace import open_socket
from kubedrill.wire.response import Response

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Call = Callable[..., Response]
Until = Callable[..., object]

PROBE = "/api/v1/namespaces/kubedrill/configmaps/probe"
SECRETS = "/api/v1/namespaces/kubedrill/secrets"
LOADS = [f"load-{number}" for number in range(8)]


def review(call: Call, identity: str, verb: str, resource: str, group: str = "") -> bool:
    attributes = {"verb": verb, "resource": resource, "group": group, "namespace": "default"}
    content = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return json.loads(call(identity, path, "POST", content).body)["status"]["allowed"]


def who_is(call: Call, identity: str) -> dict:
    content = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    return json.loads(call(identity, path, "POST", content).body)["status"]["userInfo"]


def test_the_record(cluster: ClusterRecord):
    assert cluster.zones == ("a", "b", "c")
    assert len(cluster.components) == 13
    assert cluster.component("kube-apiserver-b").zone == "b"
    assert "holding etcd" in cluster.capabilities
    assert {
        "admin",
        "break-glass",
        "injector",
        "prober",
        "scraper",
        "victim",
        "etcd-admin",
        *LOADS,
    } <= set(cluster.identities)
    assert stage.find("local-3az") == cluster
    assert stage.names() == ["local-3az"]


def test_everything_runs_and_leads(cluster: ClusterRecord, call: Call, until: Until):
    assert {component.state for component in handle_of(cluster).components().values()} == {
        "running"
    }
    for zone in cluster.zones:
        # One of its 33 checks may fail for a moment: etcd's, where a busy machine answers it late.
        until(lambda zone=zone: answers(call, f"kube-apiserver-{zone}"))
    for kind in ("kube-controller-manager", "kube-scheduler"):
        path = f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{kind}"
        assert json.loads(call("admin", path).body)["spec"]["holderIdentity"]


def test_only_administrator_and_break_glass_are_in_system_masters(
    cluster: ClusterRecord, call: Call
):
    for name in set(cluster.identities) - {"etcd-admin"}:
        who = who_is(call, name)
        assert ("system:masters" in who["groups"]) == (name in {"admin", "break-glass"}), who


def test_everybody_stands_in_the_queue_that_is_meant(cluster: ClusterRecord, call: Call):
    assert who_is(call, "load-7")["username"] == "system:serviceaccount:kubedrill:load-7"
    path = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"
    listed = json.loads(call("admin", path).body)["items"]
    names = {queue["metadata"]["uid"]: queue["metadata"]["name"] for queue in listed}

    def level(identity: str, path: str = PROBE) -> str:
        return names[headers(cluster, identity, path)["X-Kubernetes-Pf-Prioritylevel-Uid"]]

    assert level("prober") == "kubedrill-prober"
    assert {level(name) for name in ("victim", "seeder", *LOADS)} == {"workload-low"}
    assert level("scraper") == "global-default"
    assert level("admin") == level("break-glass") == "exempt"
    assert level("injector", "/api/v1/nodes") == "exempt"
    assert level("injector", SECRETS) == "global-default"


def headers(cluster: ClusterRecord, identity: str, path: str) -> Mapping[str, str]:
    who = cluster.identities[identity]
    authorization = {"Authorization": f"Bearer {Path(who.token_file or '/dev/null').read_text()}"}
    return requests.get(
        f"https://{cluster.balancer.host}:{cluster.balancer.port}{path}",
        verify=cluster.ca_file,
        cert=(who.certificate, who.key) if who.certificate else None,
        headers=authorization if who.token_file else {},
        timeout=5,
    ).headers


def test_the_injector_does_what_faults_on_objects_do_and_nothing_else(call: Call):
    space = "/api/v1/namespaces/kubedrill"
    apps = "/apis/apps/v1/namespaces/kubedrill/deployments"
    template = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "none"}]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    made = {"metadata": {"name": "kept"}, "spec": spec}
    secret = {"metadata": {"name": "kept"}, "stringData": {"a": "b"}}
    for path, content in ((apps, made), (SECRETS, secret)):
        assert call("admin", path, "POST", content).status == 201
    try:
        policies = "/apis/networking.k8s.io/v1/namespaces/kubedrill/networkpolicies"
        for path in ("/api/v1/nodes", "/api/v1/pods", f"{space}/pods", f"{apps}/kept", policies):
            assert call("injector", path).status == 200
        for path in (SECRETS, f"{SECRETS}/kept", "/api/v1/secrets", PROBE):
            assert call("injector", path).status == 403
        assert call("injector", apps, "POST", made).status == 403
        for path in (f"{SECRETS}/kept", f"{apps}/kept", "/api/v1/nodes/none", "/api/v1/nodes"):
            assert call("injector", path, "DELETE").status == 403
        assert call("injector", f"{space}/pods", "POST", {}).status == 403
        for path in (f"{SECRETS}/kept", f"{apps}/kept"):
            assert call("admin", path).status == 200
    finally:
        for path in (f"{SECRETS}/kept", f"{apps}/kept"):
            call("admin", path, "DELETE")


def test_prober_and_victim_touch_the_probe_object_and_nothing_else(call: Call):
    for name in ("prober", "victim"):
        probe = call(name, PROBE)
        assert probe.status == 200
        assert call(name, PROBE, "PUT", json.loads(probe.body)).status == 200
        assert call(name, PROBE, "DELETE").status == 403
        assert call(name, "/api/v1/namespaces/kubedrill/configmaps").status == 403
        assert call(name, "/api/v1/namespaces/kubedrill/secrets").status == 403
        assert call(name, "/api/v1/secrets").status == 403


@pytest.mark.parametrize(
    "kind", ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
)
def test_the_scraper_gets_metrics_of_every_kind(cluster: ClusterRecord, call: Call, kind: str):
    for component in cluster.of_kind(kind):
        answer = call("scraper", "/metrics", component=component.name, port="metrics")
        assert answer.status == 200
        assert answer.body.startswith(b"# HELP")


def test_the_scraper_gets_nothing_else(call: Call):
    for path in ("/api/v1/namespaces", "/api/v1/pods", "/api/v1/secrets", PROBE, "/debug/pprof/"):
        assert call("scraper", path).status == 403, path
    for component in ("kube-controller-manager-a", "kube-scheduler-a"):
        assert call("scraper", "/configz", component=component).status == 403
        assert call("prober", "/metrics", component=component).status == 403
    with pytest.raises(WireError):
        call("prober", "/metrics", component="etcd-a", port="metrics")


def test_load_writes_only_where_it_is_marked(call: Call):
    def namespace(name: str, labels: dict[str, str]) -> dict:
        metadata = {"name": name, "labels": labels}
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}

    def config(namespace: str) -> int:
        content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}}
        return call("load-1", f"/api/v1/namespaces/{namespace}/configmaps", "POST", content).status

    assert config("default") == 422
    unmarked = call("load-1", "/api/v1/namespaces", "POST", namespace("unmarked", {}))
    assert unmarked.status == 422
    assert b"only in namespaces with the label kubedrill.io/run" in unmarked.body
    marked = namespace("marked", {"kubedrill.io/run": "test"})
    assert call("load-1", "/api/v1/namespaces", "POST", marked).status == 201
    assert config("marked") == 201
    assert call("load-1", "/api/v1/namespaces/marked", "DELETE").status == 200
    assert call("load-1", "/api/v1/namespaces/kubedrill", "DELETE").status == 422
    assert call("load-1", "/api/v1/pods?limit=1").status == 200
    assert not review(call, "load-1", "create", "roles", "rbac.authorization.k8s.io")
    assert not review(call, "load-1", "create", "serviceaccounts")
    definitions = ("customresourcedefinitions", "apiextensions.k8s.io")
    assert not review(call, "load-1", "create", *definitions)
    assert review(call, "seeder", "create", "serviceaccounts")


def test_keys_and_tokens_are_for_their_owner_only(cluster: ClusterRecord):
    folder = Path(cluster.folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secret = [*folder.rglob("*.key"), *folder.rglob("*.token"), *folder.rglob("*.kubeconfig")]
    assert len(secret) > 30
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}
    # Of the authorities' own, only that by which certificates of a fleet's nodes are made later.
    assert [file.name for file in folder.rglob("*-ca.key")] == ["nodes-ca.key"]


@pytest.mark.parametrize("port", ["serving", "metrics"])
def test_etcd_refuses_plain_text_and_strangers(cluster: ClusterRecord, call: Call, port: str):
    endpoint = getattr(cluster.component("etcd-a"), port)
    with socket.socket(fileno=open_socket(socket.AF_INET, endpoint.netns).detach()) as raw:
        raw.settimeout(5)
        raw.connect((endpoint.host, endpoint.port))
        raw.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" not in raw.recv(100)
    for identity in ("prober", "admin", "victim"):  # victim: no certificate at all
        with pytest.raises(WireError) as caught:
            call(identity, "/health", component="etcd-a", port=port)
        assert caught.value.outcome in {Outcome.TLS, Outcome.RESET, Outcome.EOF}


def test_etcd_peers_refuse_clients(cluster: ClusterRecord):
    who = cluster.identities["etcd-admin"]
    endpoint = cluster.component("etcd-a").serving
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(who.certificate, who.key)
    with socket.socket(fileno=open_socket(socket.AF_INET, endpoint.netns).detach()) as raw:
        raw.settimeout(5)
        raw.connect((endpoint.host, 2380))
        with pytest.raises((ConnectionError, ssl.SSLError)):
            talk(context, raw)


def talk(context: ssl.SSLContext, raw: socket.socket) -> None:
    """Under TLS 1.3 a client learns only after its handshake that it was refused."""
    with context.wrap_socket(raw) as tls:
        tls.sendall(b"GET /members HTTP/1.1\r\nHost: x\r\n\r\n")
        if not tls.recv(100):
            raise ConnectionResetError


def test_what_the_members_say(cluster: ClusterRecord):
    said = {zone: etcd.status(cluster, zone, 5.0) for zone in cluster.zones}
    leaders = [zone for zone, status in said.items() if status.is_leader]
    assert len(leaders) == 1
    assert {status.leader_id for status in said.values()} == {said[leaders[0]].member_id}
    assert len({status.member_id for status in said.values()}) == 3
    for status in said.values():
        assert status.raft_index >= status.raft_applied_index > 0
        assert status.db_size > 0
        assert (status.is_learner, status.errors) == (False, ())
    assert all(etcd.healthy(cluster, zone, 5.0) for zone in cluster.zones)


def test_a_member_that_is_stopped_does_not_answer(cluster: ClusterRecord, until: Until):
    followers = [zone for zone in cluster.zones if not etcd.status(cluster, zone, 5.0).is_leader]
    name = f"etcd-{followers[0]}"
    handle = handle_of(cluster)
    handle.holding.hold(name)
    try:
        assert not etcd.healthy(cluster, followers[0], 1.0)
        with pytest.raises(WireError) as caught:
            etcd.status(cluster, followers[0], 1.0)
        assert caught.value.outcome == Outcome.REFUSED
    finally:
        handle.holding.release(name)
    until(lambda: etcd.healthy(cluster, followers[0], 5.0))


def test_what_dies_is_started_again_and_noted(cluster: ClusterRecord, call: Call, until: Until):
    handle, name = handle_of(cluster), "kube-scheduler-c"
    before = handle.components()[name]
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: handle.components()[name].pid not in {None, before.pid})
    assert handle.components()[name].restarts == before.restarts + 1
    lines = [
        line for line in read_lines(Files(Path(cluster.folder)).exits) if line["component"] == name
    ]
    assert [line["event"] for line in lines[-2:]] == ["exited", "started"]
    assert (lines[-2]["pid"], lines[-2]["asked"], lines[-2]["status"]) == (before.pid, False, -9)
    told = Files(Path(cluster.folder)).components
    until(lambda: json.loads(told.read_text())["components"][name]["pid"])
    until(lambda: answers(call, name))


def test_what_is_held_stays_down_until_released(cluster: ClusterRecord, call: Call, until: Until):
    handle, name = handle_of(cluster), "kube-scheduler-c"
    pid = handle.components()[name].pid
    with pytest.raises(HandleError, match="replaced"):
        handle.holding.hold(name, expect_pid=pid + 1)
    assert handle.holding.hold(name, expect_pid=pid) == pid
    try:
        assert handle.components()[name].state == "held"
        assert stage.status("local-3az").as_dict()["components"][name]["state"] == "held"
        assert not answers(call, name)
    finally:
        assert handle.holding.release(name) != pid
    last = [
        line for line in read_lines(Files(Path(cluster.folder)).exits) if line["component"] == name
    ][-2:]
    assert (last[0]["asked"], last[1]["by"]) == (True, "release")
    until(lambda: answers(call, name))


def answers(call: Call, component: str) -> bool:
    try:
        return call("admin", "/readyz", component=component).status == 200
    except WireError:
        return False


def test_the_kubeconfig_is_for_any_client(cluster: ClusterRecord):
    from kubernetes import client, config

    line = stage.env("local-3az")
    path = cluster.identities["admin"].kubeconfig
    assert line == f"export KUBECONFIG={path}"
    with config.new_client_from_config(config_file=path) as api:
        names = [item.metadata.name for item in client.CoreV1Api(api).list_namespace().items]
    assert {"default", "kube-system", "kubedrill"} <= set(names)


def test_the_balancer_is_for_nodes_too(cluster: ClusterRecord):
    if cluster.zoning != "netns":
        pytest.skip("nodes of loopback zones use 127.0.0.1")
    hub = cluster.component("etcd-a").serving.netns
    with socket.socket(fileno=open_socket(socket.AF_INET, hub).detach()) as raw:
        raw.settimeout(5)
        raw.connect(("198.18.0.100", 6443))


def test_the_balancer_has_the_better_priority(cluster: ClusterRecord):
    states = handle_of(cluster).components()
    nice = {name: psutil.Process(state.pid).nice() for name, state in states.items()}
    others = {value for name, value in nice.items() if name != "haproxy"}
    assert nice["haproxy"] < min(others) if os.geteuid() == 0 else nice["haproxy"] <= min(others)


def test_it_is_up_only_once(cluster: ClusterRecord):
    definition = stage.load_definition(Path("clusters/local-3az.yaml").absolute())
    with pytest.raises(NotStarted, match="is up already"):
        stage.up(definition, "local-3az")
    stage.check(definition, "local-3az")
    assert stage.find("local-3az") is not None
