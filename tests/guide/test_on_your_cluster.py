"""docs/guide/on-your-cluster.md: typed, on a cluster that somebody else runs."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from bare_cluster import CONTEXT, Theirs, everything, somebodys
from object_observers import Nodes
from typed_page import TypingShell, blocks, unlike

from kubedrill.record.verdict import Report

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.own,
    pytest.mark.timeout(600),
    pytest.mark.torture,
]
"""Of the same kind as what stands in `test_your_cluster_page`, which `make test` plays."""

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "on-your-cluster.md"


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Theirs]:
    with somebodys("guide", tmp_path) as cluster:
        cluster.allow(everything())
        yield cluster


@pytest.fixture
def shell(tmp_path: Path, theirs: Theirs) -> Iterator[TypingShell]:
    known = {
        **os.environ,
        "KUBECONFIG": str(theirs.kubeconfig),
        "KUBEDRILL_SHARED_MACHINE": "1",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with TypingShell(tmp_path, known) as made:
        code, said = made.type("kubedrill init drills && cd drills")
        assert code == 0, said
        yield made


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_every_command_does_what_the_page_says(
    tmp_path: Path, theirs: Theirs, shell: TypingShell
) -> None:
    said, drills = "", tmp_path / "drills"
    with closing(Nodes(theirs.record)):
        for block in blocks(PAGE):
            match block.kind:
                case "text":
                    assert unlike(block.text, said) == [], said
                case "yaml":
                    (drills / block.path).write_text(block.text, encoding="utf-8")
                case "sh":
                    for line in block.text.splitlines():
                        # A context is typed once more, for it to be meant.
                        code, said = shell.type(line.replace("staging-admin", CONTEXT), CONTEXT)
                        assert code == 0, f"{line}\n{said}"
                        if ">" in line:  # the least rights are enough for what comes
                            role = yaml.safe_load((drills / "role.yaml").read_text())
                            theirs.allow_rules(role["rules"])
    report = Report.read(drills / "reports" / "gentle" / "latest" / "verdict.json")
    [fault] = report.faults
    assert (fault.took_effect, fault.undone) == (True, True)
    assert theirs.there() == set()
