"""Faults: what is known of activities of other extensions before any is played."""

import functools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kubedrill.errors import NotStarted
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
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kubedrill.faults.checking"],
            input=actions,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env=environment(NOWHERE),
        )
    except subprocess.TimeoutExpired:
        raise NotStarted(
            f"activities: importing their modules took longer than {TIMEOUT_S} s"
        ) from None
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise NotStarted(f"activities: importing their modules ended Python: {said}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return tuple(tuple(Flaw(tuple(where), why) for where, why in found) for found in answer)
