"""Who drills on somebody else's cluster says so there, as long as its watchdog is there: by a Lease."""

import logging
import os
import platform
import threading
from contextlib import closing
from datetime import UTC, datetime
from http import HTTPStatus

from kubedrill.client.caller import Caller
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import INJECTOR, ClusterRecord
from kubedrill.record.elsewhere import DRILL, LEASES, RENEWED_EVERY_S, lease_object
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import BadEvidence
from kubedrill.wire.errors import WireError
from kubedrill.wire.target import identity_target

_ENDED = threading.Event()


def hold(folder: RunFolder) -> threading.Thread:
    """Begin to say so, as soon as there is such a cluster, until this process ends."""
    holding = threading.Thread(target=_hold, args=(folder,), name="lease", daemon=True)
    holding.start()
    return holding


def _hold(folder: RunFolder) -> None:
    while not _ENDED.wait(RENEWED_EVERY_S):
        try:
            _renew(folder)
        except (WireError, OSError, BadEvidence, NotStarted) as error:
            logging.info("the lease of who drills is not renewed: %s", error)


def _renew(folder: RunFolder) -> None:
    if not folder.cluster.exists():
        return  # it is not known yet
    record = ClusterRecord.read(folder.cluster)
    if not record.foreign or INJECTOR not in record.identities or not record.stands():
        return
    content = lease_object(holder(folder), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")
    with closing(Caller(*identity_target(record, INJECTOR))) as api:
        answer = api.call("PUT", f"{LEASES}/{DRILL}", content)
        if answer.status == HTTPStatus.NOT_FOUND:
            api.call("POST", LEASES, content)


def holder(folder: RunFolder) -> str:
    """Return who drills, in words."""
    return f"{platform.node()}, {folder.path}, watchdog {os.getpid()}"
