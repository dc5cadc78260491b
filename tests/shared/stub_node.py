"""A node without an engine: a stub of one runs commands here, and a kubelet of our own keeps what it is told.

What is real: the shell that is the hand in a node, the processes, their signals, the files that are moved.
What is not: the container around them, and kubelet, which starts what has ended after a while that grows. It
has a process that does nothing; while that does not run, or stands still, nothing is started.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from kubedrill.cluster import sightings
from kubedrill.cluster.containers import NodeContainer
from kubedrill.cluster.kind import agent
from kubedrill.cluster.kind.layout import KINDS, KindLayout
from kubedrill.record.components import KUBELET

ID = "c" * 64
BACK_OFF_S = 30.0
"""Longer than any test waits: what is to come sooner must be hurried."""
_ENGINE = """\
#!/bin/sh
echo "$@" >> {log}
[ "$1" != inspect ] || echo running
[ "$1" = exec ] || exit 0
shift 3
PATH={bin}:$PATH exec {alone} "$@"
"""
_PKILL = """\
#!/bin/sh
for pid in $(cat {pids}); do kill -CONT $pid 2>/dev/null; done
"""
_SYSTEMCTL = """\
#!/bin/sh
case $2 in
  restart) touch {restarted} ;;
  stop) touch {stopped} ;;
  start) rm -f {stopped} ;;
esac
"""


class StubNode:
    """One node, and its kubelet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifests, self.away = folder / "manifests", folder / "away"
        self.log, self._restarted = folder / "engine.log", folder / "restarted"
        self.stopped, self.still = folder / "stopped", folder / "still"
        self._bin, self._pids = folder / "bin", folder / "pids"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, int] = {}
        self._ended = threading.Event()
        self.running = threading.Lock()
        """Whoever has it keeps kubelet from doing anything."""

    def make(self) -> None:
        """Write the programs, and the manifests."""
        self.manifests.mkdir()
        self._bin.mkdir()
        # The rules that are removed in a node are those of a network of its own.
        alone = "unshare --net" if os.geteuid() == 0 else ""
        engine = _ENGINE.format(log=self.log, bin=self._bin, alone=alone)
        self._write("docker", engine)
        self._write("pkill", _PKILL.format(pids=self._pids))
        systemctl = _SYSTEMCTL.format(restarted=self._restarted, stopped=self.stopped)
        self._write("systemctl", systemctl)
        shutil.copy("/bin/sleep", self._bin / KUBELET)
        for kind in KINDS:
            shutil.copy("/bin/sleep", self._bin / kind)
            (self.manifests / f"{kind}.yaml").write_text(f"# {kind}\n", encoding="utf-8")

    @property
    def programs(self) -> Path:
        """Where the engine is."""
        return self._bin

    def layout(self) -> KindLayout:
        """Return the cluster that has this node alone."""
        node = NodeContainer("a", "stub-control-plane", ID, "127.0.0.1")
        return KindLayout("docker", "", "stub", ours=True, nodes=(node,), balancer="")

    def pids(self) -> set[int]:
        """Return the processes that it runs."""
        running = [*self._processes.values()]  # at once: its kubelet starts others meanwhile
        return {process.pid for process in running if process.poll() is None}

    def keep(self) -> None:
        """Be its kubelet, until it is to end."""
        due: dict[str, float] = {}
        while not self._ended.wait(0.02):
            with self.running:
                if self._restarted.exists():
                    self._restarted.unlink()
                    self._end_kubelet()
                    due |= dict.fromkeys(KINDS, 0.0)  # it has not seen any of them end
                for kind in KINDS if self._kubelet_works() else ():
                    self._keep(kind, due)
                self._pids.write_text(" ".join(map(str, self.pids())), encoding="ascii")

    def _kubelet_works(self) -> bool:
        """Do as systemd does with it; return whether it can start anything."""
        known = self._processes.get(KUBELET)
        if self.stopped.exists():
            self._end_kubelet()
            return False
        if known is None or known.poll() is not None:
            self._processes[KUBELET] = subprocess.Popen([self._bin / KUBELET, "1000"])
            return True
        return psutil.Process(known.pid).status() != psutil.STATUS_STOPPED

    def _end_kubelet(self) -> None:
        if known := self._processes.pop(KUBELET, None):
            known.terminate()
            known.send_signal(signal.SIGCONT)
            known.wait()

    def _keep(self, kind: str, due: dict[str, float]) -> None:
        known = self._processes.get(kind)
        if known is not None and known.poll() is None:
            return
        if not (self.manifests / f"{kind}.yaml").exists():
            return
        started = self._started.get(kind, 0)
        if started > 1 and kind not in due:
            due[kind] = time.monotonic() + BACK_OFF_S
        if due.get(kind, 0) > time.monotonic():
            return
        due.pop(kind, None)
        self._started[kind] = started + 1
        self._processes[kind] = subprocess.Popen([self._bin / kind, "1000"])

    def stop_keeping(self) -> None:
        """Let its kubelet start nothing more, once that has heard of it."""
        self._ended.set()

    def end(self) -> None:
        """End all that runs, once nobody starts anything more."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _write(self, name: str, text: str) -> None:
        file = self._bin / name
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)


@contextmanager
def stub_node(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[StubNode]:
    """Have one, and an engine that runs things in it, as long as this lasts."""
    node = StubNode(folder)
    node.make()
    patch.setenv("PATH", f"{node.programs}:{os.environ['PATH']}")
    patch.setattr(agent, "MANIFESTS", str(node.manifests))
    patch.setattr(agent, "AWAY", str(node.away))
    patch.setattr(agent, "STILL", str(node.still))
    patch.setattr(agent, "LOCK", str(folder / "lock"))
    patch.setattr(sightings, "container_of", lambda pid, _: ID if pid in node.pids() else "")
    keeping = threading.Thread(target=node.keep)
    keeping.start()
    try:
        yield node
    finally:
        node.stop_keeping()
        keeping.join()
        node.end()
