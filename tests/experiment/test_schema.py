import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from kubedrill import cluster
from kubedrill.experiment import json_schema
from kubedrill.faults.catalogue import gather

TOP = Path(__file__).resolve().parents[2]
SCHEMA = json_schema(gather().descriptions, cluster.json_schema())
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_published_schema_is_current() -> None:
    published = (TOP / "docs" / "experiment.schema.json").read_text(encoding="utf-8")
    again = "kubedrill schema experiment > docs/experiment.schema.json"
    assert published == json.dumps(SCHEMA, indent=1) + "\n", f"run: {again}"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "path", sorted((TOP / "experiments").glob("*.yaml")), ids=lambda path: path.stem
)
def test_editors_find_nothing_wrong_with_the_shipped_experiments(path: Path) -> None:
    errors = list(VALIDATOR.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8"))))
    assert not errors


@pytest.mark.parametrize(
    "wrong",
    [
        {"titel": "t"},
        {"phases": {}},
        {"phases": {"Big": "10s"}},
        {"phases": {"a": 10}},
        {"phases": {"a": "ten"}},
        {"load": [{"profile": "p", "as": "l", "rate": 10}]},
        {"load": [{"profile": "p", "rate": "10/s"}]},
        {"seed": {"pods": -1}},
        {"faults": [{"etcd.kill": "leader"}]},
        {"faults": [{"kill": {}}]},
        {"slos": {"a": "list.p99 < 1s"}},
        {"probing": {"rates": {"frsh": "1/s"}}},
    ],
)
def test_editors_find_what_is_wrong(small: str, wrong: dict[str, Any]) -> None:
    good = yaml.safe_load(small)
    assert VALIDATOR.is_valid(good)
    assert not VALIDATOR.is_valid(good | wrong)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "c"},
        {"name": "c", "zones": ["a"], "versions": {"etcd": None}},
        {"name": "c", "flags": {"kube-apiserver": {"goaway-chance": 0.001, "v": None}}},
        {"name": "c", "flags": None, "port": None},
    ],
)
def test_editors_know_what_may_be_changed_of_a_cluster(small: str, changed: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(yaml.safe_load(small) | {"cluster": changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"zones": ["a"]},
        {"name": "c", "zone": ["a"]},
        {"name": "c", "zones": "a"},
        {"name": "c", "flags": {"kube-apiservr": {}}},
        {"name": "c", "versions": {"ectd": "v3.7.3"}},
        ["c"],
    ],
)
def test_editors_find_what_cannot_be_changed(small: str, changed: object) -> None:
    assert not VALIDATOR.is_valid(yaml.safe_load(small) | {"cluster": changed})


def test_defaults_are_what_a_person_would_write() -> None:
    def check(node: Any) -> None:
        if isinstance(node, dict):
            if "default" in node and "$ref" not in node:
                rest = {**node, "$defs": SCHEMA["$defs"]}
                assert Draft202012Validator(rest).is_valid(node["default"]), node
            for inner in node.values():
                check(inner)

    check(SCHEMA["$defs"])
    check(SCHEMA["properties"])
