"""Bad input: one message with file, line, what is wrong and what would work."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment import Experiment

Read = Callable[..., Experiment]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("why: w", "whi: w\nwhy: w", '2: unknown key "whi"; did you mean "why"?'),
        ("why: w\n", "", '1: missing key "why"'),
        ("title: t", "title: 5", "1: title must be text, not the number 5"),
        ("etcd.kill", "etcd.kil", '11: unknown fault "etcd.kil"; did you mean "etcd.kill"?'),
        (
            "profile: mass-list",
            "profile: mas-list",
            '5: unknown profile "mas-list"; did you mean "mass-list"?',
        ),
        ("local-3az", "local-3ax", '3: unknown cluster "local-3ax"; did you mean "local-3az"?'),
        (
            "list.p99 < 1s",
            "etcd.fsink.p99 < 1s",
            '13: unknown series "etcd.fsink.p99"; did you mean "etcd.fsync.p99"?',
        ),
        (
            "list.p99 < 1s",
            "list.p99 < 1sec",
            '13: unknown unit "sec" in "1sec"; did you mean "s"?',
        ),
        (
            "list.p99 < 1s",
            "list.p99 < 1",
            "13: list.p99 takes a duration: 250ms, 10s, 1m30s; write 1s",
        ),
        ("fault: 20s", "fault: 20", "9: phases.fault: 20 has no unit; write 20s"),
        (
            "fault: 20s",
            "fault: 20sec",
            '9: phases.fault: "20sec" is not a duration: 250ms, 10s, 1m30s; did you mean "20s"?',
        ),
        ("rate: 10/s", "rate: 10", "7: load[0].rate: 10 has no unit; write 10/s"),
        ("rate: 10/s", "rate: fast", '7: load[0].rate: "fast" is not a rate: 10/s, 600/m'),
        ("rate: 10/s", "rate: 0/s", "7: load[0].rate: must be more than 0/s"),
        ("fault: 20s", "fault: ", "9: phases.fault: a phase needs a length, such as 30s"),
        ("fault: 20s", "fault: 0s", "9: phases.fault: must be more than 0s"),
        (
            "phases: {baseline: 10s, fault: 20s, recovery: 10s}",
            "phases: [baseline]",
            "9: phases must be a mapping (key: value), not a list",
        ),
        (
            "  fault: [list",
            "  fault: []\n  foult: [list",
            '14: objectives for an unknown phase "foult"; did you mean "fault"?',
        ),
        ("why: w", "why: w\ntitle: u", '3: key "title" is here twice, first on line 1'),
        ("    as: list", "\tas: list", "6: broken YAML: a tab; YAML is indented with spaces"),
        (
            "  - profile",
            "  profile: [a\n  - profile",
            '5: broken YAML: a list that is not closed; add "]"',
        ),
        ("as: list", "as: etcd", '6: "etcd" is a built-in series; give the load another name'),
        (
            "as: list",
            "as: My List",
            '6: load[0].as: "My List" is no name; begin with a-z, then a-z, 0-9, _ and - may follow',
        ),
        ("{resource: pods}", "{}", '8: mass-list needs the parameter "resource"'),
        (
            "    rate:",
            "    phases: [falt]\n    rate:",
            '7: unknown phase "falt"; did you mean "fault"?',
        ),
        (
            "    rate:",
            "    phases: [baseline]\n    rate:",
            '14: the load "list" does not press in this phase',
        ),
        (
            "{resource: pods}",
            "{resource: pod}",
            '8: mass-list: resource cannot be the text "pod"; did you mean "pods"?',
        ),
        (
            "{resource: pods}",
            "{resorce: pods, resource: pods}",
            '8: mass-list has no parameter "resorce"; did you mean "resource"?',
        ),
        (
            "{resource: pods}",
            "{resource: pods, resource_version: 0}",
            '8: mass-list: resource_version must be text: write "0" with the quotes, not the number 0',
        ),
        (
            "{resource: pods}",
            "{resource: pods, limit: -1}",
            "8: mass-list: limit must be at least 0, not -1",
        ),
        (
            "{resource: pods}",
            "{resource: pods, limit: true}",
            "8: mass-list: limit must be a whole number, not true",
        ),
        (
            "{resource: pods}",
            "{resource: pods, share: 1}",
            "8: mass-list: share must be less than 1, not 1",
        ),
        ("as: list", "as: ", "6: load[0].as must be text, not nothing"),
        (
            "as: list",
            "as: ''",
            '6: load[0].as: "" is no name; begin with a-z, then a-z, 0-9, _ and - may follow',
        ),
        ("as: list", "as: 5", "6: load[0].as must be text, not the number 5"),
        ("as: list", "as: true", "6: load[0].as must be text, not true"),
        ("as: list", "as: [list]", "6: load[0].as must be text, not a list"),
        ("as: list", "as: {list: 1}", "6: load[0].as must be text, not a mapping"),
        ("as: list", 'as: "list\\n"', "6: load[0].as: "),
        ("as: list", f"as: {'l' * 41}", "6: load[0].as must have at most 40 characters, not 41"),
        ("as: list", "as: \u0661", "6: load[0].as: "),
        (
            "fault: 20s",
            "fault: 0.0000000001s",
            "9: phases.fault: must be at least 100ms, not 0.0000000001s",
        ),
        ("fault: 20s", "fault: 9000h", "9: phases.fault: must be at most 168h, not 9000h"),
        (
            "rate: 10/s",
            "rate: 1000000000/s",
            "7: load[0].rate: must be at most 100000/s, not 1000000000/s",
        ),
        ("rate: 10/s", "rate: 0.001/h", "7: load[0].rate: must be at least 1/h, not 0.001/h"),
        ("rate: 10/s", "rate: \u0661\u0660/s", "7: load[0].rate: "),
        (
            "{resource: pods}",
            "pods",
            "8: load[0].with must be a mapping (key: value), not the text ",
        ),
        (
            "{member: leader}",
            "{member: d}",
            '11: etcd.kill: no member "d"; known: leader, random, a, b, c',
        ),
        (
            "{member: leader}",
            "{member: [a, b]}",
            (
                "11: etcd.kill of a, b would leave 1 of 3 members, and quorum needs 2; kill fewer, or say "
                "allow_quorum_loss: true"
            ),
        ),
        (
            "{member: leader}",
            "{member: a}\n    at: 2s\n  - etcd.kill: {member: b}\n    at: 5s",
            (
                "13: etcd.kill of b would leave 1 of 3 members, and quorum needs 2; kill fewer, or say "
                "allow_quorum_loss: true (another fault hits a then)"
            ),
        ),
        (
            "{member: leader}",
            "{member: a, allow_quorum_loss: true}\n  - etcd.kill: {member: a}",
            "12: etcd.kill of a: another fault hits a then; kill another, or at another time",
        ),
        (
            "{resource: pods}",
            '{resource: pods, resource_version: "0", limit: 500}',
            "8: mass-list: limit is ignored",
        ),
        (
            "{member: leader}",
            "{membr: leader}",
            '11: etcd.kill has no parameter "membr"; did you mean "member"?',
        ),
        (
            "{member: leader}",
            "{allow_quorum_loss: 1}",
            "11: etcd.kill: allow_quorum_loss must be true or false, not the number 1",
        ),
        (
            "{member: leader}",
            "leader",
            "11: etcd.kill takes a mapping of {member, allow_quorum_loss}, not the text ",
        ),
        (
            "{member: leader}",
            "{member: 3}",
            "11: etcd.kill: member must be text or a list, not the number 3",
        ),
        (
            "{member: leader}",
            "{member: [a, 3]}",
            "11: etcd.kill: member must be text, in quotes, not the number 3",
        ),
        (
            "{member: leader}",
            "{member: []}",
            "11: etcd.kill: member must have at least 1 in it, not 0",
        ),
        (
            "{member: leader}",
            "{member: [a, b, a]}",
            '11: etcd.kill: member has the text "a" in it twice',
        ),
        (
            "etcd.kill: {member: leader}",
            "etcd.kill",
            '11: faults[0] must be a mapping (key: value), not the text "etcd.kill"',
        ),
        (
            "{member: leader}",
            "{member: leader}\n    phase: falt",
            '12: unknown phase "falt"; did you mean "fault"?',
        ),
        (
            "{member: leader}",
            "{member: leader}\n    phas: fault",
            '12: unknown key "phas"; did you mean "phase"?',
        ),
        (
            "{member: leader}",
            "{member: leader}\n    at: 20s",
            '12: at: phase "fault" lasts 20s; the fault would begin after it',
        ),
        (
            "{member: leader}",
            "{member: leader}\n    for: 31s",
            "12: for: the fault would outlive the drill by 1s",
        ),
        ("{member: leader}", "{member: leader}\n    for: 0s", "12: for: must be more than 0s"),
        ("{member: leader}", "{member: leader}\n    at: 3", "12: at: 3 has no unit; write 3s"),
        (
            "{member: leader}",
            "{member: leader}\n    rollback: null",
            "12: rollback is for activity; etcd.kill knows how to undo itself",
        ),
        (
            "{baseline: 10s, fault: 20s,",
            "{baseline: 10s, storm: 20s,",
            '11: no phase "fault"; say with phase: which of baseline, storm, recovery it is for',
        ),
        (
            "list.p99 < 1s",
            "eventually(etcd.healthy_members == 3) within 20s",
            '13: phase "fault" lasts only 20s; give it less time',
        ),
        (
            "faults:\n  - etcd.kill: {member: leader}\nslos:\n  fault: [list.p99 < 1s]",
            "slos:\n  fault: [fault.time_to_detect < 5s]",
            "11: fault.time_to_detect needs a fault, and this drill has none",
        ),
        (
            "  fault: [list.p99 < 1s]",
            "  baseline: [fault.time_to_recover < 5s]",
            '13: fault.time_to_recover: no fault is in phase "baseline"; ask for it in fault or recovery',
        ),
        (
            "list.p99 < 1s",
            "availability.apiserver-z >= 99%",
            '13: availability.apiserver-z: the cluster has no zone "z"; known: a, b, c',
        ),
        (
            "slos:",
            "abort: [availability < 50%]\nslos:",
            '12: "availability < 50%" does not say for how long; write: ... for 30s',
        ),
        (
            "slos:",
            "probing: {rates: {frsh: 1/s}}\nslos:",
            '12: unknown key "frsh"; did you mean "fresh"?',
        ),
        (
            "    rate: 10/s\n",
            "    rate: 10/s\n    workers: {expect: 2, bind: 5557}\n",
            "8: load[0].workers.bind must be text, not the number 5557",
        ),
        (
            "    rate: 10/s\n",
            "    rate: 10/s\n    workers: {expect: 2, bind: 'here:0'}\n",
            "8: load[0].workers.bind: 'here:0' is not HOST:PORT, such as 0.0.0.0:5557",
        ),
        (
            "    rate: 10/s\n",
            "    rate: 10/s\n    processes: 2\n    workers: {expect: 2, bind: 'here:1'}\n",
            "5: load[0]: processes and workers exclude each other; start several workers on one machine",
        ),
        ("slos:", "seed: {pods: -1}\nslos:", "12: seed.pods must be at least 0, not -1"),
    ],
)
def test_bad_input_is_named_with_its_line_and_its_cure(
    reading: Read, small: str, before: str, after: str, said: str
) -> None:
    assert before in small
    with pytest.raises(BadFile) as caught:
        reading(small.replace(before, after))
    first = str(caught.value).splitlines()[0]
    expected = f"{caught.value.path}:{said}"
    assert first.startswith(expected) if said.endswith(" ") else first == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: is empty; it needs at least title, why, cluster, phases, slos"),
        ("- a", ":1: must be a mapping (key: value), not a list"),
    ],
)
def test_no_experiment_at_all(reading: Read, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        reading(text)
    assert str(caught.value) == f"{tmp_path}/x.yaml{said}"


def test_every_error_of_a_file_at_once(reading: Read, small: str, tmp_path: Path) -> None:
    bad = (
        small.replace("rate: 10/s", "rate: 10")
        .replace("local-3az", "local-4az")
        .replace("etcd.kill", "etcd.kil")
        .replace("list.p99 < 1s", "list.p99 < 1, lost.p99 < 1s")
    )
    with pytest.raises(BadFile) as caught:
        reading(bad, "phases.baseline=x")
    assert str(caught.value).replace(f"{tmp_path}/", "").splitlines() == [
        'x.yaml:3: unknown cluster "local-4az"; did you mean "local-3az"?',
        "x.yaml:7: load[0].rate: 10 has no unit; write 10/s",
        'x.yaml:11: unknown fault "etcd.kil"; did you mean "etcd.kill"?',
        "x.yaml:13: list.p99 takes a duration: 250ms, 10s, 1m30s; write 1s",
        'x.yaml:13: unknown series "lost.p99"; did you mean "list"?',
        '--set phases.baseline: "x" is not a duration: 250ms, 10s, 1m30s',
    ]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("phases.falt=30s", '--set phases.falt: unknown key "falt"; did you mean "fault"?'),
        ("phase.fault=30s", '--set phase.fault: unknown key "phase"; did you mean "phases"?'),
        (
            "cluster=local-4az",
            '--set cluster: unknown cluster "local-4az"; did you mean "local-3az"?',
        ),
        ("load[0].rate=10", "--set load[0].rate: 10 has no unit; write 10/s"),
        (
            "slos.falt=[list.p99 < 1s]",
            '--set slos.falt: objectives for an unknown phase "falt"; did you mean "fault"?',
        ),
        (
            "slos.fault[0]=list.p99 < 1",
            "--set slos.fault[0]: list.p99 takes a duration: 250ms, 10s, 1m30s; write 1s",
        ),
        (
            "faults[0].etcd.kill.member=d",
            (
                '--set faults[0].etcd.kill.member: etcd.kill: no member "d"; '
                "known: leader, random, a, b, c"
            ),
        ),
        (
            'load[0].with={resource: pods, resource_version: "0", limit: 500}',
            "--set load[0].with: mass-list: limit is ignored",
        ),
    ],
)
def test_a_bad_set_is_named_by_its_key(reading: Read, small: str, override: str, said: str) -> None:
    with pytest.raises(NotStarted) as caught:
        reading(small, override)
    assert str(caught.value) == said
