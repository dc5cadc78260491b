"""Follow a file of lines that another process appends to."""

from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from kubedrill.reading.wrong import in_evidence
from kubedrill.record.lines import BadEvidence, adapter

Kind = TypeVar("Kind")


class BytesTail:
    """Returns the lines that were completed since the last look."""

    def __init__(self, path: Path, *, from_end: bool = False) -> None:
        """`from_end`: from where it ends now on."""
        self.path = path
        self._offset = path.stat().st_size if from_end and path.exists() else 0

    def read(self) -> list[bytes]:
        """Return the new whole lines; OSError."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole, newline, _ = data.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        return whole.splitlines()


class LineTail(Generic[Kind]):
    """Returns those of a .jsonl file of our own, which may not exist yet."""

    def __init__(self, path: Path, kind: type[Kind]) -> None:
        self._tail = BytesTail(path)
        self._parse = adapter(kind).validate_json

    def read(self) -> list[Kind]:
        """Return the new whole lines; BadEvidence if one is not of the type."""
        try:
            return [self._parse(line) for line in self._tail.read()]
        except FileNotFoundError:
            return []
        except ValidationError as error:
            raise BadEvidence(self._tail.path, None, in_evidence(error)) from None
