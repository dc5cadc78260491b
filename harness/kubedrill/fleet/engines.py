"""Fleet: the program of another engine, which must be there before anything is started."""

import shutil

from kubedrill.record.fleet import KWOK, Fleet


def lacking(fleet: Fleet | None) -> str:
    """Return which program is not there that is to play a fleet, and how to get it; "" if it is."""
    if fleet is None or fleet.engine != KWOK or shutil.which(KWOK):
        return ""
    return (
        "fleet: engine: kwok: there is no program kwok on the PATH; "
        "go install sigs.k8s.io/kwok/cmd/kwok@v0.8.0 makes it, or leave engine out"
    )
