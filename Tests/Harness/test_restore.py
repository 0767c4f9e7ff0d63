"""A restore drill: to a moment, with everything of before, nothing of after, and nothing that was erased (B3, P12)."""

import re
import shutil
import subprocess
import time
from datetime import datetime, timezone
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from kit import photos
from kit.cluster import Cluster
from kit.instance import Instance, wait_until
from kit.ledger import Ledger
from kit.wire import FORM, Caller

PLACE = {"service_code": "GRAFFITI", "lat": "42.6977", "long": "23.3219"}
PERSON = {"email": "canary@example.org", "first_name": "Canary"}


def moment() -> str:
    """Now, with nothing else in the same moment."""
    time.sleep(0.05)
    now = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    time.sleep(0.05)
    return now


def report(caller, text: str, **more: str) -> str:
    answer = caller.post("/requests.json", {**PLACE, "description": text, **more})
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def reports(caller, texts: set[str], **more: str) -> None:
    """Many of them, over one connection."""
    connection = HTTPConnection("127.0.0.1", caller.port, timeout=20)
    for text in texts:
        body = urlencode({**PLACE, "api_key": caller.key, "description": text, **more})
        connection.request("POST", caller.base + "/requests.json", body, {"Content-Type": FORM})
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:1]) == (200, b"[")
    connection.close()


def database(data, user: str = "viaduct") -> Ledger:
    return Ledger(f"host={data}/postgres/socket user={user} dbname=viaduct")


def texts(ledger: Ledger) -> set[str]:
    return {row[0] for row in ledger.rows("SELECT description FROM report")}


def contacts(ledger: Ledger) -> int:
    return ledger.count("SELECT count(*) FROM contact.contact")


@pytest.fixture
def city(binary):
    with Instance(embedded=True) as instance:
        yield instance


@pytest.fixture
def restored(city):
    """Another Viaduct with the same settings, for what was restored."""
    with Instance(embedded=True) as instance:
        yield instance


def test_b3_a_restore_drill(city, restored):
    key = city.key()
    caller = city.start().caller("sofia", key)
    shelf, data = city.directory / "shelf", city.directory / "data"
    early = report(caller, "before the backup", **PERSON)
    photo = ("media", "a.jpg", "image/jpeg", photos.small(1))
    assert caller.upload("/requests.json", {**PLACE, "description": "with a photo"}, [photo]).status == 200

    said = city.run("backup", "--to", str(shelf))
    assert "verified" in said and re.search(r"pictures +\d+ new", said), said
    assert (shelf.stat().st_mode & 0o777) == 0o700
    marked = {f"marked {number}" for number in range(100)}
    reports(caller, marked, **PERSON)
    wanted = texts(database(data))
    then = moment()

    # What came after, none of which may come back; and what was erased, which must not come back either.
    reports(caller, {f"too late {number}" for number in range(20)})
    assert "erased contact" in city.run("erase", early)
    late = city.run("erase", report(caller, "erased at once", **PERSON))
    assert "erased contact" in late
    journal = shelf / "erasures.jsonl"
    wait_until(lambda: journal.read_text().count("\n") == 2, within=20)
    assert "canary" not in journal.read_text().lower()
    database(data).rows("DROP TABLE report CASCADE")
    assert city.stop() == 0

    into = restored.directory / "data"
    done = restored.command("restore", "--from", str(shelf), "--to", then, "--into", str(into))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "erasures   1 of 2 done again" in done.stdout
    assert done.stderr.count("sofia-") == 1 and "not in this backup" in done.stderr

    again = restored.start().caller("sofia", key)
    ledger = database(into)
    assert texts(ledger) == wanted == marked | {"before the backup", "with a photo"}
    assert ledger.count("SELECT count(*) FROM event WHERE kind = 'created'") == len(wanted)
    assert contacts(ledger) == len(marked), "of one report the contact was erased again"
    assert ledger.count(f"SELECT count(*) FROM contact.contact WHERE report = '{early}'") == 0
    assert again.get(f"/requests/{early}.json").json[0]["description"] == "before the backup"
    (shown,) = (row for row in again.get("/requests.json", page_size=200).json if row["description"] == "with a photo")
    assert Caller(restored.port, "/media").get("/" + shown["media_url"].rpartition("/")[2]).status == 200
    report(again, "life goes on")
    assert ledger.count("SELECT count(*) FROM pg_settings WHERE name LIKE 'recovery_target%' AND setting LIKE '20%'") == 0


def test_a_restore_of_everything_and_what_cannot_be_restored(city, restored):
    key = city.key()
    caller = city.start().caller("sofia", key)
    shelf = city.directory / "shelf"
    begun = moment()
    report(caller, "one")
    into = restored.directory / "data"

    def restore(*arguments: str) -> subprocess.CompletedProcess:
        return restored.command("restore", "--from", str(shelf), "--into", str(into), *arguments)

    assert restore().returncode == 66 and "no backup" in restore().stderr
    picture = city.directory / "data" / "media" / "00" / f"{0:032x}.jpg"
    picture.parent.mkdir(exist_ok=True)
    picture.write_bytes(photos.small(1))
    assert "1 new" in city.run("backup", "--to", str(shelf))
    # What one leaves that is killed before it is whole.
    (shelf / "base" / "20260101T000000Z").mkdir()
    (shelf / "base" / "20260101T000000Z" / "PG_VERSION").write_text("15")
    (shelf / "base" / "of-my-own").mkdir()
    picture.unlink()
    time.sleep(1.1)
    assert "1 gone" in city.run("backup", "--to", str(shelf))
    assert not (shelf / "base" / "20260101T000000Z").exists() and (shelf / "base" / "of-my-own").exists()
    (shelf / "base" / "of-my-own").rmdir()
    assert len(list(shelf.glob(f"gone/*/00/{picture.name}"))) == 1, "a restore to before may need it"
    time.sleep(1.1)
    city.run("backup", "--to", str(shelf), "--keep", "1")
    assert list(shelf.rglob(picture.name)) == [], "no moment needs it any more"
    assert len(list(shelf.glob("base/*.json"))) == 1 == len([p for p in shelf.glob("base/*") if p.is_dir()])
    report(caller, "two")
    last = moment()
    assert city.stop() == 0
    for text in ("yesterday", "2026-11-23T13:59:00", "2026-11-23"):
        assert restore("--to", text).returncode == 64, text
    refused = restore("--to", begun)
    assert refused.returncode == 66 and "The first backup was finished at" in refused.stderr
    # Nothing was written after that moment.
    done = restore("--to", last)
    assert done.returncode == 0, done.stderr
    assert restore().returncode == 64, "it is there already"
    restored.start()
    assert texts(database(into)) == {"one", "two"}
    assert restored.stop() == 0

    # A backup that was changed on its disk is none.
    (base,) = (p for p in shelf.glob("base/*") if p.is_dir())
    (base / "PG_VERSION").unlink()
    shutil.rmtree(into)
    assert restore().returncode == 69


def test_restores_out_of_one_shelf_do_not_meet(city, restored):
    """Each begins a timeline of its own, and neither hides what the old server wrote later."""
    caller = city.start().caller("sofia", city.key())
    shelf = city.directory / "shelf"
    city.run("backup", "--to", str(shelf))
    report(caller, "one")
    early = moment()
    report(caller, "two")
    assert city.stop() == 0
    with Instance(embedded=True) as third, Instance(embedded=True) as fourth:
        timelines = set()
        for node in (restored, third):
            into = node.directory / "data"
            assert node.command("restore", "--from", str(shelf), "--to", early, "--into", str(into)).returncode == 0
            node.start()
            assert texts(database(into)) == {"one"}
            timelines.add(database(into).count("SELECT timeline_id FROM pg_control_checkpoint()"))
        assert timelines == {2, 3}
        for node in (restored, third):
            node.run("backup", "--to", str(shelf))
            server = database(node.directory / "data", user="postgres")
            server.rows("SELECT pg_switch_wal()")
            archived = "SELECT archived_count FROM pg_stat_archiver"
            wait_until(lambda: server.count(archived) > 0, within=30)
            assert server.count("SELECT failed_count FROM pg_stat_archiver") == 0
        # What the first server wrote after the moment of the others is still to be had from its backup.
        for record in sorted((shelf / "base").glob("*.json"))[1:]:
            record.unlink()
        into = fourth.directory / "data"
        done = fourth.command("restore", "--from", str(shelf), "--into", str(into))
        assert done.returncode == 0, done.stderr
        fourth.start()
        assert texts(database(into)) == {"one", "two"}


def test_a_server_of_ones_own_keeps_its_own_backups(binary):
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        key = instance.key()
        shelf = instance.directory / "shelf"
        said = instance.run("backup", "--to", str(shelf))
        assert "not here" in said
        number = report(instance.start().caller("sofia", key), "of a person", **PERSON)
        instance.run("erase", number)
        journal = shelf / "erasures.jsonl"
        wait_until(lambda: journal.exists() and number in journal.read_text(), within=20)
        done = instance.command("restore", "--from", str(shelf), "--into", str(instance.directory / "new"))
        assert done.returncode == 64 and "erasures --replay" in done.stderr
