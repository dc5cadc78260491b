"""Faults on nodes and pods: what was there before stands again, and what others changed stays."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from object_observers import BEFORE, Nodes
from pydantic import ValidationError

from kubedrill.faults.catalogue import faults
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import INJECTOR, ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger import undo as undo_open
from kubedrill.record.limits import Limits, LimitsPart

pytestmark = [pytest.mark.faults, pytest.mark.cluster, pytest.mark.breaks]

NODE, PATH = "drilled-1", "/api/v1/nodes/drilled-1"
LOST = {"key": "drill", "value": "lost", "effect": "NoSchedule"}
TAINT = {"node": NODE, "taint": "drill=lost:NoSchedule"}

Until = Callable[..., object]


@pytest.fixture
def nodes(cluster: ClusterRecord, folder: RunFolder) -> Iterator[Nodes]:
    with closing(Nodes(cluster)) as nodes:
        yield nodes
        if folder.ledger.exists():
            undo_open(Ledger(folder.ledger))


def test_a_node_that_was_cordoned_before_stays_so(folder: RunFolder, nodes: Nodes) -> None:
    nodes.amend(NODE, lambda spec: spec.update(unschedulable=True))
    inject("node.drain", {"node": NODE}, str(folder.path))
    assert nodes.uid(NODE) is None
    undo("node.drain", str(folder.path))
    assert nodes.hit(NODE)


def test_a_node_that_is_cordoned_is_not_cordoned_again(folder: RunFolder, nodes: Nodes) -> None:
    nodes.amend(NODE, lambda spec: spec.update(unschedulable=True))
    with pytest.raises(FaultFailed, match="as if it had been hit already"):
        inject("node.cordon", {"node": NODE}, str(folder.path))
    assert nodes.hit(NODE)


@pytest.mark.parametrize("old", [[], [{**LOST, "value": "old"}], [{**LOST, "effect": "NoExecute"}]])
def test_a_taint_that_stood_before_stands_again(
    folder: RunFolder, nodes: Nodes, old: list[Any]
) -> None:
    nodes.amend(NODE, lambda spec: spec.update(taints=[BEFORE, *old]))
    inject("node.taint", TAINT, str(folder.path))
    assert LOST in nodes.taints(NODE)
    undo("node.taint", str(folder.path))
    assert nodes.taints(NODE) == [BEFORE, *old]


def test_what_others_change_meanwhile_stays(folder: RunFolder, nodes: Nodes) -> None:
    inject("node.taint", TAINT, str(folder.path))
    other = {"key": "other", "value": "1", "effect": "NoSchedule"}
    nodes.amend(NODE, lambda spec: spec.update(taints=[LOST, other], unschedulable=True))
    undo("node.taint", str(folder.path))
    assert nodes.taints(NODE) == [other]
    assert nodes.hit(NODE)


def test_what_others_have_made_of_it_is_told_and_stays(folder: RunFolder, nodes: Nodes) -> None:
    inject("node.taint", TAINT, str(folder.path))
    theirs = {**LOST, "value": "theirs"}
    nodes.amend(NODE, lambda spec: spec.update(taints=[theirs]))
    with pytest.raises(FaultFailed, match="was not tainted any more, or is gone"):
        undo("node.taint", str(folder.path))
    assert nodes.taints(NODE) == [theirs]
    assert Ledger(folder.ledger).open_entries() == []


def test_a_node_that_was_made_anew_is_left_alone(folder: RunFolder, nodes: Nodes) -> None:
    inject("node.cordon", {"node": NODE}, str(folder.path))
    nodes.call("DELETE", PATH)
    nodes.call(
        "POST", "/api/v1/nodes", {"metadata": {"name": NODE}, "spec": {"unschedulable": True}}
    )
    with pytest.raises(FaultFailed, match="did not last"):
        undo("node.cordon", str(folder.path))
    assert nodes.hit(NODE)
    assert Ledger(folder.ledger).open_entries() == []


def test_who_refuses_an_eviction_is_told(folder: RunFolder, nodes: Nodes, until: Until) -> None:
    nodes.run(NODE)
    nodes.budget("kept")
    given = {"node": NODE}
    inject("node.drain", given, str(folder.path))
    with pytest.raises(FaultFailed, match=rf"{nodes.space}/{NODE} was not evicted: .*budget"):
        undo("node.drain", str(folder.path))
    assert nodes.uid(NODE) == nodes.before[NODE]
    assert nodes.well(NODE)
    again = RunFolder.create(folder.path.parent, "again")
    again.cluster.write_bytes(folder.cluster.read_bytes())
    inject("node.drain", {**given, "allow_refusal": True}, str(again.path))
    nodes.call("DELETE", f"/apis/policy/v1/namespaces/{nodes.space}/poddisruptionbudgets/kept")
    until(lambda: nodes.uid(NODE) is None)  # it asks again
    undo("node.drain", str(again.path))
    assert nodes.well(NODE)


@pytest.mark.parametrize("fault", ["node.drain", "pod.delete"])
def test_what_nobody_makes_anew_is_lost_only_where_the_file_says_so(
    folder: RunFolder, nodes: Nodes, fault: str
) -> None:
    nodes.orphan(NODE)
    whom = {"node": NODE} if fault == "node.drain" else {"pod": f"{nodes.space}/{NODE}"}
    with pytest.raises(FaultFailed, match=r"no controller would make .* say allow_pod_loss: true"):
        inject(fault, whom, str(folder.path))
    undo_open(Ledger(folder.ledger))
    assert nodes.uid(NODE) == nodes.before[NODE]
    assert nodes.well(NODE)
    inject(fault, {**whom, "allow_pod_loss": True}, str(folder.path))
    assert nodes.uid(NODE) is None


@pytest.mark.parametrize(
    ("given", "limits", "why"),
    [
        ({"count": 2}, {"nodes": 1}, "takes 2 nodes at once"),
        ({"percent": 70}, {"percent": 50}, "takes 2 of 3 nodes at once"),
        ({"count": 4, "selector": "drilled=yes"}, {}, "4 of 3 nodes would be hit"),
        ({"percent": 10, "selector": "drilled=yes"}, {}, "0 of 3 nodes would be hit"),
        ({"selector": "drilled=no"}, {}, "1 of 0 nodes would be hit"),
        ({"node": "nowhere"}, {}, "node/nowhere is not there"),
    ],
)
def test_whom_it_would_hit_is_counted_before(
    folder: RunFolder, nodes: Nodes, given: dict[str, Any], limits: dict[str, Any], why: str
) -> None:
    record, allowed = ClusterRecord.read(folder.cluster), LimitsPart.model_validate(limits)
    replace(record, limits=(Limits(allowed),)).write(folder.cluster)
    with pytest.raises(FaultFailed, match=why):
        inject("node.cordon", given, str(folder.path))
    assert not any(map(nodes.hit, nodes.before))


def test_nothing_is_injected_where_nobody_may_but_what_was_is_undone(
    folder: RunFolder, nodes: Nodes
) -> None:
    inject("node.cordon", {"node": NODE}, str(folder.path))
    record = ClusterRecord.read(folder.cluster)
    before = {name: who for name, who in record.identities.items() if name != INJECTOR}
    replace(record, identities=before).write(folder.cluster)
    undo("node.cordon", str(folder.path))
    assert not nodes.hit(NODE)
    with pytest.raises(FaultFailed, match=r"no identity injector, which node.cordon needs"):
        inject("node.cordon", {"node": NODE}, str(folder.path))
    assert not nodes.hit(NODE)


@pytest.mark.parametrize(
    "given",
    [
        {"node": "n", "count": 2},
        {"node": ["n"], "selector": "a=b"},
        {"count": 1, "percent": 1},
        {"percent": 0},
        {"percent": 101},
        {"count": 0},
    ],
)
def test_what_contradicts_itself_is_no_fault(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        faults()["node.cordon"].model_validate(given)


def test_who_is_chosen_depends_on_the_run_alone(folder: RunFolder, nodes: Nodes) -> None:
    given, chosen = {"count": 2, "selector": "drilled=yes"}, []
    for _ in range(2):
        chosen.append(inject("node.cordon", given, str(folder.path))["targets"])
        undo("node.cordon", str(folder.path))
    assert chosen[0] == chosen[1]
    assert len({*chosen[0]}) == 2
