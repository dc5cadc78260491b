"""The load balancer in front of the apiservers."""

import csv
import resource
from pathlib import Path

from kubedrill.cluster.local import unix
from kubedrill.cluster.local.layout import Layout
from kubedrill.cluster.local.zones import APISERVER_PORT, HUB_ADDRESS

STATS_SOCKET = "haproxy.sock"


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


def servers_up(folder: Path) -> int:
    """Return how many apiservers the load balancer sends requests to; OSError if it does not say."""
    said = unix.ask(folder / STATS_SOCKET, b"show stat -1 4 -1\n", 2.0).decode()
    rows = csv.DictReader(said.removeprefix("# ").splitlines())
    return sum(row["status"] == "UP" for row in rows)


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
    stats socket unix@{socket} mode 600 level operator

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
