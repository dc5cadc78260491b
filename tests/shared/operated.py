"""Somebody else's control plane of small programs, to which commands of a cluster file do things."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from kubedrill.cluster import cluster_folder
from kubedrill.cluster.adopted.components import hosts, scripted
from kubedrill.cluster.adopted.definition import AdoptedDefinition
from kubedrill.cluster.adopted.handle import described
from kubedrill.cluster.adopted.offering import fingerprint
from kubedrill.cluster.adopted.up import KEPT
from kubedrill.record.cluster import COMMANDS, INJECTOR, ClusterRecord, Endpoint, Identity

PROGRAM = Path(__file__).with_name("operated_program.py")
ALL = ("proof", "well", "kill", "stop", "start", "pause", "proceed", "restart")


def commands(folder: Path, *which: str, **others: Any) -> dict[str, Any]:
    """Return these commands for the program of a folder, all if none is named, but for `others`."""
    known = {what: _command(folder, what) for what in which or ALL}
    return {**known, **others}


def _command(folder: Path, what: str) -> list[str]:
    return [sys.executable, "-I", str(PROGRAM), str(folder), what]


@contextmanager
def program(folder: Path) -> Iterator[Path]:
    """Have a program run in a folder, kept by its supervisor, for this block."""
    folder.mkdir()
    command = _command(folder, "supervise")
    with subprocess.Popen(command, stdin=subprocess.PIPE) as supervisor:
        wait_for((folder / "pid").exists)
        yield folder
        assert supervisor.stdin
        supervisor.stdin.close()


@contextmanager
def programs(folder: Path, *names: str) -> Iterator[dict[str, Path]]:
    """Have several, by name."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(program(folder / name)) for name in names}


def pid_of(at: Path) -> int:
    """Return the pid of the program of a folder."""
    return int((at / "pid").read_text())


def wait_for(what: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def definition(components: Mapping[str, Mapping[str, Any]], *zones: str) -> AdoptedDefinition:
    """Return the file of a cluster with these components."""
    said = {
        "provider": "kubeconfig",
        "context": "theirs",
        "authority": f"sha256:{64 * '0'}",
        "system_uid": 36 * "0",
        "zones": zones,
        "components": components,
    }
    return AdoptedDefinition.model_validate_json(json.dumps(said))


def come_up(file: AdoptedDefinition, name: str = "operated") -> ClusterRecord:
    """Return the record of a cluster as it comes up, whose API nobody asks anything: none is there."""
    folder = cluster_folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / KEPT).write_text(file.model_dump_json())
    told = described(file)
    record = ClusterRecord(
        name=name,
        provider="kubeconfig",
        zoning="foreign",
        zones=file.zones,
        folder=str(folder),
        balancer=Endpoint("127.0.0.1", 1),
        ca_file=str(folder / "none"),
        server_name="",
        components=(),
        identities={INJECTOR: Identity(INJECTOR, token_file=str(folder / "none"))},
        capabilities=told.capabilities,
        versions={},
        lacks=dict(told.lacks),
        scripted=scripted(file.components),
        hosts=hosts(file.components),
        settings={COMMANDS: fingerprint(file.components)},
    )
    record.write(folder / "cluster.json")
    return record
