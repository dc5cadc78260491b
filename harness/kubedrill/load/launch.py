"""Load: how the runner starts one load, as a Locust process of its own."""

import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.remote import RemoteWorkers

RUN = "KUBEDRILL_RUN"
PROFILE = "KUBEDRILL_PROFILE"
LOAD = "KUBEDRILL_LOAD"
NUMBER = "KUBEDRILL_NUMBER"
PROCESSES = "KUBEDRILL_PROCESSES"
MAX_WAIT = "KUBEDRILL_MAX_WAIT"
"""Environment of a profile that is part of a drill: the run's folder, the profile's and the load's name,
which of the load's processes it is, and of how many; and how long a master waits for its workers, in s."""


class LoadToLaunch(Protocol):
    """What is needed of record.schedule.ScheduledLoad."""

    @property
    def name(self) -> str:
        """The name in objectives."""
        ...

    @property
    def profile(self) -> str:
        """The profile's name."""
        ...

    @property
    def processes(self) -> int:
        """How many share its arrivals."""
        ...

    @property
    def workers(self) -> RemoteWorkers | None:
        """Who shares them on other machines."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What stands under `with:`."""
        ...


def check(loads: Sequence[LoadToLaunch]) -> None:
    """NotStarted if workers of other machines could not be listened for."""
    for load in loads:
        if load.workers is None:
            continue
        place = f"load {load.name}: workers.bind {load.workers.bind}"
        try:
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((load.workers.host, load.workers.port))
        except (OSError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise NotStarted(f"{place}: {why}; choose another address or port") from None


def command(
    profile: Path, load: LoadToLaunch, run: RunFolder, number: int = 0
) -> tuple[list[str], dict[str, str]]:
    """Return arguments and additional environment of one process of `load`.

    It has one user for each identity that the cluster has for load, and says `ready` when they wait;
    the rate, and when to send, come with GO. With workers on other machines it is their master.
    """
    users = len(ClusterRecord.read(run.cluster).load_identities)
    arguments = [sys.executable, "-m", "locust", "-f", str(profile), "--headless", "--only-summary"]
    if load.workers:
        users *= load.workers.expect
        arguments += ["--master", "--expect-workers", str(load.workers.expect)]
        arguments += ["--master-bind-host", load.workers.host]
        arguments += ["--master-bind-port", str(load.workers.port)]
    arguments += ["--users", f"{users}", "--spawn-rate", f"{users}", "--exit-code-on-error", "0"]
    for name, value in load.parameters.items():
        said = str(value).lower() if isinstance(value, bool) else value
        arguments.append(f"--{name.replace('_', '-')}={said}")
    environment = {
        RUN: str(run.path.absolute()),
        PROFILE: load.profile,
        LOAD: load.name,
        NUMBER: str(number),
        PROCESSES: str(load.processes),
        MAX_WAIT: str(load.workers.max_wait_s if load.workers else 0),
        # numpy's thread pool is of no use here, and spins when it starts.
        "OPENBLAS_NUM_THREADS": "1",
    }
    return arguments, environment
