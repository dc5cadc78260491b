"""Client: who a user is, and how its requests begin."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord, Endpoint
from kubedrill.wire.http2.request import prepare_http2
from kubedrill.wire.request import prepare
from kubedrill.wire.target import Http, Target, client_tls, identity_target


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """One client of the API."""

    name: str
    target: Target
    token: str | None
    host: str
    """The Host header."""
    user_agent: str = "kubedrill-load"
    prefix: str = ""
    """The path under which the API stands, for servers behind a gateway."""
    http: Http = "1.1"
    """For which its requests are made, and which its target offers."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with each of them: in whose place it acts."""

    def request(
        self,
        method: str,
        path: str,
        accept: str = "application/json",
        headers: Mapping[str, str] = {},
        *,
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> bytes:
        """Return the bytes of a request."""
        make = prepare_http2 if self.http == "2" else prepare
        return make(
            method,
            self.prefix + path,
            self.host,
            token=self.token,
            accept=accept,
            user_agent=self.user_agent,
            headers={**self.headers, **headers},
            body=body,
            content_type=content_type,
        )


def user_agent(profile: str) -> str:
    """Return the name under which a profile's requests come."""
    return f"kubedrill-{profile}"


def of_cluster(
    record: ClusterRecord, user_agent: str = "kubedrill-load", http: Http = "1.1"
) -> list[ClientIdentity]:
    """Return the identities that are there for load; users take them in turn."""
    names = record.load_identities
    if not names:
        raise NotStarted(f"cluster {record.name} has no identity for load (load-0, load-1 ...)")
    identities = []
    for name in names:
        target, token = identity_target(record, name, http=http)
        identities.append(
            ClientIdentity(name, target, token, record.server_name, user_agent, http=http)
        )
    return identities


def of_kubeconfig(user_agent: str, http: Http = "1.1") -> ClientIdentity:
    """Return who the current context of KUBECONFIG (or ~/.kube/config) says that we are."""
    from kubernetes.client.configuration import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import load_kube_config

    settings: Any = Configuration()  # type: ignore[no-untyped-call]
    try:
        load_kube_config(client_configuration=settings)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as error:
        raise NotStarted(f"kubeconfig: {error}; set KUBECONFIG to one that works") from None
    url = urlsplit(settings.host)
    if url.scheme != "https" or url.hostname is None:
        raise NotStarted(
            f"kubeconfig: server {settings.host} is not https://, which is needed here"
        )
    server_name = settings.tls_server_name or url.hostname
    target = Target(Endpoint(url.hostname, url.port or 443), server_name, _tls(settings, http))
    prefix = url.path.rstrip("/")
    who = ("kubeconfig", target, _token(settings), _host(url), user_agent)
    return ClientIdentity(*who, prefix=prefix, http=http)


def _tls(settings: Any, http: Http) -> ssl.SSLContext:
    try:
        if settings.verify_ssl:
            return client_tls(_authorities(settings), settings.cert_file, settings.key_file, http)
        tls = client_tls(None, settings.cert_file, settings.key_file, http)
    except OSError as error:
        raise NotStarted(f"kubeconfig: a certificate cannot be used: {error}") from None
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    return tls


def _authorities(settings: Any) -> str | None:
    return str(settings.ssl_ca_cert) if settings.ssl_ca_cert else None


def _token(settings: Any) -> str | None:
    # Under this name in all releases of the library; how it is stored has changed.
    value = settings.auth_settings().get("BearerToken", {}).get("value") or ""
    scheme, _, token = value.partition(" ")
    if value and scheme.lower() != "bearer":
        raise NotStarted(
            f"kubeconfig: credentials of the kind {scheme} are not supported; use a token"
        )
    return token or None


def _host(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]
