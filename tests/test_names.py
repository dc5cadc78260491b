"""What things are called: a variable by its noun, a class by a name that no other has."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [
    path
    for folder in ("harness", "tests", "benchmarks", "loadprofiles")
    for path in sorted((ROOT / folder).rglob("*.py"))
]

TWICE = {
    "Target": "whom a fault hits, in faults.jsonl; where a request goes, in the columns of samples",
}
"""Names that classes share, with the reason: files of drills have both."""
CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")


def bound(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each name that is bound: variables, parameters, functions, fixtures; and in which line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, node.lineno
            case ast.MatchStar(name=str(name)) | ast.alias(asname=str(name)):
                yield name, node.lineno


def of_no_noun(tree: ast.AST) -> list[int]:
    return [line for name, line in bound(tree) if name == "one"]


def test_nothing_is_called_one() -> None:
    assert not [
        f"{path.relative_to(ROOT)}:{line}"
        for path in FILES
        for line in of_no_noun(ast.parse(path.read_bytes()))
    ], "call it by its noun: a line, a component, a sample"


@pytest.mark.parametrize(
    "code",
    [
        "one = 1",
        "one, other = pair",
        "if one := found: pass",
        "[one.name for one in components]",
        "for number, one in enumerate(lines): pass",
        "with opened() as one: pass",
        "sorted(lines, key=lambda one: one.time)",
        "def f(one): pass",
        "def f(*one): pass",
        "def one(): pass",
        "async def one(): pass",
        "import many as one",
        "try: pass\nexcept ValueError as one: pass",
        "match found:\n case [one, *_]: pass",
        "match found:\n case [*one]: pass",
    ],
)
def test_each_way_to_call_something_so_is_found(code: str) -> None:
    assert of_no_noun(ast.parse(code))


@pytest.mark.parametrize("code", ["'one'", "line.one", "f(one)", '"""Say one thing."""'])
def test_to_speak_of_one_is_no_name(code: str) -> None:
    assert not of_no_noun(ast.parse(code))


def test_a_class_has_its_name_for_itself() -> None:
    places = defaultdict(list)
    for path in sorted((ROOT / "harness").rglob("*.py")):
        for name, line, is_class in types(ast.parse(path.read_bytes())):
            places[name].append((f"{path.relative_to(ROOT)}:{line}", is_class))
    shared = {
        name: [place for place, _ in found]
        for name, found in places.items()
        if len(found) > 1 and any(is_class for _, is_class in found)
    }
    assert shared.keys() == TWICE.keys(), shared


def types(tree: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Yield name and line of each public class (True) and of each other name of a type (False).

    Type variables are none: they stand for any type in the functions beside them.
    """
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield name, node.lineno, True
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="TypeVar"))
            ):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) if CAMEL_CASE.fullmatch(name):
                yield name, node.lineno, False
