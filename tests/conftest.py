"""What every test stands on: a state folder of its own, and one control plane for all who need one."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from each import EACH
from hypothesis import settings

from kubedrill import cluster as stage
from kubedrill import places
from kubedrill.record.cluster import ClusterRecord

# A shell's background job, as the tests may be, is born deaf to SIGINT, and so would be what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Machines differ, and are busy: how long an example takes says nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["outcomes", "leftovers", "held_back", "collecting"]


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of all clusters: never the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("KUBEDRILL_STATE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, state: Path) -> Iterator[ClusterRecord]:
    """A running local-3az that tests share: who breaks something in it mends it again.

    Where tests run side by side, in several processes, it is the same for all of them, unless they break it.
    """
    shared = "PYTEST_XDIST_WORKER" in os.environ and EACH not in os.environ
    folder = tmp_path_factory.getbasetemp().parent / "shared" if shared else state
    folder.mkdir(exist_ok=True)
    with (folder / "users").open("w") as users, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBEDRILL_STATE", str(folder))
        with _one_at_a_time(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            definition = stage.load_definition(places.cluster_file("local-3az", Path(__file__)))
            record = stage.find("local-3az") or stage.up(definition, "local-3az")
        yield record
        with _one_at_a_time(folder):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # others still need it
            stage.down("local-3az")


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Let nobody else bring the cluster up, or take it down, meanwhile."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
