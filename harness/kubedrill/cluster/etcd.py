"""What an etcd member says of itself, and does when asked, through the JSON gateway on its clients' port."""

import base64
import json
import re
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kubedrill.client import well
from kubedrill.client.caller import Caller
from kubedrill.client.metrics import metrics_page
from kubedrill.record.cluster import ETCD_ADMIN, ClusterRecord
from kubedrill.wire.target import identity_target

_FSYNCS = re.compile(r"^etcd_disk_wal_fsync_duration_seconds_(sum|count) (\S+)$", re.MULTILINE)

_DEFRAGMENTATIONS = re.compile(
    r"^etcd_disk_backend_defrag_duration_seconds_count (\d+)$", re.MULTILINE
)


class EtcdError(Exception):
    """A member answered, but not with its status; the message has its words."""


@dataclass(frozen=True, slots=True)
class EtcdStatus:
    """One member's view; ids in decimal, as etcd's gateway writes them, `leader_id` "0" if there is none."""

    member_id: str
    leader_id: str
    is_leader: bool
    raft_index: int
    raft_applied_index: int
    is_learner: bool
    db_size: int
    """Bytes."""
    revision: int
    """Of the last write that it knows."""
    errors: tuple[str, ...]


def status(record: ClusterRecord, member_zone: str, timeout_s: float) -> EtcdStatus:
    """Ask the member of a zone; WireError if it does not answer in time, EtcdError if not with 200."""
    # The gateway leaves out whatever is zero, false or empty, and writes 64-bit numbers as text.
    said = _call(record, member_zone, "maintenance/status", {}, timeout_s)
    member, leader = said["header"]["member_id"], said.get("leader", "0")
    return EtcdStatus(
        member_id=member,
        leader_id=leader,
        is_leader=member == leader,
        raft_index=int(said.get("raftIndex", 0)),
        raft_applied_index=int(said.get("raftAppliedIndex", 0)),
        is_learner=bool(said.get("isLearner", False)),
        db_size=int(said.get("dbSize", 0)),
        errors=tuple(said.get("errors", ())),
        revision=int(said["header"].get("revision", 0)),
    )


def healthy(record: ClusterRecord, zone: str, timeout_s: float) -> bool:
    """Whether the member of a zone says that it is healthy: it has a leader and a quorum answers it."""
    with closing(_api(record, zone, timeout_s)) as api:
        return well.ask(api, well.PAGES["etcd"]).well


@dataclass(frozen=True, slots=True)
class Fsyncs:
    """How often a member had its log kept by the disk, since it runs, and how long that took in all."""

    count: int
    seconds: float


def fsyncs(record: ClusterRecord, member: str, timeout_s: float) -> Fsyncs:
    """Ask a member for its fsyncs; WireError if it does not answer in time, EtcdError if it does not say."""
    page = _metrics(record, member, timeout_s)
    found = {kind: float(value) for kind, value in _FSYNCS.findall(page)}
    if not {"sum", "count"} <= found.keys():
        raise EtcdError(f"{member}: its metrics do not tell of fsyncs")
    return Fsyncs(int(found["count"]), found["sum"])


def move_leader(record: ClusterRecord, leader_zone: str, member_id: str, timeout_s: float) -> None:
    """Let the member that leads hand over to the one of that id; errors as of `status`."""
    _call(
        record, leader_zone, "maintenance/transfer-leadership", {"targetID": member_id}, timeout_s
    )


def defragment(record: ClusterRecord, zone: str, timeout_s: float) -> None:
    """Let a member write its database anew, which it serves nobody meanwhile; errors as of `status`."""
    _call(record, zone, "maintenance/defragment", {}, timeout_s)


def defragmentations(record: ClusterRecord, zone: str, timeout_s: float) -> int:
    """Return how often a member has done so since its start, as its metrics say; errors as of `status`."""
    member = f"etcd-{zone}"
    found = _DEFRAGMENTATIONS.search(_metrics(record, member, timeout_s))
    if found is None:
        raise EtcdError(f"{member}: its metrics do not tell of defragmentations")
    return int(found[1])


def compact(record: ClusterRecord, zone: str, revision: int, timeout_s: float) -> None:
    """Let all members forget what was before a revision; errors as of `status`."""
    _call(record, zone, "kv/compaction", {"revision": str(revision)}, timeout_s)


def is_compacted(record: ClusterRecord, zone: str, revision: int, timeout_s: float) -> bool:
    """Whether a member has forgotten how things were at a revision; errors as of `status`."""
    asked = {"key": base64.b64encode(b"\0").decode(), "revision": str(revision), "limit": "1"}
    try:
        _call(record, zone, "kv/range", asked, timeout_s)
    except EtcdError as error:
        if "required revision has been compacted" in str(error):
            return True
        raise
    return False


def _metrics(record: ClusterRecord, member: str, timeout_s: float) -> str:
    """Return a member's page of metrics; errors as of `status`."""
    answer = metrics_page(record, member, timeout_s)
    if answer.status != 200:
        raise EtcdError(f"{member}: {answer.status} {answer.body[:200]!r}")
    return answer.body.decode()


def _call(
    record: ClusterRecord, zone: str, method: str, content: dict[str, str], timeout_s: float
) -> dict[str, Any]:
    with closing(_api(record, zone, timeout_s)) as api:
        answer = api.call("POST", f"/v3/{method}", content)
    if answer.status != 200:
        raise EtcdError(f"etcd-{zone}: {answer.status} {answer.body[:200]!r}")
    said: dict[str, Any] = json.loads(answer.body)
    return said


def _api(record: ClusterRecord, zone: str, timeout_s: float) -> Caller:
    endpoint = record.component(f"etcd-{zone}").serving
    target, token = identity_target(record, ETCD_ADMIN, endpoint)
    return Caller(target, token, timeout_s)
