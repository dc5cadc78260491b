"""Load: label and field selectors, read as the apiserver reads them.

The grammars are those of Kubernetes' apimachinery, pkg/labels/selector.go and pkg/fields/selector.go: what
the server would answer with 400 is told before anything is sent, with its column.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from kubedrill.words import shown

_TOKEN = re.compile(r"[ \t\r\n]*(?P<text>==|!=|[=!<>(),]|[^ \t\r\n=!<>(),]+|$)")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LONGEST_PREFIX = 253
_NUMBER = re.compile("[0-9]{1,18}")
_SYMBOLS = frozenset(("==", "!=", *"=!<>(),"))
_FIELD = re.compile(r"(?P<key>[^=!]*)(?P<operator>!=|==|=)(?P<value>.*)", re.DOTALL)
_ESCAPES = re.compile(r"(?:[^\\,=]|\\[\\,=])*")
_TERM = re.compile(r"(?:\\.|[^\\,]|\\$)*", re.DOTALL)


class SelectorError(ValueError):
    """The text is no selector; the message says why, and at which column (from 1)."""

    def __init__(self, column: int, why: str) -> None:
        super().__init__(f"column {column}: {why}")


class _Token(NamedTuple):
    text: str
    """Nothing: the end."""
    column: int

    @property
    def is_word(self) -> bool:
        return bool(self.text) and self.text not in _SYMBOLS

    @property
    def ends(self) -> bool:
        """Whether nothing follows, or the next requirement does."""
        return self.text in {"", ","}

    def not_expected(self, what: str) -> SelectorError:
        found = f'"{shown(self.text)}"' if self.text else "the end"
        return SelectorError(self.column, f"{found} where {what} must stand")


class _Labels:
    """Reads a label selector token by token."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)

    def check(self) -> None:
        while self._next.text:
            self._requirement()
            if not self._next.ends:
                raise self._next.not_expected("a comma, or the end,")
            if self._take().text and not (self._next.is_word or self._next.text == "!"):
                raise self._next.not_expected("a key")

    def _take(self) -> _Token:
        taken = self._next
        self._next = next(self._tokens, _Token("", taken.column + len(taken.text)))
        return taken

    def _requirement(self) -> None:
        absent = self._next.text == "!"
        if absent:
            self._take()
        _check_key(self._take())
        if absent or self._next.ends:
            return
        operator = self._take()
        match operator.text:
            case "=" | "==" | "!=":
                self._value()
            case "<" | ">":
                self._number()
            case "in" | "notin":
                self._values()
            case _:
                raise operator.not_expected("=, !=, in, notin, < or >")

    def _value(self) -> None:
        if not self._next.ends:  # an empty value is one, too
            _check_value(self._take())

    def _number(self) -> None:
        token = self._take()
        if not _NUMBER.fullmatch(token.text):
            raise token.not_expected("a whole number")

    def _values(self) -> None:
        opened = self._take()
        if opened.text != "(":
            raise opened.not_expected("(")
        while True:
            if self._next.text not in {",", ")"}:
                _check_value(self._take())
            token = self._take()
            if token.text == ")":
                return
            if token.text != ",":
                raise token.not_expected(", or )")


def check_labels(text: str) -> None:
    """Raise SelectorError if a text is no label selector, such as `app=web,tier in (a, b),!old`."""
    _Labels(text).check()


def check_fields(text: str) -> None:
    """Raise SelectorError if a text is no field selector, such as `spec.nodeName=a,status.phase!=Running`."""
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        assert found is not None
        if found.group():
            _check_field(found.group(), at + 1)
        at = found.end() + 1


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while True:
        found = _TOKEN.match(text, at)
        assert found is not None
        yield _Token(found["text"], found.start("text") + 1)
        if not found["text"]:
            return
        at = found.end()


def _check_key(token: _Token) -> None:
    if not token.is_word:
        raise token.not_expected("a key")
    prefix, slash, name = token.text.rpartition("/")
    fits = len(prefix) <= _LONGEST_PREFIX and _PREFIX.fullmatch(prefix)
    if not _NAME.fullmatch(name) or (slash and not fits):
        raise SelectorError(
            token.column,
            f'"{shown(token.text)}" is no key of a label: app, or example.com/app, with at most 63 of '
            "A-Z, a-z, 0-9, - _ . in its name",
        )


def _check_value(token: _Token) -> None:
    if not token.is_word:
        raise token.not_expected("a value")
    if not _NAME.fullmatch(token.text):
        raise SelectorError(
            token.column,
            f'"{shown(token.text)}" is no value of a label: at most 63 of A-Z, a-z, 0-9, - _ . and a '
            "letter or digit at both ends",
        )


def _check_field(term: str, column: int) -> None:
    found = _FIELD.fullmatch(term)
    if found is None or not found["key"]:
        raise SelectorError(
            column, f'"{shown(term)}" is no comparison such as spec.nodeName=node-1'
        )
    escaped = _ESCAPES.match(found["value"])
    assert escaped is not None
    if escaped.end() < len(found["value"]):
        wrong = found["value"][escaped.end()]
        at = column + found.start("value") + escaped.end()
        raise SelectorError(at, f'"{wrong}" in a value; it must be written \\{wrong}')
