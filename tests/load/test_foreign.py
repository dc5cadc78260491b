"""A locustfile that is no profile: refused is who names it, and nobody else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from commanding import kubedrill
from no_files import a_folder, a_pipe, endless

from kubedrill.load import describe as describing
from kubedrill.load.describe import NotAProfile, ProfileDescriptions, describe

TOP = Path(__file__).parents[2]

PLAIN = (
    "from locust import HttpUser, task\nclass Shop(HttpUser):\n    @task\n    def buy(self): ...\n"
)
FOREIGN = {
    "plain": (PLAIN, "needs one concrete subclass of KubernetesUser, has 0"),
    "raises": ("raise RuntimeError('not\\nyours')", "RuntimeError: not yours"),
    "needs": ("import nothing_like_it", "No module named 'nothing_like_it'"),
    "syntax": ("def (", "SyntaxError: "),
    "exits": ("import sys\nsys.exit('bye')", "it ends Python when it is imported: sys.exit('bye')"),
    "exits_well": ("import sys\nsys.exit()", "it ends Python when it is imported: sys.exit(None)"),
    "interrupted": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "dies": ("import os\nos._exit(0)", "importing it ended Python (exit code 0)"),
    "killed": ("import os\nos.kill(os.getpid(), 9)", "importing it ended Python (exit code -9)"),
    "asks": ("input('whom? ')", "it asks for something when it is imported, and nobody answers"),
    "talks": ("print('{}')\nprint('x' * 100_000)", "has 0"),
    "latin": (b"x = '\xff'", "not UTF-8"),
    "nul": (b"x = 1\0", "SyntaxError"),
    "empty": ("", "has 0"),
    "threads": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()",
        "0",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with the shipped profiles, and an experiment without load."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    for kind in ("loadprofiles", "clusters"):
        shutil.copytree(TOP / kind, tmp_path / kind, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "experiments").mkdir()
    return tmp_path


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / "loadprofiles" / f"{name}.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_each_has_its_reason_and_the_shipped_ones_are_described(folder: Path) -> None:
    for name, (text, _) in FOREIGN.items():
        write(folder, name, text)
    found = ProfileDescriptions(sorted((folder / "loadprofiles").glob("*.py"))).look_at_all()
    for name, (_, reason) in FOREIGN.items():
        profile = found.pop(name.replace("_", "-"))
        assert isinstance(profile, NotAProfile)
        assert reason in profile.reason, name
        assert "\n" not in str(profile)
        assert str(profile).startswith(f"{folder}/loadprofiles/{name}.py: not a load profile: ")
        assert "docs/profiles/your-own.md" in str(profile)
    wrong = [profile for profile in found.values() if isinstance(profile, NotAProfile)]
    assert not wrong
    assert set(found) == {
        path.stem.replace("_", "-") for path in (TOP / "loadprofiles").glob("*.py")
    }


def of_nowhere(path: Path) -> None:
    path.symlink_to("nowhere.py")


@pytest.mark.parametrize("make", [a_folder, a_pipe, endless, of_nowhere])
def test_what_is_no_file(folder: Path, make: Callable[[Path], None]) -> None:
    path = folder / "loadprofiles" / "odd.py"
    make(path)
    mine, odd = describe(folder / "loadprofiles" / "mass_list.py", path)
    assert not isinstance(mine, NotAProfile)
    assert isinstance(odd, NotAProfile)


def test_one_that_hangs_costs_its_limit_and_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describing, "TIMEOUT_S", 15)
    hangs = write(folder, "hangs", "import time\nwhile True: time.sleep(1)")
    others = [folder / "loadprofiles" / name for name in ("mass_list.py", "secret_flood.py")]
    first, foreign, second = describe(others[0], hangs, others[1])
    assert isinstance(foreign, NotAProfile)
    assert foreign.reason == "importing it takes longer than 15 s"
    assert not isinstance(first, NotAProfile)
    assert not isinstance(second, NotAProfile)


EXPERIMENT = """\
title: t
why: w
cluster: local-3az
{load}phases: {{baseline: 10s}}
slos: {{baseline: [probe.failed == 0]}}
"""
LOAD = "load:\n  - profile: {profile}\n    as: x\n    rate: 1/s\n"


def test_only_who_names_it_is_refused(folder: Path) -> None:
    write(folder, "shop", PLAIN + "input('password? ')\n")
    for name, load in {
        "still": "",
        "lists": LOAD.format(profile="mass-list"),
        "shops": LOAD.format(profile="shop"),
    }.items():
        (folder / "experiments" / f"{name}.yaml").write_text(EXPERIMENT.format(load=load))
    files = [f"experiments/{name}.yaml" for name in ("lists", "shops", "still")]
    said = kubedrill("validate", *files, cwd=folder)
    assert said.returncode == 3
    assert said.stdout.splitlines() == [f"{files[0]}: ok", f"{files[2]}: ok"]
    reason = (
        "loadprofiles/shop.py: not a load profile: it asks for something when it is imported, and nobody "
        "answers; docs/profiles/your-own.md says how to write one"
    )
    assert said.stderr.startswith(f"{files[1]}:5: ")
    assert said.stderr.endswith(f"{reason}\n")
    for command in ("plan", "run"):
        refused = kubedrill(command, files[1], cwd=folder)
        assert (refused.returncode, refused.stderr) == (3, said.stderr)
    assert kubedrill("plan", files[2], cwd=folder).returncode == 0
    rows = {
        row["experiment"]: row for row in json.loads(kubedrill("list", "--json", cwd=folder).stdout)
    }
    assert reason in rows["shops"]["title"]
    assert {name: row["wrong"] for name, row in rows.items()} == {
        "lists": False,
        "shops": True,
        "still": False,
    }


def test_the_catalogue_shows_it_with_its_reason(folder: Path) -> None:
    write(folder, "shop", PLAIN)
    listed = kubedrill("profiles", "--json", cwd=folder)
    assert listed.returncode == 0
    rows = {row["profile"]: row for row in json.loads(listed.stdout)}
    assert [name for name, row in rows.items() if row["wrong"]] == ["shop"]
    assert rows["shop"]["what it sends"].startswith("not a load profile: needs one concrete")
    asked = kubedrill("profiles", "shop", cwd=folder)
    assert asked.returncode == 3
    assert "loadprofiles/shop.py: not a load profile: " in asked.stderr


BARE = '''
"""Says little."""
from kubedrill.load.user import Arrival, KubernetesUser, Parameters, RequestSeries, Result

class BareParameters(Parameters):
    word: str | None = None
    number: int = 3

class Bare(KubernetesUser):
    series = (RequestSeries("bare", "GET", "transaction"),)
    parameters = BareParameters
    def transact(self, arrival: Arrival) -> Result: ...
'''


def test_a_profile_that_says_little_of_its_parameters_is_shown(folder: Path) -> None:
    write(folder, "bare", BARE)
    shown = kubedrill("profiles", "bare", "--json", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    rows = {row["parameter"]: row for row in json.loads(shown.stdout)}
    assert (rows["word"]["takes"], rows["number"]["takes"]) == ("string or null", "integer")
