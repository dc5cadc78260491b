"""What every provider must hold, played on a cluster of each that there is.

A provider is found by its registration; its cluster is made of the first file of clusters/ that names it.
"""

from collections.abc import Callable, Iterator

import pytest
from every_provider import SHARED, file_of

from kubedrill import cluster as stage
from kubedrill.cluster.handle import Handle
from kubedrill.cluster.provider import handle_of, providers
from kubedrill.record.cluster import ClusterRecord


@pytest.fixture(scope="package", params=sorted(providers()))
def record(request: pytest.FixtureRequest) -> Iterator[ClusterRecord]:
    file = file_of(request.param)
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
