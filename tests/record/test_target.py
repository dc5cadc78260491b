"""Whom a fault hits: read as data, and as the names that were written once."""

import pytest

from kubedrill.record.target import Target, named, targets_of

ETCD = Target(name="etcd-a", called="a", kind="etcd", components=("etcd-a",))
IN_A = ("etcd-a", "kube-apiserver-a", "kube-controller-manager-a", "kube-scheduler-a")


def test_the_ledger_gives_back_what_was_put_in() -> None:
    backend = Target(name="apiservers/a", called="a", kind="backend", behind=("kube-apiserver-a",))
    facts = {"targets": [target.model_dump(mode="json") for target in (ETCD, backend)]}
    assert targets_of(facts) == (ETCD, backend)
    assert named(targets_of(facts)) == ("etcd-a", "apiservers/a")


def test_nobody_is_hit_before_anybody_was_chosen() -> None:
    assert targets_of({}) == ()


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("etcd-a", ETCD),
        ("zone-a", Target(name="zone-a", called="a", kind="zone", components=IN_A)),
        ("pod/web/b-1", Target(name="pod/web/b-1", called="web/b-1", kind="pod")),
        ("node/n-1", Target(name="node/n-1", called="n-1", kind="node")),
        (
            "apiservers/a",
            Target(name="apiservers/a", called="a", behind=("kube-apiserver-a",), kind="backend"),
        ),
        ("haproxy", Target(name="haproxy", kind="haproxy", components=("haproxy",))),
        ("file-a", Target(name="file-a")),
        ("web-1, of zone-a", Target(name="web-1, of zone-a")),
    ],
)
def test_a_name_that_was_written_once_says_what_it_said_then(name: str, target: Target) -> None:
    assert targets_of({"targets": [name]}) == (target,)
