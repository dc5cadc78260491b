"""Pods that a NetworkPolicy cuts off: on a stand-in for the API, which keeps what is made, and no more."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api_server import ApiServer
from behaving_server import SERVER_NAME, Certificate
from json_lines import read_lines
from operated import come_up, definition, wait_for
from pydantic import ValidationError

from kubedrill.faults import watched
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.pod_isolate import PodIsolate, selects
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import INJECTOR, Endpoint, Identity
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger

SPACE = "/api/v1/namespaces/web"
POLICIES = "/apis/networking.k8s.io/v1/namespaces/web/networkpolicies"
GIVEN = {"namespace": "web", "selector": "app=web,tier=db"}
LABELS = {"app": "web", "tier": "db"}


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(watched._watch, "by_drill", True)
    monkeypatch.setattr(PodIsolate, "look_s", 0.1)
    server = ApiServer(Certificate.create(tmp_path))
    server.objects[f"{SPACE}/pods/web-1"] = {"metadata": {"name": "web-1", "labels": LABELS}}
    yield server
    server.close()


@pytest.fixture
def folder(tmp_path: Path, api: ApiServer) -> RunFolder:
    (tmp_path / "token").write_text("t")
    record = replace(
        come_up(definition({}, "a"), "stand-in"),
        balancer=Endpoint("127.0.0.1", api.port),
        ca_file=str(tmp_path / f"{SERVER_NAME}.pem"),
        server_name=SERVER_NAME,
        identities={INJECTOR: Identity(INJECTOR, token_file=str(tmp_path / "token"))},
    )
    folder = RunFolder.create(tmp_path, "first")
    record.write(folder.cluster)
    return folder


def policies(api: ApiServer) -> list[dict[str, Any]]:
    return api.named(f"{POLICIES}/")


@pytest.mark.parametrize(
    ("direction", "types"),
    [("both", ["Ingress", "Egress"]), ("in", ["Ingress"]), ("out", ["Egress"])],
)
def test_a_policy_stands_as_long_as_the_fault_is_in_force(
    api: ApiServer, folder: RunFolder, direction: str, types: list[str]
) -> None:
    told = inject("pod.isolate", {**GIVEN, "direction": direction}, str(folder.path))
    assert "whether the network keeps to it was not looked at" in told["proof"]
    [policy] = policies(api)
    assert policy["spec"] == {"podSelector": {"matchLabels": LABELS}, "policyTypes": types}
    assert policy["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "kubedrill"}
    [entry] = Ledger(folder.ledger).open_entries()
    assert policy["metadata"]["name"] == f"kubedrill-{entry.id}"
    undo("pod.isolate", str(folder.path))
    assert policies(api) == []
    assert Ledger(folder.ledger).open_entries() == []


def test_two_on_the_same_pods_are_undone_each_by_itself(api: ApiServer, folder: RunFolder) -> None:
    for number in (0, 1):
        inject("pod.isolate", GIVEN, str(folder.path), number)
    assert len(policies(api)) == 2
    undo("pod.isolate", str(folder.path), 0)
    [left] = policies(api)
    [entry] = Ledger(folder.ledger).open_entries()
    assert left["metadata"]["name"] == f"kubedrill-{entry.id}"
    undo("pod.isolate", str(folder.path), 1)


def test_what_another_policy_lets_through_is_not_cut_off(api: ApiServer, folder: RunFolder) -> None:
    policy = {"podSelector": {"matchLabels": {"app": "web"}}, "egress": [{}], "ingress": []}
    api.objects[f"{POLICIES}/open"] = {"metadata": {"name": "open"}, "spec": policy}
    with pytest.raises(FaultFailed, match="NetworkPolicy web/open lets Egress of these pods thr"):
        inject("pod.isolate", GIVEN, str(folder.path))
    assert len(policies(api)) == 1
    assert Ledger(folder.ledger).open_entries() == []
    inject("pod.isolate", {**GIVEN, "direction": "in"}, str(folder.path))
    undo("pod.isolate", str(folder.path))
    assert [found["metadata"]["name"] for found in policies(api)] == ["open"]


def test_nobody_is_cut_off_who_is_not_there(api: ApiServer, folder: RunFolder) -> None:
    del api.objects[f"{SPACE}/pods/web-1"]
    with pytest.raises(FaultFailed, match="web has no pods with these labels"):
        inject("pod.isolate", GIVEN, str(folder.path))


def test_an_api_that_refuses_is_told(api: ApiServer, folder: RunFolder) -> None:
    api.fails = lambda method, path: 403 if method == "POST" else None
    with pytest.raises(FaultFailed, match="no NetworkPolicy was made in namespace/web: 403"):
        inject("pod.isolate", GIVEN, str(folder.path))
    undo("pod.isolate", str(folder.path))
    assert Ledger(folder.ledger).open_entries() == []


@pytest.mark.parametrize("change", ["gone", "opened", "others"])
def test_one_that_somebody_changes_has_not_lasted(
    api: ApiServer, folder: RunFolder, change: str
) -> None:
    inject("pod.isolate", GIVEN, str(folder.path))
    [policy] = policies(api)
    if change == "gone":
        del api.objects[f"{POLICIES}/{policy['metadata']['name']}"]
    elif change == "opened":
        policy["spec"]["ingress"] = [{}]
    else:
        policy["spec"]["podSelector"]["matchLabels"] = {"app": "other"}
    wait_for(lambda: any(line["event"] == "lapsed" for line in read_lines(folder.faults)))
    with pytest.raises(FaultFailed, match="it did not last"):
        undo("pod.isolate", str(folder.path))
    assert policies(api) == []


def test_a_policy_that_does_not_go_is_left_over(
    api: ApiServer, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PodIsolate, "return_s", 1.0)
    inject("pod.isolate", GIVEN, str(folder.path))
    api.fails = lambda method, path: 403 if method == "DELETE" else None
    with pytest.raises(FaultFailed, match=r"its undo does not begin: .* 403"):
        undo("pod.isolate", str(folder.path))
    assert [entry.name for entry in Ledger(folder.ledger).open_entries()] == ["pod.isolate"]
    api.fails = lambda method, path: None
    undo("pod.isolate", str(folder.path))
    assert policies(api) == []


@pytest.mark.parametrize("selector", ["", "app", "app=web,", "app!=web", "app in (web)", "=web"])
def test_what_are_no_labels_is_refused(selector: str) -> None:
    with pytest.raises(ValidationError, match="is no list of labels, such as app=web,tier=db"):
        PodIsolate(namespace="web", selector=selector)


@pytest.mark.parametrize("namespace", ["random", "leader"])
def test_chance_chooses_no_namespace(namespace: str) -> None:
    said = PodIsolate(namespace=namespace, selector="a=b").refuse(ClusterDescription((), ()))
    assert said == "pod.isolate: name the namespace: none is chosen by chance"


@pytest.mark.parametrize(
    ("selector", "does"),
    [
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "web", "tier": "web"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["db"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["db"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "gone", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "gone", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_a_policys_selector_selects_as_the_api_says(selector: dict[str, Any], does: bool) -> None:
    assert selects(selector, {"metadata": {"name": "web-1", "labels": LABELS}}) is does
