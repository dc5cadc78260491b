"""Judge: versions and settings of everything that took part, as the run's files tell them."""

from dataclasses import asdict
from typing import Any

from kubedrill.judge.bases import seeded
from kubedrill.judge.evidence import Evidence
from kubedrill.record.timeline import DrillStarted, Event


def settings(evidence: Evidence) -> dict[str, Any]:
    """Return what a reader needs to run the same drill again elsewhere."""
    schedule, cluster = evidence.schedule, evidence.cluster
    started = _started(evidence.events)
    return {
        "versions": {**started.versions, **cluster.versions},
        "cluster": {
            "name": cluster.name,
            "provider": cluster.provider,
            "zoning": cluster.zoning,
            "zones": list(cluster.zones),
            **cluster.settings,
        },
        "loads": {
            load.name: {
                "profile": load.profile,
                "rate": load.arrivals.in_words(),
                **load.parameters,
            }
            for load in schedule.loads
        },
        "seeded": seeded(evidence.events),
        "prober": asdict(schedule.probing),
        "scraper": asdict(schedule.scraping),
        "headroom": schedule.headroom,
        "scale": schedule.scale,
        "host": started.host,
        "machine": evidence.machine.settings(),
    }


def _started(events: list[Event]) -> DrillStarted:
    return next(
        (event for event in events if isinstance(event, DrillStarted)), DrillStarted(time=0)
    )
