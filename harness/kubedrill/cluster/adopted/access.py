"""The API of a cluster as who a kubeconfig says that we are: by the kubernetes client, with all that it can.

Plugins, the renewal of tokens and proxies are its own. No file of the user's is written, nor is there
anything done as this identity but to look, and to make and remove identities of ours.
"""

import hashlib
import json
import os
import re
import ssl
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from yaml import YAMLError

from kubedrill.errors import NotStarted
from kubedrill.record.cluster import Endpoint
from kubedrill.record.rights import REVIEWS, Right
from kubedrill.words import did_you_mean, printable, shown

if TYPE_CHECKING:
    from kubernetes.client.api_client import ApiClient

CALL_S = 15.0
"""A plugin that asks somebody for a token is not counted."""
AT_ONCE = 8
"""Questions to the API; a review takes some ms, and there are hundreds."""
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class AdminAnswer(NamedTuple):
    """What the API said."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class FoundServer:
    """The API as a kubeconfig tells of it."""

    url: str
    endpoint: Endpoint
    name: str
    """The name in its certificate."""
    authorities: str
    """Certificates (PEM) that its own is proven by."""

    @property
    def authority(self) -> str:
        """Tells these certificates from all others, in whatever order they stand."""
        ders = sorted(ssl.PEM_cert_to_DER_cert(pem) for pem in _PEM.findall(self.authorities))
        return f"sha256:{hashlib.sha256(b''.join(ders)).hexdigest()}"


class Access:
    """One context of a kubeconfig, for several threads at once; NotStarted where nobody answers."""

    def __init__(self, kubeconfig: str, context: str) -> None:
        self.context = context
        self._client = _client(kubeconfig, context)
        proxy = _proxy_url(kubeconfig, context) or _proxy_of(self._client)
        self.server = _server(self._client.configuration, context, proxy)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def call(
        self, method: str, path: str, content: object = None, accept: str = "application/json"
    ) -> AdminAnswer:
        """Return what the API answers, whatever that is."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        headers: dict[str, str] = {"Accept": accept, "Content-Type": "application/json"}
        try:
            # Which renews what has expired, and asks a plugin.
            self._client.update_params_for_auth(headers, [], ["BearerToken"])  # type: ignore[no-untyped-call]
            said: Any = self._client.request(  # type: ignore[no-untyped-call]
                method,
                f"{self.server.url}{path}",
                headers=headers,
                body=content,
                _request_timeout=CALL_S,
            )
        except ApiException as error:
            if not error.status:
                raise self._silent(error.reason) from None
            body = error.body or b""
            return AdminAnswer(
                error.status, body if isinstance(body, bytes) else str(body).encode()
            )
        except (HTTPError, OSError) as error:
            raise self._silent(error) from None
        return AdminAnswer(said.status, said.data)

    def refused(self, rights: Iterable[Right]) -> list[Right]:
        """Return which of these rights this identity has not got."""
        asked = [*dict.fromkeys(rights)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            given = [*pool.map(self._may, asked)]
        return [right for right, may in zip(asked, given, strict=True) if not may]

    def _may(self, right: Right) -> bool:
        answer = self.call("POST", REVIEWS, right.review())
        if answer.status != HTTPStatus.CREATED:
            raise NotStarted(f"context {self.context}: {said_of(answer, 'POST', REVIEWS)}")
        return bool(json.loads(answer.body)["status"].get("allowed"))

    def _silent(self, why: object) -> NotStarted:
        return NotStarted(
            f"context {self.context}: {self.server.url} does not answer: {printable(str(why))}"
        )


def said_of(answer: AdminAnswer, method: str, path: str) -> str:
    """Return in words what the API answered instead of doing what was asked."""
    try:
        why = json.loads(answer.body)["message"]
    except (ValueError, KeyError, TypeError):
        why = answer.body[:200].decode(errors="replace")
    hint = "; log in again" if answer.status == HTTPStatus.UNAUTHORIZED else ""
    return f"the API refused {method} {path}: {answer.status} {why}{hint}"


def contexts(kubeconfig: str) -> list[str]:
    """Return the names of a kubeconfig's contexts; NotStarted if it cannot be read."""
    from kubernetes.config.kube_config import list_kube_config_contexts

    with _told(kubeconfig):
        found, _ = list_kube_config_contexts(config_file=_file(kubeconfig))  # type: ignore[no-untyped-call]
    return [context["name"] for context in found]


def _client(kubeconfig: str, context: str) -> "ApiClient":
    """Return a client of a context; NotStarted if there is none, or it is of no use."""
    from kubernetes.config.kube_config import new_client_from_config

    known = contexts(kubeconfig)
    if context not in known:
        raise NotStarted(
            f'{_called(kubeconfig)}: no context "{shown(context)}"{did_you_mean(context, known)}'
        )
    with _told(kubeconfig):
        client: ApiClient = new_client_from_config(  # type: ignore[no-untyped-call]
            _file(kubeconfig), context, persist_config=False
        )
    # A drill says soon enough that nobody answers.
    client.rest_client.pool_manager.connection_pool_kw["retries"] = False
    return client


@contextmanager
def _told(kubeconfig: str) -> Iterator[None]:
    """Put into words (NotStarted) what is wrong with a kubeconfig."""
    from kubernetes.config.config_exception import ConfigException

    try:
        yield
    except (ConfigException, OSError, ValueError, KeyError, TypeError, YAMLError) as error:
        raise NotStarted(f"{_called(kubeconfig)}: {printable(str(error))}") from None


def _called(kubeconfig: str) -> str:
    return kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"


def _file(kubeconfig: str) -> str | None:
    return str(Path(kubeconfig).expanduser()) if kubeconfig else None


def _proxy_url(kubeconfig: str, context: str) -> str:
    """Return the proxy that a kubeconfig names for a context's cluster, which the client passes over."""
    from kubernetes.config.kube_config import KUBE_CONFIG_DEFAULT_LOCATION, KubeConfigMerger

    merged = KubeConfigMerger(_file(kubeconfig) or KUBE_CONFIG_DEFAULT_LOCATION)  # type: ignore[no-untyped-call]
    known: Any = merged.config
    named = known["contexts"].get_with_name(context)["context"]["cluster"]
    return str(known["clusters"].get_with_name(named)["cluster"].safe_get("proxy-url") or "")


def _proxy_of(client: "ApiClient") -> str:
    """Return the proxy of the environment by which a client goes to its server."""
    from urllib3 import ProxyManager

    passes = isinstance(client.rest_client.pool_manager, ProxyManager)
    return str(client.configuration.proxy) if passes else ""


def _server(settings: Any, context: str, proxy: str) -> FoundServer:
    """Return where the API of a client's settings is; NotStarted if load could not get there, or be sure."""
    url = urlsplit(settings.host)
    if url.scheme != "https" or url.hostname is None:
        raise NotStarted(f"context {context}: its server {settings.host} is not https://")
    if url.path.rstrip("/"):
        raise NotStarted(
            f"context {context}: its API stands under a path ({settings.host}), as behind a gateway; "
            "take a context that leads to the cluster itself"
        )
    if proxy:
        raise NotStarted(
            f"context {context}: its server is reached by a proxy ({proxy}), which would be "
            "measured instead; run kubedrill where the cluster is reached without one"
        )
    if not settings.verify_ssl or not settings.ssl_ca_cert:
        raise NotStarted(
            f"context {context}: it names no certificate authority, so nobody knows which cluster "
            "answers; give its cluster certificate-authority-data"
        )
    return FoundServer(
        settings.host.rstrip("/"),
        Endpoint(url.hostname, url.port or 443),
        settings.tls_server_name or url.hostname,
        Path(settings.ssl_ca_cert).read_text(encoding="ascii"),
    )
