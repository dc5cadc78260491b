"""A cluster of somebody else's: to its processes only commands of its file do anything; it is looked at."""

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kubedrill.client.caller import Caller
from kubedrill.clock import now
from kubedrill.cluster.adopted.components import GivenCommands
from kubedrill.cluster.adopted.offering import (
    GIVE,
    OUT_OF_REACH,
    fingerprint,
    in_words,
    leaders_unknown,
    offered,
)
from kubedrill.cluster.adopted.operating import HeldByCommands, Operated, PausedByCommands
from kubedrill.cluster.adopted.sighting import StatesWhenAsked
from kubedrill.cluster.handle import Absent, HandleError, description
from kubedrill.cluster.holds import EVERYBODY
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import INJECTOR, ClusterRecord
from kubedrill.record.components import ComponentState, Exited, Started
from kubedrill.record.watched import Usage
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

if TYPE_CHECKING:
    from kubedrill.cluster.adopted.definition import AdoptedDefinition

SYSTEM = "/api/v1/namespaces/kube-system"
SYSTEM_UID = "system_uid"
"""Of the record's settings: the UID of its namespace kube-system."""
ASK_S = 5.0

_NOT_OURS = Absent(OUT_OF_REACH)
DONE = "commands"
"""In the cluster's folder: what commands have done, as of Marks."""


class NoExits:
    """Follows what starts and exits: nobody tells of it."""

    def read(self) -> Iterable[Started | Exited]:
        """Return nothing."""
        return ()


class AdoptedHandle:
    """One cluster of somebody else's, with our identities in it."""

    cutting = shaping = entering = limiting = flagging = balancing = commanding = _NOT_OURS
    runs_pods = True

    def __init__(
        self,
        record: ClusterRecord | None = None,
        commands: GivenCommands = MappingProxyType({}),
        owner: str = EVERYBODY,
    ) -> None:
        self._record = record
        folder = Path(record.folder) if record else Path()
        self._operated = Operated(commands, folder / DONE, owner)
        self.lacks = dict(leaders_unknown(commands))
        self.holding = _held(commands, self._operated)
        self.pausing = _paused(commands, self._operated)

    def components(self) -> Mapping[str, ComponentState]:
        """Return what tells their states: that the apiserver runs that answers, if its metrics are read.

        Of what commands reach their proofs do, whether the API answers or not. HandleError if nobody tells.
        """
        record = self._record
        if record is None:
            return {}
        if not record.stands():
            raise HandleError(f"nobody of ours is in cluster {record.name} any more")
        observed = {component.name: self._answers for component in record.components}
        return StatesWhenAsked({**observed, **self._operated.states()})

    def _answers(self) -> ComponentState:
        """Return the state of the apiserver that is measured: it runs if the API answers."""
        assert self._record is not None
        if lost := self.lost():
            raise HandleError(f"cluster {self._record.name} {lost}")
        return _running()

    def unwell(self, component: str) -> str:
        """Ask the command of its file, if it has one for that."""
        return self._operated.unwell(component)

    def in_force(self) -> tuple[str, ...]:
        """Return what commands have done, as far as this machine knows."""
        return self._operated.in_force()

    def lost(self) -> str:
        """Ask whether it is the cluster that was meant, and knows our identities."""
        record = self._record
        if record is None:
            return ""
        try:
            target, token = identity_target(record, INJECTOR)
            with closing(Caller(target, token, ASK_S)) as api:
                answer = api.call("GET", SYSTEM)
        except FileNotFoundError as error:
            return f"has lost its tokens ({error.filename})"
        except WireError as error:
            return f"cannot be asked which cluster it is ({error})"
        return _said(answer.status, answer.body, str(record.settings.get(SYSTEM_UID)))

    def is_gone(self) -> bool:
        """Say that it is not: whoever runs it knows."""
        return False

    def processes(self) -> Mapping[str, int]:
        """Return nothing: none is of this machine, as far as we know."""
        return {}

    def usage(self) -> Mapping[str, Usage]:
        """Return nothing."""
        return {}

    def exits(self) -> NoExits:
        """Return what tells of none."""
        return NoExits()

    def last_line(self, component: str) -> str:  # noqa: ARG002
        """Return nothing: logs are out of reach."""
        return ""

    def data(self) -> Path | None:
        """Say that its data are elsewhere."""
        return None


def described(definition: "AdoptedDefinition") -> ClusterDescription:
    """Return what may be done to a cluster of this definition, and seen of it."""
    commands, seen = definition.components, definition.observed
    found = description(
        AdoptedHandle(commands=commands),
        definition.zones,
        foreign=True,
        observed=seen,
        prometheus=definition.prometheus,
    )
    return replace(found, commands=in_words(commands), fingerprint=fingerprint(commands))


def _held(commands: GivenCommands, operated: Operated) -> HeldByCommands | Absent:
    of, lacks = offered(commands, "holding")
    return HeldByCommands(operated, of, lacks) if commands else Absent(GIVE)


def _paused(commands: GivenCommands, operated: Operated) -> PausedByCommands | Absent:
    of, lacks = offered(commands, "pausing")
    return PausedByCommands(operated, of, lacks) if commands else Absent(GIVE)


def _running() -> ComponentState:
    """Return the state of what answers; nothing else is known of it."""
    return ComponentState(pid=None, started=None, state="running", since=now(), restarts=0)


def _said(status: int, body: bytes, wanted: str) -> str:
    """Return what is wrong with what the API says of kube-system."""
    if status == HTTPStatus.UNAUTHORIZED:
        return "does not know our identities any more: they have expired, or were removed"
    if status != HTTPStatus.OK:
        return f"does not say which cluster it is (GET {SYSTEM}: {status})"
    uid = json.loads(body)["metadata"]["uid"]
    return (
        "" if uid == wanted else f"is another one: its kube-system has the UID {uid}, not {wanted}"
    )
