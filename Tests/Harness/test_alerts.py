"""The metrics are what Prometheus reads, and the alerts over them go off when they should (O1, O5)."""

import json
import re
import shutil
import subprocess
import time

import pytest

from kit.cluster import Cluster
from kit.instance import ROOT, Instance, wait_until
from kit.ledger import Ledger
from kit.mesh import Mesh
from kit.peers import name_node, write_peer
from kit.ports import free_ports

RULES = ROOT / "Operations" / "alerts.yaml"
TESTS = ROOT / "Operations" / "alerts.test.yaml"
REPORT = {"service_code": "GRAFFITI", "lat": "42.6977", "long": "23.3219", "description": "a wall in paint"}


def promtool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
    program = shutil.which("promtool")
    assert program, "promtool is not there: Scripts/prepare test installs it"
    return subprocess.run([program, *arguments], input=text, capture_output=True, text=True, timeout=60)


def alarms(scrape: str, folder) -> set[str]:
    """The alerts that go off if what was scraped stays so for 50 minutes."""
    series = []
    for line in scrape.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            name = name if "{" in name else name + "{}"
            labels = 'instance="here",job="viaduct"' + ("" if name.endswith("{}") else ",")
            series.append({"series": name.replace("{", "{" + labels, 1), "values": f"{value}x60"})
    names = re.findall(r"(?m)^ +- alert: (\w+)", RULES.read_text())
    quiet = [{"eval_time": "50m", "alertname": name, "exp_alerts": []} for name in names]
    tests = [{"interval": "1m", "input_series": series, "alert_rule_test": quiet}]
    shutil.copy(RULES, folder)
    (folder / "live.json").write_text(json.dumps({"rule_files": ["alerts.yaml"], "tests": tests}))
    done = promtool("test", "rules", str(folder / "live.json"))
    told = done.stdout + done.stderr
    found = set(re.findall(r"alertname: (\w+)", told))
    assert (done.returncode == 0) is not bool(found) and found <= set(names), told
    return found


@pytest.fixture(scope="module")
def scrape(binary) -> str:
    """The metrics of a Viaduct at work: reports, peers, and what the doctor found."""
    with Mesh("north", "south") as mesh:
        mesh.befriend("north", "south", flow=["reports_out", "updates_out"], back=["updates_out"])
        mesh.start()
        caller = mesh.caller("north")
        assert caller.post("/requests.json", REPORT).status == 200
        assert caller.post("/requests.json", {**REPORT, "lat": "x"}).status == 400
        caller.get("/requests.json")
        mesh.nodes["north"].run("backup", "--to", str(mesh.nodes["north"].directory / "shelf"))
        page = mesh.nodes["north"]
        wait_until(lambda: "viaduct_findings{" in page.admin_page("/metrics")[1], within=30)
        times = []
        for _ in range(20):
            began = time.monotonic()
            status, text = page.admin_page("/metrics")
            times.append(time.monotonic() - began)
            assert status == 200
        assert sorted(times)[10] <= 0.05, times
        return text


def test_o1_prometheus_reads_the_metrics(scrape):
    done = promtool("check", "metrics", text=scrape)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    samples = [line for line in scrape.splitlines() if line and not line.startswith("#")]
    assert len(samples) < 200, "two peers more make twenty more"
    for line in samples:
        for label in re.findall(r'(\w+)="', line):
            assert label in {"route", "status", "outcome", "le", "peer", "version", "check", "level", "ration"}, line


def test_o5_each_rule_is_about_a_number_that_there_is(scrape):
    told = set(re.findall(r"(?m)^# TYPE (\S+)", scrape))
    asked = set(re.findall(r"\b(?:viaduct|process)_[a-z_]+\b", re.sub(r"(?m)^ *summary:.*$", "", RULES.read_text())))
    asked = {re.sub(r"_(bucket|count|sum)$", "", name) for name in asked}
    assert asked and asked <= told, asked - told
    for value in re.findall(r'le="([^"]+)"', RULES.read_text()):
        assert f'le="{value}"' in scrape
    # What waits for peers is what the alerts are for.
    assert {name for name in told if re.search("stuck|parked|failing|doubtful", name)} <= asked


def test_o5_each_alert_goes_off_and_only_then():
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stdout + done.stderr
    done = promtool("test", "rules", str(TESTS))
    assert done.returncode == 0, done.stdout + done.stderr
    alerts = set(re.findall(r"(?m)^ +- alert: (\w+)", RULES.read_text()))
    tested = set(re.findall(r"(?m)^  - name: (Viaduct\w+)", TESTS.read_text()))
    silent = set(re.findall(r"eval_time: 23h, alertname: (\w+)", TESTS.read_text()))
    assert alerts == tested == silent and len(alerts) >= 15


def test_o5_the_tests_notice_a_rule_that_is_spoilt(tmp_path):
    spoilt = RULES.read_text().replace("viaduct_deliveries_stuck > 0", "viaduct_deliveries_stuck > 9")
    (tmp_path / "alerts.yaml").write_text(spoilt)
    head, *tests = TESTS.read_text().split("\n  - name: ")
    (test,) = (test for test in tests if test.startswith("ViaductDeliveriesStuck\n"))
    (tmp_path / TESTS.name).write_text(f"{head}\n  - name: {test}\n")
    done = promtool("test", "rules", str(tmp_path / TESTS.name))
    assert done.returncode != 0 and "ViaductDeliveriesStuck" in done.stdout + done.stderr


def test_o5_what_goes_wrong_here_sets_its_alert_off(binary, tmp_path):
    """A peer that is away, what waits for people, and a database that is gone."""
    with Cluster() as cluster, Instance(VIADUCT_DATABASE_URL=cluster.url) as instance:
        name_node(instance, "here.example")
        write_peer(instance, "roads", f"http://127.0.0.1:{free_ports(1)[0]}/")
        instance.start()
        ledger = Ledger(cluster.url)
        page = lambda: instance.admin_page("/metrics")[1]  # noqa: E731
        wait_until(lambda: "viaduct_findings{" in page(), within=30)
        assert alarms(page(), tmp_path) == set()
        assert instance.caller("sofia", instance.key()).post("/requests.json", REPORT).status == 200
        ledger.rows("""
            UPDATE delivery SET created = now() - interval '1 hour', first_tried = now() - interval '1 hour',
                claimed = now() - interval '1 hour', due = now() + interval '1 hour';
            UPDATE lane SET due = now() + interval '1 hour';
            UPDATE peer SET failures = 5, failing_since = now(), probe_due = now() + interval '1 hour'
        """)
        wait_until(lambda: 'viaduct_deliveries_stuck{peer="roads"} 1' in page(), within=15)
        assert alarms(page(), tmp_path) == {"ViaductDeliveriesStuck", "ViaductPeerFailing"}
        ledger.rows("UPDATE delivery SET state = 'parked', doubt = 'ambiguous'; UPDATE peer SET failures = 0, "
                    "failing_since = NULL, probe_due = NULL")  # fmt: skip
        wait_until(lambda: 'viaduct_deliveries_parked{peer="roads"} 1' in page(), within=15)
        assert alarms(page(), tmp_path) == {"ViaductDeliveriesParked", "ViaductDeliveriesDoubtful"}
        cluster.stop()
        wait_until(lambda: "viaduct_database_up 0" in page() and "parked" not in page(), within=20)
        assert alarms(page(), tmp_path) == {"ViaductDatabaseDown"}
