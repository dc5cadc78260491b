"""The command: as a process of its own, or in this one, which is faster, and by the same entry."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from multiprocessing import forkserver
from pathlib import Path
from unittest.mock import patch

import leftovers

from kubedrill import cli

TOP = Path(__file__).resolve().parents[2]
LIMIT_S = 600
"""Ten times what any of these commands takes on a busy machine."""
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [
        "commanding",
        "kubedrill.catalogue",
        "kubedrill.cluster.provider",
        "kubedrill.compare.judging",
        "kubedrill.judge",
        "kubedrill.planning",
        "kubedrill.undo.registry",
    ]
)
"""Its processes are forked from one that has imported these, and has no thread but its own."""


def kubedrill(
    *arguments: object, cwd: Path = TOP, inside: tuple[str, ...] = (), **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Return what the command said once it has ended; `environment` is beside and above ours.

    `inside`: what stands before it, such as `unshare --net`. Without, it is forked from what has imported
    the program, since that takes most of a short command's time.
    """
    words = [*map(str, arguments)]
    if not inside:
        return _forked(words, cwd, os.environ | environment)
    return subprocess.run(
        [*inside, sys.executable, "-m", "kubedrill", *words],
        cwd=cwd,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def _forked(
    words: list[str], cwd: Path, environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    _start_server()
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        process = SERVER.Process(target=_play, args=(words, cwd, environment, said))
        process.start()
        process.join(LIMIT_S)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, LIMIT_S)
        texts = [path.read_text(encoding="utf-8") for path in said]
        return subprocess.CompletedProcess(words, process.exitcode, *texts)


def _start_server() -> None:
    """Have what forks, and who tracks what it uses, belong to no test: they outlive one that fails."""
    with patch.dict(os.environ):
        os.environ.pop(leftovers.TEST, None)
        forkserver.ensure_running()


def _play(words: list[str], cwd: Path, environment: dict[str, str], said: list[Path]) -> None:
    """Become the command."""
    for number, path in enumerate(said, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["kubedrill", *words]
    if own := environment.get("PYTHONPATH"):
        sys.path[:0] = own.split(":")
        for name in [name for name in sys.modules if name.startswith("kubedrill")]:
            del sys.modules[name]  # some look for what is installed when they are imported
    from kubedrill.cli import main

    main()


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
