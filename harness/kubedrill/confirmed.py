"""Confirm a person's step of the emergency plan of a drill that runs: `kubedrill confirm RUN STEP`."""

import time

from kubedrill.clock import SECOND, now
from kubedrill.record import confirming
from kubedrill.record.confirming import Confirmation
from kubedrill.record.emergency import PlanEvent, PlanLine
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence, read_sound_lines
from kubedrill.record.schedule import Schedule

PATIENCE_S = 5.0
"""A drill looks five times a second."""
LOOK_S = 0.1


def awaited(folder: RunFolder) -> list[str]:
    """Return the persons' steps that a drill waits for now."""
    try:
        steps = Schedule.read(folder.schedule).plan
    except BadEvidence:
        return []  # no drill that has begun
    told = _told(folder)
    return [step.name for step in steps if step.person and told.get(step.name) == {"begun"}]


def confirm(folder: RunFolder, step: str, confirmation: Confirmation) -> bool:
    """Leave a confirmation; return whether the drill has taken it. What it does not take is taken back."""
    confirming.leave(folder, step, confirmation)
    until = now() + round(PATIENCE_S * SECOND)
    while now() < until:
        if "executed" in _told(folder).get(step, set()):
            return True
        time.sleep(LOOK_S)
    confirming.withdraw(folder, step)
    return False


def _told(folder: RunFolder) -> dict[str, set[PlanEvent]]:
    told: dict[str, set[PlanEvent]] = {}
    for line in read_sound_lines(folder.plan, PlanLine):
        told.setdefault(line.step, set()).add(line.event)
    return told
