"""The load balancer in front of the apiservers."""

import csv
import resource
from pathlib import Path

from kubedrill.cluster import unix
from kubedrill.cluster.local.layout import Layout
from kubedrill.cluster.local.zones import HUB_ADDRESS
from kubedrill.cluster.ports import APISERVER_PORT

STATS_SOCKET = "haproxy.sock"
BACKEND = "apiservers"
ANSWER_S = 0.5
"""It answers in 1 ms, or stands still; who tells it has others waiting."""


def configuration(layout: Layout) -> str:
    """Return haproxy.cfg. Paths in it are relative to the cluster's folder."""
    hub = f" namespace {layout.zoning.hub}" if layout.zoning.hub else ""
    binds = [f"bind 127.0.0.1:{layout.port}"]
    if hub:
        binds.append(f"bind {HUB_ADDRESS}:{APISERVER_PORT}{hub}")
    servers = [f"server {zone} {layout.at(zone, APISERVER_PORT)}{hub}" for zone in layout.zones]
    return _TEMPLATE.format(
        maxconn=_most_connections(),
        socket=STATS_SOCKET,
        binds="\n    ".join(binds),
        servers="\n    ".join(servers),
    )


class BalancerSilent(Exception):  # noqa: N818 - an event, not a programming error
    """The load balancer does not answer on its socket, or does not do what it is told."""


class BalancerRefused(BalancerSilent):
    """It answers that it will not."""


def servers_up(folder: Path) -> tuple[str, ...]:
    """Return the zones to whose apiservers the load balancer sends requests; BalancerSilent."""
    said = _ask(folder, "show stat -1 4 -1")
    rows = csv.DictReader(said.removeprefix("# ").splitlines())
    # "UP 1/3": so many failed checks from down, as each is until its first check has succeeded.
    return tuple(row["svname"] for row in rows if row["status"].split()[:1] == ["UP"])


def take_out(folder: Path, zone: str) -> None:
    """Send nobody to a zone's apiserver, and end the connections to it; BalancerSilent."""
    _tell(folder, f"set server {BACKEND}/{zone} state maint")
    cut(folder, zone)


def connections(folder: Path, zone: str) -> tuple[str, ...]:
    """Return from where there are connections to a zone's apiserver, ADDRESS:PORT each; BalancerSilent."""
    lines = _ask(folder, "show sess").splitlines()
    found = [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]
    return tuple(
        session["src"]
        for session in found
        if (session.get("be"), session.get("srv")) == (BACKEND, zone)
    )


def cut(folder: Path, zone: str) -> None:
    """End the connections to a zone's apiserver; BalancerSilent if that is not done."""
    _tell(folder, f"shutdown sessions server {BACKEND}/{zone}")


def put_back(folder: Path, zone: str) -> None:
    """Send requests to it again, once it is ready; BalancerSilent."""
    _tell(folder, f"set server {BACKEND}/{zone} state ready")


def _tell(folder: Path, command: str) -> None:
    if said := _ask(folder, command).strip():
        raise BalancerRefused(f"the load balancer did not {command}: {said}")


def _ask(folder: Path, command: str) -> str:
    try:
        return unix.ask(folder / STATS_SOCKET, f"{command}\n".encode(), ANSWER_S).decode()
    except OSError as error:
        raise BalancerSilent(f"the load balancer did not {command}: {error}") from error


def _most_connections() -> int:
    # A connection takes two descriptors, and HAProxy refuses to start beyond the hard limit.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(20_000, hard // 2 - 200) if hard != resource.RLIM_INFINITY else 20_000


# noreuseport: else a forgotten second HAProxy would share the port and eat half of the connections.
# timeout check: without it a saturated machine marks healthy servers down, and the balancer is the outage.
# The servers are reached through the hub, as nodes reach them, so that a cut zone is cut for all.
_TEMPLATE = """\
global
    maxconn {maxconn}
    nbthread 1
    noreuseport
    log stdout format raw daemon notice
    stats socket unix@{socket} mode 600 level admin

defaults
    mode tcp
    log global
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout check 3s

frontend api
    {binds}
    default_backend apiservers

backend apiservers
    balance roundrobin
    option redispatch
    option httpchk GET /readyz
    default-server check check-ssl verify none inter 1s downinter 500ms fall 3 rise 1
    default-server on-marked-down shutdown-sessions
    {servers}
"""
