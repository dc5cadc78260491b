"""Entries of `faults:` that Chaos Toolkit would take, and we do not."""

from collections.abc import Callable

import pytest

from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment import Experiment

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
