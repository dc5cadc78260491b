"""What tells one process of this machine apart from every other: its pid and its start."""

from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_START_TIME = 19
"""The place of `starttime` in /proc/PID/stat, counted from 0 after the name, which may have blanks in it."""


def start_of(pid: int) -> str | None:
    """Return when the process of that pid was started, as `BOOT/TICKS`; None if there is none.

    With the pid it names one process for ever: ticks of the clock since the machine came up do not
    follow when its time is set, as psutil's `create_time` does, and the boot's id keeps processes
    apart that two boots gave the same pid and ticks.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    after_the_name = stat[stat.rindex(b")") + 1 :].split()
    return f"{_boot_id()}/{int(after_the_name[_START_TIME])}"


@cache
def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()
