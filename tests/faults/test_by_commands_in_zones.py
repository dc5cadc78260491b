"""Faults on what stands in each zone, and before all of them, where commands reach it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from json_lines import read_lines
from operated import come_up, commands, definition, pid_of, program, programs, wait_for

from kubedrill.faults import watched
from kubedrill.faults.kube_apiserver import ApiserverKill
from kubedrill.faults.lifecycle import inject, undo
from kubedrill.faults.load_balancer import BalancerRestart
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.cluster import Component, Endpoint
from kubedrill.record.folder import RunFolder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("KUBEDRILL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(watched._watch, "by_drill", True)
    return RunFolder.create(tmp_path, "first")


@pytest.fixture
def three(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """Have a program for each of three zones."""
    with programs(tmp_path, *"abc") as found:
        yield found


def test_quorum_and_the_last_apiserver_are_kept_as_they_are_everywhere(
    three: dict[str, Path], folder: RunFolder
) -> None:
    kinds = ("etcd", "kube-apiserver")
    parts = {f"{kind}-{zone}": commands(three[zone]) for kind in kinds for zone in "abc"}
    come_up(definition(parts, *"abc")).write(folder.cluster)
    with pytest.raises(FaultFailed, match="would leave 1 of 3 members, and quorum needs 2"):
        inject("etcd.kill", {"member": ["a", "b"]}, str(folder.path))
    told = inject("etcd.kill", {"member": "random"}, str(folder.path))
    [target] = told["targets"]
    zone = target.removeprefix("etcd-")
    assert told["proof"].startswith(f"{target} is killed (")
    assert (three[zone] / "held").exists()
    undo("etcd.kill", str(folder.path))
    assert not (three[zone] / "held").exists()


def test_apiservers_are_restarted_one_after_the_other(
    three: dict[str, Path], folder: RunFolder
) -> None:
    parts = {f"kube-apiserver-{zone}": commands(three[zone]) for zone in "abc"}
    come_up(definition(parts, *"abc")).write(folder.cluster)
    before = {zone: pid_of(three[zone]) for zone in "abc"}
    inject("kube-apiserver.rolling_restart", {"zone": [*"abc"]}, str(folder.path))
    wait_for(lambda: all(_is_another(three[zone], before[zone]) for zone in "abc"))
    undo("kube-apiserver.rolling_restart", str(folder.path))
    steps = [line for line in read_lines(folder.faults) if line["event"] == "step"]
    assert [step["targets"][0]["called"] for step in steps] == [*"abc"]


def _is_another(at: Path, pid: int) -> bool:
    return (at / "pid").exists() and pid_of(at) != pid


def test_a_restart_that_leaves_the_same_process_is_found_out(
    tmp_path: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with program(tmp_path / "balancer") as balancer:
        come_up(definition({"haproxy": commands(balancer)}, "a")).write(folder.cluster)
        before = pid_of(balancer)
        inject("load-balancer.restart", {}, str(folder.path))
        assert pid_of(balancer) != before
        monkeypatch.setattr(BalancerRestart, "effect_s", 1.0)
        nothing = commands(balancer, restart=["true"])
        come_up(definition({"haproxy": nothing}, "a")).write(folder.cluster)
        with pytest.raises(FaultFailed, match="haproxy was not started anew"):
            inject("load-balancer.restart", {}, str(folder.path), 1)


def test_the_only_apiserver_is_the_one_that_is_measured(tmp_path: Path, folder: RunFolder) -> None:
    file = definition({"kube-apiserver-a": commands(tmp_path)}, "a")
    nowhere = Endpoint("127.0.0.1", 1)
    measured = Component("kube-apiserver", "kube-apiserver", None, nowhere, nowhere)
    record = replace(come_up(file), components=(measured,))
    hit = ApiserverKill(zone="a").hit(record, "a")
    assert hit.components == ("kube-apiserver-a", "kube-apiserver"), "its scrapes rightly fail"
    assert hit.kind == "kube-apiserver"
