"""What a person types: help, misspellings, bad files; always one message and exit code 3."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from commanding import kubedrill

from kubedrill.cluster.local.binaries import find_haproxy

TOP = Path(__file__).resolve().parents[1]
SHIPPED = TOP / "experiments" / "etcd-member-kill.yaml"


LONG = "x" * 57 + "..."


COMMANDS = [
    *("run", "plan", "validate", "expand", "setup", "judge", "report", "heal", "list"),
    *("history", "index", "compare", "changes"),
    *("stop", "freeze", "thaw"),
    *(
        "cluster up",
        "cluster down",
        "cluster status",
        "cluster env",
        "baseline set",
        "baseline list",
        "baseline remove",
        "faults",
        "profiles",
        "schema",
    ),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = kubedrill(*command.split(), "--help")
    assert shown.returncode == 0
    assert f"kubedrill {command}" in shown.stdout.split("Example:")[1]


def test_a_cluster_without_components_is_told_of_in_a_line(tmp_path: Path) -> None:
    done = kubedrill("cluster", "status", "local-3az", KUBEDRILL_STATE=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "local-3az: down\n")


@pytest.mark.parametrize("words", [("cluster", "up", "nix"), ("validate", "x.yaml")])
def test_where_there_is_no_cluster_file_that_is_said(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "clusters").mkdir()
    (tmp_path / "x.yaml").write_text(SHIPPED.read_text())
    done = kubedrill(*words, cwd=tmp_path)
    assert done.returncode == 3
    assert re.search(r'unknown cluster "\S+"; .*clusters', done.stderr), done.stderr


@pytest.mark.parametrize("group", ["", "cluster", "baseline"])
def test_a_list_of_commands_says_of_each_what_it_is_for_in_a_whole_line(group: str) -> None:
    listed = kubedrill(*group.split(), "--help").stdout.partition("Commands:\n")[2].splitlines()
    assert listed
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], 'unknown command "rnu"; did you mean "run"?'),
        (["cluster", "dwon"], 'unknown command "dwon"; did you mean "down"?'),
        (["run"], "Missing argument 'FILE'"),
        *[
            (
                [command, str(SHIPPED), "--cluster", name],
                f'--cluster: unknown cluster "{said}"; known: ',
            )
            for command in ("run", "plan")
            for name, said in (("nix", "nix"), ("", ""), ("../x", "../x"), ("x" * 300, LONG))
        ],
        *[
            (["cluster", command, name], f'unknown cluster "{said}"; known: ')
            for command in ("up", "down", "status", "env")
            for name, said in (("nix", "nix"), ("", ""), ("x" * 300, LONG))
        ],
        (["plan", "x" * 300], f'unknown experiment "{LONG}"; known: '),
        (["profiles", "x" * 300], f'unknown profile "{LONG}"; known: '),
        (["x" * 300], f'unknown command "{LONG}"; known: '),
        (["cluster", "up", "local-3zz"], 'unknown cluster "local-3zz"; did you mean "local-3az"?'),
        (["validate", "experiments/nothing.yaml"], "experiments/nothing.yaml"),
        (["run", str(SHIPPED), "--set", "phases.falt=5s"], "did you mean"),
        (["run", str(SHIPPED), "--cluster", "local-3a"], "did you mean"),
        (
            ["validate", str(SHIPPED), "--set", "load[0].with.limit=500"],
            "--set load[0].with.limit: mass-list: limit is ignored by the server",
        ),
        (
            ["validate", str(SHIPPED), "--set", "load[0].with.label_selector=app web"],
            "--set load[0].with.label_selector: mass-list: label_selector: column 5: ",
        ),
        (
            ["plan", str(SHIPPED), "--set", "faults[0].etcd.kill.member=[a, b]"],
            "would leave 1 of 3 members, and quorum needs 2; kill fewer, or say allow_quorum_loss",
        ),
        (
            ["plan", str(SHIPPED), "--set", "slos.fault[0]=availability.apiserver-d >= 50%"],
            'the cluster has no zone "d"; known: a, b, c',
        ),
        (["judge", "reports/nothing"], "reports/nothing"),
        *[
            ([*words, ""], "is empty; is a variable of the shell not set?")
            for words in (["run"], ["plan"], ["expand"], ["validate"], ["heal", "--reports"])
        ],
        (["validate", "."], ".: is a directory; name one of the files in it"),
    ],
)
def test_what_is_mistyped_is_named_and_nothing_is_started(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    before = set((TOP / "reports").glob("*"))
    typed = kubedrill(*arguments, KUBEDRILL_STATE=str(tmp_path))
    assert typed.returncode == 3
    assert message in typed.stderr
    assert "Traceback" not in typed.stderr
    assert set((TOP / "reports").glob("*")) == before


def test_the_shipped_experiments_are_valid() -> None:
    files = [str(path) for path in sorted((TOP / "experiments").glob("*.yaml"))]
    checked = kubedrill("validate", *files)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.splitlines() == [f"{file}: ok" for file in files]


def test_what_is_wrong_with_one_file_keeps_no_other_from_being_checked(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "noise.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "cluster.yaml").write_text("provider: local\nflags:\n  etcd: {data-dir: /tmp}\n")
    broken = ["folder.yaml", "pipe.yaml", "noise.yaml", "cluster.yaml", "nothing.yaml"]
    files = [str(tmp_path / name) for name in broken]
    sound = [str(SHIPPED), str(TOP / "clusters" / "local-3az.yaml")]
    checked = kubedrill("validate", *files[:3], sound[0], *files[3:], sound[1])
    assert checked.returncode == 3
    assert checked.stdout.splitlines() == [f"{file}: ok" for file in sound]
    told = checked.stderr.splitlines()
    assert [line.split(":")[0] for line in told] == files
    assert told[3].startswith(f"{files[3]}:3: flags.etcd.data-dir: ")


def test_a_clusters_file_takes_nothing_that_is_for_experiments() -> None:
    checked = kubedrill("validate", "clusters/local-3az.yaml", "--set", "port=7443")
    assert checked.returncode == 3
    assert (
        "--set, --cluster and --scale are for experiments, and this is a cluster" in checked.stderr
    )


def test_programs_read_json() -> None:
    for command in (["list"], ["faults"], ["profiles"], ["plan", str(SHIPPED)]):
        assert json.loads(kubedrill(*command, "--json").stdout)


def test_what_a_profile_must_be_allowed() -> None:
    said = kubedrill("profiles", "event-storm").stdout.splitlines()
    assert said[-1] == "RBAC must allow: create namespaces; create, patch events"


def test_missing_binaries_stop_a_drill_before_it_starts(tmp_path: Path) -> None:
    environment = {
        "KUBEBUILDER_ASSETS": "",
        "KUBEDRILL_CACHE": str(tmp_path / "cache"),
        "KUBEDRILL_STATE": str(tmp_path / "state"),
    }
    reports = tmp_path / "reports"
    ran = kubedrill("run", str(SHIPPED), "--reports", str(reports), **environment)
    assert ran.returncode == 3
    assert "kubedrill setup" in ran.stderr
    assert not reports.exists()


def test_missing_haproxy_stops_a_drill_before_it_starts(tmp_path: Path) -> None:
    haproxy = find_haproxy()
    assert haproxy
    # A mount namespace in which the program cannot be run; the system's own is untouched.
    hide = f'mount --bind /dev/null "{haproxy.resolve()}" && exec "$@"'
    namespace = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")
    ran = kubedrill(
        *("run", str(SHIPPED), "--reports", str(tmp_path / "reports")),
        inside=(*namespace, "sh", "-c", hide, "sh"),
        KUBEDRILL_STATE=str(tmp_path / "state"),
    )
    assert ran.returncode == 3
    assert (
        ran.stderr == "HAProxy not found; install it: apt-get install haproxy (or your system's)\n"
    )
    assert not (tmp_path / "reports").exists()


def test_reports_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("a file")
    ran = kubedrill(
        "run", str(SHIPPED), "--reports", str(tmp_path / "reports"), KUBEDRILL_STATE=str(tmp_path)
    )
    assert ran.returncode == 3
    assert "reports" in ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_stops_a_drill_before_it_starts(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
    try:
        reports = str(disk / "reports")
        ran = kubedrill("run", str(SHIPPED), "--reports", reports, KUBEDRILL_STATE=str(tmp_path))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert ran.returncode == 3
    assert "the disk is full" in ran.stderr
