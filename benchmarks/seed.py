"""How fast objects are seeded on a control plane that shares this machine.

    python benchmarks/seed.py [--cluster local-3az] [--rounds 3]

Uses the cluster if it is up, else brings it up and down again.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubedrill import cluster, places
from kubedrill.record.cluster import ClusterRecord
from kubedrill.seed import seed, sweep

WANTED = {"pods": 1000, "secrets": 1000}


def main() -> None:
    """Print objects a second, each round and their median and spread."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cluster", default="local-3az", help="its name in clusters/")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with _running(arguments.cluster) as record:
        rounds = [_round(record, number) for number in range(arguments.rounds)]
    total = sum(WANTED.values())
    seconds = statistics.median(rounds)
    print(
        f"seed: {total} objects in {seconds:.2f} s (median of {len(rounds)}, "
        f"{min(rounds):.2f} to {max(rounds):.2f} s): {total / seconds:.0f} objects/s"
    )


@contextmanager
def _running(name: str) -> Iterator[ClusterRecord]:
    record = cluster.find(name)
    if record is not None:
        yield record
        return
    try:
        yield cluster.up(cluster.load_definition(places.cluster_file(name)), name)
    finally:
        cluster.down(name)


def _round(record: ClusterRecord, number: int) -> float:
    run = f"bench-{number}-{time.time_ns()}"
    cpu = time.process_time()
    result = seed(record, run, WANTED)
    cpu = time.process_time() - cpu
    print(f"round {number + 1}: {result.seconds:.2f} s, {cpu:.2f} CPU-s of the seeder's own")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cluster.json"
        record.write(file)
        begun = time.monotonic()
        sweep(str(file), run)
    print(f"         swept in {time.monotonic() - begun:.1f} s")
    return result.seconds


if __name__ == "__main__":
    main()
