from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from one_profile import read

from kubedrill.experiment import Experiment, PhaseLength, Seed, WantedFault, to_yaml
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.schedule import ProbeRates, Probing, ScheduledLoad, Scraping

Read = Callable[..., Experiment]


def test_a_small_one_with_its_defaults(reading: Read, small: str) -> None:
    experiment = reading(small)
    assert experiment.phases == (
        PhaseLength("baseline", 10.0),
        PhaseLength("fault", 20.0),
        PhaseLength("recovery", 10.0),
    )
    assert experiment.loads == (
        ScheduledLoad("list", "mass-list", Arrivals.constant(10.0), {"resource": "pods"}),
    )
    assert experiment.faults == (
        WantedFault("etcd.kill", {"member": "leader"}, "fault", 10.0, 30.0),
    )
    assert (experiment.seed, experiment.claim, experiment.abort) == (Seed(), None, ())
    assert (experiment.probing, experiment.scraping) == (Probing(), Scraping())
    (objective,) = experiment.objectives
    assert (objective.phase, objective.objective.text, objective.line) == (
        "fault",
        "list.p99 < 1s",
        13,
    )
    assert experiment.seconds == 40.0
    assert (experiment.phase_start("fault"), experiment.phase_end("fault")) == (10.0, 30.0)


def test_everything_that_can_be_written(reading: Read, small: str) -> None:
    experiment = reading(
        small.replace("  - etcd.kill: {member: leader}\n", "")
        + """
  recovery: [eventually(etcd.healthy_members == 3) within 5s, fault.time_to_recover < 5s]
claim: 13
seed: {pods: 10, customs: 20}
abort: [availability < 50% for 5s]
probing: {deadline: 500ms, rates: {fresh: 20/s, victim: 60/m}}
scraping: {etcd: 2s}
""",
        """faults=[{etcd.kill: {member: a}, phase: baseline, at: 2s, for: 1.5s},
        {etcd.kill: {member: leader}, phase: recovery},
        {activity: {type: action, name: n, provider: {type: python, module: os, func: getpid}},
         rollback: null, rights: [], at: 1s}]""",
    )
    assert experiment.claim == 13
    assert experiment.seed == Seed(pods=10, customs=20)
    assert experiment.probing == Probing(deadline=0.5, rates=ProbeRates(fresh=20.0, victim=1.0))
    assert experiment.scraping == Scraping(etcd=2.0)
    assert [
        (fault.name, fault.phase, fault.inject_s, fault.undo_s) for fault in experiment.faults
    ] == [
        ("etcd.kill", "baseline", 2.0, 3.5),
        ("etcd.kill", "recovery", 30.0, 40.0),
        ("activity", "fault", 11.0, 30.0),
    ]
    assert experiment.faults[1].arguments == {"member": "leader"}
    assert experiment.faults[2].arguments["rollback"] is None
    assert [condition.text for condition in experiment.abort] == ["availability < 50% for 5s"]


def test_the_shipped_one(shipped: Path, catalogue: Catalogue) -> None:
    experiment = read(shipped, [], catalogue)
    assert experiment.seed == Seed(pods=500, secrets=500)
    assert experiment.loads[0].arrivals == Arrivals.constant(4)
    assert experiment.seconds <= 180, "make drill has 5 minutes with cluster up and seeding"
    asked = {(objective.phase, objective.objective.text) for objective in experiment.objectives}
    assert {
        ("baseline", "probe.failed == 0"),
        ("fault", "availability.reads >= 98%"),
        ("fault", "availability.writes >= 95%"),
        ("fault", "unavailable.longest < 3s"),
        ("fault", "degraded.longest < 5s"),
    } <= asked, "measured facts, not whatever passes"


def test_a_tightened_objective_is_set_and_nothing_else(shipped: Path, catalogue: Catalogue) -> None:
    plain = read(shipped, [], catalogue)
    tight = read(shipped, ["slos.fault[0]=availability.reads >= 99.999%"], catalogue)
    changed = [
        new.objective.text
        for old, new in zip(plain.objectives, tight.objectives, strict=True)
        if old.objective != new.objective
    ]
    assert changed == ["availability.reads >= 99.999%"]
    assert replace(tight, objectives=()) == replace(plain, objectives=())


def test_set_takes_lists_and_numbers_with_units(reading: Read, small: str) -> None:
    experiment = reading(small, "faults=[]", "phases.fault=5s", "load[0].rate=300/m")
    assert experiment.faults == ()
    assert experiment.seconds == 25.0
    assert experiment.loads[0].arrivals == Arrivals.constant(5)


@pytest.mark.parametrize(
    "override",
    [
        "title=no",
        "phases.fault=1m0.25s",
        "load[0].rate=7/m",
        "load[0].with.resource_version='0'",
        "faults=[{etcd.kill: {member: a}, phase: baseline, at: 0.1s, for: 0.2s}]",
        (
            "faults=[{activity: {type: action, name: n, provider: {type: python, module: "
            "chaosk8s.pod.actions, func: terminate_pods}}, rollback: null, "
            "rights: [{apiGroups: [''], resources: [events], verbs: [create]}]}]"
        ),
        "probing.deadline=33ms",
        "claim=13",
    ],
)
def test_the_experiment_as_it_ran_reads_back_as_it_was(
    reading: Read, small: str, override: str
) -> None:
    def without_lines(experiment: Experiment) -> Experiment:
        plain = tuple(replace(objective, line=None) for objective in experiment.objectives)
        return replace(experiment, objectives=plain)

    experiment = reading(small, override)
    assert without_lines(reading(to_yaml(experiment))) == without_lines(experiment)
