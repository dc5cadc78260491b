"""Follow a .jsonl file that another process appends to."""

from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from kubedrill.reading.wrong import in_evidence
from kubedrill.record.lines import BadEvidence, adapter

Kind = TypeVar("Kind")


class LineTail(Generic[Kind]):
    """Returns the lines that were completed since the last look; the file may not exist yet."""

    def __init__(self, path: Path, kind: type[Kind]) -> None:
        self._path = path
        self._parse = adapter(kind).validate_json
        self._offset = 0

    def read(self) -> list[Kind]:
        """Return the new whole lines; BadEvidence if one is not of the type."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        whole, newline, _ = data.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        try:
            return [self._parse(line) for line in whole.splitlines()]
        except ValidationError as error:
            raise BadEvidence(self._path, None, in_evidence(error)) from None
