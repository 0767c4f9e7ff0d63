"""A3, A4: who may do what, as Specs/Rights.md has it, and names that were guessed find nothing."""

import itertools
import json
import random
import re
from datetime import datetime, timezone

import pytest
from openapi_spec_validator.readers import read_from_filename

from kit.cluster import Cluster
from kit.instance import ROOT, Instance
from kit.ledger import Ledger
from kit.wire import Caller, request

SCOPES = ("report", "update", "staff", "follow", "supervisor", "auditor")
PLACES = {"sofia": "GRAFFITI", "mitrovica": "WASTE-MIT", "council": "GRA"}
COUNTER = itertools.count(1)


def table() -> dict[str, dict[str, str]]:
    """What each kind of key may do, by call."""
    page = (ROOT / "Specs" / "Rights.md").read_text()
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page[page.index("| Call |"):].splitlines() if line.startswith("|")
    ]  # fmt: skip
    kinds = [re.sub("`", "", kind) for kind in head[1:]]
    return {row[0].replace("`", ""): dict(zip(kinds, row[1:], strict=True)) for row in rows}


class Town:
    """One jurisdiction with a public report, a private one, and a key of each kind."""

    def __init__(self, instance: Instance, slug: str, identifier: str, elsewhere: str):
        self.slug, self.service = slug, PLACES[slug]
        everything = [f"--scope={scope}" for scope in SCOPES]
        self.keys = {
            "no key": None,
            **{scope: instance.key(f"{slug} {scope}", f"--scope={scope}", "--jurisdiction", identifier) for scope in SCOPES},
            "all, elsewhere": instance.key(f"not {slug}", *everything, "--jurisdiction", elsewhere),
            "revoked": instance.key(f"{slug} revoked", *everything),
        }
        instance.run("key", "revoke", self.keys["revoked"][:11])


def call(caller: Caller, town: Town, name: str, private: str, public: str, webhook: str) -> int:
    """The status of one call, whose arguments are all well."""
    method, _, path = name.partition(" ")
    about = f"?service_request_id={public}" if path.endswith(" of one report") else ""
    path = re.sub(" of .*", "", path) + about
    identifier = private if "private" in name else public
    path = path.replace("{service_request_id}", identifier).replace("{service_code}", town.service)
    path = path.replace("{token}", "a-token").replace("{id}", webhook).replace("{name}", "0" * 32 + ".jpg")
    if path.startswith("/media"):
        caller = Caller(caller.port, "", caller.key)
    key = {"X-API-Key": caller.key} if caller.key else {}
    number = next(COUNTER)
    forms = {
        "/requests": {"service_code": town.service, "lat": "42.7", "long": "23.3", "description": f"a wall {number}"},
        "/servicerequestupdates": {
            "service_request_id": public, "update_id": str(number), "status": "OPEN", "description": f"seen {number}",
            "updated_datetime": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        f"/requests/{public}/support": {"email": f"a{number}@example.org"},
        f"/requests/{public}/erasure": {"parts": "contact"},
    }  # fmt: skip
    if method == "POST" and path == "/webhooks":
        body = json.dumps({"url": "https://city.example/hook"}).encode()
        return caller.send(request(
            "POST", caller.base + path, {"Connection": "close", "Content-Type": "application/json", **key}, body
        )).status  # fmt: skip
    if method == "POST":
        return caller.post(f"{path}.json", forms[path], headers=key).status
    if method == "DELETE":
        return caller.send(request("DELETE", caller.base + path, {"Connection": "close", **key}, b"")).status
    if path == "/candidates":
        path += f"?lat=42.7&long=23.3&service_code={town.service}"
    return caller.send(request("GET", caller.base + path, {"Connection": "close", **key}, b"")).status


@pytest.fixture(scope="module")
def towns(binary):
    """Three towns in one Viaduct, what is theirs, and the Viaduct."""
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        files = (instance.settings / "jurisdictions").glob("*.yaml")
        names = {file.stem: re.search(r"(?m)^id: (\S+)", file.read_text())[1] for file in files}
        instance.start()
        towns, others = {}, itertools.cycle(PLACES)
        next(others)
        for slug in PLACES:
            town = Town(instance, slug, names[slug], names[next(others)])
            reporting = instance.caller(slug, town.keys["report"])
            ids = [
                reporting.post("/requests.json", {
                    "service_code": town.service, "lat": "42.7", "long": "23.3", "description": text,
                }).json[0]["service_request_id"]
                for text in ("public", "private")
            ]  # fmt: skip
            Ledger(cluster.url).rows(f"UPDATE report SET visibility = 'private' WHERE id = '{ids[1]}'")
            owner = instance.key(f"{slug} owner", "--scope=follow")
            body = json.dumps({"url": "https://city.example/hook"}).encode()
            made = reporting.send(request(
                "POST", reporting.base + "/webhooks",
                {"Connection": "close", "Content-Type": "application/json", "X-API-Key": owner}, body,
            ))  # fmt: skip
            assert made.status == 201, made.text
            towns[slug] = (town, *ids, made.json["id"])
        yield instance, towns
        assert instance.process.poll() is None, f"the server ended: {instance.tail}"


def test_a3_every_cell_of_the_table(towns):
    instance, all_towns = towns
    wrong = []
    for slug, (town, public, private, webhook) in all_towns.items():
        for name, cells in table().items():
            for kind, expected in cells.items():
                caller = instance.caller(slug, town.keys[kind])
                status = call(caller, town, name, private, public, webhook)
                told = "yes" if 200 <= status < 300 else str(status)
                if told != expected:
                    wrong.append(f"{slug}: {name} with {kind}: {told}, and not {expected}")
    assert not wrong, "\n".join(wrong)


def test_the_page_has_the_table_that_calls_are_judged_by(towns):
    page = (ROOT / "Specs" / "Rights.md").read_text()
    assert towns[0].run("key", "rights") in page, "replace the table by what `viaduct key rights` prints"


def test_the_table_has_every_call():
    described = read_from_filename(str(ROOT / "Specs" / "GeoReport" / "openapi.yaml"))[0]["paths"]
    calls = {
        f"{method.upper()} {path.removesuffix('.{format}')}"
        for path, methods in described.items() for method in methods if method in ("get", "post", "delete", "put")
    }  # fmt: skip
    assert calls == {re.sub(r" of .*", "", name) for name in table()}


def test_a4_names_that_were_guessed_find_nothing(towns):
    """Also those of another town, and what is private looks like what is not there."""
    instance, all_towns = towns
    chance = random.Random(311)
    town, public, private, _ = all_towns["sofia"]
    foreign = [name for slug, (_, *names, _) in all_towns.items() if slug != "sofia" for name in names]
    guessed = ["sofia-" + "".join(chance.choices("23456789ABCDEFGHJKMNPQRSTVWXYZ", k=8)) for _ in range(100)]
    reader = instance.caller("sofia", town.keys["supervisor"])
    unknown = reader.get("/requests/sofia-00000000.json")
    assert unknown.status == 404
    for name in [*foreign, private, *guessed]:
        for path in (f"/requests/{name}.json", f"/tokens/{name}.json", f"/requests/{name}/notes"):
            answer = reader.send(request(
                "GET", reader.base + path, {"Connection": "close", "X-API-Key": town.keys["staff"]}, b""
            ))  # fmt: skip
            if path.endswith("/notes") and name == private:
                continue  # It is theirs.
            assert answer.status == 404, (path, answer.status)
        support = instance.caller("sofia", town.keys["report"]).post(
            f"/requests/{name}/support.json", {"email": "a@example.org"}
        )
        assert support.status == 404, (name, support.text)
        erasure = reader.post(f"/requests/{name}/erasure.json", {"parts": "contact"})
        assert erasure.status == (200 if name == private else 404), (name, erasure.text)
    assert reader.get(f"/requests/{private}.json").body == unknown.body
