"""`kubedrill new`: what is begun is sound as it is."""

from pathlib import Path

import pytest
import yaml
from commanding import kubedrill

from kubedrill.errors import NotStarted
from kubedrill.project import KINDS, begin

NAMES = {
    "experiment": "my-first",
    "cluster": "my-own",
    "profile": "my-lists",
    "fault": "scheduler.freeze",
    "suite": "nightly",
}


def test_every_kind_is_begun() -> None:
    assert NAMES.keys() == KINDS.keys()


@pytest.mark.parametrize("what", ["experiment", "cluster", "suite"])
def test_a_file_is_valid(tmp_path: Path, what: str) -> None:
    begin("cluster", "local-3az", tmp_path)
    file = begin(what, NAMES[what], tmp_path)
    done = kubedrill("validate", file, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert isinstance(yaml.safe_load(file.read_text()), dict)


def test_a_profile_is_one(tmp_path: Path) -> None:
    file = begin("profile", NAMES["profile"], tmp_path)
    assert file.name == "my_lists.py"
    done = kubedrill("profiles", "my-lists", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "whose pods are listed" in done.stdout
    assert "RBAC must allow" in done.stdout


def test_a_fault_is_one_and_an_experiment_may_name_it(tmp_path: Path) -> None:
    begin("cluster", "local-3az", tmp_path)
    begin("fault", NAMES["fault"], tmp_path)
    file = begin("experiment", "my-first", tmp_path)
    text = file.read_text().replace("etcd.kill: {member: leader}", "scheduler.freeze: {zone: b}")
    file.write_text(text.replace("etcd.healthy_members == 2", "etcd.healthy_members == 3"))
    done = kubedrill("plan", file, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "scheduler.freeze" in done.stdout


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("experiment", "../x"),
        ("cluster", "A"),
        ("profile", ""),
        ("fault", "freeze"),
        ("fault", "a.B"),
    ],
)
def test_what_is_no_name_is_refused(tmp_path: Path, what: str, name: str) -> None:
    with pytest.raises(
        NotStarted, match=f"is no name of a new {what}; write {KINDS[what].example}"
    ):
        begin(what, name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays(tmp_path: Path) -> None:
    file = begin("cluster", "mine", tmp_path)
    file.write_text("# edited\n")
    with pytest.raises(NotStarted, match=r"mine\.yaml is there already"):
        begin("cluster", "mine", tmp_path)
    assert file.read_text() == "# edited\n"
