"""Who drills on somebody else's cluster says so there, as long as its watchdog is there: by a Lease."""

import logging
import os
import platform
import threading
import time
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


def hold(folder: RunFolder) -> None:
    """Begin to say so, as soon as there is such a cluster, until this process ends."""
    threading.Thread(target=_hold, args=(folder,), name="lease", daemon=True).start()


def _hold(folder: RunFolder) -> None:
    """Renew it as long as that is wanted: on a cluster of ours nobody asks."""
    wanted = True
    while wanted:
        time.sleep(RENEWED_EVERY_S)
        try:
            wanted = _renew(folder)
        except (WireError, OSError, BadEvidence, NotStarted) as error:
            logging.info("the lease of who drills is not renewed: %s", error)


def _renew(folder: RunFolder) -> bool:
    """Return whether it is to be renewed again."""
    if not folder.cluster.exists():
        return True  # it is not known yet
    record = ClusterRecord.read(folder.cluster)
    if not record.foreign or INJECTOR not in record.identities or not record.stands():
        return False
    content = lease_object(holder(folder), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")
    with closing(Caller(*identity_target(record, INJECTOR))) as api:
        answer = api.call("PUT", f"{LEASES}/{DRILL}", content)
        if answer.status == HTTPStatus.NOT_FOUND:
            api.call("POST", LEASES, content)
    return True


def holder(folder: RunFolder) -> str:
    """Return who drills, in words."""
    return f"{platform.node()}, {folder.path}, watchdog {os.getpid()}"
