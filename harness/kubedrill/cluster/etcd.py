"""What an etcd member says of itself, through the JSON gateway on its clients' port."""

import json
import re
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kubedrill.client.caller import Caller
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

_FSYNCS = re.compile(r"^etcd_disk_wal_fsync_duration_seconds_(sum|count) (\S+)$", re.MULTILINE)


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
    errors: tuple[str, ...]


def status(record: ClusterRecord, member_zone: str, timeout_s: float) -> EtcdStatus:
    """Ask the member of a zone; WireError if it does not answer in time, EtcdError if not with 200."""
    with closing(_api(record, member_zone, timeout_s)) as api:
        answer = api.call("POST", "/v3/maintenance/status", {})
    if answer.status != 200:
        raise EtcdError(f"etcd-{member_zone}: {answer.status} {answer.body[:200]!r}")
    # The gateway leaves out whatever is zero, false or empty, and writes 64-bit numbers as text.
    said: dict[str, Any] = json.loads(answer.body)
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
    )


def healthy(record: ClusterRecord, zone: str, timeout_s: float) -> bool:
    """Whether the member of a zone says that it is healthy: it has a leader and a quorum answers it."""
    with closing(_api(record, zone, timeout_s)) as api:
        try:
            return api.call("GET", "/health").status == 200
        except WireError:
            return False


@dataclass(frozen=True, slots=True)
class Fsyncs:
    """How often a member had its log kept by the disk, since it runs, and how long that took in all."""

    count: int
    seconds: float


def fsyncs(record: ClusterRecord, member: str, timeout_s: float) -> Fsyncs:
    """Ask a member for its fsyncs; WireError if it does not answer in time, EtcdError if it does not say."""
    target, token = identity_target(record, "etcd-admin", record.component(member).metrics)
    with closing(Caller(target, token, timeout_s)) as api:
        answer = api.call("GET", "/metrics")
    found = {kind: float(value) for kind, value in _FSYNCS.findall(answer.body.decode())}
    if answer.status != 200 or not {"sum", "count"} <= found.keys():
        raise EtcdError(f"{member}: {answer.status}, and nothing of its fsyncs")
    return Fsyncs(int(found["count"]), found["sum"])


def _api(record: ClusterRecord, zone: str, timeout_s: float) -> Caller:
    endpoint = record.component(f"etcd-{zone}").serving
    target, token = identity_target(record, "etcd-admin", endpoint)
    return Caller(target, token, timeout_s)
