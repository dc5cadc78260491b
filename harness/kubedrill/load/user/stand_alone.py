"""Load: a profile run by a person, `locust -f PROFILE`, against the cluster of KUBECONFIG."""

import random
import secrets
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from locust.argument_parser import LocustArgumentParser

from kubedrill.client.identity import ClientIdentity, of_kubeconfig, user_agent
from kubedrill.clock import SECOND, now
from kubedrill.errors import BadFile, NotStarted
from kubedrill.load.user.generator import Generator
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.result import RequestSeries
from kubedrill.reading.arrivals import Arrivals, Spacing
from kubedrill.reading.problems import Problems, Source
from kubedrill.reading.rate import RateShape
from kubedrill.reading.text import BadText
from kubedrill.reading.yaml import check
from kubedrill.reading.yaml_nodes import parse
from kubedrill.record.share import Share
from kubedrill.wire.target import Http

LOWEST_RATE = 0.001
NO_END = 10 * 365 * 24 * 3600 * SECOND
SHAPE = "--rate-shape"


def steered(start: int, rate: Callable[[], float], spacing: Spacing, burst: int) -> Iterator[int]:
    """Yield times, monotonic ns, without end; `rate()` is asked anew for each step."""
    due = float(start)
    while True:
        for _ in range(burst):
            yield int(due)
        steps = random.expovariate(1) if spacing == "poisson" else 1
        due += steps * burst * SECOND / rate()


def shaped(options: Namespace) -> Arrivals | None:
    """Return the arrivals that --rate-shape says, None without it; NotStarted says what is wrong."""
    if options.burst < 1:
        raise NotStarted(f"--burst must be at least 1, not {options.burst}")
    text = options.rate_shape.strip()
    if not text:
        return None
    if options.user_rate:
        raise NotStarted(f"{SHAPE} and --user-rate are two different loads; leave one of them out")
    try:
        value, _ = parse(text)
        problems = Problems(Source(Path(SHAPE), {}))
        shape = check(value, RateShape, problems)
        problems.stop()
        assert shape is not None
        points = shape.arrivals(Path.cwd())
    except (BadText, ValueError) as error:
        raise BadFile(SHAPE, None, str(error)) from None
    return Arrivals(points, options.spacing, options.burst)


class StandAloneSession:
    """Sends `--rate` arrivals a second for as long as Locust's test runs; keeps no samples.

    Its attributes are those of load.user.session.Session.
    """

    def __init__(self, options: Namespace, profile: str) -> None:
        self._options = options
        self._profile = profile
        self.begin_test()
        self.share = Share()
        """Each process of Locust is a load by itself, with a name of its own."""
        self.load = "locust"
        self.users = max(int(options.num_users or 1), 1)
        self.swept = False
        self.ahead = 0
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
        parser.add_argument(
            SHAPE,
            type=str,
            default="",
            help="how the rate changes, instead of --rate, as an experiment's rate says it: "
            "'ramp: {from: 1/s, to: 40/s, over: 2m}'; or steps, spike, recorded, points",
        )
        parser.add_argument(
            "--spacing",
            choices=get_args(Spacing),
            default="paced",
            help="evenly, or at random as independent clients come (default: paced)",
        )
        parser.add_argument(
            "--burst",
            type=int,
            default=1,
            help="how many come at once; the rate stays what it is (default: 1)",
        )

    def begin_test(self) -> None:
        """Read anew how the rate changes, if it does; NotStarted says what is wrong."""
        self._arrivals = shaped(self._options)

    def identities(self, http: Http) -> list[ClientIdentity]:
        """Return who the users are; NotStarted if the kubeconfig does not say."""
        return [of_kubeconfig(user_agent(self._profile), http)]

    def samples(self, series: Sequence[RequestSeries], given: Parameters) -> None:
        """Nothing is kept."""

    def vitals(self) -> None:
        """Nothing is kept."""

    def spawned(self) -> None:
        """Arrivals do not wait for the last user."""

    def run(self, generator: Generator) -> bool:
        """Send until this greenlet is killed."""
        generator.run(self.dues(now(), generator))
        return False

    def dues(self, start: int, generator: Generator) -> Iterator[int]:
        """Yield when arrivals are due, monotonic ns; it may depend on the users that there are."""
        options = self._options
        if self._arrivals is not None:
            for block in self._arrivals.dues(NO_END, self.run_name):
                yield from (block + start).tolist()
            return

        def rate() -> float:
            # Asked anew for each arrival: the web form or a shape may have changed it.
            of_users = float(options.user_rate) * len(generator.users)
            return max(of_users or float(options.rate), LOWEST_RATE)

        yield from steered(start, rate, options.spacing, options.burst)
