"""The story that `make federation` tells is true."""

import subprocess

import pytest

from kit.federation import EXAMPLES, PORTS, Federation
from kit.instance import BINARY, is_alive
from kit.story import Story

pytestmark = pytest.mark.usefixtures("binary")


def test_a_report_travels_and_an_update_comes_back():
    said: list[str] = []
    with Federation() as federation:
        federation.start()
        Story(federation, said.append).tell()
        databases = [node.postmaster for node in federation.nodes.values()]
        servers = [node.process.pid for node in federation.nodes.values()]
        directories = [node.directory for node in federation.nodes.values()]
    assert [line[0] for line in said if line[0].isdigit()] == ["1", "2", "3", "4"]
    assert not any(is_alive(number) for number in [*databases, *servers] if number)
    assert not any(directory.exists() for directory in directories)


@pytest.mark.parametrize("name", PORTS)
def test_the_examples_need_nothing_but_their_keys(tmp_path, name):
    """What is wrong with them is only what the first start makes: keys and secrets."""
    done = subprocess.run(
        [BINARY, "check", "--settings", EXAMPLES / name / "viaduct.yaml", "--data", tmp_path],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    wrong = [line for line in (done.stdout + done.stderr).splitlines() if ".yaml:" in line and not line.startswith("ok ")]
    assert all("secrets/" in line for line in wrong), wrong
