"""What every test may ask for: the running service, and a client of it."""

from collections.abc import Iterator

import httpx2
import pytest
from hypothesis import settings

from tests.support.conformance import holds
from tests.support.server import Server, serving

settings.register_profile("untimed", deadline=None)  # no test is one of time
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service with its ordinary settings."""
    with serving(tmp_path_factory.mktemp("server") / "log") as running:
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[httpx2.Client]:
    """A client of the running service; it follows no redirect and no proxy, and looks at every reply."""
    hooks = {"response": [holds]}
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=30, event_hooks=hooks) as session:
        yield session
