"""A process's limit of open files: connections take one each."""

import resource

from kubedrill.errors import NotStarted

SPARE = 64
"""Descriptors that no connection gets: what a process notes of itself must be written at any time."""


def raise_descriptors() -> int:
    """Raise the soft limit of open files to the hard one, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError):
        return soft  # "unlimited", where the kernel has a limit of its own
    return hard


def check_descriptors(connections: int) -> None:
    """Raise the limit of open files; NotStarted if so many connections do not fit in."""
    limit = raise_descriptors()
    if connections + SPARE > limit:
        raise NotStarted(
            f"{connections:,} connections in one process, which may open {limit:,} files: raise the "
            "hard limit (ulimit -Hn), ask for fewer, or for more processes"
        )


def leaves_spare(descriptor: int) -> bool:
    """Whether a connection of that descriptor leaves some: the lowest that is free is given out first."""
    return descriptor < resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE
