"""Suite: the file as people write it: keys, types, defaults."""

from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from kubedrill.reading.types import AnyPercentage, Between, Name, Part, Pause, Title, Why, matching
from kubedrill.reading.units import parse_duration
from kubedrill.record.emergency import CommandWords
from kubedrill.record.limits import Window
from kubedrill.record.webhook import WebhookPart

MOST_DRILLS = 50
Definition = Literal[
    "failed probes",
    "seconds with any failed",
    "seconds with most failed",
    "seconds with all failed",
    "longest outage",
]
"""Under which downtime is counted, as the reports have them (docs/verdicts.md)."""
DEFINITIONS: tuple[Definition, ...] = get_args(Definition)


class BudgetGate(Part):
    """How much of a month's budget of downtime the drills on a cluster may have spent."""

    definition: Definition = "failed probes"
    most: AnyPercentage
    """The gate is closed as soon as they have spent more."""
    over: Annotated[float, Between(parse_duration, "1h", "8760h")] = 720 * 3600.0
    """Of the drills that have begun within this, as far as they stand in the folder of reports."""


class LabelGate(Part):
    """A label that somebody gives a namespace while no drill may begin."""

    namespace: Annotated[str, matching("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "is no namespace")]
    label: Annotated[str, matching("[A-Za-z0-9./_-]+=[A-Za-z0-9._-]*", "is no label: key=value")]
    """`release=running`: the gate is closed as long as it stands there."""


class GatesPart(Part):
    """What must be so before a drill begins."""

    healthy: bool = True
    """Whether its cluster, where it is up or somebody else's, must be well."""
    budget: BudgetGate | None = None
    windows: tuple[Window, ...] = ()
    """When drills may begin; at any time if there is none."""
    not_labelled: LabelGate | None = None
    """The label of a namespace of the drill's cluster with which none begins."""
    commands: dict[Name, CommandWords] = Field(default_factory=dict)
    """By name, what lets drills begin by exit code 0, and not by any other: no release goes on."""
    wait: Pause = 0.0
    """For how long at most a gate is waited for."""
    otherwise: Literal["stop", "skip"] = "stop"
    """What then: no more drills, or not this one."""


class SuiteDrill(Part):
    """One drill, or all variants of an experiment that has some."""

    experiment: str = Field(min_length=1)
    """Its file, from the suite's folder on; or its name, as `kubedrill list` has it."""
    name: Name | None = Field(None, alias="as")
    """What the suite calls it; as its experiment, if not given."""
    cluster: str | None = None
    """On clusters/NAME.yaml instead of the file's cluster."""
    changes: dict[str, Any] = Field(default_factory=dict, alias="set")
    """Keys of the file with other values: `phases.fault: 30s`."""
    scale: float = Field(1.0, ge=0.01, le=10)
    """What rates and seeds are multiplied by."""
    gates: GatesPart | None = None
    """Instead of the suite's, as a whole."""


class SuiteFile(Part):
    """Drills in their order, and what must be so before each of them."""

    title: Title
    why: Why | None = None
    drills: tuple[SuiteDrill, ...] = Field(min_length=1, max_length=MOST_DRILLS)
    gates: GatesPart = GatesPart()
    """Before each drill that has none of its own."""
    after_failure: Literal["go-on", "stop"] = "go-on"
    """Whether the others are played after one that is FAIL or INVALID."""
    notify: tuple[WebhookPart, ...] = ()
    """Who is told what came of the suite."""
