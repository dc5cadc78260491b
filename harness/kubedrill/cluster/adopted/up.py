"""Bring our identities into a cluster of somebody else's, and take them out of it."""

import json
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.cluster.adopted.access import Access, said_of
from kubedrill.cluster.adopted.components import hosts, scripted
from kubedrill.cluster.adopted.definition import AdoptedDefinition
from kubedrill.cluster.adopted.giving import Granted, base_rights
from kubedrill.cluster.adopted.handle import (
    DONE,
    SYSTEM,
    SYSTEM_UID,
    AdoptedHandle,
    described,
)
from kubedrill.cluster.adopted.introducing import (
    Tokens,
    fetch_tokens,
    introduce,
    is_whole,
    owner,
    withdraw,
)
from kubedrill.cluster.adopted.marks import Marks
from kubedrill.cluster.adopted.offering import fingerprint
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.state import Busy, read_id, write_id
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import COMMANDS, ClusterRecord, Component, Identity
from kubedrill.record.elsewhere import ALIVE_S, DRILL, LEASES
from kubedrill.record.files import write_whole
from kubedrill.record.metric import APISERVER
from kubedrill.record.rights import Right, said
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

KEPT = "definition.json"
"""In the cluster's folder: by which context it was reached, whatever its file says later."""
IN_FORCE_S = 30.0
"""An apiserver learns of new tokens and roles from its watches: some ms, and seconds on a busy one."""
LOOK_S = 0.2


def _access(definition: AdoptedDefinition) -> AbstractContextManager[Access]:
    return closing(reached(definition))


def administrator(folder: Path) -> Access:
    """Return access to the cluster of a folder, as that was reached when it came up."""
    return reached(_kept(folder))


def reached(definition: AdoptedDefinition) -> Access:
    """Return access to the cluster that is meant; NotStarted if another one answers, or none."""
    access = Access(definition.kubeconfig, definition.context)
    try:
        _check_same(access, definition)
    except BaseException:
        access.close()
        raise
    return access


def _check_same(access: Access, definition: AdoptedDefinition) -> None:
    if (authority := access.server.authority) != definition.authority:
        raise NotStarted(
            f"context {definition.context} leads to another cluster: its authority is {authority}, not "
            f"{definition.authority}, as the cluster's file says; {_ADOPT}"
        )
    if (uid := system_uid(access)) != definition.system_uid:
        raise NotStarted(
            f"context {definition.context} leads to another cluster: its kube-system has the UID {uid}, "
            f"not {definition.system_uid}, as the cluster's file says; {_ADOPT}"
        )


_ADOPT = "if that is the one that is meant now, adopt it anew: kubedrill cluster adopt NAME --context CONTEXT"


def system_uid(access: Access) -> str:
    """Return the UID of the namespace kube-system; NotStarted if one may not see it."""
    answer = access.call("GET", SYSTEM)
    if answer.status != HTTPStatus.OK:
        raise NotStarted(f"context {access.context}: {said_of(answer, 'GET', SYSTEM)}")
    return str(json.loads(answer.body)["metadata"]["uid"])


def check(definition: AdoptedDefinition) -> None:
    """Raise NotStarted where it does not answer, is another one, or one may not make identities in it."""
    with _access(definition) as access:
        if refused := access.refused(base_rights()):
            raise NotStarted(
                f"context {definition.context}: who it names may not {said(refused)}, which every drill "
                "needs there; what to grant: kubedrill cluster rbac EXPERIMENT ..."
            )


def may_not(definition: AdoptedDefinition, rights: Iterable[Right]) -> list[Right]:
    """Return which of these rights one has not got there, and so could not give to identities of ours."""
    with _access(definition) as access:
        return access.refused(rights)


def up(definition: AdoptedDefinition, folder: Path) -> ClusterRecord:
    """Make our identities, and wait until they are known."""
    pki = _prepare(definition, folder)
    introduced = Introduced(definition.load_users, signed=False)
    with _access(definition) as access:
        given = Granted.by(access, introduced)
        tokens = introduce(access, introduced, given, read_id(folder) or "", pki)
        record = _record(access, definition, folder, tokens, given.withheld)
    _wait_known(record)
    return record


def take_over(definition: AdoptedDefinition, folder: Path) -> ClusterRecord | None:
    """Return the record of what another machine has made there, with tokens of our own; None if nothing is.

    NotStarted while that machine still drills.
    """
    introduced = Introduced(definition.load_users, signed=False)
    with _access(definition) as access:
        cluster = owner(access)
        if cluster is None:
            return None
        if drills := who_drills(access):
            raise Busy(
                f"context {access.context}: a drill runs there: {drills}; end it where it runs"
            )
        if not is_whole(access, introduced):  # so nothing was done with it
            withdraw(access, introduced, cluster)
            return None
        pki = _prepare(definition, folder)
        write_id(folder, cluster, definition.provider)
        tokens = fetch_tokens(access, introduced, pki)
        record = _record(access, definition, folder, tokens, ())
    _wait_known(record)
    return record


def _prepare(definition: AdoptedDefinition, folder: Path) -> Path:
    """Keep in a cluster's folder how it is reached; return the folder for its tokens."""
    write_whole(folder / KEPT, definition.model_dump_json(exclude={"limits", "notify"}))
    pki = folder / "pki"
    pki.mkdir(mode=0o700)
    return pki


def _record(
    access: Access,
    definition: AdoptedDefinition,
    folder: Path,
    tokens: Tokens,
    withheld: tuple[str, ...],
) -> ClusterRecord:
    authorities = folder / "pki" / "ca.crt"
    authorities.write_text(access.server.authorities, encoding="ascii")
    told, server = described(definition), access.server
    return ClusterRecord(
        name=folder.name,
        provider=definition.provider,
        zoning="foreign",
        zones=definition.zones,
        folder=str(folder),
        balancer=server.endpoint,
        ca_file=str(authorities),
        server_name=server.name,
        components=tuple(
            Component(kind, kind, None, server.endpoint, server.endpoint)
            for kind in definition.pages
        ),
        identities=_identities(tokens),
        capabilities=told.capabilities,
        versions={APISERVER: version(access)},
        lacks=dict(told.lacks),
        scripted=scripted(definition.components),
        hosts=hosts(definition.components),
        settings=_settings(definition),
        withheld=withheld,
        expires=tokens.expire,
        foreign=True,
        prometheus=definition.prometheus,
        id=read_id(folder) or "",
    )


def _settings(definition: AdoptedDefinition) -> dict[str, str | int]:
    commands = fingerprint(definition.components)
    return {
        SYSTEM_UID: definition.system_uid,
        "load_users": definition.load_users,
        **({COMMANDS: commands} if commands else {}),
    }


def who_drills(access: Access) -> str:
    """Return who says just now that it drills there; "" if nobody does."""
    answer = access.call("GET", f"{LEASES}/{DRILL}")
    if answer.status != HTTPStatus.OK:
        return ""
    spec = json.loads(answer.body)["spec"]
    silent_s = time.time() - datetime.fromisoformat(spec["renewTime"]).timestamp()
    if silent_s > ALIVE_S:
        return ""
    return f"{spec['holderIdentity']} has said so {max(silent_s, 0):.0f} s ago"


def down(folder: Path) -> None:
    """Take our identities out of the cluster; NotStarted if it does not answer, or is another one by now."""
    if not (folder / KEPT).exists():
        return  # nothing was made
    if left := Marks(folder / DONE).all():
        files = ", ".join(map(str, left.values()))
        raise NotStarted(
            f"what commands have done to {', '.join(left)} was not taken back: run kubedrill heal; if it is "
            f"not so any more, remove {files}"
        )
    definition = _kept(folder)
    with _access(definition) as access:
        withdraw(access, Introduced(definition.load_users, signed=False), read_id(folder) or "")


def _kept(folder: Path) -> AdoptedDefinition:
    """Return by what a cluster was reached when it came up."""
    return AdoptedDefinition.model_validate_json((folder / KEPT).read_text(encoding="utf-8"))


def handle(record: ClusterRecord, owner: str) -> AdoptedHandle:
    """Return the handle of a cluster, with the commands of its file as it came up; none, once it is down."""
    kept = Path(record.folder) / KEPT
    commands = _kept(kept.parent).components if record.scripted and kept.exists() else {}
    return AdoptedHandle(record, commands, owner)


def version(access: Access) -> str:
    """Return the version of the apiserver that answers."""
    answer = access.call("GET", "/version")
    return (
        str(json.loads(answer.body)["gitVersion"]) if answer.status == HTTPStatus.OK else "unknown"
    )


def _identities(tokens: Tokens) -> dict[str, Identity]:
    return {name: Identity(name, token_file=file) for name, file in tokens.files.items()}


def _wait_known(record: ClusterRecord) -> None:
    """Wait until tokens and roles are in force; NotStarted if they are not in time."""
    until = now() + round(IN_FORCE_S * SECOND)
    while why := AdoptedHandle(record).lost() or _unproven(record):
        if now() > until:
            raise NotStarted(f"cluster {record.name} {why}, {IN_FORCE_S:g} s after we came")
        time.sleep(LOOK_S)


def _unproven(record: ClusterRecord) -> str:
    """Return why the prober, whose role came last, cannot read yet; or ""."""
    path = "/api/v1/namespaces/kubedrill/configmaps/probe"
    target, token = identity_target(record, "prober")
    try:
        with closing(Caller(target, token)) as api:
            status = api.call("GET", path).status
    except WireError as error:
        return f"does not answer the prober ({error})"
    return "" if status == HTTPStatus.OK else f"does not let the prober read (GET {path}: {status})"
