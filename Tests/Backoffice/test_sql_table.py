"""Viaduct and two tables in somebody else's PostgreSQL, made by the adapter's own script."""

import subprocess

import pytest

from kit.cluster import Cluster, programs
from kit.desk import Desk
from kit.instance import BINARY, ROOT, Instance, wait_until
from kit.works import dies, peer

SCRIPT = ROOT / "Adapters" / "SQLTable" / "tables.sql"

pytestmark = pytest.mark.skipif(not BINARY.exists(), reason=f"{BINARY} is not there: build it first")


class Works:
    """The works' own database."""

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        self.ask(SCRIPT.read_text())
        self.ask("ALTER ROLE viaduct_gateway PASSWORD 'swordfish-4711'")

    def ask(self, command: str) -> str:
        done = subprocess.run(
            [programs() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", command, self.cluster.socket_url],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def address(self) -> str:
        """The same database for the role that Viaduct has."""
        return self.cluster.socket_url + ("&" if "?" in self.cluster.socket_url else "?") + "user=viaduct_gateway"


@pytest.fixture(scope="module")
def works():
    with Cluster() as cluster:
        yield Works(cluster)


@pytest.fixture(scope="module")
def desk(works):
    with Instance() as viaduct:
        desk = Desk(viaduct, lambda viaduct: peer("sql_table", works.address))
        viaduct.start()
        yield desk
        assert viaduct.process.poll() is None, viaduct.tail


def test_the_whole_way_over_two_tables(desk, works):
    assert desk.check()["obstacles"] == []
    report = desk.report("Paint; it's 'fresh'")
    assert desk.ticket(report) == report
    row = works.ask(f"SELECT kind, service, description, latitude, url FROM viaduct.outbox WHERE report = '{report}'")
    assert row.startswith("report|GRAF|Paint; it's 'fresh'|42.6977|http")
    works.ask(f"INSERT INTO viaduct.inbox (report, status, description) VALUES ('{report}', 'planned', 'Monday')")
    works.ask(f"INSERT INTO viaduct.inbox (report, status, description) VALUES ('{report}', 'done', 'Painted over')")
    desk.hears(report, "Painted over")
    assert desk.texts(report) == ["Monday", "Painted over"] and desk.status(report) == "closed"
    desk.update(report, "REOPEN", "It is back.")
    desk.done(report, 2)
    told = works.ask(f"SELECT status, description FROM viaduct.outbox WHERE report = '{report}' AND kind = 'update'")
    assert told == "new|It is back."


def test_a_row_that_is_committed_late_is_not_missed(desk, works):
    report = desk.report("Paint on a post")
    desk.ticket(report)
    late = subprocess.Popen(
        [programs() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", works.cluster.socket_url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    late.stdin.write(f"BEGIN; INSERT INTO viaduct.inbox (report, description) VALUES ('{report}', 'late');\n\\echo there\n")
    late.stdin.flush()
    assert late.stdout.readline() == "there\n"
    works.ask(f"INSERT INTO viaduct.inbox (report, description) VALUES ('{report}', 'early')")
    # It would stand behind the cursor if the early one were read now.
    reads = lambda: desk.viaduct.admin_page("/metrics")[1]  # noqa: E731
    assert reads()
    late.stdin.write("SELECT pg_sleep(3); COMMIT;\n")
    late.stdin.close()
    assert late.wait(timeout=30) == 0
    desk.hears(report, "late")
    desk.hears(report, "early")


def test_a_gateway_that_dies_before_it_notes_the_row_writes_no_second_one(desk, works):
    reports = []
    dies(desk.viaduct, "replied", lambda: reports.append(desk.report("Paint on a bridge")))
    desk.ticket(reports[0], within=120)
    assert works.ask(f"SELECT count(*) FROM viaduct.outbox WHERE report = '{reports[0]}'") == "1"


def test_rights_that_are_missing_stop_the_peer_and_not_the_report(desk, works):
    works.ask("REVOKE INSERT ON viaduct.outbox FROM viaduct_gateway")
    assert any("insert" in obstacle for obstacle in desk.check()["obstacles"])
    report = desk.report("Paint on a tree")
    wait_until(lambda: desk.deliveries(report)[0]["tries"], within=60, pause=0.5)
    assert desk.deliveries(report)[0]["tries"][0]["outcome"] == "forbidden"
    works.ask("GRANT INSERT ON viaduct.outbox TO viaduct_gateway")
    desk.viaduct.run("peer", "resume", "works")
    desk.ticket(report)
    assert works.ask(f"SELECT count(*) FROM viaduct.outbox WHERE report = '{report}'") == "1"
