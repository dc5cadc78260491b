"""Entries of `faults:` that Chaos Toolkit would take, and we do not."""

from collections.abc import Callable

import pytest

from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment import Experiment, to_yaml

Read = Callable[..., Experiment]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{activity: 5, rollback: null}", "must be an action of Chaos Toolkit, not the number 5"),
        (
            "{activity: {type: action}, rollback: null}",
            'a Chaos Toolkit action needs the key "name"',
        ),
        (
            "{activity: {type: action, name: n, provider: {}}}",
            "an activity needs a rollback beside it (null if nothing can undo it)",
        ),
        (
            "{activity: {type: probe, name: n, provider: {}}, rollback: null}",
            'type must be action, not the text "probe"',
        ),
        (
            "{activity: {type: action, name: n, provider: {}, background: true}, rollback: null}",
            '"background" is not supported here; type, name and provider are',
        ),
        (
            "{activity: {type: action, name: n, provider: {type: process, path: ls}}, rollback: {name: r}}",
            'a Chaos Toolkit action needs the key "type"',
        ),
        (
            "{activity: {type: action, name: '${x}', provider: {}}, rollback: null}",
            "substitution (${...}) is not supported; write the value",
        ),
        ("{phase: fault}", "an entry of faults names one fault; here: none"),
        (
            "{etcd.kill: {}, activity: {}, rollback: null}",
            "an entry of faults names one fault; here: etcd.kill and activity",
        ),
    ],
)
def test_a_bad_entry_of_faults(reading: Read, small: str, entry: str, said: str) -> None:
    with pytest.raises(NotStarted) as caught:
        reading(small, f"faults=[{entry}]")
    assert str(caught.value).splitlines()[0] == f"--set faults: {said}"


FLAGS = """\
  - kube-apiserver.flags:
      zone: b
      set:
        goaway-chance: 0.02
        {0}
"""


@pytest.mark.parametrize(
    ("flag", "line", "said"),
    [
        ("goaway-chanc: 0.02", 15, 'kube-apiserver has no flag "goaway-chanc"; did you mean'),
        ("etcd-cafile: null", 15, "kubedrill sets it itself: the cluster would not hold together"),
        ("v: []", 13, "kube-apiserver.flags: set "),
    ],
)
def test_a_flag_that_no_component_can_be_given_is_told_with_its_line(
    reading: Read, small: str, flag: str, line: int, said: str
) -> None:
    text = small.replace("  - etcd.kill: {member: leader}\n", FLAGS.format(flag))
    with pytest.raises(BadFile) as refused:
        reading(text)
    [words] = str(refused.value).splitlines()
    assert f"x.yaml:{line}: " in words
    assert said in words


def repeated(text: str, *lines: str) -> str:
    fault = "  - kube-scheduler.pause: {zone: random}\n"
    return text.replace(
        "  - etcd.kill: {member: leader}\n", fault + "".join(f"    {line}\n" for line in lines)
    )


@pytest.mark.parametrize(
    ("lines", "begins", "length"),
    [
        (("for: 2s", "every: 5s"), (0, 5, 10, 15), 2),
        (("for: 2s", "every: 5s", "times: 1"), (0,), 2),
        (("at: 1s", "for: 2s", "every: 3s", "times: 2"), (1, 4), 2),
        (("for: 0.1s", "every: 0.2s", "at: 19.3s"), (19.3, 19.5, 19.7, 19.9), 0.1),
        (("for: 7s", "every: 9s", "times: 2"), (0, 9), 7),
    ],
)
def test_a_fault_that_is_repeated_is_one_each_time(
    reading: Read, small: str, lines: tuple[str, ...], begins: tuple[float, ...], length: float
) -> None:
    experiment = reading(repeated(small, *lines))
    start = experiment.phase_start("fault")
    assert experiment.phase_end("fault") - start == 20
    assert [fault.inject_s - start for fault in experiment.faults] == pytest.approx([*begins])
    lengths = [fault.undo_s - fault.inject_s for fault in experiment.faults]
    assert lengths == pytest.approx([length] * len(begins))
    assert reading(to_yaml(experiment)).faults == experiment.faults


def test_a_momentary_fault_is_repeated_without_a_length(reading: Read, small: str) -> None:
    lines = small.replace(
        "  - etcd.kill: {member: leader}\n",
        "  - etcd.defragment: {member: leader}\n    every: 4s\n",
    )
    faults = reading(lines).faults
    assert [fault.lasts for fault in faults] == ["momentary"] * len(faults)
    assert [fault.inject_s - faults[0].inject_s for fault in faults] == [0, 4, 8, 12, 16]


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        (("every: 5s",), 12, "every: needs for, which is less"),
        (("for: 5s", "every: 5s"), 12, "for: must be less than every, 5s"),
        (("for: 1s", "every: 0s"), 13, "every: must be more than 0s"),
        (("for: 1s", "times: 3"), 13, "times: says how often; say every as well"),
        (("for: 1s", "every: 4s", "times: 9"), 14, "times: only 5 fit into the phase"),
        (("for: 1s", "every: 4s", "times: 0"), 14, "times: must be a whole number, 1 or more"),
        (("for: 1s", "every: 4s", "times: true"), 14, "times: must be a whole number"),
        (("for: 1ms", "every: 2ms"), 13, "10,000 faults would begin in the phase; at most 500"),
    ],
)
def test_what_cannot_be_repeated_so_is_told_with_its_line(
    reading: Read, small: str, lines: tuple[str, ...], line: int, said: str
) -> None:
    with pytest.raises(BadFile) as refused:
        reading(repeated(small, *lines))
    [words] = str(refused.value).splitlines()
    assert f"x.yaml:{line}: " in words
    assert said in words


def test_a_target_that_is_refused_each_time_is_told_once(reading: Read, small: str) -> None:
    text = repeated(small, "for: 1s", "every: 4s").replace("random", "nowhere")
    with pytest.raises(BadFile) as refused:
        reading(text)
    [words] = str(refused.value).splitlines()
    assert 'no zone "nowhere"' in words
