"""Faults: what a fault is. One class a fault, in a file of its family; its fields are what a person gives.

Short functions, and no more: ledger, progress, deadlines, choice and proofs over time are `lifecycle`'s.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, WithJsonSchema

from kubedrill.cluster.handle import Handle
from kubedrill.cluster.leases import LED
from kubedrill.faults.toll import Kind, Left, Toll, Words
from kubedrill.record.catalogue import CHOSEN_LATER, ClusterDescription, Lasts, Need
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.faults import NODE, Witness
from kubedrill.record.target import Target, named

Whom = Annotated[
    str | list[str],
    WithJsonSchema(
        {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "minItems": 1,
            "uniqueItems": True,
        }
    ),
]
"""Whom a fault hits: one by its name, several, or one that the stage chooses: `leader`, `random`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that could be hit, as it was found just before."""

    called: str
    """What the file calls it, such as a zone: `hit` makes a target of it."""
    _: KW_ONLY
    leads: bool = False
    is_well: bool = True
    """Not so of one that answers nobody, for what another fault does to it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a fault is played: the drill's cluster, what was chosen in it, and what was learnt since."""

    record: ClusterRecord
    handle: Handle
    """Acts on behalf of the fault."""
    hit: tuple[Target, ...] = ()
    """Whom the fault hits."""
    lease: int | None = None
    """When what is held is let go though nobody asks for it, monotonic ns."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What `found` and `inject` returned; plain JSON."""
    owner: str = ""
    """On whose behalf: the ledger's id of the fault; "" before it stands there."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Whom the fault hits, by name."""
        return named(self.hit)

    def called(self, target: str) -> str:
        """Return what the experiment calls a target: `a` of `etcd-a`."""
        return next(found.called for found in self.hit if found.name == target)

    def by(self, signal: str) -> str:
        """Return in words by what the targets are hit: a signal, or commands of the cluster's file."""
        asked = all(map(self.record.is_asked, self.targets))
        return f"with {signal}" if asked else "by the commands of the cluster's file"

    def of(self, *components: str) -> "Scene":
        """Return the scene with these components as its targets."""
        parts = (part for name in components for part in self.record.parts if part.name == name)
        hit = (
            Target(name=part.name, called=part.zone or "", kind=part.kind, components=(part.name,))
            for part in parts
        )
        return replace(self, hit=tuple(hit))


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of an effect, or of its end: the proof, or what is still missing."""

    proven: bool
    words: str
    targets: tuple[str, ...] = ()
    """Those for which it is not proven."""


def proof(words: str) -> Seen:
    """Return that it is proven, and by what."""
    return Seen(True, words)


def missing(words: str, *targets: str) -> Seen:
    """Return what is still missing, and for whom."""
    return Seen(False, words, targets)


@dataclass(frozen=True, slots=True)
class Lapse:
    """How an effect did not last."""

    words: str
    over: bool = False
    """Whether it holds again now."""


class Fault(BaseModel, ABC):
    """One fault as an experiment gives it. The docstring's first line says what it does."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: ClassVar[str]
    """As the experiment names it: `etcd.kill`."""
    functions: ClassVar[tuple[str, str]]
    """The names that `actions` binds in its module: what injects it, what undoes it."""
    hits: ClassVar[str]
    """The field that says whom: `member`; "" where `target` is the only one."""
    known_before: ClassVar[bool] = True
    """Whether anybody knows before it is injected whom it may hit."""
    of_fleet: ClassVar[bool] = False
    """Whether only hollow nodes of a fleet do what it asks for."""
    target: ClassVar[str]
    """What ledger and report call the one that the file calls so: `etcd-{}`."""
    verb: ClassVar[str] = "kill"
    done: ClassVar[str] = "killed"
    """What is done to them, and what they are then, as refusals say it."""
    needs: ClassVar[tuple[Need, ...]] = ()
    """What is done to the cluster: operations that its handle must have."""
    parameter_needs: ClassVar[Mapping[str, Need]] = {}
    """By parameter, what is needed besides where it is given; None is what it is where it is not."""
    identity: ClassVar[str] = ""
    """As which identity of the cluster it asks the API; "" where it is done by the handle alone."""
    rights: ClassVar[str] = ""
    """What that identity must be allowed to do: `get,list nodes; create pods/eviction`."""
    blast_radius: ClassVar[str]
    """What is hit at most, and what is refused; `{argument}` stands for an argument's value."""
    absent: ClassVar[str] = "was not running"
    """What those were that are named, and cannot be hit."""
    lasts: ClassVar[Lasts] = "lasting"
    leaves: ClassVar[Left] = "well"
    """How it leaves whom it hits, for other faults that come on top."""
    hits_deaf: ClassVar[bool] = False
    """Whether it may hit one that another fault keeps from answering."""
    effect_s: ClassVar[float]
    """How long its effect may take to be proven."""
    look_s: ClassVar[float] = 0.2
    """How often it is looked at whether it lasts; the supervisor tells of what came and went in between."""
    return_s: ClassVar[float] = 0.0
    """How long its undo may take, until all is proven to be as before."""

    @abstractmethod
    def asked(self) -> str | Sequence[str]:
        """Return whom the file names, by what the file calls them, or `leader` or `random`."""

    def known(self, cluster: ClusterDescription) -> Sequence[str]:
        """Return whom a file may name, if that is known before: the zones."""
        return cluster.zones

    def refuse(self, cluster: ClusterDescription) -> str:  # noqa: ARG002 - for those that must refuse
        """Return why this may not be done to the cluster, before anything is started; or ""."""
        return ""

    def tolls(self, cluster: ClusterDescription) -> Sequence[Toll]:  # noqa: ARG002
        """Return what is taken away while it lasts."""
        return ()

    def moves(self) -> tuple[str, ...]:
        """Return the kinds of components whose leader may change because of it; other leaders may not."""
        return ()

    def moves_on(self, record: ClusterRecord) -> tuple[str, ...]:
        """Return the same on a cluster: where an apiserver has one member of etcd, what takes that takes it.

        Those go with it that renew their Leases there; and a node for a while whose kubelet has a connection
        to it: that stays open, and what is written on it hangs.
        """
        moved = self.moves()
        if record.stacked and "etcd" in moved and self.lasts != "momentary":
            return tuple(dict.fromkeys((*moved, *LED, NODE)))
        return moved

    def shows(self) -> tuple[Witness, ...]:
        """Return what others must see of it: where they saw something else, its proof is not believed."""
        return ()

    def shows_on(self, record: ClusterRecord) -> tuple[Witness, ...]:  # noqa: ARG002
        """Return the same on a cluster: nothing where nobody could see it."""
        return self.shows()

    @abstractmethod
    def candidates(self, scene: Scene) -> Sequence[Candidate]:
        """Return what could be hit now."""

    def drawn(self, there: int) -> int:  # noqa: ARG002
        """Return how many of so many candidates `random` chooses."""
        return 1

    def totals(self, scene: Scene) -> Mapping[Kind, int]:  # noqa: ARG002
        """Return how many there are of kinds that do not stand one in each zone."""
        return {}

    def found(self, scene: Scene) -> Mapping[str, Any]:  # noqa: ARG002
        """Return how the targets are before anything is done: ledger and `facts` have it by then."""
        return {}

    @abstractmethod
    def inject(self, scene: Scene) -> Mapping[str, Any]:
        """Do it to the scene's targets; return what is worth knowing afterwards, as plain JSON."""

    @abstractmethod
    def did(self, scene: Scene) -> str:
        """Say what `inject` did."""

    @abstractmethod
    def took_effect(self, scene: Scene) -> Seen:
        """Look whether it shows."""

    def first(self, scene: Scene) -> Sequence[str]:  # noqa: ARG002
        """Return whom `inject` hits of the targets, where they are taken one after the other; else nobody."""
        return ()

    def advance(self, scene: Scene) -> Sequence[str]:  # noqa: ARG002
        """Do the next step of what is done little by little; asked as often as `lapse`, until the undo.

        Return whom it has hit, of targets that are taken one after the other: what becomes of the others
        meanwhile is none of its doing.
        """
        return ()

    def unfinished(self, scene: Scene) -> str:  # noqa: ARG002
        """Return which steps had not been done when it was to be undone, in words; or ""."""
        return ""

    def lapse(self, scene: Scene) -> Lapse | None:  # noqa: ARG002
        """Return how the effect does not hold, or did not, though nobody has undone it."""
        return None

    def undo(self, scene: Scene) -> None:
        """Begin to take it back; may be called again."""

    def retreat(self, scene: Scene) -> None:
        """Take back the next of what is taken back little by little; asked each time before `undone`."""

    def undone(self, scene: Scene) -> Seen:  # noqa: ARG002
        """Look whether all is as before."""
        return proof("nothing to undo")

    def is_hidden_by(self, other: "Fault") -> bool:  # noqa: ARG002
        """Whether nobody could tell its effect while another one that hits the same is in force."""
        return False

    def toll(self, kind: Kind, allowed: bool, at_once: int | None = None) -> Toll:
        """Return the toll of those that the file names; one that the stage chooses counts as one of any."""
        asked = self.asked()
        if isinstance(asked, str):
            later = asked in CHOSEN_LATER
            named, unnamed = () if later else (asked,), int(later)
            return Toll(kind, named, unnamed, allowed, self.leaves, at_once=at_once)
        return Toll(kind, tuple(asked), 0, allowed, self.leaves, at_once=at_once)

    def hit(self, record: ClusterRecord, called: str) -> Target:
        """Return the one that the file calls so, as a component of the cluster if it is one."""
        name = self.target.format(called)
        kind = next((part.kind for part in record.parts if part.name == name), "")
        within: tuple[str, ...] = (name,) if kind else ()
        if kind and not record.is_asked(name):
            # Where anything of its kind is measured, it is the only one.
            within = (name, *(measured.name for measured in record.of_kind(kind)))
        return Target(name=name, called=called, kind=kind or self.hits or name, components=within)

    def words(self) -> Words:
        """Return how refusals speak of it."""
        return Words(self.name, self.verb, self.done)


class NamesWhom(Fault, ABC):
    """A fault whose field says whom it hits, the one in `hits`; without one there is but its `target`."""

    def asked(self) -> str | Sequence[str]:
        """Return what the field says, or the only target."""
        named: str | Sequence[str] = getattr(self, self.hits) if self.hits else self.target
        return named

    def known(self, cluster: ClusterDescription) -> Sequence[str]:
        """Return the zones, or the only target."""
        return super().known(cluster) if self.hits else (self.target,)
