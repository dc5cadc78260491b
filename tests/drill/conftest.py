"""Start real drills, each in a project folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from drills import MARK, SHORT, Drills, RunningDrill

from kubedrill.client.caller import Caller
from kubedrill.drill import SHARED
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.target import identity_target

Ask = Callable[[str], Any]


@pytest.fixture
def drill(project: Path, drill_file: Drills) -> Drills:
    """Start drills: `drill(name, changes, *arguments)`, otherwise as `drill_file`."""

    def start(
        name: str,
        changes: dict[str, Any],
        *arguments: str,
        **how: Any,
    ) -> RunningDrill:
        file = project / "experiments" / f"{name}.yaml"
        file.write_text(yaml.safe_dump(SHORT | changes, sort_keys=False))
        return drill_file(file, *arguments, **how)

    return start


@pytest.fixture
def ask(cluster: ClusterRecord) -> Iterator[Ask]:
    """Ask the drill's cluster for an object; None if it has none."""

    def get(path: str) -> Any:
        answer = api.call("GET", path)
        assert answer.status in {200, 404}
        return json.loads(answer.body) if answer.status == 200 else None

    with closing(Caller(*identity_target(cluster, "admin"))) as api:
        yield get


@pytest.fixture
def drill_file(tmp_path: Path) -> Iterator[Drills]:
    """Start drills: `drill_file(file, *arguments)`; each is ended with the test.

    Tests share the machine with each other, and say so; one that is about others does not.
    They write no report.html, which is half of a short drill's work, unless a test asks for the `page`.
    With a `state` folder of its own, a drill brings up, and must destroy, its own cluster. `within`: the
    words of a command that starts another one.
    """
    running: list[RunningDrill] = []

    def start(
        file: Path,
        *arguments: str,
        state: Path | None = None,
        shared: bool = True,
        page: bool = False,
        within: Sequence[str] = (),
        environment: Mapping[str, str] = {},
    ) -> RunningDrill:
        command = [*within, sys.executable, "-m", "kubedrill", "run", str(file), *arguments]
        command += ["--reports", str(tmp_path / "reports"), *([] if page else ["--no-page"])]
        mark = str(state or tmp_path)
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
            env={
                **os.environ,
                MARK: mark,
                **({"KUBEDRILL_STATE": str(state)} if state else {}),
                **({SHARED: "1"} if shared else {}),
                **environment,
            },
        )
        running.append(RunningDrill(process, tmp_path / "reports", file.stem, mark))
        return running[-1]

    yield start
    for started in running:
        started.output()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder laid out as a user's: experiments, the shipped profiles and clusters, and a small one."""
    top = Path(__file__).resolve().parents[2]
    folder = tmp_path / "project"
    for own in ("experiments", "clusters"):
        (folder / own).mkdir(parents=True)
    (folder / "loadprofiles").symlink_to(top / "loadprofiles")
    for shipped in (top / "clusters").glob("*.yaml"):
        (folder / "clusters" / shipped.name).symlink_to(shipped)
    (folder / "clusters" / "one-zone.yaml").write_text("provider: local\nzones: [a]\n")
    return folder
