"""Judge: how many requests somebody made, by its user agent."""

from kubedrill.judge.counting import over_phase
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.measuring import Measured, measures
from kubedrill.record.objective import Objective
from kubedrill.record.schedule import Phase
from kubedrill.record.series import agent_in


@measures("asked")
def requests(evidence: Evidence, objective: Objective, phase: Phase) -> Measured:
    """Return how many requests a program made in a phase, whatever each was for."""
    asked = evidence.asked
    if words := asked.doubt(phase):
        return Measured.unknown(words)
    program = agent_in(objective.series)
    many = sum(
        each.total()
        for agent, each in asked.by_agent(phase).items()
        if agent.partition("/")[0].lower() == program
    )
    return over_phase(float(many), objective, phase)
