"""`kubedrill heal --cluster NAME`: undo what a drill has left whose machine is lost with its disk.

What its faults had done stands in a ledger in the cluster; all else bears the label of its run.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubedrill import cluster, places
from kubedrill.client.caller import Caller
from kubedrill.errors import NotStarted
from kubedrill.faults.lifecycle import UNDO
from kubedrill.fleet.removing import remove
from kubedrill.record.cluster import FLEET, INJECTOR, ClusterRecord
from kubedrill.record.elsewhere import LEDGERS, LINES
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import RUN
from kubedrill.record.ledger import Ledger
from kubedrill.seed import sweep
from kubedrill.undo.clearing import undo_all
from kubedrill.undo.heal import PATIENCE_S
from kubedrill.wire.target import identity_target
from kubedrill.words import shown

Say = Callable[[str], None]
_LABELLED = (("seeder", "/api/v1/namespaces"), (FLEET, "/api/v1/nodes"))
"""Collections of what a run makes in no namespace, and who may see it."""


def heal_cluster(name: str, reports: Path, say: Say) -> bool:
    """Undo all of it, and take our identities out of the cluster; return whether all is undone.

    NotStarted if this machine knows the cluster, or if the drill runs.
    """
    definition = cluster.load_definition(places.cluster_file(name))
    with cluster.lock(name):
        record = cluster.take_over(definition, name)
        if record is None:
            say(f"nothing is left in cluster {name}")
            return True
        healed = False
        try:
            failures = [*_faults(record, reports, say), *_made(record, say)]
            healed = not failures
        finally:
            if not healed:
                cluster.forget(name)  # so that it can be tried again
        for failure in failures:
            say(f"not undone: {failure}")
        if healed:
            cluster.down(name)
            say(f"cluster {name} is as it was")
    return healed


def _faults(record: ClusterRecord, reports: Path, say: Say) -> Iterator[str]:
    """Undo the faults that ledgers in the cluster tell of; yield what fails."""
    for content in _listed(record, INJECTOR, LEDGERS):
        if LINES not in content.get("data", {}):
            continue
        folder = _folder(record, content["data"], reports)
        ledger = Ledger(folder.ledger)
        left = ", ".join(entry.name for entry in ledger.open_entries())
        # Nothing of it is run where anything is strange.
        failures = strange(ledger, folder) or undo_all(ledger, PATIENCE_S)
        if left:
            say(f"{content['data']['run']}: {left}: {'not all undone' if failures else 'undone'}")
        yield from failures


def _folder(record: ClusterRecord, data: dict[str, str], reports: Path) -> RunFolder:
    """Return a run folder of this machine with the faults of a ledger, and the cluster as known here."""
    folder = RunFolder.create(reports.resolve(), "elsewhere")
    record.write(folder.cluster)
    lines = [json.loads(line) for line in data[LINES].splitlines()]
    faults = {line["id"] for line in lines if line.get("what") == "fault"}
    text = "".join(f"{json.dumps(line)}\n" for line in lines if line["id"] in faults)
    folder.ledger.write_text(text.replace(data["run"], str(folder.path)), encoding="utf-8")
    return folder


def strange(ledger: Ledger, folder: RunFolder) -> list[str]:
    """Return in words which entries of a ledger are undone by no fault's undo: anybody may have written them.

    An entry names the function that undoes it, and a fault's file: no others than a fault's are called, nor
    are files read but those of faults/ here.
    """
    files = {"", *map(str, places.fault_files())}
    return [
        f"{entry.name}: the ledger in the cluster names as its undo what is none of a fault's: "
        f"{shown(entry.module)}.{shown(entry.function)} {shown(entry.arguments.get('file', ''))}"
        for entry in ledger.entries()
        if (entry.module, entry.function) != UNDO
        or entry.arguments.get("run") != str(folder.path)
        or entry.arguments.get("file", "") not in files
    ]


def _made(record: ClusterRecord, say: Say) -> Iterator[str]:
    """Remove what runs have made: nodes, and namespaces with all in them; yield what fails."""
    found = {
        each["metadata"]["labels"][RUN]
        for identity, path in _LABELLED
        for each in _listed(record, identity, f"{path}?labelSelector={RUN}")
    }
    for run in sorted(found):
        file = str(Path(record.folder) / "cluster.json")
        try:
            remove(file, run)
            sweep(file, run)
        except Exception as error:  # noqa: BLE001 - what fails of one keeps no other
            yield f"{run}: {error}"
        else:
            say(f"{run}: what it had made is removed")


def _listed(record: ClusterRecord, identity: str, path: str) -> list[dict[str, Any]]:
    with closing(Caller(*identity_target(record, identity))) as api:
        answer = api.call("GET", path)
    if answer.status == HTTPStatus.FORBIDDEN:
        return []  # nor could it make any
    if answer.status != HTTPStatus.OK:
        raise NotStarted(f"cluster {record.name}: GET {path}: {answer.status}")
    return [*json.loads(answer.body)["items"]]
