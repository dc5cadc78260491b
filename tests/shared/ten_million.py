"""10 M samples through the recorder to the disk and back; in a process of its own, to bound its memory.

Prints a JSON line: what the judge finds, and what is so by definition.
"""

import json
import re
import tempfile
from pathlib import Path

import numpy as np
from locust.env import Environment

from kubedrill.client.targets import Targets
from kubedrill.clock import SECOND
from kubedrill.figures.traces import per_second, read_load
from kubedrill.judge.requests import due_in, statistic
from kubedrill.load.user import RequestSeries
from kubedrill.load.user.recorder import ENDED, Recorder, open_samples, unpack
from kubedrill.load.user.statistics import LocustStatistics
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import Outcome
from kubedrill.record.schedule import Phase
from kubedrill.record.sidecar import LoadSeries, LoadSidecar

COUNT, PIECE, RATE = 10_000_000, 1_000_000, 100_000
START = 1000 * SECOND
NAMES = ("p50", "p90", "p99", "p99.9")
OUTCOMES = (200, 429, Outcome.TIMEOUT)
ENDED_DTYPE = unpack([bytes(ENDED.size)]).dtype


def write(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Record all; return each latency in us, and whether it failed."""
    environment = Environment()
    environment.create_local_runner()
    series = (RequestSeries("get", "GET", "transaction"),)
    described = tuple(LoadSeries(**entry._asdict()) for entry in series)
    sidecar = LoadSidecar(series=described, targets=("unknown",), profile="a", load="a")
    samples = open_samples(folder, "load-a", sidecar)
    recorder = Recorder(LocustStatistics(environment, series), samples, Targets())
    random = np.random.default_rng(4)
    latency, failed = [], []
    for first in range(0, COUNT, PIECE):
        ended = np.zeros(PIECE, ENDED_DTYPE)
        ended["due"] = ended["started"] = START + (first + np.arange(PIECE)) * (SECOND // RATE)
        ended["end"] = ended["due"] + random.lognormal(16, 1.5, PIECE).astype("i8")  # 9 ms
        ended["outcome"] = random.choice(OUTCOMES, PIECE, p=(0.9996, 0.0002, 0.0002))
        # What `add` packs for each; one by one they would take half a minute.
        recorder._keep(ended.tobytes())
        recorder.flush()
        latency.append(((ended["end"] - ended["due"]) // 1000).astype("u4"))
        failed.append(ended["outcome"] != 200)
    recorder.close()
    return np.concatenate(latency), np.concatenate(failed)


def nearest_rank(values: np.ndarray, percent: float) -> float:
    """Return the smallest value that at least so many per cent are not above, in seconds."""
    rank = int(np.ceil(round(percent * len(values) / 100, 6)))
    return float(np.sort(values)[rank - 1] / 1e6)


def peak_bytes() -> int:
    """Return the largest resident memory of this process; rusage says its parent's, if that had more."""
    (line,) = re.findall(
        r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE
    )
    return int(line) * 1024


def main(folder: RunFolder) -> None:
    us, failed = write(folder.samples)
    records, _ = read_load(folder, "load-a")
    seconds = COUNT / RATE
    phase = Phase("all", START, START + round(seconds * SECOND))
    due = due_in(records, phase)
    said = {
        "records": len(records),
        "found": {name: found.least for name in NAMES if (found := statistic(due, name, seconds))},
        "seconds": per_second(records, phase.start, phase.end).p99.tolist(),
        "peak_bytes": peak_bytes(),
    }
    said["seconds_defined"] = [nearest_rank(latencies, 99) for latencies in us.reshape(-1, RATE)]
    # A failure is no quicker than a success.
    us[failed] = np.maximum(us[failed], us[~failed].max())
    said["defined"] = {name: nearest_rank(us, float(name[1:])) for name in NAMES}
    print(json.dumps(said))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(RunFolder.create(Path(temporary), "test"))
