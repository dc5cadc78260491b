"""From the text of a YAML file to plain values, each with its line.

YAML 1.2's core schema: `on`, `off`, `yes`, `no`, `1:30` and dates are text; duplicate keys are
refused. Depth and the number of values are bounded, aliases counted as often as they are used.
"""

import math
import re
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.emitter import Emitter
from yaml.error import Mark, MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.representer import SafeRepresenter
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner
from yaml.serializer import Serializer

from kubedrill.record.problems import Location, Place

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MAX_VALUES = 10_000


class BadText(Exception):  # noqa: N818 - becomes a BadFile, which names the file
    """The text is not the YAML that is accepted; `line` counts from 1."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self._depth > MAX_DEPTH:
            raise BadText(self.line + 1, _TOO_DEEP)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep; write it flatter"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_BOOL = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_TEXT = "tag:yaml.org,2002:str"
_CORE = {
    _BOOL: (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    _NULL: (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    _INT: (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    _FLOAT: (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
}


class _Dumper(Emitter, Serializer, SafeRepresenter, BaseResolver):
    """PyYAML's, but text is quoted where our reader, not YAML 1.1, would take it for a number."""

    def __init__(self, stream: Any, **options: Any) -> None:
        style, flow, sort = (options[key] for key in _REPRESENTING)
        emitting = {key: options[key] for key in _EMITTING}
        Emitter.__init__(self, stream, **emitting)
        Serializer.__init__(self)
        SafeRepresenter.__init__(self, style, flow, sort)
        BaseResolver.__init__(self)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


_REPRESENTING = ("default_style", "default_flow_style", "sort_keys")
_EMITTING = ("canonical", "indent", "width", "allow_unicode", "line_break")

for _tag, (_pattern, _first) in _CORE.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))

# What PyYAML says, and what a person can do about it.
_PLAIN: list[tuple[str, str]] = [
    (r"found character '\\t'", "a tab; YAML is indented with spaces"),
    (r"found duplicate anchor", "the same anchor (&name) twice; give each a name of its own"),
    (r"found undefined alias '?(?P<name>[^']*)'?", "alias *{name} has no anchor &{name} before it"),
    (r"mapping values are not allowed here", 'a ":" that does not fit; wrong indent, or quote it'),
    (r"could not find expected ':'", 'a key without ":"; write key: value'),
    (r"expected <block end>", "wrong indent: this line fits no level above it"),
    (r"expected ',' or '\]'", 'a list that is not closed; add "]"'),
    (r"expected ',' or '\}'", 'a mapping that is not closed; add "}}"'),
    (r"found unexpected end of stream", "a quote that is not closed"),
    (r"cannot start any token", "a character that needs quotes around the text"),
    (r"but found another document", "more than one document; keep one (no second ---)"),
]


def line_of(text: str, position: int) -> int:
    """Return the line (from 1) of a position in the text."""
    return text.count("\n", 0, position) + 1


def read_text(path: Path) -> str:
    """Return the text of a file; BadText (OSError in words) if it is not a readable UTF-8 file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise BadText(None, "is a directory; name one of the files in it") from None
    except FileNotFoundError:
        raise BadText(None, "no such file") from None
    except OSError as error:
        raise BadText(None, f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise BadText(None, f"larger than {MAX_BYTES // 1024} KiB; no such file of ours is")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        byte = raw[error.start]
        message = f"not UTF-8: byte 0x{byte:02x} at offset {error.start}; save the file as UTF-8"
        raise BadText(line, message) from None


def parse(text: str) -> tuple[Any, dict[Location, Place]]:
    """Return the text's one value and the place of each part of it; BadText if it is not YAML."""
    places: dict[Location, Place] = {}
    node = _compose(text)
    if node is None:
        return None, places
    return _Values(places).build(node, ()), places


def _compose(text: str) -> Node | None:
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except ReaderError as error:
        position = error.position if isinstance(error.position, int) else 0
        message = f"character U+{ord(text[position]):04X} is not allowed in YAML"
        raise BadText(line_of(text, position), message) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadText(_line(mark), _plain_words(error)) from None
    except (ValueError, OverflowError, yaml.YAMLError) as error:
        # PyYAML lets a few malformed escapes through to Python's own conversions.
        raise BadText(None, f"not YAML: {error}") from None


def _plain_words(error: MarkedYAMLError) -> str:
    said = error.problem or error.context or ""
    context = f"{error.context or ''} {said}"
    for pattern, words in _PLAIN:
        found = re.search(pattern, context)
        if found:
            return f"broken YAML: {words.format(**found.groupdict())}"
    return f"broken YAML: {context.strip()}"


def _line(mark: Mark | None) -> int | None:
    return None if mark is None else mark.line + 1


class _Values:
    """Turns composed nodes into values; counts them, since an alias is a node used again."""

    def __init__(self, places: dict[Location, Place]) -> None:
        self._places = places
        self._count = 0

    def build(self, node: Node, location: Location, line: int | None = None) -> Any:
        line = line or _line(node.start_mark)
        self._count += 1
        if self._count > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values with its aliases (*name) written out"
            raise BadText(line, f"{message}; use fewer aliases")
        if len(location) > MAX_DEPTH:
            raise BadText(line, _TOO_DEEP)
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
        raise BadText(line, f"a {node.tag} is not supported")

    def _mapping(self, node: MappingNode, location: Location) -> dict[str, Any]:
        lines: dict[str, int | None] = {}
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = self._key(key_node)
            if key in lines:
                raise BadText(line, f'key "{key}" is here twice, first on line {lines[key]}')
            lines[key] = line
            values[key] = self.build(value_node, (*location, key), line)
        return values

    @staticmethod
    def _key(node: Node) -> tuple[str, int | None]:
        line = _line(node.start_mark)
        if not isinstance(node, ScalarNode):
            raise BadText(line, "a key must be a word, not a list or a mapping")
        if node.value == "<<" and node.style is None:
            raise BadText(line, "merge keys (<<) are not supported; write the keys out")
        if not _encodable(node.value):
            raise BadText(line, "a key with half a surrogate pair is not text")
        return node.value, line


def _scalar(node: ScalarNode) -> Any:
    text, line = node.value, _line(node.start_mark)
    match node.tag:
        case t if t == _NULL:
            return None
        case t if t == _BOOL:
            return text.lower() == "true"
        case t if t == _INT:
            return _integer(text, line)
        case t if t == _FLOAT:
            return _float(text, line)
        case t if t == _TEXT:
            if not _encodable(text):
                raise BadText(line, "half a surrogate pair is not text")
            return text
    raise BadText(line, f'tag "{node.tag}" is not supported; write the plain value')


def _integer(text: str, line: int | None) -> int:
    try:
        number = int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    except ValueError:
        raise BadText(line, "not a whole number, or one too large") from None
    if abs(number) >= 2**63:
        raise BadText(line, "a number too large")
    return number


def _float(text: str, line: int | None) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.inf  # .inf and .nan, which Python writes without the dot
    if not math.isfinite(number):
        raise BadText(line, f"{text[:20]} is not a number that can be used here")
    return number


def _encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


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
