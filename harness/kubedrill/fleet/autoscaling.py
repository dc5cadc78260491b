"""Fleet: the reference autoscaler: orders nodes for pods that find no room. Writes autoscaler.jsonl.

python -m kubedrill.fleet.autoscaling --run RUN

As cluster-autoscaler does it looks every so often which pods the scheduler calls Unschedulable, tries them on
the nodes that are there or are coming, and orders as many as the rest needs. All nodes are of one shape.
"""

from gevent import monkey

monkey.patch_all()

import argparse  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402

from kubedrill.client.informer import Taking, ToldInformer  # noqa: E402
from kubedrill.clock import SECOND, now  # noqa: E402
from kubedrill.errors import NotStarted  # noqa: E402
from kubedrill.fleet.identity import identity  # noqa: E402
from kubedrill.fleet.objects import NODES  # noqa: E402
from kubedrill.fleet.process import FleetProcess, sleep_until  # noqa: E402
from kubedrill.fleet.scaling import Scaling, fits  # noqa: E402
from kubedrill.fleet.talk import Counts, Talk  # noqa: E402
from kubedrill.process.child import NOT_STARTED  # noqa: E402
from kubedrill.process.lifeline import ignore_terminal  # noqa: E402
from kubedrill.record.autoscaler import Autoscaler, AutoscalerNow, NodesOrdered  # noqa: E402
from kubedrill.record.cluster import FLEET, ClusterRecord  # noqa: E402
from kubedrill.record.fleet import Fleet  # noqa: E402
from kubedrill.record.folder import RunFolder  # noqa: E402
from kubedrill.record.labels import RUN  # noqa: E402
from kubedrill.record.lines import JsonLines, read_whole  # noqa: E402
from kubedrill.record.schedule import Schedule  # noqa: E402

BEGIN_S = 20.0
"""So long the first look at all there is may take."""
PODS = "/api/v1/pods"
_LIVE = "%2C".join(
    f"{field}%21%3D{value}"
    for field, value in (
        ("spec.schedulerName", "none"),
        ("status.phase", "Succeeded"),
        ("status.phase", "Failed"),
    )
)
"""Pods that take room, or wait for some; those that are seeded no scheduler touches."""


class Autoscaling(FleetProcess):
    """Looks, and writes down what it orders: the processes of the nodes read that."""

    def __init__(
        self, folder: RunFolder, record: ClusterRecord, fleet: Fleet, autoscaler: Autoscaler
    ) -> None:
        super().__init__()
        self._scaling = Scaling(folder.run, fleet, autoscaler.at_most, apart=record.foreign)
        self._every = round(autoscaler.looks_s * SECOND)
        self._lines = JsonLines(folder.autoscaler)
        self._looks = 0
        of_run = f"labelSelector={RUN}%3D{folder.run}"
        self._watched = {
            "nodes": _informer(record, NODES, self._scaling.nodes, of_run),
            "pods": _informer(record, PODS, self._scaling.pods, f"fieldSelector={_LIVE}"),
        }

    def gather(self) -> None:
        """Get to know all nodes and pods; NotStarted if the API does not tell."""
        for name, watched in self._watched.items():
            self.always(watched.run)
            if not watched.begun.wait(BEGIN_S):
                raise NotStarted(
                    f"fleet: autoscaler: nobody tells it of {name}; if the cluster was brought up by an "
                    "earlier version of kubedrill, bring it up anew"
                )

    def begin(self, schedule: Schedule) -> None:
        """Look every so often, first after half of that: a demand waits for a look as long as on average."""
        self.always(self._look_always, schedule.start + self._every // 2)

    def tell(self, at: int) -> None:
        """Write down what is known now."""
        waiting = self._scaling.waiting()
        self._lines.add(
            AutoscalerNow(
                time=at,
                unschedulable=waiting.total(),
                unfit=sum(many for request, many in waiting.items() if not fits(request)),
                ordered=self._scaling.ordered,
                looks=self._looks,
                unwatched=self._unwatched(),
                lag_s=self.lag.take(),
            )
        )

    def _unwatched(self) -> tuple[str, ...]:
        return tuple(name for name, each in self._watched.items() if not each.is_told)

    def _look_always(self, due: int) -> None:
        while True:
            sleep_until(due)
            self._look()
            due += self._every

    def _look(self) -> None:
        if self._unwatched():
            return  # what it knows may be long past
        self._looks += 1
        first, pods = self._scaling.there, self._scaling.waiting().total()
        if many := self._scaling.order():
            self._lines.add(NodesOrdered(time=now(), first=first, nodes=many, pods=pods))


def _informer(record: ClusterRecord, path: str, taking: Taking, selector: str) -> ToldInformer:
    talk = Talk(identity(record, FLEET), Counts())
    return ToldInformer(talk, path, taking, selector=selector, sleep=gevent.sleep)


def main(arguments: Sequence[str] | None = None) -> None:
    """Be the autoscaler of the run folder given by --run."""
    parser = argparse.ArgumentParser(prog="python -m kubedrill.fleet.autoscaling")
    parser.add_argument("--run", required=True, type=Path, help="the run's folder")
    folder = RunFolder(parser.parse_args(arguments).run)
    ignore_terminal()
    fleet, record = read_whole(folder.fleet, Fleet), ClusterRecord.read(folder.cluster)
    assert fleet.autoscaler is not None
    try:
        Autoscaling(folder, record, fleet, fleet.autoscaler).run()
    except NotStarted as error:
        print(error, file=sys.stderr)
        sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main()
