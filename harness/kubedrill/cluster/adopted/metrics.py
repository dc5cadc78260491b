"""Where the metrics of somebody else's cluster are from, as its file says: `metrics:`."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from kubedrill.reading.problems import describe
from kubedrill.reading.types import Part, matching
from kubedrill.record.metric import APISERVER
from kubedrill.record.prometheus import TOKEN, USUAL, Auth, PrometheusSource, Scraped
from kubedrill.words import shown

_MATCHER = r'\s*[A-Za-z_][A-Za-z0-9_]*\s*(=|!=|=~|!~)\s*"([^"\\\n]|\\.)*"\s*'
Matchers = Annotated[
    str,
    Field(max_length=500),
    matching(
        rf"{_MATCHER}(,{_MATCHER})*",
        "is no matcher of PromQL; write 'job=\"apiserver\"', or several with a comma between them",
    ),
]


def _address(text: str) -> str:
    """Return an address without its last slash; ValueError says what is wrong with it."""
    example = "write https://prometheus.example.com:9090"
    try:
        url = urlsplit(text)
        known = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        known = False
    if not known:
        raise ValueError(f'"{shown(text)}" is no address; {example}')
    if url.username is not None or url.password is not None:
        raise ValueError(
            f"a password must stand in no file; say `auth: basic`, and put USER:PASSWORD into {TOKEN}"
        )
    if url.query or url.fragment:
        raise ValueError(f'"{shown(text)}" goes on behind its path; {example}')
    return text.rstrip("/")


def _absolute(text: str) -> str:
    if not Path(text).is_absolute():
        raise ValueError(f'"{shown(text)}" is no absolute path')
    return text


class PrometheusPart(Part):
    """Metrics that somebody's Prometheus has scraped."""

    prometheus: Annotated[str, AfterValidator(_address)]
    """Its address, with the path under which it stands, if any: that of its API without `/api/v1`."""
    apiserver: bool = False
    """Whether the apiserver's own page is read all the same: it is asked about the others only."""
    token_env: Annotated[
        str,
        matching(
            rf"(?!KUBEDRILL_)[A-Za-z_][A-Za-z0-9_]{{0,100}}|{TOKEN}",
            f"is no name of a variable, or that of a setting; write {TOKEN}",
        ),
    ] = TOKEN
    """The variable of the environment that holds its token, if it wants any: never a file."""
    auth: Auth = "bearer"
    """basic: that variable holds USER:PASSWORD."""
    ca: Annotated[str, AfterValidator(_absolute)] | None = None
    """The file of the authorities that its certificate is proven by; those of the system if none is named."""
    select: dict[Scraped, Matchers | None] = Field(default_factory=dict)
    """By kind of component how its series are told apart, where not as usual; null: it is not asked about."""

    @model_validator(mode="after")
    def _asked_about_something(self) -> "PrometheusPart":
        if not self.source.select:
            raise ValueError("it is asked about no component; leave prometheus out")
        return self

    @property
    def source(self) -> PrometheusSource:
        """Where it is, and what it is asked about."""
        chosen: dict[Scraped, str | None] = {**USUAL, **self.select}
        wanted = {
            kind: text
            for kind, text in chosen.items()
            if text is not None and not (self.apiserver and kind == APISERVER)
        }
        return PrometheusSource(
            self.prometheus, wanted, self.token_env, auth=self.auth, ca_file=self.ca or ""
        )


def _which(value: Any) -> str:
    return "[prometheus]" if isinstance(value, dict | PrometheusPart) else "[word]"


def _known_word(value: Any) -> Any:
    if value not in ("apiserver", "none"):
        raise ValueError(
            f"cannot be {describe(value)}; known: apiserver, none, or {{prometheus: https://...}}"
        )
    return value


WantedMetrics = Annotated[
    Annotated[Literal["apiserver", "none"], BeforeValidator(_known_word), Tag("[word]")]
    | Annotated[PrometheusPart, Tag("[prometheus]")],
    Discriminator(_which),
]
