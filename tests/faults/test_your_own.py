"""docs/your-own-fault.md: its fault, in a file of a user's, is found by everything, and played for real."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from commanding import kubedrill

from kubedrill.cluster.provider import handle_of
from kubedrill.faults.catalogue import NEEDED, faults, flaws, gather
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


def test_it_is_found_by_its_name(project: Path) -> None:
    assert kubedrill("validate", "experiments/x.yaml", cwd=project).returncode == 0
    listed = json.loads(kubedrill("faults", "--json", cwd=project).stdout)
    assert {"etcd.kill", "scheduler.kill"} <= {row["fault"] for row in listed}
    planned = json.loads(kubedrill("plan", "experiments/x.yaml", "--json", cwd=project).stdout)
    assert planned["targets"] == [f"kube-scheduler-{zone}" for zone in "abc"]
    schema = json.loads(kubedrill("schema", "experiment", cwd=project).stdout)
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
    done = kubedrill("validate", str(file), cwd=project)
    assert done.returncode == 3
    assert re.search(rf"x\.yaml:\d+: {re.escape(why)}", done.stderr), done.stderr


@pytest.mark.parametrize("text", ["raise SystemExit(7)", "import no_such_thing", "x = 1", "class"])
def test_a_file_that_is_none_hinders_only_who_may_mean_it(project: Path, text: str) -> None:
    (project / "faults" / "broken.py").write_text(text)
    assert kubedrill("validate", "experiments/x.yaml", cwd=project).returncode == 0
    assert "broken.py" in kubedrill("faults", "--json", cwd=project).stdout
    file = project / "experiments" / "y.yaml"
    file.write_text(yaml.safe_dump(BASE | {"faults": [{"broken.kill": {}}]}))
    done = kubedrill("validate", str(file), cwd=project)
    assert done.returncode == 3
    assert 'unknown fault "broken.kill"' in done.stderr
    assert "broken.py" in done.stderr


SAYS = re.compile(r"^    (\w+) = .*\n", re.MULTILINE)
DOES = re.compile(r"    def (\w+)\(.*?(?=\n    def |\Z)", re.DOTALL)


def without(name: str) -> str:
    """Return the page's fault without a line or a function of it."""
    return DOES.sub(
        lambda found: "" if found[1] == name else found[0],
        SAYS.sub(lambda found: "" if found[1] == name else found[0], CODE),
    )


@pytest.mark.parametrize(
    ("code", "why"),
    [
        *((without(name), f"does not say its {name}") for name in NEEDED),
        *(
            (without(name), f"has no {name}")
            for name in ("asked", "candidates", "inject", "did", "took_effect")
        ),
        *(
            (without(name), f"has no {name}, and is lasting")
            for name in ("lapse", "undo", "undone")
        ),
        (without("return_s"), "return_s: 0.0 is no time; seconds, more than 0"),
        (CODE.replace("= 5.0", '= "5s"'), "effect_s: 5s is no time; seconds, more than 0"),
        (CODE.replace("= 5.0", "= float('nan')"), "effect_s: nan is no time"),
        (CODE.replace('"scheduler.kill"', '"activity"'), 'name: "activity" is none'),
        (CODE.replace('"scheduler.kill"', "3"), 'name: "3" is none'),
        (
            CODE.replace('hits = "zone"', 'hits = "zon"'),
            'it has no field "zon"; did you mean "zone"?',
        ),
        (CODE.replace("scheduler-{}", "scheduler"), 'target: "kube-scheduler" needs one {}'),
        (CODE.replace("of zone {zone}", "of zone {zon}"), 'blast_radius: it has no field "zon"'),
        (
            CODE.replace('Need("holding", "kube-scheduler"),', '"holding kube-scheduler",'),
            "needs: holding kube-scheduler is none",
        ),
        (CODE.replace('Need("holding"', 'Need("holdin"'), "needs: holdin kube-scheduler is none"),
        (
            CODE.replace('hits = "zone"', 'hits = "zone"\n    lasts = "momentry"'),
            'lasts: "momentry"; did you mean "momentary"?',
        ),
        (
            CODE + CODE.partition("\n\n\n")[2].replace("class Sch", "class AnotherSch"),
            "has scheduler.kill twice",
        ),
        (CODE.replace("zone: Whom =", "zone ="), "PydanticUserError: Field 'zone' requires"),
        (CODE + "\n  x = (", "IndentationError"),
    ],
)
def test_what_is_wrong_with_a_fault_is_told_before_anybody_uses_it(
    tmp_path: Path, code: str, why: str
) -> None:
    assert code != CODE
    file = tmp_path / "scheduler.py"
    file.write_text(code)
    gathered = gather([file])
    assert {*gathered.kinds} == {*faults()}
    [said] = gathered.wrong
    assert said.startswith(f"{file}: ")
    assert why in said
    assert "docs/your-own-fault.md" in said


def test_every_fault_of_the_package_says_what_it_must() -> None:
    assert {name: why for name, kind in faults().items() for why in flaws(kind)} == {}


def test_what_faults_have_in_common_is_none_itself(tmp_path: Path) -> None:
    file = tmp_path / "both.py"
    base = without("name").replace("class SchedulerKill(Fault)", "class Both(Fault)")
    own = 'class {}(Both):\n    name = "scheduler.{}"\n    effect_s = 5.0\n\n\n'
    file.write_text(f"{base}\n\n{own.format('One', 'kill_one')}{own.format('Two', 'kill_two')}")
    gathered = gather([file])
    assert gathered.wrong == ()
    assert {*gathered.kinds} - {*faults()} == {"scheduler.kill_one", "scheduler.kill_two"}


@pytest.mark.parametrize(
    ("function", "why"),
    [
        ("def refuse(self, cluster):\n        raise KeyError('x')", "KeyError: 'x'"),
        ("def tolls(self, cluster):\n        return None", "TypeError: "),
    ],
)
def test_one_that_cannot_say_whether_it_may_be_injected_is_refused(
    project: Path, function: str, why: str
) -> None:
    (project / "faults" / "scheduler.py").write_text(f"{CODE}\n    {function}\n")
    done = kubedrill("validate", "experiments/x.yaml", cwd=project)
    assert done.returncode == 3
    words = "scheduler.kill: it cannot be known whether it may be injected: "
    assert re.search(rf"x\.yaml:\d+: {re.escape(words + why)}", done.stderr), done.stderr


def test_values_that_it_does_not_take_together_are_told_with_their_line(project: Path) -> None:
    code = CODE.replace("import Field", "import Field, model_validator")
    check = (
        "@model_validator(mode='after')\n    def check(self):\n        raise ValueError('never')"
    )
    (project / "faults" / "scheduler.py").write_text(f"{code}\n    {check}\n")
    done = kubedrill("validate", "experiments/x.yaml", cwd=project)
    assert done.returncode == 3
    assert re.search(r"x\.yaml:\d+: scheduler\.kill: .*never", done.stderr), done.stderr


def test_what_its_file_prints_is_no_answer_of_a_command(project: Path) -> None:
    (project / "faults" / "scheduler.py").write_text(f"{CODE}\nprint('hello')\n")
    done = kubedrill("validate", "experiments/x.yaml", "--json", cwd=project)
    assert json.loads(done.stdout) == {"experiments/x.yaml": []}


def test_it_may_not_have_the_name_of_another(project: Path) -> None:
    (project / "faults" / "other.py").write_text(CODE.replace("scheduler.kill", "etcd.kill"))
    assert "there is a fault etcd.kill already" in kubedrill("faults", "--json", cwd=project).stdout


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    made = RunFolder.create(tmp_path / "reports", "own")
    cluster.write(made.cluster)
    yield made
    assert undo_open(Ledger(made.ledger)) == []


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
