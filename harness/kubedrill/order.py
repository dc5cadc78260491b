"""What a drill was ordered, and all that is looked at before anything of it is started."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kubedrill import cluster, places
from kubedrill.cluster.freeze import frozen
from kubedrill.errors import NotStarted
from kubedrill.experiment import Experiment, closed, expand, refused_on_what_stays, to_yaml
from kubedrill.faults.catalogue import gather
from kubedrill.faults.overlap import refused_as_it_is
from kubedrill.hosting import cannot_host
from kubedrill.load import launch
from kubedrill.needed import lacking, needed, rights_in_parts, withheld
from kubedrill.process.environment import operators
from kubedrill.record.catalogue import Catalogue, ClusterDefinition
from kubedrill.record.folder import RunFolder
from kubedrill.scraped import check_told
from kubedrill.words import shown

if TYPE_CHECKING:
    from kubedrill.report.live_page import LivePage

FREE_BYTES = 200 * 1024 * 1024
"""A drill of some minutes writes about 20 MB; ten times that must be free in reports/."""


@dataclass(frozen=True, slots=True)
class Leavings:
    """What a drill leaves: where, and what of it, and shows meanwhile, only where it is asked to."""

    reports: Path
    cluster: bool = False
    """Whether the cluster that it brings up stays."""
    page: bool = True
    """Whether report.html is written."""
    metrics: "LivePage | None" = None
    """Where its figures are shown while it runs, besides on the terminal."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What its runs are told to be of."""


@dataclass(frozen=True, slots=True)
class Order:
    """What `kubedrill run` was asked to do."""

    file: Path
    experiment: Experiment
    catalogue: Catalogue
    leaves: Leavings
    arm: str = ""
    """The variant of the file that is run, where it has some."""
    parent: Path | None = None
    """The folder of the comparison that it is a run of; its own stands in there."""

    @property
    def cluster(self) -> str:
        """The name of the cluster to run on."""
        return self.experiment.cluster

    @property
    def name(self) -> str:
        """The experiment's name: its file's, and the variant's behind it."""
        return f"{self.file.stem}.{self.arm}" if self.arm else self.file.stem

    def make_folder(self) -> RunFolder:
        """Make the run folder; OSError if it cannot be made."""
        if self.parent is not None:
            return RunFolder.create(self.parent, self.arm)
        return RunFolder.create(self.leaves.reports.resolve(), self.name)


def check_before(order: Order, *, begins: bool = True) -> ClusterDefinition:
    """Check all that can be checked before anything is started; NotStarted says what is wrong.

    Whether it may begin just now is asked only of what `begins`.
    """
    described = order.catalogue.cluster
    assert described is not None  # the experiment was read with it
    assert described.definition is not None
    definition = described.definition
    cluster.check(definition, order.cluster)
    if definition.notify:
        definition.notify.resolved()
    launch.check(order.experiment.loads)
    check_it_may_be_thrown_away(order)
    check_rights(order, definition)
    check_told(order.experiment, order.catalogue)
    check_ready(order, definition)
    check_plan(order)
    why = _not_now(order) if begins else ""
    if why := why or cannot_host(order.experiment) or _refused_as_it_is(order):
        raise NotStarted(f"{order.file}: {why}")
    return definition


def _not_now(order: Order) -> str:
    """Return why it may not begin just now, and may at another time; or ""."""
    return frozen(order.cluster) or closed(order.experiment, order.catalogue.limits)


def _refused_as_it_is(order: Order) -> str:
    """Return why the cluster that is up cannot take the faults, whatever its file promises; or ""."""
    record = cluster.find(order.cluster)
    if record is None:
        return ""
    kinds = gather(places.fault_files(order.file)).kinds
    return refused_as_it_is(kinds, order.experiment.faults, record)


def check_rights(order: Order, definition: ClusterDefinition) -> None:
    """Raise NotStarted where nobody could do what the drill needs, on a cluster of somebody else's."""
    described, record = order.catalogue.cluster, cluster.find(order.cluster)
    if described is None or not described.foreign:
        return
    kinds = gather(places.fault_files(order.file)).kinds
    parts = [*needed(order.experiment, order.catalogue, kinds)]
    if why := lacking(parts, cluster.may_not(definition, rights_in_parts(parts))):
        raise NotStarted(
            f"{order.file}: on cluster {order.cluster} one may not {why}; "
            f"what to grant: kubedrill cluster rbac {order.file}"
        )
    if record and (why := withheld(parts, record)):
        raise NotStarted(f"{order.file}: {why}")


def check_ready(order: Order, definition: ClusterDefinition) -> None:
    """Raise NotStarted where what the faults need surely cannot be done to the cluster just now."""
    described, record = order.catalogue.cluster, cluster.find(order.cluster)
    if described and record and record.commands != described.fingerprint:
        raise NotStarted(
            f"{order.file}: cluster {order.cluster} was brought up with other commands for its components "
            f"than its file has now; take it down, and these are used: kubedrill cluster down {order.cluster}"
        )
    kinds = gather(places.fault_files(order.file)).kinds
    played = (kinds[fault.name] for fault in order.experiment.faults if fault.name in kinds)
    if why := cluster.not_ready(definition, [need for kind in played for need in kind.needs]):
        raise NotStarted(f"{order.file}: cluster {order.cluster}: {why}")


def check_plan(order: Order) -> None:
    """Raise NotStarted where a program that the emergency plan needs is not there."""
    path = operators().get("PATH")
    for step in order.experiment.plan:
        for command in filter(None, (step.command, step.verify)):
            if shutil.which(command[0], path=path) is None:
                words = f"there is no program {shown(command[0])}, from here on"
                raise NotStarted(f"{order.file}: plan: {step.name}: {words}")


def check_it_may_be_thrown_away(order: Order) -> None:
    """Raise NotStarted for a drill that needs a cluster of its own, on one that stays after the drill."""
    described = order.catalogue.cluster
    foreign = described is not None and described.foreign
    stays = foreign or order.leaves.cluster or cluster.find(order.cluster)
    if stays and (
        why := refused_on_what_stays(order.experiment, kept=order.leaves.cluster, foreign=foreign)
    ):
        raise NotStarted(f"{order.file}: {why}")


def open_folder(order: Order) -> RunFolder:
    """Make the run folder and put into it what is known; NotStarted if it cannot be written."""
    with writing_to(order.leaves.reports):
        folder = order.make_folder()
        folder.experiment_yaml.write_text(to_yaml(order.experiment), encoding="utf-8")
        chaos = expand(order.experiment, order.catalogue, str(folder.path))
        folder.chaos_experiment.write_text(json.dumps(chaos, indent=1), encoding="utf-8")
    return folder


@contextmanager
def writing_to(reports: Path) -> Iterator[None]:
    """Make a new folder below `reports` in this block; NotStarted if it cannot be written, or is full."""
    try:
        reports.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(reports).free
        if free < FREE_BYTES:
            raise NotStarted(
                f"{reports}: the disk is full ({free // 2**20} MiB free, a drill needs "
                f"{FREE_BYTES // 2**20} MiB); free some space, or choose another --reports"
            )
        yield
    except OSError as error:
        raise NotStarted(
            f"{reports}: cannot be written ({error.strerror}); choose another --reports"
        ) from error
