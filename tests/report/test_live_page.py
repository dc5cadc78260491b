"""The metrics of a running drill, as a Prometheus would ask for them; and the dashboard made of them."""

import json
import re
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from commanding import kubedrill
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from rich.console import Console

from kubedrill.clock import SECOND
from kubedrill.errors import NotStarted
from kubedrill.record.live import LiveFigures, LiveLoad
from kubedrill.record.schedule import Schedule
from kubedrill.report.live import LiveView
from kubedrill.report.live_page import LivePage

TOP = Path(__file__).resolve().parents[2]
DASHBOARD = TOP / "deploy" / "grafana" / "kubedrill.json"
SHIPPED = TOP / "experiments" / "etcd-member-kill.yaml"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def plan(drill) -> Schedule:
    return Schedule.read(drill().schedule)


def everything(plan: Schedule) -> LiveFigures:
    """Figures of which none is unknown."""
    return LiveFigures(
        time=plan.start + 70 * SECOND,
        phase="fault",
        phase_left_s=45.0,
        loads={"list": LiveLoad(10.0, 9.8, 0.0712, 0.02)},
        reads=1.0,
        writes=0.975,
        members={"a": "healthy", "b": "refused", "c": "healthy"},
        leader="a",
        faults=("etcd.kill on etcd-b",),
        rss={"etcd": 9.5e7},
        fsync_p99_s=0.0011,
        not_ready=3.0,
        objects={"pods": 500.0},
        lag_s=0.004,
    )


@pytest.fixture
def served() -> Iterator[LivePage]:
    with LivePage("127.0.0.1", 0) as page:
        yield page


def asked(page: LivePage, accept: str = "application/openmetrics-text") -> str:
    request = urllib.request.Request(page.address, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith(accept)
        return answer.read().decode()


def samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in openmetrics(text)
        for sample in family.samples
    }


def test_what_the_live_view_shows_is_exposed(plan: Schedule, served: LivePage) -> None:
    with LiveView(plan, Console(quiet=True), served) as view:
        view.show(everything(plan))
        found = samples(asked(served))
    expected: dict[tuple[str, str, str], float] = {
        ("phase", "phase", "fault"): 1,
        ("phase", "phase", "baseline"): 0,
        ("phase_left_seconds", "", ""): 45,
        ("load_offered_per_second", "load", "list"): 10,
        ("load_achieved_per_second", "load", "list"): 9.8,
        ("load_p99_seconds", "load", "list"): 0.0712,
        ("load_error_ratio", "load", "list"): 0.02,
        ("probe_availability_ratio", "verb", "write"): 0.975,
        ("fault_in_force", "fault", "etcd.kill on etcd-b"): 1,
        ("faults_in_force", "", ""): 1,
        ("etcd_leader", "zone", "a"): 1,
        ("etcd_leader", "zone", "b"): 0,
        ("etcd_healthy", "zone", "b"): 0,
        ("etcd_fsync_p99_seconds", "", ""): 0.0011,
        ("harness_lag_seconds", "", ""): 0.004,
        ("component_memory_bytes", "component", "etcd"): 9.5e7,
        ("nodes_not_ready", "", ""): 3,
        ("objects", "kind", "pods"): 500,
    }
    for (name, label, value), figure in expected.items():
        labels = ((label, value),) if label else ()
        assert found[f"kubedrill_{name}", labels] == figure
    [info] = [dict(labels) for name, labels in found if name == "kubedrill_drill_info"]
    assert (info["experiment"], info["run"]) == ("etcd-member-kill", "20260131T120000Z")


def test_what_nobody_knows_has_no_sample(plan: Schedule, served: LivePage) -> None:
    served.show(plan, LiveFigures(plan.start - SECOND, None, 0.0))
    names = {name for name, _ in samples(asked(served))}
    assert names == {
        *("kubedrill_drill_info", "kubedrill_phase", "kubedrill_faults_in_force"),
        "kubedrill_harness_lag_seconds",
    }


def test_between_drills_there_is_nothing(plan: Schedule, served: LivePage) -> None:
    assert samples(asked(served)) == {}
    with LiveView(plan, Console(quiet=True), served) as view:
        view.show(everything(plan))
        assert samples(asked(served))
    assert samples(asked(served)) == {}


def test_older_scrapers_get_plain_text(plan: Schedule, served: LivePage) -> None:
    served.show(plan, everything(plan))
    text = asked(served, "text/plain")
    found = {sample.name for family in plain(text) for sample in family.samples}
    assert "kubedrill_load_p99_seconds" in found


def test_when_it_ends_the_port_is_free_again() -> None:
    with LivePage("127.0.0.1", 0) as page:
        port = int(page.address.rpartition(":")[2].partition("/")[0])
        with pytest.raises(NotStarted, match=f"cannot listen on 127.0.0.1, port {port}"):
            LivePage("127.0.0.1", port)
    with LivePage("127.0.0.1", port) as again:
        assert f":{port}/" in again.address


def test_who_hangs_does_not_keep_it_from_ending() -> None:
    with LivePage("127.0.0.1", 0) as page:
        port = int(page.address.rpartition(":")[2].partition("/")[0])
        silent = socket.create_connection(("127.0.0.1", port))
        assert samples(asked(page)) == {}
    silent.close()


def test_a_port_that_is_taken_ends_the_command_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = kubedrill("run", SHIPPED, "--metrics-port", str(port), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"--metrics-port: cannot listen on 127.0.0.1, port {port} (")
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("text", ["", "x", "70000", "-1", "127.0.0.1:", ":1:2:x", "1.5"])
def test_what_is_no_port_is_said(text: str, tmp_path: Path) -> None:
    done = kubedrill("run", SHIPPED, "--metrics-port", text, cwd=tmp_path)
    assert done.returncode == 3
    assert f'"{text}" is no port: write 9464, or HOST:9464' in done.stderr


def test_every_metric_of_the_dashboard_is_exposed_and_every_metric_is_on_it(
    plan: Schedule, served: LivePage
) -> None:
    served.show(plan, everything(plan))
    exposed = {name for name, _ in samples(asked(served))}
    shown = {
        *re.findall(r"kubedrill_\w+", json.dumps(expressions(json.loads(DASHBOARD.read_text()))))
    }
    assert shown == exposed


def expressions(part: object) -> list[str]:
    """All that Grafana would ask a Prometheus."""
    if isinstance(part, dict):
        own = [value for key, value in part.items() if key in {"expr", "definition"}]
        return [*own, *(text for value in part.values() for text in expressions(value))]
    if isinstance(part, list):
        return [text for value in part for text in expressions(value)]
    return []


def test_the_dashboard_has_each_panel_once_and_asks_the_chosen_prometheus() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 10
    for panel in panels:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert all('instance=~"$instance"' in target["expr"] for target in panel["targets"])
