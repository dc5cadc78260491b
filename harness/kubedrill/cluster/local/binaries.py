"""Provider local: where the binaries are. Finds, never fetches; `setup` does that."""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kubedrill.errors import NotStarted

KUBERNETES = "v1.37.2"
ETCD = "v3.7.3"

PROGRAMS = {
    "etcd": ("etcd",),
    "kubernetes": ("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
}
"""What is released together, under one version."""

NAMES = tuple(name for names in PROGRAMS.values() for name in names)

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of a local cluster, and the versions that they say they are."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    haproxy: Path
    versions: dict[str, str]
    """By the program's name."""


def find_all() -> Binaries:
    """Find every binary; NotStarted names what is missing and how to get it."""
    found = {name: find(name) for name in NAMES}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise NotStarted(
            f"{', '.join(missing)} not found; run: kubedrill setup (or point KUBEBUILDER_ASSETS at a "
            "folder that has them)"
        )
    haproxy = find_haproxy()
    if haproxy is None:
        raise NotStarted(
            "HAProxy not found; install it: apt-get install haproxy (or your system's)"
        )
    check_versions(found)
    paths = {name: path for name, path in found.items() if path}
    return Binaries(
        etcd=paths["etcd"],
        kube_apiserver=paths["kube-apiserver"],
        kube_controller_manager=paths["kube-controller-manager"],
        kube_scheduler=paths["kube-scheduler"],
        haproxy=haproxy,
        versions={name: version_of(path) for name, path in {**paths, "haproxy": haproxy}.items()},
    )


def check_versions(found: Mapping[str, Path | None]) -> None:
    """Raise NotStarted if Kubernetes' programs differ in minor version; one that is missing is fetched."""
    versions = {
        name: version_of(path) if (path := found[name]) else KUBERNETES.removeprefix("v")
        for name in PROGRAMS["kubernetes"]
    }
    if len({tuple(version.split(".")[:2]) for version in versions.values()}) > 1:
        told = (
            f"{name} {version} ({found[name] or 'to be fetched'})"
            for name, version in versions.items()
        )
        raise NotStarted(
            f"Kubernetes' programs are of different versions: {', '.join(told)}; point "
            "KUBEBUILDER_ASSETS at a folder that has all three of one version"
        )


def find(name: str) -> Path | None:
    """Find one binary in TEST_ASSET_NAME, KUBEBUILDER_ASSETS or the cache; None if it is nowhere.

    NotStarted if TEST_ASSET_NAME names what cannot be run: it was meant, and would be passed over.
    """
    variable = f"TEST_ASSET_{name.upper().replace('-', '_')}"
    if asset := os.environ.get(variable):
        if not os.access(asset, os.X_OK) or not Path(asset).is_file():
            raise NotStarted(f"{variable}={asset}: not a program that can be run")
        return Path(asset)
    folders = [cache_folder()]
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        folders.insert(0, Path(assets))
    paths = [folder / name for folder in folders]
    return next((path for path in paths if path.is_file() and os.access(path, os.X_OK)), None)


def find_haproxy() -> Path | None:
    """Find HAProxy on PATH, or where a system keeps it from ordinary users' PATH."""
    path = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
    return Path(path) if path else None


def cache_folder() -> Path:
    """Return the folder of the binaries of these versions; `KUBEDRILL_CACHE` overrides the user's."""
    import platformdirs

    override = os.environ.get("KUBEDRILL_CACHE")
    cache_path = Path(override) if override else platformdirs.user_cache_path("kubedrill")
    return cache_path / "bin" / f"kubernetes-{KUBERNETES}-etcd-{ETCD}-{architecture()}"


def architecture() -> str:
    """Return this machine's architecture as Go names it; NotStarted where nothing is released for it."""
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in ARCHITECTURES:
        raise NotStarted(
            f"the local provider runs on Linux, {' or '.join(ARCHITECTURES)}; this is "
            f"{platform.system()} {machine}"
        )
    return ARCHITECTURES[machine]


@cache
def version_of(path: Path) -> str:
    """Return the version that a program prints; NotStarted if it does not run."""
    flag = "-v" if path.name == "haproxy" else "--version"
    try:
        said = subprocess.run(
            [path, flag], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NotStarted(
            f"{path} does not run: {error}; remove it, then: kubedrill setup"
        ) from error
    found = re.search(r"\d+\.\d+\.\d+\S*", said)
    return found.group() if found else said.strip()
