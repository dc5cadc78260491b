"""What a drill runs with and on: versions of the tools, and the machine. Told on its timeline."""

import os
import platform
from importlib.metadata import version
from typing import Any

import psutil

TOOLS = ("kubedrill", "locust", "chaostoolkit", "chaostoolkit-kubernetes", "gevent")


def surroundings() -> dict[str, Any]:
    """Return `versions` of the tools, and `host`: cores, memory, kernel."""
    return {
        "versions": {"python": platform.python_version(), **{one: version(one) for one in TOOLS}},
        "host": {
            "cpus": len(os.sched_getaffinity(0)),
            "memory_bytes": psutil.virtual_memory().total,
            "kernel": platform.release(),
            "machine": platform.machine(),
        },
    }
