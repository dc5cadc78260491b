"""What every test stands on: a state folder of its own, and one control plane for all who need one."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubedrill import cluster as stage
from kubedrill import places
from kubedrill.record.cluster import ClusterRecord

# A shell's background job, as the tests may be, is born deaf to SIGINT, and so would be what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


SLOW = ("cluster", "load", "observe")
"""Folders of tests that take long; who begins with them ends together."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests share a process where there are several, and try again what times the machine."""
    items.sort(key=_turn)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        if item.get_closest_marker("alone"):
            # Other work on the machine makes such a drill INVALID, rightly.
            item.add_marker(pytest.mark.flaky(reruns=2))


def _group(item: pytest.Item) -> str:
    """Return the tests' file; of those that share a control plane, which one: drills have theirs."""
    folder = item.path.parent.name
    if "cluster" in getattr(item, "fixturenames", ()):
        return "drills on a cluster" if folder == "drill" else "on a cluster"
    return f"{folder}/{item.path.stem}"


def _turn(item: pytest.Item) -> int:
    """Return which tests come first: those that take longest."""
    if item.get_closest_marker("cluster"):
        return 0 if "cluster" in getattr(item, "fixturenames", ()) else 1
    return 2 if item.path.parent.name in SLOW else 3


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of all clusters: never the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("KUBEDRILL_STATE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def cluster(state: Path) -> Iterator[ClusterRecord]:
    """A running local-3az that tests share: who breaks something in it mends it again."""
    definition = stage.load_definition(places.cluster_file("local-3az", Path(__file__)))
    yield stage.up(definition, "local-3az")
    stage.down("local-3az")
