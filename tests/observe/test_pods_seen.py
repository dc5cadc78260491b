"""What is noted of pods: how many of the seeded workload were healthy, and the fewest meanwhile."""

from pathlib import Path
from typing import Any

from kubedrill.observe.coming import PodsSeen
from kubedrill.record.labels import RUN, WORKLOAD
from kubedrill.record.lines import JsonLines


def pod(name: str, ready: bool = True, app: str = WORKLOAD, ends: bool = False) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "drill", "uid": f"uid-{name}"}
    metadata |= {"labels": {RUN: "run", "app": app}}
    if ends:
        metadata |= {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    status = {"phase": "Running", "conditions": [condition]}
    return {"metadata": metadata, "spec": {"nodeName": "n"}, "status": status}


def test_the_fewest_between_two_counts_are_known(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "seen.jsonl")
    seen = PodsSeen(lines, "run")

    def counted() -> tuple[int, int]:
        counts = seen.counts()
        return counts["healthy"], counts["least_healthy"]

    for name in "abc":
        seen.put(pod(name))
    seen.put(pod("other", app="web"))
    assert counted() == (3, 0)
    assert counted() == (3, 3)
    seen.put(pod("a", ends=True))
    seen.put(pod("b", ready=False))
    seen.put(pod("b"))
    seen.put(pod("d"))
    assert counted() == (3, 1)
    seen.gone(pod("a", ends=True))
    seen.begin()
    seen.put(pod("b"))
    seen.all_found()  # those of which nobody was told that they went
    assert counted() == (1, 1)
    lines.close()
