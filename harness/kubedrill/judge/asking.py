"""Judge: who asked what of the apiservers in a phase, as their own logs of requests tell."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from kubedrill.judge.found import Found, looks
from kubedrill.judge.silence import of_lines
from kubedrill.record.folder import RunFolder
from kubedrill.record.requests import RequestLook
from kubedrill.record.schedule import Phase, allowed_hole
from kubedrill.record.verdict import AgentResult

MOST_AGENTS, MOST_ASKED = 12, 3
"""So many are told of in the verdict: those that ask most, and what they ask most."""


@dataclass(frozen=True, slots=True)
class RequestsTold:
    """What was asked in a run."""

    told: Found[RequestLook]

    @classmethod
    def read(cls, folder: RunFolder, *, killed: bool) -> "RequestsTold":
        """Read the file of a run; where it is missing nobody knows."""
        return cls(looks(folder, folder.requests, RequestLook, may_be_cut=killed))

    def doubt(self, phase: Phase) -> str:
        """Return why nobody knows all that was asked in a phase; or ""."""
        absent = "nobody read along"
        if words := of_lines(self.told, phase, "requests.jsonl", allowed_hole(1.0), absent):
            return words
        unread = {name for look in self.within(phase) for name in look.unread}
        return f"the log of {' and '.join(sorted(unread))} could not be read" if unread else ""

    def within(self, phase: Phase) -> Sequence[RequestLook]:
        """Return the looks of a phase: each tells of the second before it."""
        return [look for look in self.told.lines if phase.start < look.time <= phase.end]

    def by_agent(self, phase: Phase) -> dict[str, Counter[str]]:
        """Return what each asked in a phase, who asked most first."""
        found: dict[str, Counter[str]] = {}
        for look in self.within(phase):
            for agent, asked in look.counts.items():
                found.setdefault(agent, Counter()).update(asked)
        return dict(sorted(found.items(), key=lambda each: (-each[1].total(), each[0])))

    def most(self, phase: Phase) -> Iterator[AgentResult]:
        """Yield who asked most in a phase, and what; nobody where it is not known."""
        if self.doubt(phase):
            return
        found = self.by_agent(phase)
        total = max(sum(each.total() for each in found.values()), 1)
        for agent, each in islice(found.items(), MOST_AGENTS):
            yield AgentResult(
                phase=phase.name,
                agent=agent,
                requests=each.total(),
                share=each.total() / total,
                most=dict(each.most_common(MOST_ASKED)),
            )
