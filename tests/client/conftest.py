from collections.abc import Iterator

import pytest
from behaving_server import BehavingServer, Certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.create(tmp_path_factory.mktemp("client"))


@pytest.fixture
def server(certificate: Certificate) -> Iterator[BehavingServer]:
    behaving = BehavingServer(certificate)
    yield behaving
    behaving.close()
