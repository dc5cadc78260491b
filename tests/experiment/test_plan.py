import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from one_profile import read
from rich.console import Console

from kubedrill.experiment import Experiment, plan, render
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.cluster import ClusterRecord, Component, Endpoint

Read = Callable[..., Experiment]
HERE = Endpoint("127.0.0.1", 1)
UP = ClusterRecord(
    name="local-3az",
    provider="local",
    zoning="loopback",
    zones=("a", "b"),
    folder="f",
    balancer=HERE,
    ca_file="ca",
    server_name="kubernetes",
    components=(
        Component("etcd-a", "etcd", "a", HERE),
        Component("etcd-b", "etcd", "b", HERE),
        Component("kube-apiserver-a", "kube-apiserver", "a", HERE),
    ),
    identities={},
    capabilities=("holding etcd",),
    versions={},
)


def shown(experiment: Experiment, catalogue: Catalogue, record: ClusterRecord | None = None) -> str:
    console = Console(file=io.StringIO(), width=400)
    render(plan(experiment, catalogue, record), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_objective_is_said_in_words(shipped: Path, catalogue: Catalogue) -> None:
    experiment = read(shipped, [], catalogue)
    planned = plan(experiment, catalogue)
    assert planned.objectives
    assert len(planned.objectives) == len(experiment.objectives)
    text = shown(experiment, catalogue)
    for objective in planned.objectives:
        assert objective["text"] in text
        assert objective["words"] in text


def test_the_probes_deadline_is_printed(reading: Read, small: str, catalogue: Catalogue) -> None:
    words = " ".join(shown(reading(small), catalogue).split())
    assert "probes deadline 1s" in words


def test_targets_blast_radius_and_capabilities(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    planned = plan(reading(small), catalogue, UP)
    assert planned.targets == ("etcd-a", "etcd-b")
    assert (planned.capabilities, planned.missing) == (("holding etcd",), ())
    (fault,) = planned.faults
    assert fault.blast_radius == "etcd member leader; refused where quorum would be lost"
    assert fault.arguments == {"member": "leader", "allow_quorum_loss": False}
    assert (fault.inject_s, fault.undo_s) == (10.0, 30.0)


def test_a_cluster_that_is_changed_is_planned_as_it_will_be_not_as_one_that_is_up(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    experiment = reading(small, "cluster.port=7443", "cluster.flags.kube-scheduler.v=4")
    planned = plan(experiment, catalogue, UP)
    assert planned.cluster_changes == {"port": 7443, "flags": {"kube-scheduler": {"v": 4}}}
    assert planned.targets == ("etcd-a", "etcd-b", "etcd-c")
    text = shown(experiment, catalogue, UP)
    assert "local-3az, with port: 7443, flags.kube-scheduler.v: 4" in text
    assert "first: kubedrill cluster down local-3az; the drill would not be started" in text
    assert "would not be started" not in shown(experiment, catalogue)


def test_before_the_cluster_is_up_its_file_says_what_may_be_hit(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    planned = plan(reading(small), catalogue)
    assert planned.targets == ("etcd-a", "etcd-b", "etcd-c")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ("leader", "one of etcd-a, etcd-b, etcd-c: the leader at that time"),
        ("random", "one of etcd-a, etcd-b, etcd-c, at random"),
        ("b", "etcd-b"),
        ("[b]", "etcd-b"),
    ],
)
def test_each_fault_says_what_it_hits(
    reading: Read, small: str, catalogue: Catalogue, member: str, words: str
) -> None:
    experiment = reading(small, f"faults[0].etcd.kill.member={member}")
    (fault,) = plan(experiment, catalogue).faults
    assert len(fault.targets) == words.count("etcd-")
    assert f"\n  hits {words}\n" in shown(experiment, catalogue)


def test_a_capability_that_is_missing_is_said(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    less = replace(UP, capabilities=())
    assert plan(reading(small), catalogue, less).missing == ("holding etcd",)
    assert "holding etcd: the drill would not be started" in shown(reading(small), catalogue, less)


def test_it_is_json_and_it_says_how_long(reading: Read, small: str, catalogue: Catalogue) -> None:
    raw = json.loads(json.dumps(plan(reading(small), catalogue).as_dict()))
    assert raw["minutes"] == 0.7
    assert [phase["name"] for phase in raw["phases"]] == ["baseline", "fault", "recovery"]
    words = "0.7 minutes of phases, about 1.1 with all around them; nothing has been started."
    assert words in shown(reading(small), catalogue)


def test_arguments_are_shown_as_they_are_written(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    text = shown(reading(small, "faults[0].etcd.kill.member=[a]"), catalogue)
    assert "etcd.kill member: a, allow_quorum_loss: false" in text


def test_words_in_brackets_are_no_markup(reading: Read, small: str, catalogue: Catalogue) -> None:
    text = shown(reading(small, "title='lose [bold] one'", "why='[/x]'"), catalogue)
    assert "lose [bold] one" in text
    assert "[/x]" in text


def test_what_an_activity_reaches_is_unknown_and_what_it_may_do_is_said(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    python = "{type: python, module: chaosk8s.pod.actions, func: terminate_pods}"
    entry = (
        f"faults=[{{activity: {{type: action, name: n, provider: {python}}}, rollback: "
        "{type: action, name: r, provider: {type: process, path: ls}}, "
        "rights: [{apiGroups: [apps], resources: [deployments], verbs: [get]}]}]"
    )
    planned = plan(reading(small, entry), catalogue)
    assert planned.targets == ("unknown, by the activity n",)
    assert planned.faults[0].blast_radius.startswith("unknown: ")
    text = " ".join(shown(reading(small, entry), catalogue).split())
    assert "may hit unknown, by the activity n" in text
    assert "as system:serviceaccount:kubedrill:activity-RUN; it may: " in text
    assert "it may: get deployments.apps; list, delete pods" in text
    without = plan(reading(small), catalogue)
    assert (without.identity, without.rights) == (None, ())


def test_what_nobody_knows_before_is_not_taken_for_zones(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    text = small.replace("etcd.kill: {member: leader}", "node.cordon: {count: 2}")
    [fault] = plan(reading(text), catalogue).faults
    assert fault.targets == ("nodes that are chosen when it is injected",)
    assert fault.chosen == ""
