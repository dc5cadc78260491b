"""How faults are sabotaged: what they ask of a cluster does nothing, or is done to another than asked."""

from collections.abc import Callable
from dataclasses import replace
from http.client import CREATED, OK
from typing import Any

import pytest

from kubedrill.cluster.handle import Handle, Link
from kubedrill.cluster.provider import handle_of
from kubedrill.faults import etcd_commands, lifecycle, undoing
from kubedrill.faults.api import Api, ApiAnswer
from kubedrill.faults.etcd import statuses
from kubedrill.record.cluster import ClusterRecord

Sabotage = Callable[[pytest.MonkeyPatch], None]
"""Makes what is done to a cluster do nothing, though it says that it did."""


def deafen(patch: pytest.MonkeyPatch) -> None:
    """Let the operations of the cluster's handle do nothing."""
    for stage in (lifecycle, undoing):
        patch.setattr(
            stage, "handle_of", lambda record, owner="": DeafHandle(handle_of(record, owner))
        )


class DeafHandle:
    """A handle whose operations say that they did what they were asked."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        """Return what the handle has, operations deafened."""
        found = getattr(self._handle, name)
        return _DeafOperation(self._handle, found) if hasattr(found, "of") else found


_ASKS = (
    *("of", "lacks", "served", "connections", "strain", "dropped", "shaped", "command"),
    *("own", "changed", "runs_with"),
)
"""What only asks, of all that operations have."""


class _DeafOperation:
    def __init__(self, handle: Handle, operation: Any) -> None:
        self._handle, self._operation = handle, operation

    def __getattr__(self, name: str) -> Any:
        if name in _ASKS:
            return getattr(self._operation, name)

        def nothing(target: Any, *_: Any, **__: Any) -> int | None:
            state = self._handle.components().get(target) if isinstance(target, str) else None
            return state.pid if state else None

        return nothing


def squint(patch: pytest.MonkeyPatch) -> None:
    """Let the operations of the cluster's handle be done to another than they are asked for."""
    for stage in (lifecycle, undoing):
        patch.setattr(
            stage, "handle_of", lambda record, owner="": SquintingHandle(handle_of(record, owner))
        )


class SquintingHandle:
    """A handle whose operations are done to the next of a kind, or in the next zone."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        """Return what the handle has, operations led astray."""
        found = getattr(self._handle, name)
        return _SquintingOperation(found) if hasattr(found, "of") else found


class _SquintingOperation:
    def __init__(self, operation: Any) -> None:
        self._operation = operation

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._operation, name)
        if name in _ASKS:
            return asked

        def elsewhere(target: Any, *rest: Any, expect_pid: int | None = None, **given: Any) -> Any:
            return asked(_beside(target), *rest, **given)

        return elsewhere


def _beside(target: Any) -> Any:
    """Return the next component of a kind, zone, or zone's link; for the only balancer, a scheduler."""
    if isinstance(target, Link):
        return replace(target, zone=_beside(target.zone))
    if target == "haproxy":
        return "kube-scheduler-a"
    kind, zone = target[:-1], target[-1]
    return kind + {"a": "b", "b": "c", "c": "a"}[zone]


def hand_over_elsewhere(patch: pytest.MonkeyPatch) -> None:
    """Let etcd's leader hand over to another member than it is told to; it keeps on if it is that one."""
    real = etcd_commands.move_leader

    def elsewhere(record: ClusterRecord, leader: str, member_id: str, timeout_s: float) -> None:
        members = statuses(record)
        wanted = next(zone for zone, said in members.items() if said.member_id == member_id)
        if (other := _beside(wanted)) != leader:
            real(record, leader, members[other].member_id, timeout_s)

    patch.setattr(etcd_commands, "move_leader", elsewhere)


def astray(function: str, zone: int) -> Sabotage:
    """Return what lets a function of the faults on etcd ask the next zone; `zone`: its argument's place."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        real = getattr(etcd_commands, function)

        def elsewhere(*given: Any) -> Any:
            return real(*given[:zone], _beside(given[zone]), *given[zone + 1 :])

        patch.setattr(etcd_commands, function, elsewhere)

    return sabotage


def write_nothing(patch: pytest.MonkeyPatch) -> None:
    """Let an apiserver say that it took what it was never sent."""

    def taken(_: Api, method: str, *__: Any) -> ApiAnswer:
        return ApiAnswer("kube-apiserver-a", CREATED if method == "POST" else OK, {})

    patch.setattr(Api, "write", taken)


def amend_another(patch: pytest.MonkeyPatch) -> None:
    """Let what is changed of one of a test's nodes be changed of the next."""
    real = Api.amend

    def elsewhere(api: Api, path: str, change: Any) -> str:
        name, number = path[:-1], path[-1]
        return real(api, name + {"1": "2", "2": "3", "3": "1"}[number], change)

    patch.setattr(Api, "amend", elsewhere)


def ignore(*functions: str) -> Sabotage:
    """Return what lets these functions of the faults on etcd do nothing."""

    def sabotage(patch: pytest.MonkeyPatch) -> None:
        for function in functions:
            patch.setattr(etcd_commands, function, lambda *_: None)

    return sabotage
