"""GETs by our client, closed-loop as its peer is: each user asks again as soon as it is answered.

All else is as in any drill: the same process and client, every request in the samples and in Locust's
statistics.
"""

from locust import task
from pydantic import Field

from kubedrill.load.user import Arrival, KubernetesUser, Result, Series
from kubedrill.load.user.parameters import Parameters
from kubedrill.record.clock import now


class GetsParameters(Parameters):
    """What to GET."""

    path: str = Field("/", description="path on the server")
    accept: str = Field("application/json", description="the Accept header")


class Gets(KubernetesUser):
    """GETs one object, again and again."""

    series = (Series("get", "GET", "transaction"),)
    parameters = GetsParameters

    def prepare(self) -> None:
        """Make the request's bytes."""
        assert isinstance(self.given, GetsParameters)
        self._request = self.identity.request("GET", self.given.path, self.given.accept)

    def transact(self, arrival: Arrival) -> Result:
        """GET once."""
        response = self.send(self._request, arrival.deadline)
        return Result.of(response, response.status)

    @task
    def take_part(self) -> None:
        """Serve one arrival after the other, instead of those that are due by the drill's schedule."""
        while not self._leaving.is_set():
            self.serve(self._recorder.begin(now()))
