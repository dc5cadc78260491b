"""Load: a profile run by a person, `locust -f PROFILE`, against the cluster of KUBECONFIG."""

import secrets
from argparse import Namespace
from collections.abc import Callable, Iterator

from locust.argument_parser import LocustArgumentParser

from kubedrill.load.user.generator import Generator
from kubedrill.load.user.identity import Identity, of_kubeconfig
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.result import Series
from kubedrill.load.user.share import Share
from kubedrill.record.clock import SECOND, now
from kubedrill.record.files import JsonLines
from kubedrill.record.sample import SampleWriter
from kubedrill.wire.target import Http

LOWEST_RATE = 0.001


def steered(start: int, rate: Callable[[], float]) -> Iterator[int]:
    """Yield times, monotonic ns, without end; `rate()` is asked anew for each step."""
    due = float(start)
    while True:
        yield int(due)
        due += SECOND / rate()


class StandAlone:
    """Sends `--rate` arrivals a second for as long as Locust's test runs; keeps no samples."""

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self.share = Share()
        """Each process of Locust is a load by itself, with a name of its own."""
        self.load = "locust"
        """A name for what the load creates."""
        self.users = max(int(options.num_users or 1), 1)
        """How many users are to be there; more may come, and take their part of the arrivals."""
        self.swept = False
        """Whether what the load makes is deleted afterwards."""
        self.ahead = 0
        """By how much this machine's clock is ahead of the load's, ns; of workers of other machines only."""
        self.run_name = f"{self.load}-{secrets.token_hex(4)}"

    @staticmethod
    def add_options(parser: LocustArgumentParser) -> None:
        """Add the options that in a drill come from its schedule."""
        parser.add_argument(
            "--rate",
            type=float,
            default=10.0,
            help="arrivals a second of all users of this process together (default: 10)",
        )
        parser.add_argument(
            "--user-rate",
            type=float,
            default=0.0,
            help="arrivals a second of each user, instead of --rate: then the number of users, or a "
            "LoadTestShape, steers the load",
        )

    def identities(self, http: Http) -> list[Identity]:
        """Return who the users are; NotStarted if the kubeconfig does not say."""
        return [of_kubeconfig(http)]

    def samples(self, series: tuple[Series, ...], given: Parameters) -> SampleWriter | None:  # noqa: ARG002
        """Nothing is kept."""
        return None

    def vitals(self) -> JsonLines | None:
        """Nothing is kept."""
        return None

    def spawned(self) -> None:
        """Arrivals do not wait for the last user."""

    def run(self, generator: Generator) -> bool:
        """Send until this greenlet is killed."""

        def rate() -> float:
            # Asked anew for each arrival: the web form or a shape may have changed it.
            of_users = float(self._options.user_rate) * len(generator.users)
            return max(of_users or float(self._options.rate), LOWEST_RATE)

        generator.run(steered(now(), rate))
        return False
