import json

import pytest

from kubedrill.record.labels import labels_of, namespace_of
from kubedrill.seed.kinds import KINDS, SECRET_BYTES, body


@pytest.mark.parametrize("kind", KINDS)
def test_objects_are_labelled_and_the_same_each_time(kind: str) -> None:
    made = body(KINDS[kind], "one", labels_of("20260131T120000Z"))
    assert made == body(KINDS[kind], "one", labels_of("20260131T120000Z"))
    assert json.loads(made)["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "kubedrill",
        "kubedrill.io/run": "20260131T120000Z",
    }


def test_nobody_schedules_or_collects_a_seeded_pod() -> None:
    spec = json.loads(body(KINDS["pods"], "one", {}))["spec"]
    assert spec["schedulerName"] == "none"
    assert "nodeName" not in spec
    assert spec["automountServiceAccountToken"] is False


def test_a_custom_resource_has_what_a_pod_has() -> None:
    custom, pod = (json.loads(body(KINDS[kind], "one", {})) for kind in ("customs", "pods"))
    assert (custom["apiVersion"], custom["kind"]) == ("drill.kubedrill.io/v1", "Custom")
    assert custom["spec"] == pod["spec"]
    assert custom["metadata"].keys() == pod["metadata"].keys()


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("pods", "/api/v1/namespaces/x/pods"),
        ("customs", "/apis/drill.kubedrill.io/v1/namespaces/x/customs"),
    ],
)
def test_paths(kind: str, path: str) -> None:
    assert KINDS[kind].path("x") == path


def test_secrets_differ_and_do_not_compress() -> None:
    first, second = (json.loads(body(KINDS["secrets"], name, {})) for name in ("one", "two"))
    assert first["data"] != second["data"]
    assert len(first["data"]["value"]) == (SECRET_BYTES + 2) // 3 * 4


@pytest.mark.parametrize(
    ("run", "namespace"),
    [
        ("20260131T120000Z", "kubedrill-20260131t120000z"),
        ("20260131T120000Z-2", "kubedrill-20260131t120000z-2"),
    ],
)
def test_namespace(run: str, namespace: str) -> None:
    assert namespace_of(run) == namespace
