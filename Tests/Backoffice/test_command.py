"""Viaduct and a program in another language: the example that the adapter's page shows, as it stands."""

import sqlite3
import sys
from datetime import datetime, timezone

import pytest

from kit.desk import Desk
from kit.instance import BINARY, ROOT, Instance, wait_until
from kit.works import dies, peer

EXAMPLE = ROOT / "Adapters" / "Command" / "Example" / "townhall.py"

pytestmark = pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: build it first")


class TownHall:
    """The list of jobs, as its people see it."""

    def __init__(self, file):
        self.file = file

    def ask(self, command: str, *values) -> list[tuple]:
        with sqlite3.connect(self.file, timeout=10) as db:
            return db.execute(command, values).fetchall()

    def tell(self, job: int, status: str | None, said: str, public: bool = True) -> None:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.ask(
            "INSERT INTO note (job, key, at, status, said, is_public) VALUES (?, ?, ?, ?, ?, ?)",
            job, f"{job}-{said}", now, status, said, public,
        )  # fmt: skip


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    return TownHall(tmp_path_factory.mktemp("hall") / "jobs.sqlite")


@pytest.fixture(scope="module")
def desk(hall):
    def entry(viaduct):
        return peer("command", sys.executable, command={"arguments": [str(EXAMPLE), str(hall.file)]})

    with Instance() as viaduct:
        desk = Desk(viaduct, entry)
        viaduct.start()
        yield desk
        assert viaduct.process.poll() is None, viaduct.tail


def test_the_whole_way_with_fifty_lines_of_python(desk, hall):
    assert desk.check()["software"].startswith("Town hall, 0 jobs")
    report = desk.report("Paint on a wall")
    ticket = desk.ticket(report)
    [(told, what, place, status)] = hall.ask("SELECT report, what, place, status FROM job WHERE number = ?", ticket)
    assert (told, what, place, status) == (report, "GRAF: Paint on a wall", "Vitosha Boulevard 15", "new")
    hall.tell(int(ticket), None, "Mr Petrov complains again", public=False)
    hall.tell(int(ticket), "planned", "We come on Monday.")
    hall.tell(int(ticket), "done", "Painted over.")
    desk.hears(report, "Painted over.")
    assert desk.texts(report) == ["We come on Monday.", "Painted over."] and desk.status(report) == "closed"
    desk.update(report, "REOPEN", "It is back.")
    desk.done(report, 2)
    assert hall.ask("SELECT status FROM job WHERE number = ?", ticket) == [("new",)]


def test_a_gateway_that_dies_before_it_notes_the_answer_makes_no_second_job(desk, hall):
    reports = []
    dies(desk.viaduct, "replied", lambda: reports.append(desk.report("Paint on a bridge")))
    desk.ticket(reports[0], within=120)
    assert hall.ask("SELECT count(*) FROM job WHERE report = ?", reports[0]) == [(1,)]
    assert desk.deliveries(reports[0])[0]["tries"][-1]["outcome"] == "found"


def test_a_program_that_fails_leaves_the_report_waiting(desk, hall):
    hall.file.rename(hall.file.with_suffix(".away"))
    hall.file.mkdir()
    report = desk.report("Paint on a tree")
    wait_until(lambda: desk.deliveries(report)[0]["tries"], within=60, pause=0.5)
    assert desk.deliveries(report)[0]["tries"][0]["outcome"] == "ambiguous"
    hall.file.rmdir()
    hall.file.with_suffix(".away").rename(hall.file)
    desk.ticket(report, within=120)
    assert hall.ask("SELECT count(*) FROM job WHERE report = ?", report) == [(1,)]
