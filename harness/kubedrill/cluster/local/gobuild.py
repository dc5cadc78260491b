"""Provider local: the binaries built from pinned Go modules, where the official ones are out of reach."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kubedrill.cluster.local.binaries import KUBERNETES
from kubedrill.errors import NotStarted

MODULES = Path(__file__).parent / "build"
GO_MINOR = 26
"""Kubernetes 1.37 and etcd 3.7 say `go 1.26` in their go.mod."""

Built = Callable[[int, int], None]
"""Called with (packages so far, packages in all); those in Go's build cache are not counted."""


@dataclass(frozen=True, slots=True)
class GoSource:
    """What to build: a folder with go.mod and go.sum, a package in it, and build flags."""

    module: Path
    package: str
    flags: tuple[str, ...] = ()


def source_of(name: str) -> GoSource:
    """Return how a binary is built; the flags are those of the official builds."""
    if name == "etcd":
        return GoSource(MODULES / "etcd", "go.etcd.io/etcd/server/v3", ("-ldflags=-s -w",))
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    stamps = {
        "gitVersion": KUBERNETES,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    stamped = [
        f"-X {package}.{key}={value}"
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for key, value in stamps.items()
    ]
    return GoSource(
        MODULES / "kubernetes",
        f"k8s.io/kubernetes/cmd/{name}",
        ("-tags=selinux,notest,grpcnotrace", f"-ldflags=-s -w {' '.join(stamped)}"),
    )


def build(source: GoSource, target: Path, progress: Built) -> None:
    """Build to `target`, which appears only when it is whole; NotStarted shows what Go said."""
    go = find_go()
    command = [go, "build", "-C", str(source.module), "-mod=readonly", "-trimpath", "-v"]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        output = Path(folder) / target.name
        total = _package_count(go, source)
        said: list[str] = []
        with subprocess.Popen(
            [*command, *source.flags, "-o", str(output), source.package],
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(),
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                progress(len(said), total)
        if process.returncode != 0:
            raise NotStarted(f"go build {source.package} failed:\n{''.join(said[-15:])}")
        with output.open("rb") as file:
            os.fsync(file.fileno())
        output.replace(target)


def find_go() -> str:
    """Return the go command; NotStarted if there is none, or one that is too old."""
    go = shutil.which("go")
    if go is None:
        raise NotStarted(
            f"the official downloads are out of reach, and there is no Go to build with; install Go "
            f"1.{GO_MINOR} or newer, or point KUBEBUILDER_ASSETS at a folder with the binaries"
        )
    said = subprocess.run([go, "version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"go1\.(\d+)", said)
    if found is None or int(found.group(1)) < GO_MINOR:
        raise NotStarted(f"{said.strip()} is too old; install Go 1.{GO_MINOR} or newer")
    return go


def _package_count(go: str, source: GoSource) -> int:
    command = [go, "list", "-C", str(source.module), "-mod=readonly", "-deps", source.package]
    listed = subprocess.run(
        command, capture_output=True, text=True, check=False, env=_environment()
    )
    return len(listed.stdout.splitlines())


def _environment() -> dict[str, str]:
    # A user's GOFLAGS (-mod=vendor) or workspace would change what is built.
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}
