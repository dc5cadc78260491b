"""Read an experiment file: first its form, then every name, unit and time in it."""

from collections.abc import Sequence
from pathlib import Path

from kubedrill.experiment.names import NameCheck
from kubedrill.experiment.observed import check_arrivals, check_observed
from kubedrill.experiment.schema import ExperimentFile, LoadPart, ProbingPart, ScrapingPart
from kubedrill.experiment.settled import Experiment, PhaseLength, Seed
from kubedrill.reading.arrivals import Arrivals
from kubedrill.reading.override import Override
from kubedrill.reading.problems import Location, Problems, dotted
from kubedrill.reading.rate import arrivals
from kubedrill.reading.yaml import check as check_form
from kubedrill.reading.yaml import load
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.remote import RemoteWorkers
from kubedrill.record.schedule import Probing, ScheduledLoad, Scraping


def read(path: Path, overrides: Sequence[str | Override], catalogue: Catalogue) -> Experiment:
    """Read and check an experiment file, with each `key=value` of `overrides` (`--set`) applied.

    Raises BadFile with a line for every problem, NotStarted if only a `--set` is wrong.
    """
    value, source = load(path, ExperimentFile, overrides, closed=[("phases",)])
    problems = Problems(source)
    file = check_form(value, ExperimentFile, problems)
    names = NameCheck(value, catalogue, problems)
    names.check_cluster()
    names.check_loads()
    faults, abort = names.faults(), names.abort()
    objectives = names.objectives(faults)
    loads = _loads(file, path.parent, problems) if file else ()
    if file:
        check_observed(file, problems)
    problems.stop()
    assert file is not None
    return Experiment(
        title=file.title,
        why=file.why,
        claim=file.claim,
        cluster=file.cluster,
        seed=Seed(**file.seed.model_dump()),
        phases=tuple(PhaseLength(name, length) for name, length in file.phases.items()),
        loads=loads,
        faults=faults,
        abort=abort,
        objectives=objectives,
        probing=_probing(file.probing),
        scraping=_scraping(file.scraping),
        headroom=file.headroom,
    )


def _loads(file: ExperimentFile, folder: Path, problems: Problems) -> tuple[ScheduledLoad, ...]:
    """Return the loads; what is wrong with a recorded rate goes to `problems`."""
    found = []
    for number, one in enumerate(file.load):
        try:
            due = _arrivals(one, folder)
            check_arrivals(one, due, file)
        except ValueError as error:
            place: Location = ("load", number, "rate")
            problems.add(place, f"{dotted(place)}: {error}")
        else:
            settings = (one.parameters, one.phases, one.processes, _workers(one))
            found.append(ScheduledLoad(one.name, one.profile, due, *settings))
    return tuple(found)


def _workers(load: LoadPart) -> RemoteWorkers | None:
    wanted = load.workers
    return RemoteWorkers(wanted.expect, wanted.bind, wanted.max_wait) if wanted else None


def _arrivals(load: LoadPart, folder: Path) -> Arrivals:
    if load.closed_loop is not None:
        return Arrivals.closed(load.closed_loop.clients, load.closed_loop.pause)
    assert load.rate is not None
    return arrivals(load.rate, load.spacing, load.burst, folder)


def _probing(part: ProbingPart) -> Probing:
    rates = part.rates
    return Probing(
        deadline_s=part.deadline,
        fresh_rate=rates.fresh,
        kept_rate=rates.kept,
        apiserver_rate=rates.apiserver,
        victim_rate=rates.victim,
        stale_rate=rates.stale,
    )


def _scraping(part: ScrapingPart) -> Scraping:
    return Scraping(
        apiserver_s=part.apiserver,
        etcd_s=part.etcd,
        controllers_s=part.controllers,
        resources_s=part.resources,
    )
