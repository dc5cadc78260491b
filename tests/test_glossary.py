"""docs/glossary.md: each word once, in order, in one sentence; and the docs do use it."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LINE = re.compile(r"\| ([a-z ]+) \| (.*) \|")
ROWS = [
    row.groups()
    for line in (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    if (row := LINE.fullmatch(line)) and row[1] != "word"
]
OTHERS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md")
    if path.name != "glossary.md"
)


def test_every_line_of_its_table_is_a_word() -> None:
    lines = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    assert len(ROWS) == sum(line.startswith("|") for line in lines) - 2


def test_each_word_stands_there_once_in_order() -> None:
    words = [word for word, _ in ROWS]
    assert all(before < after for before, after in pairwise(words)), words


@pytest.mark.parametrize(("word", "meaning"), ROWS, ids=[word for word, _ in ROWS])
def test_it_is_said_in_one_sentence_and_used(word: str, meaning: str) -> None:
    assert re.fullmatch(r"[A-Z][^.]*(?:\.(?=\w)[^.]*)*\.", meaning), "one sentence, with its end"
    forms = rf"\b{re.escape(word)}|\b{re.escape(word.replace(' ', '-'))}"
    assert re.search(forms, OTHERS, re.IGNORECASE), f"no page of the docs speaks of {word}"


def test_the_readme_leads_to_it() -> None:
    assert "docs/glossary.md" in (ROOT / "README.md").read_text(encoding="utf-8")
