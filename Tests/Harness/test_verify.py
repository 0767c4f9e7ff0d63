"""`viaduct verify` against the running program, and the schemas of Specs against its answers."""

import itertools
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename

from kit.fixmystreet import now, stamp
from kit.instance import ROOT, Instance
from kit.photos import small

SPECS = ROOT / "Specs" / "GeoReport"
FIXTURE = SPECS / "Fixture"
SCHEMAS = sorted((SPECS / "Schemas").glob("*.json"))


UPDATE = ["--scope", "report", "--scope", "update"]
CLIENTS = {
    "plain": UPDATE, "staff": [*UPDATE, "--scope", "staff"], "reporter": ["--scope", "report"],
    "follow": ["--scope", "follow"], "fixmystreet": [*UPDATE, "--profile", "fixmystreet"],
    "import": [*UPDATE, "--profile", "fms_import"], "adapter": [*UPDATE, "--profile", "adapter"],
    "base64": [*UPDATE, "--profile", "base64"],
}  # fmt: skip
"""The clients that the vectors speak as (Specs/GeoReport/README.md)."""


@pytest.fixture(scope="module")
def served(binary):
    """A Viaduct as the vectors describe it."""
    with Instance(settings=FIXTURE) as instance:
        for template in sorted((FIXTURE / "requests").glob("*.json")):
            # Their times are told from now.
            history = subprocess.run(
                [sys.executable, FIXTURE / "history.py", template.stem], capture_output=True, check=True
            )
            file = instance.directory / template.name
            file.write_bytes(history.stdout)
            instance.run("import", "requests", str(file), "--jurisdiction", f"{template.stem}.example")
        keys = {name: instance.key(name, *rights) for name, rights in CLIENTS.items()}
        instance.start()
        yield instance, keys


def verify(instance: Instance, *arguments: str):
    base = f"http://127.0.0.1:{instance.port}/open311/v2"
    return instance.command("verify", base, *arguments, within=300)


def test_every_vector_holds_over_a_socket(served):
    instance, keys = served
    named = [f"{name}={key}" for name, key in keys.items() if name != "plain"]
    arguments = [part for key in [keys["plain"], *named] for part in ("--key", key)]
    done = verify(instance, *arguments, "--writes", "--json")
    report = json.loads(done.stdout)
    failed = [row for row in report["results"] if row["outcome"] == "failed"]
    assert failed == [] and done.returncode == 0, done.stderr
    skipped = {
        row["vector"]: row["reason"] for row in report["results"] if row["outcome"] == "skipped"
    }
    odd = {name: why for name, why in skipped.items() if why != "only in process" and "nobody can" not in why}
    assert not odd, "whatever the fixture's server can show is shown"
    assert sum(row["outcome"] == "passed" for row in report["results"]) >= 300


def test_without_leave_nothing_is_written(served):
    instance, _ = served

    def listed() -> int:
        # Of a realtime service: what another test told a batch service appears only later.
        return len(instance.caller("sofia").get("/requests.json", service_code="POTHOLE").json)

    before = listed()
    done = verify(instance)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert listed() == before


def answers(viaduct, suffix: str):
    """One answer of each kind, under the name of its kind."""
    number = itertools.count()
    sofia = viaduct.sofia

    def report(code: str) -> dict:
        return {
            "service_code": code, "lat": "42.7", "long": "23.3", "attribute[DEPTH]": "GT5",
            "description": f"{suffix} & <{next(number)}>",
        }  # fmt: skip

    created = sofia.post(f"/requests.{suffix}", report("POTHOLE"))
    token = sofia.post(f"/requests.{suffix}", report("STREETLIGHT"))
    at = sofia.post("/requests.json", report("GRAFFITI")).json[0]["service_request_id"]
    receipt = sofia.post("/requests.json", report("STREETLIGHT")).json[0]["token"]
    found = {
        "discovery": [sofia.get(f"/discovery.{suffix}")],
        "services": [sofia.get(f"/services.{suffix}")],
        "service-definition": [sofia.get(f"/services/{c}.{suffix}") for c in ("POTHOLE", "GRAFFITI")],
        "created": [created, token],
        "token": [sofia.get(f"/tokens/{receipt}.{suffix}")],
        "requests": [
            sofia.get(f"/requests.{suffix}"), sofia.get(f"/requests/{at}.{suffix}"),
            sofia.get(f"/requests.{suffix}", q="nothing holds this"),
            sofia.get(f"/requests.{suffix}", extensions="true"),
        ],
        "errors": [sofia.get(f"/requests/none-1.{suffix}"), sofia.post(f"/requests.{suffix}", {})],
    }  # fmt: skip
    for kind, documents in conversation(viaduct, suffix, at).items():
        found[kind] = found.get(kind, []) + documents
    return found


def conversation(viaduct, suffix: str, at: str) -> dict:
    """What is answered about a report's conversation."""
    staff = viaduct.instance.caller("sofia", viaduct.instance.key("s", *UPDATE, "--scope", "staff"))
    words = ["IN_PROGRESS", "FIXED", "REOPEN", "UNCHANGED"]
    told = [
        staff.upload(f"/servicerequestupdates.{suffix}", {
            "service_request_id": at, "update_id": f"{suffix}-{n}", "status": word, "external_status_code": "A & B",
            "updated_datetime": stamp(now() + timedelta(seconds=n)), "description": f"{word} & <more>",
        }, [(f"photo{k}", "a", "image/jpeg", small(k)) for k in range(n)])
        for n, word in enumerate(words)
    ]  # fmt: skip
    support = staff.post(f"/requests/{at}/support.{suffix}", {"email": "one@example.org"})
    window = {"start_date": stamp(now() - timedelta(hours=1)), "end_date": stamp(now() + timedelta(hours=1))}
    dialect = viaduct.instance.caller("sofia/fixmystreet", staff.key)
    adapter = viaduct.instance.caller("sofia/adapter", staff.key)
    return {
        "told": told,
        "updates": [
            staff.get(f"/servicerequestupdates.{suffix}", **window),
            dialect.get(f"/servicerequestupdates.{suffix}", **window),
            staff.get(f"/servicerequestupdates.{suffix}", service_request_id="none-1"),
        ],
        "support": [support],
        "requests": [
            staff.get(f"/requests/{at}.{suffix}", extensions="true"), staff.get(f"/requests.{suffix}"),
            staff.get(f"/candidates.{suffix}", lat="42.7", long="23.3"),
        ],
        "dialects": [
            dialect.get(f"/requests.{suffix}", extensions="true"), dialect.get(f"/services.{suffix}"),
            adapter.get(f"/requests.{suffix}"), dialect.get(f"/services/POTHOLE.{suffix}"),
        ],
    }  # fmt: skip


def test_changes_keep_to_their_schemas(viaduct):
    key = viaduct.instance.key("f", "--scope", "follow")
    place = {"lat": "42.7", "long": "23.3", "description": f"changed {now()}"}
    assert viaduct.sofia.post("/requests.json", {"service_code": "GRAFFITI", **place}).status == 200
    page = viaduct.sofia.get("/changes", {"X-API-Key": key}).json
    assert page["changes"]
    schemas = {path.name.split(".")[0]: json.loads(path.read_text()) for path in SCHEMAS}
    jsonschema.Draft202012Validator(schemas["changes"]).validate(page)
    for change in page["changes"]:
        jsonschema.Draft202012Validator(schemas["change"]).validate(change)


def test_json_answers_keep_to_the_schemas(viaduct):
    schemas = {path.name.split(".")[0]: json.loads(path.read_text()) for path in SCHEMAS}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    for kind, documents in answers(viaduct, "json").items():
        if kind == "dialects":
            continue  # Theirs are other people's shapes; the grammar has them.
        assert kind in schemas, f"{kind} is not among {sorted(schemas)}"
        validator = jsonschema.Draft202012Validator(schemas[kind], format_checker=checker)
        for document in documents:
            validator.validate(document.json)


def test_xml_answers_keep_to_the_grammar(viaduct, tmp_path: Path):
    grammars = sorted(SPECS.rglob("*.rng"))
    assert len(grammars) == 1, grammars
    files = []
    for kind, documents in answers(viaduct, "xml").items():
        for number, document in enumerate(documents):
            files.append(tmp_path / f"{kind}-{number}.xml")
            files[-1].write_bytes(document.body)
    done = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--relaxng", grammars[0], *files], capture_output=True, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_description_of_the_interface_is_valid():
    document, base = read_from_filename(str(SPECS / "openapi.yaml"))
    validate(document, base_uri=base)
    assert document["openapi"].startswith("3.1")
