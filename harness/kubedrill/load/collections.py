"""Load: what profiles that read a collection have in common: which resource, where, selected how."""

from urllib.parse import quote, urlencode

from pydantic import Field, model_validator

from kubedrill.client.watching import Encoding
from kubedrill.clock import FOREVER, SECOND, now
from kubedrill.load.selectors import SelectorError, check_fields, check_labels
from kubedrill.load.user import Parameters
from kubedrill.record.resources import BUILT_IN, CLUSTER_WIDE, path_of
from kubedrill.words import did_you_mean, shown


def next_drop(every_s: float, ahead: int) -> int:
    """Return when all watches of a load are dropped next, whatever process they are in: monotonic ns.

    Every `every_s`; FOREVER if that is 0. `ahead`: this machine's clock less the load's, ns.
    """
    every = round(every_s * SECOND)
    return ((now() - ahead) // every + 1) * every + ahead if every else FOREVER


class CollectionParameters(Parameters):
    """What to read."""

    resource: str = Field(
        "pods", pattern=r"^[a-z0-9]{1,63}$", description="what to read, by its plural name"
    )
    api: str = Field(
        "",
        pattern=r"^([a-z0-9.-]+/)?(v[a-z0-9]+)?$",
        description='group and version of a custom resource: "example.com/v1"; empty: built in',
    )
    namespace: str = Field(
        "", pattern=r"^[a-z0-9-]{0,63}$", description="one namespace; empty: all namespaces"
    )
    label_selector: str = Field("", description="only objects with these labels: app=web,tier!=db")
    field_selector: str = Field("", description="only these: spec.nodeName=node-1")

    @model_validator(mode="after")
    def _selectors(self) -> "CollectionParameters":
        for name, check in (("label_selector", check_labels), ("field_selector", check_fields)):
            try:
                check(getattr(self, name))
            except SelectorError as error:
                raise ValueError(f"{name}: {error}") from None
        return self

    @model_validator(mode="after")
    def _one_collection(self) -> "CollectionParameters":
        if not self.api and self.resource not in BUILT_IN:
            raise ValueError(
                f"{shown(self.resource)} is not built in; give the group and version of a custom resource: "
                f'api: "example.com/v1"{did_you_mean(self.resource, BUILT_IN)}'
            )
        if self.namespace and self.resource in CLUSTER_WIDE:
            raise ValueError(f"{self.resource} are in no namespace; leave namespace empty")
        return self

    @property
    def group_version(self) -> str:
        """Group and version of the resource."""
        return self.api or BUILT_IN[self.resource][0]

    @property
    def grouped(self) -> str:
        """The resource with its group, as kubectl has it: `deployments.apps`."""
        group = self.group_version.partition("/")[0] if "/" in self.group_version else ""
        return f"{self.resource}.{group}" if group else self.resource

    @property
    def path(self) -> str:
        """The collection's path in the API."""
        return path_of(self.resource, self.group_version, self.namespace)

    def asking(self, query: dict[str, str]) -> str:
        """Return path and query, with the selectors; what is empty is left out."""
        query = query | {"labelSelector": self.label_selector, "fieldSelector": self.field_selector}
        asked = {name: value for name, value in query.items() if value}
        return f"{self.path}?{urlencode(asked, quote_via=quote)}" if asked else self.path


class WatchedParameters(CollectionParameters):
    """What to watch."""

    encoding: Encoding = Field("json", description="what the server is asked for")

    @model_validator(mode="after")
    def _has_protobuf(self) -> "WatchedParameters":
        if self.api and self.encoding == "protobuf":
            raise ValueError(
                'the server has no protobuf for custom resources; take encoding: "json"'
            )
        return self
