"""The whole story on one Viaduct: three towns, three ways to work, and an app that polls as FixMyStreet does."""

import json
import re
import shutil
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kit import photos, pictures
from kit.cluster import Cluster
from kit.desk import base
from kit.instance import BINARY, ROOT, Instance, wait_until
from kit.mail import Mail
from kit.peers import allow_port, name_node
from kit.redmine import Redmine
from kit.rt import RequestTracker
from kit.wire import multipart, request

pytestmark = [
    pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: build it first"),
    pytest.mark.skipif(not shutil.which("exim4") or not shutil.which("dovecot"), reason="exim4 or dovecot is not installed"),
    pytest.mark.skipif(not Redmine.is_installed(), reason="Debian's redmine is not installed (or we are not root)"),
    pytest.mark.skipif(not RequestTracker.is_installed(), reason="Debian's request-tracker5 is not installed"),
]

PLACES = {
    "mitrovica": ("42.8914", "20.8660", "Gropë e thellë në rrugën kryesore"),
    "prishtina": ("42.6629", "21.1655", "Gropë para shkollës"),
    "sofia": ("42.6977", "23.3219", "Дупка пред училището"),
}


@pytest.fixture
def mail():
    directory = Path(tempfile.mkdtemp(prefix="mail-", dir="/tmp"))
    server = Mail(directory)
    server.init()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def systems(mail):
    with Cluster() as cluster, Redmine(base(), cluster) as redmine, RequestTracker(base(), cluster) as tracker:
        yield {"mitrovica": mail, "prishtina": redmine, "sofia": tracker}


@pytest.fixture
def viaduct(systems):
    with Instance(settings=ROOT / "Examples") as viaduct:
        shutil.rmtree(viaduct.settings / "peers")
        name_node(viaduct, "gateway.example")
        for town, system in systems.items():
            entry = system.peer_file(viaduct.settings)
            words = {name: entry.get("mapping", {}).get(name) for name in ("statuses_out", "statuses_in")}
            entry |= {
                "name": town,
                "rules": [{"jurisdictions": [f"{town}.example"], "services": ["POTHOLE"]}],
                "mapping": {"services": {"POTHOLE": "POTHOLE"}, **{n: w for n, w in words.items() if w}},
            }
            if town == "mitrovica":
                entry["email"]["answer_links"] = f"http://127.0.0.1:{viaduct.port}"
                entry["mapping"]["services"] = {"POTHOLE": "roads"}
            allow_port(viaduct, urlsplit(entry["address"]).port)
            (viaduct.settings / "peers" / f"{town}.yaml").write_text(json.dumps(entry, ensure_ascii=False, indent=1))
        viaduct.start()
        yield viaduct
        assert viaduct.process.poll() is None, viaduct.tail


def report(viaduct: Instance, town: str, key: str) -> str:
    lat, long, text = PLACES[town]
    form = {"service_code": "POTHOLE", "lat": lat, "long": long, "description": text, "attribute[SIZE]": "LARGE"}
    files = [("photo1", "1.jpg", "image/jpeg", photos.small(1))]
    answer = viaduct.caller(town, key).upload("/requests.json", form, files)
    assert answer.status == 200, answer.text
    return answer.json[0]["service_request_id"]


def polled(viaduct: Instance, town: str, key: str, report: str) -> list[dict]:
    """What a FixMyStreet's poll of the last two hours has of a report."""
    end = datetime.now(timezone.utc)
    start = end - timedelta(hours=2)
    answer = viaduct.caller(town, key).get(
        "/servicerequestupdates.xml", api_key=key, start_date=start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        end_date=end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )  # fmt: skip
    rows = [{child.tag: child.text for child in row} for row in ElementTree.fromstring(answer.body)]
    return sorted((row for row in rows if row["service_request_id"] == report), key=lambda row: row["updated_datetime"])


def hears(viaduct: Instance, town: str, key: str, number: str, text: str, pictured: bool = False) -> dict:
    found = lambda: [r for r in polled(viaduct, town, key, number)  # noqa: E731
                     if r["description"] == text and (r.get("media_url") or not pictured)]  # fmt: skip
    wait_until(found, within=90, pause=0.5)
    return found()[0]


def page(viaduct: Instance, path: str, form: dict | None = None, *files) -> tuple[int, str]:
    caller = viaduct.caller("mitrovica", "")
    if form is None:
        answer = caller.send(request("GET", path, {"Accept-Language": "sq", "Connection": "close"}))
    else:
        headers = {"Content-Type": "multipart/form-data; boundary=xYzZY", "Accept-Language": "sq", "Connection": "close"}
        answer = caller.send(request("POST", path, headers, multipart(form, list(files), "xYzZY")))
    return answer.status, answer.text


def test_three_towns_and_three_ways_to_work(viaduct, systems):
    key = viaduct.key("fms", *(part for scope in ("report", "update") for part in ("--scope", scope)))
    numbers = {town: report(viaduct, town, key) for town in PLACES}

    # Mitrovica: a mail in Albanian, and an official's clicks.
    mail = systems["mitrovica"]
    letters = lambda: [m for m in mail.mails("roads") if m["X-Open311-Request-Id"] == numbers["mitrovica"]]  # noqa: E731
    wait_until(letters, within=90, pause=0.5)
    letter = letters()[0].get_body(("plain",)).get_content()
    assert "Ju është raportuar një problem." in letter and PLACES["mitrovica"][2] in letter
    link = re.search(rf"http://127\.0\.0\.1:{viaduct.port}(/answer/\S+)", letter).group(1)
    status, form = page(viaduct, link)
    assert status == 200 and PLACES["mitrovica"][2] in form and "E planifikuar" in form, form
    assert page(viaduct, link[:-1] + ("a" if link[-1] != "a" else "b"))[0] == 404, "somebody changed it"
    assert polled(viaduct, "mitrovica", key, numbers["mitrovica"]) == [], "to look is to change nothing"
    sheet = re.search(r'name="number" value="(\w+)"', form).group(1)
    planned = {"number": sheet, "answer": "planned", "text": "Do të rregullohet të hënën."}
    for _ in range(2):
        status, thanks = page(viaduct, link, planned)
        assert status == 200 and "Faleminderit" in thanks, thanks
    hears(viaduct, "mitrovica", key, numbers["mitrovica"], "Do të rregullohet të hënën.")
    time.sleep(1)
    sheet = re.search(r'name="number" value="(\w+)"', page(viaduct, link)[1]).group(1)
    status, _ = page(viaduct, link, {"number": sheet, "answer": "fixed", "text": "U rregullua."},
                     ("media", "after.jpg", "image/jpeg", photos.small(2)))  # fmt: skip
    assert status == 200
    assert page(viaduct, link, {"number": sheet, "answer": "deleted"})[0] == 400

    # Prishtina has a Redmine, Sofia a Request Tracker.
    for town, word, text in (("prishtina", "Fixed", "E rregulluar."), ("sofia", "resolved", "Запълнена.")):
        system = systems[town]
        ticket = lambda: [t for t, reference, _ in system.tickets() if reference == numbers[town]]  # noqa: B023, E731
        wait_until(ticket, within=90, pause=1)
        system.reply(ticket()[0], text, photo=pictures.png(f"after {town}"), status=word)
        update = hears(viaduct, town, key, numbers[town], text, pictured=True)
        assert urlsplit(update["media_url"]).path.startswith("/media/")

    # The app polls, and has it all: once, in order, with the photo.
    hears(viaduct, "mitrovica", key, numbers["mitrovica"], "U rregullua.", pictured=True)
    told = [row["description"] for row in polled(viaduct, "mitrovica", key, numbers["mitrovica"])]
    assert told == ["Do të rregullohet të hënën.", "U rregullua."]
    for town, number in numbers.items():
        shown = lambda: viaduct.caller(town, key).get(f"/requests/{number}.json").json[0]  # noqa: B023, E731
        wait_until(lambda: shown()["status"] == "closed", within=60, pause=0.5)
