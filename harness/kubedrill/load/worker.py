"""Load: `kubedrill worker`, a Locust worker for the master of a load on another machine."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kubedrill.errors import NotStarted
from kubedrill.load.user.remote.handover import API
from kubedrill.load.user.remote.worker import REMOTE
from kubedrill.process.environment import NOWHERE, environment
from kubedrill.record.catalogue import ProfileDescription

IN_CLUSTER = "in-cluster"
"""Where every pod finds the API, as its environment says."""


def work(master: str, api: str, profiles: Mapping[str, ProfileDescription]) -> None:
    """Become a worker of the master at HOST:PORT; NotStarted if that, or its profile, is of no use here.

    Only a profile of this machine's own is run, and only if it is the master's to the letter. `api` is where
    it finds the API, HOST:PORT or in-cluster; "": where the master does.
    """
    host, port = _address("--master", master)
    if api and api != IN_CLUSTER:
        _address("--api", api)
    given = {API: _in_cluster() if api == IN_CLUSTER else api} if api else {}
    path = _profile(host, port, profiles)
    command = [sys.executable, "-m", "locust", "-f", str(path), "--worker"]
    command += ["--master-host", host, "--master-port", str(port)]
    surroundings = {**environment(NOWHERE), **given, REMOTE: "1", "OPENBLAS_NUM_THREADS": "1"}
    os.execve(sys.executable, command, surroundings)  # noqa: S606 - no shell is needed


def _address(option: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise NotStarted(f"{option} {text}: needs HOST:PORT, such as 10.0.0.5:5557")
    return host, int(port)


def _in_cluster() -> str:
    """Return where a pod finds the API; NotStarted where this is none."""
    try:
        host, port = (os.environ[f"KUBERNETES_SERVICE_{what}"] for what in ("HOST", "PORT"))
    except KeyError as missing:
        words = f"--api {IN_CLUSTER}: this is no pod: {missing} is not set; name HOST:PORT"
        raise NotStarted(words) from None
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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
