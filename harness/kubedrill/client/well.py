"""Client: whether a component is well, as it says itself: which of its pages are asked, and what they say."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kubedrill.client.caller import Caller
from kubedrill.record.sample import outcome_name
from kubedrill.wire.errors import WireError

Pages = Sequence[str]
"""The better question first; the next one is asked where a server does not know it (404)."""

PAGES: Mapping[str, Pages] = {
    "etcd": ("/readyz", "/health"),
    "kube-apiserver": ("/readyz",),
    "kube-controller-manager": ("/readyz", "/healthz"),
    "kube-scheduler": ("/readyz", "/healthz"),
}
"""What runs in each zone, and where it answers with 200 when it is well.

etcd has /readyz since 3.4.29 and 3.5.11, and a kube-scheduler of 1.37.2; a kube-controller-manager of
1.37.2 has only /healthz.
"""


class Answered(NamedTuple):
    """What a component answered."""

    page: str
    answer: str
    """A status, or how there was none."""

    @property
    def well(self) -> bool:
        """Whether it says that it is well."""
        return self.answer == "200"

    def of(self, component: str) -> str:
        """Return in words what that component said."""
        return f"{self.page} of {component}: {self.answer}"


def ask(api: Caller, pages: Pages) -> Answered:
    """Ask a component how it is."""
    for page in pages:
        said = Answered(page, _answer(api, page))
        if said.answer != "404":
            break
    return said


def _answer(api: Caller, page: str) -> str:
    try:
        return str(api.call("GET", page).status)
    except WireError as error:
        return outcome_name(error.outcome)
