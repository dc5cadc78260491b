"""The experiment file as people write it: keys, types, defaults. Published as JSON Schema."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator, model_validator

from kubedrill.reading.arrivals import Spacing
from kubedrill.reading.rate import ClosedLoopPart, LoadRate
from kubedrill.reading.types import (
    DURATION_SCHEMA,
    LONGEST_DRILL,
    Deadline,
    Name,
    PagePeriod,
    Part,
    Patience,
    Period,
    PhaseLength,
    ProbeRate,
    Title,
    Why,
)
from kubedrill.reading.units import RATE_PATTERN, format_duration, format_rate, parse_duration
from kubedrill.record.catalogue import FaultDescription
from kubedrill.record.schedule import Headroom, Probing, Scraping
from kubedrill.words import shown

FAULT_KEYS = ("phase", "at", "for", "rollback", "rights")
"""What may stand beside a fault's name."""


_PROBING = Probing()
_SCRAPING = Scraping()


MOST_SEEDED = 150_000
MOST_LOADS = 64
"""Each is a process, or several."""
MOST_FAULTS = 500
MOST_CLAIMS = 9999


class SeedPart(Part):
    """Objects made before the load begins, and swept after it."""

    pods: int = Field(0, ge=0, le=MOST_SEEDED)
    """Pods of 6 KB that no scheduler touches."""
    secrets: int = Field(0, ge=0, le=MOST_SEEDED)
    """Secrets of 1 KB."""
    customs: int = Field(0, ge=0, le=MOST_SEEDED)
    """Custom resources as large as the pods, customs of drill.kubedrill.io/v1."""


class WorkersPart(Part):
    """Workers on other machines, each started there with `kubedrill worker --master HOST:PORT`."""

    expect: int = Field(ge=1, le=1000)
    """How many share the arrivals; all must have come before the drill begins."""
    bind: str
    """HOST:PORT on which the load's master listens, `0.0.0.0:5557`; over it go the load's credentials."""
    max_wait: Patience = 60.0
    """How long they are waited for."""

    @field_validator("bind")
    @classmethod
    def _host_and_port(cls, given: str) -> str:
        host, _, port = given.rpartition(":")
        if not host or not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            raise ValueError(f"{shown(given)!r} is not HOST:PORT, such as 0.0.0.0:5557")
        return given


class LoadPart(Part):
    """One load: a profile under a name."""

    profile: str
    """A file of loadprofiles/, `mass-list` for mass_list.py."""
    name: Name = Field(alias="as")
    """The name that objectives use."""
    rate: LoadRate | None = None
    """Arrivals a second, whether or not earlier ones have been answered; or how they change."""
    spacing: Spacing = "paced"
    """Evenly, or at random as independent clients come."""
    burst: int = Field(1, ge=1, le=10_000)
    """How many come at once; at 10/s, bursts of 50 come every 5 s."""
    closed_loop: ClosedLoopPart | None = None
    """Instead of a rate: clients that wait for their answers, and so spare a server that is slow."""
    phases: tuple[str, ...] = ()
    """The phases in which it presses; all of them, if none is named."""
    processes: int = Field(1, ge=1, le=64)
    """How many processes share its arrivals, where one core does not suffice."""
    workers: WorkersPart | None = None
    """Instead of processes: workers on other machines."""
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    """The profile's parameters: `kubedrill profiles` lists them."""

    @model_validator(mode="after")
    def _open_or_closed(self) -> "LoadPart":
        if (self.rate is None) == (self.closed_loop is None):
            raise ValueError("needs a rate, such as 10/s, or a closed_loop, not both")
        return self

    @model_validator(mode="after")
    def _closed_has_no_times(self) -> "LoadPart":
        given = [key for key in ("spacing", "burst") if key in self.model_fields_set]
        if self.closed_loop is not None and given:
            raise ValueError(
                f"{' and '.join(given)} say when arrivals are due; in a closed_loop answers do, leave it out"
            )
        return self

    @model_validator(mode="after")
    def _processes_or_workers(self) -> "LoadPart":
        if self.workers and self.processes > 1:
            raise ValueError(
                "processes and workers exclude each other; start several workers on one machine"
            )
        return self


class RatesPart(Part):
    """Probes a second, of reads and of writes alike."""

    fresh: ProbeRate = _PROBING.fresh_rate
    """Through the load balancer, a new connection each."""
    kept: ProbeRate = _PROBING.kept_rate
    """Through the load balancer, on kept connections."""
    apiserver: ProbeRate = _PROBING.apiserver_rate
    """Straight to each apiserver."""
    victim: ProbeRate = _PROBING.victim_rate
    """In the priority level of the load."""
    stale: ProbeRate = _PROBING.stale_rate
    """Reads with resourceVersion=0, whose staleness is measured."""


class ProbingPart(Part):
    """How the prober asks."""

    deadline: Deadline = _PROBING.deadline_s
    """A probe without an answer by then has failed."""
    rates: RatesPart = RatesPart()


class ScrapingPart(Part):
    """How often metrics are read."""

    apiserver: PagePeriod = _SCRAPING.apiserver_s
    etcd: Period = _SCRAPING.etcd_s
    controllers: PagePeriod = _SCRAPING.controllers_s
    """controller-manager and scheduler"""
    resources: Period = _SCRAPING.resources_s
    """CPU and memory of every process"""


_FAULTS_SCHEMA = WithJsonSchema(
    {
        "type": "array",
        "maxItems": MOST_FAULTS,
        "items": {
            "type": "object",
            "properties": {
                "activity": {"type": "object", "description": "Any action of Chaos Toolkit."},
                "rollback": {
                    "type": ["object", "null"],
                    "description": "The action that undoes `activity`; null if nothing can.",
                },
                "rights": {
                    "type": "array",
                    "items": {"type": "object"},
                    "description": "What both may do in the cluster: rules as of a ClusterRole.",
                },
                "phase": {"type": "string", "default": "fault"},
                "at": DURATION_SCHEMA | {"default": "0s", "description": "From the phase's start."},
                "for": DURATION_SCHEMA | {"description": "Until the phase ends, if not given."},
            },
            "additionalProperties": False,
        },
    }
)


def _together(phases: dict[str, float]) -> dict[str, float]:
    if (total := sum(phases.values())) > parse_duration(LONGEST_DRILL):
        raise ValueError(
            f"together they last {format_duration(round(total, 9))}; at most {LONGEST_DRILL}"
        )
    return phases


class ExperimentFile(Part):
    """One claim, and the drill that proves or refutes it."""

    title: Title
    """What happens, in a sentence."""
    claim: int | None = Field(None, ge=1, le=MOST_CLAIMS)
    """The row of the catalogue of claims."""
    why: Why
    """What should hold, and why it matters."""
    cluster: str
    """A file of clusters/, `local-3az` for local-3az.yaml."""
    seed: SeedPart = SeedPart()
    load: tuple[LoadPart, ...] = Field((), max_length=MOST_LOADS)
    phases: Annotated[dict[Name, PhaseLength], AfterValidator(_together)] = Field(
        min_length=1, json_schema_extra={"additionalProperties": False}
    )
    """Names of your own, in the order in which they run, and how long each lasts."""
    faults: Annotated[tuple[dict[str, Any], ...], _FAULTS_SCHEMA] = Field(
        (), max_length=MOST_FAULTS
    )
    """What breaks, each undone when its phase ends, or on any exit."""
    abort: tuple[str, ...] = ()
    """Conditions on which the drill ends at once: `availability < 50% for 30s`."""
    slos: dict[str, tuple[str, ...]] = Field(json_schema_extra={"minProperties": 1})
    """Objectives by phase: `list.p99 < 1s`. There is at least one."""
    probing: ProbingPart = ProbingPart()
    scraping: ScrapingPart = ScrapingPart()
    headroom: Headroom = "required"
    """`none` where the drill looks for the machine's limit; else objectives on latency and availability
    need a quarter of its CPU free."""


def json_schema(faults: Iterable[FaultDescription]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an experiment file that may name these faults, for editors."""
    schema = _as_written(ExperimentFile.model_json_schema())
    entry = schema["properties"]["faults"]["items"]["properties"]
    entry |= {one.name: _as_written(_fault_schema(one)) for one in faults}
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": "kubedrill experiment", **schema}


def _fault_schema(fault: FaultDescription) -> dict[str, Any]:
    needed = bool(fault.parameters.get("required"))
    kind = "object" if needed else ["object", "null"]
    return {**fault.parameters, "type": kind, "description": fault.doc}


def _as_written(node: Any) -> Any:
    """Return a schema with its defaults as people write them, without pydantic's titles."""
    if isinstance(node, list):
        return [_as_written(one) for one in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _as_written(value) for key, value in node.items() if _worth_keeping(key, value)}
    if isinstance(node.get("default"), float) and "pattern" in node:
        write = format_rate if node["pattern"] == RATE_PATTERN else format_duration
        tidy["default"] = write(node["default"])
    return tidy


def _worth_keeping(key: str, value: Any) -> bool:
    if key == "title":
        return isinstance(value, dict)  # the experiment's own key, not the title of a schema
    return not (key == "default" and isinstance(value, dict))
