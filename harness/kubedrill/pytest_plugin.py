"""pytest's plugin: `pytest experiments/` plays each experiment file as a test, by the command itself.

FAIL is a failed test whose message is the verdict; INVALID, and what was not started, an error of its set-up:
nothing was proven. Drills that share a machine, or a cluster, wait for each other, in all of xdist's workers.
"""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER, SUFFIX = "experiments", ".yaml"
FAIL = 1
_OPTIONS = {
    "--drill-cluster": ("--cluster", "on clusters/NAME.yaml instead of the file's cluster"),
    "--drill-set": ("--set", "KEY=VALUE: change one key of each file; may be given again"),
    "--drill-scale": ("--scale", "multiply rates and seeds"),
    "--drill-reports": ("--reports", "where run folders are made"),
}
"""By option, that of `kubedrill run`, and what it is for."""


class VerdictFailed(Exception):  # noqa: N818 - a verdict
    """The drill's verdict is FAIL; the message is what did not hold."""


class NothingProved(Exception):  # noqa: N818 - a verdict
    """INVALID, or nothing was started; the message says why."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `kubedrill run` may be told."""
    group = parser.getgroup("kubedrill", "drills: the files of experiments/")
    for option, (_, words) in _OPTIONS.items():
        group.addoption(option, action="append", default=[], help=words)


def pytest_configure(config: pytest.Config) -> None:
    """Tell of the marks that drills have."""
    for words in ("drill: an experiment that is played", "claim(number): what it proves"):
        config.addinivalue_line("markers", words)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "DrillFile | None":
    """Take the files of folders that are called experiments."""
    if file_path.suffix == SUFFIX and file_path.parent.name == FOLDER:
        return DrillFile.from_parent(parent, path=file_path)
    return None


class DrillFile(pytest.File):
    """One file, and its drill."""

    def collect(self) -> Iterator["DrillItem"]:
        """Yield the drill; what is wrong with the file it says itself when it is played."""
        try:
            said = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            said = None
        yield DrillItem.from_parent(self, name=self.path.stem, said=said)


class DrillItem(pytest.Item):
    """One drill, or the drills of all its variants."""

    def __init__(self, *, said: Any, **given: Any) -> None:
        super().__init__(**given)
        known = said if isinstance(said, dict) else {}
        self.add_marker("drill")
        if isinstance(known.get("claim"), int):
            self.add_marker(pytest.mark.claim(number=known["claim"]))
        named = known.get("cluster")
        self._cluster = str(named.get("name") if isinstance(named, dict) else named)
        self._code, self._words = 0, ""

    def setup(self) -> None:
        """Play it; NothingProved if that proves nothing."""
        given = [
            word
            for option, (passed_on, _) in _OPTIONS.items()
            for value in self.config.getoption(option)
            for word in (passed_on, value)
        ]
        on = self.config.getoption("--drill-cluster")
        with _alone(on[-1] if on else self._cluster, self.path):
            self._code, output = _played(["run", str(self.path), *given])
        print(output)
        if self._code not in {0, FAIL}:
            raise NothingProved(_last(output))
        self._words = _last(output)

    def runtest(self) -> None:
        """Raise VerdictFailed where it failed."""
        if self._code == FAIL:
            raise VerdictFailed(self._words)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what the drill says of itself, without a traceback of ours."""
        if isinstance(excinfo.value, VerdictFailed | NothingProved):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where it stands."""
        return self.path, None, f"drill {self.name}"


def _played(arguments: list[str]) -> tuple[int, str]:
    """Run the command to its end, also where Ctrl-C is on its way to it: it mends what it has broken."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kubedrill", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = process.communicate()
    except KeyboardInterrupt:
        process.communicate()
        raise
    return process.returncode, output


def _last(output: str) -> str:
    """Return the verdict out of what was printed: from its word on; all of it where there is none."""
    lines = output.splitlines()
    begins = [n for n, line in enumerate(lines) if line.split()[:1] in (["FAIL"], ["INVALID"])]
    return "\n".join(lines[begins[-1] :] if begins else lines)


@contextmanager
def _alone(cluster: str, near: Path) -> Iterator[None]:
    """Wait until no drill of another worker uses what this one does."""
    from kubedrill.cluster.state import state_folder

    folder = state_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"pytest-{_shared(cluster, near)}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _shared(cluster: str, near: Path) -> str:
    """Return what a drill shares with others: this machine, but where its cluster is on others."""
    from kubedrill import places
    from kubedrill.cluster import load_definition
    from kubedrill.errors import NotStarted

    try:
        definition = load_definition(places.cluster_file(cluster, near))
    except NotStarted:
        return "machine"
    return cluster if definition.provider == "kubeconfig" else "machine"
