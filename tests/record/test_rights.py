"""Rights: as people say them, as the API asks for them, and as rules of RBAC."""

from dataclasses import replace

import pytest

from kubedrill.record.rights import Right, rights_in, rules_of, said, uncovered

RULES = [
    {"nonResourceURLs": ["/metrics", "/livez"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
    {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["probe", "probe-1"],
        "verbs": ["get", "update"],
    },
]


@pytest.mark.parametrize(
    ("right", "words"),
    [
        (Right.of("create", "pods/eviction"), "create pods/eviction"),
        (Right.of("list", "deployments.apps"), "list deployments.apps"),
        (Right("patch", "deployments/scale", "apps"), "patch deployments.apps/scale"),
        (Right("get", path="/metrics"), "get /metrics"),
        (Right("get", "namespaces", name="kube-system"), "get namespaces kube-system"),
        (
            Right("list", "configmaps", namespace="kubedrill"),
            "list configmaps in namespace kubedrill",
        ),
    ],
)
def test_as_people_say_it(right: Right, words: str) -> None:
    assert str(right) == words


def test_what_is_written_is_read() -> None:
    for grouped in ("pods", "pods/eviction", "deployments.apps", "deployments.apps/scale"):
        assert str(Right.of("get", grouped)) == f"get {grouped}"


def test_rules_made_of_rights_give_these_and_no_others() -> None:
    rights = {*rights_in(RULES)}
    assert len(rights) == 2 + 4 + 1 + 1 + 4
    assert {*rights_in(rules_of(rights))} == rights
    assert len(rules_of(rights)) == len(RULES)


@pytest.mark.parametrize("number", range(12))
def test_without_any_one_of_them_they_give_all_but_that(number: int) -> None:
    rights = sorted(rights_in(RULES))
    others = {*rights[:number], *rights[number + 1 :]}
    assert {*rights_in(rules_of(others))} == others


def test_what_is_given_of_all_need_not_be_given_of_one() -> None:
    of_all, of_one = Right("get", "configmaps"), Right("get", "configmaps", name="probe")
    other = Right("update", "configmaps", name="probe", namespace="kubedrill")
    assert uncovered([of_all, of_one, other]) == {of_all, replace(other, namespace="")}


def test_what_is_said_of_one_thing_is_said_together() -> None:
    pods = [Right("list", "pods"), Right("create", "pods/eviction"), Right("get", "pods")]
    assert said(pods) == "get, list pods; create pods/eviction"


def test_what_a_review_asks() -> None:
    assert Right.of("create", "pods/eviction").asked() == {
        "resourceAttributes": {"verb": "create", "resource": "pods", "subresource": "eviction"}
    }
    assert Right("get", path="/metrics").asked() == {
        "nonResourceAttributes": {"path": "/metrics", "verb": "get"}
    }
