"""Faults of a user's own that are momentary or irreversible, or whose undo takes too long: played."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml
from commanding import kubedrill
from json_lines import read_lines

from kubedrill import cluster as clusters
from kubedrill.cluster.provider import handle_of
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger import undo as undo_open

FAULT = '''
"""Faults that a test plays."""

from kubedrill.faults.fault import Fault, Whom, missing, proof
from kubedrill.faults.processes import KILL, running


class OfATest(Fault):
    """Do something to a scheduler."""

    name = "{name}"
    functions = ("hit", "mend")
    hits = "zone"
    target = "kube-scheduler-{{}}"
    blast_radius = "the scheduler of zone {{zone}}"
    lasts = "{lasts}"
    effect_s = 10.0
    return_s = 0.5

    zone: Whom

    def asked(self):
        return self.zone

    def candidates(self, scene):
        return running(scene, self.target)

    def inject(self, scene):
        {inject}

    def did(self, scene):
        return "killed once"

    def took_effect(self, scene):
        {took_effect}

    def lapse(self, scene):
        {lapse}

    def undo(self, scene):
        {undo}

    def undone(self, scene):
        {undone}
'''
EMPTY = {"inject": "return {}", "took_effect": 'return proof("seen")'}
EMPTY |= {"lapse": "return None", "undo": "pass", "undone": 'return proof("as before")'}
RESTART = {
    "inject": "facts = KILL.inject(scene)\n"
    "        KILL.undo(scene)\n"
    "        return {'pids': facts['pids']}",
    "took_effect": "states = scene.handle.components()\n"
    "        new = [name for name, pid in scene.facts['pids'].items()\n"
    "               if states[name].state == 'running' and states[name].pid != pid]\n"
    "        return proof('runs anew') if new else missing('not started again', *scene.targets)",
}
NEVER = {"undone": 'return missing("not running", *scene.targets)'}
BASE = {
    "title": "t",
    "why": "w",
    "cluster": "local-3az",
    "phases": {"baseline": "5s", "fault": "5s"},
    "slos": {"fault": ["availability >= 99%"]},
}


def fault(name: str, lasts: str, **bodies: str) -> str:
    return FAULT.format(name=name, lasts=lasts, **{**EMPTY, **bodies})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a fault of each kind, all of them in files of their own, and an experiment a fault."""
    for name in ("experiments", "faults"):
        (tmp_path / name).mkdir()
    for lasts in ("lasting", "momentary", "irreversible"):
        name = f"{lasts}.one"
        (tmp_path / "faults" / f"{lasts}.py").write_text(fault(name, lasts))
        file = tmp_path / "experiments" / f"{lasts}.yaml"
        file.write_text(yaml.safe_dump(BASE | {"faults": [{name: {"zone": "a"}}]}))
    return tmp_path


@pytest.mark.parametrize(
    ("lasts", "words", "undos"),
    [
        ("lasting", "from 5s to 10s; needs nothing", 2),
        ("momentary", "at 5s, and over at once; needs nothing", 0),
        ("irreversible", "at 5s, and cannot be undone: only on a cluster that is thrown away", 0),
    ],
)
def test_an_empty_fault_is_found_by_everything(
    project: Path, lasts: str, words: str, undos: int
) -> None:
    file, name = f"experiments/{lasts}.yaml", f"{lasts}.one"
    # No cluster is up there: one that is stays, and is asked what it takes.
    asked = partial(kubedrill, cwd=project, KUBEDRILL_STATE=str(project / "state"))
    assert asked("validate", file).returncode == 0
    listed = json.loads(asked("faults", "--json").stdout)
    assert name in {row["fault"] for row in listed}
    assert name in asked("schema", "experiment").stdout
    planned = json.loads(asked("plan", file, "--json").stdout)
    assert [planned["faults"][0][key] for key in ("name", "lasts")] == [name, lasts]
    assert planned["refused"] == ""
    said = " ".join(asked("plan", file).stdout.split())
    assert words in said
    assert "kube-scheduler-a" in said
    expanded = json.loads(asked("expand", file).stdout)
    edges = [action["name"] for action in (*expanded["method"], *expanded["rollbacks"])]
    assert edges.count(f"inject 0: {name}") == 1
    assert edges.count(f"undo 0: {name}") == undos


def test_what_cannot_be_undone_is_refused_where_the_cluster_is_kept(project: Path) -> None:
    file = "experiments/irreversible.yaml"
    done = kubedrill("run", file, "--keep-cluster", "--reports", "reports", cwd=project)
    assert done.returncode == 3
    assert (
        "irreversible.one cannot be undone, so that the cluster is to be thrown away, and "
        "--keep-cluster keeps the cluster; leave that out"
    ) in " ".join(done.stderr.split())
    assert not list((project / "reports").glob("*/*"))


@pytest.mark.cluster
@pytest.mark.breaks
def test_what_cannot_be_undone_is_refused_where_the_cluster_was_up(
    cluster: ClusterRecord, project: Path
) -> None:
    file, words = "experiments/irreversible.yaml", "the cluster local-3az is up, and stays"
    done = kubedrill("run", file, "--reports", "reports", cwd=project)
    assert done.returncode == 3
    assert words in " ".join(done.stderr.split())
    assert not list((project / "reports").glob("*/*"))
    assert words in json.loads(kubedrill("plan", file, "--json", cwd=project).stdout)["refused"]
    expanded = project / "chaos.json"
    expanded.write_text(kubedrill("expand", file, cwd=project).stdout)
    command = [str(Path(sys.executable).with_name("chaos")), "run", str(expanded)]
    played = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert words in " ".join((played.stdout + played.stderr).split())
    assert not list((project / "reports").glob("*/*"))
    assert clusters.find("local-3az") == cluster


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    folder = RunFolder.create(tmp_path / "reports", "own")
    cluster.write(folder.cluster)
    yield folder
    assert undo_open(Ledger(folder.ledger)) == []


def events(folder: RunFolder) -> list[str]:
    return [line["event"] for line in read_lines(folder.faults)]


@pytest.mark.cluster
@pytest.mark.breaks
@pytest.mark.parametrize("lasts", ["momentary", "irreversible"])
def test_what_does_not_last_is_proven_and_leaves_nothing_to_undo(
    cluster: ClusterRecord, folder: RunFolder, tmp_path: Path, lasts: str
) -> None:
    file = tmp_path / "restarting.py"
    file.write_text(fault("scheduler.restart", lasts, **RESTART))
    before = handle_of(cluster).components()["kube-scheduler-a"].pid
    done = inject("scheduler.restart", {"zone": "a"}, str(folder.path), file=str(file))
    assert done["proof"].startswith("runs anew")
    assert handle_of(cluster).components()["kube-scheduler-a"].pid != before
    assert events(folder) == ["injecting", "injected", "took-effect"]
    assert Ledger(folder.ledger).open_entries() == []
    undone = undo("scheduler.restart", str(folder.path), file=str(file))
    assert undone == {"undone": "already, or never injected"}


@pytest.mark.cluster
def test_one_that_shows_no_effect_is_told(folder: RunFolder, tmp_path: Path) -> None:
    file = tmp_path / "nothing.py"
    nothing = fault("scheduler.none", "momentary", took_effect='return missing("nothing showed")')
    file.write_text(nothing.replace("effect_s = 10.0", "effect_s = 0.2"))
    with pytest.raises(FaultFailed, match=r"after 0\.2 s nothing showed"):
        inject("scheduler.none", {"zone": "a"}, str(folder.path), file=str(file))
    assert events(folder)[-1] == "failed"


@pytest.mark.cluster
def test_an_undo_that_times_out_says_of_whom_what_was_waited_for_and_the_last_line_of_its_log(
    cluster: ClusterRecord, folder: RunFolder, tmp_path: Path
) -> None:
    file = tmp_path / "stubborn.py"
    file.write_text(fault("scheduler.stubborn", "lasting", **NEVER))
    inject("scheduler.stubborn", {"zone": "b"}, str(folder.path), file=str(file))
    begun = time.monotonic()
    with pytest.raises(FaultFailed) as told:
        undo("scheduler.stubborn", str(folder.path), file=str(file))
    assert time.monotonic() - begun >= 0.5
    words = (
        r"scheduler\.stubborn on kube-scheduler-b: after 0\.5 s not running; "
        r"last line of kube-scheduler-b's log: \S.*"
    )
    assert re.fullmatch(words, str(told.value)), told.value
    [entry] = Ledger(folder.ledger).open_entries()
    Ledger(folder.ledger).undone(entry.id)


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("lapse", "words"),
    [
        (
            "return {}['x']",
            r"nobody knows whether it lasted \(KeyError: 'x' \(blind\.py:\d+, in lapse\)\)",
        ),
        (
            "from kubedrill.cluster.handle import HandleError; raise HandleError('no answer')",
            r"nobody could look when it was undone \(no answer\)",
        ),
    ],
)
def test_what_nobody_could_look_at_did_not_last_and_is_undone_all_the_same(
    folder: RunFolder, tmp_path: Path, lapse: str, words: str
) -> None:
    file = tmp_path / "blind.py"
    file.write_text(fault("scheduler.blind", "lasting", lapse=lapse))
    inject("scheduler.blind", {"zone": "a"}, str(folder.path), file=str(file))
    with pytest.raises(FaultFailed, match=f"{words} .* it did not last"):
        undo("scheduler.blind", str(folder.path), file=str(file))
    assert Ledger(folder.ledger).open_entries() == []
    assert "undone" in events(folder)


@pytest.mark.cluster
def test_a_cluster_that_does_not_answer_is_asked_again(folder: RunFolder, tmp_path: Path) -> None:
    file = tmp_path / "slow.py"
    count = "import pathlib; asked = pathlib.Path(__file__).with_suffix('.asked'); "
    count += "asked.write_text(asked.read_text() + 'x' if asked.exists() else 'x')\n"
    took_effect = count + (
        "        if len(asked.read_text()) < 3:\n"
        "            from kubedrill.cluster.handle import HandleError\n"
        "            raise HandleError('no answer')\n"
        "        return proof('seen')"
    )
    file.write_text(fault("scheduler.slow", "momentary", took_effect=took_effect))
    done = inject("scheduler.slow", {"zone": "a"}, str(folder.path), file=str(file))
    assert done["proof"].startswith("seen")


@pytest.mark.cluster
@pytest.mark.parametrize("where", ["inject", "took_effect"])
def test_code_that_fails_is_told_with_its_line(
    folder: RunFolder, tmp_path: Path, where: str
) -> None:
    file = tmp_path / "failing.py"
    file.write_text(fault("scheduler.failing", "lasting", **{where: "return {}['x']"}))
    with pytest.raises(FaultFailed, match=rf"KeyError: 'x' \(failing\.py:\d+, in {where}\)"):
        inject("scheduler.failing", {"zone": "a"}, str(folder.path), file=str(file))
    assert events(folder)[-1] == "failed"
    undo("scheduler.failing", str(folder.path), file=str(file))
    assert Ledger(folder.ledger).open_entries() == []
