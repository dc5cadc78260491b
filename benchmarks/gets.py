"""GETs of one path: the profile of benchmarks that need no control plane."""

from pydantic import Field

from kubedrill.load.user import Arrival, KubernetesUser, RequestSeries, Result
from kubedrill.load.user.parameters import Parameters


class GetsParameters(Parameters):
    """What to GET."""

    path: str = Field("/", description="path on the server")
    accept: str = Field("application/json", description="the Accept header")


class Gets(KubernetesUser):
    """GETs one object, again and again."""

    series = (RequestSeries("get", "GET", "transaction"),)
    parameters = GetsParameters

    def prepare(self) -> None:
        """Make the request's bytes."""
        assert isinstance(self.given, GetsParameters)
        self._request = self.identity.request("GET", self.given.path, self.given.accept)

    def transact(self, arrival: Arrival) -> Result:
        """GET once."""
        response = self.send(self._request, arrival.deadline)
        return Result.of(response, response.status)
