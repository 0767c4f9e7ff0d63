"""Viaduct and a department that is reached by mail: a real exim4 and dovecot (backoffice.md 7)."""

import json
import re
import shutil
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from kit import photos
from kit.instance import BINARY, Instance, wait_until
from kit.mail import HOST, CutLine, Mail
from kit.peers import name_node

pytestmark = [
    pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: build it first"),
    pytest.mark.skipif(not shutil.which("exim4") or not shutil.which("dovecot"), reason="exim4 or dovecot is not installed"),
]
MAPPING = {"services": {"GRAFFITI": "roads", "STREETLIGHT": f"lamps@{HOST}"}}


@pytest.fixture
def mail():
    # A socket's path is short, and the servers' own user must get there.
    base = Path(tempfile.mkdtemp(prefix="mail-", dir="/tmp"))
    server = Mail(base)
    server.init()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def viaduct(mail):
    with Instance() as instance:
        name_node(instance, "gateway.example")
        write(instance, mail)
        yield instance


def write(viaduct: Instance, mail: Mail, address: str | None = None, **email) -> None:
    entry = mail.peer_file(viaduct.settings)
    entry |= {"rules": [{"services": [*MAPPING["services"]]}], "mapping": MAPPING, "retry": {"pauses": ["1s"]}}
    entry["address"] = address or entry["address"]
    entry["email"] |= email
    (viaduct.settings / "peers" / "roads.yaml").write_text(json.dumps(entry, ensure_ascii=False, indent=1))


def report(viaduct: Instance, key: str, *pictures: bytes, text: str = "Gropë e thellë", service: str = "GRAFFITI") -> str:
    form = {"service_code": service, "lat": "42.6977", "long": "23.3219", "address_string": "Rruga B 15", "description": text}
    files = [(f"photo{n}", f"{n}.jpg", "image/jpeg", bytes) for n, bytes in enumerate(pictures, 1)]
    answer = viaduct.caller("sofia", key).upload("/requests.json", form, files, "xYzZY")
    assert answer.status == 200, answer.text
    return answer.json[0].get("service_request_id", "")


def deliveries(viaduct: Instance, number: str) -> list[dict]:
    return json.loads(viaduct.run("deliveries", "--report", number, "--json"))


def arrives(viaduct: Instance, mail: Mail, number: str, state: str = "done", box: str = "roads") -> EmailMessage | None:
    wait_until(lambda: deliveries(viaduct, number)[0]["state"] == state, within=60, pause=0.3)
    if state != "done":
        return None
    found = lambda: [each for each in mail.mails(box) if each["X-Open311-Request-Id"] == number]  # noqa: E731
    wait_until(found, within=30, pause=0.2)
    return found()[0]


def updates(viaduct: Instance, key: str, number: str) -> list[dict]:
    rows = viaduct.caller("sofia", key).get("/servicerequestupdates.json", extensions="true").json
    return [row for row in rows if row["service_request_id"] == number]


def status(viaduct: Instance, key: str, number: str) -> str:
    return viaduct.caller("sofia", key).get(f"/requests/{number}.json").json[0]["status"]


def settle(viaduct: Instance) -> None:
    """Lets a few readings of the mailbox pass."""
    time.sleep(4)
    assert viaduct.process.poll() is None, viaduct.tail


def test_a_report_goes_out_with_its_photo_in_albanian(viaduct, mail):
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key, photos.small(1))
    got = arrives(viaduct, mail, number)
    text = got.get_body(("plain",)).get_content()
    assert "Ju është raportuar një problem." in text and "Gropë e thellë" in text and "Rruga B 15" in text
    assert got["Subject"].startswith(f"[{number}] ") and got["Auto-Submitted"] == "auto-generated"
    assert str(got["From"]) == f"Sinjale <gateway@{HOST}>" and re.match(rf"gateway\+{number}\.\w{{16}}@", str(got["Reply-To"]))
    [picture] = got.iter_attachments()
    assert picture.get_content_type() == "image/jpeg" and picture.get_content().startswith(b"\xff\xd8\xff")
    assert deliveries(viaduct, number)[0]["ticket"] == number


def test_a_service_may_have_an_address_of_its_own(viaduct, mail):
    key = viaduct.key()
    viaduct.start()
    report(viaduct, key, service="STREETLIGHT")
    wait_until(lambda: mail.mails("lamps"), within=60, pause=0.3)
    assert mail.mails("roads") == []


def test_an_answer_with_a_photo_comes_back(viaduct, mail):
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    got = arrives(viaduct, mail, number)
    mail.reply(got["Message-ID"], "Ekipi vjen të hënën – “së shpejti”.", photo=photos.small(2))
    wait_until(lambda: updates(viaduct, key, number), within=60, pause=0.3)
    [update] = updates(viaduct, key, number)
    assert update["description"] == "Ekipi vjen të hënën – “së shpejti”." and status(viaduct, key, number) == "open"
    pictured = lambda: "/media/" in json.dumps(updates(viaduct, key, number))  # noqa: E731
    wait_until(pictured, within=60, pause=0.5)
    assert mail.unread() == 1, "what we read stays unread for people"
    mail.reply(got["Message-ID"], "Faleminderit.", status="U rregullua!")
    wait_until(lambda: status(viaduct, key, number) == "closed", within=60, pause=0.3)
    assert [update["description"] for update in updates(viaduct, key, number)][-1] == "Faleminderit."


def test_a_forged_answer_without_a_token_is_no_status(viaduct, mail):
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    arrives(viaduct, mail, number)
    for sender, text in ((f"roads@{HOST}", "fixed\nby nobody"), ("bob@evil.example", "fixed\nby Bob")):
        forged = EmailMessage()
        forged["From"], forged["To"], forged["Subject"] = sender, f"gateway@{HOST}", f"Re: [{number}] hole"
        forged.set_content(text)
        mail.send(forged)
    wait_until(lambda: updates(viaduct, key, number), within=60, pause=0.3)
    settle(viaduct)
    assert [update["description"] for update in updates(viaduct, key, number)] == ["fixed\nby nobody"]
    assert status(viaduct, key, number) == "open"


def test_what_programs_send_is_no_comment(viaduct, mail):
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    got = arrives(viaduct, mail, number)
    for header in (("Auto-Submitted", "auto-replied"), ("Precedence", "bulk")):
        away = EmailMessage()
        away["From"], away["To"], away["In-Reply-To"] = f"roads@{HOST}", got["Reply-To"], got["Message-ID"]
        away["Subject"] = f"[rt.example #8] AutoReply: {got['Subject']}"
        away[header[0]] = header[1]
        away.set_content("I am away.")
        mail.send(away)
    mail.reply(got["Message-ID"], "A person.")
    wait_until(lambda: updates(viaduct, key, number), within=60, pause=0.3)
    settle(viaduct)
    assert [update["description"] for update in updates(viaduct, key, number)] == ["A person."]


def test_a_number_learnt_from_an_automatic_answer_stands_in_later_mails(viaduct, mail):
    key = viaduct.key("staff", "--scope", "report", "--scope", "update", "--scope", "staff")
    viaduct.start()
    number = report(viaduct, key)
    got = arrives(viaduct, mail, number)
    away = EmailMessage()
    away["From"], away["To"], away["In-Reply-To"] = f"roads@{HOST}", got["Reply-To"], got["Message-ID"]
    away["Subject"], away["Auto-Submitted"] = "[rt.example #8] AutoReply: Gropë", "auto-replied"
    away.set_content("Thank you.")
    mail.send(away)
    wait_until(lambda: mail.mails("gateway"), within=30, pause=0.2)
    form = {"service_request_id": number, "status": "OPEN", "description": "It grew.", "updated_datetime": "2026-11-24T00:00:00Z",
            "update_id": "staff-1"}  # fmt: skip
    answer = viaduct.caller("sofia", key).post("/servicerequestupdates.json", form)
    assert answer.status == 200, answer.text
    wait_until(lambda: len(mail.mails()) == 2, within=60, pause=0.3)
    news = mail.mails()[1]
    assert news["Subject"].startswith(f"[rt.example #8] [{number}] ") and "It grew." in news.get_content()
    assert news["References"] == got["References"]


def test_452_is_tried_again_and_550_is_not(viaduct, mail):
    key = viaduct.key()
    mail.fill("roads")
    viaduct.start()
    number = report(viaduct, key)
    tried = lambda: [each for each in deliveries(viaduct, number) if each["attempts"] >= 2]  # noqa: E731
    wait_until(tried, within=60, pause=0.3)
    line = deliveries(viaduct, number)[0]
    assert line["state"] == "waiting" and "mailbox full" in json.dumps(line)
    mail.fill()
    arrives(viaduct, mail, number)
    assert len(mail.mails()) == 1
    viaduct.stop()
    write(viaduct, mail, to=f"gone@{HOST}")
    viaduct.start()
    number = report(viaduct, key, text="Another")
    arrives(viaduct, mail, number, state="refused")
    assert "no such user" in json.dumps(deliveries(viaduct, number))


def test_what_does_not_fit_becomes_a_link(viaduct, mail):
    key = viaduct.key()
    write(viaduct, mail, most_bytes=65536)
    viaduct.start()
    large = _noise()
    got = arrives(viaduct, mail, report(viaduct, key, large, photos.small(1)))
    assert len([*got.iter_attachments()]) == 1
    assert re.search(r"Fotografia: http\S+/media/\w+\.jpg", got.get_body(("plain",)).get_content())


def _noise(width: int = 300) -> bytes:
    """A photo of more than the bytes of its pixels, as nothing in it repeats."""
    import io
    import random

    from PIL import Image

    file = io.BytesIO()
    Image.frombytes("RGB", (width, 200), random.Random(1).randbytes(width * 200 * 3)).save(file, "JPEG", quality=95)
    assert len(file.getvalue()) > 60_000
    return file.getvalue()


def test_a_connection_cut_after_data_waits_for_a_person(viaduct, mail):
    key, line = viaduct.key(), CutLine()
    write(viaduct, mail, address=f"smtp://127.0.0.1:{line.port}")
    viaduct.start()
    number = report(viaduct, key)
    arrives(viaduct, mail, number, state="parked")
    settle(viaduct)
    assert len(line.taken) == 1, "it is not sent again by itself"
    assert deliveries(viaduct, number)[0]["attempts"] == 1
    line.close()


def test_a_server_that_hangs_up_while_we_write_does_not_end_us(viaduct, mail):
    key, line = viaduct.key(), CutLine(mail.base / "server.crt")
    write(viaduct, mail, address=f"smtp://127.0.0.1:{line.port}", tls="required", ca_file=str(mail.authority))
    viaduct.start()
    number = report(viaduct, key, _noise(6000))
    arrives(viaduct, mail, number, state="parked")
    settle(viaduct)
    assert len(line.taken) == 1
    line.close()


def test_a_mailbox_that_forgets_its_numbers_doubles_nothing(viaduct, mail):
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    got = arrives(viaduct, mail, number)
    for text in ("One.", "Two."):
        mail.reply(got["Message-ID"], text)
    wait_until(lambda: len(updates(viaduct, key, number)) == 2, within=60, pause=0.3)
    before = mail.open("gateway").response("UIDVALIDITY")
    mail.stop()
    mail.renumber()
    mail.start()
    assert mail.open("gateway").response("UIDVALIDITY") != before
    mail.reply(got["Message-ID"], "Three.")
    wait_until(lambda: len(updates(viaduct, key, number)) == 3, within=60, pause=0.3)
    settle(viaduct)
    assert {update["description"] for update in updates(viaduct, key, number)} == {"One.", "Two.", "Three."}
    assert len(updates(viaduct, key, number)) == 3


def test_what_was_read_is_moved_after_it_is_kept(viaduct, mail):
    key = viaduct.key()
    write(viaduct, mail, taken="Viaduct.Taken")
    viaduct.start()
    number = report(viaduct, key)
    got = arrives(viaduct, mail, number)
    mail.reply(got["Message-ID"], "One.", photo=photos.small(5))
    wait_until(lambda: not mail.mails("gateway"), within=60, pause=0.3)
    [update] = updates(viaduct, key, number)
    wait_until(lambda: "/media/" in json.dumps(updates(viaduct, key, number)), within=60, pause=0.5)
    session = mail.open("gateway", "Viaduct.Taken")
    assert len(session.uid("SEARCH", "ALL")[1][0].split()) == 1


def test_a_mail_that_comes_back_is_told(viaduct, mail):
    key = viaduct.key()
    write(viaduct, mail, to=f"nobody@{HOST}")
    viaduct.start()
    number = report(viaduct, key)
    wait_until(lambda: deliveries(viaduct, number)[0]["state"] == "done", within=60, pause=0.3)
    wait_until(lambda: mail.mails("gateway"), within=30, pause=0.3)
    settle(viaduct)
    assert updates(viaduct, key, number) == []
    assert "did not arrive" in viaduct.log.read_text()


def test_what_is_said_goes_encrypted_to_whom_it_is_for(viaduct, mail):
    key = viaduct.key()
    write(viaduct, mail, tls="required", ca_file=str(mail.authority))
    viaduct.start()
    number = report(viaduct, key)
    got = arrives(viaduct, mail, number)
    assert "TLS1" in got["Received"] and "esmtpsa" in got["Received"]
    mail.reply(got["Message-ID"], "Po.")
    wait_until(lambda: updates(viaduct, key, number), within=60, pause=0.3)


def test_a_server_that_nobody_vouches_for_gets_no_mail(viaduct, mail):
    # Its certificate is of nobody whom this machine knows.
    write(viaduct, mail, tls="required")
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    tried = lambda: [each for each in deliveries(viaduct, number) if each["attempts"] >= 1]  # noqa: E731
    wait_until(tried, within=60, pause=0.3)
    line = deliveries(viaduct, number)[0]
    assert line["state"] == "waiting" and "certificate" in json.dumps(line), line
    assert mail.mails() == []


def test_a_wrong_password_stops_the_peer_and_not_the_report(viaduct, mail):
    (viaduct.settings / "mail-password").write_text("swordfish-4711\n")
    key = viaduct.key()
    viaduct.start()
    number = report(viaduct, key)
    wait_until(lambda: "535" in json.dumps(deliveries(viaduct, number)), within=60, pause=0.3)
    assert deliveries(viaduct, number)[0]["state"] == "waiting"
    assert json.loads(viaduct.run("peer", "list", "--json"))[0]["state"] == "paused"


def test_check_says_what_it_reached_and_shows_no_password(viaduct, mail):
    done = viaduct.command("peer", "check", "roads")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a mailbox that has had 0 mails" in done.stdout and mail.mails() == [] and f"MAIL smtp://127.0.0.1:{mail.smtp}" in done.stdout
    (viaduct.settings / "mail-password").write_text("swordfish-4711\n")
    done = viaduct.command("peer", "check", "roads")
    assert done.returncode == 1 and "does not let us in" in done.stdout
    assert "swordfish" not in done.stdout + done.stderr
    write(viaduct, mail, to=f"gone@{HOST}")
    done = viaduct.command("peer", "check", "roads")
    assert done.returncode == 1 and "no such user to RCPT" in done.stdout
    mail.stop()
    done = viaduct.command("peer", "check", "roads", "--json")
    assert done.returncode == 1 and "cannot be reached" in json.loads(done.stdout)["failure"]
    mail.start()


@pytest.mark.parametrize("old, new, key", [
    ("smtp://", "smtp://me:secret@", "address"),
    ('"imap": "imap://', '"imap": "http://', "email.imap"),
    ('"from": "gateway@', '"from": "gate way@', "email.from"),
    ('"language": "sq"', '"language": "xx"', "email.language"),
    ('"tls": "none"', '"tsl": "none"', "email.tsl"),
])  # fmt: skip
def test_a_wrong_file_stops_the_start_with_its_key(viaduct, old, new, key):
    file = viaduct.settings / "peers" / "roads.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    done = viaduct.command("check")
    assert done.returncode != 0 and f" {key}: " in done.stdout + done.stderr, done.stdout + done.stderr
