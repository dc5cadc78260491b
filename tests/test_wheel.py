"""kubedrill as it is installed: from its wheel, in a folder that holds nothing of the repository."""

import json
import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from kubedrill.cli import cli

TOP = Path(__file__).resolve().parents[1]
Ran = "subprocess.CompletedProcess[str]"

NOT_SAFE = {
    "run": "plays a drill",
    "suite": "plays drills",
    "confirm": "needs a drill that waits for somebody",
    "setup": "may download and build",
    "worker": "waits for a master",
    "judge": "needs a run",
    "report": "needs a run",
    "history": "needs runs",
    "index": "needs runs",
    "compare": "needs runs",
    "changes": "needs runs",
    "baseline set": "needs runs",
    "baseline remove": "needs a baseline",
    "stop": "needs a drill that runs",
    "init": "makes a folder of one's own",
    "new": "begins a folder of one's own, in which names mean others",
    "cluster up": "brings a control plane up",
    "cluster env": "needs a cluster that is up",
    "cluster adopt": "needs a cluster, and somebody who types",
    "cluster inspect": "needs a cluster that was adopted",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Run a line of a shell that finds the installed kubedrill, in an empty folder."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=TOP, check=True, capture_output=True, timeout=120)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True, timeout=120)
    [wheel] = folder.glob("*.whl")
    pip = [str(folder / "venv" / "bin" / "pip"), "install", "--no-deps", "--no-index", "-q"]
    subprocess.run([*pip, str(wheel)], check=True, timeout=120)
    # What it depends on is lent by the tests' own environment; kubedrill itself is not.
    [packages] = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
    (folder / "empty").mkdir()

    def run(line: str) -> Ran:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=folder / "empty",
            env={
                **os.environ,
                "PATH": f"{folder / 'venv' / 'bin'}:{os.environ['PATH']}",
                "KUBEDRILL_STATE": str(folder / "state"),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield " ".join([*above, name]), command


EXAMPLES = {
    name: (command.epilog or "").removeprefix("Example: ") for name, command in commands(cli)
}


def test_it_is_the_wheel_that_is_tested(installed: Callable[[str], Ran]) -> None:
    where = installed("python -c 'import kubedrill; print(kubedrill.__file__)'").stdout
    assert "/wheel" in where
    assert str(TOP) not in where


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in NOT_SAFE])
def test_the_example_in_its_help_works(installed: Callable[[str], Ran], name: str) -> None:
    ran = installed(EXAMPLES[name])
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""


@pytest.mark.parametrize("name", NOT_SAFE)
def test_the_other_examples_name_what_the_wheel_has(name: str) -> None:
    words = shlex.split(EXAMPLES[name].removeprefix('eval "$(').removesuffix(')"'))
    assert " ".join(words).startswith(f"kubedrill {name}")
    assert not [word for word in words if word.startswith("experiments/")]


def test_a_folder_of_ones_own_is_made_and_added_to(installed: Callable[[str], Ran]) -> None:
    lines = (
        *("mkdir ../own && cd ../own", "kubedrill init drills && cd drills"),
        *(EXAMPLES["new"], "kubedrill validate my-first etcd-member-kill", "kubedrill init ."),
    )
    ran = installed(" && ".join(lines))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "0 files written" in ran.stdout


def test_a_misspelt_name_is_told_from_a_path(installed: Callable[[str], Ran]) -> None:
    for command in ("run", "plan", "expand", "validate"):
        ran = installed(f"kubedrill {command} etcd-membr-kill")
        assert ran.returncode == 3
        what = "experiment or cluster" if command == "validate" else "experiment"
        said = f'unknown {what} "etcd-membr-kill"; did you mean "etcd-member-kill"?'
        assert ran.stderr == f"{said}\n"
        assert installed(f"kubedrill {command} etcd-member-kill.yaml").returncode == 3


def test_the_list_is_readable_at_80_columns(installed: Callable[[str], Ran]) -> None:
    rows = json.loads(installed("kubedrill list --json").stdout)
    # `script` is a terminal of that width; without one lines are 100 wide.
    shown = installed("script -qec 'stty cols 80; kubedrill list' /dev/null").stdout
    lines = click.unstyle(shown).replace("\r", "").splitlines()
    assert max(map(len, lines)) <= 80
    for row in rows:
        assert any(f" {row['experiment']} " in line for line in lines), "names are never cut"
    assert "site-packages" not in shown
