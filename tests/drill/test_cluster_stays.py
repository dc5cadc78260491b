"""A drill that is ended by any signal, in any phase, leaves a cluster that was up as it was, and says so."""

import json
import signal
import time
from contextlib import closing

import pytest
from drills import Drills
from ended import LEADER_KILLED, PHASES, SEEDED, check_what_is_kept, wait_until_cleared

from kubedrill.cluster.api import Api
from kubedrill.cluster.etcd import healthy
from kubedrill.cluster.handle import ClusterHandle
from kubedrill.record.clock import now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import RUN
from kubedrill.wire.target import identity_target

pytestmark = pytest.mark.cluster

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("number", SIGNALS)
def test_it_is_as_it_was(
    number: signal.Signals, phase: str, cluster: ClusterRecord, drill: Drills
) -> None:
    # Namespaces take five seconds to go: once for each signal is enough.
    running = drill(number.name.lower(), SEEDED if phase == "fault" else LEADER_KILLED)
    running.wait_for_phase(phase)
    victim = ""
    if phase == "fault":
        victim = running.wait_for("a held member", lambda: next(iter(not_running(cluster)), None))
    else:
        time.sleep(0.5)
    signalled = now()
    running.process.send_signal(number)
    wait_until_cleared(running)
    assert not_running(cluster) == []
    assert all(healthy(cluster, zone, 1) for zone in cluster.zones)
    assert seeded(cluster, running.folder.run) == 0
    check_what_is_kept(running, number, signalled)
    if victim and number != signal.SIGKILL:
        exits = [line["event"] for line in running.events("component", victim)]
        assert exits[:1] == ["exited"]


def not_running(cluster: ClusterRecord) -> list[str]:
    """Return the components that are held down, or did not come up again."""
    states = ClusterHandle(cluster).components()
    return [name for name, one in states.items() if one.state != "running"]


def seeded(cluster: ClusterRecord, run: str) -> int:
    """Return how many namespaces of the run there are."""
    target, token = identity_target(cluster, "admin")
    with closing(Api(target, token)) as api:
        answer = api.call("GET", f"/api/v1/namespaces?labelSelector={RUN}%3D{run}")
    return len(json.loads(answer.body)["items"])
