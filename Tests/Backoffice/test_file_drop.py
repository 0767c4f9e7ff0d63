"""Viaduct and a works system that fetches files from a folder and leaves others there."""

import csv
import hashlib
import io
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kit import pictures
from kit.desk import Desk
from kit.instance import BINARY, Instance, wait_until
from kit.works import dies, peer

pytestmark = pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: build it first")

SETTINGS = {
    "separator": ";", "decimal": ",", "encoding": "windows-1251", "checksums": True, "pictures": "files",
    "columns": {"NR": "id", "ART": "kind", "DIENST": "service_code", "STATUS": "status", "TEXT": "description", "X": "long", "FOTO": "media_url"},
    "read": {"columns": {"report": "NR", "status": "STATUS", "text": "NOTE", "told": "ZEIT"}, "zone": "Europe/Sofia",
             "times": "dd.MM.yyyy HH:mm:ss"},
}  # fmt: skip


def moment() -> str:
    """Now, as the works write it."""
    return datetime.now(ZoneInfo("Europe/Sofia")).strftime("%d.%m.%Y %H:%M:%S")


class Works:
    """The folder as the works' program sees it."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("out", "in", "archive"):
            (folder / name).mkdir()

    def files(self, report: str) -> list:
        """What is told of a report, complete and with a checksum that fits."""
        found = []
        for path in sorted(self.folder.glob("out/*.csv")):
            sum_, name = path.with_suffix(".csv.sha256").read_text().split()
            assert name == path.name and sum_ == hashlib.sha256(path.read_bytes()).hexdigest()
            rows = list(csv.DictReader(io.StringIO(path.read_text("windows-1251")), delimiter=";"))
            found += [(path, row) for row in rows if row["NR"] == report]
        return found

    def leave(self, name: str, *rows: str) -> None:
        text = ("NR;STATUS;NOTE;ZEIT\r\n" + "".join(f"{row}\r\n" for row in rows)).encode("windows-1251")
        (self.folder / "in" / name).write_bytes(text)
        (self.folder / "in" / f"{name}.sha256").write_text(f"{hashlib.sha256(text).hexdigest()}  {name}\n")


@pytest.fixture(scope="module")
def works(tmp_path_factory):
    return Works(tmp_path_factory.mktemp("works"))


@pytest.fixture(scope="module")
def desk(works):
    with Instance() as viaduct:
        desk = Desk(viaduct, lambda viaduct: peer("file_drop", works.folder, file_drop=SETTINGS))
        viaduct.start()
        yield desk
        assert viaduct.process.poll() is None, viaduct.tail


def test_the_whole_way_over_files(desk, works):
    assert desk.check()["obstacles"] == []
    report = desk.report("Дупка; много голяма", pictures.png("hole"))
    desk.ticket(report)
    [(path, row)] = works.files(report)
    assert (row["ART"], row["DIENST"], row["TEXT"], row["X"]) == ("report", "GRAF", "Дупка; много голяма", "23,3219")
    assert (works.folder / "out" / row["FOTO"]).read_bytes().startswith(b"\x89PNG")
    assert (works.folder / "archive" / path.name).read_bytes() == path.read_bytes()
    time.sleep(1)
    works.leave("status-1.csv", f"{report};planned;В понеделник;{moment()}")
    time.sleep(1)
    works.leave("status-2.csv", f"{report};done;Запълнена;{moment()}", f"nobody-1;done;;{moment()}")
    desk.hears(report, "Запълнена")
    assert desk.texts(report) == ["В понеделник", "Запълнена"] and desk.status(report) == "closed"
    wait_until(lambda: not list((works.folder / "in").iterdir()), within=30)
    assert (works.folder / "archive" / "in-status-1.csv").exists()
    desk.update(report, "REOPEN", "Пак е там.")
    desk.done(report, 2)
    assert sorted(row["STATUS"] for _, row in works.files(report)) == ["", "new"]


def test_a_gateway_that_dies_between_file_and_note_leaves_one_file(desk, works):
    reports = []
    dies(desk.viaduct, "replied", lambda: reports.append(desk.report("Paint on a bridge")))
    # The works take it away before we look.
    [(path, _)] = works.files(reports[0])
    path.unlink()
    desk.ticket(reports[0], within=120)
    assert works.files(reports[0]) == []


def test_a_folder_that_is_full_or_gone_leaves_the_report_waiting(desk, works):
    (works.folder / "out").rename(works.folder / "away")
    report = desk.report("Paint on a tree")
    wait_until(lambda: desk.deliveries(report)[0]["tries"], within=60, pause=0.5)
    assert desk.deliveries(report)[0]["tries"][0]["outcome"] == "forbidden"
    assert any("out" in obstacle for obstacle in desk.check()["obstacles"])
    (works.folder / "away").rename(works.folder / "out")
    desk.viaduct.run("peer", "resume", "works")
    desk.ticket(report)
    assert len(works.files(report)) == 1
