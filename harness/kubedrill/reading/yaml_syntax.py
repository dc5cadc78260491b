"""From the text of a YAML file to composed nodes; what is broken in it, in words and with its line.

YAML 1.2's core schema: `on`, `off`, `yes`, `no`, `1:30` and dates are text. Depth and the number of
nodes are bounded.
"""

import re
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.error import MarkedYAMLError
from yaml.nodes import Node
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from kubedrill.reading.text import BadText, line_of
from kubedrill.words import printable

MAX_DEPTH = 40
MAX_VALUES = 10_000

INT = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"
BOOL = "tag:yaml.org,2002:bool"
NULL = "tag:yaml.org,2002:null"
TEXT = "tag:yaml.org,2002:str"
_CORE = {
    BOOL: (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    NULL: (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    INT: (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    FLOAT: (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
}


class CoreResolver(BaseResolver):
    """Tells text from numbers, true, false and nothing as YAML 1.2 does."""


for _tag, (_pattern, _first) in _CORE.items():
    CoreResolver.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))

# What PyYAML says, what a person can do about it, and whether that is to be done where it begins.
_PLAIN: list[tuple[str, str, bool]] = [
    (r"found character '\\t'", "a tab; YAML is indented with spaces", False),
    (
        r"found duplicate anchor",
        "the same anchor (&name) twice; give each a name of its own",
        False,
    ),
    (
        r"found undefined alias '?(?P<name>[^']*)'?",
        "alias *{name} has no anchor &{name} before it",
        False,
    ),
    (
        r"mapping values are not allowed here",
        'a ":" that does not fit; wrong indent, or quote it',
        False,
    ),
    (r"could not find expected ':'", 'a key without ":"; write key: value', False),
    (r"expected <block end>", "wrong indent: this line fits no level above it", False),
    (r"expected ',' or '\]'", 'a list that is not closed; add "]"', True),
    (r"expected ',' or '\}'", 'a mapping that is not closed; add "}}"', True),
    (r"found unexpected end of stream", "a quote that is not closed", True),
    (r"cannot start any token", "a character that needs quotes around the text", False),
    (r"but found another document", "more than one document; keep one (no second ---)", False),
]
_BREAKS = re.compile("[\x85\u2028\u2029]")
"""Line breaks for PyYAML, but neither for YAML 1.2 nor for editors."""


class _Loader(Reader, Scanner, Parser, Composer, CoreResolver):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        CoreResolver.__init__(self)
        self._depth = 0
        self._count = 0
        self._quoted: list[tuple[int, int]] = []
        """First and last line, from 0, of the texts in quotes that go over several."""

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH + 1:
            raise BadText(self.line + 1, TOO_DEEP)
        if self._count > 2 * MAX_VALUES:  # keys are nodes, too
            raise BadText(self.line + 1, f"more than {MAX_VALUES:,} values; no file of ours has")
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def scan_flow_scalar(self, style: str) -> Any:
        token = super().scan_flow_scalar(style)
        if token.start_mark.line < token.end_mark.line:
            self._quoted.append((token.start_mark.line, token.end_mark.line))
        return token

    def opening(self, line: int) -> int:
        """Return where the quote opens that was closed on this line (from 0) by the next one's opening."""
        for first, last in reversed(self._quoted):
            if last == line:
                line = first
        return line


TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep; write it flatter"


def compose(text: str) -> Node | None:
    """Return the text's one node, None if there is nothing in it; BadText if it is not YAML."""
    if found := _BREAKS.search(text):
        raise _forbidden(text, found.start())
    try:
        loader = _Loader(text)
    except ReaderError as error:
        raise _forbidden(text, error.position) from None
    try:
        return loader.get_single_node()
    except MarkedYAMLError as error:
        raise _in_words(error, loader) from None
    except (ValueError, OverflowError, yaml.YAMLError) as error:
        # PyYAML lets a few malformed escapes through to Python's own conversions.
        raise BadText(loader.line + 1, f"not YAML: {error}") from None


def _forbidden(text: str, position: int) -> BadText:
    message = f"character U+{ord(text[position]):04X} is not allowed in YAML"
    return BadText(line_of(text, position), message)


def _in_words(error: MarkedYAMLError, loader: _Loader) -> BadText:
    words, opens = _plain_words(f"{error.context or ''} {error.problem or ''}".strip())
    marks = (error.problem_mark, error.context_mark)
    mark = next(filter(None, reversed(marks) if opens else marks), None)
    line = mark.line if mark else 0
    opening = loader.opening(line)
    if opening != line:
        words = f"a quote that is not closed, and so ends on line {line + 1}"
    return BadText(opening + 1, f"broken YAML: {words}")


def _plain_words(said: str) -> tuple[str, bool]:
    for pattern, words, opens in _PLAIN:
        if found := re.search(pattern, said):
            return words.format(**found.groupdict()), opens
    return printable(said), False
