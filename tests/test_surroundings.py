"""Whatever is closed, full, gone or not ours: commands answer in words and with the right code."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pytest
from commanding import kubedrill
from judged_drill import JudgedDrill
from judged_parts import CLUSTER
from thinned import thinned

from kubedrill.judge import judge
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.lines import adapter

TOP = Path(__file__).resolve().parents[1]
SHIPPED = TOP / "experiments" / "etcd-member-kill.yaml"

BASH = ("bash", "-o", "pipefail", "-c")
ANSWERS = {
    "--version": "--version",
    "--help": "--help",
    "plan": f"plan {SHIPPED}",
    "expand": f"expand {SHIPPED}",
    "list": "list",
    "faults": "faults",
    "profiles": "profiles --json",
    "schema": "schema verdict",
    "completion": "completion bash",
    "history": "history --reports RUN/../..",
    "cluster status": "cluster status",
    "baseline list": "baseline list",
}
"""Commands that do nothing but print."""

DEEDS = {
    "run": f"run {SHIPPED} --cluster nix",
    "suite": "suite nix.yaml",
    "confirm": "confirm RUN step",
    "validate": f"validate {SHIPPED}",
    "setup": "setup",
    "init": "init /dev/null",
    "new": "new cluster NIX",
    "worker": "worker --master nowhere",
    "judge": "judge RUN",
    "judge --json": "judge RUN --json",
    "report": "report RUN",
    "compare": "compare nix nox",
    "changes": "changes nix",
    "baseline set": "baseline set good RUN",
    "baseline remove": "baseline remove nix",
    "stop": "stop local-3az",
    "freeze": "freeze nix --until 2001-01-01 --why release",
    "thaw": "thaw nix",
    "heal": "heal",
    "index": "index --reports RUN/../..",
    "cluster up": "cluster up nix",
    "cluster down": "cluster down local-3az",
    "cluster env": "cluster env local-3az",
    "cluster adopt": "cluster adopt mine --context nix",
    "cluster inspect": "cluster inspect local-3az",
    "cluster rbac": "cluster rbac nix",
}
"""Commands whose exit code says what they did or found, or that refuse."""

COMMANDS = [*ANSWERS, *DEEDS]


def some_commands(first: int) -> pytest.MarkDecorator:
    """Every third command; the others are left to `make torture`."""
    return pytest.mark.parametrize("command", thinned(COMMANDS, keep_one_in=3, first=first))


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs a command from a folder that holds nothing: `shell(command, redirection)` in a shell.

    Without a redirection no shell is needed, and it is forked from what has imported the program.
    """

    here: Path
    run: Path
    environment: dict[str, str]

    def __call__(
        self, command: str, around: str = "{}", **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        line = (ANSWERS | DEEDS)[command].replace("RUN", shlex.quote(str(self.run)))
        environment = self.environment | environment
        if around == "{}":
            done = kubedrill(*shlex.split(line), cwd=self.here, **environment)
        else:
            done = subprocess.run(
                [*BASH, around.format(f"{sys.executable} -m kubedrill {line}")],
                capture_output=True,
                text=True,
                cwd=self.here,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                timeout=120,
                check=False,
            )
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("surroundings")
    run = JudgedDrill().write(folder / "reports")
    judge(run).write(run.verdict)
    for name in ("here", "programs"):
        (folder / name).mkdir()
    for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        program = folder / "programs" / name
        version = "3.7.3" if name == "etcd" else "v1.37.2"
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
    environment = {
        "KUBEDRILL_STATE": str(folder / "state"),
        "KUBEBUILDER_ASSETS": str(folder / "programs"),
    }
    return Shell(folder / "here", run.path, environment)


@pytest.fixture(scope="module")
def usual(shell: Shell) -> Callable[[str], int]:
    """Return the exit code of a command where nothing is wrong; each is asked once."""
    known: dict[str, int] = {}

    def code(command: str) -> int:
        if command not in known:
            known[command] = shell(command).returncode
        return known[command]

    return code


def test_the_table_names_every_command() -> None:
    from kubedrill.cli import cli

    groups = {name: group for name, group in cli.commands.items() if isinstance(group, click.Group)}
    names = {f"{name} {below}" for name, group in groups.items() for below in group.commands}
    names |= cli.commands.keys() - groups.keys()
    assert names <= {*ANSWERS, *DEEDS}


UNPRINTABLE = {"{} >&-": "closed", "{} >/dev/full": "No space left on device"}


@pytest.mark.parametrize(("command", "around"), thinned(COMMANDS, UNPRINTABLE, keep_one_in=3))
def test_what_cannot_be_printed_is_said(
    shell: Shell, usual: Callable[[str], int], command: str, around: str
) -> None:
    done = shell(command, around)
    if usual(command) == 3:  # what refuses has its words on stderr
        assert (done.returncode, done.stdout) == (3, "")
        return
    assert done.returncode == (1 if command in ANSWERS else usual(command))
    assert done.stderr.endswith(
        f"stdout: {UNPRINTABLE[around]}; what this command prints is lost\n"
    )


@some_commands(0)
def test_a_reader_that_has_enough_is_no_failure(
    shell: Shell, usual: Callable[[str], int], command: str
) -> None:
    # A reader that is gone before the first byte comes: the harder case of `| head -1`.
    done = shell(command, "{} | true")
    assert done.returncode == usual(command)
    assert "stdout" not in done.stderr


@some_commands(1)
def test_a_closed_stderr_changes_nothing(
    shell: Shell, usual: Callable[[str], int], command: str
) -> None:
    done = shell(command, "{} 2>&-")
    assert done.returncode == usual(command)
    assert done.stderr == ""


@some_commands(2)
def test_with_every_stream_closed_the_code_is_the_same(
    shell: Shell, usual: Callable[[str], int], command: str
) -> None:
    done = shell(command, "{} <&- >&- 2>&-")
    assert done.returncode == (1 if command in ANSWERS else usual(command))


@some_commands(0)
def test_a_working_directory_that_was_deleted(
    shell: Shell, usual: Callable[[str], int], command: str, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = shell(command, f"cd {gone} && rmdir {gone} && {{}}")
    refused = "the working directory was deleted; change to one that exists" in done.stderr
    assert done.returncode == (3 if refused else usual(command))


def folder_of_somebody_else(tmp_path: Path) -> Path:
    state = tmp_path / "theirs"
    if os.geteuid() != 0:
        return Path("/")  # root's
    state.mkdir()
    os.chown(state, 12345, 12345)
    return state


def file_in_its_place(tmp_path: Path) -> Path:
    state = tmp_path / "file"
    state.touch()
    return state


def below_a_file(tmp_path: Path) -> Path:
    return file_in_its_place(tmp_path) / "below"


def never_writable(tmp_path: Path) -> Path:
    return Path("/proc/kubedrill")  # not even by root


STATES = [folder_of_somebody_else, file_in_its_place, below_a_file, never_writable]


@pytest.mark.parametrize(("make", "command"), thinned(STATES, COMMANDS, keep_one_in=4))
def test_a_state_folder_that_cannot_be_ours(
    shell: Shell,
    usual: Callable[[str], int],
    command: str,
    make: Callable[[Path], Path],
    tmp_path: Path,
) -> None:
    state = make(tmp_path)
    done = shell(command, KUBEDRILL_STATE=str(state))
    if done.stderr.startswith(str(state)):
        assert done.returncode == 3
        assert "point KUBEDRILL_STATE at a folder of your own" in done.stderr
    else:
        assert done.returncode == usual(command)


@pytest.mark.parametrize("make", STATES)
def test_a_drill_is_refused_before_anything_is_made(
    shell: Shell, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    state = make(tmp_path)
    environment = shell.environment | {"KUBEDRILL_STATE": str(state)}
    done = kubedrill("run", SHIPPED, cwd=tmp_path, **environment)
    assert done.returncode == 3
    assert "point KUBEDRILL_STATE at a folder of your own" in done.stderr
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("verb", ["status", "down", "env", "up"])
def test_an_unknown_cluster_is_named_with_the_nearest(verb: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    for name, said in [("local-3zz", 'did you mean "local-3az"?'), ("nix", "known: ")]:
        done = kubedrill("cluster", verb, name, KUBEDRILL_STATE=str(state))
        assert done.returncode == 3
        assert done.stderr.startswith(f'unknown cluster "{name}"; {said}')
        assert not state.exists(), "not even a lock"


def test_what_is_left_of_a_cluster_without_a_file_can_be_taken_down(tmp_path: Path) -> None:
    left = tmp_path / "state" / "clusters" / "lost"
    left.mkdir(parents=True)
    for verb, code in (("status", 0), ("down", 0), ("status", 3)):
        done = kubedrill("cluster", verb, "lost", KUBEDRILL_STATE=str(tmp_path / "state"))
        assert done.returncode == code, done.stderr
    assert not left.exists()


def test_a_cluster_whose_record_was_damaged_is_told_with_its_file_and_key(tmp_path: Path) -> None:
    state = tmp_path / "state"
    file = state / "clusters" / "lost" / "cluster.json"
    file.parent.mkdir(parents=True)
    (file.parent / "provider").write_text("local")
    whole = adapter(ClusterRecord).dump_python(
        replace(CLUSTER, folder=str(file.parent)), mode="json"
    )

    def said(verb: str) -> tuple[int, str]:
        done = kubedrill("cluster", verb, "lost", KUBEDRILL_STATE=str(state), COLUMNS="400")
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    file.write_text(json.dumps({key: value for key, value in whole.items() if key != "zoning"}))
    for verb, code in (("status", 0), ("env", 3)):
        assert said(verb)[0] == code
        assert f"{file}: zoning: is missing" in said(verb)[1]
        assert "kubedrill cluster down lost" in said(verb)[1]
    file.write_text(json.dumps(whole))
    assert said("env") == (3, f"{file}: identities: there is no admin among them")
    assert said("down")[0] == 0
