"""A real drill is seen by a Prometheus while it runs, and stands among all runs afterwards."""

import json
import urllib.error
import urllib.request

import pytest
from commanding import kubedrill
from drills import Drills, RunningDrill, reasons
from ports import free_port
from prometheus_client.openmetrics.parser import text_string_to_metric_families

Figures = dict[tuple[str, str], float]
ACCEPT = {"Accept": "application/openmetrics-text"}


def scraped(port: int) -> Figures:
    """Return the figures of now, by metric and by the value of a label; none while nobody listens."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=ACCEPT)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read().decode()
    except urllib.error.URLError:
        return {}
    return {
        (
            sample.name.removeprefix("kubedrill_"),
            next(iter(sample.labels.values()), ""),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.name != "kubedrill_drill"
    }


def at_its_rate(port: int) -> Figures:
    """Return the figures once the load has pressed at its 5/s for as long as they look back."""
    found = scraped(port)
    return found if found.get(("load_offered_per_second", "list"), 0.0) > 4 else {}


@pytest.mark.cluster
@pytest.mark.breaks
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
@pytest.mark.usefixtures("cluster")
def test_a_drill_is_seen_while_it_runs_and_afterwards(drill: Drills) -> None:
    port = free_port()
    changes = {"phases": {"warmup": "1s", "baseline": "12s"}}
    running = drill("seen", changes, "--metrics-port", str(port), page=True)
    index = running.reports / "index.html"
    running.reports.mkdir(exist_ok=True)
    index.write_text("of earlier runs")  # somebody has made it
    found = running.wait_for("the load's rate", lambda: at_its_rate(port))
    assert found["load_offered_per_second", "list"] == pytest.approx(5, rel=0.3)
    assert found["phase", "baseline"] == 1
    assert found["load_p99_seconds", "list"] > 0
    assert 0 <= found["probe_availability_ratio", "read"] <= 1
    assert sum(found["etcd_leader", zone] for zone in "abc") == 1
    assert found["faults_in_force", ""] == 0
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert scraped(port) == {}
    assert_it_stands_among_all_runs(running, verdict)


def assert_it_stands_among_all_runs(running: RunningDrill, verdict: dict[str, object]) -> None:
    manifest = json.loads(running.folder.manifest.read_text())
    assert verdict["manifest"] == manifest["sha256"]
    said = kubedrill("history", "--reports", running.reports, "--verify", "--json")
    assert said.returncode == 0
    [run] = json.loads(said.stdout)
    assert (run["run"], run["verdict"]) == (f"seen/{running.folder.run}", "PASS")
    page = (running.reports / "index.html").read_text()
    assert f"seen/{running.folder.run}/report.html" in page
