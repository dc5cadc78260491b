"""From the text of a YAML file to plain values, each with its line; and back.

Duplicate keys are refused, aliases counted as often as they are used.
"""

import math
import re
from typing import Any

import yaml
from yaml.emitter import Emitter
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.representer import SafeRepresenter
from yaml.serializer import Serializer

from kubedrill.reading.problems import Location, Place
from kubedrill.reading.text import BadText
from kubedrill.reading.yaml_syntax import (
    BOOL,
    FLOAT,
    INT,
    MAX_DEPTH,
    MAX_VALUES,
    NULL,
    TEXT,
    TOO_DEEP,
    CoreResolver,
    compose,
)
from kubedrill.words import shown

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Invisible, or turns the text around it about."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Dumper(Emitter, Serializer, SafeRepresenter, CoreResolver):
    """PyYAML's, but text is quoted where our reader, not YAML 1.1, would take it for a number."""

    def __init__(self, stream: Any, **options: Any) -> None:
        style, flow, sort = (options[key] for key in _REPRESENTING)
        emitting = {key: options[key] for key in _EMITTING}
        Emitter.__init__(self, stream, **emitting)
        Serializer.__init__(self)
        SafeRepresenter.__init__(self, style, flow, sort)
        CoreResolver.__init__(self)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


_REPRESENTING = ("default_style", "default_flow_style", "sort_keys")
_EMITTING = ("canonical", "indent", "width", "allow_unicode", "line_break")


def parse(text: str) -> tuple[Any, dict[Location, Place]]:
    """Return the text's one value and the place of each part of it; BadText if it is not YAML."""
    places: dict[Location, Place] = {}
    node = compose(text)
    if node is None:
        return None, places
    return _Values(places).build(node, ()), places


class _Values:
    """Turns composed nodes into values; counts them, since an alias is a node used again."""

    def __init__(self, places: dict[Location, Place]) -> None:
        self._places = places
        self._count = 0

    def build(self, node: Node, location: Location, line: int | None = None) -> Any:
        line = line or _line(node)
        self._count += 1
        if self._count > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values with its aliases (*name) written out"
            raise BadText(line, f"{message}; use fewer aliases")
        if len(location) > MAX_DEPTH:
            raise BadText(line, TOO_DEEP)
        self._places[location] = Place(line)
        match node:
            case MappingNode():
                return self._mapping(node, location)
            case SequenceNode():
                return [
                    self.build(item, (*location, index)) for index, item in enumerate(node.value)
                ]
            case ScalarNode():
                return _scalar(node)
        raise BadText(line, f"a {shown(node.tag)} is not supported")

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, Any]:
        lines: dict[str, int] = {}
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = self._key(key_node)
            if key in lines:
                raise BadText(line, f'key "{shown(key)}" is here twice, first on line {lines[key]}')
            lines[key] = line
            values[key] = self.build(value_node, (*location, key), line)
        return values

    @staticmethod
    def _key(node: Node) -> tuple[str, int]:
        line = _line(node)
        if not isinstance(node, ScalarNode):
            raise BadText(line, "a key must be a word, not a list or a mapping")
        if node.value == "<<" and node.style is None:
            raise BadText(line, "merge keys (<<) are not supported; write the keys out")
        _check_text(node.value, line)
        return node.value, line


def _scalar(node: ScalarNode) -> Any:
    text, line = node.value, _line(node)
    match node.tag:
        case t if t == NULL:
            return None
        case t if t == BOOL:
            return text.lower() == "true"
        case t if t == INT:
            return _integer(text, line)
        case t if t == FLOAT:
            return _float(text, line)
        case t if t == TEXT:
            _check_text(text, line)
            return text
    raise BadText(line, f'tag "{shown(node.tag)}" is not supported; write the plain value')


def _integer(text: str, line: int) -> int:
    try:
        number = int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    except ValueError:
        raise BadText(line, "not a whole number, or one too large") from None
    if abs(number) >= 2**63:
        raise BadText(line, "a number too large")
    return number


def _float(text: str, line: int) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.inf  # .inf and .nan, which Python writes without the dot
    if not math.isfinite(number):
        raise BadText(line, f"{shown(text)} is not a number that can be used here")
    return number


def _check_text(text: str, line: int) -> None:
    if _SURROGATE.search(text):
        raise BadText(line, "half a surrogate pair is not text")
    if found := _CONTROL.search(text):
        raise BadText(line, f"a control character, U+{ord(found.group()):04X}, in a text")


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def dump(value: Any) -> str:
    """Return plain values as YAML that `parse` reads back as they are."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=None,
    )
    return text
