import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from one_profile import read

from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment, expand, expand_alone
from kubedrill.record.catalogue import Catalogue

Read = Callable[..., Experiment]
RUN = "reports/x/latest"
TWO = (
    "faults=[{etcd.kill: {member: a}, at: 1s, for: 4s}, "
    "{etcd.kill: {member: b, allow_quorum_loss: true}, at: 3s}]"
)


def edges(chaos: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return each activity of the method as (function, its offset or index)."""
    found = []
    for activity in chaos["method"]:
        provider = activity["provider"]
        arguments = provider["arguments"]
        found.append((provider["func"], arguments.get("offset_s", arguments.get("index"))))
    return found


def test_a_changed_cluster_is_not_played_by_chaos_run_on_the_one_that_is_up(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    changed = reading(small, "cluster.flags.kube-scheduler.v=4")
    assert edges(expand(changed, catalogue, RUN)) == edges(expand(reading(small), catalogue, RUN))
    with pytest.raises(
        NotStarted, match=r"local-3az, with flags\.kube-scheduler\.v: 4: `chaos run` plays on"
    ):
        expand_alone(changed, catalogue, RUN)


def test_overlapping_faults_are_one_sorted_list_of_edges(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    chaos = expand(reading(small, TWO), catalogue, RUN)
    assert edges(chaos) == [
        ("until", 11.0),
        ("kill", 0),
        ("until", 13.0),
        ("kill", 1),
        ("until", 15.0),
        ("restore", 0),
        ("until", 30.0),
        ("restore", 1),
        ("until", 40.0),
    ]


def test_a_repeated_fault_is_injected_and_undone_each_time(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    again = "faults=[{kube-scheduler.kill: {zone: random}, at: 1s, for: 2s, every: 5s, times: 2}]"
    chaos = expand(reading(small, again), catalogue, RUN)
    assert edges(chaos) == [
        ("until", 11.0),
        ("kill", 0),
        ("until", 13.0),
        ("restore", 0),
        ("until", 16.0),
        ("kill", 1),
        ("until", 18.0),
        ("restore", 1),
        ("until", 40.0),
    ]


def test_rollbacks_are_all_undos_in_reverse_and_always_run(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    chaos = expand(reading(small, TWO), catalogue, RUN)
    assert [rollback["provider"]["arguments"] for rollback in chaos["rollbacks"]] == [
        {"run": RUN, "index": 1},
        {"run": RUN, "index": 0},
    ]
    assert chaos["runtime"] == {"rollbacks": {"strategy": "always"}}


def test_actions_get_the_experiments_arguments_the_run_and_their_index(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    kill = expand(reading(small, TWO), catalogue, RUN)["method"][3]["provider"]
    assert (kill["module"], kill["func"]) == ("kubedrill.faults.etcd", "kill")
    assert kill["arguments"] == {"member": "b", "allow_quorum_loss": True, "run": RUN, "index": 1}


def test_at_one_instant_what_ends_is_undone_before_what_begins(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    chaos = expand(
        reading(
            small,
            "faults=[{etcd.kill: {member: a}, phase: fault}, "
            "{etcd.kill: {member: b}, phase: baseline}]",
        ),
        catalogue,
        RUN,
    )
    assert edges(chaos)[2:6] == [("until", 10.0), ("restore", 1), ("until", 10.0), ("kill", 0)]


def test_the_control_is_on_the_waits_and_nowhere_else(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    chaos = expand(reading(small, TWO), catalogue, RUN)
    for activity in [*chaos["method"], *chaos["rollbacks"]]:
        waits = activity["provider"]["func"] == "until"
        assert ("controls" in activity) == waits
    assert "controls" not in chaos


def test_nothing_in_it_is_left_to_chaos_toolkit(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    chaos = expand(reading(small, TWO, "title='${x}'"), catalogue, RUN)
    assert "steady-state-hypothesis" not in chaos
    for activity in [*chaos["method"], *chaos["rollbacks"]]:
        assert not {"pauses", "background"} & set(activity)
        assert "${" not in json.dumps(activity)


def test_without_faults_it_only_waits_for_the_end(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    chaos = expand(reading(small, "faults=[]"), catalogue, RUN)
    assert edges(chaos) == [("until", 40.0)]
    assert chaos["rollbacks"] == []


def test_an_action_of_another_extension_is_carried_as_it_is(
    reading: Read, small: str, catalogue: Catalogue
) -> None:
    entry = (
        "faults=[{activity: {type: action, name: n, provider: {type: process, path: 'true'}}, "
        "rollback: {type: action, name: r, provider: {type: process, path: 'false'}}}, "
        "{activity: {type: action, name: m, provider: {type: process, path: ls}}, rollback: null}]"
    )
    chaos = expand(reading(small, entry), catalogue, RUN)
    method = [activity for activity in chaos["method"] if activity["provider"]["func"] != "until"]
    names = ["identity of the activities", "inject 0: n", "inject 1: m", "undo 0: r"]
    assert [activity["name"] for activity in method] == names
    assert {activity["provider"]["module"] for activity in method} == {"kubedrill.faults.native"}
    carried = [activity["provider"]["arguments"] for activity in method[1:3]]
    assert [arguments["activity"]["provider"]["path"] for arguments in carried] == ["true", "ls"]
    assert carried[0]["rollback"]["provider"]["path"] == "false"
    last = ["undo 0: r", "remove the identity of the activities"]
    assert [rollback["name"] for rollback in chaos["rollbacks"]] == last
    assert method[0]["provider"]["arguments"] == {"run": RUN, "rights": []}


def test_chaos_validate_accepts_it(shipped: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "chaos.json"
    path.write_text(json.dumps(expand(read(shipped, [], catalogue), catalogue, RUN)))
    assert chaos_validate(path) == (0, True)
    broken = json.loads(path.read_text())
    broken["method"][1]["provider"]["func"] = "no_such_function"
    path.write_text(json.dumps(broken))
    assert chaos_validate(path)[0] != 0, "chaos validate looks at every action"


def chaos_validate(path: Path) -> tuple[int, bool]:
    """Return the exit status of `chaos validate` and whether it says that all is well."""
    chaos = Path(sys.executable).with_name("chaos")
    command = [
        chaos,
        "--no-version-check",
        "--log-file",
        path.with_suffix(".log"),
        "validate",
        path,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, "experiment syntax and semantic look valid" in done.stderr + done.stdout
