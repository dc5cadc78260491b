"""Faults on etcd: a member is killed and kept down; it comes back as a full member that caught up.

Plain functions: any Chaos Toolkit experiment may name them as actions.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kubedrill.cluster.etcd import EtcdError, EtcdStatus, healthy, status
from kubedrill.cluster.handle import ClusterHandle, HandleError
from kubedrill.errors import NotStarted
from kubedrill.faults.progress import FaultFailed, Progress, deadline, folder_of
from kubedrill.record.clock import SECOND, now
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.ledger import Entry, Ledger
from kubedrill.wire.errors import WireError

NAME = "etcd.kill"
UNDO = ("kubedrill.faults.etcd", "restore")

ASK_S = 0.5
"""A member that does not answer within this time does not answer: on one machine it takes 2 ms."""

POLL_S = 0.05

EFFECT_S = 10.0
"""An election takes 1-2 s without heartbeats (etcd's timeout, randomized); several may be split."""

RETURN_S = 30.0
"""A member reads its log and catches up in about 1 s here; 30 s is what a loaded machine may need."""

CAUGHT_UP = 100
"""Raft entries a member may be behind the leader: less than a second of a busy cluster's writes."""


def kill(
    member: str | list[str], run: str, index: int = 0, allow_quorum_loss: bool = False
) -> dict[str, Any]:
    """Kill an etcd member with SIGKILL and keep it down until `restore`.

    `member` is a zone, several zones, `leader` or `random`; `run` the path of the run folder; `index`
    tells several faults of one run apart. Raises FaultFailed where quorum would be lost without
    `allow_quorum_loss`, where no member or one twice is named, where nothing was hit, or where no
    other member leads afterwards.
    """
    folder = folder_of(run)
    record = ClusterRecord.read(folder.cluster)
    before = _statuses(record)
    zones = _choose(member, before)
    progress = Progress(folder, NAME, index, ", ".join(f"etcd-{zone}" for zone in zones))
    try:
        check_victims(zones, len(record.zones), [*before], allow_quorum_loss)
    except NotStarted as refusal:
        raise progress.fail(str(refusal)) from None
    arguments = {"run": str(folder.path), "index": index}
    ledger = Ledger(folder.ledger)
    entry = ledger.intend("fault", NAME, UNDO, arguments, deadline(folder, index))
    ledger.learn(entry, zones=zones)
    begun = progress.say("injecting")
    pids = kill_all(record, running_pids(record, zones, progress), progress)
    ledger.learn(entry, pids=pids)
    progress.say("injected", f"killed {_named(pids)} with SIGKILL", pids=pids)
    proof = _wait(lambda: _effect(record, zones, before), EFFECT_S)
    if proof is None:
        raise progress.fail(f"after {EFFECT_S:g} s {_why_no_effect(record, zones)}")
    at = progress.say("took-effect", proof)
    return {"zones": zones, "pids": pids, "seconds": (at - begun) / SECOND, "proof": proof}


def restore(run: str, index: int = 0) -> dict[str, Any]:
    """Start what `kill` killed, and wait until it is a full member that has caught up.

    May be called again: a fault that is undone already is left alone. Raises FaultFailed if the
    member was running in the meantime (the kill did not last), or does not come back within 30 s.
    """
    folder = folder_of(run)
    ledger = Ledger(folder.ledger)
    entry = _open_entry(ledger, index)
    if entry is None:
        return {"undone": "already, or never injected"}
    record = ClusterRecord.read(folder.cluster)
    if not record.stands() or ClusterHandle(record).is_gone():
        ledger.undone(entry.id)
        return {"undone": "the cluster is gone, and the fault with it"}
    zones: list[str] = entry.facts.get("zones", [])
    progress = Progress(folder, NAME, index, ", ".join(f"etcd-{zone}" for zone in zones))
    lapse = _lapse(record, zones, entry)
    begun = now()
    for zone in zones:
        ClusterHandle(record).release(f"etcd-{zone}")
    with suppress(OSError):  # a full disk must keep no member down
        ledger.learn(entry.id, lapse=lapse)
        progress.say("undoing", time=begun)
    proof = _wait(lambda: _membership(record, zones), RETURN_S)
    if proof is None:
        raise progress.fail(f"not a full member that caught up, {RETURN_S:g} s after its start")
    at = progress.say("undone", proof)
    ledger.undone(entry.id)
    if lapse:
        raise progress.fail(lapse)
    return {"zones": zones, "seconds": (at - begun) / SECOND, "proof": proof}


def check_victims(
    zones: Sequence[str], members: int, running: Sequence[str], allowed: bool
) -> None:
    """Refuse (NotStarted) to kill nobody, a member twice, or so many that the rest have no quorum."""
    if not zones:
        raise NotStarted("etcd.kill: no member is named, so nothing would be killed")
    if len(set(zones)) < len(zones):
        raise NotStarted(f"etcd.kill: a member is named twice: {', '.join(zones)}")
    quorum = members // 2 + 1
    left = len(set(running) - set(zones))
    if left < quorum and not allowed:
        raise NotStarted(
            f"etcd.kill of {', '.join(zones)} would leave {left} of {members} members, and quorum "
            f"needs {quorum}; kill fewer, or say allow_quorum_loss: true"
        )


def _statuses(record: ClusterRecord) -> dict[str, EtcdStatus]:
    """Return what each member that answers says of itself, by zone."""
    found = {}
    for zone in record.zones:
        try:
            found[zone] = status(record, zone, ASK_S)
        except (WireError, EtcdError):
            continue
    return found


def _choose(member: str | list[str], found: dict[str, EtcdStatus]) -> list[str]:
    if isinstance(member, list):
        return member
    if member == "random":
        return [random.choice([*found])]  # noqa: S311 - a choice of victim, not a secret
    if member == "leader":
        leaders = [zone for zone, one in found.items() if one.is_leader]
        if not leaders:
            raise FaultFailed("etcd.kill: no member leads, so there is no leader to kill")
        return leaders
    return [member]


def running_pids(record: ClusterRecord, zones: list[str], progress: Progress) -> dict[str, int]:
    """Return the members' pids by component; FaultFailed if one does not run."""
    with _in_words(progress):
        states = ClusterHandle(record).components()
    pids = {}
    for name in (f"etcd-{zone}" for zone in zones):
        pid = states[name].pid
        if pid is None:
            raise progress.fail(f"{name} was not running, so there was nothing to kill")
        pids[name] = pid
    return pids


def kill_all(record: ClusterRecord, pids: dict[str, int], progress: Progress) -> dict[str, int]:
    """Kill exactly these processes, and return them; FaultFailed if one of them was replaced."""
    with _in_words(progress):
        for name, pid in pids.items():
            ClusterHandle(record).kill(name, expect_pid=pid)
    return pids


@contextmanager
def _in_words(progress: Progress) -> Iterator[None]:
    try:
        yield
    except HandleError as error:
        raise progress.fail(str(error)) from error


def _effect(record: ClusterRecord, zones: list[str], before: dict[str, EtcdStatus]) -> str | None:
    """Return the proof that the members are gone and, where that can be, that another one leads."""
    after = _statuses(record)
    if set(zones) & set(after):
        return None
    gone = f"{_names(zones)} did not answer"
    quorum = len(record.zones) // 2 + 1
    # Survivors that are slow to answer are no proof: the kill itself must have taken the quorum.
    if len(set(before) - set(zones)) < quorum <= len(before):
        return f"{gone}; {len(after)} of {len(record.zones)} members answer: no quorum"
    if not any(before[zone].is_leader for zone in zones if zone in before):
        return gone
    killed = {before[zone].member_id for zone in zones if zone in before}
    for zone, one in after.items():
        if one.is_leader and one.member_id not in killed:
            return f"{gone}; etcd-{zone} leads"
    return None


def _why_no_effect(record: ClusterRecord, zones: list[str]) -> str:
    still = [zone for zone in _statuses(record) if zone in zones]
    if still:
        return (
            f"{_names(still)} answered: the process was replaced, the kill hit nothing that lasted"
        )
    return "no other member led"


def _membership(record: ClusterRecord, zones: list[str]) -> str | None:
    """Return the proof that the members are full ones, healthy, and close behind the leader."""
    found = _statuses(record)
    leader = next((one for one in found.values() if one.is_leader), None)
    if leader is None or not set(zones) <= set(found):
        return None
    behind = {zone: max(leader.raft_index - found[zone].raft_applied_index, 0) for zone in zones}
    full = all(not found[zone].is_learner and not found[zone].errors for zone in zones)
    if not full or max(behind.values(), default=0) > CAUGHT_UP:
        return None
    if not all(healthy(record, zone, ASK_S) for zone in zones):
        return None
    most = max(behind.values(), default=0)
    return f"{_names(zones)}: full member, healthy, {most} raft entries behind the leader"


def _lapse(record: ClusterRecord, zones: list[str], entry: Entry) -> str | None:
    """Return how the members were not kept down since the kill, if they were not."""
    if "pids" not in entry.facts:
        return None  # the kill failed, and has said why
    if "lapse" in entry.facts:  # an undo has found out, and did not come to its end
        known: str | None = entry.facts["lapse"]
        return known
    states = ClusterHandle(record).components()
    for zone in zones:
        one = states[f"etcd-{zone}"]
        if one.state != "held":
            seconds = (one.since - entry.time) / SECOND
            return (
                f"etcd-{zone} was {one.state} again {seconds:.1f} s after the kill: it did not last"
            )
    return None


def _open_entry(ledger: Ledger, index: int) -> Entry | None:
    if not ledger.path.exists():
        return None
    return next(
        (
            entry
            for entry in ledger.open_entries()
            if entry.name == NAME and entry.arguments["index"] == index
        ),
        None,
    )


def _wait(proof: Callable[[], str | None], limit_s: float) -> str | None:
    until = now() + round(limit_s * SECOND)
    begun = now()
    while now() < until:
        if words := proof():
            return f"{words} ({(now() - begun) / SECOND:.2f} s later)"
        time.sleep(POLL_S)
    return None


def _names(zones: Sequence[str]) -> str:
    return " and ".join(f"etcd-{zone}" for zone in zones)


def _named(pids: dict[str, int]) -> str:
    return " and ".join(f"{name} (pid {pid})" for name, pid in pids.items())
