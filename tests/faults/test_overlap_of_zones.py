"""Faults on zones, and those in turn: what stands in a zone is counted, and whom a cut leaves together."""

from dataclasses import replace

import pytest
from overlapping import ZONED, refusals, refused, then

from kubedrill.experiment import WantedFault
from kubedrill.record.limits import Limits, LimitsPart


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (then("zone.lose", zone="a"), then("etcd.kill", member="b"), "quorum needs 2"),
        (then("etcd.kill", member="b"), then("zone.lose", zone="a"), "quorum needs 2"),
        (then("zone.lose", zone="leader"), then("zone.lose", zone="leader"), "quorum needs 2"),
        (then("zone.partition", zone="a"), then("zone.lose", zone="b"), "quorum needs 2"),
        (then("zone.lose", zone="a"), then("etcd.isolate", member="b"), "quorum needs 2"),
        (
            then("zone.partition", zone="a", ports=[2380]),
            then("etcd.kill", member="b"),
            "quorum needs 2",
        ),
        (
            then("zone.lose", zone="a"),
            then("kube-apiserver.kill", zone=["b", "c"]),
            "the API needs",
        ),
        (
            then("zone.partition", zone="a", ports=[6443]),
            then("kube-apiserver.kill", zone=["b", "c"]),
            "the API needs",
        ),
        (then("zone.lose", zone="a"), then("kube-scheduler.kill", zone="a"), "hits a then"),
        (then("zone.slow", zone="a", loss=0.1), then("zone.lose", zone="a"), ""),
        (then("zone.partition", zone="a"), then("zone.lose", zone="a"), ""),
        (then("zone.lose", zone="a"), then("zone.partition", zone="a"), "hits a then"),
        (then("zone.partition", zone="a"), then("zone.slow", zone="a", loss=0.1), "hits a then"),
        (then("zone.partition", zone="a", ports=[2380]), then("zone.slow", zone="a", loss=0.1), ""),
        (then("zone.slow", zone="a", loss=0.1), then("zone.slow", zone="a", loss=0.2), ""),
        (
            then("zone.slow", zone="a", bandwidth_mbit=10.0),
            then("zone.slow", zone="a", bandwidth_mbit=20.0),
            "nobody could tell the two apart",
        ),
        (
            then("zone.slow", zone="a", bandwidth_mbit=10.0, direction="in"),
            then("zone.slow", zone="a", bandwidth_mbit=20.0, direction="out"),
            "",
        ),
        (
            then("zone.slow", zone="a", bandwidth_mbit=20.0),
            then("zone.slow", zone="a", bandwidth_mbit=10.0),
            "",
        ),
        (then("zone.lose", zone="a"), then("kube-apiserver.kill", zone="b"), ""),
        (then("zone.partition", zone="a", ports=[6443]), then("etcd.kill", member="b"), ""),
        (
            then("zone.partition", zone="a", from_zone="b"),
            then("etcd.kill", member="c"),
            "that reach each other",
        ),
        (then("zone.slow", zone="a", loss=0.1), then("etcd.kill", member="b"), ""),
        (then("zone.lose", zone="a"), then("zone.lose", 15, zone="b"), ""),
        (then("zone.slow", zone="a", loss=0.5), then("etcd.kill", member="b"), "quorum needs 2"),
        (
            then("kube-apiserver.kill", zone=["a", "b"]),
            then("kube-apiserver.rolling_restart", zone=["c"]),
            "the API needs 1",
        ),
        (
            then("kube-apiserver.rolling_restart", zone=["a", "b", "c"]),
            then("kube-apiserver.kill", zone=["a", "b"]),
            "the API needs 1",
        ),
        (
            then("kube-apiserver.rolling_restart", zone=["a", "b", "c"]),
            then("kube-apiserver.kill", zone="random"),
            "",
        ),
        (
            then("kube-apiserver.kill", zone=["a", "b"]),
            then("kube-apiserver.rolling_restart", zone=["c"], allow_api_loss=True),
            "",
        ),
        (
            then("zone.partition", zone="a", from_zone="b", ports=[2379, 2380]),
            then("etcd.kill", member="a"),
            "",
        ),
        (
            then("etcd.kill", member="c"),
            then("zone.partition", zone="a", from_zone="b", direction="in"),
            "would leave 1 of 3 members that reach each other, and quorum needs 2",
        ),
        (
            then("zone.partition", zone="a", from_zone="b", ports=[2380]),
            then("etcd.isolate", member="c"),
            "that reach each other",
        ),
        (
            then("zone.partition", zone="a", from_zone="b", ports=[6443]),
            then("etcd.kill", member="c"),
            "",
        ),
        (
            then("zone.partition", zone="a", from_zone="b"),
            then("zone.partition", zone="b", from_zone="c"),
            "",
        ),
        (
            then("zone.partition", zone="leader", from_zone="b"),
            then("zone.partition", zone="a", from_zone="c"),
            "",
        ),
        (
            then("zone.partition", zone=["a", "b"], from_zone="c"),
            then("zone.partition", zone="a", from_zone="b"),
            "would leave 1 of 3 members that reach each other",
        ),
        (
            then("zone.partition", zone=["a", "b"], from_zone="c"),
            then("zone.partition", zone="random", from_zone="b"),
            "would leave 1 of 3 members that reach each other",
        ),
        (
            then("zone.partition", zone=["a", "b"], from_zone="c"),
            then("zone.partition", zone="a", from_zone="b", allow_quorum_loss=True),
            "",
        ),
    ],
)
def test_a_zone_takes_what_stands_in_it(first: WantedFault, second: WantedFault, why: str) -> None:
    found = list(refusals([first, second], ZONED))
    assert [refusal.number for refusal in found] == [1] * bool(why)
    assert all(why in refusal.why for refusal in found)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (then("zone.lose", zone=["a", "b"]), "would leave 1 of 3 members, and quorum needs 2"),
        (then("zone.lose", zone=["a", "b", "c"], allow_quorum_loss=True), ""),
        (then("zone.partition", zone=["a", "b"]), "would leave 1 of 3 members"),
        (then("zone.partition", zone=["a", "b"], from_zone="c"), ""),
        (then("zone.partition", zone="a", from_zone="a"), "not cut off from itself"),
        (then("zone.slow", zone="a", delay_s=0.1), "(this kernel has no netem)"),
        (then("zone.slow", zone="a", bandwidth_mbit=1.0), ""),
        (then("zone.slow", zone=["a", "b"], loss=0.9), "would leave 1 of 3 members"),
        (then("zone.slow", zone=["a", "b"], loss=0.4), ""),
        (then("zone.slow", zone=["a", "b"], loss=0.9, allow_quorum_loss=True), ""),
    ],
)
def test_what_a_fault_on_a_zone_alone_is_refused_for(fault: WantedFault, why: str) -> None:
    found = list(refusals([fault], ZONED))
    assert [refusal.number for refusal in found] == [0] * bool(why)
    assert all(why in refusal.why for refusal in found)


def test_a_limit_counts_whom_cut_links_leave_alone() -> None:
    pair = then("zone.partition", zone="a", from_zone="b")
    alone = then("zone.partition", zone=["a", "b"], from_zone="c")
    killed = then("etcd.kill", member="c", allow_quorum_loss=True)
    none = replace(ZONED, limits=(Limits(LimitsPart(members=0), "c.yaml"),))
    assert refused(none, pair) == [], "who reaches both works with both"
    [why] = refusals([alone], none)
    assert why.why == "zone.partition takes 1 member at once, and c.yaml allows members: 0"
    two = replace(ZONED, limits=(Limits(LimitsPart(members=1), "c.yaml"),))
    [why] = refusals([pair, killed], two)
    assert (
        why.why
        == "etcd.kill with other faults takes 2 members at once, and c.yaml allows members: 1"
    )


def test_a_limit_counts_all_that_are_hit_though_one_is_away_at_a_time() -> None:
    two = replace(ZONED, limits=(Limits(LimitsPart(apiservers=2), "c.yaml"),))
    assert refused(two, then("kube-apiserver.rolling_restart", zone=["a", "b"])) == []
    assert refused(two, then("kube-apiserver.rolling_restart", zone=["a", "b", "c"])) == [0]
