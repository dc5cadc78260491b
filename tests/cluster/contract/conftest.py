"""What every provider must hold, played on a cluster of each that there is.

A provider is found by its registration; its cluster is made of the first file of clusters/ that names it.
That of kind needs a container engine: `make test-kind` plays it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from every_provider import SHARED, playable, played

from kubedrill import cluster as stage
from kubedrill.cluster.handle import Handle
from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord


@pytest.fixture(scope="package", params=played())
def file(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The cluster file that is played."""
    with playable(request.param, tmp_path_factory.mktemp("contract"), "contract") as found:
        yield found


@pytest.fixture(scope="package")
def record(request: pytest.FixtureRequest, file: Path) -> Iterator[ClusterRecord]:
    if file.stem == SHARED:
        yield request.getfixturevalue("cluster")
        return
    yield stage.up(stage.load_definition(file), "contract")
    stage.down("contract")


@pytest.fixture
def handle(record: ClusterRecord) -> Handle:
    return handle_of(record)


@pytest.fixture(autouse=True)
def all_run(handle: Handle, until: Callable[..., object]) -> None:
    """Begin each test when all of the cluster runs: who leads exits where it could not say so in time."""
    until(lambda: {found.state for found in handle.components().values()} <= {"running"})
