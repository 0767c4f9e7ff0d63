"""A6: keys change without a break, are retired with a word, and revoked on all nodes within 5 s."""

import re
import time

import pytest

from kit.cluster import Cluster
from kit.instance import Instance
from kit.ledger import Ledger

REPORT = {"service_code": "GRAFFITI", "lat": "42.7", "long": "23.3"}


@pytest.fixture(scope="module")
def nodes(binary):
    """Two nodes on one database."""
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as one:
        one.start()
        with Instance(VIADUCT_DATABASE_URL=cluster.url) as other:
            yield one, other.start()


def tell(node: Instance, key: str, text: str, **headers: str):
    return node.caller("sofia", key).post("/requests.json", {**REPORT, "description": text}, headers=headers or None)


def rotated(node: Instance, *arguments: str) -> str:
    return re.search(r"o311_[0-9A-Za-z]{49}\b", node.run("key", "rotate", *arguments))[0]


def seconds_until(condition, within: float) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < within
        time.sleep(0.1)
    return time.monotonic() - started


def test_a_revoked_key_is_refused_on_all_nodes_within_5_s(nodes):
    key = nodes[0].key("App")
    for node in nodes:
        assert tell(node, key, f"before {node.port}").status == 200
    nodes[1].run("key", "revoke", key[:11])
    took = seconds_until(lambda: {tell(node, key, "after").status for node in nodes} == {403}, within=5)
    print(f"refused by both after {took:.1f} s")


def test_a_revocation_of_which_no_notice_came_counts_within_5_s(nodes):
    key = nodes[0].key("App")
    for node in nodes:
        assert tell(node, key, f"known {node.port}").status == 200
    # Past Viaduct, so that nobody is told.
    Ledger(nodes[0].environment["VIADUCT_DATABASE_URL"]).rows(
        f"UPDATE issued_key SET revoked = now() WHERE id = '{key[:11]}'"
    )
    took = seconds_until(lambda: {tell(node, key, "after").status for node in nodes} == {403}, within=5)
    print(f"refused by both after {took:.1f} s")


def test_a_second_key_is_the_same_client_at_once(nodes):
    old = nodes[0].key("App")
    first = tell(nodes[0], old, "one", **{"Idempotency-Key": "a"})
    new = rotated(nodes[1], old[:11])
    for node in nodes:
        again = tell(node, new, "one", **{"Idempotency-Key": "a"})
        assert again.status == 200 and again.json == first.json, again.text
        assert again.header("Idempotent-Replayed") == "true"
        assert tell(node, old, f"still {node.port}").status == 200
    assert nodes[0].command("key", "rotate", old[:11]).returncode == 65
    nodes[0].run("key", "revoke", old[:11])
    seconds_until(lambda: {tell(node, old, "x").status for node in nodes} == {403}, within=5)
    assert all(tell(node, new, f"goes on {node.port}").status == 200 for node in nodes)
    listed = nodes[0].run("key", "list")
    assert re.search(rf"(?m)^{new[:11]} +{old[:11]} .* valid", listed), listed


def test_a_key_that_will_retire_says_when_and_then_what_to_do(nodes):
    old = nodes[0].key("App")
    new = rotated(nodes[0], old[:11], "--until", "2099-01-31", "--notice", "Use the key of December.")
    sunset = "Sat, 31 Jan 2099 00:00:00 GMT"
    seconds_until(lambda: tell(nodes[1], old, "a").header("Sunset") == sunset, within=5)
    assert sunset in tell(nodes[1], old, "b").header("Warning")
    assert tell(nodes[1], new, "c").header("Sunset") is None
    listing = nodes[1].caller("sofia").get("/requests.json", headers={"X-API-Key": old})
    assert listing.status == 200 and listing.header("Sunset") == sunset
    nodes[0].run("key", "retire", old[:11], "--notice", "Use the key mailed to you on 1 December.")
    seconds_until(lambda: {tell(node, old, "d").status for node in nodes} == {403}, within=5)
    refused = tell(nodes[1], old, "e")
    assert "Use the key mailed to you on 1 December." in refused.text and refused.header("Sunset") is None
    listing = nodes[1].caller("sofia").get("/requests.json", headers={"X-API-Key": old})
    assert listing.status == 200 and "retired" in listing.header("Warning")
    assert tell(nodes[1], new, "f").status == 200
    nodes[0].run("key", "revoke", old[:11])
    seconds_until(lambda: "mailed" not in tell(nodes[1], old, "g").text, within=5)


def test_what_is_typed_wrongly_is_told(nodes):
    key = nodes[0].key("App")
    for arguments in (
        ["rotate", key[:11], "--until", "2099-01-31"],
        ["rotate", key[:11], "--until", "soon", "--notice", "x"],
        ["retire", key[:11], "--notice", ""],
        ["revoke", "!"],
    ):
        done = nodes[0].command("key", *arguments)
        assert done.returncode == 64, (arguments, done.stderr)
    for arguments in (["rotate", "o311_AAAAAA"], ["retire", "o311_AAAAAA", "--notice", "x"], ["revoke", "o311_AAAAAA"]):
        assert nodes[0].command("key", *arguments).returncode == 65
