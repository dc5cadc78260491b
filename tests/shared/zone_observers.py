"""Who sees from outside what becomes of zones and of what goes between them."""

import subprocess
import sys
from contextlib import closing

from fault_observers import PATIENT_S, Processes

from kubedrill.client.caller import Caller
from kubedrill.cluster.handle import present
from kubedrill.cluster.provider import handle_of
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.target import identity_target


class Dialling(Processes):
    """Sees from one zone whether the servers of others take connections."""

    def reaches(self, zone: str, kind: str, of: str) -> bool:
        """Whether something in a zone can connect to a component of another."""
        there = self.cluster.component(f"{kind}-{of}").serving
        dial = f"import socket; socket.create_connection(({there.host!r}, {there.port}), 1)"
        command = [
            *present(handle_of(self.cluster).entering).command(zone),
            sys.executable,
            "-c",
            dial,
        ]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        return done.returncode == 0

    def others(self, zone: str) -> list[str]:
        """Return the other zones."""
        return [other for other in self.cluster.zones if other != zone]

    def all_well(self, zone: str) -> bool:
        """Whether all that runs in a zone is well, and reached from the others."""
        parts = [part.name for part in self.cluster.components if part.zone == zone]
        reached = all(self.reaches(other, "etcd", zone) for other in self.others(zone))
        return reached and all(self.answer(part) == "200" for part in parts)


class ZoneGone(Dialling):
    """Sees that all processes of a zone have ended, and nothing in it is reached."""

    def hit(self, target: str) -> bool:
        """Whether all is gone."""
        zone = target.removeprefix("zone-")
        parts = [part.name for part in self.cluster.components if part.zone == zone]
        others = self.others(zone)
        return all(map(self.ended, parts)) and not self.reaches(others[0], "etcd", zone)

    def well(self, target: str) -> bool:
        """Whether all is there again."""
        return self.all_well(target.removeprefix("zone-"))


class CutOff(Dialling):
    """Sees that nobody reaches a zone, where all runs on."""

    def hit(self, target: str) -> bool:
        """Whether it is cut off, with all that ran in it before."""
        zone = target.removeprefix("zone-")
        parts = [part.name for part in self.cluster.components if part.zone == zone]
        reached = any(self.reaches(other, "kube-apiserver", zone) for other in self.others(zone))
        return not reached and not any(map(self.ended, parts))

    def well(self, target: str) -> bool:
        """Whether all is reached, and well."""
        return self.all_well(target.removeprefix("zone-"))


class Isolated(Dialling):
    """Sees by a member's metrics that it has no leader, though its clients reach it."""

    def hit(self, target: str) -> bool:
        """Whether it has none."""
        zone = target.removeprefix("etcd-")
        endpoint = self.cluster.component(target).metrics
        server, token = identity_target(self.cluster, "scraper", endpoint)
        with closing(Caller(server, token, PATIENT_S)) as api:
            alone = b"\netcd_server_has_leader 0\n" in api.call("GET", "/metrics").body
        return alone and self.reaches(self.others(zone)[0], "etcd", zone)

    def well(self, target: str) -> bool:
        """Whether it is well: a member without a leader is not."""
        return self.answer(target) == "200"


class Lossy(Dialling):
    """Sees by the kernel's own counters of TCP in a zone that segments had to be sent again."""

    def __init__(self, cluster: ClusterRecord) -> None:
        super().__init__(cluster)
        self.before = {zone: self.again(zone) for zone in cluster.zones}

    def within(self, zone: str, *command: str) -> str:
        """Return what a command says in the network of a zone."""
        enter = present(handle_of(self.cluster).entering).command(zone)
        said = subprocess.run(
            [*enter, *command], capture_output=True, text=True, check=True, timeout=60
        )
        return said.stdout

    def again(self, zone: str) -> int:
        """Return how many segments were sent again in a zone so far."""
        lines = self.within(zone, "cat", "/proc/net/snmp").splitlines()
        names, values = [line.split() for line in lines if line.startswith("Tcp:")]
        return int(dict(zip(names, values, strict=True))["RetransSegs"])

    def hit(self, target: str) -> bool:
        """Whether that came to pass some times."""
        zone = target.removeprefix("zone-")
        return self.again(zone) >= self.before[zone] + 3

    def well(self, target: str) -> bool:
        """Whether all is well, and the zone's kernel has no rule that loses and no queue that slows."""
        zone = target.removeprefix("zone-")
        told = self.within(zone, "nft", "list", "ruleset") + self.within(zone, "tc", "qdisc")
        bad = any(word in told for word in ("numgen", "tbf", "netem"))
        return not bad and self.all_well(zone)


def mend_all_links(cluster: ClusterRecord, target: str) -> None:
    """Take away all that is cut and lossy in a target's zone, as a person would with nft."""
    zone = target.rpartition("-")[2]
    enter = present(handle_of(cluster).entering).command(zone)
    subprocess.run([*enter, "nft", "flush", "ruleset"], check=True, timeout=60)
