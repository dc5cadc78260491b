"""Clients that wait for their answers ask a slow server less: which is why it must be asked for."""

import pytest
from load_stage import LEAD, PROFILE, baseline

from kubedrill.clock import now
from kubedrill.figures.traces import read_load, succeeded
from kubedrill.load import launch
from kubedrill.process.child import Child
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.schedule import ScheduledLoad


def play(stage, profile, load):
    command, environment = launch.command(profile, load, stage.folder)
    child = Child.start("load", command, stage.folder.logs / "load.log", environment)
    try:
        child.wait_ready(60)
        child.go({"schedule": baseline(stage.folder.run, now() + LEAD, 2, load).as_dict()})
        return child.wait(60)
    finally:
        child.kill()


@pytest.mark.parametrize(("latency_s", "pause_s"), [(0.1, 0.0), (0.1, 0.3), (0.4, 0.0)])
def test_a_client_asks_when_it_is_answered(stage, server, latency_s, pause_s):
    server.latencies = [latency_s]
    load = ScheduledLoad("list", "mass-list", Arrivals.closed(10, pause_s))
    assert play(stage, PROFILE, load) == 0
    records, _ = read_load(stage.folder, "load-list")
    assert succeeded(records).all()
    took_s = records["total_us"].mean() / 1e6
    assert took_s >= latency_s
    expected = 10 * 2 / (took_s + pause_s)  # ten clients, for two seconds
    assert 0.8 * expected - 10 <= len(records) <= 1.1 * expected + 10


BUG = """

MassList.transact = lambda self, arrival: {}["a bug"]
"""


@pytest.mark.parametrize("arrivals", [Arrivals.closed(10), Arrivals.constant(50)])
def test_a_bug_of_the_profile_ends_the_load(stage, server, tmp_path, arrivals):
    profile = tmp_path / "mass_list.py"
    profile.write_text(PROFILE.read_text() + BUG)
    assert play(stage, profile, ScheduledLoad("list", "mass-list", arrivals)) == 1
    log = (stage.folder.logs / "load.log").read_text()
    assert log.count("the load has failed") == 1
    assert "KeyError: 'a bug'" in log
