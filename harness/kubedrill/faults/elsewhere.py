"""Faults: the ledger of a drill on somebody else's cluster stands there, too, before anything is injected."""

from contextlib import closing
from http.client import CREATED, NOT_FOUND, OK

from kubedrill.cluster.handle import HandleError
from kubedrill.faults.api import Api
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.elsewhere import LEDGERS, ledger_name, ledger_object
from kubedrill.record.folder import RunFolder


def keep(record: ClusterRecord, folder: RunFolder) -> None:
    """Write the ledger as it is into a cluster that is not ours; HandleError if that cannot be."""
    if not record.foreign:
        return
    lines = folder.ledger.read_text(encoding="utf-8")
    content = ledger_object(folder.run, str(folder.path), lines)
    path = f"{LEDGERS}/{ledger_name(folder.run)}"
    with closing(Api(record)) as api:
        answer = api.write("PUT", path, content)
        if answer.status == NOT_FOUND:
            answer = api.write("POST", LEDGERS, content)
    if answer.status not in {OK, CREATED}:
        raise HandleError(f"the ledger could not be kept in the cluster: {answer.words()}")
