"""Stage: from samples to numbers, from numbers to a verdict. Reads files only."""

from kubedrill.judge.parquet import convert
from kubedrill.judge.sealed import judge
from kubedrill.judge.verdict import Other

__all__ = ["Other", "convert", "judge"]
