"""A composite action's steps, played as GitHub's runner does: `bash -e`, its files and its expressions."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class ActionRunner:
    """Plays the `run:` steps of an action in a workspace; what others would do (`uses:`) is noted."""

    folder: Path
    known: dict[str, str]
    """What expressions may ask for: `inputs.x`, `github.action_path` ..."""
    environment: Mapping[str, str]
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    """By the action that a step uses, what it is given."""
    said: str = ""
    failed: bool = False

    def __post_init__(self) -> None:
        for name in ("workspace", "temp"):
            (self.folder / name).mkdir()
        for name in ("output", "path", "summary"):
            (self.folder / name).touch()

    @property
    def workspace(self) -> Path:
        """The repository that the workflow is of."""
        return self.folder / "workspace"

    def play(self, action: Mapping[str, Any]) -> int:
        """Play all steps, and return the exit code of that which failed first, or 0."""
        code = 0
        for step in action["runs"]["steps"]:
            asked = step.get("if", "success()")
            if (self.failed and "always()" not in asked) or not self._holds(asked):
                continue
            if "uses" in step:
                given = {key: self._filled(value) for key, value in step["with"].items()}
                self.used[step["uses"]] = given
            elif (ended := self._run(step)) and not self.failed:
                code, self.failed = ended, True
        return code

    def summary(self) -> str:
        """Return the summary of the step."""
        return (self.folder / "summary").read_text(encoding="utf-8")

    def outputs(self, step: str) -> dict[str, str]:
        """Return what a step has put out."""
        start = f"steps.{step}.outputs."
        return {key[len(start) :]: text for key, text in self.known.items() if start in key}

    def _run(self, step: Mapping[str, Any]) -> int:
        given = {name: self._filled(text) for name, text in step.get("env", {}).items()}
        added = (self.folder / "path").read_text(encoding="utf-8").split()
        done = subprocess.run(
            [*BASH, self._filled(step["run"])],
            cwd=self.workspace,
            env={
                **os.environ,
                **self.environment,
                **given,
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_PATH": str(self.folder / "path"),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
                "GITHUB_WORKSPACE": str(self.workspace),
                "PATH": ":".join([*reversed(added), os.environ["PATH"]]),
                "RUNNER_TEMP": str(self.folder / "temp"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.said += done.stdout
        for line in (self.folder / "output").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            self.known[f"steps.{step['id']}.outputs.{key}"] = value
        (self.folder / "output").write_text("")
        return done.returncode

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, expression: str) -> str:
        """Return the first that is not empty of `a || b`; what a step has not put out is empty."""
        for name in expression.split(" || "):
            if not name.startswith("steps.") and name not in self.known:
                raise AssertionError(f"{name}: no such thing is known to an action")
            if value := self.known.get(name, ""):
                return value
        return ""

    def _holds(self, condition: str) -> bool:
        """Whether a condition of `&&` and comparisons with a text holds."""
        return all(self._part_holds(part) for part in condition.split(" && "))

    def _part_holds(self, part: str) -> bool:
        if part in {"always()", "success()"}:
            return True
        name, operator, text = part.split(" ", 2)
        return (self._value(name) == text.strip("'")) is (operator == "==")
