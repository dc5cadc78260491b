"""A part of `make kills`: whoever is shot of a drill, and when, nothing is left after one `heal`."""

import pytest
from torture.cases import cases
from torture.playing import Range

from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

SEED = 13
CASES = 3
THIRDS = ([pytest.mark.own], [pytest.mark.own], [pytest.mark.breaks, pytest.mark.faults])
"""Parts of `make test` that are played beside each other, and a third of the cases in each of these."""


@pytest.fixture(scope="module")
def place(cluster: ClusterRecord, tmp_path_factory: pytest.TempPathFactory) -> Range:
    return Range(cluster, tmp_path_factory.mktemp("torture") / "project")


@pytest.mark.parametrize(
    "number", [pytest.param(number, marks=THIRDS[number % 3]) for number in range(CASES)]
)
def test_nothing_stays(place: Range, number: int) -> None:
    [case] = cases(SEED, place.cluster.capabilities, number, number + 1)
    played = place.play(case)
    assert not played.bad, f"{case}: {'; '.join(played.bad)}"
    if played.is_guarded:
        assert not played.left, f"{case}: {'; '.join(played.left)}"
