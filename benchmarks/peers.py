"""Load generators of others, where they are installed, and what they cost."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.playing import Spent
from benchmarks.static_server import TOKEN, USERS

HEADERS = (
    "Accept: application/json",
    f"Authorization: Bearer {TOKEN}",
    "User-Agent: kubedrill-benchmark",
)

_DONE = """
done = function(summary)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format("DONE %d %d %d\\n", summary.requests, summary.bytes, failed))
end
"""
"""wrk's own words are rounded."""


def wrk(url: str, seconds: float) -> Spent | None:
    """GET with wrk, one thread; None if it is not installed. It does not verify the certificate."""
    if shutil.which("wrk") is None:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_DONE)
        script.flush()
        arguments = ["-t1", f"-c{USERS}", f"-d{seconds:g}s", "--timeout", "30s", "-s", script.name]
        said, cpu_s = run(["wrk", *arguments, *_headers(), url])
    found = re.search(r"DONE (\d+) (\d+) (\d+)", said)
    if found is None or int(found[3]) or not int(found[1]):
        raise RuntimeError(f"wrk: {said}")
    return Spent(int(found[1]), int(found[2]), cpu_s)


def hey(url: str, seconds: float) -> Spent | None:
    """GET with hey; None if it is not installed. It does not verify the certificate."""
    if shutil.which("hey") is None:
        return None
    arguments = ["-c", str(USERS), "-z", f"{seconds:g}s", "-t", "30"]
    said, cpu_s = run(["hey", *arguments, *_headers(), url])
    statuses = {int(status): int(count) for status, count in re.findall(r"\[(\d+)\]\t(\d+)", said)}
    size = re.search(r"Total data:\t(\d+)", said)
    if set(statuses) != {200} or "Error distribution" in said:
        raise RuntimeError(f"hey: {said}")
    return Spent(statuses[200], int(size[1]) if size else 0, cpu_s)


def _headers() -> list[str]:
    return [word for header in HEADERS for word in ("-H", header)]


def run(command: Sequence[str], folder: Path | None = None) -> tuple[str, float]:
    """Return what a program printed, and the CPU-seconds of its process; RuntimeError if it fails."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode:
        raise RuntimeError(f"{Path(command[0]).name}: {said}")
    return said, usage.ru_utime + usage.ru_stime
