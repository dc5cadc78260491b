"""Suites in a project folder, beside the shipped profiles and clusters; programs that are none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

TOP = Path(__file__).resolve().parents[2]
SHORT: dict[str, Any] = {
    "title": "A short drill",
    "why": "It tests suites.",
    "cluster": "local-3az",
    "load": [
        {
            "profile": "mass-list",
            "as": "list",
            "rate": "5/s",
            "with": {"resource": "pods", "resource_version": "0", "encoding": "protobuf"},
        }
    ],
    "phases": {"warmup": "2s", "baseline": "4s"},
    "slos": {"baseline": ["list.p99 < 5s"]},
}
Write = Callable[[str], Path]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder laid out as a user's, with two experiments."""
    folder = tmp_path / "project"
    for own in ("experiments", "suites"):
        (folder / own).mkdir(parents=True)
    for shipped in ("loadprofiles", "clusters"):
        (folder / shipped).symlink_to(TOP / shipped)
    for name in ("first", "second"):
        text = yaml.safe_dump(SHORT, sort_keys=False)
        (folder / "experiments" / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture
def write(project: Path) -> Write:
    """Write a suite's file."""

    def write(text: str) -> Path:
        file = project / "suites" / "nightly.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which a drill could begin, as far as can be seen before."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        version = "3.7.3" if name == "etcd" else "v1.37.2"
        (programs / name).write_text(f"#!/bin/sh\necho {version}\n")
        (programs / name).chmod(0o755)
    return {"KUBEDRILL_STATE": str(tmp_path / "state"), "KUBEBUILDER_ASSETS": str(programs)}
