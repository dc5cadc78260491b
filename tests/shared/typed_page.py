"""A page of the docs, typed: its commands in one shell, its files written, its answers compared."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_BLOCK = re.compile(r"```(sh|text|yaml)\n(.*?)```", re.DOTALL)
_NUMBER = re.compile(r"(>= )?-?\d[\d.,:TZ]*( ?(ms|s|%|KB|MB|GB|cores|/s|minutes))?")
_ELSEWHERE = re.compile(r"\S*/(?=reports/)")
_ENDED = "-- ended with"


@dataclass(frozen=True, slots=True)
class PageBlock:
    """What stands between two fences."""

    kind: str
    """sh | text | yaml"""
    text: str

    @property
    def path(self) -> str:
        """The file that a block of YAML is, by its first line."""
        return self.text.partition("\n")[0].removeprefix("# ")


def blocks(page: Path) -> Iterator[PageBlock]:
    """Yield the blocks of a page in their order."""
    for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        yield PageBlock(kind, text)


class TypingShell:
    """One shell, into which lines are typed; where it is, and what it has activated, stays."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def type(self, line: str, told: str = "") -> tuple[int, str]:
        """Return the exit code of a line, and what it has printed; `told` is what it may read."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{{ {line}\n}} <<< '{told}'\necho \"{_ENDED} $?\"\n")
        self._process.stdin.flush()
        said: list[str] = []
        for printed in self._process.stdout:
            if printed.startswith(_ENDED):
                return int(printed.removeprefix(_ENDED)), "".join(said)
            said.append(printed)
        raise AssertionError(f"{line}: ended the shell\n{''.join(said)}")


def unlike(answer: str, output: str) -> list[str]:
    """Return the lines of a page's answer that have no like among those printed.

    Numbers are any, so is where the folder of reports stands, and PASS is as good as FAIL: what is
    measured is the machine's.
    """
    printed = {_alike(line) for line in output.splitlines()}
    lines = (line for line in answer.splitlines() if line.strip() not in {"", "..."})
    return [line for line in lines if _alike(line) not in printed]


def _alike(line: str) -> str:
    words = _NUMBER.sub("0", _ELSEWHERE.sub("", line)).replace("FAIL", "PASS")
    return " ".join(words.split())
