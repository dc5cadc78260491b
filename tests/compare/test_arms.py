"""The arms of an experiment: each the drill with one thing changed; all else is refused, with its line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from two_arms import TWO_ARMS

from kubedrill.compare.arms import Comparison, Options, read_arm, read_comparison
from kubedrill.errors import BadFile, NotStarted

Write = Callable[[str], Path]
CACHED = """    cached:
      load[0].with.resource_version: "0"
"""
GOAWAY = "cluster.flags.kube-apiserver.goaway-chance"
RELATION = "cached.etcd.sent_bytes <= 10% * consistent.etcd.sent_bytes"


def read(file: Path, *overrides: str, on: str | None = None) -> Comparison:
    comparison = read_comparison(file, Options(overrides, on))
    assert comparison is not None
    return comparison


def test_each_arm_is_the_drill_with_one_thing_changed(write: Write) -> None:
    comparison = read(write(TWO_ARMS))
    assert [arm.name for arm in comparison.arms] == ["cached", "consistent"]
    given = [arm.experiment.loads[0].parameters for arm in comparison.arms]
    common = {"resource": "pods", "encoding": "protobuf"}
    assert given == [common | {"resource_version": "0"}, common | {"resource_version": "unset"}]
    assert " ".join(map(str, comparison.plays)) == "cached-1 consistent-1 consistent-2 cached-2"


def test_a_file_without_variants_has_no_arms(write: Write) -> None:
    assert read_comparison(write(TWO_ARMS.partition("variants:")[0]), Options()) is None


def test_options_change_every_arm_and_how_often_they_are_played(write: Write) -> None:
    comparison = read(write(TWO_ARMS), "phases.steady=7s", "variants.repeat=1")
    assert [arm.experiment.seconds for arm in comparison.arms] == [17, 17]
    assert len(comparison.plays) == 2


@pytest.mark.parametrize(
    "change",
    [
        ("faults: [{etcd.kill: {member: leader}, phase: steady}]", "faults: []"),
        ("cluster: local-3az", "cluster: local-3az-no-apf"),
        ("cluster: local-3az", "cluster: {name: local-3az, zones: [a]}"),
        (f"{GOAWAY}: 0.001", f"{GOAWAY}: null"),
        ("cluster.zones: [a]", "cluster.zones: [a, b]"),
        ("cluster.versions.etcd: v3.7.3", "cluster.versions.etcd: v3.6.0"),
        ("load[0].rate: 5/s", "load[0].rate: 10/s"),
        ("seed.pods: 10", "seed.pods: 20"),
        ("probing.rates.fresh: 5/s", "probing.rates.fresh: 10/s"),
    ],
    ids=lambda change: change[0].partition(":")[0],
)
def test_anything_of_a_drill_may_be_what_is_changed(write: Write, change: tuple[str, str]) -> None:
    assert len(read(write(with_changes(*change))).arms) == 2


def with_changes(first: str, second: str) -> str:
    """Return the experiment with other changes, on the lines 15 and 17."""
    arms = f"    cached:\n      {first}\n    consistent:\n      {second}\n"
    before, _, after = TWO_ARMS.partition("  arms:\n")
    return f"{before}  arms:\n{arms}  slos:{after.partition('  slos:')[2]}"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            f"{GOAWAY[:-1]}: 0.001",
            f"{GOAWAY[:-1]}: null",
            [
                (
                    15,
                    'kube-apiserver has no flag "goaway-chanc"; did you mean "goaway-chance"?',
                )
            ],
        ),
        (
            "cluster.flgas.kube-scheduler.v: 1",
            "cluster.flgas.kube-scheduler.v: 2",
            [
                (15, 'cluster local-3az: unknown key "flgas"; did you mean "flags"?'),
                (17, 'cluster local-3az: unknown key "flgas"; did you mean "flags"?'),
            ],
        ),
        (
            "cluster.zones: []",
            "cluster.zones: [a, a]",
            [
                (15, "cluster local-3az: zones must not be empty"),
                (17, "cluster local-3az: zones: the same zone twice"),
            ],
        ),
        (
            "cluster.versions.etcd: new",
            "cluster.versions.etcd: 3.7",
            [
                (15, 'cluster local-3az: versions.etcd: "new" is not a version, such as v1.37.2'),
                (17, "cluster local-3az: versions.etcd must be text"),
            ],
        ),
        ("cluster.name: local-3ax", "cluster.name: local-3az", [(15, 'did you mean "local-3az"?')]),
        (
            "load[0].rate: 5",
            "load[0].rate: fast",
            [(15, "load[0].rate"), (17, "load[0].rate")],
        ),
    ],
)
def test_what_is_wrong_is_told_of_every_arm(
    write: Write, first: str, second: str, said: list[tuple[int, str]]
) -> None:
    file = write(with_changes(first, second))
    with pytest.raises(BadFile) as raised:
        read(file)
    lines = str(raised.value).splitlines()
    assert len(lines) == len(said)
    for line, (number, words) in zip(lines, said, strict=True):
        assert line.startswith(f"{file}:{number}: ")
        assert words in line
    assert raised.value.line == said[0][0]


def test_what_is_wrong_beside_the_arms_is_told_once_and_in_its_place(write: Write) -> None:
    text = with_changes("load[0].rate: 5", "load[0].rate: 6").replace("p99 < 1s", "p99 < 1")
    with pytest.raises(BadFile) as raised:
        read(write(text))
    numbers = [int(line.split(":")[1]) for line in str(raised.value).splitlines()]
    assert numbers == [11, 15, 17]


def test_what_an_option_breaks_is_told_once(write: Write) -> None:
    with pytest.raises(NotStarted) as raised:
        read(write(TWO_ARMS), "cluster.zones=[]")
    assert str(raised.value) == ("--set cluster.zones: cluster local-3az: zones must not be empty")


def test_another_cluster_is_changed_as_the_arms_say(write: Write) -> None:
    text = with_changes(f"{GOAWAY}: 0.001", f"{GOAWAY}: null")
    arms = read(write(text), on="local-3az-no-apf").arms
    assert [arm.experiment.cluster for arm in arms] == ["local-3az-no-apf"] * 2
    off = {"enable-priority-and-fairness": False}
    flags = [arm.catalogue.cluster.definition.flags["kube-apiserver"] for arm in arms]
    assert flags == [off | {"goaway-chance": 0.001}, off]


def test_clusters_that_are_the_same_however_they_are_written_are_one(write: Write) -> None:
    text = with_changes("cluster.zones: [a, b, c]", "cluster.zones: null")
    with pytest.raises(BadFile, match='"consistent" is the same drill as arm "cached"') as raised:
        read(write(text))
    assert raised.value.line == 17


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (CACHED, "    cached: {}\n", 14, 'arm "cached" changes nothing'),
        (CACHED, CACHED + "      load[0].rate: 5/s\n", 14, 'arm "cached" changes 2 things'),
        (
            "load[0].with.resource_version: unset",
            "load[0].rate: 5/s",
            17,
            'arm "consistent" changes load[0].rate, and arm "cached" load[0].with.resource_version',
        ),
        (
            "load[0].with.resource_version",
            "laod[0].rate",
            15,
            'unknown key "laod"; did you mean "load"?',
        ),
        (
            "load[0].with.resource_version",
            "load[0].with.resource_verzion",
            15,
            'did you mean "resource_version"',
        ),
        ("load[0].with.resource_version", "load[4].rate", 15, '"load" ends before [4]'),
        ("load[0].with.resource_version", "phases.stedy", 15, 'did you mean "steady"'),
        ("load[0].with.resource_version", "slos.steady", 15, 'arm "cached" changes slos'),
        ("load[0].with.resource_version", "title", 15, 'arm "cached" changes title'),
        (
            "resource_version: unset",
            'resource_version: "0"',
            17,
            'is the same drill as arm "cached"',
        ),
        ("resource_version: unset", 'resource_version: "1x"', 17, "resource_version"),
        (CACHED, "", 13, "variants.arms"),
        ("    consistent:", "    Consistent:", 16, '"Consistent" is no name'),
        (
            "  slos:\n    steady:\n      - cached",
            "  slso:\n    steady:\n      - cached",
            12,
            'unknown key "slso"; did you mean "slos"?',
        ),
        (f"- {RELATION}", "", 19, "must be a list"),
        (f"\n      - {RELATION}", " []", 18, "no objective relates the arms"),
        (RELATION, RELATION.replace("consistent", "consistant"), 20, 'did you mean "consistent"?'),
        (RELATION, RELATION.replace("etcd.", "etcs."), 20, 'did you mean "etcd"?'),
        (RELATION, RELATION.replace(" cached", "", 1).replace("bytes", "byts"), 20, "sent_bytes"),
        ("    steady:\n      - cached", "    stedy:\n      - cached", 20, 'did you mean "steady"?'),
        (RELATION, f"{RELATION}\n      - {RELATION}", 21, "the same twice"),
        (RELATION, "cached.list.p98 < consistent.list.p99", 20, 'no "p98"'),
        (RELATION, "cached.fault.time_to_detect < consistent.fault.time_to_detect", 20, "a fault"),
        (RELATION, "cached.list.p99 < 1s", 20, "no figure of another arm"),
        (
            "  slos:\n    steady:\n      - c",
            "  repeat: 0\n  slos:\n    steady:\n      - c",
            18,
            "repeat",
        ),
    ],
)
def test_is_refused_with_its_line(
    write: Write, old: str, new: str, line: int, message: str
) -> None:
    assert old in TWO_ARMS
    with pytest.raises(BadFile) as raised:
        read(write(TWO_ARMS.replace(old, new)))
    assert message in str(raised.value)
    assert raised.value.line == line


def test_arms_that_replace_a_whole_mapping_differ_in_one_key_of_it(write: Write) -> None:
    whole = TWO_ARMS.replace('load[0].with.resource_version: "0"', "load[0].with: {resource: pods}")
    other = "load[0].with.resource_version: unset"
    right = whole.replace(other, 'load[0].with: {resource: pods, resource_version: "0"}')
    assert len(read(write(right)).arms) == 2
    wrong = right.replace('pods, resource_version: "0"', 'secrets, resource_version: "0"')
    with pytest.raises(
        BadFile, match=r"differs from arm .cached. in 2 things: resource, resource_v"
    ):
        read(write(wrong))


@pytest.mark.parametrize("typed", ["load[0].with.resource_version=0", "variants.arms.cached={}"])
def test_what_is_typed_is_not_lost_in_the_arms(write: Write, typed: str) -> None:
    with pytest.raises(NotStarted):
        read(write(TWO_ARMS), typed)


def test_a_cluster_that_is_typed_is_not_lost_in_the_arms(write: Write) -> None:
    text = TWO_ARMS.replace('load[0].with.resource_version: "0"', "cluster: local-3az")
    text = text.replace("load[0].with.resource_version: unset", "cluster: local-3az-no-apf")
    with pytest.raises(NotStarted, match="--cluster: each arm gives it a value of its own"):
        read(write(text), on="local-3az")


def test_one_arm_is_read_alone(write: Write) -> None:
    file = write(TWO_ARMS)
    arm = read_arm(file, "consistent", Options())
    assert arm.experiment.loads[0].parameters["resource_version"] == "unset"
    assert arm.written == "unset"
    with pytest.raises(NotStarted, match=r'unknown variant "cashed"; did you mean "cached"'):
        read_arm(file, "cashed", Options())
    with pytest.raises(NotStarted, match="has no variants; leave --variant out"):
        read_arm(write(TWO_ARMS.partition("variants:")[0]), "cached", Options())


def test_one_arm_may_be_given_what_another_cannot_take(write: Write) -> None:
    """limit and resource_version=0 contradict each other, in the arm that reads from the cache."""
    file, asked = write(TWO_ARMS), Options(["load[0].with.limit=500"])
    assert read_arm(file, "consistent", asked).experiment.loads[0].parameters["limit"] == 500
    with pytest.raises(NotStarted, match="limit"):
        read_comparison(file, asked)
