"""What is seen around the drill in judged_drill: who leads, ten times a second, and what there is."""

from typing import Any

from judged_audit import audit_lines
from judged_drill import JudgedDrill
from judged_parts import HERE
from judged_scrapes import END, LENGTHS, START, at

from kubedrill.record.cluster import Component

LED = ("kube-controller-manager", "kube-scheduler")
WALL = JudgedDrill().schedule().clock.to_wall


def lease(second: float, **holders: str) -> dict[str, Any]:
    """Return a look at both Leases, renewed at that second; `scheduler="zone-c"` leads instead of zone-a."""
    held = {
        kind: {
            "holder": holders.get(kind.rpartition("-")[2], "zone-a"),
            "acquired": WALL(START),
            "renewed": WALL(at(second)),
            "lasts_s": 15,
            "transitions": 1,
        }
        for kind in LED
    }
    return {"time": at(second), "took_us": 3000, "held": held, "error": ""}


def looks(*added: str, gone: str = "") -> list[dict[str, Any]]:
    """Return the looks before and after a drill in which namespaces came, and one went."""
    before = ["default", "kube-system"]
    after = [name for name in (*before, *added) if name != gone]
    return [
        {"time": at(second), "when": when, "there": {"namespaces": there, "nodes": []}, "error": ""}
        for second, when, there in ((-1, "before", before), (END + 0.1, "after", after))
    ]


def looked_after() -> JudgedDrill:
    """Return a drill in which nothing changes besides: its fault announces that etcd's leader may."""
    drill = JudgedDrill()
    drill.faults = [{**line, "moves": ["etcd"]} for line in drill.faults]
    drill.scrapes.leases = [lease(tenth / 10) for tenth in range(END * 10)]
    drill.surrounding = looks()
    drill.more = tuple(
        Component(f"{kind}-{zone}", kind, zone, HERE) for kind in LED for zone in "abc"
    )
    return drill


def audited() -> JudgedDrill:
    """Return one with an auditor, whose objectives ask for all that is seen besides; a PASS."""
    drill = looked_after()
    drill.audit = audit_lines()
    for phase in LENGTHS:
        drill.objectives += [
            (phase, "consistency == 0"),
            (phase, "collateral == 0"),
            (phase, "scheduler.leaderless.longest < 5s"),
        ]
    return drill
