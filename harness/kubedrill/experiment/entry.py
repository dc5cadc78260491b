"""What may stand beside a fault's name in an entry of `faults:`, each key once."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from kubedrill.reading.types import DURATION_SCHEMA

MOST_FAULTS = 500

_Duration = Annotated[Any, WithJsonSchema(DURATION_SCHEMA)]
_Rules = {"type": "array", "items": {"type": "object"}}


class BesideFault(BaseModel):
    """What an entry says of a fault besides its name, as it stands there; its readers say what is wrong."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True, validate_by_name=True
    )

    rollback: Annotated[Any, WithJsonSchema({"type": ["object", "null"]})] = None
    """The action that undoes `activity`; null if nothing can."""
    rights: Annotated[Any, WithJsonSchema(_Rules)] = None
    """What both may do in the cluster: rules as of a ClusterRole."""
    phase: Annotated[Any, WithJsonSchema({"type": "string"})] = "fault"
    at: _Duration = "0s"
    """From the phase's start."""
    when: Annotated[Any, WithJsonSchema({"type": "string"})] = None
    """Begins in this state, from `at` on: `objects.pods >= 5000 within 2m`."""
    lasts: _Duration = Field(None, alias="for")
    """Until the phase ends, if not given."""
    every: _Duration = None
    """Begins again so long after each begin; `for` is less."""
    times: Annotated[
        Any, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_FAULTS})
    ] = None
    """How often, if not as often as it fits into the phase."""

    def says(self, field: str) -> bool:
        """Whether the entry has the key of a field, whatever it says there."""
        return field in self.model_fields_set

    def written(self) -> dict[str, Any]:
        """Return what it says, by the file's keys."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def key_of(field: str) -> str:
    """Return the file's key of a field."""
    return BesideFault.model_fields[field].alias or field


KEYS = tuple(map(key_of, BesideFault.model_fields))


def schema_of_entries() -> Mapping[str, Any]:
    """Return the JSON Schema of the entries, without their faults, which are known later."""
    action = {"type": "object", "description": "Any action of Chaos Toolkit."}
    beside = BesideFault.model_json_schema()["properties"]
    for schema in beside.values():
        if schema.get("default", "") is None:
            del schema["default"]  # not to say it is another thing than to say null
    return {
        "type": "array",
        "maxItems": MOST_FAULTS,
        "items": {
            "type": "object",
            "properties": {"activity": action, **beside},
            "additionalProperties": False,
        },
    }
