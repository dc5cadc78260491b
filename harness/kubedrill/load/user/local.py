"""Load: a profile run by `kubedrill run` on its own machine: GO and the lifeline come by stdin."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import gevent

from kubedrill.client.identity import ClientIdentity, of_cluster, user_agent
from kubedrill.load.launch import LOAD, NUMBER, PROCESSES, PROFILE, RUN
from kubedrill.load.user.in_drill import DrillSession, read_waiting, sidecar
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.recorder import open_samples
from kubedrill.load.user.result import RequestSeries
from kubedrill.process.lifeline import ignore_terminal, read_go, say_ready
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import JsonLines
from kubedrill.record.sample import SampleWriter
from kubedrill.record.schedule import Schedule
from kubedrill.record.share import Share
from kubedrill.wire.target import Http


class LocalSession(DrillSession):
    """One load of a drill, on its machine. Everything it needs comes from the run folder and the GO line."""

    def __init__(self, folder: RunFolder, profile: str, load: str, share: Share) -> None:
        self._cluster = ClusterRecord.read(folder.cluster)
        super().__init__(load, folder.run, share, len(self._cluster.load_identities))
        self._folder = folder
        self._profile = profile

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "LocalSession | None":
        """Return the session of the drill that launched this process, if one did."""
        if RUN not in environment:
            return None
        ignore_terminal()
        share = Share(int(environment[NUMBER]), int(environment[PROCESSES]))
        folder = RunFolder(Path(environment[RUN]))
        return cls(folder, environment[PROFILE], environment[LOAD], share)

    def identities(self, http: Http) -> list[ClientIdentity]:
        """Return the load's identities in this cluster."""
        # Named after the profile, so that whoever looks for an offender finds it.
        return of_cluster(self._cluster, user_agent(self._profile), http)

    def samples(self, series: Sequence[RequestSeries], given: Parameters) -> SampleWriter | None:
        """Return the writer of this load's samples."""
        about = sidecar(self._profile, self.load, self.share, series, given)
        return open_samples(self._folder.samples, self._name, about)

    def vitals(self) -> JsonLines | None:
        """Return where this process says how it is doing."""
        return JsonLines(self._folder.samples / f"{self._name}.workers.jsonl")

    @property
    def _name(self) -> str:
        one_of_many = f"@{self.share.number}" if self.share.processes > 1 else ""
        return f"load-{self.load}{one_of_many}"

    def begin(self) -> Schedule | None:
        """Say `ready`, read GO, and end when stdin does."""
        say_ready()
        schedule = read_go(read_waiting)
        gevent.spawn(self._watch_stdin)
        return schedule

    def _watch_stdin(self) -> None:
        while read_waiting(0, 65536):
            pass
        self._ended.set()
