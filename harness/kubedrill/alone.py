"""What opens and closes an expanded experiment that `chaos run` plays: a Chaos Toolkit control.

Before anything waits, it looks for the cluster, makes a run folder of its own for what the actions write
(the evidence of drills stays as it is), and has the run watched, by who holds the cluster's lock.
"""

import json
import logging
from pathlib import Path
from typing import Any

from kubedrill import cluster
from kubedrill.cluster.freeze import frozen
from kubedrill.errors import NotStarted
from kubedrill.experiment import refused_where_it_stays
from kubedrill.faults import watched
from kubedrill.faults.progress import call_folder
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.undo.clearing import longest_s

log = logging.getLogger("chaostoolkit")

_open: list[RunFolder] = []
"""The folder of the experiment that is played: one, while it is open."""


def before_experiment_control(context: dict[str, Any], run: str, on: str, **_: Any) -> None:
    """Open a folder that the actions find as `run`; end the experiment if the cluster `on` is not up."""
    from chaoslib.exceptions import InterruptExecution

    try:
        _open.append(_opened(context, run, on))
    except (NotStarted, OSError) as error:
        raise InterruptExecution(f"nothing was injected: {error}") from error
    log.info("Evidence goes to %s", _open[0].path)


def before_rollback_control(**_: Any) -> None:
    """Skip the rollbacks of an experiment that never began: what they undo may be another's."""
    from chaoslib.exceptions import InterruptExecution

    if not _open:
        raise InterruptExecution("nothing was injected, so there is nothing to undo")


def after_experiment_control(**_: Any) -> None:
    """Let the cluster go, and say what is left to undo."""
    if not _open:
        return
    folder = _open.pop()
    ledger = Ledger(folder.ledger)
    watched.end(folder, longest_s(ledger))
    if left := ledger.open_entries():
        names = ", ".join(entry.name for entry in left)
        log.error("%s: not undone: %s; run: kubedrill heal", folder.path, names)


def _opened(context: dict[str, Any], run: str, on: str) -> RunFolder:
    record = cluster.find(on)
    if record is None:
        raise NotStarted(f"cluster {on} is not up; to bring it up: kubedrill cluster up {on}")
    cluster.check_supervised(record)
    if why := frozen(on):
        raise NotStarted(why)
    if why := refused_where_it_stays(_irreversible(context), on):
        raise NotStarted(why)
    folder = RunFolder.create(Path(run).parent.resolve(), Path(run).name)
    record.write(folder.cluster)
    folder.chaos_experiment.write_text(json.dumps(context, indent=1, default=str), encoding="utf-8")
    if why := watched.watch(folder, keep=True):
        folder.remove()
        raise NotStarted(why)
    call_folder(run, folder)
    return folder


def _irreversible(context: dict[str, Any]) -> list[str]:
    """Return the names of the faults of an expanded experiment that nothing can undo, each once."""
    faults = [fault for extension in context["extensions"] for fault in extension.get("faults", ())]
    names = (fault["name"] for fault in faults if fault.get("lasts") == "irreversible")
    return [*dict.fromkeys(names)]
