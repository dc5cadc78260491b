"""docs/your-own-fault.md: its fault, in a file of a user's, is found by everything, and played for real."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kubedrill.cluster.provider import handle_of
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger import undo as undo_open

PAGE = (Path(__file__).parents[2] / "docs" / "your-own-fault.md").read_text(encoding="utf-8")
[CODE] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[ENTRY] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
BASE = {
    "title": "t",
    "why": "w",
    "cluster": "local-3az",
    "phases": {"baseline": "5s", "fault": "5s"},
    "slos": {"fault": ["availability >= 99%"]},
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("experiments", "faults"):
        (tmp_path / name).mkdir()
    (tmp_path / "faults" / "scheduler.py").write_text(CODE)
    file = tmp_path / "experiments" / "x.yaml"
    file.write_text(yaml.safe_dump(BASE | yaml.safe_load(ENTRY)))
    return tmp_path


def kubedrill(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "kubedrill", *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_it_is_found_by_its_name(project: Path) -> None:
    assert kubedrill(project, "validate", "experiments/x.yaml").returncode == 0
    listed = json.loads(kubedrill(project, "faults", "--json").stdout)
    assert {"etcd.kill", "scheduler.kill"} <= {one["fault"] for one in listed}
    planned = json.loads(kubedrill(project, "plan", "experiments/x.yaml", "--json").stdout)
    assert planned["targets"] == [f"kube-scheduler-{zone}" for zone in "abc"]
    schema = json.loads(kubedrill(project, "schema", "experiment").stdout)
    assert "scheduler.kill" in json.dumps(schema)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("{scheduler.kill: {zone: d}}", 'scheduler.kill: no zone "d"; known: '),
        (
            "{scheduler.kill: {zon: a}}",
            'scheduler.kill has no parameter "zon"; did you mean "zone"?',
        ),
        (
            "{scheduler.kil: {zone: a}}",
            'unknown fault "scheduler.kil"; did you mean "scheduler.kill"?',
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(project: Path, entry: str, why: str) -> None:
    file = project / "experiments" / "x.yaml"
    file.write_text(yaml.safe_dump(BASE) + f"faults:\n- {entry}\n")
    done = kubedrill(project, "validate", str(file))
    assert done.returncode == 3
    assert re.search(rf"x\.yaml:\d+: {re.escape(why)}", done.stderr), done.stderr


@pytest.mark.parametrize("text", ["raise SystemExit(7)", "import no_such_thing", "x = 1", "class"])
def test_a_file_that_is_none_hinders_only_who_may_mean_it(project: Path, text: str) -> None:
    (project / "faults" / "broken.py").write_text(text)
    assert kubedrill(project, "validate", "experiments/x.yaml").returncode == 0
    assert "broken.py" in kubedrill(project, "faults", "--json").stdout
    file = project / "experiments" / "y.yaml"
    file.write_text(yaml.safe_dump(BASE | {"faults": [{"broken.kill": {}}]}))
    done = kubedrill(project, "validate", str(file))
    assert done.returncode == 3
    assert 'unknown fault "broken.kill"' in done.stderr
    assert "broken.py" in done.stderr


def test_it_may_not_have_the_name_of_another(project: Path) -> None:
    (project / "faults" / "other.py").write_text(CODE.replace("scheduler.kill", "etcd.kill"))
    assert "there is a fault etcd.kill already" in kubedrill(project, "faults", "--json").stdout


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    one = RunFolder.create(tmp_path / "reports", "own")
    cluster.write(one.cluster)
    yield one
    assert undo_open(Ledger(one.ledger)) == []


@pytest.mark.cluster
@pytest.mark.breaks
def test_it_is_played_and_undone_by_whoever_finds_the_ledger(
    cluster: ClusterRecord, project: Path, folder: RunFolder
) -> None:
    file = str(project / "faults" / "scheduler.py")
    done = inject("scheduler.kill", {"zone": "random"}, str(folder.path), file=file)
    [target] = done["targets"]
    assert handle_of(cluster).components()[target].state == "held"
    [entry] = Ledger(folder.ledger).open_entries()
    assert entry.arguments["file"] == file
    assert undo_open(Ledger(folder.ledger)) == []
    assert handle_of(cluster).components()[target].state == "running"
    assert (
        undo("scheduler.kill", str(folder.path), file=file)["undone"]
        == "already, or never injected"
    )
