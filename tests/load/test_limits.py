"""What a generator runs out of: it says so, and does not charge it to the server."""

import resource

import pytest

from kubedrill.errors import NotStarted
from kubedrill.record.sample import Outcome


def test_the_limit_of_open_files_is_raised(stage):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    stage.under = ["prlimit", f"--nofile=300:{hard}"]
    played = stage.play(rate=10, seconds=1)
    assert played.vitals()[-1]["descriptors_limit"] == hard


def test_no_descriptor_is_left(stage, server):
    server.latencies = [1.5]
    stage.under = ["prlimit", "--nofile=200:200"]
    played = stage.play(rate=200, seconds=1)
    assert set(played.outcomes()) == {200, Outcome.NO_DESCRIPTOR}, played.log
    assert len(played.records()) == 200
    assert 50 < played.count(200) < 200 - 64
    assert max(line["descriptors"] for line in played.vitals()) <= 200 - 64 + 1  # that of the count


@pytest.mark.parametrize(
    ("profile", "given", "asked"),
    [("mass_list", {"connections": 50}, 400), ("informer", {"clients": 450}, 450)],
)
def test_more_connections_than_files_may_be_open(stage, server, profile, given, asked):
    stage.under = ["prlimit", "--nofile=300:400"]
    words = f"{asked} connections in one process, which may open 400 files: raise the hard limit"
    with pytest.raises(NotStarted, match=words):
        stage.of(profile).start(given)
    assert server.accepted == 0, "it is said before the first connection"
