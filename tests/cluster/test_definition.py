"""Cluster files: what is accepted, and what is said about the rest."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kubedrill import places
from kubedrill.cluster import load_changed, load_definition
from kubedrill.errors import BadFile


def read(tmp_path: Path, text: str):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return load_definition(path)


def test_the_shipped_one():
    definition = load_definition(places.cluster_file("local-3az", Path(__file__)))
    assert definition.zones == ("a", "b", "c")
    assert (definition.zoning, definition.etcd, definition.port) == ("auto", "all", None)


def test_every_key(tmp_path: Path):
    definition = read(
        tmp_path,
        "provider: local\nzones: [x]\nzoning: loopback\netcd: stacked\nport: 7443\n"
        "versions: {kubernetes: v1.37.2}\n"
        "flags: {kube-apiserver: {goaway-chance: 0.001, profiling: false, v: 4, audit-log-format: json}}\n"
        "environment: {etcd: {GOGC: 400, GOMEMLIMIT: 2GiB}, kube-apiserver: {GOGC: 'off'}}\n",
    )
    assert definition.environment["etcd"] == {"GOGC": 400, "GOMEMLIMIT": "2GiB"}
    assert definition.flags["kube-apiserver"] == {
        "goaway-chance": 0.001,
        "profiling": False,
        "v": 4,
        "audit-log-format": "json",
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("provider: locl\n", 1, 'did you mean "local"'),
        ("provider: local\nzone: [a]\n", 2, 'did you mean "zones"'),
        ("provider: local\nzones: []\n", 2, "zones"),
        ("provider: local\nzones: [a, a]\n", 2, "same zone twice"),
        ("provider: local\nzones: [A]\n", 2, 'zones[0]: "A" is not a zone\'s name'),
        ("provider: local\nzones:\n- a\n- leader\n", 4, "give the zone another name"),
        ("provider: local\nzones:\n- random\n", 3, "give the zone another name"),
        ("provider: local\nzones: [a, b, c, d, e, f, g, h, i, j]\n", 2, "at most 9 in it, not 10"),
        (
            "provider: local\nflags: {etcd: {v: [1]}}\n",
            2,
            "flags.etcd.v must be text or a",
        ),
        ("provider: local\nport: 70000\n", 2, "65535"),
        ("provider: local\nport: '6443'\n", 2, "whole number"),
        ("provider: local\nzoning: vm\n", 2, "netns"),
        ("provider: local\nflags: {kube-apiservr: {}}\n", 2, "kube-apiserver"),
        ("provider: local\nenvironment: {etcd: {GOCG: 400}}\n", 2, 'did you mean "GOGC"?'),
        ("provider: local\nenvironment: {etcd: {PATH: /}}\n", 2, "known: GOGC, GOMAXPROCS, GOMEM"),
        ("provider: local\nenvironment: {etcd: {GOGC: 4x}}\n", 2, "4x is not a share in percent"),
        ("provider: local\nenvironment: {etcd: {GOMAXPROCS: 0}}\n", 2, "0 is not a number of th"),
        ("provider: local\nenvironment: {haproxy: {GOGC: 400}}\n", 2, "haproxy"),
        ("zones: [a]\n", None, "provider"),
        ("provider: local\nversions: {etcd: new}\n", 2, '"new" is not a version, such as v1.37.2'),
        ("provider: local\nversions: {kubernetes: 1.37}\n", 2, "versions.kubernetes must be text"),
    ],
)
def test_errors_name_line_and_cure(tmp_path: Path, text: str, line: int | None, words: str):
    with pytest.raises(BadFile) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert line is None or caught.value.line == line


OFF = {"enable-priority-and-fairness": False}


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"zones": ["z"]}, "zones", ("z",)),
        ({"port": 7000}, "port", 7000),
        ({"port": None}, "port", None),
        ({"zones": None}, "zones", ("a", "b", "c")),
        (
            {"flags": {"kube-scheduler": {"v": 4}}},
            "flags",
            {"kube-apiserver": OFF, "kube-scheduler": {"v": 4}},
        ),
        ({"flags": {"kube-apiserver": {"v": 4}}}, "flags", {"kube-apiserver": OFF | {"v": 4}}),
        (
            {"flags": {"kube-apiserver": {"enable-priority-and-fairness": True}}},
            "flags",
            {"kube-apiserver": {"enable-priority-and-fairness": True}},
        ),
        (
            {"flags": {"kube-apiserver": {"enable-priority-and-fairness": None}}},
            "flags",
            {"kube-apiserver": {}},
        ),
        ({"flags": {"etcd": {"heartbeat-interval": None}}}, "flags", {"kube-apiserver": OFF}),
        ({"flags": None}, "flags", {}),
        ({"flags": {}}, "flags", {"kube-apiserver": OFF}),
    ],
)
def test_changes_are_put_into_mappings_and_replace_all_else(
    tmp_path: Path, changes: dict[str, Any], key: str, value: object
):
    path = tmp_path / "c.yaml"
    path.write_text(
        "provider: local\nzones: [x, y]\nport: 7443\n"
        "flags: {kube-apiserver: {enable-priority-and-fairness: false}}\n"
    )
    before = load_definition(path)
    definition, flaws = load_changed(path, changes)
    assert (definition is not None, flaws) == (True, [])
    keys = ("zones", "zoning", "etcd", "port", "load_users", "flags", "versions")
    expected = {name: getattr(before, name) for name in keys} | {key: value}
    assert {name: getattr(definition, name) for name in keys} == expected


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"zone": ["a"]}, ("zone",), 'unknown key "zone"; did you mean "zones"?'),
        ({"provider": "locl"}, ("provider",), 'did you mean "local"'),
        ({"zones": {"a": 1}}, ("zones",), "zones must be a list, not a mapping"),
        ({"flags": {"etcd": {"wal-dir": "/"}}}, ("flags", "etcd", "wal-dir"), "leave it out"),
        ({"flags": "none"}, ("flags",), "flags must be a mapping"),
    ],
)
def test_changes_that_do_not_fit_say_where_and_why(
    tmp_path: Path, changes: dict[str, Any], where: tuple[str, ...], words: str
):
    path = tmp_path / "c.yaml"
    path.write_text("provider: local\n")
    definition, [flaw] = load_changed(path, changes)
    assert (definition, flaw.where) == (None, where)
    assert words in flaw.why


def test_a_file_that_is_wrong_itself_is_told_with_its_line(tmp_path: Path):
    path = tmp_path / "c.yaml"
    path.write_text("provider: local\nzone: [a]\n")
    with pytest.raises(BadFile, match=r"c\.yaml:2: unknown key"):
        load_changed(path, {"zone": None})


ONCE = """
import sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
from kubedrill.cli import main
try:
    main()
finally:
    print("opened", sum(name.endswith("c.yaml") for name in opened))
"""


@pytest.mark.parametrize("verb", ["validate", "plan", "expand", "run"])
def test_a_command_reads_the_file_once(tmp_path: Path, verb: str):
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "c.yaml").write_text("provider: local\nzones: [a, b, c]\n")
    experiment = tmp_path / "x.yaml"
    experiment.write_text(
        "title: t\nwhy: w\ncluster: c\nphases: {baseline: 5s, fault: 5s}\n"
        "faults: [etcd.kill: {member: a}]\nslos: {fault: [availability >= 99%]}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", ONCE, verb, str(experiment)],
        cwd=tmp_path,
        # Without binaries nothing is started.
        env=os.environ | {"KUBEBUILDER_ASSETS": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (3 if verb == "run" else 0), done.stderr
    assert done.stdout.splitlines()[-1] == "opened 1"
