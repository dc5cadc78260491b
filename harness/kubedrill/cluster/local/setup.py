"""Provider local: `kubedrill setup`: what is missing is downloaded, else built, else named."""

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from kubedrill.cluster.local.binaries import (
    NAMES,
    Binaries,
    cache_folder,
    check_versions,
    find,
    find_all,
    find_haproxy,
)
from kubedrill.cluster.local.download import OutOfReach, download_etcd, download_kubernetes
from kubedrill.cluster.local.gobuild import build, source_of
from kubedrill.errors import NotStarted

PACKAGES = ("haproxy", "nftables")
SAY_EVERY_S = 10.0
"""A log without a terminal moves at least this often, so that nobody takes a build for hung."""


def ensure(console: Console, extra: tuple[str, ...] = ()) -> Binaries:
    """Make sure that every binary is there, and return them; NotStarted says what cannot be had.

    `extra`: of Kubernetes' release, what no cluster needs, and is to be there, too.
    """
    wanted = (*NAMES, *extra)
    if find_haproxy() is None or any(find(name) is None for name in wanted):
        folder = cache_folder()
        try:
            _get_missing(folder, console, wanted)
        except OSError as error:
            raise NotStarted(
                f"{error.filename or folder}: {error.strerror}; make room there, or point KUBEDRILL_CACHE "
                "at a folder that can be written"
            ) from error
    binaries = find_all()
    # What was installed, downloaded or built is in the page cache still; a drill that begins now would
    # have its writes wait behind that.
    os.sync()
    told = ", ".join(f"{name} {version}" for name, version in binaries.versions.items())
    console.print(f"set up: {told}")
    return binaries


def _get_missing(folder: Path, console: Console, wanted: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, console):
        ensure_haproxy(console)
        _remove_leftovers(folder)
        check_versions({name: find(name) for name in NAMES})
        for name in wanted:
            if find(name) is None:
                get(name, folder / name, console)


def get(name: str, target: Path, console: Console) -> None:
    """Download one binary, or build it where it is out of reach."""
    steps = _Steps(console)
    try:
        if name == "etcd":
            download_etcd(target, steps.downloaded)
        else:
            download_kubernetes(name, target, steps.downloaded)
        console.print(f"downloaded {name}, checksum right")
    except OutOfReach as cause:
        console.print(f"{cause}; building {name} from its Go modules instead")
        steps.name = name
        build(source_of(name), target, steps.built)
        console.print(f"built {name} in {time.monotonic() - steps.begun:.0f} s")


def ensure_haproxy(console: Console) -> None:
    """Install HAProxy where that can be done; NotStarted says what to install where it cannot."""
    if find_haproxy():
        return
    apt_get = shutil.which("apt-get")
    if os.geteuid() != 0 or apt_get is None:
        raise NotStarted(
            "HAProxy is missing; install it: apt-get install haproxy (or your system's)"
        )
    # nftables cuts links between zones; whoever has HAProxy already, and lacks it, is told by these faults.
    console.print("installing haproxy and nftables with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            [apt_get, "-q", *command],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        if done.returncode != 0:
            raise NotStarted(f"apt-get {command[0]} failed:\n{done.stderr.strip()[-1000:]}")


@dataclass(slots=True)
class _Steps:
    """Says how far a download or a build is, not more often than a log bears."""

    console: Console
    name: str = ""
    begun: float = field(default_factory=time.monotonic)
    _said: float = field(default_factory=time.monotonic)

    def downloaded(self, name: str, done: int, total: int) -> None:
        of = f" of {total / 2**20:.0f}" if total else ""
        self._say(f"downloading {name}: {done / 2**20:.0f}{of} MiB")

    def built(self, done: int, total: int) -> None:
        elapsed = time.monotonic() - self.begun
        self._say(f"building {self.name}: {done} of at most {total} packages, {elapsed:.0f} s")

    def _say(self, text: str) -> None:
        if time.monotonic() - self._said >= SAY_EVERY_S:
            self._said = time.monotonic()
            self.console.print(text)


@contextmanager
def _alone(folder: Path, console: Console) -> Iterator[None]:
    """Let one set-up at a time work in the folder; the kernel frees the lock of one that dies."""
    with (folder / ".lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("another set-up is at work; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_leftovers(folder: Path) -> None:
    """Remove what an interrupted set-up left; only the lock's holder may, as nobody else works here."""
    for left in folder.glob(".*"):
        if left.name == ".lock":
            continue
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()
