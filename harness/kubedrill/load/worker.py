"""Load: `kubedrill worker`, a Locust worker for the master of a load on another machine."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kubedrill.errors import NotStarted
from kubedrill.load.user.remote.worker import REMOTE
from kubedrill.process.environment import NOWHERE, environment
from kubedrill.record.catalogue import ProfileDescription


def work(master: str, profiles: Mapping[str, ProfileDescription]) -> None:
    """Become a worker of the master at HOST:PORT; NotStarted if that, or its profile, is of no use here.

    Only a profile of this machine's own is run, and only if it is the master's to the letter.
    """
    host, _, port = master.rpartition(":")
    if not host or not port.isdigit():
        raise NotStarted(f"--master {master}: needs HOST:PORT, such as 10.0.0.5:5557")
    path = _profile(host, int(port), profiles)
    command = [sys.executable, "-m", "locust", "-f", str(path), "--worker"]
    command += ["--master-host", host, "--master-port", port]
    surroundings = {**environment(NOWHERE), REMOTE: "1", "OPENBLAS_NUM_THREADS": "1"}
    os.execve(sys.executable, command, surroundings)  # noqa: S606 - no shell is needed


def _profile(host: str, port: int, profiles: Mapping[str, ProfileDescription]) -> Path:
    from locust.argument_parser import download_locustfile_from_master

    given = next(iter(download_locustfile_from_master(host, port)))
    assert isinstance(given, dict)
    name = Path(given["filename"]).stem.replace("_", "-")
    if name not in profiles:
        raise NotStarted(f"the master's profile {name} is not in loadprofiles/ here")
    own = Path(profiles[name].path)
    if own.read_text(encoding="utf-8") != given["contents"]:
        raise NotStarted(
            f"{own} is not what the master's is: bring both machines to one version of kubedrill"
        )
    return own
