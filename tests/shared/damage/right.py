"""Where a PASS is right though a file was damaged, when the manifest is made anew after it.

A manifest that is made anew is a forger's: who can do that can write another drill. What can still be found out
is evidence that is missing, that cannot be, and that contradicts other evidence. What is left is listed here by
file, kind and words of the damage, each with its reason; any other PASS fails the campaign.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from damage.judging import Answer


@dataclass(frozen=True)
class Right:
    """A kind of damage after which a PASS is right."""

    file: str
    """A pattern."""
    kinds: str
    """Names, separated by |; of all of them a regular expression is made."""
    why: str
    done: str = ""
    """What the damage's words must match; empty: any."""

    def holds(self, answer: Answer) -> bool:
        return (
            fnmatchcase(answer.file, self.file)
            and re.fullmatch(self.kinds, answer.kind) is not None
            and re.search(self.done, answer.done) is not None
        )


RIGHT: tuple[Right, ...] = ()


def why_right(answer: Answer) -> str:
    """Return why a PASS is right; empty if it is not known to be."""
    return next((one.why for one in RIGHT if one.holds(answer)), "")
