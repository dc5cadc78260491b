"""Who asks what of the apiservers, by their logs: each request once, also where a line comes in pieces."""

import json
from pathlib import Path
from typing import Any

import pytest
from json_lines import read_lines

from kubedrill.observe.requests import Requests, asked_in
from kubedrill.process.tail import BytesTail
from kubedrill.record.cluster import ClusterRecord, Component, Endpoint, request_log
from kubedrill.record.folder import RunFolder


def event(
    verb: str, resource: str = "leases", stage: str = "ResponseComplete", code: int = 200
) -> Any:
    return {
        "stage": stage,
        "verb": verb,
        "requestURI": f"/api/v1/{resource}/x?timeout=10s",
        "userAgent": "kubelet/v1.37.2 (linux/amd64) kubernetes/0123abc",
        "objectRef": {"resource": resource},
        "responseStatus": {"code": code},
    }


@pytest.mark.parametrize(
    ("logged", "asked"),
    [
        (event("update"), "UPDATE leases"),
        (event("update", code=500), "UPDATE leases"),
        (event("watch", "pods", "ResponseStarted"), "WATCH pods"),
        (event("watch", "pods"), None),  # its begin was counted
        (event("watch", "pods", code=410), "WATCH pods"),  # it never began
        (event("get", stage="ResponseStarted"), None),
        ({**event("get"), "objectRef": None, "requestURI": "/readyz?verbose"}, "GET /readyz"),
        (
            {**event("patch", "pods"), "objectRef": {"resource": "pods", "subresource": "status"}},
            "PATCH pods/status",
        ),
    ],
)
def test_a_request_counts_once(logged: Any, asked: str | None) -> None:
    assert asked_in(logged) == (None if asked is None else ("kubelet", asked))


def test_what_was_there_before_is_not_told_and_a_line_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    tail = BytesTail(log, from_end=True)
    assert tail.read() == []
    with log.open("ab", buffering=0) as file:
        file.write(b"one\ntw")
        assert tail.read() == [b"one"]
        file.write(b"o\nthree\n")
    assert tail.read() == [b"two", b"three"]


def cluster(folder: Path) -> ClusterRecord:
    here = Endpoint("127.0.0.1", 1)
    servers = tuple(
        Component(f"kube-apiserver-{zone}", "kube-apiserver", zone, here, here) for zone in "ab"
    )
    settings = {"request_log": True}
    return ClusterRecord(
        "c",
        "local",
        "netns",
        ("a", "b"),
        str(folder),
        here,
        "ca",
        "s",
        servers,
        {},
        (),
        {},
        {},
        settings,
    )


def test_all_logs_are_added_up_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder, record = RunFolder.create(tmp_path / "reports", "x"), cluster(tmp_path)
    for server in ("kube-apiserver-a", "kube-apiserver-b"):
        log = request_log(tmp_path, server)
        log.parent.mkdir(exist_ok=True)
        log.write_text("")
    requests = Requests(folder, record)
    for server, many in (("kube-apiserver-a", 2), ("kube-apiserver-b", 1)):
        request_log(tmp_path, server).write_text(f"{json.dumps(event('update'))}\n" * many)
    requests.look()
    request_log(tmp_path, "kube-apiserver-b").unlink()
    requests.look()
    requests.close()
    first, second = read_lines(folder.requests)
    assert (first["counts"], first["unread"]) == ({"kubelet": {"UPDATE leases": 3}}, [])
    assert (second["counts"], second["unread"]) == ({}, ["kube-apiserver-b"])
