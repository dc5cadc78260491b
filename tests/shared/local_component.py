"""Commands for a component of a local cluster, which plays somebody else's: `THIS FOLDER WHAT NAME`.

In place of `ssh HOST ...`: what asks the cluster's own supervisor. It imports nothing of ours, since a proof
must be told at once.
"""

import json
import os
import socket
import sys
from typing import Any

DOES = {"kill": "hold", "stop": "stop", "restart": "restart", "pause": "pause"}
TAKES_BACK = {"start": "release", "proceed": "proceed"}
STATES = {"running": "S", "paused": "T"}


def ask(**request: Any) -> Any:
    """Ask the supervisor of the cluster whose folder this is in, for nobody."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("supervisor.sock")
        connection.sendall(json.dumps({"owner": "", **request}).encode() + b"\n")
        answer = json.loads(connection.makefile().read())
    if "error" in answer:
        sys.exit(answer["error"])
    return answer


def prove(name: str) -> None:
    """Print pid and state, or end with 1."""
    found = ask(do="components")["components"][name]
    if found["pid"] is None:
        sys.exit(1)
    print(found["pid"], STATES.get(found["state"], "S"))


def do(what: str, name: str) -> None:
    """Break it, or put it right."""
    if what in DOES:
        ask(do=DOES[what], component=name, by="a command", expect_pid=None, until=None)
    else:
        ask(do=TAKES_BACK[what], component=name, components=[name], by="a command")


if __name__ == "__main__":
    folder, what, name = sys.argv[1:]
    os.chdir(folder)  # a socket's path may have no more than 107 bytes
    if what == "proof":
        prove(name)
    else:
        do(what, name)
