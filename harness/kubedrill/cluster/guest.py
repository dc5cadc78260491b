"""The identity of a drill's activities: a ServiceAccount with the rights that they need, and no others.

Made before the first of them is played, and removed after the last has been undone. Its credentials stand
in the drill's private folder, never in the run folder.
"""

import json
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.cluster import objects
from kubedrill.cluster.kubeconfig import Server, write_kubeconfig
from kubedrill.cluster.provider import Administrator, administrator, handle_of
from kubedrill.errors import NotStarted
from kubedrill.process.environment import kubeconfig
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.labels import NAMESPACE
from kubedrill.record.ledger import Ledger
from kubedrill.record.rights import REVIEWS, Right, rights_in
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import Target, client_tls

Rights = Sequence[Mapping[str, Sequence[str]]]
"""Rules as of a ClusterRole."""

UNDO = ("kubedrill.cluster.guest", "revoke")
_IN_FORCE_S = 10.0
"""An apiserver learns of a new role from its watches, within some ms on two idle cores."""
_TOKEN_LIFETIME_S = 30 * 24 * 3600
"""Of a drill that was killed, the rollbacks may be played much later."""


class GuestNeeded(Exception):  # noqa: N818 - an event of the drill
    """The identity must stay, for activities are still to be undone as it."""


def user_of(run: str) -> str:
    """Return who the activities of a run are to the API."""
    return f"system:serviceaccount:{NAMESPACE}:{_account(run)}"


def grant(folder: RunFolder, rights: Rights) -> str:
    """Make the identity, if it is not there yet, and return its name once its rights are in force.

    NotStarted if the API refuses, or is too slow. It stands in the run's ledger before it is made.
    """
    record, run = ClusterRecord.read(folder.cluster), folder.run
    ledger, private = Ledger(folder.ledger), record.private(run)
    there = any(entry.what == "identity" for entry in _open(ledger))
    if there and kubeconfig(private).exists():
        return user_of(run)
    ledger.intend("identity", user_of(run), UNDO, {"run": str(folder.path)})
    (private / "home").mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with closing(administrator(record)) as api:
            _remove(api, run)
            token = _make(api, run, rights)
        _wait_in_force(record, token, rights)
    except WireError as error:
        raise NotStarted(f"{user_of(run)} could not be made: {error}") from error
    _write_kubeconfig(record, private, run, token)
    return user_of(run)


def revoke(run: str) -> None:
    """Remove the identity of a run folder; may be called again.

    GuestNeeded while activities are still to be undone as it, WireError if the API does not answer.
    """
    folder = RunFolder(Path(run))
    if any(entry.what == "activity" for entry in _open(Ledger(folder.ledger))):
        raise GuestNeeded("it stays, since activities are still to be undone as it")
    record = ClusterRecord.read(folder.cluster)
    if not record.stands():
        return  # and its private folders went with it
    if not handle_of(record).is_gone():
        with closing(administrator(record)) as api:
            _remove(api, folder.run)
    shutil.rmtree(record.private(folder.run), ignore_errors=True)


def _account(run: str) -> str:
    return f"activity-{re.sub('[^a-z0-9]+', '-', run.lower()).strip('-')[:50]}"


def _open(ledger: Ledger) -> list[Any]:
    return [*ledger.open_entries()] if ledger.path.exists() else []


def _objects(run: str, rights: Rights) -> list[tuple[str, dict[str, Any]]]:
    return objects.guest(_account(run), [dict(rule) for rule in rights])


def _make(api: Administrator, run: str, rights: Rights) -> str:
    """Create the identity's objects and return a token for it."""
    for path, content in _objects(run, rights):
        _created(api, path, content)
    path, wanted = objects.token_request(_account(run), _TOKEN_LIFETIME_S)
    return str(_created(api, path, wanted)["status"]["token"])


def _remove(api: Administrator, run: str) -> None:
    for path, content in reversed(_objects(run, ())):
        answer = api.call("DELETE", f"{path}/{content['metadata']['name']}")
        if answer.status not in {200, 202, 404}:
            said = answer.body[:300].decode(errors="replace")
            raise NotStarted(f"{user_of(run)} could not be removed: {answer.status} {said}")


def _created(api: Administrator, path: str, content: object) -> Any:
    answer = api.call("POST", path, content)
    if answer.status != 201:
        said = answer.body[:300].decode(errors="replace")
        raise NotStarted(f"the API refused POST {path}: {answer.status} {said}")
    return json.loads(answer.body)


def _wait_in_force(record: ClusterRecord, token: str, rights: Rights) -> None:
    """Wait until every apiserver knows the token and its rights; NotStarted if one does not in time."""
    until = now() + round(_IN_FORCE_S * SECOND)
    tls = client_tls(record.ca_file)
    for serving in record.apiservers:
        target = Target(serving, record.server_name, tls)
        with closing(Caller(target, token)) as api:
            while not _in_force(api, rights):
                if now() > until:
                    raise NotStarted(
                        f"the apiserver at {serving.host}:{serving.port} has not taken up the rights of "
                        f"the drill's activities within {_IN_FORCE_S:g} s"
                    )
                time.sleep(0.05)


def _in_force(api: Caller, rights: Rights) -> bool:
    first = next(rights_in(rights), Right("get", path="/version"))
    answer = api.call("POST", REVIEWS, first.review())
    if answer.status != 201:
        return False
    return not rights or bool(json.loads(answer.body)["status"]["allowed"])


def _write_kubeconfig(record: ClusterRecord, private: Path, run: str, token: str) -> None:
    address = f"{record.balancer.host}:{record.balancer.port}"
    server = Server(record.name, address, Path(record.ca_file), record.server_name)
    write_kubeconfig(kubeconfig(private), server, {"token": token}, _account(run))
