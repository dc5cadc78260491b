"""Check an experiment file against what there is, and settle what it says: every name, unit and time."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from kubedrill.experiment.activities import ActivityReader
from kubedrill.experiment.draft import Draft, sound
from kubedrill.experiment.emergency import check_plan
from kubedrill.experiment.entry import MOST_FAULTS
from kubedrill.experiment.faults import FaultReader
from kubedrill.experiment.fleet_checks import check_fleet, check_players
from kubedrill.experiment.names import NameCheck
from kubedrill.experiment.observed import check_arrivals, check_observed, check_warmup
from kubedrill.experiment.schema import ExperimentFile
from kubedrill.experiment.settled import Experiment, PhaseLength, WantedFault
from kubedrill.experiment.waits import check_waits
from kubedrill.experiment.worker_parts import check_pods
from kubedrill.reading.problems import Location, Problems, dotted
from kubedrill.record.catalogue import Catalogue, Refusal
from kubedrill.record.schedule import ScheduledLoad


def read_faults(draft: Draft, catalogue: Catalogue) -> dict[tuple[int, int], WantedFault]:
    """Return the draft's faults by their position in the file, and which time it is.

    What is wrong with others is told in it.
    """
    if not draft.times:
        return {}
    if catalogue.untold:
        draft.problems.add(("faults",), catalogue.untold)
    activities = ActivityReader(catalogue.actions, draft.problems)
    reader = FaultReader(
        draft.times, catalogue.faults, catalogue.unreadable, activities, draft.problems
    )
    read = {
        (index, time): fault
        for index, entry in sound(draft.file.faults)
        for time, fault in enumerate(reader.read(entry, index))
    }
    check_waits(read, draft.problems)
    if len(read) > MOST_FAULTS >= len(draft.file.faults):
        together = f"{len(read):,} faults, with those that are repeated; at most {MOST_FAULTS}"
        draft.problems.add(("faults",), together)
    return read


def settle(
    draft: Draft,
    catalogue: Catalogue,
    faults: Mapping[tuple[int, int], WantedFault],
    refused: Iterable[Refusal] = (),
) -> Experiment:
    """Return the experiment; `faults` are those of `read_faults`; some the cluster may have `refused`.

    Raises BadFile with a line for every problem, NotStarted if only a `--set` is wrong.
    """
    file, problems = draft.file, draft.problems
    names = NameCheck(draft, catalogue)
    names.check_cluster()
    names.check_loads()
    names.check_refused(faults, refused)
    names.check_states(faults)
    seeded = (file.seed.workload or 0) if file.seed else 0
    check_fleet(file.fleet, draft.times, catalogue.cluster, seeded, problems)
    check_players(file.fleet, faults, catalogue.faults, problems)
    abort, objectives = names.abort(), names.objectives([*faults.values()])
    loads = _loads(file, draft.folder, problems) if draft.whole else ()
    if draft.whole:
        check_observed(file, problems)
        check_warmup(file, loads, problems)
        check_plan(file, faults.values(), problems)
        check_pods(loads, catalogue.cluster, problems)
    problems.stop()
    return Experiment(
        title=file.title,
        why=file.why,
        claim=file.claim,
        cluster=file.cluster_name,
        cluster_changes=file.cluster_changes,
        seed=file.seed,
        phases=tuple(PhaseLength(name, length) for name, length in file.phases.items()),
        loads=loads,
        fleet=file.fleet.settled(draft.times) if file.fleet else None,
        faults=tuple(faults.values()),
        abort=abort,
        objectives=objectives,
        probing=file.probing,
        scraping=file.scraping,
        headroom=file.headroom,
        warmup=file.warmup.scheduled() if file.warmup else None,
        plan=tuple(step.scheduled() for step in file.plan),
    )


def _loads(file: ExperimentFile, folder: Path, problems: Problems) -> tuple[ScheduledLoad, ...]:
    """Return the loads; what is wrong with a recorded rate goes to `problems`."""
    found = []
    for number, part in enumerate(file.load):
        try:
            load = part.scheduled(folder)
            check_arrivals(part, load.arrivals, file)
        except ValueError as error:
            place: Location = ("load", number, "rate")
            problems.add(place, f"{dotted(place)}: {error}")
        else:
            found.append(load)
    return tuple(found)
