"""Clients in Go against a cluster of ours: kperf and kube-burner, where they are installed, and the client
under both of them, client-go, in a loop of its own (client_go/), where Go is.
"""

import base64
import itertools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml
from platformdirs import user_cache_dir

from benchmarks.peers import run
from benchmarks.playing import Spent
from kubedrill.record.cluster import ClusterRecord

_numbers = itertools.count()


def built_client_go() -> Path | None:
    """Return the built loop of client-go; None without Go. Built anew only when it has changed."""
    if shutil.which("go") is None:
        return None
    program = Path(user_cache_dir("kubedrill")) / "client-go-loop"
    source = Path(__file__).parent / "client_go"
    run(["go", "build", "-o", str(program), "."], source)
    return program


def client_go(record: ClusterRecord, total: int, **options: str | int) -> Spent | None:
    """Send `total` requests with client-go; options as client_go/main.go names them. None without Go."""
    program = built_client_go()
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as temporary:
        given = {"kubeconfig": _kubeconfig(record, Path(temporary)), "total": total, **options}
        said, cpu_s = run([str(program), *(f"-{name}={value}" for name, value in given.items())])
    done = json.loads(said.splitlines()[-1])
    if done["failed"]:
        raise RuntimeError(f"client-go: {said}")
    return Spent(total, done["bytes"], cpu_s)


def kperf(
    record: ClusterRecord,
    request: dict[str, Any],
    *,
    total: int,
    clients: int,
    media: str = "json",
    http2: bool = False,
) -> Spent | None:
    """Send `total` requests with kperf, a connection a client; None if it is not installed."""
    if shutil.which("kperf") is None:
        return None
    spec = {
        "rate": 0,
        "total": total,
        "conns": clients,
        "client": clients,
        "contentType": media,
        "disableHTTP2": not http2,
        "maxRetries": 0,
        "requests": [{**request, "shares": 1}],
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        profile, result = folder / "profile.yaml", folder / "result.json"
        profile.write_text(yaml.safe_dump({"version": 1, "description": "", "spec": spec}))
        arguments = ["--config", str(profile), "--kubeconfig", _kubeconfig(record, folder)]
        said, cpu_s = run(["kperf", "runner", "run", *arguments, "--result", str(result)])
        found = json.loads(result.read_text())
    if found["total"] != total or found.get("errorStats") or found.get("errors"):
        raise RuntimeError(f"kperf: {found} {said}")
    return Spent(total, found["totalReceivedBytes"], cpu_s)


def kube_burner(record: ClusterRecord, count: int) -> Spent | None:
    """Create secrets of 1 KB in a namespace; None if it is not installed."""
    if shutil.which("kube-burner") is None:
        return None
    job = {
        "name": "secrets",
        "jobIterations": count,
        "qps": 10_000,
        "burst": 10_000,
        "namespacedIterations": False,
        "namespace": f"peer-{next(_numbers)}",
        "cleanup": False,
        "waitWhenFinished": False,
        "preLoadImages": False,
        "objects": [{"objectTemplate": "secret.yml", "replicas": 1}],
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s-{{.Iteration}}-{{.Replica}}"},
        "data": {"value": base64.b64encode(b"x" * 1024).decode()},
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "secret.yml").write_text(yaml.safe_dump(secret))
        (folder / "burn.yml").write_text(yaml.safe_dump({"global": {"gc": False}, "jobs": [job]}))
        arguments = ["--kubeconfig", str(record.identities["admin"].kubeconfig)]
        _, cpu_s = run(["kube-burner", "init", "-c", "burn.yml", *arguments], folder)
    return Spent(count, 0, cpu_s)


def _kubeconfig(record: ClusterRecord, folder: Path) -> str:
    """Write a kubeconfig of a load's ServiceAccount, so that both clients are the same to the server."""
    token = Path(str(record.identities["load-0"].token_file)).read_text().strip()
    server = f"https://{record.balancer.host}:{record.balancer.port}"
    cluster = {
        "server": server,
        "certificate-authority": record.ca_file,
        "tls-server-name": record.server_name,
    }
    context = {"cluster": "it", "user": "load"}
    path = folder / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "it", "cluster": cluster}],
                "users": [{"name": "load", "user": {"token": token}}],
                "contexts": [{"name": "it", "context": context}],
                "current-context": "it",
            }
        )
    )
    return str(path)
