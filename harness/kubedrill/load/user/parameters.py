"""Load: the parameters of a profile, as an experiment's `with:` or Locust's command line give them."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any, Literal, Self, TypeVar, get_args, get_origin

from locust.argument_parser import LocustArgumentParser
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from kubedrill.errors import NotStarted
from kubedrill.reading.wrong import in_parameters
from kubedrill.record.catalogue import Makes
from kubedrill.record.schedule import TIMEOUT_S
from kubedrill.record.share import Share
from kubedrill.wire.target import Http


class Parameters(BaseModel):
    """What every profile takes. A profile adds its own; fields are text, numbers or Literals.

    `""` and 0 stand for "not set": a web form has no other way to say so.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    timeout_s: float = Field(
        TIMEOUT_S,
        gt=0,
        le=3600,
        description="seconds until a request has failed, from its real start",
    )
    max_in_flight: int = Field(
        1000,
        ge=1,
        le=10_000,
        description="arrivals in flight at once; what comes beyond is dropped",
    )
    http: Http = Field("1.1", description='"2": many requests at once on each connection')
    connections: int = Field(
        0,
        ge=0,
        le=10_000,
        description="connections of each user, for which requests wait; 0: as many as it takes, "
        "which for HTTP/2 is one, and more when the server takes no more requests on it",
    )
    keep_alive: bool = Field(True, description="use connections again; false: a new one a request")
    retry_after: Literal["ignore", "obey"] = Field(
        "ignore",
        description='"obey": what is refused with Retry-After is sent again after it, until timeout_s',
    )

    def makes(self) -> Sequence[Makes] | None:
        """Return what a load of them makes in the cluster; None if that is not known."""
        return None

    def asked_connections(self, users: int, share: Share) -> int:  # noqa: ARG002 - for profiles
        """Return for how many connections a process with so many users is asked; 0: as many as it takes."""
        return users * self.connections

    @field_validator("http", mode="before")
    @classmethod
    def _as_text(cls, given: Any) -> Any:
        # A version is a number in YAML unless it is quoted.
        return str(given) if type(given) in {int, float} else given

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        if self.http == "2" and self.connections and not self.keep_alive:
            raise ValueError(
                'keep_alive: false is a connection for each request; with http: "2" leave connections out'
            )
        return self


Model = TypeVar("Model", bound=Parameters)


def check(values: dict[str, Any], model: type[Model]) -> Model:
    """Return the values as `model`; ValueError says what is wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ValueError(in_parameters(error)) from None


def add_options(parser: LocustArgumentParser, model: type[Parameters]) -> None:
    """Add an option for each parameter; the web UI's form shows them too."""
    for name, field in model.model_fields.items():
        choices = _choices(field.annotation)
        default = written(field.default)
        parser.add_argument(
            option(name),
            type=str if choices else field.annotation,
            choices=choices,
            default=default if choices else field.default,
            help=f"{field.description} (default: {default!r})".replace("%", "%%"),
        )


def from_options(options: Namespace, model: type[Model]) -> Model:
    """Return the parameters that Locust's options hold; NotStarted says what is wrong."""
    values = {name: getattr(options, name) for name in model.model_fields}
    for name, field in model.model_fields.items():
        if field.annotation is bool:
            values[name] = values[name] == "true"
    try:
        return check(values, model)
    except ValueError as error:
        raise NotStarted(str(error)) from None


def option(name: str) -> str:
    """Return the command line's option for a parameter."""
    return "--" + name.replace("_", "-")


def written(value: Any) -> Any:
    """Return a value as it stands on the command line; there is no other way to say false."""
    return str(value).lower() if isinstance(value, bool) else value


def _choices(annotation: Any) -> tuple[Any, ...] | None:
    if annotation is bool:
        return ("false", "true")
    return get_args(annotation) if get_origin(annotation) is Literal else None
