"""Observe: whether each etcd member is healthy, and who leads: health.jsonl."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.observe.metrics import get, scraper
from kubedrill.observe.ticks import in_time
from kubedrill.process.priority import prefer
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import Outcome
from kubedrill.record.schedule import allowed_hole
from kubedrill.record.watched import HealthLook, MemberState
from kubedrill.wire.errors import WireError

TIMEOUT = SECOND * 9 // 10
_LEADS = b"\netcd_server_is_leader 1\n"
_SILENT = ("refused", "timeout")


class Leaders:
    """Who said last that it leads; told by the scrapes of etcd's metrics."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}
        self.recent = allowed_hole(1.0)
        """For how long what a member said is believed, ns; longer where it is asked less often."""

    def seen(self, zone: str, time: int, page: bytes) -> None:
        """Note what the metrics of the member in `zone` say at `time`."""
        if _LEADS in page:
            self._said[zone] = time
        else:
            self._said.pop(zone, None)

    def leader(self, time: int) -> str | None:
        """Return the zone of the member that led when last asked, None if none did lately."""
        recent = {zone: at for zone, at in self._said.copy().items() if time - at <= self.recent}
        return max(recent, key=lambda zone: recent[zone], default=None)


class Health:
    """Asks /health of every etcd member at the same time, a line a round."""

    def __init__(self, folder: RunFolder, record: ClusterRecord, leaders: Leaders) -> None:
        self._members = {
            member.zone or member.name: scraper(record, member.metrics)
            for member in record.of_kind("etcd")
            if member.metrics is not None
        }
        self._leaders = leaders
        self._lines = JsonLines(folder.health)

    def run(self, times: Iterable[int], ended: threading.Event) -> None:
        """Ask at each of `times` until `ended` is set; leave out those that have long passed."""
        with ThreadPoolExecutor(max(1, len(self._members)), "health", prefer) as pool:
            for _ in in_time(times, ended):
                self._once(pool)

    def _once(self, pool: ThreadPoolExecutor) -> None:
        begun = now()
        asked = {
            zone: pool.submit(_ask, member, begun + TIMEOUT)
            for zone, member in self._members.items()
        }
        etcd = {zone: answer.result() for zone, answer in asked.items()}
        took = (now() - begun) // 1000
        leader = self._leaders.leader(now())
        if leader is not None and etcd.get(leader) in _SILENT:
            leader = None  # it led when last scraped
        self._lines.add(HealthLook(time=begun, took_us=took, etcd=etcd, leader=leader))


def _ask(member: Caller, deadline: int) -> MemberState:
    try:
        response = member.ask(get(member, "/health"), deadline)
    except WireError as error:
        return "timeout" if error.outcome == Outcome.TIMEOUT else "refused"
    healthy = response.status == 200 and b'"health":"true"' in response.body
    return "healthy" if healthy else "unhealthy"
