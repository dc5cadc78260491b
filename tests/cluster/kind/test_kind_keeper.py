"""What the daemon of a cluster of kind's does to the processes of a node, without an engine."""

import selectors
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from stub_node import StubNode, stub_node

from kubedrill.clock import SECOND, now
from kubedrill.cluster.kind.keeper import NodeKeeper
from kubedrill.cluster.kind.layout import KINDS
from kubedrill.cluster.seen import HURRY
from kubedrill.record.components import HURRIED, KUBELET, Exited, Started
from kubedrill.record.lines import adapter

LIMIT_S = 60.0
HURRY_S = HURRY / SECOND + 2
"""Of what does not come by then, kubelet would have been restarted."""


class Keeping:
    """A daemon's keeper, run in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._selector = selectors.DefaultSelector()
        self.keeper = NodeKeeper(folder, self._selector)

    def turn(self) -> None:
        """Do what the daemon's loop does once."""
        self.keeper.save()
        for key, _ in self._selector.select(min(self.keeper.wait_s() or 0.0, 0.02)):
            key.data(key.fd)
        self.keeper.do_due()

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Go on until something is so."""
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, what
            self.turn()

    def ask(self, do: str, **given: Any) -> dict[str, Any]:
        """Ask for something, and return the answer."""
        answers: list[dict[str, Any]] = []
        request = {"do": do, "owner": "", "by": "test", "expect_pid": None, "until": None}
        self.keeper.answer({**request, **given}, answers.append)
        self.until(lambda: answers, f"no answer to {do}")
        return answers[0]

    def state(self, name: str) -> str:
        """Return the state of a component."""
        return str(self.ask("components")["components"][name]["state"])

    def pid(self, name: str) -> int | None:
        """Return its pid."""
        found: int | None = self.ask("components")["components"][name]["pid"]
        return found

    def lines(self, name: str) -> list[Started | Exited]:
        """Return what was written down of a component."""
        lines = (self.folder / "exits.jsonl").read_text(encoding="utf-8").splitlines()
        kind = adapter(Started | Exited)  # type: ignore[arg-type]
        read = [kind.validate_json(line) for line in lines]
        return [line for line in read if line.component == name]

    def told(self, name: str) -> list[str]:
        """Return in short what was written down of a component."""
        return [line.event for line in self.lines(name)]


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubNode]:
    (tmp_path / "node").mkdir()
    with stub_node(tmp_path / "node", monkeypatch) as found:
        yield found


@pytest.fixture
def keeping(node: StubNode, tmp_path: Path) -> Iterator[Keeping]:
    folder = tmp_path / "cluster"
    (folder / "logs").mkdir(parents=True)
    node.layout().write(folder)
    found = Keeping(folder)
    everything = {f"{kind}-a" for kind in (*KINDS, KUBELET)}
    found.until(
        lambda: all(found.state(name) == "running" for name in everything), "not all of it runs"
    )
    yield found
    found.keeper.leave()


def test_what_is_held_stays_down_and_comes_back(keeping: Keeping, node: StubNode):
    pid = keeping.pid("etcd-a")
    refused = keeping.ask("hold", component="etcd-a", expect_pid=-1)
    assert "replaced" in refused["error"]
    assert keeping.ask("hold", component="etcd-a", expect_pid=pid) == {"pid": pid}
    assert keeping.state("etcd-a") == "held"
    assert not (node.manifests / "etcd.yaml").exists()
    assert "held" in keeping.ask("hold", component="etcd-a")["error"]
    [again] = keeping.ask("release", components=["etcd-a"])["pids"]
    keeping.until(lambda: keeping.state("etcd-a") == "running", "it does not come back")
    assert keeping.pid("etcd-a") not in {pid, None}
    assert again in {keeping.pid("etcd-a"), None}
    assert (node.manifests / "etcd.yaml").exists()
    assert not node.away.exists()
    assert keeping.told("etcd-a") == ["started", "exited", "started"]


def test_what_kubelet_would_keep_waiting_is_hurried(keeping: Keeping, node: StubNode):
    for _ in range(3):
        keeping.ask("hold", component="kube-scheduler-a")
        keeping.ask("release", components=["kube-scheduler-a"])
        keeping.until(lambda: keeping.state("kube-scheduler-a") == "running", "it was not hurried")
    exits = [line for line in keeping.lines("kubelet-a") if isinstance(line, Exited)]
    assert exits, "nobody restarted kubelet"
    assert {(line.asked, line.by) for line in exits} == {(True, HURRIED)}
    assert keeping.ask("components")["components"]["kubelet-a"]["restarts"] == 0


@pytest.mark.parametrize("verb", ["hold", "stop"])
def test_a_kubelet_that_is_out_starts_nothing_and_is_not_hurried(
    keeping: Keeping, node: StubNode, verb: str
):
    pid = keeping.pid("kubelet-a")
    assert keeping.ask(verb, component="kubelet-a", expect_pid=pid) == {"pid": pid}
    keeping.until(lambda: keeping.state("kubelet-a") == "held", "it does not end")
    keeping.ask("hold", component="etcd-a")
    keeping.ask("release", components=["etcd-a"])
    quiet = time.monotonic() + HURRY_S
    keeping.until(lambda: time.monotonic() > quiet, "time stands still")
    assert keeping.state("etcd-a") == "backoff"
    assert keeping.state("kubelet-a") == "held"
    assert node.stopped.exists()
    keeping.ask("release", components=["kubelet-a"])
    keeping.until(lambda: keeping.state("etcd-a") == "running", "it was not started")
    keeping.until(lambda: keeping.pid("kubelet-a") not in {pid, None}, "it does not come back")
    assert not node.stopped.exists()
    assert keeping.told("kubelet-a")[:3] == ["started", "exited", "started"]


def test_a_kubelet_that_is_paused_starts_nothing_until_it_goes_on(keeping: Keeping):
    pid = keeping.pid("kubelet-a")
    keeping.ask("pause", component="kubelet-a")
    keeping.ask("hold", component="etcd-a")
    keeping.ask("release", components=["etcd-a"])
    quiet = time.monotonic() + HURRY_S
    keeping.until(lambda: time.monotonic() > quiet, "time stands still")
    assert (keeping.state("kubelet-a"), keeping.pid("kubelet-a")) == ("paused", pid)
    assert keeping.ask("proceed", component="kubelet-a") == {"pid": pid}
    keeping.until(lambda: keeping.state("etcd-a") == "running", "it was not started")


def test_what_is_restarted_ends_and_is_started_anew(keeping: Keeping):
    pid = keeping.pid("kube-apiserver-a")
    until = now() + 30 * SECOND
    assert keeping.ask("restart", component="kube-apiserver-a", until=until) == {"pid": pid}
    keeping.until(
        lambda: keeping.pid("kube-apiserver-a") not in {pid, None}, "it is not started anew"
    )


def test_what_is_stopped_has_ended_until_it_is_released(keeping: Keeping):
    assert keeping.ask("stop", component="etcd-a")["pid"]
    keeping.until(lambda: keeping.state("etcd-a") == "held", "it does not end")
    keeping.ask("release", components=["etcd-a"])
    keeping.until(lambda: keeping.state("etcd-a") == "running", "it does not come back")


def test_what_is_paused_stands_still_until_it_proceeds(keeping: Keeping):
    pid = keeping.pid("etcd-a")
    assert pid
    assert keeping.ask("pause", component="etcd-a") == {"pid": pid}
    assert psutil.Process(pid).status() == psutil.STATUS_STOPPED
    assert keeping.ask("in_force")["words"] == ["etcd-a is paused"]
    assert keeping.ask("proceed", component="etcd-a") == {"pid": pid}
    assert psutil.Process(pid).status() != psutil.STATUS_STOPPED
    assert keeping.ask("in_force")["words"] == []


def test_who_is_let_go_by_somebody_else_is_seen_running(keeping: Keeping):
    pid = keeping.pid("etcd-a")
    assert pid
    keeping.ask("pause", component="etcd-a")
    psutil.Process(pid).resume()
    keeping.until(lambda: keeping.state("etcd-a") == "running", "nobody saw it")


def test_who_is_let_go_for_a_moment_is_paused_anew(keeping: Keeping):
    pid = keeping.pid("etcd-a")
    assert pid
    keeping.ask("pause", component="etcd-a")
    since = keeping.ask("components")["components"]["etcd-a"]["since"]
    psutil.Process(pid).resume()
    psutil.Process(pid).suspend()
    keeping.until(
        lambda: keeping.ask("components")["components"]["etcd-a"]["since"] > since, "nobody saw it"
    )
    assert keeping.state("etcd-a") == "paused"


def test_one_owner_takes_back_nothing_of_another(keeping: Keeping):
    later = now() + 600 * SECOND
    for owner in ("one", "two"):
        keeping.ask("pause", component="etcd-a", owner=owner, until=later)
    keeping.ask("proceed", component="etcd-a", owner="one")
    assert keeping.state("etcd-a") == "paused"
    keeping.ask("proceed", component="etcd-a", owner="two")
    assert keeping.state("etcd-a") == "running"


@pytest.mark.parametrize("verb", ["hold", "pause"])
def test_what_nobody_takes_back_ends_by_itself(keeping: Keeping, verb: str):
    end = now() + 2 * SECOND
    keeping.ask(verb, component="etcd-a", until=end)
    keeping.until(lambda: keeping.state("etcd-a") == "running", "it does not end")
    assert now() >= end
    assert keeping.ask("in_force")["words"] == []


def test_without_a_daemon_all_is_given_back(keeping: Keeping, node: StubNode):
    pid = keeping.pid("kube-apiserver-a")
    assert pid
    keeping.ask("hold", component="etcd-a")
    keeping.ask("pause", component="kube-apiserver-a")
    keeping.ask("hold", component="kubelet-a")
    assert node.stopped.exists()
    keeping.keeper.leave()  # as the kernel does with the pipes of one that is killed
    deadline = time.monotonic() + LIMIT_S
    while not (node.manifests / "etcd.yaml").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    while psutil.Process(pid).status() == psutil.STATUS_STOPPED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    while node.stopped.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not node.away.exists()


def test_what_one_that_was_killed_has_left_is_given_back(node: StubNode, tmp_path: Path):
    with node.running:
        node.away.mkdir()
        (node.manifests / "etcd.yaml").rename(node.away / "etcd.yaml")
    folder = tmp_path / "cluster"
    (folder / "logs").mkdir(parents=True)
    node.layout().write(folder)
    found = Keeping(folder)
    found.until(lambda: found.state("etcd-a") == "running", "it is not given back")
    assert not node.away.exists()
    found.keeper.leave()


def test_what_is_not_there_is_refused_in_words(keeping: Keeping):
    assert "there are etcd-a" in keeping.ask("hold", component="etcd-z")["error"]
    assert "cannot fly" in keeping.ask("fly")["error"]
