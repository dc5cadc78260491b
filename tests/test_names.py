"""What things are called: a variable by its noun."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [
    path
    for folder in ("harness", "tests", "benchmarks", "loadprofiles")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


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
