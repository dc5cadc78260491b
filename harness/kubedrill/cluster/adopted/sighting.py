"""How components are, as the proofs of the cluster's file say it: asked when somebody wants to know.

What a proof does not say plainly is an error: neither that a component runs, nor that it does not.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kubedrill.clock import SECOND, now
from kubedrill.cluster.adopted.components import GivenCommands, part_named
from kubedrill.cluster.adopted.running import run
from kubedrill.cluster.handle import HandleError
from kubedrill.process.running import CommandEnd, log
from kubedrill.record.components import ComponentState
from kubedrill.words import shown

PROOF_S = 5.0
"""What a call of a handle may take."""
GOOD_FOR = SECOND
"""An answer is given again for so long: a fault looks five times a second, which no login should be asked."""
RUNS_FOR = SECOND // 2
"""The same where it runs: then somebody may be waiting for it to be out."""
GONE = 1
"""The exit code of a proof that finds no process; ssh, sudo, env and shells have others where they fail."""


@dataclass(frozen=True, slots=True)
class ToldProcess:
    """A process that a proof tells of."""

    pid: int
    state: str
    """As ps has it (`Ssl`, `T`), or `running`, `paused`; "" if the proof does not say."""

    @property
    def is_paused(self) -> bool:
        """Whether it stands still."""
        return self.state == "paused" or self.state[:1] in {"T", "t"}


_seen: dict[tuple[str, ...], tuple[int, ToldProcess | None]] = {}
"""By proof, when this process was told last, monotonic ns, and of what: whoever asks, for whatever fault."""


_well: dict[tuple[str, ...], tuple[int, str]] = {}
"""The same of what says whether they are well: why they are not."""


class Sightings:
    """Asks the proofs of one cluster's components; what has been said just now is said again."""

    def __init__(self, commands: GivenCommands) -> None:
        self._commands = commands

    def recent(self, component: str) -> ToldProcess | None:
        """Return its process as seen within the last second; None if it has none. HandleError."""
        at, process = _seen.get(self._proof(component), (0, None))
        good_for = RUNS_FOR if process and not process.is_paused else GOOD_FOR
        return process if at > now() - good_for else self.ask(component)

    def ask(self, component: str) -> ToldProcess | None:
        """Return its process as it is now; None if it has none. HandleError if the proof does not tell."""
        proof = self._proof(component)
        ended = run(proof, PROOF_S)
        try:
            process = told(ended)
        except HandleError as error:
            log(ended)
            raise HandleError(f"{component}: its proof does not tell: {error}") from None
        if _seen.get(proof, (0, None))[1] != process:
            logging.info("%s: %s", component, process or "no process")
        _seen[proof] = now(), process
        return process

    def forget(self, component: str) -> None:
        """Ask anew when somebody wants to know."""
        _seen.pop(self._proof(component), None)

    def unwell(self, component: str) -> str:
        """Return why it is not well, as told within the last second; "" if it is, or nobody can be asked."""
        words = self._words(component, "well")
        at, why = _well.get(words, (0, ""))
        if words and at <= now() - GOOD_FOR:
            why = run(words, PROOF_S).why_failed()
            _well[words] = now(), why
        return why

    def _proof(self, component: str) -> tuple[str, ...]:
        return self._words(component, "proof")

    def _words(self, component: str, command: str) -> tuple[str, ...]:
        part = part_named(component)
        return self._commands[component].words(command, (part and part.zone) or "")


def told(ended: CommandEnd) -> ToldProcess | None:
    """Return the process that a proof tells of; None if it says that there is none. HandleError."""
    lines = [line for line in ended.out.splitlines() if line.strip()]
    if ended.err.strip():
        raise HandleError(f"it says on stderr{ended.said()}; nothing must stand there")
    if ended.status == GONE and not lines:
        return None
    if why := ended.why_failed():
        raise HandleError(f"{why}; it must exit with 0, or with {GONE} and say nothing")
    if len(lines) != 1:
        raise HandleError(
            f"it prints {len(lines)} lines; it must print a single one: PID, or PID STATE"
        )
    return _process(lines[0].split())


def _process(words: list[str]) -> ToldProcess | None:
    pid, state = words[0], words[1] if len(words) > 1 else ""
    if not pid.isascii() or not pid.isdigit() or int(pid) == 0:
        raise HandleError(f'it prints "{shown(pid)}", which is no pid')
    # One that has ended, and that nobody has reaped yet.
    return None if state[:1] in {"Z", "X"} else ToldProcess(int(pid), state)


class StatesWhenAsked(Mapping[str, ComponentState]):
    """States by component: what nobody wants to know, nobody has to be asked for."""

    def __init__(self, asked: Mapping[str, Callable[[], ComponentState]]) -> None:
        self._asked = asked

    def __getitem__(self, component: str) -> ComponentState:
        """Return a component's state; HandleError if nobody can tell."""
        return self._asked[component]()

    def __iter__(self) -> Iterator[str]:
        """Iterate over all."""
        return iter(self._asked)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._asked)
