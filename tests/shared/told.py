"""Events of a timeline from their keys, as a test writes them."""

from typing import Any

from kubedrill.record.lines import adapter
from kubedrill.record.timeline import EVENT, Event


def event(time: int, kind: str, name: str, details: dict[str, Any] | None = None) -> Event:
    return adapter(EVENT).validate_python(
        {"time": time, "kind": kind, "name": name, **(details or {})}
    )
