"""Observe: how many objects of a kind there are: objects.jsonl. Only of kinds that somebody asks for."""

import json
from collections.abc import Iterable

from kubedrill.clock import SECOND, now
from kubedrill.observe.in_turn import METADATA, InTurn, Looks
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.watched import ObjectLook

EVERY_S = 1.0
TIMEOUT = 5 * SECOND
"""A count that comes late is a count: on a machine that is full a new connection alone takes a second."""

_GROUPS = {"leases": "/apis/coordination.k8s.io/v1"}
"""Where a kind is that is none of the core's."""


class Objects(Looks[InTurn]):
    """Counts the objects of some kinds, a line a round."""

    def __init__(self, folder: RunFolder, record: ClusterRecord, kinds: Iterable[str]) -> None:
        self._kinds = sorted(kinds)
        # Who may read all that is counted already, and has nothing else to do while a drill runs.
        super().__init__(InTurn(record, "seeder", TIMEOUT), JsonLines(folder.objects))

    def _look(self) -> ObjectLook:
        begun = now()
        answers = {
            kind: self._asked.ask(
                f"{_GROUPS.get(kind, '/api/v1')}/{kind}?limit=1", METADATA, counted
            )
            for kind in self._kinds
        }
        return ObjectLook(
            time=begun,
            took_us=(now() - begun) // 1000,
            counts={kind: count for kind, (count, _) in answers.items() if count is not None},
            error="; ".join(f"{kind}: {error}" for kind, (_, error) in answers.items() if error),
        )


def counted(body: bytes) -> int:
    """Return how many objects there are by the first page of their list; KeyError, ValueError if it is none.

    An apiserver says how many a page leaves out as long as nothing is selected.
    """
    page = json.loads(body)
    here, metadata = len(page["items"] or ()), page["metadata"]  # of none it is null
    left = metadata["remainingItemCount"] if metadata.get("continue") else 0
    return here + int(left)
