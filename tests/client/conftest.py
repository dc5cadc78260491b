from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from behaving_server import SERVER_NAME, BehavingServer, Certificate

from kubedrill.client.caller import Caller
from kubedrill.record.cluster import Endpoint
from kubedrill.wire.target import Target, client_tls


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.create(tmp_path_factory.mktemp("client"))


@pytest.fixture
def caller_to(certificate: Certificate) -> Iterator[Callable[[int], Caller]]:
    """Make what calls the server on a port, which has the certificate."""
    tls = client_tls(str(certificate.certificate))
    with ExitStack() as made:

        def caller(port: int) -> Caller:
            target = Target(Endpoint("127.0.0.1", port), SERVER_NAME, tls)
            return made.enter_context(closing(Caller(target)))

        yield caller


@pytest.fixture
def server(certificate: Certificate) -> Iterator[BehavingServer]:
    behaving = BehavingServer(certificate)
    yield behaving
    behaving.close()
