"""Plan a drill: what its file says, and what its faults take away of the cluster, as it is if it is up."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kubedrill import cluster, places
from kubedrill.experiment import Experiment, Plan, WantedFault, plan
from kubedrill.faults.catalogue import gather
from kubedrill.faults.limited import described
from kubedrill.faults.overlap import refused_as_it_is
from kubedrill.faults.planned import what_is_taken
from kubedrill.fleet.surrounded import meets
from kubedrill.hosting import cannot_host
from kubedrill.record.catalogue import Catalogue
from kubedrill.record.fleet import CLUSTER
from kubedrill.record.taken import Taken
from kubedrill.scraped import check_told


def planned(experiment: Experiment, catalogue: Catalogue, file: Path) -> Plan:
    """Return what the drill of an experiment's file would do. Changes nothing.

    NotStarted where its cluster's Prometheus lacks what it asks for.
    """
    check_told(experiment, catalogue)
    kinds = gather(places.fault_files(file)).kinds
    record = cluster.find(experiment.cluster)
    as_it_is = None if experiment.cluster_changes or record is None else record
    there = described(as_it_is) if as_it_is else catalogue.cluster
    assert there is not None  # the experiment was read with it

    def takes(faults: Sequence[WantedFault]) -> tuple[Taken, ...]:
        return what_is_taken(kinds, faults, there)

    refused = refused_as_it_is(kinds, experiment.faults, as_it_is) if as_it_is else ""
    found = plan(experiment, catalogue, record, takes, refused or cannot_host(experiment))
    plays = experiment.fleet is not None and experiment.fleet.engine != CLUSTER
    if plays and record is not None and record.foreign:
        return replace(found, meets=tuple(meets(record)))
    return found
