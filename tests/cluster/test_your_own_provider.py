"""docs/your-own-provider.md: a package from outside, named in one place, is found by every command."""

import json
import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml
from commanding import kubedrill as command_of_its_own
from jsonschema import Draft202012Validator

from kubedrill.record.cluster import ClusterRecord, Endpoint

PAGE = (Path(__file__).parents[2] / "docs" / "your-own-provider.md").read_text(encoding="utf-8")
[CODE] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
[POINTS] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
[FILE] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
EXPERIMENT = {
    "title": "t",
    "why": "w",
    "cluster": "theirs",
    "phases": {"baseline": "5s", "fault": "5s"},
    "slos": {"fault": ["availability >= 99%"]},
}
FAULT = {"faults": [{"etcd.kill": {"member": "a"}}]}

Kubedrill = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A user's folder, whose environment has another distribution installed."""
    package = tmp_path / "site" / "described_clusters"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(CODE)
    point(tmp_path, "described", "described_clusters:PROVIDER")
    record = ClusterRecord(
        name="theirs",
        provider="somebody",
        zoning="racks",
        zones=("a", "b", "c"),
        folder="",
        balancer=Endpoint("192.0.2.1", 6443),
        ca_file="",
        server_name="kubernetes",
        components=(),
        identities={},
        capabilities=(),
        versions={},
    )
    record.write(tmp_path / "cluster.json")
    for name in ("clusters", "experiments"):
        (tmp_path / name).mkdir()
    file = FILE.replace("/srv/theirs", str(tmp_path))
    (tmp_path / "clusters" / "theirs.yaml").write_text(file)
    (tmp_path / "experiments" / "x.yaml").write_text(yaml.safe_dump(EXPERIMENT))
    (tmp_path / "experiments" / "kill.yaml").write_text(yaml.safe_dump(EXPERIMENT | FAULT))
    return tmp_path


def point(project: Path, name: str, value: str) -> None:
    """Install a distribution that names a provider."""
    [group] = re.findall(r'entry-points."(.*)"', POINTS)
    assert 'described = "described_clusters:PROVIDER"' in POINTS
    installed = project / "site" / "described_clusters-1.0.dist-info"
    installed.mkdir(exist_ok=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: described\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")


@pytest.fixture
def kubedrill(project: Path) -> Kubedrill:
    return partial(
        command_of_its_own,
        cwd=project,
        PYTHONPATH=str(project / "site"),
        KUBEDRILL_STATE=str(project / "state"),
    )


def test_its_files_are_read_and_refused_with_their_line(project: Path, kubedrill: Kubedrill):
    file = project / "clusters" / "theirs.yaml"
    assert kubedrill("validate", "clusters/theirs.yaml").returncode == 0
    for text, line, words in [
        ("provider: describd\n", 1, 'did you mean "described"'),
        ("provider: described\nrecrd: /x\n", 2, 'unknown key "recrd"; did you mean "record"'),
        ("provider: described\nrecord: x\n", 2, "record: x is no absolute path"),
        ("provider: described\nrecord: /nix/x\n", 2, "record: there is no file /nix/x"),
    ]:
        file.write_text(text)
        done = kubedrill("validate", "clusters/theirs.yaml")
        assert done.returncode == 3
        assert f"theirs.yaml:{line}: " in done.stderr
        assert words in done.stderr


def test_its_files_have_a_schema_beside_those_of_ours(kubedrill: Kubedrill):
    schema = json.loads(kubedrill("schema", "cluster").stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"provider": "described", "record": "/x"})
    assert validator.is_valid({"provider": "local", "zones": ["a"]})
    assert not validator.is_valid({"provider": "described", "zones": ["a"]})
    assert not validator.is_valid({"provider": "else"})


def test_what_may_not_be_done_to_it_is_refused_with_the_reason(kubedrill: Kubedrill):
    assert kubedrill("plan", "experiments/x.yaml").returncode == 0
    for verb in ("validate", "plan", "run"):
        done = kubedrill(verb, "experiments/kill.yaml")
        assert done.returncode == 3
        needs = "etcd.kill needs the capability holding etcd (it is somebody else's)"
        assert f"{needs}; this cluster has: nothing" in done.stderr


def test_what_needs_a_cluster_to_throw_away_is_refused(project: Path, kubedrill: Kubedrill):
    other = project / "other.json"
    other.write_bytes((project / "cluster.json").read_bytes())
    changed = EXPERIMENT | {"cluster": {"name": "theirs", "record": str(other)}}
    (project / "experiments" / "changed.yaml").write_text(yaml.safe_dump(changed))
    said = "the cluster theirs is not kubedrill's, and stays; choose another cluster"
    done = kubedrill("run", "experiments/changed.yaml")
    assert done.returncode == 3
    assert said in " ".join(done.stderr.split())
    planned = json.loads(kubedrill("plan", "experiments/changed.yaml", "--json").stdout)
    assert said in planned["refused"]


def test_it_comes_up_is_shown_and_goes(project: Path, kubedrill: Kubedrill):
    assert "theirs is up: 192.0.2.1:6443" in kubedrill("cluster", "up", "theirs").stdout
    [status] = json.loads(kubedrill("cluster", "status", "theirs", "--json").stdout)
    assert (status["state"], status["components"]) == ("up", {})
    assert "theirs is up already" in kubedrill("cluster", "up", "theirs").stderr
    assert kubedrill("plan", "experiments/x.yaml").returncode == 0
    assert kubedrill("cluster", "down", "theirs").returncode == 0
    [status] = json.loads(kubedrill("cluster", "status", "theirs", "--json").stdout)
    assert status["state"] == "down"


def test_a_package_that_is_no_provider_hinders_only_who_may_mean_it(
    project: Path, kubedrill: Kubedrill
):
    (project / "site" / "described_clusters" / "__init__.py").write_text("import nothing_like_it")
    (project / "clusters" / "ours.yaml").write_text("provider: local\n")
    assert kubedrill("validate", "clusters/ours.yaml").returncode == 0
    done = kubedrill("validate", "clusters/theirs.yaml")
    assert done.returncode == 3
    assert "described_clusters:PROVIDER: cannot be imported as a provider" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("import Literal", "import Literal\nraise SystemExit(7)", "SystemExit: 7"),
        ("PROVIDER = Provider()", "PROVIDER = Provider", "it is a class, and must be an object"),
        ("PROVIDER = Provider()", "PROVIDER = None", "it has no name, no engine, no definition"),
        ("    engine = False\n", "", "it has no engine"),
        ("def handle(", "def handl(", "it has no handle"),
        (
            'name = "described"',
            'name = "other"',
            "its name is other, and its entry point's described",
        ),
        ("definition = Described", "definition = dict", "its definition must be a model with"),
        ('provider: Literal["described"]', "provider: str", 'provider: Literal["described"]'),
        ("path = Path(definition.record)", "path = {}['x']", "provider described: KeyError: 'x' ("),
        ("return description(", "return {}['x'](", "provider described: KeyError: 'x' ("),
        ("return description(", "return print(", "provider described: TypeError: "),
    ],
)
def test_what_is_wrong_with_it_is_told_to_who_means_it(
    project: Path, kubedrill: Kubedrill, old: str, new: str, why: str
):
    assert old in CODE
    (project / "site" / "described_clusters" / "__init__.py").write_text(CODE.replace(old, new))
    done = kubedrill("plan", "experiments/x.yaml")
    assert done.returncode == 3, done.stderr
    assert why in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('is checked already."""', 'is checked already."""\n        {}["x"]'),
        ("told = self.capabilities(definition)", "told = {}['x']"),
    ],
)
def test_one_that_fails_brings_nothing_up(project: Path, kubedrill: Kubedrill, old: str, new: str):
    assert old in CODE
    (project / "site" / "described_clusters" / "__init__.py").write_text(CODE.replace(old, new))
    done = kubedrill("cluster", "up", "theirs")
    assert done.returncode == 3
    assert "provider described: KeyError: 'x' (" in done.stderr
    assert kubedrill("cluster", "status").stdout == "no cluster is up\n"


def test_it_may_not_have_the_name_of_another(project: Path, kubedrill: Kubedrill):
    point(project, "local", "described_clusters:PROVIDER")
    done = kubedrill("validate", "clusters/theirs.yaml")
    assert "there is a provider local already" in done.stderr
