"""What faults take away of a cluster at one moment, and what is left of it then, in figures and in words."""

from dataclasses import dataclass
from typing import Any

from kubedrill.words import are, counted


@dataclass(frozen=True, slots=True)
class Taken:
    """What is away of one kind at the same time, at most."""

    kind: str
    """In the singular: member, apiserver, zone, link, ..."""
    total: int
    """How many there are; 0 if that is not known."""
    named: tuple[str, ...]
    """Who, by what the file calls them, as far as that is known beforehand."""
    chosen_later: int
    """How many more, chosen when the fault is injected."""
    away: int
    """How many at the same time: less than all of them where they are taken one after the other."""
    needed: int = 0
    """How many must be left: a quorum of members, one apiserver; 0 of what all may be away."""
    cut: tuple[str, ...] = ()
    """Who does not reach whom any more, though neither is away: `a from b`."""
    cut_off: int = 0
    """How many of those that are not away do not work with the others for that."""

    @property
    def left(self) -> int:
        """How many are left that work together; 0 also if it is not known how many there are."""
        return max(self.total - self.away - self.cut_off, 0)

    @property
    def missing(self) -> int:
        """How many are away, or work with no others."""
        return self.away + self.cut_off

    @property
    def spare(self) -> int:
        """How many more may be away; less than 0: so many are missing."""
        return self.left - self.needed

    def words(self) -> str:
        """Return the sum: `etcd: 3 members, quorum 2; 1 is away (b): 2 are left, none to spare`."""
        away = f"{self.away} {are(self.away)} away ({self._who()})"
        cut = f"cut: {', '.join(self.cut)}"
        gone = "; ".join([away] * bool(self.away) + [cut] * bool(self.cut))
        if not self.total:
            return f"{self.kind}: {gone}"
        reaching = " that reach each other" if self.cut and self.left > 1 else ""
        left = f"{self.left} {are(self.left)} left{reaching}"
        if not self.needed:
            return f"{counted(self.total, self.kind)}; {gone}: {left}"
        there = f"{counted(self.total, self.kind)}, {_NEED.get(self.kind, 'needed')} {self.needed}"
        owner = "etcd: " if self.kind == "member" else ""
        return f"{owner}{there}; {gone}: {left}, {self._spare()}"

    def _who(self) -> str:
        later = f"{self.chosen_later} chosen then" if self.chosen_later else ""
        who = ", ".join(filter(None, (*self.named, later)))
        return f"{who}, {self.away} at a time" if self.away < len(self.named) else who

    def _spare(self) -> str:
        if self.spare < 0:
            return f"{-self.spare} too few"
        return f"{self.spare or 'none'} to spare"

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "kind": self.kind,
            "total": self.total,
            "named": list(self.named),
            "chosen_later": self.chosen_later,
            "away": self.away,
            "cut": list(self.cut),
            "cut_off": self.cut_off,
            "left": self.left if self.total else None,
            "needed": self.needed,
            "words": self.words(),
        }


_NEED = {"member": "quorum"}
