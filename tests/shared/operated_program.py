"""A small program, who keeps it running, and the commands for it: `operated_program.py FOLDER WHAT`.

It stands for a component of somebody else's control plane, and its supervisor for kubelet or systemd: that
starts it again whatever ends it, but as long as the file `held` is there.
"""

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

EVERY_S = 0.02
SIGNALS = {
    "kill": signal.SIGKILL,
    "stop": signal.SIGTERM,
    "restart": signal.SIGTERM,
    "pause": signal.SIGSTOP,
    "proceed": signal.SIGCONT,
}


def supervise(folder: Path) -> None:
    """Keep it running until stdin ends."""
    running: subprocess.Popen[bytes] | None = None
    while not select.select([0], [], [], EVERY_S)[0]:
        if running and running.poll() is not None:
            running = None
            (folder / "pid").unlink()
        if running is None and not (folder / "held").exists():
            running = subprocess.Popen(["sleep", "600"])
            (folder / "new").write_text(str(running.pid))
            (folder / "new").rename(folder / "pid")
    if running:
        running.kill()
        running.wait()


def prove(folder: Path) -> int:
    """Print pid and state; return the exit code."""
    try:
        pid = int((folder / "pid").read_text())
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 1
    print(pid, stat[stat.rindex(")") + 2])
    return 0


def do(folder: Path, what: str) -> None:
    """Break it, or put it right."""
    if what in {"kill", "stop"}:
        (folder / "held").touch()
    if what == "start":
        (folder / "held").unlink(missing_ok=True)
        return
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), SIGNALS[what])


if __name__ == "__main__":
    at, what = Path(sys.argv[1]), sys.argv[2]
    if what == "supervise":
        supervise(at)
    elif what == "proof":
        sys.exit(prove(at))
    elif what == "well":
        sys.exit("it is told to be unwell" if (at / "unwell").exists() else 0)
    else:
        do(at, what)
