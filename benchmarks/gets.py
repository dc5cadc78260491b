"""A profile of nothing but GETs, as small as the one in kubedrill.load.user's documentation."""

from kubedrill.load.user import Arrival, KubernetesUser, Result, Series
from kubedrill.load.user.parameters import Parameters


class Gets(KubernetesUser):
    """GETs one small object."""

    series = (Series("get", "GET", "transaction"),)
    parameters = Parameters

    def prepare(self) -> None:
        """Make the request's bytes."""
        self._request = self.identity.request("GET", "/", "application/json")

    def transact(self, arrival: Arrival) -> Result:
        """GET once."""
        response = self.send(self._request, arrival.deadline)
        return Result.of(response, response.status)
