"""The command: as a process of its own, or in this one, which is faster, and by the same entry."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from kubedrill import cli

TOP = Path(__file__).resolve().parents[2]
LIMIT_S = 600
"""Ten times what any of these commands takes on a busy machine."""


def kubedrill(
    *arguments: object, cwd: Path = TOP, inside: tuple[str, ...] = (), **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Return what the command said once it has ended; `environment` is beside and above ours.

    `inside`: what stands before it, such as `unshare --net`.
    """
    return subprocess.run(
        [*inside, sys.executable, "-m", "kubedrill", *map(str, arguments)],
        cwd=cwd,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def command(arguments: list[str]) -> tuple[object, str]:
    """Return the exit code of the command, and all that it printed, whoever held the descriptors."""
    before = [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as said:
        for number in (1, 2):
            os.dup2(said.fileno(), number)
        try:
            with patch.object(sys, "argv", ["kubedrill", *arguments]):
                cli.main()
        except SystemExit as end:
            code: object = end.code
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for number, kept in zip((1, 2), before, strict=True):
                os.dup2(kept, number)
                os.close(kept)
        said.seek(0)
        return code, said.read().decode(errors="replace")
