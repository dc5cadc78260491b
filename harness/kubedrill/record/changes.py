"""What an experiment changes of its cluster's file: key by key, and in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kubedrill.reading.problems import Location, dotted


def changed_keys(changes: Mapping[str, Any]) -> Iterator[tuple[Location, Any]]:
    """Yield the way to each key of a cluster's file that is changed, and its value."""
    for key, change in changes.items():
        if isinstance(change, Mapping) and change:
            yield from (((key, *place), value) for place, value in changed_keys(change))
        else:
            yield (key,), change


def on_cluster(name: str, changes: Mapping[str, Any]) -> str:
    """Return a cluster, and what is changed of its file, as a line has it."""
    keys = ", ".join(f"{dotted(key)}: {json.dumps(value)}" for key, value in changed_keys(changes))
    return f"{name}, with {keys}" if keys else name
