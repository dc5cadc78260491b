"""Provider local: where the binaries are. Finds, never fetches; `setup` does that."""

import errno
import os
import platform
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kubedrill.errors import NotStarted
from kubedrill.process.asking import ask

KUBERNETES = "v1.37.2"
ETCD = "v3.7.3"

PROGRAMS = {
    "etcd": ("etcd",),
    "kubernetes": ("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
}
"""What is released together, under one version."""

OLDEST = {"etcd": (3, 5, 3), "kubernetes": (1, 35, 0)}
"""etcd before 3.5.3 can diverge when it is killed under load (etcd-io/etcd issue 13766); of Kubernetes,
1.35, 1.36 and 1.37 were brought up and tried."""

ASK_S = 20.0
"""A program that has not said its version by then hangs; one that is read from a slow disk takes 1-2 s."""

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
    """Raise NotStarted if a program is too old, or Kubernetes' differ in minor version.

    One that is missing is fetched.
    """
    for release, names in PROGRAMS.items():
        for name in names:
            if path := found[name]:
                _check_age(release, path)
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
        if not _can_run(Path(asset)):
            raise NotStarted(f"{variable}={asset}: not a program that can be run")
        return Path(asset)
    folders = [*_assets(), cache_folder()]
    paths = [folder / name for folder in folders]
    return next((path for path in paths if _can_run(path)), None)


def _assets() -> list[Path]:
    """Return the folder that KUBEBUILDER_ASSETS names, if it does; NotStarted if it is of no use."""
    named = os.environ.get("KUBEBUILDER_ASSETS")
    if not named:
        return []
    folder = Path(named)
    there = [folder / name for name in NAMES if (folder / name).exists()]
    cannot = [path.name for path in there if not _can_run(path)]
    if there and not cannot:
        return [folder]
    if not folder.is_dir():
        why = "not a folder"
    elif cannot:
        why = f"{', '.join(cannot)} cannot be executed"
    else:
        why = f"holds none of {', '.join(NAMES)}"
    raise NotStarted(
        f"KUBEBUILDER_ASSETS={named}: {why}; point it at a folder with the programs, or unset it"
    )


def _can_run(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


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
    """Return the version that a program prints; NotStarted if it does not run, or prints none."""
    flag = "-v" if path.name == "haproxy" else "--version"
    said = _said(path, flag)
    found = re.search(r"\d+\.\d+\.\d+\S*", said)
    if found is None:
        raise _useless(
            path, f"prints no version for {flag}, but: {said.strip()[:100] or 'nothing'}"
        )
    return found.group()


def _said(path: Path, flag: str) -> str:
    """Return what a program prints."""
    try:
        said = ask([path, flag], ASK_S)
    except OSError as error:
        wrong = error.errno == errno.ENOEXEC
        why = f"not a program for {platform.machine()}" if wrong else f"{error.strerror}"
        raise _useless(path, f"does not run: {why}") from error
    words = said.out + said.err
    if said.code is None:
        raise _useless(path, f"does not say its version within {ASK_S:g} s")
    if said.code != 0:
        last = next(iter(words.splitlines()[-1:]), "nothing")
        raise _useless(path, f"does not run: exit code {said.code}, and it said: {last[:200]}")
    return words


def _useless(path: Path, why: str) -> NotStarted:
    return NotStarted(f"{path} {why}; remove it, then: kubedrill setup")


def _check_age(release: str, path: Path) -> None:
    version, oldest = version_of(path), OLDEST[release]
    if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) < oldest:
        least = ".".join(str(part) for part in oldest)
        raise _useless(path, f"is {version}, and {release} must be {least} or newer")
