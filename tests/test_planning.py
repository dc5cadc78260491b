import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commanding import command

from kubedrill import hosting
from kubedrill.catalogue import read_experiment
from kubedrill.faults.catalogue import faults
from kubedrill.faults.overlap import refused_as_it_is
from kubedrill.fleet.estimate import HostRoom
from kubedrill.planning import planned
from kubedrill.record.cluster import INJECTOR, ClusterRecord, Endpoint, Identity

DRILL = """
title: t
why: w
cluster: local-3az
load:
  - profile: mass-list
    as: list
    rate: 10/s
slos:
  fault: [list.p99 < 1s]
phases: {baseline: 10s, fault: 60s, recovery: 10s}
faults:
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment's file; no cluster is up."""
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    return tmp_path / "x.yaml"


def plan_of(file: Path, *entries: str) -> dict[str, Any]:
    file.write_text(DRILL + "".join(f"  - {entry}\n" for entry in entries))
    return planned(*read_experiment(file), file).as_dict()


def words(taken: list[dict[str, Any]]) -> dict[str, str]:
    return {part["kind"]: part["words"] for part in taken}


def test_a_zone_takes_what_stands_in_it(file: Path) -> None:
    plan = plan_of(file, "zone.lose: {zone: b}")
    (fault,) = plan["faults"]
    assert (fault["number"], fault["targets"]) == (1, ("zone-b",))
    said = words(fault["taken"])
    assert {"member", "apiserver", "controller-manager", "scheduler", "link", "zone"} == {*said}
    assert said["member"].endswith("1 is away (b): 2 are left, none to spare")


def test_faults_stand_in_the_order_of_injection_and_are_added_up(file: Path) -> None:
    later = "{kube-apiserver.kill: {zone: a}, at: 20s}"
    first = "{load-balancer.remove_backend: {zone: b}, at: 10s, for: 20s}"
    plan = plan_of(file, later, first)
    assert [fault["name"] for fault in plan["faults"]] == [
        "load-balancer.remove_backend",
        "kube-apiserver.kill",
    ]
    assert [moment["faults"] for moment in plan["moments"]] == [(1,), (1, 2), (2,)]
    assert [part["left"] for moment in plan["moments"] for part in moment["taken"]] == [2, 1, 2]
    assert words(plan["worst"]) == {
        "apiserver": "3 apiservers, needed 1; 2 are away (b, a): 1 is left, none to spare"
    }


@pytest.mark.parametrize(
    ("entry", "away"),
    [
        ("etcd.defragment: {member: [a, b, c]}", [1]),
        ("kube-apiserver.rolling_restart: {zone: [a, b, c]}", [1]),
        ("load-balancer.cut_connections: {zone: [a, b, c]}", []),
        ("kube-apiserver.limit_cpu: {zone: a, cpus: 0.5}", []),
        ("load-balancer.kill: {}", [1]),
        ("kube-apiserver.flags: {zone: [a, b], set: {v: 4}}", [1]),
        ("kube-scheduler.flags: {zone: [a, b], set: {v: 4}}", [1]),
    ],
)
def test_what_is_only_hampered_or_away_one_by_one_is_not_added_up(
    file: Path, entry: str, away: list[int]
) -> None:
    assert [part["away"] for part in plan_of(file, entry)["worst"]] == away


def test_members_that_links_cut_off_are_in_the_sum(file: Path) -> None:
    cut = "zone.partition: {zone: [a, b], from_zone: c}"
    more = "zone.partition: {zone: a, from_zone: b, allow_quorum_loss: true}"
    plan = plan_of(file, cut, f"{{{more}, at: 20s}}")
    (first,) = (fault for fault in plan["faults"] if fault["arguments"]["zone"] == ["a", "b"])
    assert words(first["taken"])["member"] == (
        "etcd: 3 members, quorum 2; cut: a from c, b from c: 2 are left that reach each other, "
        "none to spare"
    )
    assert words(plan["worst"])["member"] == (
        "etcd: 3 members, quorum 2; cut: a from c, b from c, a from b: 1 is left, 1 too few"
    )


def test_faults_that_hit_the_same_take_it_once(file: Path) -> None:
    lost = "zone.lose: {zone: [a, b], allow_quorum_loss: true}"
    killed = "{etcd.kill: {member: random, allow_quorum_loss: true}, at: 10s}"
    (member,) = (part for part in plan_of(file, killed, lost)["worst"] if part["kind"] == "member")
    assert (member["away"], member["left"]) == (3, 0)


def test_a_fault_that_takes_too_few_says_how_many_are_missing(file: Path) -> None:
    plan = plan_of(file, "etcd.kill: {member: [a, b], allow_quorum_loss: true}")
    assert words(plan["worst"])["member"].endswith("1 is left, 1 too few")


def test_the_command_says_it_in_words_and_as_json(file: Path) -> None:
    expected = plan_of(file, "etcd.kill: {member: leader}")
    told = json.loads(command(["plan", str(file), "--json"])[1])
    assert told == json.loads(json.dumps(expected))
    text = command(["plan", str(file)])[1]
    assert "1. etcd.kill member: leader" in text
    assert "etcd: 3 members, quorum 2; 1 is away (1 chosen then): 2 are left, none to spare" in text
    assert "1.3 minutes of phases, about 1.7 with all around them" in text


def test_what_the_cluster_that_is_up_has_not_got_is_refused(file: Path) -> None:
    file.write_text(f"{DRILL}  - zone.lose: {{zone: c, allow_quorum_loss: true}}\n")
    experiment, _ = read_experiment(file)
    here = Endpoint("127.0.0.1", 1)
    up = ClusterRecord(
        *("local-3az", "local", "netns", ("a", "b"), "f", here, "ca", "kubernetes"),
        components=(),
        identities={},
        capabilities=tuple(map(str, faults()["zone.lose"].needs)),
        versions={},
    )
    why = refused_as_it_is(faults(), experiment.faults, up)
    assert why == 'zone.lose: no zone "c"; known: leader, random, a, b'
    assert refused_as_it_is(faults(), experiment.faults, replace(up, zones=("a", "b", "c"))) == ""
    nothing = refused_as_it_is(faults(), experiment.faults, replace(up, zones=()))
    assert nothing == "zone.lose: the cluster has no zone, so nothing would be lost"


def test_a_cluster_without_an_identity_that_a_fault_acts_as_is_refused(file: Path) -> None:
    file.write_text(f"{DRILL}  - node.cordon: {{node: n-1}}\n")
    experiment, _ = read_experiment(file)
    here = Endpoint("127.0.0.1", 1)
    old = ClusterRecord(
        *("old", "local", "netns", ("a",), "f", here, "ca", "kubernetes"),
        components=(),
        identities={"admin": Identity("admin")},
        capabilities=(),
        versions={},
    )
    assert refused_as_it_is(faults(), experiment.faults, old) == (
        "cluster old: it has no identity injector, which node.cordon needs; "
        "bring it up anew: kubedrill cluster down old"
    )
    known = replace(old, identities={INJECTOR: Identity(INJECTOR)})
    assert refused_as_it_is(faults(), experiment.faults, known) == ""


def test_what_is_not_given_is_not_printed(file: Path) -> None:
    file.write_text(f"{DRILL}  - zone.partition: {{zone: c}}\n")
    text = command(["plan", str(file)])[1]
    assert (
        "\n1. zone.partition of: all, direction: both, allow_quorum_loss: false, zone: c\n" in text
    )
    (fault,) = json.loads(command(["plan", str(file), "--json"])[1])["faults"]
    assert fault["arguments"]["from_zone"] is None


def test_a_fleet_that_this_machine_cannot_hold_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "room", lambda: HostRoom(1.0, 2**40))
    file.write_text(DRILL.removesuffix("faults:\n") + "fleet: {nodes: 2000}\n")
    refused = planned(*read_experiment(file), file).refused
    assert refused.startswith("fleet: 2,000 nodes keep about 0.9 cores busy")
    file.write_text(DRILL.removesuffix("faults:\n") + "fleet: {nodes: 1000}\n")
    assert planned(*read_experiment(file), file).refused == ""
