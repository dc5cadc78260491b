"""The contract: what is given other flags than its own, and these back."""

from collections.abc import Callable

import pytest
from every_provider import of_kind

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import Absent, Handle, HandleError
from kubedrill.cluster.provider import provider_named
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]

Until = Callable[..., object]

V = {"v": 3}
"""How much it logs: a flag of every component of Kubernetes."""


def test_what_has_other_flags_keeps_them_until_they_are_restored(
    record: ClusterRecord, handle: Handle, until: Until
):
    flagging = handle.flagging
    if isinstance(flagging, Absent):
        return
    target = record.of_kind("kube-scheduler")[-1].name
    own, pid = flagging.own(target), handle.components()[target].pid
    assert flagging.runs_with(target) == own
    with pytest.raises(HandleError):
        flagging.change(target, V, expect_pid=pid + 1)
    with pytest.raises(HandleError, match="nothing would change"):
        flagging.change(target, {name: own[name] for name in [*own][:1]} | {"v": None})
    assert (handle.components()[target].pid, flagging.changed(target)) == (pid, {})
    try:
        assert flagging.change(target, V, expect_pid=pid) == pid
        until(lambda: flagging.runs_with(target) == {**own, "v": "3"})
        assert (flagging.own(target), flagging.changed(target)) == (own, V)
        assert handle.components()[target].pid != pid
        with pytest.raises(HandleError):
            flagging.change(target, V)
        if not isinstance(handle.holding, Absent):
            until(lambda: handle.components()[target].state == "running")
            handle.holding.hold(target)
            handle.holding.release(target)
            until(lambda: flagging.runs_with(target) == {**own, "v": "3"})
    finally:
        flagging.restore(target)
    until(lambda: flagging.runs_with(target) == own)
    pid = handle.components()[target].pid
    flagging.restore(target)
    assert (handle.components()[target].pid, flagging.changed(target)) == (pid, {})


def test_a_flag_is_taken_away_and_all_is_as_before_by_itself(
    record: ClusterRecord, handle: Handle, until: Until
):
    flagging = handle.flagging
    if isinstance(flagging, Absent):
        return
    target = record.of_kind("kube-scheduler")[-1].name
    own, end = flagging.own(target), now() + 2 * SECOND
    taken = next(iter(own))
    flagging.change(target, {taken: None}, until=end)
    until(lambda: flagging.changed(target) == {})
    assert now() >= end
    until(lambda: flagging.runs_with(target) == own)


def test_what_is_not_there_has_no_flags(handle: Handle):
    if isinstance(handle.flagging, Absent):
        return
    for ask in (handle.flagging.own, handle.flagging.changed, handle.flagging.restore):
        with pytest.raises(HandleError):
            ask("nobody")


def test_flags_that_a_component_cannot_be_given_are_told(record: ClusterRecord, handle: Handle):
    if isinstance(handle.flagging, Absent):
        return
    provider = provider_named(record.provider)
    for kind in handle.flagging.of:
        assert [name for name, _ in provider.wrong_flags(kind, {"no-such": 1})] == ["no-such"]
        assert of_kind(record, (kind,))
    assert [*provider.wrong_flags("kube-scheduler", V)] == []
