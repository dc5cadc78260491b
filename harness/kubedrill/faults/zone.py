"""The loss of zones: their power fails, and with it all that runs in them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from pydantic import Field

from kubedrill.client.well import PAGES
from kubedrill.cluster.handle import Link, present
from kubedrill.faults.actions import actions
from kubedrill.faults.attempting import each
from kubedrill.faults.etcd import leading
from kubedrill.faults.fault import Lapse, Scene, Seen, Whom, missing
from kubedrill.faults.on_fleet import is_played, order, take_back
from kubedrill.faults.on_zones import ZONE, OnZones, is_silent, parts, uncut
from kubedrill.faults.processes import KILL, pids_of, since
from kubedrill.faults.toll import ZONAL, Left, Toll
from kubedrill.record.catalogue import ClusterDescription, Need
from kubedrill.record.faults import Witness


class ZoneLose(OnZones):
    """Lose a zone's power: all that runs in it is killed at once and kept down, and its link is cut."""

    name: ClassVar = "zone.lose"
    functions: ClassVar = ("lose", "power_on")
    verb: ClassVar = "lose"
    done: ClassVar = "lost"
    leaves: ClassVar[Left] = "gone"
    hits_deaf: ClassVar = True
    needs: ClassVar = (*(Need("holding", kind) for kind in PAGES), Need("cutting", "link"))
    blast_radius: ClassVar = (
        "all that runs in zone {zone}, nodes of a fleet among it, and its link; "
        "refused where quorum would be lost"
    )

    zone: Whom = ZONE
    allow_quorum_loss: bool = Field(
        False, description="even where the zones that are left have no quorum, or none is left"
    )

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return the zones, and what stands in each."""
        return [self.toll(kind, self.allow_quorum_loss) for kind in ZONAL]

    def shows(self) -> tuple[Witness, ...]:
        """Return that all in it exits, and answers nobody."""
        return ("exits", "silence")

    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Cut the links, then kill all at once; return who led, and which processes there were."""
        leads = leading(scene)
        hit = [part.name for target in scene.hit for part in parts(scene, target.called)]
        pids = pids_of(scene, hit)  # what does not run now would start meanwhile
        for target in scene.hit:
            present(scene.handle.cutting).cut(Link(target.called), until=scene.lease)

        def kill(target: str) -> None:
            KILL.begin(scene.handle, target, pids[target], scene.lease)

        if is_played(scene.record):
            order(scene, "down", zones=tuple(target.called for target in scene.hit))
        with ThreadPoolExecutor(len(pids)) as pool:
            list(pool.map(kill, pids))
        return {"pids": pids, "since": since(scene, hit), "leads": leads}

    def did(self, scene: Scene) -> str:
        """Say how much was killed."""
        zones = " and ".join(scene.targets)
        return f"cut the link of {zones}, and killed {len(scene.facts['pids'])} components in it"

    def took_effect(self, scene: Scene) -> Seen:
        """Look whether nothing is there in the zones and, where that can be, another member leads."""
        if lapse := self.lapse(scene):
            return missing(lapse.words, *scene.targets)
        return is_silent(scene, scene.facts["leads"])

    def lapse(self, scene: Scene) -> Lapse | None:
        """Return what of the zones is there again, or was meanwhile."""
        links = {target.name: Link(target.called) for target in scene.hit}
        return KILL.lapse(scene) or uncut(scene, links)

    def undo(self, scene: Scene) -> None:
        """Mend the links, and start all."""
        zones = {target.name: target.called for target in scene.hit}
        lost = [part.name for zone in zones.values() for part in parts(scene, zone)]

        def give_back(name: str) -> None:
            if name in zones:
                present(scene.handle.cutting).mend(Link(zones[name]))
            else:
                KILL.end(scene.handle, name)

        take_back(scene)
        each((*zones, *lost), give_back)


lose, power_on = actions(ZoneLose)
