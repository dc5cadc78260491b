"""Components that a cluster file gives commands for: what is said of them before anything is started."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from commanding import kubedrill
from jsonschema import Draft202012Validator
from operated import come_up, commands, definition, program

from kubedrill.catalogue import read_experiment
from kubedrill.errors import NotStarted
from kubedrill.order import Leavings, Order, check_ready

ZONES = ["eu-1a", "eu-1b", "eu-1c"]
CLUSTER: dict[str, Any] = {
    "provider": "kubeconfig",
    "context": "theirs",
    "authority": f"sha256:{64 * '0'}",
    "system_uid": 36 * "0",
    "zones": ZONES,
}


def component(zone: str, **others: Any) -> dict[str, Any]:
    ssh = ["ssh", "{node}", "sudo"]
    known = {
        "node": f"cp-{zone}",
        "proof": [*ssh, "ps", "-o", "pid=,stat=", "-C", "etcd"],
        "kill": [*ssh, "/opt/drill/hold etcd"],
        "start": [*ssh, "/opt/drill/start", "etcd"],
    }
    return {**known, **others}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("clusters", "experiments"):
        (tmp_path / name).mkdir()
    given(tmp_path)
    return tmp_path


def given(project: Path, **others: Any) -> None:
    """Let the file have commands for etcd."""
    parts = {f"etcd-{zone}": component(zone, **others) for zone in ZONES}
    text = yaml.safe_dump(CLUSTER | {"components": parts}, sort_keys=False)
    (project / "clusters" / "theirs.yaml").write_text(text)


def experiment(project: Path, fault: str = "etcd.kill", member: object = "eu-1b") -> Path:
    """Write an experiment with a fault on a member."""
    said = {
        "title": "A member is taken out",
        "why": "It must not be missed.",
        "cluster": "theirs",
        "phases": {"baseline": "5s", "fault": "5s"},
        "faults": [{fault: {"member": member}, "phase": "fault"}],
        "slos": {"fault": ["availability >= 99%"]},
    }
    file = project / "experiments" / "x.yaml"
    file.write_text(yaml.safe_dump(said, sort_keys=False))
    return file


def refused(project: Path, **fault: Any) -> str:
    """Return why an experiment is refused."""
    done = kubedrill("validate", experiment(project, **fault), cwd=project)
    assert done.returncode == 3, done.stdout + done.stderr
    return " ".join(done.stderr.split())


def ready(project: Path) -> None:
    """Raise NotStarted unless a drill could begin just now."""
    file = experiment(project)
    read, known = read_experiment(file)
    assert known.cluster
    assert known.cluster.definition
    check_ready(Order(file, read, known, Leavings(project)), known.cluster.definition)


def test_what_is_given_is_planned_with_the_very_commands(project: Path) -> None:
    file = experiment(project)
    assert kubedrill("validate", file, cwd=project).returncode == 0
    said = kubedrill("plan", file, cwd=project).stdout
    assert "runs: ssh cp-eu-1b sudo '/opt/drill/hold etcd'" in said
    assert "undo: ssh cp-eu-1b sudo /opt/drill/start etcd" in said
    assert "cp-eu-1a" not in said
    planned = json.loads(kubedrill("plan", file, "--json", cwd=project).stdout)
    [fault] = planned["faults"]
    assert fault["targets"] == ["etcd-eu-1b"]
    assert fault["commands"] == [
        ["ssh cp-eu-1b sudo '/opt/drill/hold etcd'", "ssh cp-eu-1b sudo /opt/drill/start etcd"]
    ]


def test_the_page_on_it_shows_a_file_that_is_right(project: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "your-control-plane.md").read_text(
        encoding="utf-8"
    )
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[-1])
    file = project / "clusters" / "theirs.yaml"
    file.write_text(yaml.safe_dump(CLUSTER | example))
    can = {"etcd.kill": 0, "etcd.pause": 0, "etcd.stop": 3}
    for fault, code in can.items():
        assert kubedrill("validate", experiment(project, fault), cwd=project).returncode == code
    schema = json.loads(kubedrill("schema", "cluster", cwd=project).stdout)
    Draft202012Validator(schema).validate(yaml.safe_load(file.read_text()))


def test_of_what_chance_chooses_all_commands_are_planned(project: Path) -> None:
    said = kubedrill("plan", experiment(project, member="random"), cwd=project).stdout
    assert all(f"runs: ssh cp-{zone} sudo" in said for zone in ZONES)


def test_what_is_not_given_is_refused_and_it_is_said_what_to_add(project: Path) -> None:
    assert "components.etcd-eu-1a in its file has no stop" in refused(project, fault="etcd.stop")
    assert "components.etcd-eu-1a in its file has no pause" in refused(project, fault="etcd.pause")
    assert "etcd.isolate needs the capability cutting link (its machines are out of reach)" in (
        refused(project, fault="etcd.isolate")
    )


def test_quorum_is_kept_and_the_leader_is_nobodys_to_ask(project: Path) -> None:
    assert "would leave 1 of 3 members" in refused(project, member=ZONES[:2])
    said = refused(project, member="leader")
    assert "etcd.kill: nobody can tell which etcd leads" in said
    assert "name a zone, or random" in said


def test_no_experiment_brings_commands_of_its_own(project: Path) -> None:
    file = experiment(project)
    changed = "cluster.components.etcd-eu-1b.takes=20s"
    done = kubedrill("plan", file, "--set", changed, cwd=project)
    assert done.returncode == 3
    assert "components can be changed in" in done.stderr


def test_limits_hold_for_it_as_for_every_fault(project: Path) -> None:
    file = project / "clusters" / "theirs.yaml"
    file.write_text(file.read_text() + "limits: {forbidden: ['etcd.*']}\n")
    assert "etcd.kill is forbidden" in refused(project)


def test_each_fault_has_its_answer(project: Path) -> None:
    done = kubedrill("faults", "--json", "--cluster", "theirs", cwd=project)
    told = {row["fault"]: row["on theirs"] for row in json.loads(done.stdout)}
    assert told["etcd.kill"] == "yes"
    assert told["etcd.stop"] == "no: holding etcd: components.etcd-eu-1a in its file has no stop"
    assert told["kube-scheduler.kill"] == (
        "no: holding kube-scheduler: its machines are out of reach; give commands that reach them under "
        "components in its file: components.kube-scheduler-ZONE"
    )


def test_a_drill_is_refused_unless_every_proof_that_it_needs_tells_of_a_process(
    project: Path, tmp_path: Path
) -> None:
    with program(tmp_path / "etcd") as at:
        given(project, **commands(at))
        ready(project)
        given(project, **commands(at, proof=["false"]))
        with pytest.raises(
            NotStarted, match=r"components.etcd-eu-1a .* it says that it does not r"
        ):
            ready(project)
        given(project, **commands(at, proof=["sh", "-c", "exit 255"]))
        with pytest.raises(NotStarted, match=r"x.yaml: cluster theirs: .* does not tell: sh ended"):
            ready(project)
        given(project, **commands(at, kill=["no-such-program"]))
        with pytest.raises(NotStarted, match="kill: there is no program no-such-program"):
            ready(project)


def test_a_drill_is_refused_on_what_came_up_with_other_commands(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    with program(tmp_path / "etcd") as at:
        given(project, **commands(at))
        parts = {f"etcd-{zone}": component(zone, **commands(at)) for zone in ZONES}
        come_up(definition(parts, *ZONES), "theirs")
        ready(project)
        given(project, **commands(at), takes="20s")
        with pytest.raises(NotStarted, match="was brought up with other commands for its compo"):
            ready(project)
