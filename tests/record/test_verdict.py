"""verdict.json's published schema, and docs/run-folder.md."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import LOAD_DTYPE, PROBE_DTYPE, Outcome
from kubedrill.record.verdict import Report, Verdict

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "run-folder.md").read_text(encoding="utf-8")


def test_the_published_schema_is_the_one_in_force() -> None:
    published = json.loads((DOCS / "verdict.schema.json").read_text(encoding="utf-8"))
    again = "kubedrill schema verdict > docs/verdict.schema.json"
    assert published == Report.model_json_schema(), f"make it anew: {again}"
    Draft202012Validator.check_schema(published)


@pytest.mark.parametrize(
    ("verdict", "code"), [(Verdict.PASS, 0), (Verdict.FAIL, 1), (Verdict.INVALID, 2)]
)
def test_exit_codes(verdict: Verdict, code: int) -> None:
    assert verdict.exit_code == code


def test_every_file_of_a_run_is_documented() -> None:
    folder = RunFolder(Path("run"))
    files = [
        getattr(folder, name)
        for name, member in vars(RunFolder).items()
        if isinstance(member, property) and isinstance(getattr(folder, name), Path)
    ]
    assert len(files) > 15
    for file in files:
        assert f"`{file.name}" in TEXT, file


def test_every_column_and_outcome_is_documented() -> None:
    for column in (*(LOAD_DTYPE.names or ()), *(PROBE_DTYPE.names or ())):
        assert f"| `{column}` |" in TEXT
    for outcome in Outcome:
        assert f"| {outcome.value} | {outcome.name.lower()} |" in TEXT


def test_every_key_of_the_verdict_is_documented() -> None:
    for key in Report.model_fields:
        assert f'"{key}"' in TEXT
