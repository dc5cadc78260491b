"""Faults: what is known of activities of other extensions before any is played."""

import functools
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kubedrill.errors import NotStarted
from kubedrill.process.asking import ask
from kubedrill.process.environment import NOWHERE, environment
from kubedrill.record.catalogue import Flaw

TIMEOUT_S = 120
"""Importing chaostoolkit-kubernetes takes about a second."""


def flaws(actions: Sequence[Mapping[str, Any]]) -> list[list[Flaw]]:
    """Return what is wrong with each action, which has `type`, `name` and `provider`.

    NotStarted if that cannot be found out. Their modules are imported where no cluster can be reached.
    """
    return [list(found) for found in _flaws(json.dumps(actions))] if actions else []


@functools.cache
def _flaws(actions: str) -> tuple[tuple[Flaw, ...], ...]:
    command = [sys.executable, "-m", "kubedrill.faults.checking"]
    done = ask(command, TIMEOUT_S, actions, environment(NOWHERE))
    if done.code is None:
        raise NotStarted(f"activities: importing their modules took longer than {TIMEOUT_S} s")
    if done.code != 0:
        said = (done.err.strip().splitlines() or [f"exit code {done.code}"])[-1]
        raise NotStarted(f"activities: importing their modules ended Python: {said}")
    answer = json.loads(done.out.splitlines()[-1])
    return tuple(tuple(Flaw(tuple(where), why) for where, why in found) for found in answer)
