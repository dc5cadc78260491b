"""The auditor as its own process on a real control plane, straight and through a proxy that lies."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import lying_proxy
import pytest
from behaving_server import Certificate

from kubedrill.client.caller import Caller
from kubedrill.cluster.provider import handle_of
from kubedrill.judge.consistency import Checked, check
from kubedrill.record.audit import AnyAuditLine, Closed, Listed, Looked, Told, Wrote, read_audit
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.record.labels import labels_of
from kubedrill.record.lines import read_lines
from kubedrill.record.surrounding import Surrounding
from kubedrill.wire.target import identity_target

pytestmark = pytest.mark.cluster
AUDITOR = "kubedrill.observe.auditor"
NAMESPACES = "/api/v1/namespaces"
LIED_TO = "apiserver-a"
SECONDS = 7

Proxied = Callable[[str], ClusterRecord]


@pytest.fixture
def drill(local, cluster: ClusterRecord):
    made = local(cluster.balancer)
    made.record = cluster
    return made


@pytest.fixture
def proxied(cluster: ClusterRecord, tmp_path: Path) -> Iterator[Proxied]:
    """Return the cluster with a proxy before the first apiserver, which tells one kind of lie."""
    started: list[subprocess.Popen[str]] = []

    def start(lie: str) -> ClusterRecord:
        own = Certificate.create(tmp_path, cluster.server_name)
        server = next(part for part in cluster.components if part.name == f"kube-{LIED_TO}")
        identity = cluster.identity("auditor")
        config = {
            "certificate": str(own.certificate),
            "key": str(own.key),
            "host": server.serving.host,
            "port": server.serving.port,
            "netns": server.serving.netns,
            "upstream_ca": cluster.ca_file,
            "upstream_certificate": identity.certificate,
            "upstream_key": identity.key,
        }
        file = tmp_path / "proxy.json"
        file.write_text(json.dumps(config))
        command = [sys.executable, lying_proxy.__file__, lie, str(file)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        both = tmp_path / "both.crt"
        both.write_text(Path(cluster.ca_file).read_text() + own.certificate.read_text())
        endpoint = Endpoint("127.0.0.1", port)
        components = tuple(
            replace(part, serving=endpoint) if part == server else part
            for part in cluster.components
        )
        return replace(cluster, components=components, ca_file=str(both))

    yield start
    for process in started:
        process.communicate(timeout=60)


def audited(drill, schedule) -> list[AnyAuditLine]:
    drill.finish(drill.start(AUDITOR, schedule))
    return list(read_audit(drill.folder.audit, may_be_cut=False))


def test_an_honest_api_is_found_honest(drill, scheduled) -> None:
    lines = audited(drill, scheduled(SECONDS))
    clients = {"balancer", "apiserver-a", "apiserver-b", "apiserver-c"}
    for kind in (Wrote, Looked, Listed, Told):
        assert {line.client for line in lines if isinstance(line, kind)} == clients, kind
    assert isinstance(lines[-1], Closed)
    wrote = [line for line in lines if isinstance(line, Wrote)]
    # On a slow machine a call may come late, and then the one that was due meanwhile is left out.
    assert len(clients) * SECONDS // 2 <= len(wrote) <= len(clients) * SECONDS
    assert any(line.happened for line in wrote)
    assert check(lines) == Checked()


@pytest.mark.alone
@pytest.mark.parametrize(
    ("lie", "kinds"),
    [
        ("honest", set()),
        ("drop", {"watch gap"}),
        ("duplicate", {"duplicate event"}),
        ("reorder", {"event out of order"}),
        ("stale", {"stale read"}),
        ("swallow", {"lost write"}),
    ],
)
def test_each_lie_is_found_by_its_name(
    drill, scheduled, proxied: Proxied, lie: str, kinds: set[str]
) -> None:
    drill.record = proxied(lie)
    lines = audited(drill, scheduled(SECONDS))
    checked = check(lines)
    assert {violation.kind for violation in checked.violations} == kinds
    assert all(LIED_TO in violation.words for violation in checked.violations)
    assert checked.unproven == ()


def test_a_namespace_that_somebody_makes_meanwhile_is_seen_and_what_a_drill_makes_is_not(
    drill, scheduled, cluster: ClusterRecord, until
) -> None:
    schedule = scheduled(3)
    child = drill.start(AUDITOR, schedule)
    until(schedule.start)
    target, token = identity_target(cluster, "admin")
    made = {"by-hand": {}, "by-a-drill": labels_of("run")}
    with closing(Caller(target, token, timeout_s=30)) as api:
        try:
            for name, labels in made.items():
                metadata = {"name": name, "labels": labels}
                assert api.call("POST", NAMESPACES, {"metadata": metadata}).status == 201
            drill.finish(child)
        finally:
            for name in made:
                api.call("DELETE", f"{NAMESPACES}/{name}")
    before, after = read_lines(drill.folder.surrounding, Surrounding)
    assert (before.when, before.error, after.when, after.error) == ("before", "", "after", "")
    assert {"namespaces", "nodes", "pods", "configmaps", "services"} == set(after.there)
    assert set(after.there["namespaces"]) - set(before.there["namespaces"]) == {"by-hand"}
    assert "default/kubernetes" in after.there["services"]


@pytest.mark.breaks
def test_an_honest_api_is_honest_while_a_member_of_etcd_is_killed(
    drill, scheduled, proxied: Proxied, cluster: ClusterRecord, until
) -> None:
    drill.record = proxied("honest")
    schedule = scheduled(20)
    child = drill.start(AUDITOR, schedule)
    until(schedule.start + (schedule.end - schedule.start) // 4)
    holding = handle_of(cluster).holding
    try:
        holding.hold("etcd-a")
        until(schedule.start + (schedule.end - schedule.start) * 3 // 4)
    finally:
        holding.release("etcd-a")
    drill.finish(child)
    lines = list(read_audit(drill.folder.audit, may_be_cut=False))
    assert check(lines) == Checked()
