"""Drills on a cluster of somebody else's whose file gives commands: broken, mended, left over, found out."""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from bare_cluster import CONTEXT, Theirs, everything, somebodys
from commanding import kubedrill
from drills import SHORT, Drills, RunningDrill, reasons
from ended import left_processes
from json_lines import read_lines
from shooting import everything_of, shoot

from kubedrill.cluster.adopted.adopting import file_of, look_at
from kubedrill.cluster.provider import handle_of
from kubedrill.record.elsewhere import ALIVE_S

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

NAME = "staging"
SCHEDULER = "kube-scheduler-a"
COMMAND = Path(__file__).parents[1] / "shared" / "local_component.py"
VERBS = ("proof", "kill", "stop", "start", "pause", "proceed", "restart")
LONG = {"phases": SHORT["phases"] | {"fault": "10m"}}
JUDGED_BY_OTHERS = "what others take of the machine makes a drill INVALID, rightly"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theirs]:
    with somebodys("operated", tmp_path_factory.mktemp("theirs")) as cluster:
        cluster.allow(everything())
        yield cluster


@pytest.fixture
def given(project: Path, theirs: Theirs) -> Iterator[Path]:
    """The cluster's file; whatever a test leaves there is taken away."""
    file = project / "clusters" / f"{NAME}.yaml"
    write(file, theirs)
    yield file
    handle_of(theirs.record).holding.release(SCHEDULER)  # type: ignore[union-attr]
    kubedrill("heal", "--reports", project / "reports", cwd=project)
    kubedrill("cluster", "down", NAME, cwd=project)
    assert theirs.there() == set()


def write(file: Path, theirs: Theirs, **others: list[str]) -> None:
    """Write the file, with commands for the scheduler, some of them others."""
    kubeconfig = str(theirs.kubeconfig)
    said = yaml.safe_load(file_of(look_at(kubeconfig, CONTEXT), kubeconfig))
    command = [sys.executable, "-I", str(COMMAND), theirs.record.folder]
    known = {verb: [*command, verb, SCHEDULER] for verb in VERBS}
    given = {"zones": ["a"], "components": {SCHEDULER: known | others | {"takes": "20s"}}}
    file.write_text(yaml.safe_dump(said | given, sort_keys=False))


def state(theirs: Theirs) -> str:
    return handle_of(theirs.record).components()[SCHEDULER].state


def fault(verb: str, **changes: Any) -> dict[str, Any]:
    return {
        "cluster": NAME,
        "faults": [{f"kube-scheduler.{verb}": {"zone": "a"}, "phase": "fault"}],
        **changes,
    }


@pytest.mark.again(JUDGED_BY_OTHERS)
@pytest.mark.parametrize(
    ("verb", "broken"),
    [pytest.param("kill", "held", marks=pytest.mark.torture), ("pause", "paused")],
)
def test_it_is_broken_for_a_phase_and_mended(
    drill: Drills, theirs: Theirs, given: Path, verb: str, broken: str
) -> None:
    running = drill(verb, fault(verb))
    running.wait_for(broken, lambda: state(theirs) == broken)
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert state(theirs) == "running"
    [found] = verdict["faults"]
    assert (found["target"], found["took_effect"], found["undone"]) == (SCHEDULER, True, True)
    log = (running.folder.logs / "faults.log").read_text()
    assert f"local_component.py {theirs.record.folder} {verb} {SCHEDULER}" in log
    assert theirs.there() == set()


SABOTAGE: Mapping[str, tuple[dict[str, list[str]], str]] = {
    "a command without effect": ({"kill": ["true"]}, f"{SCHEDULER} was running again"),
    "a command that fails": ({"kill": ["false"]}, f"{SCHEDULER}: kill: false ended with status 1"),
}


@pytest.mark.torture
@pytest.mark.parametrize("what", SABOTAGE)
def test_what_does_not_break_it_is_found_out(
    drill: Drills, theirs: Theirs, given: Path, what: str
) -> None:
    commands, words = SABOTAGE[what]
    write(given, theirs, **commands)
    code, verdict = drill(
        "sabotaged", fault("kill", phases=SHORT["phases"] | {"fault": "15s"})
    ).finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert words in reasons(verdict)
    assert state(theirs) == "running"


def test_what_comes_back_too_early_is_found_out(drill: Drills, theirs: Theirs, given: Path) -> None:
    running = drill("early", fault("kill", phases=SHORT["phases"] | {"fault": "15s"}))
    running.wait_for("took-effect", lambda: told(running, "took-effect"))
    handle_of(theirs.record).holding.release(SCHEDULER)  # type: ignore[union-attr]
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert f"{SCHEDULER} was running again" in reasons(verdict)


def told(running: RunningDrill, event: str) -> bool:
    return any(line["event"] == event for line in read_lines(running.folder.faults))


@pytest.mark.torture
def test_what_is_not_mended_is_left_over_until_heal_has_other_commands(
    drill: Drills, project: Path, theirs: Theirs, given: Path
) -> None:
    gate = project / "gate"
    script = f"test -e {gate} && exec {sys.executable} {COMMAND} {theirs.record.folder} start {SCHEDULER}"
    write(given, theirs, start=["sh", "-c", script])
    running = drill("left", fault("kill"))
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID")
    assert state(theirs) == "held"
    reports = ("--reports", running.reports)
    assert kubedrill("heal", *reports, cwd=project).returncode == 1
    gate.touch()
    healed = kubedrill("heal", *reports, cwd=project)
    assert healed.returncode == 0, healed.stdout + healed.stderr
    assert state(theirs) == "running"
    assert theirs.there() == set()


def test_without_a_proof_nothing_is_started(project: Path, theirs: Theirs, given: Path) -> None:
    write(given, theirs, proof=["false"])
    file = project / "experiments" / "refused.yaml"
    file.write_text(yaml.safe_dump(SHORT | fault("kill"), sort_keys=False))
    done = kubedrill("run", file, "--reports", project / "refused", cwd=project)
    assert done.returncode == 3
    assert f"components.{SCHEDULER} of the cluster's file: proof: it says that it does not run" in (
        " ".join(done.stderr.split())
    )
    assert not (project / "refused").exists()
    assert theirs.there() == set()


@pytest.mark.torture
def test_killed_with_its_watchdog_it_is_healed(
    drill: Drills, project: Path, theirs: Theirs, given: Path
) -> None:
    running = drill("killed", fault("kill") | LONG)
    running.wait_for("held", lambda: state(theirs) == "held")
    shoot(running)
    running.process.wait()
    until = time.monotonic() + 60
    while left_processes(running) and time.monotonic() < until:
        time.sleep(0.2)
    done = kubedrill("heal", "--reports", running.reports, cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert state(theirs) == "running"
    assert theirs.there() == set()


def test_killed_with_its_disk_it_is_healed_from_another_machine_by_its_commands(
    drill: Drills, project: Path, tmp_path: Path, theirs: Theirs, given: Path
) -> None:
    here, there = tmp_path / "here", {"KUBEDRILL_STATE": str(tmp_path / "there")}
    running = drill("lost", fault("kill") | LONG, state=here)
    running.wait_for("took-effect", lambda: told(running, "took-effect"))
    everything_of(running)
    shutil.rmtree(here)
    shutil.rmtree(running.reports)
    time.sleep(ALIVE_S)  # nobody may take it for dead before
    assert state(theirs) == "held"
    write(given, theirs, stop=["true"])
    done = kubedrill("heal", "--cluster", NAME, cwd=project, **there)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "kube-scheduler.kill: undone" in done.stdout
    assert "have changed since it was injected" in done.stderr
    assert state(theirs) == "running"
    assert theirs.there() == set()
