"""The experiment file as people write it: keys, types, defaults. Published as JSON Schema."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from kubedrill.record.schedule import Probing, Scraping
from kubedrill.record.units import (
    DURATION_PATTERN,
    RATE_PATTERN,
    format_duration,
    format_rate,
    parse_duration,
    parse_rate,
)

NAME_PATTERN = "^[a-z][a-z0-9_-]*$"
FAULT_PATTERN = r"^[a-z][a-z0-9_-]*\.[a-z][a-z0-9_.-]*$"
FAULT_KEYS = ("phase", "at", "for", "rollback")
"""What may stand beside a fault's name."""


def _positive_duration(value: Any) -> float:
    return _positive(parse_duration(value), "0s")


def _positive_rate(value: Any) -> float:
    return _positive(parse_rate(value), "0/s")


def _phase_length(value: Any) -> float:
    if value is None:
        raise ValueError("a phase needs a length, such as 30s")
    return _positive(parse_duration(value), "0s")


def _positive(value: float, zero: str) -> float:
    if value <= 0:
        raise ValueError(f"must be more than {zero}")
    return value


def _name(value: str) -> str:
    if not re.match(NAME_PATTERN, value):
        raise ValueError(f'"{value}" is no name; begin with a-z, then a-z, 0-9, _ and - may follow')
    return value


_DURATION: dict[str, Any] = {
    "type": "string",
    "pattern": DURATION_PATTERN,
    "examples": ["10s", "250ms", "1m30s"],
}
_DURATION_SCHEMA = WithJsonSchema(_DURATION)
_RATE_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": RATE_PATTERN, "examples": ["10/s", "600/m"]}
)
Duration = Annotated[float, BeforeValidator(_positive_duration), _DURATION_SCHEMA]
PhaseLength = Annotated[float, BeforeValidator(_phase_length), _DURATION_SCHEMA]
Rate = Annotated[float, BeforeValidator(_positive_rate), _RATE_SCHEMA]
Name = Annotated[str, Field(json_schema_extra={"pattern": NAME_PATTERN}), BeforeValidator(_name)]


_PROBING = Probing()
_SCRAPING = Scraping()


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


class SeedPart(_Part):
    """Objects made before the load begins, and swept after it."""

    pods: int = Field(0, ge=0, le=150_000)
    """Pods of 6 KB that no scheduler touches."""
    secrets: int = Field(0, ge=0, le=150_000)
    """Secrets of 1 KB."""


class LoadPart(_Part):
    """One load: a profile under a name."""

    profile: str
    """A file of loadprofiles/, `mass-list` for mass_list.py."""
    name: Name = Field(alias="as")
    """The name that objectives use."""
    rate: Rate
    """Arrivals a second, whether or not earlier ones have been answered."""
    phases: tuple[str, ...] = ()
    """The phases in which it presses; all of them, if none is named."""
    parameters: dict[str, Any] = Field(default_factory=dict, alias="with")
    """The profile's parameters: `kubedrill profiles` lists them."""


class RatesPart(_Part):
    """Probes a second, of reads and of writes alike."""

    fresh: Rate = _PROBING.fresh_rate
    """Through the load balancer, a new connection each."""
    kept: Rate = _PROBING.kept_rate
    """Through the load balancer, on kept connections."""
    apiserver: Rate = _PROBING.apiserver_rate
    """Straight to each apiserver."""
    victim: Rate = _PROBING.victim_rate
    """In the priority level of the load."""
    stale: Rate = _PROBING.stale_rate
    """Reads with resourceVersion=0, whose staleness is measured."""


class ProbingPart(_Part):
    """How the prober asks."""

    deadline: Duration = _PROBING.deadline_s
    """A probe without an answer by then has failed."""
    rates: RatesPart = RatesPart()


class ScrapingPart(_Part):
    """How often metrics are read."""

    apiserver: Duration = _SCRAPING.apiserver_s
    etcd: Duration = _SCRAPING.etcd_s
    controllers: Duration = _SCRAPING.controllers_s
    """controller-manager and scheduler"""
    resources: Duration = _SCRAPING.resources_s
    """CPU and memory of every process"""


_FAULTS_SCHEMA = WithJsonSchema(
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "activity": {"type": "object", "description": "Any action of Chaos Toolkit."},
                "rollback": {
                    "type": ["object", "null"],
                    "description": "The action that undoes `activity`; null if nothing can.",
                },
                "phase": {"type": "string", "default": "fault"},
                "at": _DURATION | {"default": "0s", "description": "From the phase's start."},
                "for": _DURATION | {"description": "Until the phase ends, if not given."},
            },
            "patternProperties": {
                FAULT_PATTERN: {
                    "type": ["object", "null"],
                    "description": "A fault and its arguments: `kubedrill faults` lists them.",
                }
            },
            "additionalProperties": False,
        },
    }
)


class ExperimentFile(_Part):
    """One claim, and the drill that proves or refutes it."""

    title: str = Field(min_length=1)
    """What happens, in a sentence."""
    claim: int | None = Field(None, ge=1)
    """The row of the catalogue of claims."""
    why: str = Field(min_length=1)
    """What should hold, and why it matters."""
    cluster: str
    """A file of clusters/, `local-3az` for local-3az.yaml."""
    seed: SeedPart = SeedPart()
    load: tuple[LoadPart, ...] = ()
    phases: dict[Name, PhaseLength] = Field(
        min_length=1, json_schema_extra={"additionalProperties": False}
    )
    """Names of your own, in the order in which they run, and how long each lasts."""
    faults: Annotated[tuple[dict[str, Any], ...], _FAULTS_SCHEMA] = ()
    """What breaks, each undone when its phase ends, or on any exit."""
    abort: tuple[str, ...] = ()
    """Conditions on which the drill ends at once: `availability < 50% for 30s`."""
    slos: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Objectives by phase: `list.p99 < 1s`."""
    probing: ProbingPart = ProbingPart()
    scraping: ScrapingPart = ScrapingPart()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an experiment file, for editors."""
    schema = _as_written(ExperimentFile.model_json_schema())
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": "kubedrill experiment", **schema}


def _as_written(node: Any) -> Any:
    """Return a schema with its defaults as people write them, without pydantic's titles."""
    if isinstance(node, list):
        return [_as_written(one) for one in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _as_written(value) for key, value in node.items() if _worth_keeping(key, value)}
    if isinstance(node.get("default"), float):
        write = format_rate if node["pattern"] == RATE_PATTERN else format_duration
        tidy["default"] = write(node["default"])
    return tidy


def _worth_keeping(key: str, value: Any) -> bool:
    if key == "title":
        return isinstance(value, dict)  # the experiment's own key, not the title of a schema
    return not (key == "default" and isinstance(value, dict))
