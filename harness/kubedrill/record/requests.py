"""Who asked what of the apiservers, as their own logs of requests tell: `requests.jsonl`."""

from pydantic import Field

from kubedrill.record.lines import Count, TimedLine


class RequestLook(TimedLine):
    """What was asked since the look before, of all apiservers together."""

    counts: dict[str, dict[str, Count]] = Field(default_factory=dict)
    """By user agent, then by what was asked: `PUT leases`, `WATCH pods`; a watch when it begins."""
    unread: tuple[str, ...] = ()
    """The apiservers whose log is not there, or cannot be read."""


def agent_of(said: str) -> str:
    """Return who asked, of the User-Agent header, without versions: `kube-controller-manager/job-controller`.

    client-go's is `program/version (os/arch) kubernetes/commit/what-for`, and what it is for may be missing.
    """
    program = said.partition("/")[0].partition(" ")[0]
    _, marked, rest = said.partition(") kubernetes/")
    purpose = rest.partition("/")[2].rpartition(":")[2] if marked else ""
    return "/".join(filter(None, (program, purpose))) or "-"
