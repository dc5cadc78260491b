"""Judge: what becomes of measuring: a value, its bounds, or why there is none."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """A value in the series' base unit, or why there is none."""

    value: float | None
    reason: str = ""
    valid: bool = True
    """Whether it says anything. A valid one with a reason did not hold, whatever was asked."""
    most: float | None = None
    """What it is at most, where `value` is only what it is at least."""
    note: str = ""
    """What is to be said beside it if it did not hold."""

    @classmethod
    def unknown(cls, reason: str) -> "Measured":
        """Return that nothing can be said of it, and why."""
        return cls(None, reason, valid=False)

    @classmethod
    def sample(cls, value: float | None) -> "Measured":
        """Return a value; unknown where nothing was asked in the phase."""
        return cls(value) if value is not None else cls.unknown("no sample in this phase")
