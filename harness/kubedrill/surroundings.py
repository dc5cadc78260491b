"""What a drill runs with and on: versions of the tools, and the machine. Told on its timeline."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version

import psutil

from kubedrill.clock import now
from kubedrill.record.timeline import DrillStarted

TOOLS = ("kubedrill", "locust", "chaostoolkit", "chaostoolkit-kubernetes", "gevent")


def surroundings(labels: Mapping[str, str] = {}) -> DrillStarted:
    """Return the first event of a drill: labels, tools' `versions`, and `host`: cores, memory, kernel."""
    return DrillStarted(
        time=now(),
        labels=dict(labels),
        versions={"python": platform.python_version(), **{tool: version(tool) for tool in TOOLS}},
        host={
            "cpus": len(os.sched_getaffinity(0)),
            "memory_bytes": psutil.virtual_memory().total,
            "kernel": platform.release(),
            "machine": platform.machine(),
        },
    )
