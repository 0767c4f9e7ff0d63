"""The doctor finds what is broken, where, and nothing where nothing is (O7, B4)."""

import json
import re
import resource
import subprocess
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone

import pytest

from kit.cluster import Cluster
from kit.instance import BINARY, Instance, wait_until
from kit.ledger import Ledger
from kit.peers import name_node, write_peer

REPORT = {"service_code": "GRAFFITI", "lat": "42.6977", "long": "23.3219", "description": "a wall in paint"}


class Patient:
    """A Viaduct at work with a server of its own, backed up, and its database as user and as superuser."""

    def __init__(self, instance: Instance):
        self.instance = instance
        instance.environment["VIADUCT_HTTP_PUBLIC_URL"] = "https://reports.example"
        key = instance.key()
        instance.start()
        answer = instance.caller("sofia", key).post("/requests.json", REPORT)
        self.report = answer.json[0]["service_request_id"]
        self.shelf = instance.directory / "shelf"
        instance.run("backup", "--to", str(self.shelf))
        socket = instance.directory / "data" / "postgres" / "socket"
        self.user = Ledger(f"host={socket} user=viaduct dbname=viaduct")
        self.root = Ledger(f"host={socket} user=postgres dbname=viaduct")

    def doctor(self, files: int = 4096, core: int = 0, **environment: str) -> subprocess.CompletedProcess:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (core, hard))

        return subprocess.run(
            [BINARY, "doctor", "--json"], env={**self.instance.environment, **environment}, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, preexec_fn=limit,
            cwd=self.instance.directory,
        )  # fmt: skip

    def findings(self, **surroundings) -> dict[str, list[dict]]:
        """What was found, by the names of the checks."""
        done = self.doctor(**surroundings)
        page = json.loads(done.stdout)
        found = {check["name"]: check["findings"] for check in page["checks"] if check["findings"]}
        assert done.returncode == (1 if found else 0), done.stderr
        assert page["fine"] is not bool(found) and page["findings"] == sum(map(len, found.values()))
        for check in page["checks"]:
            assert (check["result"] in ("warning", "wrong")) == bool(check["findings"]), check
        return found

    @contextmanager
    def edited(self, path: str, old: str, new: str):
        """The settings with one thing changed."""
        file = self.instance.settings / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))
        try:
            yield
        finally:
            file.write_text(text)

    @contextmanager
    def told(self, ledger: Ledger, broken: str, mended: str):
        ledger.rows(broken)
        try:
            yield
        finally:
            ledger.rows(mended)

    @contextmanager
    def set(self, name: str, value: str):
        """A setting of the server; each of its processes takes it up a moment later."""

        def show(wanted: bool) -> bool:
            return (self.user.rows(f"SHOW {name}")[0][0] == value) is wanted

        self.root.rows(f"ALTER SYSTEM SET {name} = {value}")
        self.root.rows("SELECT pg_reload_conf()")
        wait_until(lambda: show(True), within=10)
        try:
            yield
        finally:
            self.root.rows(f"ALTER SYSTEM RESET {name}")
            self.root.rows("SELECT pg_reload_conf()")
            wait_until(lambda: show(False), within=10)


@pytest.fixture(scope="module")
def patient(binary):
    with Instance(embedded=True) as instance:
        yield Patient(instance)


@contextmanager
def nothing():
    yield


def typo(p: Patient):
    return p.edited("viaduct.yaml", "key_service:", "key_servise:")


def secret(p: Patient):
    (p.instance.settings / "viaduct.yaml").chmod(0o644)
    return p.edited("viaduct.yaml", "key_service:", "media:\n  secret_key: abc\nkey_service:")


def boundary(p: Patient):
    return p.edited("jurisdictions/sofia.yaml", "[23.6, 42.9]", "[42.9, 23.6]")


@contextmanager
def forbidden_peer(p: Patient):
    file = p.instance.settings / "viaduct.yaml"
    text = file.read_text()
    name_node(p.instance, "here.example")
    path = write_peer(p.instance, "roads", "http://127.0.0.1:9/base/", client="o311_gone00")
    try:
        yield
    finally:
        path.unlink()
        path.parent.rmdir()
        file.write_text(text)


def lost_picture(p: Patient):
    return p.told(
        p.user,
        "INSERT INTO media (report, ordinal, client, state, name, recorded) "
        f"VALUES ('{p.report}', 1, 'x', 'stored', repeat('0', 32) || '.jpg', now())",
        "DELETE FROM media",
    )


@contextmanager
def old_backup(p: Patient):
    record = next(p.shelf.glob("base/*.json"))
    text = record.read_text()
    old = datetime.now(timezone.utc) - timedelta(hours=30)
    record.write_text(json.dumps({**json.loads(text), "finished": old.strftime("%Y-%m-%dT%H:%M:%SZ")}))
    try:
        yield
    finally:
        record.write_text(text)


@contextmanager
def full_archive(p: Patient):
    script = p.instance.directory / "data" / "postgres" / "archive.sh"
    text = script.read_text()
    failing = "SELECT count(*) FROM pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity')"
    script.write_text("exit 1\n")
    p.root.rows("CREATE TABLE nothing (); DROP TABLE nothing; SELECT pg_switch_wal()")
    try:
        wait_until(lambda: p.root.count(failing) == 1, within=20)
        yield
    finally:
        script.write_text(text)
        # It is tried again a minute after three failures, or at once when there is something new.
        p.root.rows("SELECT pg_reload_conf()")
        p.root.rows("CREATE TABLE nothing (); DROP TABLE nothing; SELECT pg_switch_wal()")
        wait_until(lambda: p.root.count(failing) == 0, within=90)


def delivery(p: Patient, kind: str, state: str, days: int):
    finished = "NULL" if state == "parked" else f"now() - interval '{days} days'"
    return p.told(
        p.user,
        "INSERT INTO peer (name) VALUES ('old'); "
        "INSERT INTO delivery (peer, report, event, kind, state, created, due, finished) "
        f"VALUES ('old', '{p.report}', gen_random_uuid(), '{kind}', '{state}', now() - interval '{days} days', "
        f"now(), {finished})",
        "DELETE FROM delivery; DELETE FROM peer",
    )


def webhook(p: Patient):
    return p.told(
        p.user,
        "INSERT INTO webhook (id, client, url, stage, services, kinds, secret, created, disabled, reason, "
        "transaction, sequence, due) SELECT 'wh-00000000000A', id, 'https://x.example', 'production', '{}', '{}', "
        "'whsec_' || repeat('A', 32), now(), now(), 'gone', 0, 0, 'infinity' FROM client_key LIMIT 1",
        "DELETE FROM webhook",
    )


def keyless_webhook(p: Patient):
    return p.told(
        p.user,
        "INSERT INTO webhook (id, client, url, stage, services, kinds, secret, created, transaction, sequence, due) "
        "SELECT 'wh-00000000000B', id, 'https://x.example', 'production', '{}', '{}', "
        "'whsec_' || repeat('A', 32), now(), 0, 0, 'infinity' FROM client_key LIMIT 1; "
        "UPDATE issued_key SET retires = now() - interval '1 hour', notice = 'Gone.'",
        "DELETE FROM webhook; UPDATE issued_key SET retires = NULL, notice = NULL",
    )


@contextmanager
def unapplied(p: Patient):
    name, checksum = p.user.rows("SELECT name, checksum FROM schema_migration ORDER BY name DESC LIMIT 1")[0]
    with p.told(
        p.user,
        f"DELETE FROM schema_migration WHERE name = '{name}'",
        f"INSERT INTO schema_migration (name, checksum) VALUES ('{name}', '{checksum}')",
    ):
        yield


def sql(broken: str, mended: str):
    return lambda p: p.told(p.root, broken, mended)


def audit_log(broken: str, mended: str, well: str):
    """Mended once `well` is true: while others are at the log what mends it does nothing, or gives up."""

    def is_mended(p: Patient) -> bool:
        with suppress(AssertionError):
            p.root.rows(mended)
        return p.root.rows(f"SELECT {well}") == [["t"]]

    @contextmanager
    def patched(p: Patient):
        p.root.rows(broken)
        try:
            yield
        finally:
            wait_until(lambda: is_mended(p), within=20)

    return patched


def next_month() -> str:
    """The table of the audit log's next month."""
    first = datetime.now(timezone.utc).replace(day=1)
    return f"audit_entry_{first + timedelta(days=32):%Y_%m}"


STRAY = (
    "INSERT INTO audit_entry (recorded, actor, name, action, reports) "
    "VALUES ('2020-02-02', 'system', 'viaduct', 'report.read', '{}')"
)

# Sixty-one reports of an hour at one place.
CROWD = (
    "INSERT INTO event (id, report, kind, actor, recorded, path, content) "
    "SELECT (left(id::text, 24) || lpad(to_hex(n), 12, '0'))::uuid, report, kind, actor, recorded, path, content "
    "FROM event, generate_series(1, 60) AS n WHERE kind = 'created'",
    "SET session_replication_role = replica; DELETE FROM event WHERE id::text LIKE '%-0000000000__'; "
    "RESET session_replication_role",
)

# What is broken, what finds it, and what the finding must say.
BROKEN = {
    "a misspelt key": (typo, {}, ["settings"], r"viaduct\.yaml.*key_service"),
    "a misspelt variable": (nothing, {"VIADUCT_HTPP_PORT": "1"}, ["environment"], "VIADUCT_HTPP_PORT"),
    "a secret for everybody": (secret, {}, ["secrets"], "chmod 600"),
    "an address of the loopback": (
        nothing, {"VIADUCT_HTTP_PUBLIC_URL": "http://127.0.0.1:8311"}, ["public-url"], "http.public_url"),
    "mixed up coordinates": (boundary, {}, ["boundaries"], r"longitude first.*sofia\.yaml"),
    "a peer that may not be called": (
        forbidden_peer, {"VIADUCT_OUTBOUND_ALLOW": "10.0.0.0/8"}, ["peers", "clients"], r"outbound\.allow.*roads\.yaml"),
    "the wrong data keys": (
        nothing, {"VIADUCT_PRIVACY_KEYS": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}, ["data-keys"],
        r"the keys [0-9a-f]{8} are not there"),
    "personal data that is plain": (
        sql("INSERT INTO contact.contact (report) SELECT id FROM report", "DELETE FROM contact.contact"),
        {}, ["data-keys"], "not sealed yet"),
    "a picture that is gone": (lost_picture, {}, ["media"], "0{32}.jpg"),
    "few files": (nothing, {"files": 256}, ["open-files"], "LimitNOFILE"),
    "an old backup": (old_backup, {}, ["backup"], "30 hours"),
    "an archive that takes nothing": (full_archive, {}, ["archiving"], "archive_command"),
    "synchronous_commit": (
        lambda p: p.set("synchronous_commit", "off"), {}, ["durability"], "synchronous_commit = on"),
    "no autovacuum": (lambda p: p.set("autovacuum", "off"), {}, ["autovacuum"], "autovacuum = on"),
    "no autovacuum of one table": (
        sql("ALTER TABLE report SET (autovacuum_enabled = false)", "ALTER TABLE report RESET (autovacuum_enabled)"),
        {}, ["autovacuum"], "public.report"),
    "a superuser": (
        sql("ALTER ROLE viaduct SUPERUSER", "ALTER ROLE viaduct NOSUPERUSER"), {}, ["role"], "superuser"),
    "a slot that nobody reads": (
        sql("SELECT pg_create_physical_replication_slot('gone', true)", "SELECT pg_drop_replication_slot('gone')"),
        {}, ["slots"], "gone"),
    "a migration that has not run": (unapplied, {}, ["migrations"], "has not run"),
    "a parked delivery of nobody": (
        lambda p: delivery(p, "report", "parked", 0), {}, ["stopped-peers", "parked"], "old"),
    "an old dead letter": (lambda p: delivery(p, "report", "refused", 2), {}, ["dead-letters"], "older than a day"),
    "an erasure that is not done": (lambda p: delivery(p, "erasure", "refused", 0), {}, ["erasures"], "1 erasures"),
    "a month without a part": (
        audit_log(
            f"DROP TABLE {next_month()}", "SELECT audit_make_months(3)",
            f"to_regclass('{next_month()}') IS NOT NULL"),
        {}, ["months"], r"no part for \d{4}-\d\d"),
    "an entry in no month": (
        audit_log(STRAY, "SELECT audit_move_strays(9)", "NOT EXISTS (SELECT FROM audit_entry_default)"),
        {}, ["months"], "1 entries lie in no month"),
    "a crowd at one place": (sql(*CROWD), {}, ["bursts"], r"61 reports of \S+ .* at 42\.69, 23\.32"),
    "a webhook that was given up": (webhook, {}, ["webhooks"], "resume wh-00000000000A"),
    "a webhook whose client has no key that counts": (
        keyless_webhook, {}, ["clients"], "webhook wh-00000000000B is retired"),
}  # fmt: skip


def test_nothing_is_found_where_nothing_is_wrong(patient):
    done = patient.doctor()
    checks = json.loads(done.stdout)["checks"]
    assert [check for check in checks if check["findings"]] == []
    assert {check["result"] for check in checks} == {"ok"} and len(checks) >= 30
    assert done.returncode == 0
    assert len({check["name"] for check in checks}) == len({check["about"] for check in checks}) == len(checks)


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named(patient, name):
    broken, surroundings, checks, words = BROKEN[name]
    with broken() if broken is nothing else broken(patient):
        found = patient.findings(**surroundings)
    assert sorted(found) == sorted(checks)
    for check, findings in found.items():
        for finding in findings:
            assert finding["text"] and finding["level"] in ("warning", "wrong"), check
    assert re.search(words, json.dumps(found))


def test_a_finding_says_where(patient):
    with boundary(patient):
        (finding,) = patient.findings()["boundaries"]
        text = (patient.instance.settings / "jurisdictions" / "sofia.yaml").read_text()
    assert finding["file"].endswith("jurisdictions/sofia.yaml") and finding["key"] == "boundary"
    assert text.splitlines()[finding["line"] - 1].startswith("boundary:")


def test_the_metrics_tell_what_the_doctor_found(patient):
    with delivery(patient, "report", "parked", 0), Instance(embedded=False, **{
        "VIADUCT_DATABASE_URL": patient.user.url, "VIADUCT_DATA_DIRECTORY": str(patient.instance.directory / "data"),
    }) as second:  # fmt: skip
        second.start()
        line = 'viaduct_findings{check="parked",level="warning"} 1\n'
        wait_until(lambda: line in second.admin_page("/metrics")[1], within=20)
        assert "viaduct_backup_finished_timestamp_seconds" in second.admin_page("/metrics")[1]
        second.stop()


def test_a_server_of_ones_own_is_looked_at_too(binary):
    """What a plain initdb makes: a superuser, and no checksums; and what the address takes away."""
    with Cluster(max_connections="20") as cluster, Instance(
        VIADUCT_DATABASE_URL=f"{cluster.url}?options=-cstatement_timeout%3D0",
        VIADUCT_DATABASE_CONNECTIONS="14", VIADUCT_HTTP_PUBLIC_URL="https://reports.example",
    ) as instance:  # fmt: skip
        instance.run("migrate")
        done = instance.command("doctor", "--json")
        checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
        found = {name for name, check in checks.items() if check["findings"]} - {"core-dumps", "open-files"}
        assert found == {"role", "checksums", "timeouts", "connections"}
        assert checks["backup"]["result"] == "skipped" and "owner" in checks["backup"]["reason"]
        assert "role: We connect as a superuser." in instance.command("check").stdout
        cluster.stop()
        done = instance.command("doctor")
        assert done.returncode == 1 and "wrong   database: The database is out of reach" in done.stdout
