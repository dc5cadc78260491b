"""What a drill sweeps from a cluster that stays: counted, timed, and said."""

from pathlib import Path

from api_server import ApiServer
from behaving_server import SERVER_NAME, Certificate

from kubedrill.drill import Drill
from kubedrill.record.cluster import ClusterRecord, Endpoint, Identity
from kubedrill.record.folder import RunFolder
from kubedrill.record.timeline import Event, read_timeline


def record(folder: Path, certificate: Certificate, port: int) -> ClusterRecord:
    token = folder / "token"
    token.write_text("token")
    return ClusterRecord(
        name="x",
        provider="test",
        zoning="loopback",
        zones=("a",),
        folder=str(folder),
        balancer=Endpoint("127.0.0.1", port),
        ca_file=str(certificate.certificate),
        server_name=SERVER_NAME,
        components=(),
        identities={"admin": Identity("admin", token_file=str(token))},
        capabilities=(),
        versions={},
    )


def test_a_sweep_is_measured(tmp_path: Path) -> None:
    certificate = Certificate.create(tmp_path)
    server = ApiServer(certificate)
    server.patient = True
    for name in ("one", "two"):
        path = f"/api/v1/namespaces/{name}"
        server.objects[path] = {"metadata": {"name": name}}
        for number in range(3):
            secret = {"metadata": {"name": f"s-{number}"}}
            server.objects[f"{path}/secrets/s-{number}"] = secret
    folder = RunFolder.create(tmp_path / "reports", "test")
    record(tmp_path, certificate, server.port).write(folder.cluster)
    said: list[Event] = []
    drill = Drill(folder, "x", on_event=said.append)
    arguments = {"cluster_file": str(folder.cluster), "run": folder.run}
    drill.ledger.intend("seed", "seeded objects", ("kubedrill.seed", "sweep"), arguments)
    assert drill.clear(keep_cluster=False) == []
    server.close()
    assert server.objects == {}
    (event,) = said
    assert read_timeline(folder.timeline) == [event]
    assert (event.namespaces, event.objects) == (2, 6)
    assert 0 < event.seconds < 10
    assert event.name.startswith("swept 2 namespaces and 6 objects in them in ")
