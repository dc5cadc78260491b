"""A supervisor with programs of one's own: no control plane needed."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kubedrill.cluster import teardown
from kubedrill.cluster.local.programs import Program, write_programs
from kubedrill.cluster.state import MARK


@contextmanager
def supervised(folder: Path, programs: Sequence[Program]) -> Iterator[None]:
    """Start it in a folder that has `logs`, and end it with all that it has started."""
    write_programs(folder, [*programs])
    subprocess.run(
        [sys.executable, "-m", "kubedrill.cluster.local.daemon", str(folder)],
        check=True,
        timeout=60,
        env={**os.environ, MARK: str(folder)},
        start_new_session=True,
    )
    try:
        yield
    finally:
        teardown.kill_all(folder)
