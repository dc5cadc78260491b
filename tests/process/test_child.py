"""The two ends of the lifeline."""

import sys
from pathlib import Path

from kubedrill.process.child import Child


def test_a_child_may_print_more_than_a_pipe_holds(tmp_path: Path) -> None:
    script = (
        "from kubedrill.process.lifeline import say_ready\n"
        "import sys; say_ready(); print('x' * 200_000); print('done', file=sys.stderr)\n"
    )
    child = Child.start("talker", [sys.executable, "-c", script], tmp_path / "log")
    child.wait_ready(60)
    assert child.wait(60) == 0
    log = (tmp_path / "log").read_text()
    assert sorted(len(line) for line in log.splitlines()) == [4, 200_000]
