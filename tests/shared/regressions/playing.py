"""Rounds of short runs: in each, a load against every server, all at one time, so that all have the same."""

import json
import math
import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from behaving_server import SERVER_NAME, Certificate
from latency_server import LatencyServer
from load_stage import Stage

from kubedrill.clock import SECOND
from kubedrill.judge.requests import due_in, statistic
from kubedrill.record.cluster import ClusterRecord, Endpoint, Identity
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Phase
from kubedrill.regression.measures import Measure

LEVELS = {"as it is": 1.0, "5 % slower": 1.05, "20 % slower": 1.2, "twice as slow": 2.0}
"""How many times as long each server takes for an answer."""
RATE = 40
"""Arrivals a second, of each load."""
MEDIAN_S, SPREAD = 0.3, 0.35
"""What the server as it is takes, as a large LIST does: log-normal, the slowest in a hundred 0.7 s; long
beside what a busy machine adds."""
SPARE = 20
"""More answers than arrivals."""
USERS = 8

MEASURES = {
    "p50": ("s", True),
    "p90": ("s", True),
    "p99": ("s", True),
    "mean": ("s", True),
    "rate": ("1/s", False),
    "error_rate": ("ratio", True),
}
"""With their units, and whether lower is better."""


@dataclass(frozen=True)
class ShortRun:
    """What one run measured, by statistic."""

    level: str
    round: int
    seconds: float
    values: Mapping[str, float]

    def as_json(self) -> str:
        return json.dumps(vars(self))


def measure(name: str) -> Measure:
    unit, lower = MEASURES[name]
    return Measure("baseline", f"list.{name}", unit, lower)


def play_round(
    folder: Path, number: int, seconds: float, levels: tuple[str, ...]
) -> list[ShortRun]:
    """Play a run at each level, all at one time."""
    with ThreadPoolExecutor(len(levels)) as pool:
        asked = (
            pool.submit(_play, folder / str(n), level, number, seconds)
            for n, level in enumerate(levels)
        )
        return [played.result() for played in [*asked]]


def rounds(
    folder: Path, numbers: range, seconds: float, levels: tuple[str, ...] = tuple(LEVELS)
) -> Iterator[ShortRun]:
    """Play rounds, each in a folder of its own."""
    for number in numbers:
        yield from play_round(folder / f"round-{number}", number, seconds, levels)


def _play(folder: Path, level: str, number: int, seconds: float) -> ShortRun:
    folder.mkdir(parents=True)
    certificate = Certificate.create(folder)
    drawn = random.Random(f"{level} {number}")
    planned = [
        LEVELS[level] * drawn.lognormvariate(math.log(MEDIAN_S), SPREAD)
        for _ in range(round(RATE * seconds) + SPARE)
    ]
    server = LatencyServer(certificate, planned)
    try:
        stage = Stage(_run_folder(folder, server.port, certificate))
        played = stage.play(rate=RATE, seconds=seconds)
    finally:
        server.close()
    assert played.status == 0, played.log
    phase = Phase("baseline", played.start, played.start + round(seconds * SECOND))
    records = due_in(played.records(), phase)
    found = {name: statistic(records, name, seconds) for name in MEASURES}
    values = {name: bounds.least for name, bounds in found.items() if bounds is not None}
    return ShortRun(level, number, seconds, values)


def _run_folder(folder: Path, port: int, certificate: Certificate) -> RunFolder:
    identities = {}
    for index in range(USERS):
        token = folder / f"token-{index}"
        token.write_text(f"token-{index}\n")
        identities[f"load-{index}"] = Identity(f"load-{index}", token_file=str(token))
    made = RunFolder.create(folder / "reports", "slowed")
    ClusterRecord(
        name="slowed",
        provider="local",
        zoning="loopback",
        zones=("a",),
        folder=str(folder),
        balancer=Endpoint("127.0.0.1", port),
        ca_file=str(certificate.certificate),
        server_name=SERVER_NAME,
        components=(),
        identities=identities,
        capabilities=(),
        versions={},
    ).write(made.cluster)
    return made
