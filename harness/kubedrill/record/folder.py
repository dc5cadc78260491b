"""Where each file of a run stands; `reports/<experiment>/<start, UTC>/`, with `latest` beside it."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one run. Paths only: nothing here opens or checks them, but `create` and `remove`."""

    path: Path
    judged_by: str = ""
    """The name of other objectives than the experiment's own: what is made of them stands beside."""

    @classmethod
    def create(cls, reports: Path, experiment: str, at: datetime | None = None) -> "RunFolder":
        """Make a new folder for one drill, and those for its samples, scrapes and logs."""
        folder = cls.create_empty(reports, experiment, at)
        for part in (folder.samples, folder.metrics, folder.logs):
            part.mkdir()
        return folder

    @classmethod
    def create_empty(
        cls, reports: Path, experiment: str, at: datetime | None = None
    ) -> "RunFolder":
        """Make a new folder `reports/experiment/20260131T120000Z` (-2, -3 ... if taken)."""
        start = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        parent = reports / experiment
        parent.mkdir(parents=True, exist_ok=True)
        for name in [start, *(f"{start}-{n}" for n in range(2, 100))]:
            try:
                (parent / name).mkdir()
            except FileExistsError:
                continue
            _point_latest(parent / name)
            return cls(parent / name)
        raise FileExistsError(f"{parent}: a hundred runs started in the second {start}")

    def remove(self) -> None:
        """Remove the folder; `latest`, if it is this one, is then the run before it, or none."""
        latest = self.path.parent / "latest"
        shutil.rmtree(self.path)
        if latest.exists():
            return
        left = [run for run in self.path.parent.iterdir() if run.is_dir()]
        if left:
            _point_latest(max(left))
        else:
            latest.unlink(missing_ok=True)

    @property
    def run(self) -> str:
        """The run's name: its start in UTC."""
        return self.path.name

    @property
    def experiment_yaml(self) -> Path:
        """The experiment as it ran, with every --set applied."""
        return self.path / "experiment.yaml"

    @property
    def schedule(self) -> Path:
        """What the drill intends, on the clock (record.schedule)."""
        return self.path / "schedule.json"

    @property
    def timeline(self) -> Path:
        """What happened (record.timeline); written by the runner alone."""
        return self.path / "timeline.jsonl"

    @property
    def ledger(self) -> Path:
        """Side effects, before they happen (record.ledger)."""
        return self.path / "ledger.jsonl"

    @property
    def faults(self) -> Path:
        """What the faults process did and saw, a JSON line each; copied onto the timeline."""
        return self.path / "faults.jsonl"

    @property
    def plan(self) -> Path:
        """What became of the emergency plan (record.emergency); only where there is one."""
        return self.path / "plan.jsonl"

    @property
    def health(self) -> Path:
        """Health of every etcd member, once a second; written by the scraper."""
        return self.path / "health.jsonl"

    @property
    def leases(self) -> Path:
        """Who leads controller-managers and schedulers, ten times a second; written by the scraper.

        Only where an objective is about that.
        """
        return self.path / "leases.jsonl"

    @property
    def nodes(self) -> Path:
        """How many nodes there are, and which are not ready, once a second; written by the scraper.

        Only where an objective or an abort condition is about that.
        """
        return self.path / "nodes.jsonl"

    @property
    def objects(self) -> Path:
        """How many objects of a kind there are, once a second; written by the scraper.

        Only of kinds that an abort condition, or a state in which a fault begins, is about.
        """
        return self.path / "objects.jsonl"

    @property
    def fleet(self) -> Path:
        """The nodes of the drill's fleet, and when they come (record.fleet); only where there is one."""
        return self.path / "fleet.json"

    def fleet_lines(self, zone: str) -> Path:
        """How the fleet's nodes of a zone are, once a second, as the process knows that plays them."""
        return self.path / f"fleet-{zone}.jsonl"

    @property
    def autoscaler(self) -> Path:
        """Which nodes the fleet's autoscaler has ordered, and what it knew each second."""
        return self.path / "autoscaler.jsonl"

    @property
    def demand(self) -> Path:
        """When pods of the workload were asked for; only where some are wanted while the drill runs."""
        return self.path / "demand.jsonl"

    @property
    def scale_out(self) -> Path:
        """What nodes and pods were seen to become (record.scale_out); only where nodes come.

        Written by the observer of that.
        """
        return self.path / "scale-out.jsonl"

    @property
    def requests(self) -> Path:
        """Who asked how much of the apiservers, by their logs, once a second (record.requests).

        Only where they write such logs.
        """
        return self.path / "requests.jsonl"

    @property
    def audit(self) -> Path:
        """What the auditor wrote, read and was told (record.audit); only where an objective is about that."""
        return self.path / "audit.jsonl"

    @property
    def surrounding(self) -> Path:
        """What stood in the cluster beside what the drill made, before and after it (record.surrounding).

        Only where an objective is about that.
        """
        return self.path / "surrounding.jsonl"

    @property
    def chaos_experiment(self) -> Path:
        """The native Chaos Toolkit experiment that chaoslib runs."""
        return self.path / "chaos-experiment.json"

    @property
    def chaos_journal(self) -> Path:
        """Chaos Toolkit's journal."""
        return self.path / "chaos-journal.json"

    @property
    def cluster(self) -> Path:
        """The cluster as it was when the drill began (record.cluster)."""
        return self.path / "cluster.json"

    @property
    def exits(self) -> Path:
        """Components that exited or were started during the drill, copied from the cluster."""
        return self.path / "exits.jsonl"

    @property
    def samples(self) -> Path:
        """Folder of samples: `NAME.bin` while it runs, `NAME.parquet` afterwards, `NAME.json` beside."""
        return self.path / "samples"

    def workers(self, load: str) -> Path:
        """What became of a load's workers on other machines (record.remote)."""
        return self.path / f"workers-{load}.json"

    @property
    def metrics(self) -> Path:
        """Folder of raw scrapes, gzipped."""
        return self.path / "metrics"

    @property
    def metrics_index(self) -> Path:
        """A line a scrape: when, of what, whether it succeeded, and where its bytes are."""
        return self.metrics / "index.jsonl"

    @property
    def metrics_parquet(self) -> Path:
        """The scraped metrics that drills use, parsed (record.metric)."""
        return self.path / "metrics.parquet"

    @property
    def prometheus(self) -> Path:
        """What a Prometheus scrapes of the cluster (record.prometheus); only where one is asked."""
        return self.path / "prometheus.json"

    @property
    def resources(self) -> Path:
        """CPU and memory per component and of the host; written by the scraper."""
        return self.path / "resources.jsonl"

    @property
    def machine(self) -> Path:
        """The machine just before the load (record.machine.Calibration)."""
        return self.path / "machine.json"

    @property
    def machine_looks(self) -> Path:
        """The machine each second, and what others took of it; written by the scraper."""
        return self.path / "machine.jsonl"

    @property
    def manifest(self) -> Path:
        """What stood here when the drill had ended (record.manifest)."""
        return self.path / "manifest.json"

    @property
    def verdict(self) -> Path:
        """The verdict (record.verdict)."""
        return self._made("verdict", "json")

    @property
    def junit(self) -> Path:
        """The verdict for CI servers."""
        return self._made("junit", "xml")

    @property
    def report(self) -> Path:
        """The report for people: one file that opens offline."""
        return self._made("report", "html")

    def _made(self, name: str, kind: str) -> Path:
        by = f".{self.judged_by}" if self.judged_by else ""
        return self.path / f"{name}{by}.{kind}"

    def files(self) -> frozenset[Path]:
        """Return the files that every run may have, wherever it is made from."""
        named = (
            getattr(self, name)
            for name, value in vars(RunFolder).items()
            if isinstance(value, property)
        )
        folders = {self.samples, self.metrics, self.logs}
        return frozenset(path for path in named if isinstance(path, Path) and path not in folders)

    @property
    def logs(self) -> Path:
        """Folder of what each process printed."""
        return self.path / "logs"


def _point_latest(run: Path) -> None:
    link = run.parent / f".latest.{run.name}"
    link.symlink_to(run.name)
    link.replace(run.parent / "latest")
