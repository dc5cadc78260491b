"""A drill that is ended leaves a cluster of three zones with all its members, and nothing of its own."""

import json
import signal
from contextlib import closing

import pytest
from drills import Drills
from ended import LEADER_KILLED, check_ended, wait_for_the_fault

from kubedrill.client.caller import Caller
from kubedrill.clock import now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import RUN
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]


@pytest.mark.parametrize(
    ("number", "phase"),
    [
        pytest.param(signal.SIGHUP, "warmup", marks=pytest.mark.torture),
        pytest.param(signal.SIGTERM, "baseline", marks=pytest.mark.torture),
        (signal.SIGKILL, "fault"),
        (signal.SIGINT, "recovery"),
    ],
)
def test_the_leader_of_three_and_what_was_seeded(
    number: signal.Signals, phase: str, cluster: ClusterRecord, drill: Drills
) -> None:
    running = drill("mended", LEADER_KILLED)
    if phase == "fault":
        wait_for_the_fault(running, cluster)
    else:
        running.wait_for_phase(phase)
    signalled = now()
    running.process.send_signal(number)
    check_ended(running, cluster, number, signalled)
    assert seeded(cluster, running.folder.run) == 0


def seeded(cluster: ClusterRecord, run: str) -> int:
    """Return how many namespaces of the run there are."""
    target, token = identity_target(cluster, "admin")
    with closing(Caller(target, token)) as api:
        answer = api.call("GET", f"/api/v1/namespaces?labelSelector={RUN}%3D{run}")
    return len(json.loads(answer.body)["items"])
