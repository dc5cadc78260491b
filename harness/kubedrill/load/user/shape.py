"""Load: a LoadTestShape with which Locust's users, and its charts of them, follow `--rate-shape`.

In a locustfile beside the profile, `locust -f loadprofiles/mass_list.py,following.py`:

    from kubedrill.load.user.shape import FollowRate
"""

import math
from typing import ClassVar

from locust import LoadTestShape

from kubedrill.load.user.stand_alone import shaped


class FollowRate(LoadTestShape):
    """Lets there be as many users as the rate of the moment needs; it does not change the arrivals."""

    use_common_options = True
    per_user: ClassVar[float] = 10.0
    """Arrivals a second for which there is one user."""

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there are to be now, and as many as the spawn rate; None at the end."""
        assert self.runner is not None
        options = self.runner.environment.parsed_options
        assert options is not None
        seconds: float = self.get_run_time()  # type: ignore[no-untyped-call]
        if options.run_time and seconds >= options.run_time:
            return None  # Locust itself ends no shape
        arrivals = shaped(options)
        rate = arrivals.rate_at(seconds) if arrivals else options.rate
        users = max(math.ceil(rate / self.per_user), 1)
        return users, users
