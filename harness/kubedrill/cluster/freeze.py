"""Freezes: until when no drill may begin, nor inject anything, and why: `STATE/freezes/NAME.json`.

What cannot be read is in force: who wrote it wanted quiet.
"""

from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime

from kubedrill.cluster.state import cluster_folder, state_folder, writing
from kubedrill.record.files import write_whole
from kubedrill.record.lines import BadEvidence, Line, MissingEvidence, read_whole
from kubedrill.words import shown

EVERY = "_"
"""Stands for all clusters; no cluster can have this name."""


class Freeze(Line):
    """One freeze."""

    until: AwareDatetime
    why: str
    by: str
    """Who asked for it."""


def freeze(name: str, wanted: Freeze) -> None:
    """Freeze a cluster, or EVERY one; an earlier one of the same is replaced. NotStarted if it cannot be."""
    path = _file(name)
    with writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, wanted.model_dump_json() + "\n")


def thaw(name: str) -> bool:
    """Lift the freeze of a cluster, or that of EVERY one; return whether there was one."""
    path = _file(name)
    with writing(path):
        there = path.exists()
        path.unlink(missing_ok=True)
    return there


def frozen(name: str, state: Path | None = None) -> str:
    """Return why no drill on a cluster may begin or go further, until when, and what lifts that; or "".

    `state` is the cluster's own state folder, where that may be another than ours.
    """
    for key in (name, EVERY):
        lift = f"to lift that: kubedrill thaw{'' if key == EVERY else f' {name}'}"
        whom = "every cluster" if key == EVERY else f"cluster {name}"
        try:
            found = read_whole(_file(key, state), Freeze)
        except MissingEvidence:
            continue
        except BadEvidence as bad:
            return f"{whom} is frozen, nobody knows until when: {bad}; {lift}"
        if found.until > datetime.now(UTC):
            until = f"{found.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            return (
                f"{whom} is frozen until {until} by {shown(found.by)}: {shown(found.why)}; {lift}"
            )
    return ""


def _file(name: str, state: Path | None = None) -> Path:
    if name != EVERY:
        cluster_folder(name)  # NotStarted for what cannot name a cluster
    return (state or state_folder()) / "freezes" / f"{name}.json"
