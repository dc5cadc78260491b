"""The emergency plan of a drill, step by step: in its file, on its schedule, and as told in `plan.jsonl`."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from kubedrill.reading.types import LongestWait, Name, Part, Title
from kubedrill.record.lines import TimedLine

MOST_STEPS = 16
CommandWords = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=2000)], ...],
    Field(min_length=1, max_length=100),
]
"""A program and its arguments; no shell is between."""


@dataclass(frozen=True, slots=True)
class ScheduledStep:
    """One step of the plan: a command, or what a person does."""

    name: str
    within_s: Annotated[float, Field(gt=0)]
    """How long it may take, with its `verify`."""
    command: tuple[str, ...] = ()
    person: str = ""
    verify: tuple[str, ...] = ()
    """The command that shows that it worked; empty if none does."""
    verify_in: str = ""
    """The phase whose objectives show that; empty if none do."""

    @property
    def is_verified(self) -> bool:
        """Whether something shows that it worked."""
        return bool(self.verify or self.verify_in)

    @property
    def does(self) -> str:
        """Return what is done, in words."""
        return self.person or " ".join(self.command)


class PlanStep(Part):
    """One step of the emergency plan, which is executed while the first fault is in force."""

    step: Name
    command: CommandWords | None = None
    """A program and its arguments; exit code 0 says that it is done."""
    person: Title | None = None
    """Instead of a command: what a person does, who then types `kubedrill confirm RUN STEP`."""
    within: LongestWait
    """How long it may take, with its `verify`."""
    verify: CommandWords | None = None
    """The command that shows that it worked, by exit code 0; it is tried again until then."""
    verify_in: Name | None = None
    """Instead: the phase whose objectives show it; the fault is in force until its end."""

    @model_validator(mode="after")
    def _one_way(self) -> "PlanStep":
        if (self.command is None) == (self.person is None):
            raise ValueError("needs a command, or what a person does, not both")
        if self.verify is not None and self.verify_in is not None:
            raise ValueError("verify and verify_in exclude each other")
        return self

    @model_serializer(mode="wrap")
    def _dumped(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what the step has not got."""
        return {key: value for key, value in dump(self).items() if value is not None}

    def scheduled(self) -> ScheduledStep:
        """Return it as a schedule has it."""
        return ScheduledStep(
            name=self.step,
            within_s=self.within,
            command=self.command or (),
            person=self.person or "",
            verify=self.verify or (),
            verify_in=self.verify_in or "",
        )

    @classmethod
    def of(cls, scheduled: ScheduledStep) -> "PlanStep":
        """Return what `scheduled` made it of."""
        return cls(
            step=scheduled.name,
            command=scheduled.command or None,
            person=scheduled.person or None,
            within=scheduled.within_s,
            verify=scheduled.verify or None,
            verify_in=scheduled.verify_in or None,
        )


PlanEvent = Literal["begun", "executed", "verified", "failed"]


class ToldOfPlan(TimedLine):
    """One event of one step, without the step's name."""

    event: PlanEvent
    words: str
    """What is to be done, what came of it, or why it failed."""


class PlanLine(ToldOfPlan):
    """A line of `plan.jsonl`."""

    step: str
