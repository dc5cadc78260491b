"""The JSON Schema of experiment files, for editors."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from kubedrill.experiment.schema import ExperimentFile
from kubedrill.reading.types import WRITTEN
from kubedrill.record.catalogue import FaultDescription

_NOTHING = {"type": "null"}


def json_schema(faults: Iterable[FaultDescription], clusters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an experiment file that may name these faults, for editors.

    `clusters` is that of cluster files: an experiment may change any of their keys.
    """
    schema = as_written(ExperimentFile.model_json_schema())
    changed = schema["$defs"]["ClusterPart"]
    changed["properties"] = {**as_written(_changes(clusters)), **changed["properties"]}
    changed["additionalProperties"] = False
    parts = clusters.get("$defs", {}).items()
    schema["$defs"] |= {name: as_written(_loose(part)) for name, part in parts}
    entry = schema["properties"]["faults"]["items"]["properties"]
    entry |= {fault.name: as_written(_fault_schema(fault)) for fault in faults}
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": "kubedrill experiment", **schema}


def _fault_schema(fault: FaultDescription) -> dict[str, Any]:
    needed = bool(fault.parameters.get("required"))
    kind = "object" if needed else ["object", "null"]
    return {**fault.parameters, "type": kind, "description": fault.doc}


def _changes(clusters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schemas of a cluster file's keys, whoever provides the cluster."""
    named = (choice["$ref"].rpartition("/")[2] for choice in clusters.get("oneOf", ()))
    kinds = [clusters["$defs"][name]["properties"] for name in named] or [clusters["properties"]]
    keys = dict.fromkeys(chain.from_iterable(kinds))
    return {key: _or_nothing(*(kind[key] for kind in kinds if key in kind)) for key in keys}


def _or_nothing(*schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of what one of these says, or null, which takes it away."""
    choices = [choice for schema in schemas for choice in schema.get("anyOf", [schema])]
    loose = [_loose(choice) for choice in choices if choice != _NOTHING]
    return {"anyOf": [*loose, _NOTHING]}


def _loose(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of what is changed: nothing in it is required, nor preset, and all may be null."""
    loose = {key: part for key, part in schema.items() if key not in {"default", "required"}}
    if "properties" in loose:
        parts = loose["properties"].items()
        loose["properties"] = {key: _or_nothing(part) for key, part in parts}
    if isinstance(loose.get("additionalProperties"), Mapping):
        loose["additionalProperties"] = _or_nothing(loose["additionalProperties"])
    return loose


def as_written(node: Any) -> Any:
    """Return a schema with its defaults as people write them, without pydantic's titles."""
    if isinstance(node, list):
        return [as_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: as_written(value) for key, value in node.items() if _worth_keeping(key, value)}
    if isinstance(node.get("default"), float) and "pattern" in node:
        tidy["default"] = WRITTEN[node["pattern"]](node["default"])
    return tidy


def _worth_keeping(key: str, value: Any) -> bool:
    if key == "title":
        return isinstance(value, dict)  # the experiment's own key, not the title of a schema
    return not (key == "default" and isinstance(value, dict))
