"""Load: what profiles are made of. Importing this imports Locust, which replaces sockets by gevent's."""

from kubedrill.load.user.kubernetes_user import KubernetesUser
from kubedrill.load.user.parameters import Parameters
from kubedrill.load.user.result import Arrival, RequestSeries, Result

__all__ = ["Arrival", "KubernetesUser", "Parameters", "RequestSeries", "Result"]
