"""The harness: the built program, over its sockets and its commands."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kit.instance import BINARY, CAPTURES, Instance  # noqa: E402


def pytest_report_header() -> str:
    return f"program: {BINARY}"


@pytest.fixture(scope="session")
def binary() -> Path:
    assert BINARY.exists(), f"{BINARY} is not there: build it first (make test does)"
    return BINARY


class Shared:
    """A running Viaduct that many tests share, and a key for it."""

    def __init__(self, instance: Instance, key: str):
        self.instance = instance
        self.key = key
        self.port = instance.port
        self.sofia = instance.caller("sofia", key)
        self.common = instance.caller("", key)


@pytest.fixture(scope="module")
def viaduct(binary):
    """A Viaduct with the harness's settings, one for all tests of a file."""
    with Instance() as instance:
        key = instance.key()
        instance.start()
        yield Shared(instance, key)
        assert instance.process.poll() is None, f"the server ended: {instance.tail}"


@pytest.fixture
def fresh(binary):
    """A Viaduct of a test's own, not started."""
    with Instance() as instance:
        yield instance


@pytest.fixture(scope="session")
def captures() -> Path:
    """Real cities' answers, which lie beside the project and are not part of it."""
    if not CAPTURES.is_dir():
        pytest.skip(f"no captures at {CAPTURES}")
    return CAPTURES
