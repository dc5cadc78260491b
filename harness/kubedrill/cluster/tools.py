"""The tools that make clusters of containers: which version is here, what they are told, how they fail."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubedrill.cluster.engine import ContainerEngine, EngineFailed, output
from kubedrill.cluster.state import MARK, ClusterFailed
from kubedrill.errors import NotStarted
from kubedrill.words import printable

CREATE_S = 900.0
"""They pull images of 1 GB, and wait for little afterwards."""
CALL_S = 60.0
Version = tuple[int, int, int]
_VERSION = re.compile(r"\bv(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class KnownVersions:
    """Which versions of a tool are of use."""

    least: Version
    broken: Mapping[Version, str]
    """Those that are known to be broken, and why."""

    def check(self, tool: str, found: Version) -> None:
        """Raise NotStarted for a version that is of no use."""
        if found < self.least:
            raise NotStarted(
                f"{tool} {dotted(found)} is too old; take {dotted(self.least)} or later"
            )
        if why := self.broken.get(found):
            raise NotStarted(
                f"{tool} {dotted(found)} is known to be broken: {why}; take another version"
            )


def dotted(version: Version) -> str:
    """Return a version in words."""
    return ".".join(map(str, version))


def parsed(text: str) -> Version | None:
    """Return the first version in a text; None if there is none."""
    known = _VERSION.search(text)
    return (int(known[1]), int(known[2]), int(known[3])) if known else None


def found_tool(tool: str, how: str, versions: KnownVersions) -> tuple[str, Version]:
    """Return where a tool is, and its version; NotStarted if it is not there, or of a version of no use.

    `how` it is installed, in words.
    """
    program = shutil.which(tool)
    if program is None:
        raise NotStarted(f"{tool} was not found; to install it: {how}")
    said = told([program, "version"])
    if (known := parsed(said)) is None:
        raise NotStarted(f"{program} version does not say which it is: {printable(said[:100])}")
    versions.check(tool, known)
    return program, known


def told(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Return what a tool prints; NotStarted says what it said where it failed."""
    try:
        return output(command, " ".join(command[:3]), CALL_S, environment=environment)
    except EngineFailed as error:
        raise NotStarted(str(error)) from None


def make(command: Sequence[str], name: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Have a tool make a cluster; ClusterFailed if that does not come, with the end of what it said.

    What it starts carries the mark of the cluster's folder.
    """
    tool = Path(command[0]).name
    log = folder / "logs" / f"{tool}.log"
    with log.open("ab") as said:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**environment, MARK: str(folder)},
                timeout=CREATE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            late = f"{tool} has not made {name} within {CREATE_S:g} s; see {log}"
            raise ClusterFailed(late) from None
    if done.returncode != 0:
        raise ClusterFailed(f"{tool} could not make {name}:{_end(log)}")


def with_engine(engine: ContainerEngine, **more: str) -> dict[str, str]:
    """Return the environment of a tool that is to find this engine, where that is not where all look."""
    host = {"DOCKER_HOST": engine.host} if engine.host else {}
    return {**os.environ, **host, **more}


def check_name(name: str, wanted: str, known: Sequence[str], tool: str, delete: str) -> None:
    """Raise NotStarted if a cluster that is wanted is not there, or that which is to be made already is."""
    if wanted and wanted not in known:
        there = f"there are {', '.join(known)}" if known else "there is none"
        raise NotStarted(f'{tool} knows no cluster "{wanted}"; {there}')
    if not wanted and name in known:
        raise NotStarted(
            f"{tool} has a cluster {name} already, which nobody here knows of; to delete it: {delete} {name}"
        )


def _end(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "".join(f"\n    {line[:300]}" for line in lines[-8:])
